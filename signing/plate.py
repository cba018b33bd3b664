"""A signature's picture as PDF objects: one palette image with a soft mask, legal in PDF/A-2 and PDF/UA-1.

Danger: pyHanko's text stamps use fonts that are not embedded, or whose widths do not fit, and break PDF/A (signing
notes §1e). Invariant: an appearance holds one image and no text operator, so no font is ever needed.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.content import ResourceType
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.layout import BoxConstraints
from pyhanko.pdf_utils.writer import BasePdfFileWriter
from pyhanko.stamp.base import BaseStamp, BaseStampStyle

# pyHanko's constructors have no types; named here with the ones they have
_number: Callable[[int], generic.PdfObject] = generic.NumberObject
_boolean: Callable[[bool], generic.PdfObject] = generic.BooleanObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Plate:
    """Pixels ready to be written: a 1-bit plane that chooses the colour and a 4-bit plane that says how much of it."""

    width: int
    height: int
    colours: tuple[tuple[int, int, int], tuple[int, int, int]]
    """RGB of bit 0 and bit 1."""
    choice: bytes
    """Rows of 1-bit pixels, each row padded to a byte."""
    cover: bytes
    """Rows of 4-bit pixels (15 = opaque), each row padded to a byte."""


@dataclass(frozen=True)
class PlateStyle(BaseStampStyle):
    """pyHanko's stamp style that draws a `Plate` over the whole field."""

    border_width: int = 0
    plate: Plate | None = None

    def create_stamp(
        self, writer: BasePdfFileWriter, box: BoxConstraints, text_params: dict[str, str]
    ) -> BaseStamp | None:
        """None (no appearance) for an invisible signature."""
        return None if self.plate is None else _PlateStamp(writer, self, box)


class _PlateStamp(BaseStamp):
    def _render_inner_content(self) -> list[bytes]:
        plate = self.style.plate
        mask = _image(plate.width, plate.height, 4, plate.cover)
        mask[pdf_name("/ColorSpace")] = pdf_name("/DeviceGray")
        picture = _image(plate.width, plate.height, 1, plate.choice)
        picture[pdf_name("/ColorSpace")] = generic.ArrayObject(
            [
                pdf_name("/Indexed"),
                pdf_name("/DeviceRGB"),
                _number(1),
                generic.ByteStringObject(bytes(part for colour in plate.colours for part in colour)),
            ]
        )
        writer = self._ensure_writer
        picture[pdf_name("/SMask")] = writer.add_object(mask)
        self.set_resource(ResourceType.XOBJECT, pdf_name("/Ink"), writer.add_object(picture))
        return [b"%g 0 0 %g 0 0 cm /Ink Do" % (self.box.width, self.box.height)]


def _image(width: int, height: int, bits: int, pixels: bytes) -> generic.StreamObject:
    return generic.StreamObject(
        {
            pdf_name("/Type"): pdf_name("/XObject"),
            pdf_name("/Subtype"): pdf_name("/Image"),
            pdf_name("/Width"): _number(width),
            pdf_name("/Height"): _number(height),
            pdf_name("/BitsPerComponent"): _number(bits),
            pdf_name("/Interpolate"): _boolean(False),
            pdf_name("/Filter"): pdf_name("/FlateDecode"),
        },
        encoded_data=zlib.compress(pixels),  # the highest level costs 11 ms a signature for 3 % of the bytes
    )
