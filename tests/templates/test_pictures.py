"""Logo and code: what is put into a form's frames, and what is taken out of a picture from outside."""

from __future__ import annotations

import base64
import io
import time
import zipfile
from typing import Any

import docx
import pikepdf
import pypdfium2
import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

from rules.vocabulary import Language
from rules.wording import Logo, fields_of
from templates.catalog import catalog
from templates.drafting.samples import PREPARED_ON, REFERENCE, Size, sample_draft
from templates.errors import FormCode, FormError
from templates.fill import fill
from templates.logo import MAX_HEIGHT, MAX_KEPT, MAX_WIDTH, clean_logo
from templates.names import names_used
from templates.pictures import code, png_size
from templates.press import Press

FORM = catalog().get("disclosure")
WORDS = "Logo: Genesee Reentry House"
EMU_PER_POINT = 12_700
PHOTOCOPY = 150
"""Dots an inch of a poor copy."""


def drawn(width: int = 900, height: int = 300, **saving: Any) -> bytes:
    """A picture as somebody would hand it in."""
    picture = Image.new("RGB", (width, height), (255, 255, 255))
    ImageDraw.Draw(picture).ellipse((10, 10, height - 10, height - 10), fill=(31, 78, 107))
    out = io.BytesIO()
    picture.save(out, **({"format": "PNG"} | saving))
    return out.getvalue()


def filled(logo: Logo | None, *, size: Size = Size.USUAL) -> bytes:
    draft = sample_draft(FORM, Language.EN, size)
    return fill(
        FORM.docx("en"), fields_of(draft, statement_ref=REFERENCE, prepared_on=PREPARED_ON, logo=logo), locale="en"
    )


def described(content: bytes) -> list[str]:
    body = docx.Document(io.BytesIO(content)).element.body
    return [one.get("descr") for one in body.iter("{*}docPr")]


def test_without_a_logo_no_frame_is_left_and_with_one_it_says_its_words() -> None:
    signs = ["sig:client", "sig:witness", "sig:org_seal"]
    assert described(filled(None)) == signs
    assert described(filled(Logo(clean_logo(drawn()), WORDS))) == [WORDS, *signs]


@pytest.mark.parametrize(("width", "height"), [(900, 300), (300, 300), (200, 600), (1600, 120)])
def test_a_logo_keeps_its_proportions_inside_the_frame(width: int, height: int) -> None:
    content = filled(Logo(clean_logo(drawn(width, height)), WORDS))
    anchor = next(docx.Document(io.BytesIO(content)).element.body.iter("{*}anchor"))
    extent = anchor.find("{*}extent")
    across, up = int(extent.get("cx")) / EMU_PER_POINT, int(extent.get("cy")) / EMU_PER_POINT
    assert across <= 4.4 / 2.54 * 72 + 0.1
    assert up <= 1.4 / 2.54 * 72 + 0.1
    assert across / up == pytest.approx(width / height, rel=0.04)


def test_the_same_data_give_the_same_bytes_with_a_logo_too() -> None:
    logo = Logo(clean_logo(drawn()), WORDS)
    assert filled(logo) == filled(logo)


def test_the_pictures_a_form_asks_for_are_fields_like_others() -> None:
    used = {one.name for one in names_used(FORM.docx("en"))}
    assert {"agency.logo", "statement.ref"} <= used


@pytest.mark.parametrize(
    ("value", "code_told"),
    [
        (None, FormCode.FIELD_MISSING),
        ("a text", FormCode.FIELD_NOT_TEXT),
        ({"png": "not base64!", "words": "x"}, FormCode.FIELD_NOT_TEXT),
        ({"png": base64.b64encode(b"GIF89a").decode(), "words": "x"}, FormCode.FIELD_NOT_TEXT),
        ({"png": base64.b64encode(drawn()).decode(), "words": "  "}, FormCode.FIELD_NOT_TEXT),
        ({"png": ["x"], "words": "x"}, FormCode.FIELD_NOT_TEXT),
    ],
)
def test_what_is_no_picture_is_refused_with_the_field_and_the_part(value: object, code_told: FormCode) -> None:
    draft = sample_draft(FORM, Language.EN, Size.USUAL)
    data = fields_of(draft, statement_ref=REFERENCE, prepared_on=PREPARED_ON)
    data["agency"] = {**data["agency"], "logo": value}
    if value is None:
        del data["agency"]["logo"]
    with pytest.raises(FormError) as told:
        fill(FORM.docx("en"), data)
    assert told.value.code is code_told
    assert "agency.logo" in told.value.sentence
    assert "body" in told.value.sentence


def test_the_code_is_small_and_always_the_same() -> None:
    assert code(REFERENCE) == code(REFERENCE) != code("K7QF-2M9D-XR4U")
    assert png_size(code(REFERENCE)) == (29 * 8, 29 * 8)  # 21 modules and the border: version 1


@given(st.from_regex(r"([0-9A-HJKMNP-TV-Z]{4}-){2}[0-9A-HJKMNP-TV-Z]{4}", fullmatch=True))
def test_a_scanner_reads_the_code_of_any_id(ref: str) -> None:
    assert scanned(Image.open(io.BytesIO(code(ref)))) == [ref]


