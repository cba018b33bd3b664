"""Taking a whole registry of receiving organizations in: what is new, what is there already, what is refused.

Danger: a registry that went in by half, and nobody knows which half. Invariant: rows go in in batches, each batch in
one transaction with its audit lines, and what is told is what was committed; a row that is there already word for word
is no error, so that a file can be handed in again after any interruption.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction

from register import audit, facts, models, staff
from register.errors import RegisterError, RegisterErrorCode
from register.organizations import KEEPERS
from register.vocabulary import AuditVerb
from rules.finding import FindingCode
from rules.registry import Entry, RowRefusal

BATCH = 500
"""Rows of one transaction: no other writer waits longer than about a second."""


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What became of the rows."""

    added: tuple[tuple[int, UUID], ...]
    """Line of the file and id of every organization that went in; with `judge`, of none."""
    would_add: tuple[int, ...]
    """Lines of the organizations that would go in."""
    present: tuple[int, ...]
    """Lines that are registered already, word for word."""
    refused: tuple[RowRefusal, ...]


@dataclass(frozen=True, slots=True)
class _Known:
    kind: str
    address: tuple[str, ...]
    retired: bool
    successor: str


class _Judge:
    """What the register, and the rows before it, say of each row; it keeps the names of the rows and nothing else."""

    def __init__(self) -> None:
        self.known = _known()
        self.seen: dict[tuple[str, str], int] = {}
        self.new: list[int] = []
        self.present: list[int] = []
        self.refused: list[RowRefusal] = []

    def is_new(self, entry: Entry) -> bool:
        key = (entry.legal_name.casefold(), entry.unit.casefold())
        if key in self.seen:
            self.refused.append(_twice(entry, self.seen[key]))
            return False
        self.seen[key] = entry.line
        there = self.known.get(key)
        if there is None:
            self.new.append(entry.line)
        elif (against := _against(entry, there)) is not None:
            self.refused.append(against)
        else:
            self.present.append(entry.line)
        return there is None

    def told(self, added: Sequence[tuple[int, UUID]] = ()) -> TakenIn:
        return TakenIn(tuple(added), tuple(self.new), tuple(self.present), tuple(self.refused))


def judge(entries: Iterable[Entry]) -> TakenIn:
    """What taking these in would bring, writing nothing."""
    desk = _Judge()
    for entry in entries:
        desk.is_new(entry)
    return desk.told()


def take_in(
    entries: Iterable[Entry],
    *,
    by: facts.Actor,
    now: dt.datetime,
    done: Callable[[Sequence[tuple[int, UUID]]], None] = lambda _: None,
) -> TakenIn:
    """Add every entry that is new and not refused, as they come; `done` is told of each batch once it is committed.

    Raises:
        RegisterError: NOT_ALLOWED; MOVED_MEANWHILE when somebody else added one of them just now (its batch did not
            go in; hand the file in again).
    """
    staff.require_or_setup(by, *KEEPERS)
    desk = _Judge()
    added: list[tuple[int, UUID]] = []
    fresh = filter(desk.is_new, entries)
    while batch := list(islice(fresh, BATCH)):
        went_in = _add(batch, by, now)
        added += went_in
        done(went_in)
    return desk.told(added)


def _add(batch: Sequence[Entry], by: facts.Actor, now: dt.datetime) -> list[tuple[int, UUID]]:
    rows = [
        models.Organization(
            id=uuid4(),
            legal_name=entry.legal_name,
            unit=entry.unit,
            address=list(entry.address),
            kind=entry.kind.value,
            predecessors=[],
            added_at=now,
        )
        for entry in batch
    ]
    try:
        with transaction.atomic():
            models.Organization.objects.bulk_create(rows)
            lines = [(row.id, {"kind": row.kind}) for row in rows]
            audit.append_all(by, AuditVerb.ORGANIZATION_ADDED, "organization", lines, now=now)
    except IntegrityError:
        raise RegisterError(
            RegisterErrorCode.MOVED_MEANWHILE,
            f"Somebody added one of the organizations of lines {batch[0].line} to {batch[-1].line} just now; "
            "none of these lines went in, all before them did.",
            "Run the import again; what is there already is left as it is.",
        ) from None
    return [(entry.line, row.id) for entry, row in zip(batch, rows, strict=True)]


def _known() -> dict[tuple[str, str], _Known]:
    rows = models.Organization.objects.select_related("successor")
    return {
        (row.legal_name.casefold(), row.unit.casefold()): _Known(
            row.kind,
            tuple(row.address),
            row.retired_on is not None,
            row.successor.legal_name if row.successor is not None else "",
        )
        for row in rows
    }


def _twice(entry: Entry, first: int) -> RowRefusal:
    return RowRefusal(
        entry.line,
        "legal_name",
        FindingCode.O01,
        f"The same organization and unit stands at line {first} already.",
        "Take one of the rows out, or name the unit.",
        "advisory, paragraph 2",
    )


def _against(entry: Entry, there: _Known) -> RowRefusal | None:
    """Why an organization that is registered already is not this one; None when it is."""
    if there.retired:
        to = f"its work went to {there.successor}" if there.successor else "nobody is named as its successor"
        remedy = f"Use {there.successor}." if there.successor else "Name the organization that does its work today."
        authority = "advisory, paragraph 2 (organizational ties endure)"
        sentence = f"This organization is retired; {to}."
        return RowRefusal(entry.line, "legal_name", FindingCode.V03, sentence, remedy, authority)
    if there.kind != entry.kind.value:
        column, what = "kind", f"as {there.kind.replace('_', ' ')}"
    elif entry.address and entry.address != there.address:
        column, what = "address", "with another address"
    else:
        return None
    return RowRefusal(
        entry.line,
        column,
        FindingCode.O01,
        f"This organization is registered already {what}.",
        "Correct the row; what is registered is never changed by an import.",
        "house: what is registered stands",
    )
