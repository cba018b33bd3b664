"""Where in the Word form a mistake is, in the words of the person who wrote the form.

Jinja tells a line of XML, which helps nobody. Here the line becomes "body, paragraph 12, near “Name: {{ client.nmae
}}”". Invariant: only the text of the *form* is quoted, never the filled one.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType

from templates.errors import Place

MAX_WORDS = 90
"""Characters quoted around a place."""

_TAGS = re.compile(r"<[^>]*>")
_PARAGRAPH = re.compile(r"<w:p[ >]")
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


_TOLD = re.compile(r"(?:^|/)(document|header|footer|footnotes|endnotes|comments)(\d*)\.xml$")
DOCUMENT_PROPERTIES = "document properties"


def part_name(part: object | None) -> str:
    """What a person calls the python-docx ``part``: ``body``, ``header 1`` …; None is the document properties."""
    return DOCUMENT_PROPERTIES if part is None else told_as(str(getattr(part, "partname", "")))


def told_as(name: str) -> str:
    """What a person calls the part that lies in the file as ``name`` (``word/header1.xml``)."""
    found = _TOLD.search(name)
    if not found:
        return "document"
    kind, number = found.groups()
    return "body" if kind == "document" else f"{kind} {number}".strip()


def is_told(part: object) -> bool:
    """Does the part hold words that are printed?"""
    return is_told_name(str(getattr(part, "partname", "")))


def is_told_name(name: str) -> bool:
    """Does the part that lies in the file as ``name`` hold words?"""
    return bool(_TOLD.search(name))


def template_line(traceback: TracebackType | None) -> int | None:
    """The line of the form's source at which an error was raised, from 1, or None."""
    line = None
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == "<template>":
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return line


def paragraph_texts(root: object) -> list[str]:
    """The text of every paragraph under ``root`` (an lxml element), in the order of the document."""
    return ["".join(_texts(paragraph)) for paragraph in root.iter(f"{_W}p")]  # type: ignore[attr-defined]


def paragraph_depths(root: object) -> list[int]:
    """How deep in tables every paragraph of ``paragraph_texts`` lies."""
    return [sum(1 for _ in paragraph.iterancestors()) for paragraph in root.iter(f"{_W}p")]  # type: ignore[attr-defined]


def _texts(paragraph: object) -> Iterator[str]:
    for node in paragraph.iter(f"{_W}t", f"{_W}tab", f"{_W}br"):  # type: ignore[attr-defined]
        yield (node.text or "") if node.tag == f"{_W}t" else " "


def find(part: str, paragraphs: Sequence[str], source: str, line: int | None, wanted: str) -> Place:
    """The place of ``wanted`` (a name or tag of the form) in ``part``.

    ``source`` is what Jinja compiled, one line a paragraph, and ``line`` the line in it that failed. Statements that
    stand alone in their paragraph are gone from ``source``, so the line only chooses among the paragraphs that fit.
    """
    before = "\n".join(source.split("\n")[: line or 0])
    expected = max(len(_PARAGRAPH.findall(before)) - 1, 0)
    fitting = [number for number, text in enumerate(paragraphs) if wanted and wanted in text]
    if fitting:
        number = min(fitting, key=lambda one: (one < expected, abs(one - expected)))
        return Place(part=part, paragraph=number + 1, words=around(paragraphs[number], wanted))
    told = _TAGS.sub("", before.rpartition("\n")[2]).strip()
    if line is None or not told:
        return Place(part=part)
    same = [number for number, text in enumerate(paragraphs) if text.strip() == told]
    nearest_one = min(same, key=lambda one: abs(one - expected)) + 1 if same else None
    return Place(part=part, paragraph=nearest_one, words=around(told, wanted))


def around(text: str, wanted: str) -> str:
    """At most ``MAX_WORDS`` characters of ``text`` around ``wanted``, on one line."""
    text = " ".join(text.split())
    wanted = " ".join(wanted.split())
    if len(text) <= MAX_WORDS:
        return text
    middle = max(text.find(wanted), 0) + len(wanted) // 2
    start = min(max(middle - MAX_WORDS // 2, 0), len(text) - MAX_WORDS)
    piece = text[start : start + MAX_WORDS]
    return f"{'…' if start else ''}{piece}{'…' if start + MAX_WORDS < len(text) else ''}"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that ``name`` was probably meant to be, or None."""
    close = difflib.get_close_matches(name, sorted(set(known)), n=1, cutoff=0.6)
    return close[0] if close else None
