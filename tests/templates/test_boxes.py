"""No letter is printed as an empty box: it is refused, and told without telling whose it is."""

from __future__ import annotations

import datetime as dt
import io
import subprocess
from collections.abc import Callable

import pikepdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pikepdf import Array, Dictionary, Name

from templates import coverage
from templates.boxes import refuse_boxes
from templates.errors import FormCode, FormError
from templates.press import Press
from templates.preview import preview
from tests.templates.conftest import blank_document, docx_bytes

Build = Callable[..., bytes]

NOBODY_HAS = "\U0003fffd"
"""No character, and in no font."""
SCRIPTS = {
    "arabic": "محمد علي",
    "urdu": "ڈاکٹر رضا ے",
    "persian": "پویا چگینی",
    "hebrew": "דניאל כהן",
    "devanagari": "अमित कुमार",
    "bengali": "রহিম উদ্দিন",
    "gurmukhi": "ਗੁਰਪ੍ਰੀਤ",
    "tamil": "கமல்",
    "thai": "สมชาย ใจดี",
    "khmer": "សុខ",
    "burmese": "အောင်",
    "amharic": "አበበ በቀለ",
    "korean": "김민준",
    "japanese": "田中さくら タナカ",
    "chinese": "陳大文",
    "chinese beyond the first plane": "\U00020bb7田",
    "cherokee": "ᏣᎳᎩ",
    "navajo": "Diné Łįį́ʼ",
    "yoruba": "Ọláníyì Ẹ̀gbẹ́",
    "vietnamese": "Nguyễn Thị Hồng Đặng",
    "cyrillic": "Дмитрий Ѣдинъ",
    "greek": "Δημήτρης Παπαδόπουλος",
    "armenian": "Արամ",
    "georgian": "გიორგი",
}


def in_some_font(character: str) -> bool:
    """Fontconfig asked in another way than the project asks it."""
    found = subprocess.run(["fc-list", f":charset={ord(character):x}", "family"], capture_output=True, check=True)
    return bool(found.stdout.strip())


@pytest.mark.parametrize("name", SCRIPTS.values(), ids=SCRIPTS.keys())
def test_a_chinese_name_was_printed_as_empty_boxes_and_is_refused_where_no_font_has_it(
    press: Press, form_of: Build, name: str
) -> None:
    data = {"client": {"name": f"Ana {name}"}}
    form = form_of("I, {{ client.name }}, agree.")
    if all(in_some_font(one) for one in name if not one.isspace()):
        assert preview(form, data, press=press)
        assert not coverage.without_font(data)
        return
    with pytest.raises(FormError) as refused:
        preview(form, data, press=press)
    assert refused.value.code is FormCode.TEXT_UNPRINTABLE
    assert coverage.without_font(data).keys() == {"client.name"}


@pytest.mark.parametrize("font", ["Calibri", "Cambria", "Liberation Serif", "DejaVu Sans", "No Such Font"])
def test_a_letter_no_font_has_is_refused_in_every_font(press: Press, font: str) -> None:
    """In Liberation Serif it would not even be a box: nothing at all would be printed."""
    document = blank_document()
    document.styles["Normal"].font.name = font
    document.add_paragraph("{{ client.name }} {{ client.first }}")
    with pytest.raises(FormError) as refused:
        preview(docx_bytes(document), {"client": {"name": f"x{NOBODY_HAS}", "first": "Ana"}}, press=press)
    assert refused.value.code is FormCode.TEXT_UNPRINTABLE
    assert "client.name (1 character: unknown)" in refused.value.sentence
    assert "client.first" not in refused.value.sentence


def test_of_a_persons_field_the_error_tells_no_letter_and_of_an_organizations_it_does(
    press: Press, form_of: Build
) -> None:
    lacking = next(one for one in ("ꦄ", "𒀀", "𐤀", "𓀀", NOBODY_HAS) if not in_some_font(one))
    form = form_of("{{ client.name }}", [["{{ organization.name }}", "{{ purpose_text|upper }}"]], header="{{ other }}")
    data = {
        "client": {"name": f"Quetzalcanario {lacking}"},
        "organization": {"name": f"House of {lacking}"},
        "purpose_text": "nothing wrong here",
        "other": f"{lacking}{NOBODY_HAS}",
    }
    with pytest.raises(FormError) as refused:
        preview(form, data, press=press)
    told = str(refused.value)
    assert "Quetzalcanario" not in told
    assert lacking not in told
    assert f"organization.name (U+{ord(lacking):04X} " in told
    assert told.count(f"U+{ord(lacking):04X}") == 1
    assert "client.name (1 character: " in told
    assert "purpose_text" not in told
    assert "2 characters" in told or lacking == NOBODY_HAS


def test_a_letter_of_the_forms_own_is_refused_too(press: Press, form_of: Build) -> None:
    with pytest.raises(FormError) as refused:
        preview(form_of(f"Name {NOBODY_HAS}: {{{{ client.name }}}}"), {"client": {"name": "Ana"}}, press=press)
    assert refused.value.code is FormCode.TEXT_UNPRINTABLE
    assert "the form's own words" in refused.value.sentence


