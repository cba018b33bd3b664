"""Forms as others write them: docxtpl's features one by one, in small files of our own; taken, or refused with why."""

from __future__ import annotations

import copy
import io
from collections.abc import Callable
from typing import Any

import docx
import pytest
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from docx.shared import Cm
from docxtpl import DocxTemplate, InlineImage, RichText
from PIL import Image

from templates.errors import FormCode, FormError
from templates.fill import fill
from templates.lint.check import check
from templates.press import Press
from templates.preview import preview
from templates.text import extract

Build = Callable[..., bytes]

ROWS = [
    ["Name", "Amount"],
    ["{%tr for one in items %}", ""],
    ["{%tr if one.amount > 1 %}", ""],
    ["{{ one.name }}", "{{ one.amount }}"],
    ["{%tr endif %}", ""],
    ["{%tr endfor %}", ""],
]
ITEMS = [{"name": "Apples", "amount": 1}, {"name": "Pears", "amount": 2}, {"name": "Plums", "amount": 3}]


def saved(document: Any) -> bytes:
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def printed(press: Press, form: bytes, data: dict[str, Any]) -> str:
    return " ".join(" ".join(extract(preview(form, data, press=press)).pages).split())


def test_loops_over_rows_with_conditions_in_them(press: Press, form_of: Build) -> None:
    told = printed(press, form_of("Basket", ROWS), {"items": ITEMS})
    assert "Apples" not in told
    assert "Pears2 Plums3" in told


def test_columns_merged_cells_and_colored_cells(press: Press, form_of: Build) -> None:
    across = [["{%tc for one in items %}", "{{ one.name }}", "{%tc endfor %}"]]
    down = [
        ["{%tr for one in items %}", ""],
        ["{% vm %}Fruit", "{% cellbg 'FFEECC' %}{{ one.name }}"],
        ["{%tr endfor %}", ""],
    ]
    told = printed(press, form_of(across, "and", down), {"items": ITEMS})
    assert told.count("Apples") == 2
    assert told.count("Fruit") == 1


def test_cells_merged_across_and_spanning_columns(press: Press, form_of: Build) -> None:
    merged = [["{%tc for one in items %}", "{% hm %}Fruit of the week", "{%tc endfor %}"]]
    spanning = [["{% colspan items|length %}Prices", "", ""], ["{{ items[0].name }}", "{{ items[1].name }}", "last"]]
    told = printed(press, form_of(merged, "and", spanning), {"items": ITEMS})
    assert told.count("Fruit of the week") == 1
    assert "Prices" in told
    assert "Apples" in told


def test_footnotes_and_endnotes_are_printed_and_a_field_in_a_footnote_is_filled(press: Press) -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("Body {{ name }}")
    _note(document, paragraph, "footnote", "See {{ name }} again")
    _note(document, paragraph, "endnote", "Last words")
    told = printed(press, saved(document), {"name": "Ana"})
    assert "Body Ana" in told
    assert "See Ana again" in told
    assert "Last words" in told


def _note(document: Any, paragraph: Any, kind: str, words: str) -> None:
    """Add one note to a document that has none, with the mark in the paragraph that refers to it."""
    separators = "".join(
        f"<w:{kind} w:type='{name}' w:id='{number}'><w:p><w:r><w:{name}/></w:r></w:p></w:{kind}>"
        for number, name in ((-1, "separator"), (0, "continuationSeparator"))
    )
    note = f"<w:{kind} w:id='1'><w:p><w:r><w:t>{words}</w:t></w:r></w:p></w:{kind}>"
    content = f"<?xml version='1.0'?><w:{kind}s {nsdecls('w')}>{separators}{note}</w:{kind}s>"
    media = f"application/vnd.openxmlformats-officedocument.wordprocessingml.{kind}s+xml"
    part = Part(PackURI(f"/word/{kind}s.xml"), media, content.encode(), document.part.package)
    document.part.relate_to(part, getattr(RELATIONSHIP_TYPE, f"{kind}s".upper()))
    paragraph._p.append(parse_xml(f"<w:r {nsdecls('w')}><w:{kind}Reference w:id='1'/></w:r>"))


def test_nested_loops_paragraphs_and_a_table_within_a_table(press: Press) -> None:
    document = docx.Document()
    for text in ("{%p for group in groups %}", "{{ group.name }}", "{%p for one in group.things %}"):
        document.add_paragraph(text)
    for text in ("{{ loop.index }}. {{ one }}", "{%p endfor %}", "{%p endfor %}"):
        document.add_paragraph(text)
    outer = document.add_table(1, 1, style="Table Grid").cell(0, 0)
    outer.add_table(1, 1).cell(0, 0).text = "inner {{ groups|length }}"
    groups = [{"name": "First", "things": ["a", "b"]}, {"name": "Second", "things": ["c"]}]
    told = printed(press, saved(document), {"groups": groups})
    assert "First 1. a 2. b Second 1. c inner 2" in told


