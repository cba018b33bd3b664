"""What a signature looks like on paper: the drawing, the typed name, the witnessed mark or the seal, with its lines.

Danger: a picture from a browser is a stranger's file, and a signature without name and time beside it says little on
paper. Invariant: a drawing is only ever read as "how much ink is here" and drawn anew (nothing of the file survives),
the printed name, the role and the time are part of the picture, and the picture is made for the place it fills, at 300
dots per inch.
"""

from __future__ import annotations

import functools
import io
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from signing import fonts
from signing.authority import aware
from signing.errors import SigningCode, SigningError
from signing.plate import Plate

if TYPE_CHECKING:
    from PIL import Image

DOTS_PER_INCH = 300
INK = (18, 34, 84)
TEXT = (24, 24, 27)

LARGEST_DRAWING = 1024 * 1024
"""Bytes of a drawing."""
LARGEST_SIDE = 4000
"""Pixels; a tablet's canvas at three times its density stays below."""
INKED_LEAST = 0.0004
INKED_MOST = 0.5
"""Share of the picture that is ink: less is an empty pad, more is no drawing."""


class AppearanceKind(StrEnum):
    """How the signature was made."""

    DRAWN = "drawn"
    TYPED = "typed"
    MARK = "mark"
    SEAL = "seal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Appearance:
    """A signature's picture before its place is known; picklable."""

    kind: AppearanceKind
    ink: bytes
    """A cleaned grey PNG (255 = ink) for drawings, empty otherwise."""
    name: str
    role_line: str
    time_line: str

    def plate(self, width: float, height: float) -> Plate:
        """The picture for a place of `width` by `height` points. Raises SigningError when the name cannot be printed."""
        return _compose(self, width, height)


_MONTHS = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "es": ("ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic"),
}
_SENTENCES = {
    "en": {
        AppearanceKind.DRAWN: "Signed by hand on screen, {time}",
        AppearanceKind.TYPED: "Signed by typing the name, {time}",
        AppearanceKind.MARK: "Mark made before the witness, {time}",
        AppearanceKind.SEAL: "Sealed electronically, {time}",
    },
    "es": {
        AppearanceKind.DRAWN: "Firmado a mano en pantalla, {time}",
        AppearanceKind.TYPED: "Firmado escribiendo el nombre, {time}",
        AppearanceKind.MARK: "Marca hecha ante el testigo, {time}",
        AppearanceKind.SEAL: "Sellado electrónicamente, {time}",
    },
}


def drawn(png: bytes, name: str, signed_at: datetime, *, role_line: str = "", language: str = "en") -> Appearance:
    """A signature drawn on a screen. `png`: from the pad; `name`: printed beneath; `signed_at`: in the signer's zone.

    Raises SigningError when the file is no PNG, too large, or holds no drawing.
    """
    return _appearance(AppearanceKind.DRAWN, _clean(png), name, signed_at, role_line, language)


def typed(name: str, signed_at: datetime, *, role_line: str = "", language: str = "en") -> Appearance:
    """A name typed by its owner (15 USC 7006(5): a process adopted with the intent to sign)."""
    return _appearance(AppearanceKind.TYPED, b"", name, signed_at, role_line, language)


def mark(name: str, signed_at: datetime, *, role_line: str = "", language: str = "en") -> Appearance:
    """The mark of a person who cannot write; it needs a witness."""
    return _appearance(AppearanceKind.MARK, b"", name, signed_at, role_line, language)


def seal(organization: str, signed_at: datetime, *, role_line: str = "", language: str = "en") -> Appearance:
    """The organization's seal."""
    return _appearance(AppearanceKind.SEAL, b"", organization, signed_at, role_line, language)


def _appearance(
    kind: AppearanceKind, ink: bytes, name: str, signed_at: datetime, role_line: str, language: str
) -> Appearance:
    name = " ".join(name.split())
    if not name or not name.isprintable():
        raise SigningError(
            SigningCode.TEXT_UNPRINTABLE, "The signer's name is empty or cannot be printed.", "Enter the legal name."
        )
    sentences = _SENTENCES.get(language, _SENTENCES["en"])
    return Appearance(
        kind=kind,
        ink=ink,
        name=name,
        role_line=" ".join(role_line.split()),
        time_line=sentences[kind].format(time=moment_line(signed_at, language)),
    )


