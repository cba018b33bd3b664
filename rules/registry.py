"""Reads a registry of receiving organizations from a CSV file, and judges every row by itself.

Danger: a whole registry is taken in one go, so one officer's name in it stands on a thousand statements, and a row that
is quietly dropped is an organization nobody can choose. Invariant: every row of the file is either an entry or is
refused with its line, its column, the rule and a remedy; nothing of the row is repeated, for it may name a person.

Columns: legal_name, unit, kind, address (its lines broken in the cell, or by semicolons). UTF-8, with or without a
byte order mark; commas; RFC 4180 quotes.
"""

from __future__ import annotations

import csv
import difflib
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rules.blanks import placeholders_among
from rules.finding import NO_PERSONS, FindingCode
from rules.individuals import individuals_in
from rules.vocabulary import OrganizationKind

COLUMNS = ("legal_name", "unit", "kind", "address")
REQUIRED = ("legal_name", "kind")
MAX_BYTES = 64 * 1024 * 1024
"""A larger file is no registry of organizations."""
MAX_SIGNS = 300
"""Longest name, unit or address line, in signs."""
_ADVISORY = "advisory, paragraph 2"
_HOUSE = "house: columns of a registry"
_FORMULA = ("=", "@", "|")


class RegistryError(ValueError):
    """A file that is no registry; nothing of it was taken. It tells the line, and nothing that stands there."""

    code = "bad_registry"

    def __init__(self, sentence: str, remedy: str) -> None:
        super().__init__(f"{sentence} {remedy}")
        self.sentence = sentence
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Entry:
    """One organization of the file."""

    line: int
    """Line of the file where the row starts, counted from 1; the header is line 1."""
    legal_name: str
    unit: str
    kind: OrganizationKind
    address: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RowRefusal:
    """Why one row is not taken."""

    line: int
    column: str
    """The column, or "" for the row as a whole."""
    code: FindingCode
    sentence: str
    remedy: str
    authority: str


def read_registry(data: bytes) -> tuple[tuple[Entry, ...], tuple[RowRefusal, ...]]:
    """The entries of the file and the rows that are refused, both in the file's order.

    What other rows, or the register, say against an entry is not judged here.

    Raises:
        RegistryError: the file as a whole cannot be read.
    """
    refused: list[RowRefusal] = []
    return tuple(Sheet(data).entries(refused.append)), tuple(refused)


class Sheet:
    """A registry's file, found readable as a whole; its rows are judged one by one, as they are asked for.

    What is read of a file of a hundred thousand rows is the file itself and the row in hand.
    """

    def __init__(self, data: bytes) -> None:
        """Raises `RegistryError` where the file as a whole cannot be read: before any row is judged."""
        self._text = _decoded(data)
        self._columns, rows = _rows(self._text)
        self.rows = sum(1 for _ in rows)
        """How many rows hold something, the header left out."""
        if not self.rows:
            raise RegistryError("The file holds a header and no organization.", "Add a row for each organization.")

    def entries(
        self, refused: Callable[[RowRefusal], object], read: Callable[[int], object] = lambda _: None
    ) -> Iterator[Entry]:
        """The good rows in their order; `refused` is told of every refusal, `read` how many rows were looked at."""
        _, rows = _rows(self._text)
        for number, (line, cells) in enumerate(rows, start=1):
            read(number)
            found = _row(line, cells, self._columns)
            refusals = [one for one in found if isinstance(one, RowRefusal)]
            for one in refusals:
                refused(one)
            if not refusals:
                yield from (one for one in found if isinstance(one, Entry))


# --- the file ---------------------------------------------------------------------------------------------------------


