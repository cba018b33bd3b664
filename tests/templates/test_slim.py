"""What nobody sees goes, and what is printed stays: every word and every pixel."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any

import docx
import pikepdf
import pypdfium2
import pytest

from rules.vocabulary import Language, SignerRole
from templates.catalog import catalog
from templates.errors import FormCode, FormError
from templates.form import Form
from templates.press import Press
from templates.proof import pixels, require_equal
from templates.slim import same_parts, slim
from templates.snapshot import changes, snapshot

EACH = [pytest.param(form, language, id=f"{form.id}-{language}") for form in catalog() for language in form.languages]


def as_word_leaves_it(form: Form) -> bytes:
    """Our form in the dress of python-docx: 164 styles, a thumbnail, an author, marks of the sitting."""
    document: Any = docx.Document()
    ours = docx.Document(io.BytesIO(form.docx(Language.EN)))
    for name in ("Heading 1", "Heading 2"):
        document.styles[name].font.size = ours.styles[name].font.size
    for paragraph in ours.paragraphs:
        known = paragraph.style.name if paragraph.style.name in {"Heading 1", "Heading 2"} else "Normal"
        document.add_paragraph(paragraph.text, style=known)
    document.core_properties.author = "Ana Writer"
    document.core_properties.last_modified_by = "Ana Writer"
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


@pytest.mark.parametrize(("form", "language"), EACH)
def test_a_form_that_ships_is_slim_already(form: Form, language: Language) -> None:
    content = form.docx(language)
    assert snapshot(slim(content)) == snapshot(content)
    assert slim(slim(content)) == slim(content)
    assert len(slim(content)) <= len(content) * 1.02


def test_styles_names_and_traces_go_and_the_paper_stays_the_same(press: Press) -> None:
    form = catalog().get("privacy-acknowledgment")
    fat = as_word_leaves_it(form)
    thin = slim(fat)
    assert len(thin) < len(fat) / 2
    with zipfile.ZipFile(io.BytesIO(thin)) as package:
        whole = b"".join(package.read(name) for name in package.namelist())
        assert not any("thumbnail" in name or "app.xml" in name for name in package.namelist())
    assert b"Ana Writer" not in whole
    assert b"latentStyles" not in whole
    assert not same_parts(fat, thin)
    told: list[int] = []
    require_equal(fat, thin, form=form, language=Language.EN, press=press, step=told.append)
    assert told == [0, 1, 2, 3][: 4 if SignerRole.REPRESENTATIVE in form.roles else 3]


@pytest.mark.parametrize(
    "change",
    [
        lambda paragraph: setattr(paragraph.runs[0], "text", "other words"),
        lambda paragraph: setattr(paragraph.runs[0], "italic", True),
    ],
    ids=["a word", "only how it looks"],
)
def test_what_prints_differently_is_not_taken_for_the_same(press: Press, change: Callable[[Any], None]) -> None:
    form = catalog().get("privacy-acknowledgment")
    document = docx.Document(io.BytesIO(form.docx(Language.EN)))
    change(next(one for one in document.paragraphs if one.runs and "{" not in one.text and len(one.text) > 40))
    refused(form, document, press)


def refused(form: Form, changed: Any, press: Press) -> FormError:
    """What is said of a form whose English text prints otherwise than before it was changed."""
    stream = io.BytesIO()
    changed.save(stream)
    with pytest.raises(FormError) as told:
        require_equal(
            form.docx(Language.EN),
            stream.getvalue(),
            form=form,
            language=Language.EN,
            press=press,
            step=lambda done: None,
        )
    assert told.value.code is FormCode.PRINTS_DIFFERENTLY
    return told.value


def square(red: int, green: int) -> bytes:
    """A page with a square of one color."""
    pdf = pikepdf.new()
    page = pdf.add_blank_page(page_size=(100, 100))
    page.Contents = pdf.make_stream(f"{red / 255:.6f} {green / 255:.6f} 0 rg 10 10 80 80 re f".encode())
    stream = io.BytesIO()
    pdf.save(stream)
    return stream.getvalue()


def test_bug_a_page_of_another_color_and_the_same_gray_was_taken_for_the_same() -> None:
    red, green = square(200, 0), square(0, 102)
    gray = [bytes(pypdfium2.PdfDocument(pdf)[0].render(grayscale=True).buffer) for pdf in (red, green)]
    assert gray[0] == gray[1], "else this test shows nothing"
    assert pixels(red) != pixels(green)
    assert pixels(red) == pixels(square(200, 0))


def test_bug_what_prints_otherwise_only_where_two_sign_was_never_compared(press: Press) -> None:
    form = catalog().get("disclosure")
    document = docx.Document(io.BytesIO(form.docx(Language.EN)))
    document.paragraphs[-1].insert_paragraph_before("{%p if signer.both %}")
    document.paragraphs[-1].insert_paragraph_before("We both waive all of this.")
    document.paragraphs[-1].insert_paragraph_before("{%p endif %}")
    told = refused(form, document, press)
    assert "two who sign" in told.sentence


@pytest.mark.parametrize(("form", "language"), EACH)
def test_the_snapshot_beside_a_form_is_its_text(form: Form, language: Language) -> None:
    from templates.form import FORMS

    beside = FORMS / form.id / f"{language}.txt"
    assert beside.read_text(encoding="utf-8") == snapshot(form.docx(language)), "run: make forms"


def test_a_snapshot_holds_every_word_with_the_fields_as_they_are_written() -> None:
    form = catalog().get("disclosure")
    told = snapshot(form.docx(Language.EN))
    for wanted in ("# Disclosure Statement", "{{ client.name }}", "(picture: sig:witness)", "[footer 1]", "(PAGE)"):
        assert wanted in told
    words = " ".join(paragraph.text for paragraph in docx.Document(io.BytesIO(form.docx(Language.EN))).paragraphs)
    assert not [word for word in words.split() if word not in told]


def test_a_changed_sentence_is_one_changed_line() -> None:
    form = catalog().get("disclosure")
    before = snapshot(form.docx(Language.EN))
    after = before.replace("It is free.", "It costs nothing.")
    assert changes(before, after) == ("-It is free.", "+It costs nothing.")
    assert changes(before, before) == ()


def test_bug_a_line_that_opens_with_dashes_or_pluses_was_no_change() -> None:
    assert changes("one\n", "one\n++ I waive my rights.\n") == ("+++ I waive my rights.",)
    assert changes("one\n-- It is free.\n", "one\n") == ("--- It is free.",)
