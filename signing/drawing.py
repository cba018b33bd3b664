"""Draws an `Appearance` for the place it fills: the hand above (or beside) its printed lines, at 300 dots per inch.

Danger: a clipped name or time on a legal document. Invariant: lines are broken and made smaller, never cut; the pixels
fit the place exactly, so nothing is scaled when it is printed.
"""

from __future__ import annotations

import functools
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from signing import fonts
from signing.appearance import Appearance, AppearanceKind
from signing.plate import Plate

if TYPE_CHECKING:
    from PIL import Image, ImageDraw, ImageFont

DOTS_PER_INCH = 300
INK = (18, 34, 84)
TEXT = (24, 24, 27)

NAME_POINTS = 9.0
LINE_POINTS = 7.0
LEADING = 1.24
"""Height of a line, in sizes of its text."""
LEAST_HAND = 16.0
"""Points a drawing needs above the lines; in a lower place the lines go beside it."""
_STEPS = (1.0, 0.94, 0.88, 0.82, 0.76, 0.7, 0.64, 0.58, 0.52)
_BENEATH_STEPS = _LITTLE = _STEPS[:4]
"""Lines beneath the hand shrink less: beside it they have more room."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    text: str
    font: ImageFont.FreeTypeFont
    height: float
    """Pixels from this line's top to the next one's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    size: float
    """Pixels."""
    space: float
    """Pixels between two words."""
    words: tuple[tuple[str, float], ...]
    """Each with its width in pixels."""


def compose(appearance: Appearance, width: float, height: float) -> Plate:
    """The picture for a place of `width` by `height` points. Raises SigningError for a name no font can print."""
    from PIL import Image, ImageDraw

    dot = DOTS_PER_INCH / 72
    size = (round(width * dot), round(height * dot))
    cover = Image.new("L", size, 0)
    draw = ImageDraw.Draw(cover)
    hand, left, lines = _arranged(appearance, size, dot)
    if appearance.kind is AppearanceKind.SEAL:
        cover.paste(_emblem(hand[2] - hand[0]), hand[:2])
    else:
        _draw_hand(cover, draw, appearance, hand)
    block = sum(line.height for line in lines)
    top = float(size[1]) - block if left == 0 else (size[1] - block) / 2
    if left == 0:
        thin = max(1, round(dot * 0.4))
        draw.rectangle([0, top - 2 * thin, size[0], top - thin - 1], fill=140)
    for line in lines:
        draw.text((left, round(top + line.height * 0.78)), line.text, font=line.font, fill=255, anchor="ls")
        top += line.height
    return _plate(cover, hand)


def _arranged(
    appearance: Appearance, size: tuple[int, int], dot: float
) -> tuple[tuple[int, int, int, int], int, list[_Line]]:
    """The hand's area, where the lines begin from the left, and the lines."""
    width, height = size
    margin = round(width * 0.01)
    if appearance.kind is AppearanceKind.SEAL:
        side = min(round(height * 0.86), round(width * 0.33))
        top = (height - side) // 2
        left = margin + side + round(4 * dot)
        return (margin, top, margin + side, top + side), left, _set(appearance, width - left, height, dot, _STEPS)[0]
    lines, fits = _set(appearance, width, height - LEAST_HAND * dot, dot, _BENEATH_STEPS)
    if fits:
        bottom = height - round(sum(line.height for line in lines)) - round(2 * dot)
        return (margin, 0, width - margin, bottom), 0, lines
    left = round(width * 0.4)
    return (margin, 0, left - round(4 * dot), height), left, _set(appearance, width - left, height, dot, _STEPS)[0]


def _set(
    appearance: Appearance, width: float, height: float, dot: float, steps: tuple[float, ...]
) -> tuple[list[_Line], bool]:
    """The lines in the largest of `steps` in which they fit; False when they do not even in the last.

    A little smaller is better than one more line that holds a single word.
    """
    texts = _texts(appearance, dot)
    lines: list[_Line] = []
    for step in steps:
        lines = _lines(texts, width, step)
        if sum(line.height for line in lines) <= height:
            if len(lines) == len(texts):
                return lines, True
            others = (_lines(texts, width, other) for other in _LITTLE if other < step)
            return min([lines, *others], key=len), True
    return lines, False


def _texts(appearance: Appearance, dot: float) -> list[_Text]:
    """Name, role and time, measured; `dot` in pixels a point."""
    texts = ((appearance.name, NAME_POINTS), (appearance.role_line, LINE_POINTS), (appearance.time_line, LINE_POINTS))
    return [_measured(text, points * dot) for text, points in texts if text.strip()]