def _decoded(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise RegistryError("The file is larger than any registry.", f"Split it: at most {MAX_BYTES >> 20} MiB each.")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise RegistryError("The file is written in UTF-16.", "Save it as CSV in UTF-8.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        line = data.count(b"\n", 0, wrong.start) + 1
        raise RegistryError(
            f"The file is not UTF-8: line {line} holds a sign of another encoding.", "Save it as CSV in UTF-8."
        ) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise RegistryError(f"The file is no text: line {line} holds a zero byte.", "Save it as CSV in UTF-8.")
    if not text.strip():
        raise RegistryError("The file is empty.", f"Write the columns {', '.join(COLUMNS)} and a row an organization.")
    return text


def _rows(text: str) -> tuple[tuple[str, ...], Iterator[tuple[int, list[str]]]]:
    rows = _numbered(text)
    _, header = next(rows)
    return _columns(header), rows


def _numbered(text: str) -> Iterator[tuple[int, list[str]]]:
    """Rows that hold something, with the line each starts at."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        starts = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as wrong:
            quotes = "its quotation marks are wrong"
            why = "a quotation mark is not closed" if re.search("end of data|field larger", str(wrong)) else quotes
            raise RegistryError(
                f"The file cannot be read from the row that starts at line {starts} on: {why}.",
                'Put a cell that holds commas or quotes in quotes, and write each quote in it twice: "".',
            ) from None
        if any(cell.strip() for cell in cells):
            yield starts, cells


def _columns(header: Sequence[str]) -> tuple[str, ...]:
    columns = tuple(cell.strip().casefold().replace(" ", "_") for cell in header)
    if len(columns) == 1 and any(sign in columns[0] for sign in ";\t|"):
        raise RegistryError("The columns are not separated by commas.", "Save it as CSV with commas.")
    missing = [name for name in REQUIRED if name not in columns]
    unknown = [name for name in columns if name not in COLUMNS]
    doubled = sorted({name for name in columns if columns.count(name) > 1})
    if not (missing or unknown or doubled):
        return columns
    said = []
    if missing:
        said.append(f"missing: {', '.join(missing)}")
    if unknown:
        said.append(f"unknown: {len(unknown)} ({'; '.join(_named(name, columns) for name in unknown)})")
    if doubled:
        said.append(f"twice: {', '.join(doubled)}")
    raise RegistryError(
        f"The first line does not name the columns ({'; '.join(said)}).", f"Columns: {', '.join(COLUMNS)}."
    )


def _named(stray: str, columns: Sequence[str]) -> str:
    """The place of an unknown column, and what it may have meant; a stray cell itself may be data."""
    near = difflib.get_close_matches(stray, COLUMNS, n=1)
    return f"column {columns.index(stray) + 1}" + (f", did you mean {near[0]}?" if near else "")


# --- one row ----------------------------------------------------------------------------------------------------------


def _row(line: int, cells: Sequence[str], columns: Sequence[str]) -> list[Entry | RowRefusal]:
    if len(cells) > len(columns) and any(cell.strip() for cell in cells[len(columns) :]):
        return [
            RowRefusal(
                line,
                "",
                FindingCode.O03,
                f"The row has {len(cells)} cells, the header {len(columns)}.",
                "Put a cell that holds a comma in quotes.",
                _HOUSE,
            )
        ]
    told = dict.fromkeys(COLUMNS, "") | dict(zip(columns, cells, strict=False))
    legal_name, unit = (" ".join(told[name].split()) for name in ("legal_name", "unit"))
    lines = [" ".join(part.split()) for part in told["address"].replace(";", "\n").splitlines()]
    address = tuple(part for part in lines if part)
    texts = [("legal_name", legal_name), ("unit", unit), *(("address", part) for part in address)]
    kind = _kind(told["kind"])
    refused = [
        *_unreadable(line, texts),
        *_incomplete(line, legal_name, texts),
        *_unknown_kind(line, told["kind"], kind),
        *_people(line, texts),
    ]
    return [*refused] if refused or kind is None else [Entry(line, legal_name, unit, kind, address)]


def _kind(told: str) -> OrganizationKind | None:
    word = "_".join(told.casefold().replace("-", " ").replace("_", " ").split())
    return next((kind for kind in OrganizationKind if kind.value == word), None)


def _unreadable(line: int, texts: Sequence[tuple[str, str]]) -> Iterator[RowRefusal]:
    for column in dict.fromkeys(name for name, _ in texts):
        said = [text for name, text in texts if name == column]
        if any(len(text) > MAX_SIGNS for text in said):
            sentence = f"This is longer than {MAX_SIGNS} signs."
        elif not all(text.isprintable() for text in said):
            sentence = "This holds signs that cannot be printed."
        elif any(text.startswith(_FORMULA) for text in said):
            sentence = "This starts like a formula of a spreadsheet."
        else:
            continue
        yield RowRefusal(line, column, FindingCode.O03, sentence, "Correct the cell.", _HOUSE)


def _incomplete(line: int, legal_name: str, texts: Sequence[tuple[str, str]]) -> Iterator[RowRefusal]:
    authority = "42 CFR 2.31(a)(4)(i); 45 CFR 164.508(c)(1)(iii)"
    if not any(sign.isalpha() for sign in legal_name):
        yield RowRefusal(
            line, "legal_name", FindingCode.V04, "The organization's name is missing.", "Give it.", authority
        )
        return
    for column in dict.fromkeys(placeholders_among(texts)):
        yield RowRefusal(
            line,
            column,
            FindingCode.V04,
            "A placeholder stands where the real entry belongs.",
            "Fill it in, or leave the cell empty.",
            authority,
        )


def _unknown_kind(line: int, told: str, kind: OrganizationKind | None) -> Iterator[RowRefusal]:
    if kind is None:
        near = difflib.get_close_matches(told.strip().casefold(), list(OrganizationKind), n=1)
        sentence = "This kind of organization is not known." if told.strip() else "The kind is missing."
        remedy = (f"Did you mean {near[0]}? " if near else "") + f"Use one of: {', '.join(OrganizationKind)}."
        yield RowRefusal(line, "kind", FindingCode.O02, sentence, remedy, _HOUSE)


def _people(line: int, texts: Sequence[tuple[str, str]]) -> Iterator[RowRefusal]:
    for column in dict.fromkeys(name for name, text in texts if individuals_in(text)):
        yield RowRefusal(
            line,
            column,
            FindingCode.V02,
            "A person seems to be named; an organization is named without any person of it.",
            NO_PERSONS,
            _ADVISORY,
        )
