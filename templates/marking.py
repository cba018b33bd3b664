"""The words *not reviewed by counsel* on a form that counsel has not read.

Danger: a paper made for training looks like one that counts. Invariant: the words are put in by the program, first on
the first page, whatever the form itself holds; no author can leave them out.
"""

from __future__ import annotations

import functools
from typing import Any

from lxml import etree  # type: ignore[import-untyped]  # it has no stubs

from rules.vocabulary import Language
from templates.lint.paper import Paper, W
from templates.lint.repair import as_xml, packed

NOT_REVIEWED = {
    Language.EN: "Not reviewed by counsel. For training only.",
    Language.ES: "Sin revisión de un abogado (not reviewed by counsel). Solo para capacitación.",
}
_BODY = "word/document.xml"


@functools.lru_cache(maxsize=32)
def marked(docx: bytes, language: Language) -> bytes:
    """The form with the words above everything else; the same bytes for the same form."""
    paper = Paper(docx)
    document = paper.root(_BODY)
    document.find(f"{W}body").insert(0, _paragraph(NOT_REVIEWED[language]))
    return packed(dict(paper.parts) | {_BODY: as_xml(document)})


def _paragraph(words: str) -> Any:
    paragraph = etree.Element(f"{W}p")
    properties = etree.SubElement(paragraph, f"{W}pPr")
    spacing = etree.SubElement(properties, f"{W}spacing")
    spacing.set(f"{W}before", "0")
    spacing.set(f"{W}after", "60")
    run = etree.SubElement(paragraph, f"{W}r")
    look = etree.SubElement(run, f"{W}rPr")
    etree.SubElement(look, f"{W}b")
    color = etree.SubElement(look, f"{W}color")
    color.set(f"{W}val", "7A1F1F")
    for name in ("sz", "szCs"):
        etree.SubElement(look, f"{W}{name}").set(f"{W}val", "18")
    etree.SubElement(run, f"{W}t").text = words
    return paragraph
