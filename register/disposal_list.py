"""The list of a disposal run: what may go on a day of the agency's calendar.

Danger: a record of which something is not known, or that another run has, on a list that people approve. Invariant:
evaluating writes nothing but the days the register works out anew, and says the same whenever it is asked the same;
what is held, retained or on a standing run's list is on no other.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from uuid import UUID

from django.db.models import Q

from register import agency, due, models, retained
from register.disposal_facts import Candidate, Evaluated
from register.errors import RegisterError, RegisterErrorCode
from register.retention_facts import DueRecord
from rules import disposal as rules
from rules.disposal import Answer, Outcome, RunState
from rules.retention.decision import Decision

LARGEST = 10_000
"""Rows of one run: as many as people can answer for, and as one evening destroys."""
PAGE = 500


def evaluate(
    as_of: dt.date,
    *,
    location: str,
    now: dt.datetime,
    limit: int = LARGEST,
    step: Callable[[int], None] = lambda _: None,
) -> Evaluated:
    """What may go on a day of the agency's calendar; writes nothing, and says the same whenever it is asked the same.

    Raises:
        RegisterError: DISPOSAL when the day has not come.
    """
    if as_of > agency.today(now):
        raise RegisterError(
            RegisterErrorCode.DISPOSAL, "A list is made as of a day that has come.", "Give today or an earlier day."
        )
    candidates: list[Candidate] = []
    kept_back = held = 0
    more = False
    due.refresh(now=now)  # a day that rests on what holds no more finds nothing
    on = retained.basis(as_of)
    for page in _pages(as_of):
        taken = spoken_for([row.record_id for row in page], as_of)
        decisions = due.decisions([row.record_id for row in page], on)
        for row in page:
            if row.record_id in taken:
                kept_back += 1
            elif row.held:
                held += 1
            elif len(candidates) == limit:
                more = True
            elif (told := decisions[row.record_id]).due(as_of):
                candidates.append(_candidate(row, told, location, now))
        step(len(candidates))
        if more:
            break
    candidates.sort(key=lambda one: str(one.record_id))
    return Evaluated(
        as_of=as_of,
        schedule_version=on.version,
        candidates=tuple(candidates),
        list_sha256=list_sha256(one.line() for one in candidates),
        kept_back=kept_back,
        held=held,
        more=more,
    )


def list_sha256(lines: Iterable[object]) -> str:
    """The hash of a list: of its lines in canonical JSON, one a line, in order."""
    digest = hashlib.sha256()
    for line in lines:
        digest.update(json.dumps(line, sort_keys=True, separators=(",", ":")).encode() + b"\n")
    return digest.hexdigest()


def spoken_for(record_ids: Sequence[UUID], as_of: dt.date) -> frozenset[UUID]:
    """Those of them on a standing run's list, or retained until a day after `as_of`."""
    standing = Q(run__state__in=[one.value for one in rules.STANDING]) & ~Q(outcome=Outcome.OUT.value)
    retained = Q(answer=Answer.RETAIN.value, retain_until__gt=as_of) & ~Q(run__state=RunState.WITHDRAWN.value)
    found: set[UUID] = set()
    for start in range(0, len(record_ids), PAGE):
        some = models.DisposalItem.objects.filter(record_id__in=record_ids[start : start + PAGE])
        found.update(some.filter(standing | retained).values_list("record_id", flat=True))
    return frozenset(found)


def _pages(as_of: dt.date) -> Iterator[tuple[DueRecord, ...]]:
    after = None
    while page := due.listing(as_of, after=after, limit=PAGE):
        yield page
        after = page[-1]


def _candidate(row: DueRecord, told: Decision, location: str, now: dt.datetime) -> Candidate:
    line = told.winning[0]
    if told.due_on is None:
        raise ValueError("a record without a day is no candidate")
    return Candidate(
        record_id=row.record_id,
        object_id=row.object_id,
        series=row.retention_class,
        rule=line.rule,
        rule_version=line.version,
        citation=line.citation,
        trigger=line.event.value,
        triggered_on=line.happened,
        due_on=told.due_on,
        destroy_by=told.destroy_by,
        disposition=told.disposition.value,
        holds=0,
        holds_looked_at=now,
        location=location,
    )
