"""What is not a sound Word file is refused before anything reads it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import pytest

from templates.errors import FormCode, FormError
from templates.package import MAX_UNPACKED, check_word_file

Repack = Callable[..., bytes]


def refused(docx: bytes, *, as_form: bool = True) -> FormError:
    with pytest.raises(FormError) as told:
        check_word_file(docx, as_form=as_form)
    return told.value


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"Dear client,",
        b"%PDF-1.7 ...",
        b"{\\rtf1 }",
        b"\xd0\xcf\x11\xe0" + bytes(600),
        b"PK\x03\x04",
        b"PK\x03\x04" * 90,
    ],
)
def test_a_text_an_empty_file_or_another_kind_of_file_is_no_word_file(content: bytes) -> None:
    assert refused(content).code is FormCode.NOT_A_WORD_FILE


def test_a_word_file_passes(form: bytes) -> None:
    check_word_file(form, as_form=True)


def test_a_cut_word_file_is_refused(form: bytes) -> None:
    assert refused(form[: len(form) // 2]).code is FormCode.NOT_A_WORD_FILE


def test_a_zip_file_that_is_no_word_file_is_refused(repacked: Repack, form: bytes) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as package:
        package.writestr("a.txt", "x")
    assert refused(stream.getvalue()).code is FormCode.NOT_A_WORD_FILE
    assert refused(repacked(form, **{"[Content_Types].xml": b"<Types/>"})).code is FormCode.NOT_A_WORD_FILE


def test_a_bomb_is_refused_by_what_it_says_of_itself_and_by_what_it_is(repacked: Repack, form: bytes) -> None:
    honest = repacked(form, **{"word/media/big.bin": bytes(MAX_UNPACKED)})
    assert len(honest) < 1 << 20
    assert refused(honest).code is FormCode.WORD_FILE_TOO_LARGE
    big = repacked(form, **{"word/big.xml": b"<a>" + b" " * (30 << 20) + b"</a>"})
    assert refused(big).code is FormCode.WORD_FILE_TOO_LARGE
    many = repacked(form, **{f"word/media/{number}.bin": b"" for number in range(3000)})
    assert refused(many).code is FormCode.WORD_FILE_TOO_LARGE


def test_a_part_larger_than_the_file_says_is_not_read_to_its_end(repacked: Repack, form: bytes) -> None:
    body = b"<a>" + b" " * 100_000 + b"</a>"
    lying = bytearray(repacked(form, **{"word/liar.xml": body}))
    size = len(body).to_bytes(4, "little")
    assert lying.count(size) >= 2
    told = bytes(lying).replace(size, (10).to_bytes(4, "little"))
    assert refused(told).code in {FormCode.NOT_A_WORD_FILE, FormCode.WORD_FILE_TOO_LARGE}


@pytest.mark.parametrize(
    "prolog",
    [
        b'<!DOCTYPE a [<!ENTITY b "c">]>',
        b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>',
        b'<!DOCTYPE a SYSTEM "http://example.org/a.dtd">',
    ],
)
def test_a_part_with_entities_of_its_own_is_refused(repacked: Repack, form: bytes, prolog: bytes) -> None:
    assert refused(repacked(form, **{"word/extra.xml": prolog + b"<a>&b;</a>"})).code is FormCode.WORD_FILE_UNSAFE


def test_entities_cannot_hide_in_another_encoding(repacked: Repack, form: bytes) -> None:
    hidden = '<!DOCTYPE a [<!ENTITY b "c">]><a/>'
    for encoding in ("utf-16", "utf-16-le", "utf-32"):
        assert refused(repacked(form, **{"word/x.xml": hidden.encode(encoding)})).code is FormCode.WORD_FILE_UNSAFE


def relation(kind: str, target: str) -> bytes:
    return (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" '
        f'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}" Target="{target}" '
        'TargetMode="External"/></Relationships>'
    ).encode()


def test_a_file_that_pulls_in_something_from_outside_is_refused_and_a_link_is_not(
    repacked: Repack, form: bytes
) -> None:
    for kind in ("image", "oleObject", "frame", "aFChunk", "subDocument"):
        foreign = repacked(form, **{"word/_rels/extra.xml.rels": relation(kind, "http://example.org/x")})
        assert refused(foreign, as_form=False).code is FormCode.WORD_FILE_UNSAFE
    for kind in ("hyperlink", "attachedTemplate"):
        check_word_file(repacked(form, **{"word/_rels/extra.xml.rels": relation(kind, "http://example.org/x")}))


@pytest.mark.parametrize(
    "drawing",
    [
        '<v:imagedata src="http://example.org/x.png"/>',
        '<v:fill o:href="file:///etc/x.png"/>',
        "<v:imagedata r:href='x'/>",
    ],
)
def test_an_old_drawing_that_names_a_picture_elsewhere_is_refused(repacked: Repack, form: bytes, drawing: str) -> None:
    assert refused(repacked(form, **{"word/x.xml": f"<a>{drawing}</a>".encode()})).code is FormCode.WORD_FILE_UNSAFE
    check_word_file(repacked(form, **{"word/x.xml": b'<a><v:imagedata r:id="rId3" o:title=""/></a>'}))


@pytest.mark.parametrize(
    "field",
    [
        '<w:instrText>INCLUDEPICTURE "file:///etc/x"</w:instrText>',
        "<w:instrText> INCL</w:instrText><w:instrText>UDETEXT x</w:instrText>",
        '<w:fldSimple w:instr=" DDEAUTO a b "/>',
        "<w:instrText>LINK Excel.Sheet</w:instrText>",
    ],
)
def test_a_word_field_that_fetches_a_file_is_refused(repacked: Repack, form: bytes, field: str) -> None:
    assert refused(repacked(form, **{"word/x.xml": f"<a>{field}</a>".encode()})).code is FormCode.WORD_FILE_UNSAFE


def test_page_numbers_and_links_are_ordinary_fields(repacked: Repack, form: bytes) -> None:
    ordinary = b'<a><w:fldSimple w:instr=" PAGE "/><w:instrText> HYPERLINK "https://example.org" </w:instrText></a>'
    check_word_file(repacked(form, **{"word/x.xml": ordinary}), as_form=True)


def test_macros_are_refused(repacked: Repack, form: bytes) -> None:
    assert refused(repacked(form, **{"word/vbaProject.bin": b"x"})).code is FormCode.WORD_FILE_UNSAFE
