"""When a record may go: every rule that applies, the longest wins, and why not where there is no day.

Danger: a date where there should be none. Invariants: an event that a rule counts from and nobody recorded leaves no
date; a rule that forbids it for ever, a floor above a ceiling, and anything that depends on the record and is not due
itself leave no date either. What is only known to lie between two days counts as the later for a floor and the earlier
for a ceiling.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rules.retention.days import cut_off, day_after
from rules.retention.schedule import Rule, Schedule, Selector, Trigger
from rules.retention.words import Combine, Disposition, EventKind, WhyNot
from rules.vocabulary import Family, ProgramClass, StatementState

_RUNNING = frozenset({StatementState.ACTIVE, StatementState.SUSPENDED, StatementState.REVOCATION_REQUESTED})
_SERVICE_OVER = frozenset({EventKind.LAST_SERVICE, EventKind.CASE_CLOSED, EventKind.DISCHARGE, EventKind.DEATH_KNOWN})


@dataclass(frozen=True, slots=True)
class Happened:
    """An event, on a day that is known or known to lie between two."""

    event: EventKind
    first: dt.date
    last: dt.date

    @classmethod
    def on(cls, event: EventKind, day: dt.date) -> Happened:
        """An event whose day is known."""
        return cls(event, day, day)


@dataclass(frozen=True, slots=True, kw_only=True)
class MatterFacts:
    """A matter that a record belongs to."""

    code: str
    funder: str
    happened: tuple[Happened, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What the schedule must know of something that is kept."""

    retention_class: str
    state: StatementState | None = None
    family: Family | None = None
    programs: frozenset[ProgramClass] = frozenset()
    minor: bool | None = None
    """Whether the client was a minor when last served; None: not known."""
    happened: tuple[Happened, ...] = ()
    matters: tuple[MatterFacts, ...] = ()
    dependents: tuple[Item, ...] = ()
    """What is worth nothing without it (a statement's rows in the ledger): it goes last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """One line of arithmetic: this rule, from this event, to this day."""

    rule: str
    version: str
    citation: str
    event: EventKind
    matter: str
    """Code of the matter that the event belongs to; empty for the client's and the record's own."""
    happened: dt.date
    begins: dt.date
    """After the cutoff."""
    period: str
    ends: dt.date
    """The last day it must be kept."""
    of: str
    """Retention class counted for: the record's own, or that of something that depends on it."""
    disposition: Disposition

    @property
    def due_on(self) -> dt.date:
        """The first day it may go by this line."""
        return day_after(self.ends)


@dataclass(frozen=True, slots=True)
class Missing:
    """An event a rule counts from, which nobody recorded."""

    rule: str
    event: EventKind
    matter: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """When a record may go, or why there is no such day."""

    due_on: dt.date | None
    """The first day it may go; None with `why_not`."""
    destroy_by: dt.date | None
    """The last day it may be kept; None where no rule says so."""
    disposition: Disposition
    why_not: WhyNot | None
    winning: tuple[Counted, ...]
    """The line that decides; several where they end on the same day."""
    counted: tuple[Counted, ...]
    """Every line, the longest first."""
    ceilings: tuple[Counted, ...]
    missing: tuple[Missing, ...]

    def due(self, day: dt.date) -> bool:
        """True when it may go on this day."""
        return self.due_on is not None and self.due_on <= day


def decide(schedule: Schedule, item: Item, *, day: dt.date) -> Decision:
    """When `item` may go, by the rules in force on `day`."""
    floors: list[Counted] = []
    ceilings: list[Counted] = []
    missing: list[Missing] = []
    permanent, uncovered = False, False
    for part in (item, *item.dependents):
        covered = False
        for rule, matter in _applicable(schedule, part, day):
            covered = covered or bool(rule.keep) or rule.disposition is Disposition.PERMANENT
            permanent = permanent or rule.disposition is Disposition.PERMANENT
            lines, lacking = _floors(schedule, rule, part, matter)
            floors += lines
            missing += lacking
            ceilings += _ceilings(schedule, rule, part, matter)
        uncovered = uncovered or not covered
    floors.sort(key=lambda line: (line.ends, line.rule), reverse=True)
    ceilings.sort(key=lambda line: (line.ends, line.rule))
    winning = tuple(line for line in floors if line.ends == floors[0].ends)
    due_on = winning[0].due_on if winning else None
    last = ceilings[0].ends if ceilings else None
    disposition = max((line.disposition for line in winning), key=lambda one: one.weight, default=Disposition.REVIEW)
    why_not = _why_not(item, permanent=permanent, uncovered=uncovered, missing=missing, due_on=due_on, last=last)
    return Decision(
        due_on=None if why_not else due_on,
        destroy_by=last,
        disposition=Disposition.PERMANENT if permanent else disposition,
        why_not=why_not,
        winning=winning,
        counted=tuple(floors),
        ceilings=tuple(ceilings),
        missing=tuple(dict.fromkeys(missing)),
    )


