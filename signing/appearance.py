"""What a signature looks like on paper: the drawing, the typed name, the witnessed mark or the seal, with its lines.

Danger: a picture from a browser is a stranger's file, and a signature without name and time beside it says little on
paper. Invariant: a drawing is only ever read as "how much ink is here" and drawn anew (nothing of the file survives),
the printed name, the role and the time are part of the picture, and the picture is made for the place it fills, at 300
dots per inch.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from signing.authority import aware
from signing.errors import SigningCode, SigningError
from signing.plate import Plate

if TYPE_CHECKING:
    from PIL import Image

LARGEST_DRAWING = 1024 * 1024
"""Bytes of a drawing."""
DARK = 127
"""A ground darker than this was drawn on with light."""
GRAIN = 8
"""Steps of grey above the paper that are still paper."""
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
    """A signature's picture before its place is known; picklable. Its `repr` names nobody."""

    kind: AppearanceKind
    ink: bytes = field(repr=False)
    """A cleaned grey PNG (255 = ink) for drawings, empty otherwise."""
    name: str = field(repr=False)
    role_line: str = field(repr=False)
    time_line: str = field(repr=False)

    def plate(self, width: float, height: float) -> Plate:
        """The picture for a place of `width` by `height` points. Raises SigningError for a name no font can print."""
        from signing.drawing import compose

        return compose(self, width, height)


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
    trimmed.save(out, "PNG", compress_level=1)  # read again at once and kept nowhere: the default took 5 ms more
    return out.getvalue()


def _ink_of(picture: Image.Image) -> Image.Image:
    """How much ink each pixel holds: dark and opaque. White ink on nothing counts by its opacity alone."""
    from PIL import ImageChops

    opacity = picture.getchannel("A")
    darkness = ImageChops.invert(picture.convert("RGB").convert("L"))
    ink = ImageChops.multiply(opacity, darkness)
    if sum(ink.histogram()[48:]) == 0:
        return opacity if opacity.getextrema()[0] == 0 else ink
    tones = ink.histogram()
    paper = tones.index(max(tones))  # most of the picture is the ground it was drawn on
    if paper > DARK:
        ink, tones, paper = ImageChops.invert(ink), tones[::-1], 255 - paper
    strongest = max(value for value, count in enumerate(tones) if count)
    spread = max(strongest - paper, 1)
    return ink.point([0 if value <= paper + GRAIN else (value - paper) * 255 // spread for value in range(256)])


def _bad_drawing(sentence: str) -> SigningError:
    return SigningError(
        SigningCode.PICTURE_INVALID, sentence, "Let the person sign again on the pad, or choose a typed name."
    )
