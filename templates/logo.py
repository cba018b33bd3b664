"""Takes an organization's logo as a file from anywhere and makes a small, clean PNG of it.

Danger: the file comes from outside and ends up on every paper: it may be a bomb of pixels, another kind of file, or
carry where and by whom a photo was taken. Invariant: what is kept was decoded and written anew here - its pixels alone,
upright, on white, at most `MAX_WIDTH` by `MAX_HEIGHT` and `MAX_KEPT` bytes; the file itself is kept nowhere. The same
file gives the same bytes.
"""

from __future__ import annotations

import io
from typing import Final

from PIL import Image, ImageOps, UnidentifiedImageError

from templates.errors import FormCode, FormError

MAX_FILE: Final = 5 << 20
"""Bytes of the file that is handed in."""
MAX_PIXELS: Final = 25_000_000
"""Pixels of the file that is handed in."""
MAX_WIDTH: Final = 640
"""Pixels: 4.5 cm at 360 dots an inch."""
MAX_HEIGHT: Final = 200
"""Pixels: 1.4 cm at 360 dots an inch."""
MAX_KEPT: Final = 120_000
"""Bytes of what is kept: it is in every statement."""
_KINDS: Final = ("PNG", "JPEG")


def clean_logo(content: bytes) -> bytes:
    """The logo in `content` (PNG or JPEG) as a PNG that may be printed on forms.

    Raises FormError LOGO_UNUSABLE.
    """
    if len(content) > MAX_FILE:
        raise _unusable("is larger than 5 MB", "Save it smaller: it is printed 1.4 cm (half an inch) high.")
    try:
        with Image.open(io.BytesIO(content), formats=_KINDS) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise _unusable("has more than 25 million pixels", "Save it with fewer pixels.")
            if min(opened.size) < 1 or max(opened.size) > 40 * min(opened.size):
                raise _unusable("is far longer than it is high", "Cut it to the logo itself.")
            upright = ImageOps.exif_transpose(opened)
            picture = upright.convert("RGBA")
    except UnidentifiedImageError:
        raise _unusable("is neither a PNG nor a JPEG", "Save it as a PNG.") from None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise _unusable("is damaged", "Save it again as a PNG.") from None
    picture.thumbnail((MAX_WIDTH, MAX_HEIGHT), Image.Resampling.LANCZOS)
    white = Image.new("RGB", picture.size, (255, 255, 255))
    white.paste(picture, mask=picture.getchannel("A"))
    written = _written(white)
    if len(written) > MAX_KEPT:
        written = _written(white.quantize(256, method=Image.Quantize.MEDIANCUT))
    if len(written) > MAX_KEPT:
        raise _unusable("has too much detail to be printed small", "Use a plain version of the logo.")
    return written


def _written(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()


def _unusable(what: str, remedy: str) -> FormError:
    return FormError(FormCode.LOGO_UNUSABLE, f"The logo {what}.", remedy)
