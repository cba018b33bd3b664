"""What is to stay together on a page stays together, in LibreOffice too.

Before LibreOffice lays a document out it spreads it over provisional pages by counting: 25 paragraphs a page, 20 where
it takes the document for a long one, each row of a table as a paragraph (`SwLayHelper`, in 7.4 as ever since, file
sw/source/core/layout/laycache.cxx). Each paragraph then moves to where there is room. Danger: where such a count ends
right behind a paragraph that is to stay with the next, and the true page ends there too, nobody looks again: a heading
is left as the last line of a page, a signature place is torn off its words. Which one it is changes with every line of
data. Invariant: in what is handed to LibreOffice no count ends inside of such a group; hidden paragraphs before it,
which have neither height nor tag nor words, are counted in its stead.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lxml import etree  # type: ignore[import-untyped]  # it has no stubs

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_PARAGRAPH, _STYLE, _KEEP, _BREAK = (f"{W}{name}" for name in ("p", "pStyle", "keepNext", "pageBreakBefore"))
COUNTS = (25, 20)
"""Paragraphs on a provisional page: usually, and where LibreOffice guesses more than a hundred in the document."""


@dataclass(frozen=True, slots=True)
class Styles:
    """What a form's paragraph styles say of staying together."""

    kept: frozenset[str]
    """Styles whose paragraphs stay with the next."""
    breaking: frozenset[str]
    """Styles whose paragraphs begin a page."""
    usual: str
    """The style of a paragraph that names none."""


@dataclass(frozen=True, slots=True)
class _Block:
    """A paragraph or a table of the body."""

    element: Any
    weight: int
    """As how many paragraphs it is counted."""
    keeps: bool
    """Does it stay with the next?"""
    new_page: bool
    """Does it begin a page by itself?"""


def styles_of(styles: Any) -> Styles:
    """Read the styles part of a Word file (its root element)."""
    by_id = {style.get(f"{W}styleId"): style for style in styles.iter(f"{W}style")}
    usual = next((name for name, style in by_id.items() if _is_usual(style)), "")
    return Styles(
        kept=frozenset(name for name in by_id if _said(by_id, name, "keepNext")),
        breaking=frozenset(name for name in by_id if _said(by_id, name, "pageBreakBefore")),
        usual=usual,
    )


def keep_together(body: Any, styles: Styles) -> int:
    """Put hidden paragraphs into a filled body where a count would end inside of a group. Returns how many."""
    # what each way of counting has come to; the first block of all is never too many
    paged = {next(mark.iterancestors(_PARAGRAPH)) for mark in body.iter(f"{W}br") if mark.get(f"{W}type") == "page"}
    blocks = [replace(block, new_page=True) if block.element in paged else block for block in _blocks(body, styles)]
    counts = [1 - blocks[0].weight for _ in COUNTS] if blocks else []
    hidden = 0
    for group in _groups(blocks):
        more = _room(counts, group)
        for _ in range(more):
            group[0].element.addprevious(_hidden())
        hidden += more
        counts = [_over(_past(count, more, most), most, group)[0] for count, most in zip(counts, COUNTS, strict=True)]
    return hidden


def _room(counts: Sequence[int], group: Sequence[_Block]) -> int:
    """How many hidden paragraphs the group needs before it, so that no way of counting ends inside; where none can be
    had, so that the usual one does not."""
    if len(group) == 1:
        return 0  # nothing to tear
    for ways in (len(COUNTS), 1):
        for more in range(max(COUNTS) + 2):
            if not any(
                _over(_past(count, more, most), most, group)[1]
                for count, most in zip(counts[:ways], COUNTS[:ways], strict=True)
            ):
                return more
    return 0


def _past(count: int, more: int, most: int) -> int:
    """The count after so many more paragraphs."""
    for _ in range(more):
        count = 0 if count + 1 > most else count + 1
    return count


def _over(count: int, most: int, group: Sequence[_Block]) -> tuple[int, bool]:
    """The count behind the group, and whether it ended inside."""
    torn = False
    for number, block in enumerate(group):
        count += block.weight
        if block.new_page or count > most:
            torn |= number > 0 and not block.new_page
            count = 0
    return count, torn


def _groups(blocks: Sequence[_Block]) -> Iterator[list[_Block]]:
    """Blocks that stay with the next together with it; every other for itself."""
    group: list[_Block] = []
    for block in blocks:
        group.append(block)
        if not block.keeps:
            yield group
            group = []
    if group:
        yield group


def _blocks(parent: Any, styles: Styles) -> Iterator[_Block]:
    for child in parent:
        if child.tag == _PARAGRAPH:
            yield _paragraph(child, styles)
        elif child.tag == f"{W}tbl":
            yield _Block(child, len(child.findall(f"{W}tr")), keeps=False, new_page=False)
        elif child.tag in (f"{W}sdt", f"{W}sdtContent"):
            yield from _blocks(child, styles)


def _paragraph(paragraph: Any, styles: Styles) -> _Block:
    first = paragraph[0] if len(paragraph) else None
    own = {one.tag: one for one in first} if first is not None and first.tag == f"{W}pPr" else {}
    style = own[_STYLE].get(f"{W}val") if _STYLE in own else styles.usual
    keeps = _is_on(own[_KEEP]) if _KEEP in own else style in styles.kept
    new_page = _is_on(own[_BREAK]) if _BREAK in own else style in styles.breaking
    return _Block(paragraph, 1, keeps, new_page)


def _said(by_id: dict[str, Any], name: str, what: str) -> bool:
    """Does the style say it, or the nearest that it is based on and that says anything?"""
    seen: set[str] = set()
    while name in by_id and name not in seen:
        seen.add(name)
        said = by_id[name].find(f"{W}pPr/{W}{what}")
        if said is not None:
            return _is_on(said)
        based = by_id[name].find(f"{W}basedOn")
        name = "" if based is None else based.get(f"{W}val")
    return False


def _is_on(element: Any) -> bool:
    return element.get(f"{W}val", "true") not in ("0", "false", "off")


def _is_usual(style: Any) -> bool:
    return style.get(f"{W}type") == "paragraph" and style.get(f"{W}default") in ("1", "true", "on")


def _hidden() -> Any:
    """A paragraph whose mark is hidden: Word hides it too."""
    paragraph = etree.Element(f"{W}p")
    properties = etree.SubElement(paragraph, f"{W}pPr")
    spacing = etree.SubElement(properties, f"{W}spacing")
    for side in ("before", "after"):
        spacing.set(f"{W}{side}", "0")
    etree.SubElement(etree.SubElement(properties, f"{W}rPr"), f"{W}vanish")
    return paragraph
