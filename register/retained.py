"""What the schedule must know of a record, gathered from rows; and on what everybody's days rest.

Danger: a day computed on what holds no more. Invariant: each day is stored with the fingerprint of all that every
record's day rests on (schedules, classes of the unit, matters and their events); when any of it changes, no stored day
counts until it was computed anew. What is one client's or one statement's own is computed anew in the transaction that
changes it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Max, Min, Prefetch, Q, QuerySet

from register import agency, models, schedules
from register.dates import month_end
from register.retention_facts import Matter
from register.vocabulary import ClientAge, MatterKind
from rules.retention.decision import Decision, Happened, Item, MatterFacts, decide_through
from rules.retention.schedule import Schedule
from rules.retention.words import Disposition, EventKind, WhyNot
from rules.vocabulary import DisclosureBasis, Family, ProgramClass, StatementState

LEDGER_CLASS = "disclosure_ledger"
_CLASS_OF_STATE = {StatementState.DECLINED: "declined", StatementState.VOID: "void"}
"""What was never signed is kept by its end, not by its form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What every record's day rests on."""

    schedules: tuple[Schedule, ...]
    """The one in force first; see `schedules.counting`."""
    programs: frozenset[ProgramClass]
    matters: tuple[tuple[Matter, tuple[Happened, ...]], ...]
    zone: ZoneInfo
    day: dt.date

    @property
    def version(self) -> str:
        """Of the schedule in force; empty while there is none."""
        return self.schedules[0].version if self.schedules else ""

    @property
    def digest(self) -> str:
        """32 hex characters: the same while the same things hold."""
        told = [
            [
                [one.version, str(one.fiscal_year), [rule.code for rule in one.rules if rule.in_force(self.day)]]
                for one in self.schedules
            ],
            sorted(self.programs),
            str(self.zone),
            [
                [matter.code, matter.funder, str(matter.covers_from), str(matter.covers_to), sorted(map(str, events))]
                for matter, events in self.matters
            ],
        ]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:32]

    def decide(self, item: Item) -> Decision:
        """When `item` may go."""
        return decide_through(self.schedules, item, day=self.day) if self.schedules else _NO_SCHEDULE


_READ = (
    *("object_id", "document_sha256", "retention_class", "kept_at", "destroyed_at", "due_why_not"),
    *("statement__state", "statement__family", "statement__client_id"),
)
_READ_OF_CLIENT = ("age", "of_age_on")
"""Of a record, its statement and its client; what is sealed in them stays where it is."""
_NO_SCHEDULE = Decision(
    due_on=None,
    destroy_by=None,
    disposition=Disposition.REVIEW,
    why_not=WhyNot.NO_SCHEDULE,
    winning=(),
    counted=(),
    ceilings=(),
    missing=(),
)


def basis(day: dt.date) -> Basis:
    """What holds on the agency's day `day`."""
    unit = agency.current()
    return Basis(
        schedules=schedules.counting(),
        programs=unit.classes,
        matters=tuple((matter_fact(row), _standing(row)) for row in _matters()),
        zone=ZoneInfo(unit.time_zone),
        day=day,
    )


def matter_fact(row: models.Matter) -> Matter:
    """A matter as other rooms see it."""
    return Matter(
        matter_id=row.id,
        code=row.code,
        kind=MatterKind(row.kind),
        funder=row.funder,
        covers_from=row.covers_from,
        covers_to=row.covers_to,
    )


def rows() -> QuerySet[models.Record]:
    """Records with what `items` and `register.judging` read, and no more."""
    # a client has many records: read once, not with each
    clients = Prefetch("statement__client", models.Client.objects.only(*_READ_OF_CLIENT))
    return models.Record.objects.select_related("statement").only(*_READ).prefetch_related(clients)


def items(records: Sequence[models.Record], on: Basis) -> list[Item]:
    """What the schedule must know of each; give it records of `rows()`. Three queries, however many they are."""
    events = _events(records)
    told = _told(record.statement_id for record in records if record.statement_id)
    return [
        _item(
            record.statement,
            record.retention_class,
            kept_on=record.kept_at.astimezone(on.zone).date(),
            on=on,
            events=events,
            told=told,
        )
        if record.statement
        else _paper(record, on)
        for record in records
    ]


