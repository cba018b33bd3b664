"""What a signature looks like, and which drawings are no signature."""

from __future__ import annotations

import io
import pickle
import zlib
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, PngImagePlugin

from signing import appearance, chain
from signing.authority import Authority
from signing.errors import SigningCode, SigningError
from signing.plate import Plate
from signing.timestamp import EmbeddedStamper

EASTERN = timezone(timedelta(hours=-5))
KOLKATA = timezone(timedelta(hours=5, minutes=30))
MOMENT = datetime(2026, 11, 22, 16, 5, tzinfo=EASTERN)


def png(picture: Image.Image, info: PngImagePlugin.PngInfo | None = None) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG", pnginfo=info)
    return out.getvalue()


def scribble(mode: str, ground: object, stroke: object) -> Image.Image:
    picture = Image.new(mode, (600, 200), ground)  # type: ignore[arg-type]
    ImageDraw.Draw(picture).line([(20, 150), (200, 30), (300, 170), (580, 60)], fill=stroke, width=8)  # type: ignore[arg-type]
    return picture


def refused_code(data: bytes) -> SigningCode:
    with pytest.raises(SigningError) as refused:
        appearance.drawn(data, "A", MOMENT)
    return refused.value.code


def inked(plate: Plate) -> float:
    """Share of pixels that hold any ink."""
    pixels = [half for byte in plate.cover for half in (byte >> 4, byte & 15)]
    return sum(1 for pixel in pixels if pixel) / len(pixels)


@pytest.mark.parametrize(
    "picture",
    [
        scribble("RGBA", (255, 255, 255, 0), (0, 0, 0, 255)),
        scribble("RGBA", (0, 0, 0, 0), (255, 255, 255, 255)),
        scribble("RGB", (255, 255, 255), (20, 40, 160)),
        scribble("L", 255, 0),
        scribble("1", 1, 0),
        scribble("RGB", (250, 250, 245), (170, 170, 190)),
        scribble("RGB", (20, 20, 24), (240, 240, 240)),
    ],
    ids=["black on nothing", "white on nothing", "blue on white", "grey", "one bit", "a faint pencil", "chalk"],
)
def test_a_drawing_is_read_as_ink_whatever_its_colours(picture: Image.Image) -> None:
    look = appearance.drawn(png(picture), "Rosa Núñez", MOMENT)
    with Image.open(io.BytesIO(look.ink)) as ink:
        assert ink.mode == "L"
        assert ink.width > 3 * ink.height  # trimmed to the stroke
        assert ink.getextrema()[1] == 255
    assert 0.005 < inked(look.plate(200, 68)) < 0.3


def test_nothing_of_the_drawings_file_survives() -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "canary-4711")
    data = png(scribble("RGB", (255, 255, 255), (0, 0, 0)), info)
    assert b"canary-4711" in data
    look = appearance.drawn(data + b"canary-4711", "A", MOMENT)
    assert b"canary" not in look.ink
    assert b"canary" not in pickle.dumps(look)


@pytest.mark.parametrize(
    "picture",
    [
        Image.new("RGBA", (400, 200), (0, 0, 0, 0)),
        Image.new("RGB", (400, 200), "white"),
        Image.new("RGB", (400, 200), "black"),
        Image.new("L", (400, 200), 250),
    ],
)
def test_an_empty_pad_is_no_signature(picture: Image.Image) -> None:
    assert refused_code(png(picture)) is SigningCode.PICTURE_EMPTY


def test_a_photograph_is_no_signature() -> None:
    assert refused_code(png(Image.linear_gradient("L"))) is SigningCode.PICTURE_INVALID


def test_files_that_are_no_drawing_are_refused() -> None:
    jpeg = io.BytesIO()
    scribble("RGB", (255, 255, 255), (0, 0, 0)).save(jpeg, "JPEG")
    whole = png(scribble("RGB", (255, 255, 255), (0, 0, 0)))
    wide = png(Image.new("1", (5000, 40), 1))
    for data in (b"", b"%PDF-1.7", jpeg.getvalue(), whole[:200], bytes(2_000_000), wide, png(Image.new("L", (8, 8)))):
        assert refused_code(data) is SigningCode.PICTURE_INVALID


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_a_damaged_drawing_is_drawn_or_refused_but_never_breaks(data: st.DataObject) -> None:
    body = bytearray(WHOLE)
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    with suppress(SigningError):
        appearance.drawn(bytes(body), "A", MOMENT)


WHOLE = png(scribble("RGBA", (255, 255, 255, 0), (0, 0, 0, 255)))


