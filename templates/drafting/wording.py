"""Reads the texts of a form: one YAML file a language, parsed once into blocks.

Danger: a block that is silently skipped is a clause the client never saw. Invariant: every key of a text file is known
here; an unknown or missing one stops the drafting with its place.

A line may hold `**strong**` words and docxtpl tags (`{{ client.name }}`). `when:` is a condition on the fields, `each:`
a loop (`category in categories`); `style: verbatim` marks words that are dictated, `language:` another language's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

TEXTS: Final = Path(__file__).parent / "texts"
"""Of the forms that clients are given."""
PAPERS: Final = Path(__file__).parent / "papers"
"""Of the papers of the house."""


class WordingError(ValueError):
    """A text file of a form cannot be read as blocks; the message says where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One paragraph."""

    text: str
    when: str = ""
    """Condition on the fields, or "" for always."""
    each: str = ""
    """Loop over a list field, or ""."""
    choice: bool = False
    """A ticked item of the controlled lists."""
    verbatim: bool = False
    """Words that law or a code of ethics dictates: set apart, and not to be edited."""
    language: str = ""
    """Language of the line where it is not the form's, so that a screen reader reads it right."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One row of the key facts."""

    label: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """The key facts at the top: a head row of two cells, then one row a question, and a note below."""

    head: tuple[str, str]
    rows: tuple[Fact, ...]
    note: str


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of the second level."""

    text: str
    when: str = ""
    new_page: bool = False
    """It begins a page: a signature block that nearly fits is torn by LibreOffice 7.4, whatever is chained to it."""


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph of running text."""

    line: Line


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list."""

    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where one role signs."""

    role: str
    label: str
    when: str = ""
    """Condition on the fields, or "" for always; it stands at the right of the place before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signatures:
    """The last block: declaration, places, and what stands below. Never split over pages."""

    heading: str
    lines: tuple[Line, ...]
    places: tuple[Place, ...]
    end: Line


Block = Facts | Heading | Text | Bullets | Signatures


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """Everything a form says in one language."""

    form_id: str
    language: str
    title: str
    lead: str
    footer: tuple[str, str, str]
    """Left, middle, right of the footer; `{page}` and `{pages}` become page numbers."""
    blocks: tuple[Block, ...]


def read(form_id: str, language: str, folder: Path = TEXTS) -> Wording:
    """Parse `<folder>/<form_id>.<language>.yaml`.

    :raises WordingError: the file is missing or has an unknown shape.
    """
    path = folder / f"{form_id}.{language}.yaml"
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise WordingError(f"{path.name}: cannot be read ({type(error).__name__}).") from error
    top = _mapping(raw, path.name, {"title", "lead", "footer", "blocks"})
    footer = [str(item) for item in _items(top["footer"], path.name)]
    if len(footer) != 3:
        raise WordingError(f"{path.name}: the footer needs three parts.")
    return Wording(
        form_id=form_id,
        language=language,
        title=str(top["title"]),
        lead=str(top["lead"]),
        footer=(footer[0], footer[1], footer[2]),
        blocks=tuple(
            _block(item, f"{path.name}, block {n}") for n, item in enumerate(_items(top["blocks"], path.name), 1)
        ),
    )


def _mapping(raw: object, place: str, keys: set[str], optional: frozenset[str] = frozenset()) -> Mapping[str, object]:
    if not isinstance(raw, dict):
        raise WordingError(f"{place}: expected a mapping.")
    unknown, missing = set(raw) - keys - optional, keys - set(raw)
    if unknown or missing:
        raise WordingError(f"{place}: unknown {sorted(map(str, unknown))}, missing {sorted(missing)}.")
    return raw


def _block(raw: object, place: str) -> Block:
    if not isinstance(raw, dict) or not raw:
        raise WordingError(f"{place}: expected a mapping.")
    kind = next(iter(raw))
    match kind:
        case "facts":
            body = _mapping(raw["facts"], place, {"head", "rows", "note"})
            left, right = (str(item) for item in _items(body["head"], place))
            rows = tuple(_fact(item, place) for item in _items(body["rows"], place))
            return Facts((left, right), rows, str(body["note"]))
        case "heading":
            body = _mapping(raw, place, {"heading"}, frozenset({"when", "new_page"}))
            return Heading(str(body["heading"]), str(body.get("when", "")), bool(body.get("new_page", False)))
        case "text":
            return Text(_line(raw, place))
        case "bullets":
            body = _mapping(raw, place, {"bullets"})
            return Bullets(tuple(_line(item, place) for item in _items(body["bullets"], place)))
        case "signatures":
            body = _mapping(raw["signatures"], place, {"heading", "lines", "places", "end"})
            raw_places = _items(body["places"], place)
            places = [_mapping(item, place, {"role", "label"}, frozenset({"when"})) for item in raw_places]
            return Signatures(
                heading=str(body["heading"]),
                lines=tuple(_line(item, place) for item in _items(body["lines"], place)),
                places=tuple(
                    Place(str(item["role"]), str(item["label"]), str(item.get("when", ""))) for item in places
                ),
                end=_line(body["end"], place),
            )
        case _:
            raise WordingError(f"{place}: unknown kind of block {kind!r}.")


def _items(raw: object, place: str) -> list[object]:
    if not isinstance(raw, list) or not raw:
        raise WordingError(f"{place}: expected a list that is not empty.")
    return raw


def _fact(raw: object, place: str) -> Fact:
    body = _mapping(raw, place, {"label", "lines"})
    lines = tuple(_line(item, f"{place}, {body['label']}") for item in _items(body["lines"], place))
    if all(line.when for line in lines):
        # a table cell that loses all its paragraphs is a file that Word calls damaged
        raise WordingError(f"{place}, {body['label']}: one line of a fact must always stand.")
    return Fact(str(body["label"]), lines)


def _line(raw: object, place: str) -> Line:
    if isinstance(raw, str):
        return Line(text=raw)
    body = _mapping(raw, place, {"text"}, frozenset({"when", "each", "choice", "style", "language"}))
    if body.get("style", "verbatim") != "verbatim":
        raise WordingError(f"{place}: the only style of a line is verbatim.")
    return Line(
        text=str(body["text"]),
        when=str(body.get("when", "")),
        each=str(body.get("each", "")),
        choice=bool(body.get("choice", False)),
        verbatim="style" in body,
        language=str(body.get("language", "")),
    )
