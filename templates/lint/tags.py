"""The tags of a form as Word keeps them: split into pieces, with curly quotes, with a brace missing.

Word cuts a word into pieces at every correction, and turns quotes to curly ones while one types. Danger: the tag looks
whole to its author and is not. Invariant: what is looked at is the text as it is kept, piece by piece.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from templates.lint.paper import Paper, Paragraph
from templates.lint.remark import Check, Remark, block, warn

TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
CURLY = {"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'", "‚": "'"}
"""Quotes that Word makes, and what the language of forms wants."""
_HALF = re.compile(r"\{\s*[{%]|[}%]\s*\}")


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag in a paragraph."""

    start: int
    end: int
    """Characters of the paragraph's own text."""
    text: str
    pieces: int
    """Text elements it lies in."""


def tags_of(paragraph: Paragraph) -> Iterator[Tag]:
    """Every whole tag of a paragraph."""
    ends, at = [], 0
    for node in paragraph.nodes:
        at += len(node.text or "")
        ends.append(at)
    for found in TAG.finditer(paragraph.text):
        first = next(number for number, end in enumerate(ends) if found.start() < end)
        last = next(number for number, end in enumerate(ends) if found.end() <= end)
        yield Tag(found.start(), found.end(), found.group(), last - first + 1)


def look(paper: Paper) -> Iterator[Remark]:
    """What is wrong with the tags of every paragraph."""
    for paragraph in paper.paragraphs:
        text = paragraph.text
        if "{" not in text and "}" not in text:
            continue
        tags = list(tags_of(paragraph))
        for tag in tags:
            if tag.pieces > 1:
                yield warn(
                    Check.SPLIT_TAG,
                    paragraph.place(tag.text),
                    f"Word keeps the tag “{tag.text}” in {tag.pieces} pieces.",
                    "Type it again in one go, or let --repair put it together.",
                )
            if any(sign in tag.text for sign in CURLY):
                yield warn(
                    Check.CURLY_QUOTE,
                    paragraph.place(tag.text),
                    f"The tag “{tag.text}” holds curly quotes.",
                    "Type straight quotes, or let --repair do it.",
                )
        half = _HALF.search(TAG.sub("", text))
        if half:
            yield block(
                Check.BROKEN_TAG,
                paragraph.place(half.group()),
                f"A tag is not whole: “{half.group()}” has no other half in this paragraph.",
                "Write {{ field }} or {% statement %}, all of it in one paragraph, no blank between the two signs.",
            )