def _measured(text: str, size: float) -> _Text:
    # once a word, in full size: measuring each again in every step cost a twelfth of a signature
    font = fonts.plain(round(size), text)
    return _Text(
        size=size, space=font.getlength(" "), words=tuple((word, font.getlength(word)) for word in text.split())
    )


def _lines(texts: list[_Text], width: float, step: float) -> list[_Line]:
    """All texts in `step` of their size, broken to `width` pixels."""
    return [line for text in texts for line in _broken(text, step, width)]


def _broken(text: _Text, step: float, width: float) -> Iterator[_Line]:
    """Lines no wider than `width`, broken between words; what is wider alone is set smaller."""
    size, room = text.size * step, width / step
    line, length = "", 0.0
    for word, wide in text.words:
        if line and length + text.space + wide > room:
            yield _fitted(line, size, width)
            line, length = word, wide
        else:
            line, length = f"{line} {word}".strip(), length + text.space + wide if line else wide
    yield _fitted(line, size, width)


def _fitted(text: str, size: float, width: float) -> _Line:
    font = fonts.plain(round(size), text)
    length = font.getlength(text)
    if length > width:
        font = fonts.plain(max(8, int(size * width / length)), text)
    return _Line(text=text, font=font, height=size * LEADING)


def _draw_hand(
    cover: Image.Image, draw: ImageDraw.ImageDraw, appearance: Appearance, area: tuple[int, int, int, int]
) -> None:
    """The drawing, the typed name or the mark, standing on the bottom of `area`."""
    left, top, right, bottom = area
    width, height = right - left, bottom - top
    if appearance.kind is AppearanceKind.DRAWN:
        _draw_ink(cover, appearance.ink, area)
    elif appearance.kind is AppearanceKind.TYPED:
        size = height * 0.62
        length = fonts.written(round(size), appearance.name).getlength(appearance.name)
        font = fonts.written(max(8, int(size * min(1.0, width / length))), appearance.name)
        draw.text((left, bottom - round(font.size * 0.3)), appearance.name, font=font, fill=255, anchor="ls")
    else:
        side, stroke = round(height * 0.72), max(3, height // 14)
        x, y = left + round(width * 0.04), bottom - round(height * 0.1) - side
        draw.line([(x, y), (x + side, y + side)], fill=255, width=stroke)
        draw.line([(x + side, y + round(side * 0.06)), (x + round(side * 0.05), y + side)], fill=255, width=stroke)


def _draw_ink(cover: Image.Image, ink: bytes, area: tuple[int, int, int, int]) -> None:
    from PIL import Image

    left, top, right, bottom = area
    with Image.open(io.BytesIO(ink), formats=["PNG"]) as drawing:
        scale = min((right - left) / drawing.width, (bottom - top) * 0.94 / drawing.height)
        fitted = drawing.resize(
            (max(1, round(drawing.width * scale)), max(1, round(drawing.height * scale))), Image.Resampling.BICUBIC
        )
    cover.paste(fitted, (left, bottom - fitted.height - round((bottom - top) * 0.02)))


@functools.lru_cache(maxsize=8)
def _emblem(side: int) -> Image.Image:
    """A ring with a check mark, drawn four times as large and made smaller: Pillow's circles are not smooth."""
    from PIL import Image, ImageDraw

    big = side * 4
    picture = Image.new("L", (big, big), 0)
    draw = ImageDraw.Draw(picture)
    draw.ellipse([big * 0.01, big * 0.01, big * 0.99, big * 0.99], outline=255, width=round(big * 0.028))
    draw.ellipse([big * 0.09, big * 0.09, big * 0.91, big * 0.91], outline=255, width=round(big * 0.012))
    check = [(big * 0.3, big * 0.53), (big * 0.44, big * 0.67), (big * 0.72, big * 0.34)]
    draw.line(check, fill=255, width=round(big * 0.075), joint="curve")
    return picture.resize((side, side), Image.Resampling.LANCZOS)


def _plate(cover: Image.Image, hand: tuple[int, int, int, int]) -> Plate:
    """Whatever lies in the hand's area is ink-coloured, the rest is text-coloured."""
    from PIL import Image, ImageDraw

    choice = Image.new("1", cover.size, 0)
    ImageDraw.Draw(choice).rectangle(hand, fill=1)
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
