"""A form as text: every sentence in order, fields as they are written, so that a change of a form can be read.

A Word file cannot be compared by eye, nor in a review. Invariant: whatever is printed is in the snapshot, part by part,
a sentence a line; two forms with one snapshot say the same.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping

import yaml

from templates.lint.paper import Paper, Paragraph, W

_SENTENCE_END = re.compile(r"(?<=[.!?])(?<!\b[A-Z]\.)\s+(?=[^\W\d_]|[¿¡“\"{(])")
_PICTURE = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}docPr"
_HEADINGS = re.compile(r"Heading(\d)")


def snapshot(docx: bytes) -> str:
    """The text of a form. Raises FormError when it cannot be read."""
    lines: list[str] = []
    part = ""
    for paragraph in Paper(docx).paragraphs:
        if paragraph.part != part:
            part = paragraph.part
            lines += ["", f"[{part}]"]
        lines += _said(paragraph)
    return "\n".join(lines).strip() + "\n"


def changes(before: str, after: str) -> tuple[str, ...]:
    """What is different between two snapshots, a line each, `-` gone and `+` new; empty when they say the same."""
    told = list(difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0))
    # two lines of file names come first; after them "--" may open a line of the form itself
    return tuple(line for line in told[2:] if not line.startswith("@@"))


def manifest_snapshot(manifest: bytes) -> str:
    """What a manifest says, a value a line and the whole way to it; comments, and order that changes nothing, left out.

    Read from its bytes, not from what was made of them: a key that is added one day is told without a thought.
    """
    return "".join(f"{line}\n" for line in _values(yaml.safe_load(manifest), ""))


def _values(value: object, way: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _values(inner, f"{way}, {key}" if way else str(key))
    elif isinstance(value, list) and all(isinstance(one, Mapping) for one in value):
        if any("role" in one for one in value):
            yield f"{way}: {', '.join(str(one.get('role')) for one in value)}"  # the order of signing
        for one in value:
            yield from _values(one, f"{way}, {one.get('role') or one.get('name')}")
    else:
        yield f"{way}: {' '.join(map(str, value)) if isinstance(value, list) else value}"


def _said(paragraph: Paragraph) -> Iterator[str]:
    text = " ".join("".join(_pieces(paragraph)).split())
    heading = _HEADINGS.match(paragraph.style)
    mark = f"{'#' * int(heading.group(1))} " if heading and text else ""
    for sentence in _SENTENCE_END.split(text) if text else ():
        yield f"{mark}{sentence}"
    for picture in paragraph.element.iter(_PICTURE):
        yield f"(picture: {picture.get('descr') or 'without words'})"


def _pieces(paragraph: Paragraph) -> Iterator[str]:
    for node in paragraph.element.iter(f"{W}t", f"{W}tab", f"{W}br", f"{W}instrText", f"{W}noBreakHyphen"):
        if next(node.iterancestors(f"{W}p")) is not paragraph.element:
            continue
        if node.tag == f"{W}t":
            yield node.text or ""
        elif node.tag == f"{W}instrText":
            yield f"({(node.text or '').strip()})"
        elif node.tag == f"{W}noBreakHyphen":
            yield "-"
        elif next(node.iterancestors(f"{W}r"), None) is not None:
            yield " "
