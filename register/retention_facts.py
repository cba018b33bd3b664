"""What the register tells of retention: frozen values, never rows.

Nothing here holds a client's name or an exact day of a client. What a hold says is in `HoldWords`, which only those who
may know of it are given.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from uuid import UUID

from register.vocabulary import HoldKind, HoldScope, MatterKind, ScheduleState, Undone
from rules.retention.decision import Decision
from rules.retention.words import Disposition, EventKind, WhyNot


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """When one record may go, worked out from what the register knows now."""

    record_id: UUID
    statement_id: UUID | None
    """None, as the client, for a paper of the house."""
    client_id: UUID | None
    object_id: str
    retention_class: str
    """The class it was judged by."""
    as_of: dt.date
    """The agency's day."""
    version: str
    """Of the schedule in force; empty while there is none."""
    decision: Decision

    @property
    def due(self) -> bool:
        """True when the schedule lets it go on `as_of`; holds are asked apart (`holds.on`)."""
        return self.decision.due(self.as_of)


@dataclass(frozen=True, slots=True, kw_only=True)
class DueRecord:
    """One record that the schedule lets go, as last computed: a candidate, no more."""

    record_id: UUID
    statement_id: UUID | None
    client_id: UUID | None
    object_id: str
    retention_class: str
    due_on: dt.date
    destroy_by: dt.date | None
    rule: str
    """Code of the rule that decides; ties are in `due.answer`."""
    version: str
    disposition: Disposition
    held: bool
    """Under a hold now. Not for everybody's eyes: only counsel is told of holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExceptionRow:
    """A record without a day, which a person must look at."""

    record_id: UUID
    statement_id: UUID | None
    client_id: UUID | None
    retention_class: str
    why_not: WhyNot


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened, as it stands in clear."""

    event_id: UUID
    kind: EventKind
    client_id: UUID | None
    matter_id: UUID | None
    statement_id: UUID | None
    happened_on: dt.date
    """Of a client: the last day of its month; the day itself is sealed."""
    recorded_at: dt.datetime
    undone: Undone | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """What the program is in, and which records belong to it: those kept in its time."""

    matter_id: UUID
    code: str
    kind: MatterKind
    funder: str
    covers_from: dt.date
    covers_to: dt.date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldQuery:
    """What a hold by query covers, now and later; what is left open matches everything."""

    retention_class: str | None = None
    form_id: str | None = None
    organization_id: UUID | None = None
    client_id: UUID | None = None
    kept_from: dt.date | None = None
    kept_to: dt.date | None = None

    @property
    def open(self) -> bool:
        """True when it would cover every record there is."""
        return self == HoldQuery()


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldWords:
    """What a hold says. Personal data: hidden."""

    matter: str = field(repr=False)
    """What it is about, in a line."""
    authority: str = field(repr=False)
    """What it rests on: an order, a letter, counsel's own anticipation."""
    release_reason: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A hold, without its words."""

    hold_id: UUID
    kind: HoldKind
    scope: HoldScope
    client_id: UUID | None
    query: HoldQuery
    records: int
    """Records it stands on, or stood on until it was released."""
    review_on: dt.date
    placed_by: UUID | None
    """None when a restore brought it back from the store's log."""
    placed_at: dt.datetime
    released_by: UUID | None
    released_at: dt.datetime | None
    incomplete: bool
    """It came back from the store's log, without what it says."""
    released_since: bool
    """It came back from a backup; the log says that it was released after that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldOn:
    """One hold that stands on one record."""

    hold_id: UUID
    record_id: UUID
    kind: HoldKind
    review_on: dt.date
    placed_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmirrored:
    """A record of which the store may not know what the register knows."""

    record_id: UUID
    object_id: str
    hold: bool
    """What the store must be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleVersion:
    """A retention schedule and where it stands."""

    schedule_id: UUID
    version: str
    digest: str
    """SHA-256 of its text."""
    state: ScheduleState
    previous: str
    """Version it took the place of; empty for the first."""
    proposed_by: UUID
    proposed_at: dt.datetime
    adopted_by: UUID | None
    adopted_at: dt.datetime | None
    shortening_waits: bool
    """True while the schedule before it still counts too: nothing goes earlier than that one says."""
    shortening_first_by: UUID | None
