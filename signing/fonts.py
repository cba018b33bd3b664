"""A font file that can print a name, found in the system's own directories only.

Danger: a missing glyph prints as an empty box, and a signature beside an empty box names nobody. Invariant: a font is
used only when it has a glyph for every character of the text; otherwise the verb is refused. Paths are fixed: neither
the environment nor a person's home decides which file a parser opens.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

from signing.errors import SigningCode, SigningError

if TYPE_CHECKING:
    from PIL import ImageFont

_DIRECTORIES = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path("/Library/Fonts"))

_PLAIN = ("Carlito-Regular", "DejaVuSans", "LiberationSans-Regular", "NotoSans-Regular")
_WRITTEN = ("Caladea-Italic", "DejaVuSerif-Italic", "LiberationSerif-Italic", "NotoSerif-Italic")
_BROAD = ("DejaVuSans", "NotoSansCJK-Regular", "NotoSans-Regular", "FreeSans", "Unifont")


def plain(size: int, text: str) -> ImageFont.FreeTypeFont:
    """A sans-serif font of `size` pixels that has every character of `text`. Raises SigningError."""
    return _first(_PLAIN + _BROAD, size, text)


def written(size: int, text: str) -> ImageFont.FreeTypeFont:
    """An italic, for a typed signature. Falls back to `plain`."""
    return _first(_WRITTEN + _PLAIN + _BROAD, size, text)


def _first(names: tuple[str, ...], size: int, text: str) -> ImageFont.FreeTypeFont:
    for name in dict.fromkeys(names):
        path = _files().get(name)
        if path is not None and all(_has(path, character) for character in set(text) if not character.isspace()):
            return _loaded(path, size)
    if not _files():
        raise SigningError(
            SigningCode.TEXT_UNPRINTABLE, "No font is installed on this machine.", "Install the package fonts-dejavu."
        )
    raise SigningError(
        SigningCode.TEXT_UNPRINTABLE,
        "No installed font can print this name.",
        "Install a font for its script (fonts-noto-core, fonts-noto-cjk), or type it in Latin letters.",
    )


@functools.cache
def _files() -> dict[str, Path]:
    """Font name -> file, looked for once."""
    found: dict[str, Path] = {}
    for directory in _DIRECTORIES:
        if directory.is_dir():
            for path in sorted(directory.rglob("*.[to]t[fc]")):
                found.setdefault(path.stem, path)
    return found


@functools.lru_cache(maxsize=64)
def _loaded(path: Path, size: int) -> ImageFont.FreeTypeFont:
    from PIL import ImageFont

    return ImageFont.truetype(str(path), size, layout_engine=ImageFont.Layout.BASIC)


@functools.lru_cache(maxsize=4096)
def _has(path: Path, character: str) -> bool:
    """A glyph of its own: not drawn like a character that exists nowhere."""
    font = _loaded(path, 24)
    return bytes(font.getmask(character)) != bytes(font.getmask("\U0010fffe"))
