"""No finished paper prints a box, or nothing, in place of a letter.

LibreOffice draws a character that no installed font has as the first glyph of some font, `.notdef`: an empty box, in
a few fonts (Liberation Serif) nothing at all. The text of the PDF still says the character, so a search of its words
finds a name that nobody can read. Danger: a client signs a paper that names boxes. Invariant: the glyphs themselves are
looked at, in every embedded font of what was rendered; a font of a kind that cannot be looked at is refused too. A
mark over or under a letter leaves no trace at all, in glyphs or text, where no font has it: for those the values are
compared with what the installed fonts have. An error never tells which characters of a person's field they are
(`templates.coverage`).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pikepdf
from pikepdf import Dictionary

from templates import coverage
from templates.errors import FormCode, FormError
from templates.plain import each_text, spelled

_UNNAMED = re.compile(rb"dup (\d+) ?/\.notdef put")
_MEANT = re.compile(rb"<([0-9A-Fa-f]{2})>\s*<([0-9A-Fa-f]+)>")
_MARKED = "\ufeff".encode("utf-16-be")


def refuse_boxes(document: pikepdf.Pdf, values: Mapping[str, object] | None) -> None:
    """Nothing when every character has a glyph (0.3 ms a page); else FormError `text_unprintable`.

    `values`: what the form was filled with, to tell the fields; None where that is not known.
    """
    empty = {key: (font, codes) for key, font in _fonts(document) if (codes := _notdef_codes(font))}
    characters = _characters(document, empty) if empty else None
    if characters is not None:
        raise _refused(characters, values)
    if lost := coverage.without_font(values or {}):
        raise _unprintable([f"{field} ({coverage.told(field, marks)})" for field, marks in lost.items()])


def _fonts(document: pikepdf.Pdf) -> Iterator[tuple[tuple[int, int], Any]]:
    """Every font of every page, each once."""
    seen = set()
    for page in document.pages:
        for font in dict(page.resources.get("/Font", Dictionary())).values():
            if font.objgen not in seen:
                seen.add(font.objgen)
                yield font.objgen, font


def _notdef_codes(font: Any) -> frozenset[int]:
    """The codes that the text calls this font's `.notdef` by. Raises FormError for a font that cannot be looked at."""
    descriptor = font.get("/FontDescriptor", Dictionary())
    if font.get("/Subtype") == "/TrueType" and "/FontFile2" in descriptor:
        codes = _like_the_first(descriptor.FontFile2.read_bytes(), int(font.LastChar))
        if codes is not None:
            return codes
    if font.get("/Subtype") == "/Type1" and "/FontFile" in descriptor:
        # its encoding stands in clear, and names every glyph
        return frozenset(int(code) for code in _UNNAMED.findall(descriptor.FontFile.read_bytes()))
    raise FormError(
        FormCode.RENDER_FAILED,
        "LibreOffice put a font into the PDF that cannot be searched for missing letters.",
        "Set the form in a TrueType or OpenType font, such as Carlito; use the LibreOffice of Debian 12.",
    )


def _like_the_first(font: bytes, last: int) -> frozenset[int] | None:
    """The codes from 1 to `last` whose glyph is drawn as glyph 0 is; None for a font that is built otherwise.

    LibreOffice embeds of a font what is printed, `.notdef` once more where it is. (OpenType, `cmap`, `loca`, `glyf`.)
    """
    tables: dict[bytes, bytes] = {}
    (count,) = struct.unpack_from(">H", font, 4)
    for number in range(count):
        tag, _, offset, length = struct.unpack_from(">4sIII", font, 12 + 16 * number)
        tables[tag] = font[offset : offset + length]
    if not {b"cmap", b"head", b"loca", b"glyf"} <= tables.keys():
        return None
    glyph_of = _glyphs_of(tables[b"cmap"])
    if glyph_of is None:
        return None
    wide = struct.unpack_from(">h", tables[b"head"], 50)[0] == 1
    places, outlines = tables[b"loca"], tables[b"glyf"]
    found = struct.unpack(f">{len(places) // 4}I", places) if wide else struct.unpack(f">{len(places) // 2}H", places)
    starts = found if wide else tuple(2 * place for place in found)
    first = outlines[starts[0] : starts[1]]
    alike = {glyph for glyph in range(len(starts) - 1) if outlines[starts[glyph] : starts[glyph + 1]] == first}
    return frozenset(code for code in range(1, last + 1) if glyph_of.get(code, 0) in alike)


