"""What the schedule and the holds ask of the night: days worked out anew, the store told of holds, working bytes gone.

Danger: a hold the store never heard of, a day that rests on an event that was taken back, a report that anybody may
read and that tells on whom a hold stands. Invariant: the register is right by itself (`register.holds`,
`register.due`); what is done here brings store and stored days after it, and may be done again after any interruption;
of holds it tells counts, codes and a hold's own id. No record is destroyed here.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from flows import retention
from flows.found import Found, Kind
from flows.site import Site
from flows.staging import clear
from register import agency, due, holds, mirroring, receipts, statements
from register.facts import Machine
from register.vocabulary import MachineName, ObjectArea

UPKEEP = Machine(MachineName.UPKEEP)
RECEIPT_AFTER = timedelta(days=14)
"""So long a successor may take to open an archive before a person is told; a choice of the house."""


def tell_store(site: Site, moment: datetime, dry: bool) -> Iterator[Found]:
    """The store is told of holds it does not know of, and of those that are over; reported by count alone."""
    if dry:
        if waiting := len(mirroring.unmirrored()):
            yield Found(kind=Kind.HOLD_MIRRORED, subject="records", detail=str(waiting))
        return
    mirrored = mirroring.mirror(site.vault, now=moment)
    if mirrored.log_refused:
        yield Found(kind=Kind.HOLD_UNTOLD, subject="log", detail=mirrored.log_refused)
    if mirrored.told:
        yield Found(kind=Kind.HOLD_MIRRORED, subject="records", detail=str(len(mirrored.told)))
    for code in sorted({code for _, code in mirrored.failed}):
        yield Found(kind=Kind.HOLD_UNTOLD, subject="store", detail=code)


def compute_days(site: Site, moment: datetime, dry: bool) -> Iterator[Found]:
    """Due dates that rest on what holds no more are worked out anew; what is past its last day is told."""
    day = agency.today(moment)
    count = due.stale(day) if dry else retention.refresh(site, at=moment)
    if count:
        yield Found(kind=Kind.DAY_COMPUTED, subject="records", detail=str(count))
    if overdue := due.overdue(day):
        yield Found(kind=Kind.KEPT_TOO_LONG, subject="records", detail=str(overdue))


def clear_declined(site: Site, moment: datetime, dry: bool) -> Iterator[Found]:
    """The bytes of statements the client declined go once their class's time is over, unless a hold covers them."""
    for statement_id in due.declined(agency.today(moment)):
        if not dry:
            freed = statements.release_working(statement_id, by=UPKEEP, now=moment)
            if freed is not None:
                clear(site, freed, ObjectArea.WORKING)
        yield Found(kind=Kind.DECLINED_CLEARED, subject=str(statement_id))


def tell_reviews(site: Site, moment: datetime, dry: bool) -> Iterator[Found]:
    """What a person must see to, by ids that tell of nobody: holds, and archives whose receipt does not come."""
    for hold_id, day in holds.to_review(agency.today(moment)):
        yield Found(kind=Kind.HOLD_REVIEW, subject=str(hold_id), detail=day.isoformat())
    for hold_id, since in holds.to_complete():
        yield Found(kind=Kind.HOLD_INCOMPLETE, subject=str(hold_id), detail=since.date().isoformat())
    for hold_id in holds.released_since():
        yield Found(kind=Kind.HOLD_RELEASED_SINCE, subject=str(hold_id))
    for transfer_id, handed in receipts.awaited(moment - RECEIPT_AFTER):
        yield Found(kind=Kind.RECEIPT_WAITS, subject=str(transfer_id), detail=handed.date().isoformat())
