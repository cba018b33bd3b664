"""Which characters have a glyph in an installed font, and how those without one are told.

Danger: a name in letters that no font has prints as empty boxes, or as nothing, and reads as nobody's. Invariants: what
is told of a field that may be about a person is how many characters, and of which script, never which; what fontconfig
says is told across the desk, and the finished PDF is looked at all the same (`templates.boxes`).
"""

from __future__ import annotations

import shutil
import subprocess
import unicodedata
from bisect import bisect_right
from collections.abc import Collection, Mapping

from templates.plain import each_text

REMEDY = (
    "Install a font for its script and start Confide anew (docs/templates.md, “Letters and fonts”), "
    "or write it in Latin letters."
)
NOBODYS = ("agency", "organization", "form", "categories", "purposes")
"""The fields, by their first word, that say nothing about a person: their characters may be told by name."""

_EVERYWHERE = "\u024f"
"""Up to here the fonts of our own forms have every letter, and nobody needs to be asked."""
_UNSEEN = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})
_BLANK = "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
_SECONDS = 10.0


def is_blank(character: str) -> bool:
    """Is nothing to be seen of it where it is printed? (Spaces, joiners, variation selectors, fillers.)"""
    return (
        unicodedata.category(character) in _UNSEEN
        or character in _BLANK
        or "\ufe00" <= character <= "\ufe0f"
        or "\U000e0000" <= character <= "\U000e0fff"
    )


def without_font(data: Mapping[str, object]) -> dict[str, frozenset[str]]:
    """Of every field its characters that no installed font has; empty where fontconfig is not there to be asked.

    What is filled in twice is told once. Asks only where something beyond Latin letters was filled in (12 ms, on a
    machine with few fonts), and asks anew each time: a font that was installed meanwhile counts.
    """
    rare = {name: found for text, name in each_text(data).items() if (found := _rare(text))}
    if not rare:
        return {}
    fonts = _installed()
    if fonts is None:
        return {}
    lacking = {name: frozenset(one for one in found if not fonts.have(one)) for name, found in rare.items()}
    return {name: found for name, found in lacking.items() if found}


def told(field: str, characters: Collection[str]) -> str:
    """The characters as an error may tell them: by name where the field is nobody's, else their number and scripts."""
    if field.split(".")[0].removesuffix("[]") in NOBODYS:
        return ", ".join(f"U+{ord(one):04X} {unicodedata.name(one, 'without a name')}" for one in sorted(characters))
    scripts = sorted({unicodedata.name(one, "unknown").split()[0].partition("-")[0].lower() for one in characters})
    many = "1 character" if len(characters) == 1 else f"{len(characters)} characters"
    return f"{many}: {', '.join(scripts)}"


def _rare(text: str) -> frozenset[str]:
    if text.isascii() or max(text) <= _EVERYWHERE:
        return frozenset()
    # a letter and its mark are printed as the one letter that both make, where there is one
    composed = unicodedata.normalize("NFC", text)
    return frozenset(one for one in composed if one > _EVERYWHERE and not is_blank(one))


class _Fonts:
    """The characters of all installed fonts together, as ranges."""

    def __init__(self, ranges: Collection[tuple[int, int]]) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start, end in sorted(ranges):
            if self._ends and start <= self._ends[-1] + 1:
                self._ends[-1] = max(self._ends[-1], end)
            else:
                self._starts.append(start)
                self._ends.append(end)

    def have(self, character: str) -> bool:
        """Has one of them this character, or has one what it is made of?"""
        parts = unicodedata.normalize("NFD", character)
        # the hyphen that breaks no line is drawn as a hyphen
        drawn = "\u2010" if character == "\u2011" else character
        return self._has(drawn) or (parts != character and all(map(self._has, parts)))

    def _has(self, character: str) -> bool:
        place = bisect_right(self._starts, ord(character)) - 1
        return place >= 0 and ord(character) <= self._ends[place]


def _installed() -> _Fonts | None:
    """What fontconfig knows of for everybody: a person's own fonts are not those of the renderer."""
    program = shutil.which("fc-list")
    if program is None:
        return None
    try:
        answer = subprocess.run(
            [program, "--format", "%{charset}\\n", ":scalable=true"],
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=True,
            env={"LANG": "C.UTF-8", "HOME": "/nonexistent"},
        )
    except (OSError, subprocess.SubprocessError):
        return None  # nobody is kept from asking for a paper by that: the finished page is looked at
    ranges = set()
    for piece in answer.stdout.split():
        start, _, end = piece.partition("-")
        ranges.add((int(start, 16), int(end or start, 16)))
    return _Fonts(ranges)