def _paper(record: models.Record, on: Basis) -> Item:
    """A paper of the house: it was complete when it was kept."""
    kept_on = record.kept_at.astimezone(on.zone).date()
    return Item(retention_class=record.retention_class, happened=(Happened.on(EventKind.COMPLETED, kept_on),))


def item_of_statement(row: models.Statement, on: Basis) -> Item:
    """The same for a statement that never became a record: declined or void."""
    ended = (row.ended_at or row.packet.opened_at).astimezone(on.zone).date()
    events = _standing_events(Q(client=row.client_id) | Q(statement=row.id))
    told = _told([row.id])
    return _item(row, row.retention_class, kept_on=ended, on=on, events=events, told=told)


def _item(
    statement: models.Statement,
    retention_class: str,
    *,
    kept_on: dt.date,
    on: Basis,
    events: Mapping[UUID, list[Happened]],
    told: Mapping[UUID, tuple[dt.datetime, dt.datetime]],
) -> Item:
    state, client = StatementState(statement.state), statement.client
    ledger: tuple[Item, ...] = ()
    if statement.id in told:
        first, last = (moment.astimezone(on.zone).date() for moment in told[statement.id])
        disclosed = Happened(EventKind.DISCLOSED, first, last)
        ledger = (Item(retention_class=LEDGER_CLASS, state=state, programs=on.programs, happened=(disclosed,)),)
    return Item(
        retention_class=_CLASS_OF_STATE.get(state, retention_class),
        state=state,
        family=Family(statement.family),
        programs=on.programs,
        minor={ClientAge.ADULT: False, ClientAge.MINOR: True}.get(ClientAge(client.age)),
        happened=(*events[client.id], *events[statement.id], *_ages(client)),
        matters=tuple(
            MatterFacts(code=matter.code, funder=matter.funder, happened=happened)
            for matter, happened in on.matters
            if matter.covers_from <= kept_on and (matter.covers_to is None or kept_on <= matter.covers_to)
        ),
        dependents=ledger,
    )


def _ages(client: models.Client) -> tuple[Happened, ...]:
    """A minor's birthdays, as far as they stand in clear: to the month."""
    if client.of_age_on is None:
        return ()
    eighteen = client.of_age_on
    twenty_one = month_end(eighteen.replace(year=eighteen.year + 3, day=1))
    return _in_month(EventKind.AGE_18, eighteen), _in_month(EventKind.AGE_21, twenty_one)


def _in_month(kind: EventKind, last: dt.date) -> Happened:
    return Happened(kind, last.replace(day=1), last)


def _events(records: Sequence[models.Record]) -> Mapping[UUID, list[Happened]]:
    clients = {record.statement.client_id for record in records if record.statement}
    return _standing_events(Q(client__in=clients) | Q(statement__in=[record.statement_id for record in records]))


def _standing_events(which: Q) -> Mapping[UUID, list[Happened]]:
    found: defaultdict[UUID, list[Happened]] = defaultdict(list)
    for row in models.RetentionEvent.objects.filter(which, undone=""):
        kind = EventKind(row.kind)
        if row.client_id is not None:
            found[row.client_id].append(_in_month(kind, row.happened_on))
        elif row.statement_id is not None:
            found[row.statement_id].append(Happened.on(kind, row.happened_on))
    return found


def _told(statements: Iterable[UUID]) -> Mapping[UUID, tuple[dt.datetime, dt.datetime]]:
    """When something first and last left under each statement: every row of the ledger counts.

    But for records that went on to a custodian (42 CFR 2.19): that is custody of the whole, which no accounting lists
    (45 CFR 164.528(a)(1)(i), 164.501), and would keep here for six years more what was handed over to be kept there.
    """
    spans = (
        models.Disclosure.objects.filter(statement__in=list(statements))
        .exclude(basis=DisclosureBasis.CLOSURE.value)
        .values_list("statement")
        .annotate(first=Min("disclosed_at"), last=Max("disclosed_at"))
    )
    return {statement: (first, last) for statement, first, last in spans if statement is not None}


def _matters() -> QuerySet[models.Matter]:
    return models.Matter.objects.prefetch_related("events").order_by("code")


def _standing(row: models.Matter) -> tuple[Happened, ...]:
    return tuple(Happened.on(EventKind(one.kind), one.happened_on) for one in row.events.all() if not one.undone)
