"""Pictures a form takes from its data: the organization's logo, and a statement's id as a code that a scanner reads.

In Word they are ordinary pictures whose alternative text says what takes their place: `picture:agency.logo` for a
picture of the data, `code:statement.ref` for the QR code of a text. Danger: a picture nobody can name, or one drawn out
of shape, or an old file's bytes under a new name. Invariants: a picture of the data keeps its proportions inside the
frame drawn in Word and says its own words; where the data have none, the frame is taken out; the code holds the text
of its field and nothing else, and is the same picture for the same text.

Values of pictures are plain data like all others: `{"png": BASE64, "words": TEXT}`, or `{"png": "", "words": ""}`.
"""

from __future__ import annotations

import base64
import binascii
import re
import struct
import zlib
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, Final

import segno
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.parts.image import ImagePart

from templates import place
from templates.errors import FormCode, FormError, Place

CODE_BORDER: Final = 4
"""Empty modules around a code (ISO/IEC 18004, 9.1)."""
CODE_SCALE: Final = 8
"""Pixels a module: as many as a byte has bits."""
_BLACK_ON_WHITE: Final = bytes.maketrans(b"\x00\x01", b"\xff\x00")
CODE_MASK: Final = 0
"""Pattern laid over a code (ISO/IEC 18004, 7.8.2). Trying all eight took a quarter of a filling for a score 3 % better;
this is the best one for most ids, and a scanner reads any."""
MAX_CODE: Final = 64
"""Characters in a code; a longer text makes one that a small picture cannot hold."""
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_ASKED: Final = re.compile(r"\s*(picture|code):([a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*)\s*")
_DESCRIBED: Final = re.compile(r'<wp:docPr\b[^>]*\bdescr="([^"]*)"')
_DRAWING: Final = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_WORD_DRAWING: Final = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}"
_EMBED: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}embed"


class Kind(StrEnum):
    """What takes the place of a frame."""

    PICTURE = "picture"
    CODE = "code"


def frames(root: Any) -> Iterator[tuple[Any, Kind, str]]:
    """Every frame under `root` (an lxml element): its drawing, what takes its place, and the name of the field."""
    for properties in list(root.iter(f"{_WORD_DRAWING}docPr")):
        asked = _ASKED.fullmatch(properties.get("descr") or "")
        if asked:
            yield properties.getparent(), Kind(asked.group(1)), asked.group(2)


def names_asked(xml: str) -> tuple[str, ...]:
    """The fields whose pictures the frames in a part's XML ask for."""
    asked = (_ASKED.fullmatch(words) for words in _DESCRIBED.findall(xml))
    return tuple(dict.fromkeys(found.group(2) for found in asked if found))


def place_pictures(parts: Iterator[tuple[Any, Any]], values: Mapping[str, object]) -> None:
    """Put the pictures of `values` into the frames of a filled document; `parts`: its told parts with their roots.

    Raises FormError FIELD_MISSING or FIELD_NOT_TEXT.
    """
    number = 0
    for part, root in parts:
        for drawing, kind, name in frames(root):
            number += 1
            value = _value(values, name, part)
            if kind is Kind.CODE:
                if not isinstance(value, str) or not 0 < len(value) <= MAX_CODE:
                    raise _unfit(name, f"a text of 1 to {MAX_CODE} characters", part)
                _put(part, drawing, number, code(value), value)
                continue
            png, words = _picture(value, name, part)
            if png:
                _put(part, drawing, number, png, words)
                _fit(drawing, png)
            else:
                _take_out(drawing)


def code(text: str) -> bytes:
    """The QR code of `text` as a black and white PNG, border included; equal texts give equal bytes."""
    made = segno.make_qr(text, error="q", boost_error=False, mask=CODE_MASK)
    # a module is as wide as a byte has bits: a row is written at once, where segno writes pixel by pixel (2 ms)
    beside = b"\xff" * CODE_BORDER
    rows = [beside + bytes(row).translate(_BLACK_ON_WHITE) + beside for row in made.matrix]
    blank = [b"\xff" * len(rows[0])] * CODE_BORDER
    rows = [*blank, *rows, *blank]
    side = len(rows) * CODE_SCALE
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)  # one bit a pixel, gray
    pixels = b"".join((b"\x00" + row) * CODE_SCALE for row in rows)
    pieces = ((b"IHDR", header), (b"IDAT", zlib.compress(pixels)), (b"IEND", b""))
    return _PNG + b"".join(_chunk(name, data) for name, data in pieces)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_size(png: bytes) -> tuple[int, int]:
    """Width and height of a PNG in pixels. Raises ValueError when it is none."""
    if not png.startswith(_PNG) or len(png) < 33 or png[12:16] != b"IHDR":
        raise ValueError("not a PNG")
    width, height = struct.unpack(">II", png[16:24])
    if not width or not height:
        raise ValueError("a PNG without a size")
    return width, height


def _value(values: Mapping[str, object], name: str, part: Any) -> object:
    value: object = values
    for step in name.split("."):
        if not isinstance(value, Mapping) or step not in value:
            raise FormError(
                FormCode.FIELD_MISSING,
                f"A picture asks for the field {name}, which is not there.",
                "Add the field to the data, or change the picture's alt text.",
                place=Place(part=place.part_name(part)),
            )
        value = value[step]
    return value


def _picture(value: object, name: str, part: Any) -> tuple[bytes, str]:
    """The bytes and the words; no bytes where there is no picture."""
    if not isinstance(value, Mapping):
        raise _unfit(name, "a picture (png and words)", part)
    encoded, words = value.get("png"), value.get("words")
    if not isinstance(encoded, str) or not isinstance(words, str):
        raise _unfit(name, "a picture (png and words)", part)
    if not encoded:
        return b"", ""
    try:
        png = base64.b64decode(encoded, validate=True)
        png_size(png)
    except (binascii.Error, ValueError):
        raise _unfit(name, "a PNG in base64", part) from None
    if not words.strip():
        raise _unfit(name, "a picture with words for those who cannot see it", part)
    return png, words.strip()


def _unfit(name: str, what: str, part: Any) -> FormError:
    return FormError(
        FormCode.FIELD_NOT_TEXT,
        f"The field {name}, which a picture shows, is not {what}.",
        "Hand over the value in that shape, or take the picture out of the form.",
        place=Place(part=place.part_name(part)),
    )


def _put(part: Any, drawing: Any, number: int, png: bytes, words: str) -> None:
    """A part of its own for the picture: frames that look alike share one part in the Word file."""
    image = ImagePart(PackURI(f"/word/media/placed{number}.png"), "image/png", png)
    for blip in drawing.iter(f"{_DRAWING}blip"):
        blip.set(_EMBED, part.relate_to(image, RELATIONSHIP_TYPE.IMAGE))
    drawing.find(f"{_WORD_DRAWING}docPr").set("descr", words)


def _fit(drawing: Any, png: bytes) -> None:
    """As large as fits into the frame, not out of shape."""
    outer = drawing.find(f"{_WORD_DRAWING}extent")
    width, height = png_size(png)
    room_x, room_y = int(outer.get("cx")), int(outer.get("cy"))
    scale = min(room_x / width, room_y / height)
    size = {"cx": str(max(1, round(width * scale))), "cy": str(max(1, round(height * scale)))}
    for extent in (outer, *drawing.iter(f"{_DRAWING}ext")):
        if extent.get("cx") is not None:
            for side, length in size.items():
                extent.set(side, length)


def _take_out(drawing: Any) -> None:
    """The run's picture goes; the paragraph stays with what else it says."""
    holder = drawing.getparent()
    holder.getparent().remove(holder)
