"""A finished PDF is what it says it is, tells nothing that it should not, and is the same every time."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, String

from templates.decoration import mark_decoration
from templates.errors import FormCode, FormError
from templates.fill import fill
from templates.finish import finish, language_tag
from templates.press import Press

DAY = dt.date(2026, 11, 22)


def finished(pdf: bytes, **told: Any) -> bytes:
    return finish(pdf, **{"title": "Disclosure statement", "language": "en", "prepared_on": DAY, **told})


@pytest.fixture(scope="session")
def raw(form: bytes, run_dir: Any, filler: Any, renderer: Any) -> bytes:
    from tests.templates.conftest import sample_data

    return Press(run_dir).converted(fill(form, sample_data()))


def opened(pdf: bytes) -> pikepdf.Pdf:
    return pikepdf.open(io.BytesIO(pdf))


def elements(document: pikepdf.Pdf, kind: str) -> list[pikepdf.Object]:
    return [one for one in document.objects if isinstance(one, Dictionary) and one.get("/S") == Name(kind)]


def test_the_metadata_are_those_handed_in_and_no_others(raw: bytes) -> None:
    with opened(finished(raw, title="Título & <más>", language="es")) as document:
        assert {str(name): str(value) for name, value in document.docinfo.items()} == {
            "/Title": "Título & <más>",
            "/Producer": "Confide",
            "/CreationDate": "D:20261122000000Z",
            "/ModDate": "D:20261122000000Z",
        }
        assert str(document.Root.Lang) == "es-US"
        assert document.Root.ViewerPreferences.DisplayDocTitle is True
        with document.open_metadata() as told:
            assert told["dc:title"] == "Título & <más>"
            assert told["pdfaid:part"] == "2"
            assert told["pdfuaid:part"] == "1"
            assert "dc:creator" not in told
            assert "xmp:CreatorTool" not in told
        assert b"pdfaExtension:schemas" in document.Root.Metadata.read_bytes()


def test_nothing_in_the_file_tells_the_author_the_machine_or_the_moment(raw: bytes) -> None:
    pdf = finished(raw)
    with opened(pdf) as document:
        streams = b"".join(one.read_bytes() for one in document.objects if isinstance(one, pikepdf.Stream))
    for told in (b"Pat Author", b"LibreOffice", b"/dev/shm", b"desk-", b"document.docx"):
        assert told not in pdf + streams


def test_finishing_twice_gives_the_same_bytes_and_so_does_finishing_what_is_finished(raw: bytes) -> None:
    once = finished(raw)
    assert finished(raw) == once
    with opened(once) as document:
        assert "/DocChecksum" not in document.trailer
    assert finished(once) == once


def test_a_header_cell_speaks_for_its_column(raw: bytes) -> None:
    with opened(finished(raw)) as document:
        cells = elements(document, "/TH")
        assert cells
        assert all(any(one.get("/Scope") == Name.Column for one in cell.A) for cell in cells)


def test_every_page_has_a_tab_order(raw: bytes) -> None:
    with opened(finished(raw)) as document:
        assert {str(page.obj.Tabs) for page in document.pages} == {"/S"}


def test_the_places_for_signatures_are_there(raw: bytes) -> None:
    with opened(finished(raw)) as document:
        assert {str(one.Alt) for one in elements(document, "/Figure")} == {"sig:client", "sig:witness"}


def test_a_picture_without_words_is_refused_but_can_be_previewed(raw: bytes) -> None:
    with opened(raw) as document:
        elements(document, "/Figure")[0].Alt = String("")
        out = io.BytesIO()
        document.save(out)
    with pytest.raises(FormError) as told:
        finished(out.getvalue())
    assert told.value.code is FormCode.PICTURE_WITHOUT_WORDS
    assert finished(out.getvalue(), strict=False)


def test_what_is_no_pdf_is_refused() -> None:
    with pytest.raises(FormError) as told:
        finished(b"Dear client")
    assert told.value.code is FormCode.NOT_A_PDF


def test_only_language_tags_are_taken() -> None:
    assert (language_tag("en"), language_tag("es"), language_tag("fr-CA")) == ("en-US", "es-US", "fr-CA")
    for wrong in ("", "english please", '"><x', "e"):
        with pytest.raises(ValueError, match="language"):
            language_tag(wrong)


def page_of(content: bytes) -> pikepdf.Pdf:
    document = pikepdf.new()
    page = document.add_blank_page()
    page.obj.Contents = document.make_stream(content)
    return document


def content_of(document: pikepdf.Pdf) -> list[str]:
    return document.pages[0].obj.Contents.read_bytes().decode().split("\n")


def test_a_line_outside_of_any_tag_becomes_decoration_and_words_never_do() -> None:
    document = page_of(b"q 1 0 0 RG 10 10 m\n20 20 l S Q BT (words) Tj ET /P <</MCID 0>> BDC 1 1 m 2 2 l S EMC")
    mark_decoration(document)
    told = content_of(document)
    assert told[told.index("/Artifact BMC") : told.index("EMC") + 1] == [
        "/Artifact BMC",
        "10 10 m",
        "20 20 l",
        "S",
        "EMC",
    ]
    assert told.count("/Artifact BMC") == 1
    assert told[told.index("BT") - 1] == "Q"


def test_a_clip_is_left_as_it_is_and_so_is_a_page_that_needs_nothing() -> None:
    before = b"q 0 0 9 9 re W n\n(x) Tj Q"
    document = page_of(before)
    mark_decoration(document)
    assert document.pages[0].obj.Contents.read_bytes() == before


def test_attributes_a_cell_has_already_are_kept(raw: bytes) -> None:
    with opened(raw) as document:
        for cell in elements(document, "/TH"):
            cell.A = Array([Dictionary(O=Name.Table, Scope=Name.Row)])
        out = io.BytesIO()
        document.save(out)
    with opened(finished(out.getvalue())) as document:
        assert all([str(one.Scope) for one in cell.A] == ["/Row"] for cell in elements(document, "/TH"))