def test_a_chunk_that_unpacks_to_a_flood_is_refused() -> None:
    flood = zlib.compress(bytes(80_000_000), 9)
    chunk = b"zTXt" + b"k\x00\x00" + flood
    position = WHOLE.index(b"IDAT") - 4
    body = len(chunk) - 4
    data = WHOLE[:position] + body.to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big") + WHOLE[position:]
    assert refused_code(data) is SigningCode.PICTURE_INVALID


def test_the_lines_say_who_as_what_and_when() -> None:
    english = appearance.typed("Dana Reyes", MOMENT, role_line="Witness")
    spanish = appearance.typed("Dana Reyes", MOMENT, role_line="Testigo", language="es")
    assert (english.name, english.role_line) == ("Dana Reyes", "Witness")
    assert english.time_line == "Signed by typing the name, Nov 22, 2026 4:05 PM UTC−05:00"
    assert spanish.time_line == "Firmado escribiendo el nombre, 22 nov 2026, 16:05 UTC−05:00"


@pytest.mark.parametrize(
    ("moment", "line"),
    [
        (datetime(2026, 1, 1, 0, 0, tzinfo=UTC), "Jan 1, 2026 12:00 AM UTC"),
        (
            datetime(2026, 7, 4, 12, 30, tzinfo=KOLKATA),
            "Jul 4, 2026 12:30 PM UTC+05:30",
        ),
    ],
)
def test_midnight_noon_and_odd_zones_are_written_right(moment: datetime, line: str) -> None:
    assert appearance.moment_line(moment, "en") == line


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(SigningError):
        appearance.typed("A", MOMENT.replace(tzinfo=None))


@pytest.mark.parametrize("name", ["", "   ", "a\x00b", "a\u202eb"])
def test_a_name_that_cannot_be_printed_is_refused(name: str) -> None:
    with pytest.raises(SigningError) as refused:
        appearance.typed(name, MOMENT)
    assert refused.value.code is SigningCode.TEXT_UNPRINTABLE


def test_a_name_that_no_font_can_print_is_refused_and_not_repeated() -> None:
    name = "\U0001f98a\U00013080"
    look = appearance.Appearance(
        kind=appearance.AppearanceKind.TYPED, ink=b"", name=name, role_line="", time_line="now"
    )
    with pytest.raises(SigningError) as refused:
        look.plate(200, 68)
    assert name not in str(refused.value)


@settings(max_examples=24, deadline=None)
@given(
    st.sampled_from(["drawn", "typed", "mark", "seal"]),
    st.floats(100, 400),
    st.floats(24, 160),
    st.text("abcdefghijklmnopqrstuvwxyzáéíóúñüABCDEFG -'", min_size=1, max_size=90).filter(
        lambda text: bool(text.strip())
    ),
    st.sampled_from(["en", "es"]),
)
def test_every_picture_fits_its_place_at_300_dots_an_inch(
    kind: str, width: float, height: float, name: str, language: str
) -> None:
    if kind == "drawn":
        look = appearance.drawn(WHOLE, name, MOMENT, role_line="Client", language=language)
    else:
        look = getattr(appearance, kind)(name, MOMENT, role_line="Client", language=language)
    plate = look.plate(width, height)
    assert plate.width == pytest.approx(width / 72 * 300, abs=1)
    assert plate.height == pytest.approx(height / 72 * 300, abs=1)
    assert len(plate.cover) == (plate.width + 1) // 2 * plate.height
    assert len(plate.choice) == (plate.width + 7) // 8 * plate.height
    assert inked(plate) > 0.002


def test_a_signature_in_the_file_is_one_small_image_and_no_text(
    certified_pdf: bytes, authority: Authority, stamper: EmbeddedStamper, ink_png: bytes
) -> None:
    look = appearance.drawn(ink_png, "Rosa Núñez", MOMENT, role_line="Client")
    signed = chain.sign(
        certified_pdf, authority, stamper, role="client", signer_name="Rosa Núñez", act_id="1", appearance=look,
        reason="agreed", now=datetime.now(UTC),
    )  # fmt: skip
    assert len(signed.pdf) - len(certified_pdf) < 30_000
    with pikepdf.open(io.BytesIO(signed.pdf)) as document:
        field = next(one for one in document.Root.AcroForm.Fields if str(one.T) == "client")
        drawing = field.AP.N
        assert list(field.AP.keys()) == ["/N"]
        assert "/Font" not in drawing.Resources
        assert [str(operator) for _, operator in pikepdf.parse_content_stream(drawing)] == ["q", "cm", "Do", "Q"]
        picture = drawing.Resources.XObject.Ink
        assert picture.ColorSpace[0] == pikepdf.Name.Indexed
        assert "/SMask" in picture
        assert "/SMaskInData" not in picture
        assert float(picture.Width) / (float(field.Rect[2]) - float(field.Rect[0])) * 72 >= 200
