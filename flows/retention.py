"""Why one record is kept, for a person: the schedule's arithmetic, holds where they may be known, the store's word.

Danger: an answer that tells of a hold by what it leaves out. Invariant: who may not know of holds is given the same
words, in the same order, whether there is one or not. The store's lock is among what only counsel is told: it is
extended under a hold beyond the record's date.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from flows.site import Site, now
from register import agency, clients, due, holds, records, schedules
from register.errors import RegisterError, RegisterErrorCode
from register.facts import Actor, Record
from register.retention_facts import Answer, HoldOn
from rules.retention.comparing import Preview
from rules.retention.reading import read
from storage.errors import StorageError
from storage.protocol import Area

AGES_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """What the store enforces."""

    until: datetime | None
    """The earliest end of a version's lock, before which none goes; None when a version has no lock."""
    held: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What the store says of the record's bytes."""

    versions: int
    lock: Lock | None
    """None for whoever may not know: a lock that outlasts the record's date tells of a hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """Everything there is to say of one record's time."""

    record: Record
    answer: Answer
    stored: Stored | None
    """None when the store did not answer."""
    trouble: str
    """Code of why the store did not answer; empty when it did."""
    holds: tuple[HoldOn, ...] | None
    """None for whoever may not know."""


def explain(site: Site, record: Record, *, by: Actor, as_of: date | None = None) -> Explained:
    """Why a record is kept, and until when."""
    day = as_of or agency.today(now())
    knows = holds.may_know(by)
    stored, trouble = None, ""
    try:
        versions = site.vault.store.stat(Area.RECORDS, record.object_id)
    except StorageError as silent:
        trouble = str(silent.code)
    else:
        locks = [version.retain_until for version in versions]
        until = min((lock for lock in locks if lock is not None), default=None) if all(locks) else None
        lock = Lock(until=until, held=any(version.held for version in versions)) if knows else None
        stored = Stored(versions=len(versions), lock=lock)
    return Explained(
        record=record,
        answer=due.answer(record.record_id, day),
        stored=stored,
        trouble=trouble,
        holds=holds.on(record.record_id) if knows else None,
    )


def record_of(given: str) -> Record:
    """A record by its own id, or by its statement's id or short id.

    Raises `RegisterError` for neither.
    """
    from register import statements

    try:
        found = UUID(given)
    except ValueError:
        found = statements.by_ref(given).statement_id
    else:
        try:
            return records.show(found)
        except RegisterError as unknown:
            if unknown.code is not RegisterErrorCode.UNKNOWN_ID:
                raise
    kept = records.of(found)
    if kept is None:
        raise RegisterError(
            RegisterErrorCode.UNKNOWN_ID, "No record is kept under this id.", "Give a sealed statement."
        )
    return kept


def refresh(site: Site, *, at: datetime | None = None, step: Callable[[int], object] | None = None) -> int:
    """Bring every stored day up to what holds now, ages that nobody read yet too; returns how many days."""
    moment = at or now()
    while clients.read_ages(site.vault, now=moment, limit=AGES_AT_ONCE):
        pass
    return due.refresh(now=moment, step=step)


def preview(text: str, *, step: Callable[[int], object] | None = None) -> Preview:
    """What a schedule would change for what is kept here, as of today."""
    return due.compare(read(text), as_of=agency.today(now()), step=step)


def texts() -> dict[str, str]:
    """The schedules' texts by what they are: the one in force and the one that ships."""
    import os

    from register.configuration import jurisdiction
    from rules.retention.reading import shipped_text

    current = schedules.current()
    in_force = {"in force": schedules.text(current.version)} if current else {}
    return in_force | {"ships": shipped_text(jurisdiction(os.environ))}
