"""The one place where a statement's state is written.

A move is asked of `rules.lifecycle` (may it, by whom, does it need a reason), made by compare-and-set on the state it
starts from, and written down twice: in the statement's moves, with the reason sealed, and in the audit log. Where it
is an event that retention counts from, that is recorded with it, and the record's day computed anew.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from register import audit, events, facts, models, staff
from register.change import compare_and_set
from register.errors import RegisterError, RegisterErrorCode
from register.vocabulary import AuditVerb, StaffRole, VoidReason
from rules import lifecycle
from rules.lifecycle import Actor, Transition, Trigger
from rules.vocabulary import StatementState

DESK = (StaffRole.INTAKE, StaffRole.WITNESS, StaffRole.RECORDS_OFFICER, StaffRole.COUNSEL)
"""Who writes down what a client says or brings."""


def move(
    row: models.Statement,
    target: StatementState,
    trigger: Trigger,
    *,
    by: facts.Actor,
    now: dt.datetime,
    void_reason: VoidReason | None = None,
    sealed_reason: bytes | None = None,
    also: Mapping[str, object] | None = None,
) -> None:
    """Move a statement from the state it was read in; inside the caller's transaction.

    Args:
        also: other columns that change with the state.

    Raises:
        RegisterError: ILLEGAL_MOVE when no such way exists; NOT_ALLOWED; MOVED_MEANWHILE.
    """
    source = StatementState(row.state)
    way = _way(row, source, target, trigger)
    _require_actor(way, by)
    if way.needs_reason and void_reason is None and sealed_reason is None:
        raise RegisterError(
            RegisterErrorCode.ILLEGAL_MOVE, "This needs a reason, which is kept with it.", "Give the reason in a line."
        )
    ended = {"ended_at": now} if target in lifecycle.TERMINAL else {}
    compare_and_set(
        models.Statement.objects.filter(pk=row.pk, state=source.value, revision=row.revision),
        state=target.value,
        revision=row.revision + 1,
        **(also or {}),
        **ended,
    )
    person = by if isinstance(by, facts.Person) else None
    models.Move.objects.create(
        statement=row,
        source=source.value,
        target=target.value,
        trigger=trigger.value,
        staff_id=person.staff_id if person else None,
        machine="" if isinstance(by, facts.Person) else by.name.value,
        at=now,
        void_reason=void_reason.value if void_reason else "",
        sealed_reason=sealed_reason,
    )
    details = {"from": source.value, "to": target.value, "trigger": trigger.value}
    audit.append(by, AuditVerb.STATEMENT_MOVED, "statement", row.pk, details, now=now)
    events.note_move(row, target, by=by, now=now)


def _way(row: models.Statement, source: StatementState, target: StatementState, trigger: Trigger) -> Transition:
    for way in lifecycle.ways(source, target):
        if way.trigger is trigger:
            return way
    raise RegisterError(
        RegisterErrorCode.ILLEGAL_MOVE,
        f"The statement {row.ref} is {source.value} and cannot become {target.value}.".replace("_", " "),
        "Look at where it stands; a change to a signed statement is a new statement.",
    )


def _require_actor(way: Transition, by: facts.Actor) -> None:
    """Staff write down what a client says; counsel's decisions are counsel's; machines do only what is the system's."""
    if isinstance(by, facts.Machine):
        if Actor.SYSTEM in way.actors:
            return
        staff.require(by, *DESK)
    elif way.actors & {Actor.STAFF, Actor.CLIENT}:
        staff.require(by, *DESK)
    elif Actor.COUNSEL in way.actors:
        staff.require(by, StaffRole.COUNSEL)
    else:
        raise RegisterError(
            RegisterErrorCode.NOT_ALLOWED,
            "Only the system itself does this.",
            "Wait for it, or see the packet's state.",
        )
