"""What becomes of an active statement: suspended, revoked, superseded, known to be false.

Danger: information goes out on a consent that was taken back. Invariants: a spoken request suspends at once; any
writing revokes on receipt (42 CFR 2.31(a)(6)), except that a criminal justice statement whose time of revocation has
not come becomes REVOCATION_REQUESTED and counsel decides (2.35(c)); nothing comes back from an end. Reasons are a
person's words and are sealed under the client's key.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction

from register import agency, facts, models, moves, reading, sealed
from register.change import the
from register.errors import RegisterError, RegisterErrorCode, unknown
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


def revoke(vault: Vault, statement_id: UUID, *, by: facts.Actor, now: dt.datetime) -> facts.Statement:
    """A written revocation arrived. A criminal justice statement that is not revocable yet waits for counsel.

    Raises:
        RegisterError: NOT_ALLOWED, UNKNOWN_ID, ILLEGAL_MOVE.
    """
    row = the(models.Statement.objects.all(), "statement", statement_id)
    if row.family == Family.CRIMINAL_JUSTICE.value and not _revocable(vault, row, agency.today(now)):
        trigger = Trigger.REVOCATION_NOT_YET_OPEN
        return _move(statement_id, StatementState.REVOCATION_REQUESTED, trigger, by=by, now=now)
    return _move(statement_id, StatementState.REVOKED, Trigger.WRITTEN_REVOCATION, by=by, now=now)


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


def supersede(statement_id: UUID, *, by: facts.Actor, now: dt.datetime) -> facts.Statement:
    """A newer statement stands in its place.

    Raises:
        RegisterError: NOT_ALLOWED, UNKNOWN_ID, ILLEGAL_MOVE.
    """
    return _move(statement_id, StatementState.SUPERSEDED, Trigger.NEW_STATEMENT, by=by, now=now)


def mark_known_false(
    vault: Vault, statement_id: UUID, *, reason: str, by: facts.Actor, now: dt.datetime
) -> facts.Statement:
    """Something material in it is known to be false: it authorizes nothing any more (42 CFR 2.31(c)).

    Raises:
        RegisterError: NOT_ALLOWED, UNKNOWN_ID, ILLEGAL_MOVE.
    """
    trigger = Trigger.FOUND_FALSE
    return _move(statement_id, StatementState.KNOWN_FALSE, trigger, by=by, now=now, vault=vault, reason=reason)


def reasons(vault: Vault, statement_id: UUID) -> tuple[str, ...]:
    """The reasons given for the statement's moves, oldest first.

    Raises:
        RegisterError: UNKNOWN_ID.
    """
    row = the(models.Statement.objects.all(), "statement", statement_id)
    told = row.moves.exclude(sealed_reason=None).order_by("at", "id")
    return tuple(
        sealed.open_sealed(vault, row.client_id, f"{_REASON}/{row.id}", one.sealed_reason or b"").decode()
        for one in told
    )


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
        kept = sealed.seal(vault, row.client_id, f"{_REASON}/{row.id}", reason.strip().encode())
    with transaction.atomic():
        moves.move(row, target, trigger, by=by, now=now, sealed_reason=kept)
    return reading.fact(the(reading.rows(), "statement", statement_id))


def _revocable(vault: Vault, row: models.Statement, today: dt.date) -> bool:
    """Whether the named day of revocation has come; an event is for counsel to find that it happened."""
    revocable = reading.open_draft(vault, row).revocable
    return revocable is not None and revocable.from_date is not None and revocable.from_date <= today
