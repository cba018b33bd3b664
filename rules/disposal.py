"""What a disposal run may do: the states it passes, who may act on it, and when one record may really go.

Danger: a record destroyed that is held, not due, or that one person wanted gone. Invariant: an item goes only when it
was answered *destroy*, or *transfer* and the successor named confirmed the receipt of these very bytes; two persons who
are neither its preparer nor anybody who answered for it approved that very list within the last thirty days; it is due
and under no hold now. Everything here is pure; the register asks it again, item by item, under the record's lock.

Source: domain notes 4.3 (DoD 5015.2 and ISO 15489 as they are remembered there); house invariant 5.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

_Person = TypeVar("_Person", bound=Hashable)

APPROVAL_LASTS = dt.timedelta(days=30)
"""After that what was approved is too old to act on: events and holds have moved on."""
APPROVERS = 2


class RunState(StrEnum):
    """Where a disposal run stands."""

    OPEN = "open"
    """The list is frozen; its rows are being answered."""
    APPROVING = "approving"
    """One person approved; no answer changes any more, rows can only be taken out."""
    APPROVED = "approved"
    EXECUTING = "executing"
    """Begun; whoever holds the lease goes on, and when it has run out whoever comes next."""
    EXECUTED = "executed"
    """Every row came to its end: destroyed, transferred, or out."""
    LAPSED = "lapsed"
    """Approved too long ago; its rows come back in the next run."""
    WITHDRAWN = "withdrawn"


R = RunState
WAYS: frozenset[tuple[RunState, RunState]] = frozenset(
    {
        (R.OPEN, R.APPROVING),
        (R.APPROVING, R.APPROVED),
        (R.APPROVED, R.EXECUTING),
        (R.EXECUTING, R.EXECUTED),
        (R.OPEN, R.WITHDRAWN),
        (R.APPROVING, R.WITHDRAWN),
        (R.APPROVED, R.WITHDRAWN),
        (R.APPROVING, R.LAPSED),
        (R.APPROVED, R.LAPSED),
    }
)
STANDING = frozenset({R.OPEN, R.APPROVING, R.APPROVED, R.EXECUTING})
"""A record is on the list of one standing run at most."""


class Answer(StrEnum):
    """What becomes of a row; a row without one is out."""

    DESTROY = "destroy"
    RETAIN = "retain"
    """Until a date, or until the next run; with a reason."""
    TRANSFER = "transfer"
    """To a successor custodian (42 CFR 2.19); destroyed here only once its receipt is recorded."""


class Outcome(StrEnum):
    """What became of a row."""

    WAITING = "waiting"
    OUT = "out"
    """Not in this run; it comes back when its date comes."""
    FAILED = "failed"
    """Could not be destroyed now, its key lives; tried again."""
    ERASED = "erased"
    """Its keys are destroyed; bytes that nobody can read are still to be removed."""
    DESTROYED = "destroyed"
    TRANSFERRED = "transferred"
    """A successor confirmed the receipt, and what lay here is destroyed as everything else."""


GONE = (Outcome.ERASED, Outcome.DESTROYED, Outcome.TRANSFERRED)
"""Its keys are destroyed."""


class Why(StrEnum):
    """Why a row is out, or could not be destroyed."""

    UNANSWERED = "unanswered"
    RETAINED = "retained"
    TRANSFERRED = "transfer"
    """To be transferred, and nobody had named to whom."""
    NOT_RECEIVED = "not_received"
    """To be transferred, and no receipt of the successor for these bytes is recorded."""
    EXCLUDED = "excluded"
    NOT_APPROVED = "not_approved"
    APPROVAL_LAPSED = "approval_lapsed"
    NOT_DUE = "not_due"
    HELD = "held"
    GONE = "gone"
    """Another run had destroyed it."""
    LOCKED = "locked"
    """The store locks a version longer than the register says."""
    STORE_HELD = "store_held"
    """The store holds a version; the register knows of no hold."""
    STORE = "store"
    """The store did not answer, or refused."""
    STILL_PRESENT = "still_present"
    RUN_LAPSED = "run_lapsed"
    RUN_WITHDRAWN = "run_withdrawn"

    @property
    def passing(self) -> bool:
        """True when another try may succeed."""
        return self in (Why.NOT_RECEIVED, Why.LOCKED, Why.STORE_HELD, Why.STORE, Why.STILL_PRESENT)


class Refusal(StrEnum):
    """Why a person may not approve."""

    PREPARED = "prepared"
    ANSWERED = "answered"
    APPROVED = "approved"
    NOT_ENTITLED = "not_entitled"


def may(source: RunState, target: RunState) -> bool:
    """True when a run may go from `source` straight to `target`."""
    return (source, target) in WAYS


def may_approve(
    person: Hashable,
    *,
    entitled: bool,
    preparer: Hashable | None,
    answered: Collection[Hashable],
    approved: Collection[Hashable],
) -> Refusal | None:
    """Why this person may not approve a run; None when they may. Whatever roles they hold, nobody acts twice."""
    if not entitled:
        return Refusal.NOT_ENTITLED
    if person == preparer:
        return Refusal.PREPARED
    if person in answered:
        return Refusal.ANSWERED
    if person in approved:
        return Refusal.APPROVED
    return None


@dataclass(frozen=True, slots=True)
class Approval:
    """One person's approval of one list, as answered."""

    person: Hashable
    at: dt.datetime
    list_sha256: str