def decide_through(schedules: Sequence[Schedule], item: Item, *, day: dt.date) -> Decision:
    """As `decide`, for a schedule whose shortening was not approved: what the ones before it say still holds.

    `schedules`: the one in force first, then those before it, down to the last whose dates were approved. A record goes
    no earlier than the latest of them says, and not at all where one of them lets it not go.
    """
    decision = decide(schedules[0], item, day=day)
    if decision.why_not is not None:
        return decision
    for former in schedules[1:]:
        earlier = decide(former, item, day=day)
        if earlier.due_on is None:
            return replace(decision, due_on=None, why_not=WhyNot.SHORTENING)
        if decision.due_on is not None and earlier.due_on > decision.due_on:
            decision = replace(
                decision, due_on=earlier.due_on, winning=earlier.winning, disposition=earlier.disposition
            )
    if decision.due_on and decision.destroy_by and decision.destroy_by < decision.due_on:
        return replace(decision, due_on=None, why_not=WhyNot.CONFLICT)
    return decision


def _why_not(
    item: Item,
    *,
    permanent: bool,
    uncovered: bool,
    missing: Sequence[Missing],
    due_on: dt.date | None,
    last: dt.date | None,
) -> WhyNot | None:
    if permanent:
        return WhyNot.PERMANENT
    if uncovered:
        return WhyNot.NO_RULE
    if missing:
        served = not any(one.event in _SERVICE_OVER for one in item.happened)
        in_force = item.state in _RUNNING and any(one.event is EventKind.CONSENT_NOT_IN_EFFECT for one in missing)
        return WhyNot.IN_EFFECT if in_force and served else WhyNot.MISSING_EVENT
    if due_on is None:
        return WhyNot.NO_RULE
    return WhyNot.CONFLICT if last is not None and last < due_on else None


def _applicable(schedule: Schedule, item: Item, day: dt.date) -> Iterator[tuple[Rule, MatterFacts | None]]:
    for rule in schedule.rules:
        if not rule.in_force(day) or not _selects(rule.selector, item):
            continue
        if not rule.selector.funders:
            yield rule, None
            continue
        for matter in item.matters:
            if matter.funder in rule.selector.funders:
                yield rule, matter


def _selects(selector: Selector, item: Item) -> bool:
    programs = item.programs
    return (
        (not selector.classes or item.retention_class in selector.classes)
        and (not selector.states or item.state in selector.states)
        and (not selector.families or item.family in selector.families)
        and (
            not selector.programs
            or not programs
            or ProgramClass.UNKNOWN in programs
            or not programs.isdisjoint(selector.programs)
        )
        and (selector.minor is None or item.minor is None or selector.minor == item.minor)
    )


def _floors(
    schedule: Schedule, rule: Rule, item: Item, matter: MatterFacts | None
) -> tuple[list[Counted], list[Missing]]:
    code = matter.code if matter else ""
    lines: list[Counted] = []
    missing: list[Missing] = []
    for trigger in rule.keep:
        if trigger.only_if is not None and not _days(trigger.only_if, item, matter):
            continue
        days = _days(trigger.event, item, matter)
        if not days:
            missing.append(Missing(rule.code, trigger.event, code))
            continue
        last = max(one.last for one in days)
        lines.append(_line(schedule, rule, trigger, item, code, last, floor=True))
    if not lines and not missing and rule.keep:
        # every trigger hung on something that did not happen: the rule says nothing a day could be counted from
        missing.append(Missing(rule.code, rule.keep[0].event, code))
    if rule.combine is Combine.EARLIEST and not missing:
        lines = [min(lines, key=lambda line: line.ends)] if lines else []
    return lines, missing


def _ceilings(schedule: Schedule, rule: Rule, item: Item, matter: MatterFacts | None) -> list[Counted]:
    code = matter.code if matter else ""
    return [
        _line(schedule, rule, trigger, item, code, min(one.first for one in days), floor=False)
        for trigger in rule.destroy_by
        if (trigger.only_if is None or _days(trigger.only_if, item, matter))
        and (days := _days(trigger.event, item, matter))
    ]


def _line(
    schedule: Schedule, rule: Rule, trigger: Trigger, item: Item, matter: str, happened: dt.date, *, floor: bool
) -> Counted:
    begins = cut_off(happened, rule.cutoff, schedule.fiscal_year)
    return Counted(
        rule=rule.code,
        version=rule.version,
        citation=rule.authority.citation,
        event=trigger.event,
        matter=matter,
        happened=happened,
        begins=begins,
        period=str(trigger.period),
        ends=trigger.period.floor(begins) if floor else trigger.period.ceiling(begins),
        of=item.retention_class,
        disposition=rule.disposition,
    )


def _days(event: EventKind, item: Item, matter: MatterFacts | None) -> list[Happened]:
    told = (*item.happened, *(matter.happened if matter else ()))
    return [one for one in told if one.event is event]
