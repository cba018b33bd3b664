"""A Word file as its author sees it: parts, paragraphs and where each of them lies.

Danger: XML of strangers. Invariant: `templates.package` has looked at the file before; nothing is resolved and nothing
is fetched; a part that is not XML is an error with its name.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

from lxml import etree  # type: ignore[import-untyped]  # it has no stubs

from templates import place
from templates.errors import FormCode, FormError, Place

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph, with its own words only (a text box inside it has paragraphs of its own)."""

    part: str
    """The part a person sees it in, and where: ``body, table 2 row 3 cell 1``, ``body, text box``, ``footer 1``."""
    number: int
    """Its number in the part, from 1, as Confide counts everywhere."""
    nodes: tuple[Any, ...] = field(repr=False)
    """Its text elements (``w:t``), in order."""
    element: Any = field(repr=False)

    @property
    def text(self) -> str:
        """Its words, tags of the form included."""
        return "".join(node.text or "" for node in self.nodes)

    @property
    def style(self) -> str:
        """The id of its style; "" when it has none."""
        found = self.element.find(f"{W}pPr/{W}pStyle")
        return "" if found is None else str(found.get(f"{W}val"))

    @property
    def in_table(self) -> bool:
        """True for what stands in a cell."""
        return ", table " in self.part

    def place(self, wanted: str = "") -> Place:
        """Where it is, with the words around `wanted`."""
        return Place(part=self.part, paragraph=self.number, words=place.around(self.text, wanted))


class Paper:
    """The parts of one Word file."""

    def __init__(self, docx: bytes) -> None:
        with zipfile.ZipFile(io.BytesIO(docx)) as package:
            self.parts: Mapping[str, bytes] = MappingProxyType(
                {name: package.read(name) for name in package.namelist()}
            )
        self._roots: dict[str, Any] = {}

    def root(self, name: str) -> Any:
        """The parsed part, or None when the file has none of that name. Raises FormError when it is no XML."""
        if name not in self.parts:
            return None
        if name not in self._roots:
            try:
                self._roots[name] = etree.fromstring(self.parts[name], _PARSER)
            except etree.XMLSyntaxError:
                raise FormError(
                    FormCode.NOT_A_WORD_FILE,
                    "A part of the file is damaged.",
                    "Open it in Word and save it again as a Word document (.docx).",
                    place=Place(part=place.told_as(name)),
                ) from None
        return self._roots[name]

    @cached_property
    def told(self) -> tuple[str, ...]:
        """Names of the parts whose words are printed: the body first."""
        names = [name for name in self.parts if place.is_told_name(name) and not name.endswith("comments.xml")]
        return tuple(sorted(names, key=lambda name: (not name.endswith("document.xml"), name)))

    @cached_property
    def paragraphs(self) -> tuple[Paragraph, ...]:
        """Every paragraph that is printed, part by part."""
        return tuple(one for name in self.told for one in self._paragraphs(name))

    def _paragraphs(self, name: str) -> Iterator[Paragraph]:
        root, told = self.root(name), place.told_as(name)
        tables = {table: number for number, table in enumerate(root.iter(f"{W}tbl"), start=1)}
        for number, element in enumerate(root.iter(f"{W}p"), start=1):
            if next(element.iterancestors(_FALLBACK), None) is not None:
                continue  # what an old Word shows instead of a text box: the same words again
            nodes = tuple(node for node in element.iter(f"{W}t") if next(node.iterancestors(f"{W}p")) is element)
            yield Paragraph(f"{told}{_where(element, tables)}", number, nodes, element)


def _where(element: Any, tables: Mapping[Any, int]) -> str:
    for above in element.iterancestors():
        if above.tag == f"{W}txbxContent":
            return ", text box"
        if above.tag == f"{W}tc":
            row = above.getparent()
            table = next(above.iterancestors(f"{W}tbl"))
            rows = list(table.iter(f"{W}tr"))
            cells = list(row.iter(f"{W}tc"))
            return f", table {tables[table]} row {rows.index(row) + 1} cell {cells.index(above) + 1}"
    return ""