@pytest.mark.real
def test_a_scanner_reads_the_statement_off_every_page() -> None:
    with Press(None) as press:
        content = filled(Logo(clean_logo(drawn()), WORDS), size=Size.LONG)
        pdf = press.render(content, title="Disclosure Statement", language="en", prepared_on=PREPARED_ON)
    document = pypdfium2.PdfDocument(pdf)
    assert len(document) > 1
    for page in document:
        assert scanned(page.render(scale=PHOTOCOPY / 72).to_pil()) == [REFERENCE]


def scanned(picture: Image.Image) -> list[str]:
    """What a scanner reads anywhere on a picture."""
    return [found.text for found in zxingcpp.read_barcodes(picture.convert("L"))]


@pytest.mark.real
def test_the_logo_is_a_figure_with_words_and_the_code_is_no_content() -> None:
    with Press(None) as press:
        content = filled(Logo(clean_logo(drawn()), WORDS))
        pdf = press.render(content, title="Disclosure Statement", language="en", prepared_on=PREPARED_ON)
    with pikepdf.open(io.BytesIO(pdf)) as document:
        figures = [
            str(one.Alt)
            for one in document.objects
            if isinstance(one, pikepdf.Dictionary) and one.get("/S") == pikepdf.Name.Figure
        ]
    assert sorted(figures) == sorted([WORDS, "sig:client", "sig:witness", "sig:org_seal"])


# --- the file from outside --------------------------------------------------------------------------------------------


def test_nothing_of_the_file_is_kept_but_its_pixels() -> None:
    told = PngInfo()
    told.add_text("Author", "Rosalind Achterberg")
    told.add_itxt("GPS", "43.15 N")
    for content in (
        drawn(pnginfo=told),
        drawn(format="JPEG", comment=b"Rosalind Achterberg", exif=_exif("Rosalind Achterberg")),
    ):
        assert b"Achterberg" in content
        clean = clean_logo(content)
        assert b"Achterberg" not in clean
        kinds = {clean[at + 4 : at + 8] for at in _chunks(clean)}
        assert kinds == {b"IHDR", b"IDAT", b"IEND"}


def _exif(artist: str) -> bytes:
    exif = Image.Exif()
    exif[0x013B] = artist
    exif[0x0112] = 6  # turned: the pixels are upright afterwards
    return exif.tobytes()


def _chunks(png: bytes) -> list[int]:
    found, at = [], 8
    while at < len(png):
        found.append(at)
        at += 12 + int.from_bytes(png[at : at + 4], "big")
    return found


def test_a_turned_photo_stands_upright() -> None:
    assert png_size(clean_logo(drawn(600, 200, format="JPEG", exif=_exif("x")))) == (67, 200)


def test_a_clear_background_becomes_white_and_the_size_fits() -> None:
    picture = Image.new("RGBA", (4000, 800), (0, 0, 0, 0))
    out = io.BytesIO()
    picture.save(out, "PNG")
    clean = Image.open(io.BytesIO(clean_logo(out.getvalue())))
    assert clean.size == (MAX_WIDTH, 128)
    assert clean.getextrema() == ((255, 255), (255, 255), (255, 255))


def test_a_colorful_photo_is_kept_small() -> None:
    photo = Image.effect_noise((1200, 400), 90).convert("RGB")
    out = io.BytesIO()
    photo.save(out, "JPEG", quality=95)
    kept = clean_logo(out.getvalue())
    assert len(kept) <= MAX_KEPT
    assert png_size(kept)[1] <= MAX_HEIGHT


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "neither a PNG nor a JPEG"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "neither a PNG nor a JPEG"),
        (drawn(format="GIF"), "neither a PNG nor a JPEG"),
        (drawn(format="TIFF"), "neither a PNG nor a JPEG"),
        (drawn()[:400], "damaged"),
        (drawn(4000, 20), "far longer than it is high"),
        (bytes(6 << 20), "larger than 5 MB"),
    ],
)
def test_what_is_no_logo_is_refused(content: bytes, said: str) -> None:
    with pytest.raises(FormError) as told:
        clean_logo(content)
    assert told.value.code is FormCode.LOGO_UNUSABLE
    assert said in told.value.sentence


def test_a_bomb_of_pixels_is_refused_before_it_is_unpacked() -> None:
    picture = Image.new("1", (30_000, 30_000))
    out = io.BytesIO()
    picture.save(out, "PNG")
    began = time.process_time()
    with pytest.raises(FormError) as told:
        clean_logo(out.getvalue())
    assert told.value.code is FormCode.LOGO_UNUSABLE
    assert time.process_time() - began < 0.5


def test_the_frames_of_a_form_are_gone_from_its_filled_file() -> None:
    with zipfile.ZipFile(io.BytesIO(filled(Logo(clean_logo(drawn()), WORDS)))) as package:
        told = b"".join(package.read(name) for name in package.namelist() if name.endswith(".xml"))
    assert b"picture:agency" not in told
    assert b"code:statement" not in told
