"""The Word files that ship: fields, structure, places to sign, and what they must not tell."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any, Final

import docx
import jinja2
import pytest
from docx.oxml import parse_xml
from docxtpl import DocxTemplate
from jinja2 import nodes

from rules.vocabulary import Family, Language
from templates.catalog import catalog
from templates.drafting.package import draft
from templates.drafting.samples import Size, sample
from templates.form import FieldType, Form
from templates.pictures import names_asked

W: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
CENTIMETER: Final = 360_000
"""English metric units."""

NOTICES: Final = {Family.ACCOMPANYING_NOTICE, Family.PATIENT_NOTICE}
"""Papers of programs under Part 2 alone: the rules refuse them to all others."""
EACH: Final = [pytest.param(form, language, id=f"{form.id}-{language}") for form in catalog() for language in Language]


SIGNED: Final = [parameter for parameter in EACH if parameter.values[0].signers]
OF_ANY_PROGRAM: Final = [parameter for parameter in EACH if parameter.values[0].family not in NOTICES]


def document(form: Form, language: Language) -> Any:
    return docx.Document(io.BytesIO(form.docx(language)))


def parts(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        return {name: package.read(name) for name in package.namelist()}


def texts(form: Form, language: Language, part: str) -> str:
    """The words of one part, paragraph by paragraph."""
    root = parse_xml(parts(form.docx(language))[part])
    return "\n".join("".join(t.text or "" for t in p.iter(f"{W}t")) for p in root.iter(f"{W}p"))


def fields_used(form: Form, language: Language) -> set[str]:
    """Dotted names a form reads, by the syntax tree of its tags; an item of a loop counts as its list."""
    template = DocxTemplate(io.BytesIO(form.docx(language)))
    template.init_docx()
    sources = [template.patch_xml(template.get_xml()), texts(form, language, "word/footer1.xml")]
    found: set[str] = set()
    for source in sources:
        tree = jinja2.Environment(autoescape=True).parse(source)
        loops = {loop.target.name for loop in tree.find_all(nodes.For) if isinstance(loop.target, nodes.Name)}
        inner = {id(attribute.node) for attribute in tree.find_all(nodes.Getattr)}
        for attribute in tree.find_all(nodes.Getattr):
            assert isinstance(attribute.node, nodes.Name)
            if attribute.node.name not in loops:
                found.add(f"{attribute.node.name}.{attribute.attr}")
        found |= {
            name.name
            for name in tree.find_all(nodes.Name)
            if name.ctx == "load" and id(name) not in inner and name.name not in loops
        }
    for part in ("word/document.xml", "word/footer1.xml"):
        found |= set(names_asked(parts(form.docx(language))[part].decode()))
    return found


@pytest.mark.parametrize(("form", "language"), EACH)
def test_every_field_a_form_uses_is_declared_and_every_declared_one_is_used(form: Form, language: Language) -> None:
    assert fields_used(form, language) == form.asks_for


@pytest.mark.parametrize(("form", "language"), EACH)
@pytest.mark.parametrize("size", Size)
def test_the_rules_fill_every_field_with_the_declared_kind(form: Form, language: Language, size: Size) -> None:
    kinds = {
        FieldType.TEXT: str,
        FieldType.FLAG: bool,
        FieldType.LINES: list,
        FieldType.LABELS: list,
        FieldType.PICTURE: dict,
    }
    data = sample(form, language, size)
    for field in form.fields:
        value: Any = data
        for step in field.name.split("."):
            value = value[step]
        assert isinstance(value, kinds[field.type]), field.name
        if field.required and field.type is not FieldType.FLAG:
            assert value, field.name


@pytest.mark.parametrize(("form", "language"), EACH)
def test_every_signer_with_a_place_has_one_picture_of_the_exact_size_and_no_other_picture_is_there(
    form: Form, language: Language
) -> None:
    shapes = [shape._inline for shape in document(form, language).inline_shapes]
    places = [shape.docPr.get("descr") for shape in shapes]
    assert places == [f"sig:{signer.role}" for signer in form.signers if signer.has_place]
    for shape in shapes:
        assert shape.extent.cx == 7 * CENTIMETER
        assert shape.extent.cy == pytest.approx(1.9 * CENTIMETER, abs=2)
        assert {shape.get(side) for side in ("distT", "distB", "distL", "distR")} == {"0"}


@pytest.mark.parametrize(("form", "language"), SIGNED)
def test_the_signature_block_is_chained_into_one_page_with_the_words_above_it(form: Form, language: Language) -> None:
    whole = document(form, language)
    kept = {style.style_id for style in whole.styles if style.element.xpath("./w:pPr/w:keepNext")}
    paragraphs = [p for p in whole.paragraphs if not p.text.startswith("{%p")]
    last = max(n for n, p in enumerate(paragraphs) if p._p.xpath(".//wp:inline"))
    headings = [n for n, p in enumerate(paragraphs) if p.style.name == "Heading 2" and n < last]
    for paragraph in paragraphs[headings[-2] : last + 1]:
        assert paragraph.paragraph_format.keep_with_next or paragraph.style.style_id in kept, paragraph.text
    assert len(paragraphs) - 1 == last + 1


@pytest.mark.parametrize(("form", "language"), EACH)
def test_headings_are_real_and_in_order(form: Form, language: Language) -> None:
    levels = [p.style.name for p in document(form, language).paragraphs if p.style.name.startswith("Heading")]
    assert levels[0] == "Heading 1"
    assert set(levels[1:]) == {"Heading 2"}
    assert document(form, language).paragraphs[0].style.name == "Letterhead"


@pytest.mark.parametrize(("form", "language"), EACH)
def test_the_one_table_marks_its_head_row_and_splits_no_row(form: Form, language: Language) -> None:
    (table,) = document(form, language).tables
    assert [bool(row._tr.xpath("./w:trPr/w:tblHeader")) for row in table.rows] == [
        True,
        *([False] * (len(table.rows) - 1)),
    ]
    assert all(row._tr.xpath("./w:trPr/w:cantSplit") for row in table.rows)


@pytest.mark.parametrize(("form", "language"), EACH)
def test_lists_are_real_lists(form: Form, language: Language) -> None:
    whole = document(form, language)
    numbered = {style.name for style in whole.styles if style.element.xpath("./w:pPr/w:numPr")}
    assert numbered == {"Fact Choice", "List Bullet", "Verbatim Item"}
    assert not [p.text for p in whole.paragraphs if re.match(r"\s*[•\-–*☐☑]", p.text)]


@pytest.mark.parametrize(("form", "language"), EACH)
def test_the_document_says_its_language(form: Form, language: Language) -> None:
    styles = parts(form.docx(language))["word/styles.xml"].decode()
    assert set(re.findall(r'<w:lang [^>]*w:val="([^"]+)"', styles)) == {f"{language}-US"}


@pytest.mark.parametrize(("form", "language"), EACH)
def test_the_footer_tells_form_version_statement_and_page(form: Form, language: Language) -> None:
    footer = parts(form.docx(language))["word/footer1.xml"].decode()
    for wanted in ("{{ form.id }}", "{{ form.version }}", "{{ statement.ref }}", " PAGE ", " NUMPAGES "):
        assert wanted in footer


@pytest.mark.parametrize(("form", "language"), EACH)
def test_logo_and_code_stand_at_the_right_margin_in_letterhead_and_footer(form: Form, language: Language) -> None:
    words = {
        part: re.findall(
            r'<wp:anchor.*?<wp:docPr [^>]*descr="([^"]+)"', parts(form.docx(language))[part].decode(), re.S
        )
        for part in ("word/document.xml", "word/footer1.xml")
    }
    assert words == {"word/document.xml": ["picture:agency.logo"], "word/footer1.xml": ["code:statement.ref"]}


@pytest.mark.parametrize(("form", "language"), EACH)
def test_nobody_and_no_moment_is_left_in_the_metadata(form: Form, language: Language) -> None:
    core = parts(form.docx(language))["docProps/core.xml"].decode()
    told = dict(re.findall(r"<(?:dc|cp|dcterms):(\w+)[^>]*>([^<]*)</", core))
    assert told.pop("title") == form.title[language]
    assert told.pop("language") == f"{language}-US"
    assert told.pop("created") == told.pop("modified")
    assert set(told.values()) == {""}
    with zipfile.ZipFile(io.BytesIO(form.docx(language))) as package:
        assert {entry.date_time for entry in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert "docProps/app.xml" not in package.namelist()


@pytest.mark.parametrize(("form", "language"), EACH)
def test_title_footer_and_id_never_tell_the_class_of_the_program(form: Form, language: Language) -> None:
    telling = re.compile(
        r"part\s*2|parte\s*2|42\s*cfr|substance|sustancia|alcohol|drug|droga|hipaa|treatment|tratamiento"
    )
    outside = [form.id, *form.title.values(), texts(form, language, "word/footer1.xml")]
    outside += [
        p.text for p in document(form, language).paragraphs if p.style.name.startswith(("Letterhead", "Heading"))
    ]
    assert not [text for text in outside if telling.search(text.casefold())]


@pytest.mark.parametrize(("form", "language"), OF_ANY_PROGRAM)
def test_where_the_program_is_of_no_special_class_the_paper_does_not_name_one(form: Form, language: Language) -> None:
    data = sample(form, language, Size.USUAL) | {"part2": False, "hipaa": False, "tpo_recipient": False}
    data["categories"] = []
    template = DocxTemplate(io.BytesIO(form.docx(language)))
    template.render(
        data, jinja_env=jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=True), autoescape=True
    )
    words = " ".join("".join(t.text or "" for t in p.iter(f"{W}t")) for p in template.docx.element.iter(f"{W}p"))
    assert not re.search(r"42 CFR|HIPAA|substance|sustancias", words)


@pytest.mark.parametrize(("form", "language"), EACH)
def test_drafting_twice_gives_the_same_bytes(form: Form, language: Language) -> None:
    assert draft(form.id, language) == draft(form.id, language)


@pytest.mark.parametrize(("form", "language"), EACH)
def test_the_file_that_ships_is_what_its_texts_say(form: Form, language: Language) -> None:
    # part by part: another zip library packs the same parts into other bytes
    shipped, drafted = parts(form.docx(language)), parts(draft(form.id, language))
    for picture in ("word/media/image1.png", "word/media/image2.png"):
        shipped.pop(picture, None)
        drafted.pop(picture, None)
    assert shipped == drafted


@pytest.mark.parametrize(("form", "language"), EACH)
def test_every_element_stands_in_the_order_that_word_demands(form: Form, language: Language) -> None:
    order = {
        "tblPr": ["tblStyle", "tblW", "jc", "tblInd", "tblBorders", "shd", "tblLayout", "tblCellMar", "tblLook"],
        "tcPr": ["tcW", "gridSpan", "vMerge", "tcBorders", "shd", "noWrap", "tcMar", "vAlign"],
        "pPr": [
            "pStyle",
            "keepNext",
            "keepLines",
            "pageBreakBefore",
            "widowControl",
            "numPr",
            "pBdr",
            "tabs",
            "spacing",
            "ind",
            "outlineLvl",
        ],
        "rPr": ["rFonts", "b", "bCs", "color", "spacing", "sz", "szCs", "lang"],
    }

    def misplaced() -> Iterator[list[str]]:
        for name, content in parts(form.docx(language)).items():
            if not name.endswith(".xml") or not name.startswith("word/"):
                continue
            for element in parse_xml(content).iter():
                known = order.get(element.tag.removeprefix(W))
                children = [child.tag.removeprefix(W) for child in element]
                if known and children != sorted(children, key=known.index):
                    yield children

    assert not list(misplaced())


def test_the_word_files_stay_small() -> None:
    assert all(len(form.docx(language)) < 20_000 for form in catalog() for language in form.languages)