def moment_line(moment: datetime, language: str) -> str:
    """Date, time to the minute and distance from UTC, in the zone of `moment`."""
    aware(moment)
    offset = moment.utcoffset() or timedelta()
    minutes = int(offset.total_seconds() // 60)
    sign = "−" if minutes < 0 else "+"
    zone = "UTC" if not minutes else f"UTC{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
    if language == "es":
        return f"{moment.day} {_MONTHS['es'][moment.month - 1]} {moment.year}, {moment:%H:%M} {zone}"
    hour = f"{moment.hour % 12 or 12}:{moment:%M} {'AM' if moment.hour < 12 else 'PM'}"
    return f"{_MONTHS['en'][moment.month - 1]} {moment.day}, {moment.year} {hour} {zone}"


def _clean(png: bytes) -> bytes:
    """Read a drawing as ink and write it anew: trimmed, grey, without metadata."""
    from PIL import Image, UnidentifiedImageError

    if len(png) > LARGEST_DRAWING:
        raise _bad_drawing("The drawing is too large.")
    try:
        with Image.open(io.BytesIO(png), formats=["PNG"]) as picture:
            if max(picture.size) > LARGEST_SIDE or min(picture.size) < 16:
                raise _bad_drawing("The drawing has an unusable size.")
            ink = _ink_of(picture.convert("RGBA"))
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise _bad_drawing("The drawing cannot be read as a PNG.") from error
    inked = sum(ink.histogram()[96:]) / (ink.width * ink.height)
    box = ink.point(lambda value: 255 if value > 48 else 0).getbbox()
    if box is None or inked < INKED_LEAST:
        raise SigningError(
            SigningCode.PICTURE_EMPTY, "The drawing is empty.", "Let the person sign again, or choose a typed name."
        )
    if inked > INKED_MOST:
        raise _bad_drawing("The drawing is no line drawing.")
    out = io.BytesIO()
    trimmed = ink.crop(box)
    trimmed.thumbnail((1600, 800))
    trimmed.save(out, "PNG", optimize=False)
    return out.getvalue()


def _ink_of(picture: Image.Image) -> Image.Image:
    """How much ink each pixel holds: dark and opaque. White ink on nothing counts by its opacity alone."""
    from PIL import ImageChops

    opacity = picture.getchannel("A")
    darkness = ImageChops.invert(picture.convert("RGB").convert("L"))
    ink = ImageChops.multiply(opacity, darkness)
    if sum(ink.histogram()[48:]) == 0:
        return opacity if opacity.getextrema()[0] == 0 else ink
    strongest = int(ink.getextrema()[1])  # type: ignore[arg-type]  # one channel: a pair of integers
    return ink.point(lambda value: min(255, value * 255 // max(strongest, 1)))


def _bad_drawing(sentence: str) -> SigningError:
    return SigningError(
        SigningCode.PICTURE_INVALID, sentence, "Let the person sign again on the pad, or choose a typed name."
    )


def _compose(appearance: Appearance, width: float, height: float) -> Plate:
    from PIL import Image, ImageDraw

    size = (round(width / 72 * DOTS_PER_INCH), round(height / 72 * DOTS_PER_INCH))
    text = Image.new("L", size, 0)
    ink = Image.new("L", size, 0)
    draw = ImageDraw.Draw(text)
    left = 0
    if appearance.kind is AppearanceKind.SEAL:
        left = _draw_emblem(ink, size)
    top_of_lines = _draw_lines(draw, appearance, size, left)
    if appearance.kind is not AppearanceKind.SEAL:
        area = (round(size[0] * 0.02), 0, round(size[0] * 0.98), top_of_lines - round(size[1] * 0.03))
        _draw_hand(ink, appearance, area)
        thin = max(2, size[1] // 140)
        draw.line([(0, top_of_lines - thin), (size[0], top_of_lines - thin)], fill=150, width=thin)
    return _to_plate(text, ink)


def _draw_lines(draw: object, appearance: Appearance, size: tuple[int, int], left: int) -> int:
    """Name, role and time, bottom up; returns the top of the block in pixels."""
    from PIL import ImageDraw

    assert isinstance(draw, ImageDraw.ImageDraw)
    width, height = size
    lines = [(appearance.time_line, 0.105), (appearance.role_line, 0.105), (appearance.name, 0.135)]
    if appearance.kind is AppearanceKind.SEAL:
        lines = [(appearance.time_line, 0.115), (appearance.role_line, 0.115), (appearance.name, 0.16)]
    bottom = height - round(height * 0.02)
    if appearance.kind is AppearanceKind.SEAL:
        used = sum(round(height * share * 1.28) for line, share in lines if line)
        bottom = (height + used) // 2
    for line, share in lines:
        if not line:
            continue
        room = width - left - round(width * 0.01)
        font = _fitting(line, round(height * share), room)
        bottom -= round(height * share * 1.28)
        draw.text((left, bottom), _clipped(line, font, room), font=font, fill=255)
    return bottom


def _fitting(line: str, size: int, room: int) -> fonts.ImageFont.FreeTypeFont:
    """The line's font, smaller when the line is long, never below two thirds."""
    font = fonts.plain(size, line)
    length = font.getlength(line)
    if length <= room:
        return font
    return fonts.plain(max(int(size * room / length), round(size * 0.66)), line)


def _clipped(line: str, font: fonts.ImageFont.FreeTypeFont, room: int) -> str:
    if font.getlength(line) <= room:
        return line
    while line and font.getlength(line + "…") > room:
        line = line[:-1]
    return line.rstrip() + "…"


def _draw_hand(ink: Image.Image, appearance: Appearance, area: tuple[int, int, int, int]) -> None:
    """The drawing, the typed name or the mark, inside `area`."""
    from PIL import Image, ImageDraw

    left, top, right, bottom = area
    width, height = right - left, bottom - top
    draw = ImageDraw.Draw(ink)
    if appearance.kind is AppearanceKind.DRAWN:
        with Image.open(io.BytesIO(appearance.ink), formats=["PNG"]) as drawing:
            scale = min(width / drawing.width, height * 0.96 / drawing.height)
            fitted = drawing.resize(
                (max(1, round(drawing.width * scale)), max(1, round(drawing.height * scale))),
                Image.Resampling.LANCZOS,
            )
        ink.paste(fitted, (left, bottom - fitted.height - round(height * 0.02)))
    elif appearance.kind is AppearanceKind.TYPED:
        size = round(height * 0.62)
        font = fonts.written(size, appearance.name)
        length = font.getlength(appearance.name)
        if length > width:
            size = max(round(size * width / length), 12)
            font = fonts.written(size, appearance.name)
        draw.text((left, bottom - round(height * 0.1)), appearance.name, font=font, fill=255, anchor="ls")
    else:
        side, stroke = round(height * 0.72), max(3, height // 14)
        x, y = left + round(width * 0.04), bottom - round(height * 0.1) - side
        draw.line([(x, y), (x + side, y + side)], fill=255, width=stroke)
        draw.line([(x + side, y + round(side * 0.06)), (x + round(side * 0.05), y + side)], fill=255, width=stroke)


def _draw_emblem(ink: Image.Image, size: tuple[int, int]) -> int:
    """A ring with a check mark at the left; returns where the text may begin, in pixels."""
    emblem = _emblem(round(size[1] * 0.82))
    ink.paste(emblem, (round(size[1] * 0.06), (size[1] - emblem.height) // 2))
    return round(size[1] * 1.02)


@functools.lru_cache(maxsize=8)
def _emblem(side: int) -> Image.Image:
    """Drawn four times as large and made smaller: Pillow's circles are not smooth."""
    from PIL import Image, ImageDraw

    big = side * 4
    picture = Image.new("L", (big, big), 0)
    draw = ImageDraw.Draw(picture)
    draw.ellipse([big * 0.01, big * 0.01, big * 0.99, big * 0.99], outline=255, width=round(big * 0.028))
    draw.ellipse([big * 0.09, big * 0.09, big * 0.91, big * 0.91], outline=255, width=round(big * 0.012))
    check = [(big * 0.3, big * 0.53), (big * 0.44, big * 0.67), (big * 0.72, big * 0.34)]
    draw.line(check, fill=255, width=round(big * 0.075), joint="curve")
    return picture.resize((side, side), Image.Resampling.LANCZOS)


def _to_plate(text: Image.Image, ink: Image.Image) -> Plate:
    from PIL import ImageChops

    cover = ImageChops.lighter(text, ink)
    choice = ImageChops.subtract(ink, text).point(lambda value: 255 if value else 0).convert("1", dither=0)
    return Plate(
        width=cover.width,
        height=cover.height,
        colours=(TEXT, INK),
        choice=choice.tobytes(),
        cover=_four_bits(cover),
    )


def _four_bits(grey: Image.Image) -> bytes:
    """Two pixels a byte, rounded to 16 steps; the eye sees no difference at 300 dots per inch."""
    from PIL import Image

    if grey.width % 2:
        wider = Image.new("L", (grey.width + 1, grey.height), 0)
        wider.paste(grey, (0, 0))
        grey = wider
    rounded = grey.point([min(15, (value + 8) // 17) for value in range(256)]).tobytes()
    high = int.from_bytes(rounded[0::2], "big") << 4
    return (high | int.from_bytes(rounded[1::2], "big")).to_bytes(len(rounded) // 2, "big")