def _glyphs_of(table: bytes) -> dict[int, int] | None:
    """Of a `cmap` the glyph of every code, in the two ways that LibreOffice 7.4 writes it: format 0, and with more than
    255 outlines format 6."""
    count, _, _, offset = struct.unpack_from(">HHHI", table, 2)
    (written,) = struct.unpack_from(">H", table, offset)
    if count != 1 or written not in (0, 6):
        return None
    if written == 0:
        return dict(enumerate(table[offset + 6 : offset + 262]))
    first, entries = struct.unpack_from(">HH", table, offset + 6)
    return dict(enumerate(struct.unpack_from(f">{entries}H", table, offset + 10), start=first))


# --- only where something is missing ----------------------------------------------------------------------------------


def _characters(
    document: pikepdf.Pdf, empty: Mapping[tuple[int, int], tuple[Any, frozenset[int]]]
) -> frozenset[str] | None:
    """What the text says where it draws nothing of its own; None where that is only spaces and the like.

    A space is drawn as a `.notdef` without lines is.
    """
    meant = {(key, code): "" for key, (_, codes) in empty.items() for code in codes}
    for key, (font, codes) in empty.items():
        meant |= {(key, code): words for code, words in _meanings(font).items() if code in codes}
    said: dict[tuple[tuple[int, int], int], set[str]] = {place: set() for place in meant}
    for page in document.pages:
        fonts = {name: font.objgen for name, font in dict(page.resources.get("/Font", Dictionary())).items()}
        for key, code, words in _shown(page, fonts):
            if (key, code) in said:
                said[key, code].add(meant[key, code] if words is None else words)
    # shown nowhere on a page itself: then in a drawing, by what the font says
    every = [words or {meant[place]} for place, words in said.items()]
    found = frozenset(one for words in every for text in words for one in text if not coverage.is_blank(one))
    return found if found or any("" in words for words in every) else None


def _shown(
    page: pikepdf.Page, fonts: Mapping[str, tuple[int, int]]
) -> Iterator[tuple[tuple[int, int], int, str | None]]:
    """Every code that is shown, with its font and what the text around it says that it is (`ActualText`)."""
    key: tuple[int, int] = (0, 0)
    said: list[str | None] = []
    for instruction in pikepdf.parse_content_stream(page):
        name, operands = str(instruction.operator), list(instruction.operands)
        if name == "Tf":
            key = fonts[str(operands[0])]
        elif name in ("BMC", "BDC"):
            own = operands[1].get("/ActualText") if len(operands) > 1 and isinstance(operands[1], Dictionary) else None
            said.append(_text(bytes(own)) if own is not None else (said[-1] if said else None))
        elif name == "EMC":
            said.pop()
        elif name in ("Tj", "TJ", "'", '"'):
            for piece in operands[-1] if name == "TJ" else operands[-1:]:
                if isinstance(piece, pikepdf.String):
                    yield from ((key, code, said[-1] if said else None) for code in bytes(piece))


def _meanings(font: Any) -> dict[int, str]:
    if "/ToUnicode" not in font:
        return {}
    pairs = _MEANT.findall(font.ToUnicode.read_bytes().partition(b"beginbfchar")[2])
    return {int(code, 16): bytes.fromhex(said.decode()).decode("utf-16-be", "replace") for code, said in pairs}


def _text(raw: bytes) -> str:
    return (
        raw.removeprefix(_MARKED).decode("utf-16-be", "replace") if raw.startswith(_MARKED) else raw.decode("latin-1")
    )


def _refused(characters: frozenset[str], values: Mapping[str, object] | None) -> FormError:
    left, places = characters, []
    for text, field in each_text(values or {}).items():
        written = spelled(text)
        if here := {one for one in characters if spelled(one) & written}:
            left -= here
            places.append(f"{field} ({coverage.told(field, here)})")
    if left or not places:
        where = "the paper" if places or values is None else "the form's own words"
        places.append(f"{where} ({coverage.told('', left)})" if left else where)
    return _unprintable(places)


def _unprintable(places: Sequence[str]) -> FormError:
    return FormError(
        FormCode.TEXT_UNPRINTABLE,
        "No installed font has all letters of this paper, and empty boxes, or nothing, would be printed for them: "
        f"{'; '.join(places)}.",
        coverage.REMEDY,
    )
