"""Tells what of the law in the tables still wants a lawyer's eyes; `confide doctor` lists it.

Danger: a table from memory is taken for checked law. Invariant: every table, and every row that says so, shows up here
until counsel has read it and the row says so no more.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from rules.jurisdictions import known, tables_of
from rules.retention.reading import files, shipped_file
from rules.tables import TABLES, table


@dataclass(frozen=True, slots=True)
class ForCounsel:
    """One table or row that counsel has not read."""

    table: str
    row: str
    """Dotted path into the table; "" for the table as a whole."""
    authority: str
    verified_on: dt.date | None
    """When it was last compared with its source; None: never, it is from memory."""


def needs_counsel() -> tuple[ForCounsel, ...]:
    """Everything in `rules/data` and the shipped schedule that carries `needs_counsel: true`, rows in order."""
    states = ((f"jurisdictions/{code}", tables_of(code)[-1]) for code in known())
    schedules = ((f"retention/{name}", shipped_file(name)) for name in files())
    tables = chain(((name, table(name)) for name in TABLES), states, schedules)
    return tuple(found for name, whole in tables for found in _marked(name, whole))


def _marked(name: str, whole: Mapping[str, Any]) -> Iterator[ForCounsel]:
    if whole["needs_counsel"]:
        yield ForCounsel(name, "", str(whole["source"]).strip(), whole["verified_on"])
    yield from _rows(name, whole, "", whole["verified_on"])


def _rows(name: str, rows: Mapping[str, Any], path: str, verified_on: dt.date | None) -> Iterator[ForCounsel]:
    for key, row in rows.items():
        if not isinstance(row, Mapping):
            continue
        here = f"{path}.{key}" if path else str(key)
        since = row.get("verified_on", verified_on)
        if row.get("needs_counsel"):
            yield ForCounsel(name, here, str(row.get("authority", "")), since)
        yield from _rows(name, row, here, since)
