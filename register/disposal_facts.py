"""What the register tells of disposal: frozen values, never rows. Nothing here names a client."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from register.vocabulary import CertificateStage
from rules.disposal import Answer, Outcome, RunState, Why

OPEN_ENDED = (Outcome.WAITING.value, Outcome.FAILED.value)
"""Outcomes of rows that may still go, or be taken out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One line of a list, as it was found: why this record may go, by which rule, counted from what."""

    record_id: UUID
    object_id: str
    series: str
    """Retention class."""
    rule: str
    rule_version: str
    citation: str
    trigger: str
    """Kind of the event the period runs from."""
    triggered_on: dt.date
    """Of a client's event: the last day of its month."""
    due_on: dt.date
    destroy_by: dt.date | None
    disposition: str
    """What the rule itself wants: destroy, transfer or review."""
    holds: int
    """Holds that stood on it when it was looked at: 0, for a held record is no candidate."""
    holds_looked_at: dt.datetime
    location: str
    """Where its bytes lie: store and area."""

    def line(self) -> Mapping[str, str | int]:
        """As it is frozen and hashed. The moment of looking is the list's own and no part of a line."""
        return {
            "record": str(self.record_id),
            "object": self.object_id,
            "series": self.series,
            "rule": self.rule,
            "rule_version": self.rule_version,
            "citation": self.citation,
            "trigger": self.trigger,
            "triggered_on": self.triggered_on.isoformat(),
            "due_on": self.due_on.isoformat(),
            "destroy_by": self.destroy_by.isoformat() if self.destroy_by else "",
            "disposition": self.disposition,
            "holds": self.holds,
            "location": self.location,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """What a run would hold, as of a day."""

    as_of: dt.date
    schedule_version: str
    candidates: tuple[Candidate, ...]
    list_sha256: str
    kept_back: int
    """Due, and left off the list: retained by an earlier answer, or on another standing run's list."""
    held: int
    """Due, and under a hold. Not for everybody's eyes."""
    more: bool
    """There are more than one run takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """One approval."""

    staff_id: UUID
    capacity: str
    at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Successor:
    """Whom rows of a run are to be transferred to."""

    organization_id: UUID
    name: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """An archive that was handed over, and its receipt."""

    transfer_id: UUID
    organization_id: UUID
    organization: str
    archive_sha256: str
    records: int
    handed_by: UUID
    handed_at: dt.datetime
    received_on: dt.date | None
    """None while no receipt is recorded."""
    recorded_by: UUID | None
    recorded_at: dt.datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A disposal run and where it stands."""

    run_id: UUID
    ref: str
    state: RunState
    as_of: dt.date
    prepared_by: UUID | None
    """None: the machine."""
    prepared_at: dt.datetime
    schedule_version: str
    rows: int
    list_sha256: str
    approved_sha256: str
    """Of the list with its answers, as it was at the first approval."""
    shown_sha256: str
    """The same as it is now, for who approves next; empty before and after."""
    approvals: tuple[Approved, ...]
    approval_ends: dt.datetime | None
    answers: Mapping[str, int]
    """How many rows have which answer; "" for none."""
    successors: tuple[Successor, ...]
    """Of the rows answered *transfer*."""
    outcomes: Mapping[Outcome, int]
    reasons: Mapping[Why, int]
    """Of the rows that are out or failed."""
    begun_at: dt.datetime | None
    ended_at: dt.datetime | None
    first_key_at: dt.datetime | None
    last_key_at: dt.datetime | None
    clients_erased: int
    locked: int
    """Rows that lost their keys, and whose bytes the store locks until a day that lies ahead."""
    stays_until: dt.datetime | None
    """When the last of those locks ends; None without any."""
    store: str
    software: str

    @property
    def unsettled(self) -> int:
        """Rows whose end is still open."""
        return sum(self.outcomes.get(one, 0) for one in (Outcome.WAITING, Outcome.FAILED, Outcome.ERASED))


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One row of a run."""

    position: int
    record_id: UUID
    line: Mapping[str, str | int]
    answer: Answer | None
    successor: UUID | None
    retain_until: dt.date | None
    answered_by: UUID | None
    outcome: Outcome
    why: Why | None
    erased_at: dt.datetime | None
    stays_until: dt.datetime | None
    """Its keys are gone, and the store locks its bytes until then."""
    destroyed_at: dt.datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate of destruction, kept as a record."""

    run_id: UUID
    stage: CertificateStage
    record_id: UUID
    object_id: str
    version_id: str
    document_sha256: str
    effective_on: dt.date | None
    issued_at: dt.datetime