def lapsed(approvals: Sequence[Approval], now: dt.datetime) -> bool:
    """True when one of them is too old to act on."""
    return any(now - one.at > APPROVAL_LASTS for one in approvals)


def why_not(
    *,
    answer: Answer | None,
    list_sha256: str,
    approvals: Sequence[Approval],
    preparer: Hashable | None,
    answered_by: Hashable | None,
    due: bool,
    held: bool,
    gone: bool,
    received: bool,
    now: dt.datetime,
) -> Why | None:
    """Why one record may not be destroyed at this moment; None when it may.

    NOT_RECEIVED is asked last: a row to be transferred that says so may be handed over, and one that does not may not.

    Args:
        received: the successor that the answer names confirmed the receipt of the record as it is now.
    """
    if gone:
        return Why.GONE
    if answer is None:
        return Why.UNANSWERED
    if answer is Answer.RETAIN:
        return Why.RETAINED
    counting = [one for one in approvals if one.list_sha256 == list_sha256 and one.at <= now]
    persons = {one.person for one in counting} - {preparer, answered_by}
    if len(persons) < APPROVERS:
        return Why.NOT_APPROVED
    if len({one.person for one in counting if not lapsed([one], now)} & persons) < APPROVERS:
        return Why.APPROVAL_LAPSED
    if held:
        return Why.HELD
    if not due:
        return Why.NOT_DUE
    if answer is Answer.TRANSFER and not received:
        return Why.NOT_RECEIVED
    return None


@dataclass(frozen=True, slots=True)
class Duty:
    """What takes several persons, each of them another."""

    name: str
    parts: tuple[frozenset[str], ...]
    """For each person it takes, the roles one of which they must hold."""


DUTIES: tuple[Duty, ...] = (
    Duty(
        "a disposal run",
        (
            frozenset({"records_officer"}),
            *(frozenset({"records_officer", "counsel", "deputy", "outside_approver"}),) * APPROVERS,
        ),
    ),
    Duty(
        "a transfer to a successor",
        (frozenset({"records_officer", "counsel"}), frozenset({"records_officer", "counsel", "deputy"})),
    ),
    Duty("the end of a lock before its time", (frozenset({"break_glass"}),)),
    Duty("a retention schedule", (frozenset({"records_officer", "counsel"}),) * 2),
    Duty("a form of the site", (frozenset(), frozenset({"counsel", "administrator"}))),
    Duty("an administrator's absence", (frozenset({"administrator"}),) * 2),
)
"""Duties that a house must have the people for; an empty set of roles is anybody on the staff."""


def unfilled(duty: Duty, roles: Mapping[_Person, frozenset[str]]) -> int:
    """How many of a duty's persons are missing among `roles` (person to roles), if nobody counts twice."""
    taken: dict[_Person, int] = {}

    def place(part: int, seen: set[_Person]) -> bool:
        for person, held in roles.items():
            if person in seen or (duty.parts[part] and duty.parts[part].isdisjoint(held)):
                continue
            seen.add(person)
            if person not in taken or place(taken[person], seen):
                taken[person] = part
                return True
        return False

    return sum(not place(part, set()) for part in range(len(duty.parts)))
