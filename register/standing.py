"""What becomes of an active statement: suspended, revoked, superseded, known to be false.

Danger: information goes out on a consent that was taken back. Invariants: a spoken request suspends at once; any
writing revokes on receipt (42 CFR 2.31(a)(6)), except that a criminal justice statement whose time of revocation has
not come becomes REVOCATION_REQUESTED and counsel decides (2.35(c)); nothing comes back from an end. Reasons are a
person's words and are sealed under the client's key.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from register import agency, clients, facts, models, moves, reading, sealed
from register.change import the
from register.errors import RegisterError, RegisterErrorCode, unknown
from register.vocabulary import AuditVerb, VoidReason
from rules.draft import StatementDraft
from rules.lifecycle import Trigger
from rules.vocabulary import Family, StatementState

if TYPE_CHECKING:
    from storage.vault import Vault

_REASON = "move-reason"


def suspend(statement_id: UUID, *, by: facts.Actor, now: dt.datetime) -> facts.Statement:
    """The client asked, by word of mouth, to stop: nothing is disclosed until a writing comes.

    Raises:
        RegisterError: NOT_ALLOWED, UNKNOWN_ID, ILLEGAL_MOVE.
    """
    return _move(statement_id, StatementState.SUSPENDED, Trigger.SPOKEN_REQUEST, by=by, now=now)


def resume(vault: Vault, statement_id: UUID, *, reason: str, by: facts.Actor, now: dt.datetime) -> facts.Statement:
    """The client took the spoken request back, in writing.

    Raises:
        RegisterError: NOT_ALLOWED, UNKNOWN_ID, ILLEGAL_MOVE.
    """
    trigger = Trigger.SPOKEN_REQUEST_WITHDRAWN
    return _move(statement_id, StatementState.ACTIVE, trigger, by=by, now=now, vault=vault, reason=reason)


def revoke(
    vault: Vault, statement_id: UUID, *, reason: str | None = None, by: facts.Actor, now: dt.datetime
) -> facts.Statement:
    """A written revocation arrived. A criminal justice statement that is not revocable yet waits for counsel.

    Args:
        reason: what the writing is and when it came; None where it was signed here and is a statement of its own.

    Raises:
        RegisterError: NOT_ALLOWED, UNKNOWN_ID, ILLEGAL_MOVE.
    """
    row = the(models.Statement.objects.all(), "statement", statement_id)
    target, trigger = StatementState.REVOKED, Trigger.WRITTEN_REVOCATION
    if Family(row.family).limited and not _revocable(vault, row, agency.today(now)):
        target, trigger = StatementState.REVOCATION_REQUESTED, Trigger.REVOCATION_NOT_YET_OPEN
    return _move(statement_id, target, trigger, by=by, now=now, vault=vault, reason=reason)


def revoked_by(vault: Vault, writing: StatementDraft, *, by: facts.Actor, now: dt.datetime) -> facts.Statement | None:
    """A revocation was signed: the statement it names is revoked, or waits for counsel where its time has not come.

    Returns the statement named; None where it had ended meanwhile or counsel decides on it already: then the writing is
    kept and nothing moves. Inside the caller's transaction.

    Raises:
        RegisterError: UNKNOWN_ID; MOVED_MEANWHILE.
    """
    named = models.Statement.objects.filter(ref=writing.about).first()
    if named is None:
        raise unknown("statement", "with the reference that the revocation names")
    if named.state not in (StatementState.ACTIVE.value, StatementState.SUSPENDED.value):
        return None
    return revoke(vault, named.id, by=by, now=now)


def decide_revocation(
    vault: Vault, statement_id: UUID, *, revoked: bool, reason: str, by: facts.Actor, now: dt.datetime
) -> facts.Statement:
    """Counsel decides on a requested revocation, with a reason.

    Raises:
        RegisterError: NOT_ALLOWED unless counsel; UNKNOWN_ID; ILLEGAL_MOVE.
    """
    target = StatementState.REVOKED if revoked else StatementState.ACTIVE
    return _move(statement_id, target, Trigger.COUNSEL_DECISION, by=by, now=now, vault=vault, reason=reason)


def supersede(statement_id: UUID, *, newer_id: UUID, by: facts.Actor, now: dt.datetime) -> facts.Statement:
    """A newer statement stands in its place: of the same client, to the same organization, signed later, in force.

    Raises:
        RegisterError: NOT_ALLOWED, UNKNOWN_ID, ILLEGAL_MOVE, also where the newer one is none of that.
    """
    with transaction.atomic():
        row = the(models.Statement.objects.all(), "statement", statement_id)
        newer = the(models.Statement.objects.all(), "statement", newer_id)
        if not _takes_the_place(row, newer):
            raise RegisterError(
                RegisterErrorCode.ILLEGAL_MOVE,
                f"{newer.ref} does not stand in the place of {row.ref}.",
                "The newer statement is of the same client to the same organization, signed later, and in force.",
            )
        moves.move(row, StatementState.SUPERSEDED, Trigger.NEW_STATEMENT, by=by, now=now)
    return reading.fact(the(reading.rows(), "statement", statement_id))


def mark_known_false(
    vault: Vault, statement_id: UUID, *, reason: str, by: facts.Actor, now: dt.datetime
) -> facts.Statement:
    """Something material in it is known to be false: it authorizes nothing any more (42 CFR 2.31(c)).

    Raises:
        RegisterError: NOT_ALLOWED, UNKNOWN_ID, ILLEGAL_MOVE.
    """
    trigger = Trigger.FOUND_FALSE
    return _move(statement_id, StatementState.KNOWN_FALSE, trigger, by=by, now=now, vault=vault, reason=reason)


def mark_ended(vault: Vault, statement_id: UUID, *, reason: str, by: facts.Actor, now: dt.datetime) -> facts.Statement:
    """The event that ends it was seen to happen; `reason` says how that is known. A date ends it by itself.

    Raises:
        RegisterError: NOT_ALLOWED, UNKNOWN_ID, ILLEGAL_MOVE, also where it names no event.
    """
    row = the(models.Statement.objects.all(), "statement", statement_id)
    if not (reading.open_draft(vault, row).expiry.event or "").strip():
        raise RegisterError(
            RegisterErrorCode.ILLEGAL_MOVE,
            f"The statement {row.ref} names no event that could end it.",
            "Its date ends it by itself; what the client takes back is revoked.",
        )
    trigger = Trigger.END_REACHED
    return _move(statement_id, StatementState.EXPIRED, trigger, by=by, now=now, vault=vault, reason=reason)


def waiting_for_counsel() -> tuple[str, ...]:
    """The short ids of the statements whose revocation was asked for before its time, by id."""
    waiting = models.Statement.objects.filter(state=StatementState.REVOCATION_REQUESTED.value)
    return tuple(waiting.order_by("ref").values_list("ref", flat=True))


def moves_of(statement_id: UUID) -> tuple[facts.Moved, ...]:
    """Every change of the statement's state, oldest first, without the reasons.

    Raises:
        RegisterError: UNKNOWN_ID.
    """
    row = the(models.Statement.objects.all(), "statement", statement_id)
    return tuple(_moved(one) for one in _moves(row))


def moves_with_reasons(
    vault: Vault, statement_id: UUID, *, by: facts.Actor, now: dt.datetime
) -> tuple[facts.Moved, ...]:
    """The same with the reasons in clear. When a person looks, that is written down first.

    Raises:
        RegisterError: NOT_ALLOWED, UNKNOWN_ID.
    """
    row = the(models.Statement.objects.all(), "statement", statement_id)
    clients.note_access(by, AuditVerb.REASONS_SEEN, "statement", statement_id, now)
    return tuple(replace(_moved(one), reason=_reason(vault, row, one)) for one in _moves(row))


def reasons(vault: Vault, statement_id: UUID) -> tuple[str, ...]:
    """The reasons given for the statement's moves, oldest first.

    Raises:
        RegisterError: UNKNOWN_ID.
    """
    row = the(models.Statement.objects.all(), "statement", statement_id)
    return tuple(_reason(vault, row, one) for one in _moves(row) if one.sealed_reason)


def _moves(row: models.Statement) -> QuerySet[models.Move]:
    return row.moves.select_related("staff").order_by("at", "id")


def _reason(vault: Vault, row: models.Statement, move: models.Move) -> str:
    if move.sealed_reason is None:
        return ""
    return sealed.open_about(vault, row.id, row.client_id, f"{_REASON}/{row.id}", move.sealed_reason).decode()


def _moved(move: models.Move) -> facts.Moved:
    return facts.Moved(
        source=StatementState(move.source),
        target=StatementState(move.target),
        trigger=Trigger(move.trigger),
        actor=move.staff.username if move.staff is not None else move.machine,
        at=move.at,
        void_reason=VoidReason(move.void_reason) if move.void_reason else None,
        has_reason=move.sealed_reason is not None,
    )


def _takes_the_place(row: models.Statement, newer: models.Statement) -> bool:
    same = newer.client_id == row.client_id and newer.organization_id == row.organization_id
    later = newer.signed_at is not None and row.signed_at is not None and newer.signed_at > row.signed_at
    return same and later and newer.family == row.family and newer.state == StatementState.ACTIVE.value


def _move(
    statement_id: UUID,
    target: StatementState,
    trigger: Trigger,
    *,
    by: facts.Actor,
    now: dt.datetime,
    vault: Vault | None = None,
    reason: str | None = None,
) -> facts.Statement:
    row = the(models.Statement.objects.all(), "statement", statement_id)
    kept = None
    if vault is not None and reason is not None:
        if not reason.strip():
            raise RegisterError(RegisterErrorCode.ILLEGAL_MOVE, "This needs a reason.", "Give the reason in a line.")
        kept = sealed.seal(vault, row.id, f"{_REASON}/{row.id}", reason.strip().encode())
    with transaction.atomic():
        moves.move(row, target, trigger, by=by, now=now, sealed_reason=kept)
    return reading.fact(the(reading.rows(), "statement", statement_id))


def _revocable(vault: Vault, row: models.Statement, today: dt.date) -> bool:
    """Whether the named day of revocation has come; an event is for counsel to find that it happened."""
    revocable = reading.open_draft(vault, row).revocable
    return revocable is not None and revocable.from_date is not None and revocable.from_date <= today