def test_headers_footers_and_a_first_page_of_its_own(press: Press) -> None:
    document = docx.Document()
    document.add_paragraph("Body {{ name }}")
    section = document.sections[0]
    section.different_first_page_header_footer = True
    section.header.paragraphs[0].text = "Later {{ name }}"
    section.first_page_header.paragraphs[0].text = "First {{ name }}"
    section.footer.paragraphs[0].text = "Foot {{ name }}"
    section.first_page_footer.paragraphs[0].text = "First foot {{ name }}"
    told = printed(press, saved(document), {"name": "Ana"})
    assert "First Ana" in told
    assert "First foot Ana" in told
    assert "{{" not in told


def test_rich_text_and_links_are_printed_as_text(press: Press) -> None:
    document = docx.Document()
    document.add_paragraph("{{r said }}")
    paragraph = document.add_paragraph("See ")
    relation = document.part.relate_to(
        "https://example.org/", "http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink", True
    )
    link = f"<w:hyperlink {nsdecls('w', 'r')} r:id='{relation}'><w:r><w:t>{{{{ where }}}}</w:t></w:r></w:hyperlink>"
    paragraph._p.append(parse_xml(link))
    told = printed(press, saved(document), {"said": [{"text": "very ", "bold": True}, "much"], "where": "our page"})
    assert "very much" in told
    assert "See our page" in told


def test_a_picture_in_the_form_stays_where_it_is(press: Press) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (40, 20), "navy").save(picture, "PNG")
    picture.seek(0)
    document = docx.Document()
    document.add_paragraph("{{ name }}")
    document.add_picture(picture, width=Cm(2))
    document.inline_shapes[0]._inline.docPr.set("descr", "a blue field")
    assert "Ana" in printed(press, saved(document), {"name": "Ana"})


def test_content_controls_and_tracked_insertions_keep_their_words(press: Press) -> None:
    document = docx.Document()
    inner = "<w:sdtContent><w:p><w:r><w:t>Control {{ name }}</w:t></w:r></w:p></w:sdtContent>"
    document.paragraphs[:0] = []
    document.element.body.insert(0, parse_xml(f"<w:sdt {nsdecls('w')}>{inner}</w:sdt>"))
    told = printed(press, saved(document), {"name": "Ana"})
    assert "Control Ana" in told


@pytest.mark.parametrize(
    ("tag", "why"),
    [
        ("{{ today() }}", "calls today(…)"),
        ("{{ picture.show(width='1in') }}", "calls picture.show(…)"),
        ("{{p include_docx_template('sub.docx') }}", "calls include_docx_template(…)"),
        ("{{ price|currency }}", "filter “currency”"),
        ("{{ person }}", "prints the field person, which is a group of fields"),
        ("{% if price %}open", "mistake"),
    ],
)
def test_what_is_not_taken_is_refused_with_exactly_why_and_where(form_of: Build, tag: str, why: str) -> None:
    data = {"today": "x", "picture": {"show": "x"}, "include_docx_template": "x", "price": "1", "person": {"name": "A"}}
    with pytest.raises(FormError) as refused:
        fill(form_of("Before.", tag), data)
    assert why in refused.value.sentence
    assert refused.value.place is not None
    assert refused.value.place.part == "body"
    assert "as_paragraphs" not in str(refused.value)


def test_the_checker_names_every_function_a_form_calls(form_of: Build) -> None:
    form = form_of("{{ today() }} {{ name.upper() }} {{ x.show() }}", "{% macro m() %}a{% endmacro %}{{ m() }}")
    told = [one.sentence for one in check(form) if "calls" in one.sentence]
    assert told == [
        "The form calls today(…), which is no function here.",
        "The form calls show(…), which is no function here.",
    ]


@pytest.mark.parametrize(
    ("tag", "kind"), [("{{p part }}", "Subdoc"), ("{{r part }}", "RichText"), ("{{ part }}", "InlineImage")]
)
def test_objects_of_docxtpl_as_values_are_refused_by_field_and_kind(form_of: Build, tag: str, kind: str) -> None:
    form = form_of("Before.", tag)
    template = DocxTemplate(io.BytesIO(form))
    made = {
        "Subdoc": template.new_subdoc,
        "RichText": lambda: RichText("said"),
        "InlineImage": lambda: InlineImage(template, "x.png"),
    }
    with pytest.raises(FormError) as refused:
        fill(form, {"part": made[kind]()})
    assert refused.value.code is FormCode.FIELD_NOT_PLAIN
    assert refused.value.sentence == f"The field part is of the kind {kind}."


def test_subdocuments_are_refused_as_files_of_another_kind(form_of: Build, repacked: Callable[..., bytes]) -> None:
    form = form_of("text")
    rels = (
        b'<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        b'<Relationship Id="r1" Target="a.html" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
        b'relationships/aFChunk"/></Relationships>'
    )
    with pytest.raises(FormError) as refused:
        fill(repacked(form, **{"word/_rels/document.xml.rels": rels}), {})
    assert refused.value.code is FormCode.WORD_FILE_UNSAFE
    assert "piece of another kind of document" in refused.value.sentence


def test_a_form_is_not_changed_by_filling_it(form_of: Build) -> None:
    form = form_of(ROWS)
    before = copy.copy(form)
    fill(form, {"items": ITEMS})
    assert form == before