def test_a_mark_that_no_font_has_vanished_without_a_trace_and_is_refused(press: Press, form_of: Build) -> None:
    """LibreOffice draws a space for it, and the text of the PDF does not say it either."""
    marks = ("\u1ad0", "\u1ac5", "\u1cd0", "\u1ab0", "\u0951")
    mark = next(one for one in marks if not in_some_font(one))
    with pytest.raises(FormError) as refused:
        preview(form_of("{{ client.name }}"), {"client": {"name": f"Max{mark}imo"}}, press=press)
    assert refused.value.code is FormCode.TEXT_UNPRINTABLE
    assert "client.name (1 character: " in refused.value.sentence


def test_a_paper_with_more_than_255_outlines_in_a_font_is_read(press: Press, form_of: Build) -> None:
    """There LibreOffice writes the table of glyphs in another way."""
    letters = "".join(chr(code) for code in (*range(0xC0, 0x17F), *range(0x1E00, 0x1EFA)) if code not in (0xD7, 0xF7))
    form = form_of("{{ name }}")
    assert preview(form, {"name": letters}, press=press)
    with pytest.raises(FormError) as refused:
        preview(form, {"name": f"{letters} {NOBODY_HAS}"}, press=press)
    assert "name (1 character: unknown)" in refused.value.sentence


def test_what_leaves_no_ink_is_not_missed(press: Press, form_of: Build) -> None:
    name = "A\u00a0b\u2003c\u200bd\u200de\u2060f\u00adg\ufe0fh\u2011i\u3000j"
    assert preview(form_of("{{ name }}"), {"name": name}, press=press)
    assert not coverage.without_font({"name": name})


_TYPED = st.text(st.characters(min_codepoint=0x20, exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=_TYPED)
def test_what_is_told_across_the_desk_is_what_the_finished_page_shows(press: Press, form_of: Build, text: str) -> None:
    data = {"name": text.replace("\u202d", "").replace("\u202e", "").replace("\ufffe", "").replace("\uffff", "") + "x"}
    if not coverage.without_font(data):
        assert preview(form_of("{{ name }}"), data, press=press)
        return
    with pytest.raises(FormError) as refused:
        preview(form_of("{{ name }}"), data, press=press)
    assert refused.value.code is FormCode.TEXT_UNPRINTABLE


def test_without_fontconfig_nothing_is_told_early_and_the_page_decides(
    monkeypatch: pytest.MonkeyPatch, press: Press, form_of: Build
) -> None:
    monkeypatch.setattr(coverage, "_installed", lambda: None)
    assert coverage.without_font({"name": NOBODY_HAS}) == {}
    with pytest.raises(FormError):
        preview(form_of("{{ name }}"), {"name": NOBODY_HAS}, press=press)


def test_a_name_in_latin_letters_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("asked"))
    assert coverage.without_font({"client": {"name": "Zoë Nuñez-Łukasiewicz"}, "birth": dt.date.min.isoformat()}) == {}


def a_pdf(font: Callable[[pikepdf.Pdf], Dictionary], content: bytes) -> pikepdf.Pdf:
    """One page that shows something in one font."""
    document = pikepdf.new()
    page = document.add_blank_page()
    page.obj.Resources = Dictionary(Font=Dictionary(F1=document.make_indirect(font(document))))
    page.obj.Contents = document.make_stream(content)
    written = io.BytesIO()
    document.save(written)
    return pikepdf.open(io.BytesIO(written.getvalue()))


def of_opentype(document: pikepdf.Pdf, ninth: bytes) -> Dictionary:
    """A font as LibreOffice 7.4 embeds one with PostScript outlines (Noto Sans CJK): Type 1, its encoding in clear."""
    encoding = b"0 1 255 {1 index exch /.notdef put} for\ndup 1 /cid047 put\ndup 9 /%s put\nreadonly def\n" % ninth
    return Dictionary(
        Type=Name.Font,
        Subtype=Name.Type1,
        LastChar=9,
        ToUnicode=document.make_stream(b"2 beginbfchar\n<01> <0041>\n<09> <13E3>\nendbfchar"),
        FontDescriptor=Dictionary(FontFile=document.make_stream(b"%!FontType1-1.0\n" + encoding + b"eexec\x00")),
    )


def test_a_font_with_postscript_outlines_is_read_too() -> None:
    shown = b"BT /F1 11 Tf <0109> Tj /Span <</ActualText<FEFF13B3>>> BDC [<09>-3] TJ EMC ET"
    with a_pdf(lambda document: of_opentype(document, b"cid5"), shown) as whole:
        refuse_boxes(whole, None)
    with (
        a_pdf(lambda document: of_opentype(document, b".notdef"), shown) as boxes,
        pytest.raises(FormError) as refused,
    ):
        refuse_boxes(boxes, {"client": {"name": "Ꮳ"}})
    assert "client.name (1 character: cherokee); the paper (1 character: cherokee)" in refused.value.sentence


def test_a_font_that_cannot_be_searched_is_refused_and_not_passed_over() -> None:
    drawn = Dictionary(Type=Name.Font, Subtype=Name.Type3, Encoding=Dictionary(Differences=Array([])))
    with a_pdf(lambda _: drawn, b"BT /F1 11 Tf <01> Tj ET") as document, pytest.raises(FormError) as refused:
        refuse_boxes(document, None)
    assert refused.value.code is FormCode.RENDER_FAILED
