"""The repaired file says the same, and its tags are whole."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import docx
from docx.oxml.ns import qn

from rules.vocabulary import Language
from templates.fill import fill
from templates.form import Form
from templates.lint.check import Meant, check
from templates.lint.remark import Check
from templates.lint.repair import repaired, without_macros

Spoil = Callable[[Form, Callable[[Any], object]], bytes]


def paragraphs(content: bytes) -> list[str]:
    body = docx.Document(io.BytesIO(content)).element.body
    return ["".join(t.text or "" for t in p.iter(qn("w:t"))) for p in body.iter(qn("w:p"))]


def test_a_tag_in_pieces_is_put_together_and_every_word_around_it_stays(disclosure: Form, spoiled: Spoil) -> None:
    def change(document: Any) -> None:
        paragraph = document.paragraphs[12].insert_paragraph_before("Before {{ cli")
        paragraph.add_run("ent.na").bold = True
        paragraph.add_run("me }} between {{ records_period or “al").italic = True
        paragraph.add_run("ways” }} after")
        document.core_properties.author = "Ana Writer"

    broken = spoiled(disclosure, change)
    whole = repaired(broken)
    assert [one.replace("“always”", '"always"') for one in paragraphs(broken)] == paragraphs(whole)
    runs = next(p for p in docx.Document(io.BytesIO(whole)).paragraphs if p.text.startswith("Before")).runs
    assert [run.text for run in runs] == [
        "Before {{ client.name }}",
        "",
        ' between {{ records_period or "always" }}',
        " after",
    ]
    told = {one.check for one in check(whole, Meant(form=disclosure))}
    assert not told & {Check.SPLIT_TAG, Check.CURLY_QUOTE, Check.AUTHOR_NAME}
    assert b"Ana Writer" not in whole


def test_curly_quotes_outside_of_tags_stay_as_they_are(disclosure: Form, spoiled: Spoil) -> None:
    content = spoiled(
        disclosure, lambda document: document.paragraphs[12].insert_paragraph_before("the client’s “own”")
    )
    assert "the client’s “own”" in paragraphs(repaired(content))


def test_a_sound_form_stays_what_it_is(disclosure: Form) -> None:
    content = disclosure.docx(Language.EN)
    from templates.drafting.samples import Size, sample

    data = sample(disclosure, Language.EN, Size.LONG)
    assert paragraphs(fill(content, data)) == paragraphs(fill(repaired(content), data))
    assert repaired(repaired(content)) == repaired(content)
    assert without_macros(content) is content
