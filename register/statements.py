"""Statements: from draft to presented, to active, to an end; every move asked of the rules and made by compare-and-set.

Danger: a statement that is active while its record is not kept, or that comes back from an end. Invariants: `activate`
makes the record and the state one transaction; the ways are those of `rules.lifecycle`, and `moves` alone writes
`state`.

What becomes of an active statement (suspended, revoked, expired, …) is in `register.standing`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from register import audit, clients, facts, holds, leases, models, moves, objects, reading
from register.change import compare_and_set, the
from register.dates import month_end, month_end_instant
from register.errors import RegisterError, RegisterErrorCode, unknown
from register.vocabulary import AuditVerb, MachineName, ObjectArea, SealingState, VoidReason
from rules.draft import StatementDraft
from rules.lifecycle import Trigger
from rules.vocabulary import Family, PacketState, Proof, SignerRole, StatementState

if TYPE_CHECKING:
    from storage.vault import Vault

_NO_SEALING = {"sealing": SealingState.NONE.value, "sealing_lease_holder": "", "sealing_lease_until": None}
_NOT_IN_TIME = frozenset({VoidReason.NEVER_SIGNED, VoidReason.OVER_UNSIGNED})
_RUNNING = (StatementState.ACTIVE, StatementState.SUSPENDED, StatementState.REVOCATION_REQUESTED)

SEALING = leases.Queue(
    model=models.Statement,
    object_type="statement",
    prefix="sealing_",
    state="sealing",
    waiting=SealingState.REQUESTED,
    working=SealingState.SEALING,
    failed=SealingState.FAILED,
    order="sealing_requested_at",
    machine=facts.Machine(MachineName.SEALING_WORKER),
    on_claim=AuditVerb.SEALING_CLAIMED,
    on_return=AuditVerb.SEALING_RETURNED,
    on_failure=AuditVerb.SEALING_FAILED,
)


def waits_for(statement: facts.Statement) -> tuple[SignerRole, ...]:
    """Whose signatures it waits for, the next first; nobody's where it is not there to be signed."""
    return reading.missing_signers(statement) if statement.state is StatementState.PRESENTED else ()


def show(statement_id: UUID) -> facts.Statement:
    """The statement with this id.

    Raises:
        RegisterError: UNKNOWN_ID.
    """
    return reading.fact(the(reading.rows(), "statement", statement_id))


def by_ref(ref: str) -> facts.Statement:
    """The statement with this printed reference; hyphens, case and letters misread for digits make no difference.

    Raises:
        RegisterError: UNKNOWN_ID.
    """
    row = reading.rows().filter(ref=reading.plain_ref(ref)).first()
    if row is None:
        raise unknown("statement", "with this reference")
    return reading.fact(row)


def draft(vault: Vault, statement_id: UUID, *, by: facts.Actor, now: dt.datetime) -> StatementDraft:
    """What the statement says, in clear. When a person looks, that is written down first.

    Raises:
        RegisterError: NOT_ALLOWED, UNKNOWN_ID.
    """
    row = the(models.Statement.objects.all(), "statement", statement_id)
    clients.note_access(by, AuditVerb.DRAFT_SEEN, "statement", statement_id, now)
    return reading.open_draft(vault, row)


def present(statement_id: UUID, *, holder: str, document: facts.Document, now: dt.datetime) -> facts.Statement:
    """The certified document lies before the client: DRAFT → PRESENTED, with the publication of its bytes.

    Again with the same document changes nothing.

    Raises:
        RegisterError: UNKNOWN_ID; LEASE_LOST when `holder` no longer works on the packet; ILLEGAL_MOVE; OBJECT_STATE.
    """
    with transaction.atomic():
        row = the(models.Statement.objects.all(), "statement", statement_id)
        if row.state == StatementState.PRESENTED and row.document_sha256 == document.document_sha256:
            return show(statement_id)
        working = models.Packet.objects.filter(pk=row.packet_id, state=PacketState.ISSUING.value, lease_holder=holder)
        if not working.exists():
            raise leases.lost()
        objects.publish(document, ObjectArea.WORKING, now=now)
        moves.move(
            row,
            StatementState.PRESENTED,
            Trigger.RENDERED,
            by=facts.Machine(MachineName.PACKET_WORKER),
            now=now,
            also={
                "working_object_id": document.object_id,
                "document_sha256": document.document_sha256,
                "pages": document.pages,
                "presented_at": now,
            },
        )
    return show(statement_id)


def decline(statement_id: UUID, *, by: facts.Actor, now: dt.datetime) -> facts.Statement:
    """The client does not sign; the document is kept for its class's time, then destroyed unlocked.

    Raises:
        RegisterError: NOT_ALLOWED, UNKNOWN_ID, ILLEGAL_MOVE.
    """
    with transaction.atomic():
        row = the(models.Statement.objects.all(), "statement", statement_id)
        moves.move(row, StatementState.DECLINED, Trigger.CLIENT_DECLINED, by=by, now=now, also=_NO_SEALING)
    return show(statement_id)


def void(statement_id: UUID, *, reason: VoidReason, by: facts.Actor, now: dt.datetime) -> facts.Statement:
    """Take a statement back before it is active; its working bytes are set free at once (`objects.orphans`).

    Raises:
        RegisterError: NOT_ALLOWED, UNKNOWN_ID, ILLEGAL_MOVE.
    """
    trigger = Trigger.NOT_SIGNED_IN_TIME if reason in _NOT_IN_TIME else Trigger.WITHDRAWN
    with transaction.atomic():
        row = the(models.Statement.objects.all(), "statement", statement_id)
        moves.move(
            row,
            StatementState.VOID,
            trigger,
            by=by,
            now=now,
            void_reason=reason,
            also={"working_object_id": None, **_NO_SEALING},
        )
    return show(statement_id)


def expire(statement_id: UUID, *, by: facts.Actor, now: dt.datetime) -> facts.Statement:
    """Its date has passed, or its event was seen to happen.

    Raises:
        RegisterError: NOT_ALLOWED, UNKNOWN_ID, ILLEGAL_MOVE.
    """
    with transaction.atomic():
        row = the(models.Statement.objects.all(), "statement", statement_id)
        moves.move(row, StatementState.EXPIRED, Trigger.END_REACHED, by=by, now=now)
    return show(statement_id)


def due_to_expire(vault: Vault, *, today: dt.date) -> tuple[UUID, ...]:
    """The statements whose date has passed on the agency's day `today`.

    The column in clear narrows them down to the month; the sealed draft has the day.
    """
    running = models.Statement.objects.filter(state__in=[state.value for state in _RUNNING])
    return tuple(row.id for row in _past_their_end(vault, running, today))


def over_unsigned(vault: Vault, *, today: dt.date) -> tuple[UUID, ...]:
    """Statements whose date has passed before everybody signed: nobody may sign them any more (V12).

    What everybody signed in time is sealed, and expires as a record; what somebody signed and a hold covers stays.
    """
    waiting = models.Statement.objects.filter(state=StatementState.PRESENTED.value, sealing=SealingState.NONE.value)
    over = _past_their_end(vault, waiting, today)
    disclosing = (row for row in over if Family(row.family).discloses)
    return tuple(row.id for row in disclosing if row.signed_at is None or not holds.cover_statement(row))


def _past_their_end(vault: Vault, rows: QuerySet[models.Statement], today: dt.date) -> Iterator[models.Statement]:
    for row in rows.filter(expires_on__lte=month_end(today)).order_by("id"):
        last_day = reading.open_draft(vault, row).expiry.date
        if last_day is not None and last_day < today:
            yield row


def replace_working(
    statement_id: UUID, *, expected_revision: int, document: facts.Document, by: facts.Actor, now: dt.datetime
) -> facts.Statement:
    """Part-signed bytes got an archival stamp (upkeep): the same document, provable for longer.

    Raises:
        RegisterError: UNKNOWN_ID; MOVED_MEANWHILE when somebody signed in between; OBJECT_STATE.
    """
    with transaction.atomic():
        the(models.Statement.objects.all(), "statement", statement_id)
        objects.publish(document, ObjectArea.WORKING, now=now)
        compare_and_set(
            models.Statement.objects.filter(
                pk=statement_id, state=StatementState.PRESENTED.value, revision=expected_revision
            ),
            working_object_id=document.object_id,
            document_sha256=document.document_sha256,
            stamped_at=now,
            revision=expected_revision + 1,
        )
        sha = {"sha256": document.document_sha256}
        audit.append(by, AuditVerb.WORKING_REPLACED, "statement", statement_id, sha, now=now)
    return show(statement_id)


def release_working(statement_id: UUID, *, by: facts.Actor, now: dt.datetime) -> str | None:
    """Set the bytes of a declined or void statement free; returns the object to destroy.

    None, and nothing changed, when none is left or a hold covers the statement.

    Raises:
        RegisterError: UNKNOWN_ID; ILLEGAL_MOVE when the statement is neither.
    """
    with transaction.atomic():
        row = the(models.Statement.objects.all(), "statement", statement_id)
        if holds.cover_statement(row):
            return None
        ended = models.Statement.objects.filter(
            pk=statement_id, state__in=[StatementState.DECLINED.value, StatementState.VOID.value]
        )
        refusal = RegisterError(
            RegisterErrorCode.ILLEGAL_MOVE,
            f"The statement {row.ref} is {row.state}, and its bytes are needed.",
            "Decline or withdraw it first.",
        )
        compare_and_set(ended, refusal, working_object_id=None)
        details = {"object": row.working_object_id}
        audit.append(by, AuditVerb.WORKING_REPLACED, "statement", statement_id, details, now=now)
    return row.working_object_id


def never_signed(*, presented_before: dt.datetime) -> tuple[UUID, ...]:
    """Statements presented before that time which nobody signed."""
    waiting = models.Statement.objects.filter(state=StatementState.PRESENTED.value, signed_at=None)
    return _ids(waiting.filter(presented_at__lt=presented_before))


def part_signed(*, presented_before: dt.datetime) -> tuple[UUID, ...]:
    """Statements presented before that time that somebody signed, not sealed yet, and not stamped since.

    By the day they were presented, not signed: the organization's certification is the signature that runs out first.
    """
    waiting = models.Statement.objects.filter(
        state=StatementState.PRESENTED.value, stamped_at=None, signed_at__isnull=False
    )
    return _ids(waiting.filter(presented_at__lt=presented_before))


def declined(*, ended_before: dt.datetime) -> tuple[UUID, ...]:
    """Statements declined before that time whose bytes still lie in the vault."""
    kept = models.Statement.objects.filter(state=StatementState.DECLINED.value, working_object__isnull=False)
    return _ids(kept.filter(ended_at__lt=ended_before))


# --- the queue of what is to be sealed --------------------------------------------------------------------------------


def request_sealing(statement_id: UUID, *, by: facts.Actor, now: dt.datetime) -> facts.Statement:
    """Put a statement everybody signed up for sealing; `signings.record` does so after the last person.

    Raises:
        RegisterError: UNKNOWN_ID; NOT_FINISHED while somebody has not signed; MOVED_MEANWHILE when it waits already.
    """
    with transaction.atomic():
        row = reading.fact(the(reading.rows(), "statement", statement_id))
        if reading.missing_signers(row):
            raise RegisterError(
                RegisterErrorCode.NOT_FINISHED,
                f"The statement {row.ref} is not signed by everybody yet.",
                "Finish the ceremony first.",
            )
        idle = models.Statement.objects.filter(
            pk=statement_id,
            state=StatementState.PRESENTED.value,
            sealing__in=[SealingState.NONE.value, SealingState.FAILED.value],
        )
        compare_and_set(
            idle,
            sealing=SealingState.REQUESTED.value,
            sealing_requested_at=now,
            sealing_attempts=0,
            sealing_not_before=None,
        )
        audit.append(by, AuditVerb.SEALING_REQUESTED, "statement", statement_id, now=now)
    return show(statement_id)


def claim_sealing(holder: str, *, lease_seconds: float, now: dt.datetime) -> facts.Claim | None:
    """The statement that waits longest for its seal, leased to `holder`; None when none waits."""
    return leases.claim_next(SEALING, holder, lease_seconds=lease_seconds, now=now)


def renew_sealing(statement_id: UUID, holder: str, *, lease_seconds: float, now: dt.datetime) -> dt.datetime:
    """Keep the lease; returns until when.

    Raises:
        RegisterError: LEASE_LOST.
    """
    return leases.renew(SEALING, statement_id, holder, lease_seconds=lease_seconds, now=now)


def sealing_failed(
    statement_id: UUID, holder: str, *, step: str, code: str, retry: bool, now: dt.datetime
) -> facts.Statement:
    """Write down where the sealing failed; with `retry` and attempts left it waits again.

    Raises:
        RegisterError: LEASE_LOST.
    """
    with transaction.atomic():
        leases.give_back(SEALING, statement_id, holder, step=step, code=code, retry=retry, now=now)
    return show(statement_id)


def release_expired_sealing(*, now: dt.datetime) -> tuple[UUID, ...]:
    """Take back the leases of sealers that died; returns the statements."""
    return leases.release_expired(SEALING, now=now)


def waiting_to_seal() -> int:
    """How many statements wait for their seal or are being sealed."""
    busy = [SealingState.REQUESTED.value, SealingState.SEALING.value]
    return models.Statement.objects.filter(sealing__in=busy).count()


def sealing_stuck() -> tuple[facts.Statement, ...]:
    """Statements whose sealing failed for good: a person looks, then `request_sealing` again."""
    stuck = reading.rows().filter(state=StatementState.PRESENTED.value, sealing=SealingState.FAILED.value)
    return tuple(reading.fact(row) for row in stuck.order_by("sealing_requested_at", "id"))


def activate(
    statement_id: UUID,
    *,
    holder: str,
    document: facts.Document,
    proof: Proof,
    retain_until: dt.datetime | None,
    now: dt.datetime,
) -> facts.Record:
    """The sealed document is kept: PRESENTED → ACTIVE, the record's row, and the working bytes set free, at once.

    Args:
        document: the sealed bytes, staged in the records area and durable.
        retain_until: the lock as the store has it; kept here rounded up to the month's end.

    Raises:
        RegisterError: UNKNOWN_ID; LEASE_LOST; PROOF when the bytes are not sealed; NOT_FINISHED; OBJECT_STATE.
    """
    from register import records

    if proof not in (Proof.SEALED, Proof.SEALED_WITHOUT_TIME):
        raise RegisterError(
            RegisterErrorCode.PROOF, "Only a sealed document becomes a record.", "Seal it first, with time or without."
        )
    with transaction.atomic():
        row = the(reading.rows(), "statement", statement_id)
        if not leases.held(SEALING, statement_id, holder).exists():
            raise leases.lost()
        if reading.missing_signers(reading.fact(row)):
            raise RegisterError(
                RegisterErrorCode.NOT_FINISHED,
                f"The statement {row.ref} is not signed by everybody yet.",
                "Finish the ceremony first.",
            )
        objects.publish(document, ObjectArea.RECORDS, now=now)
        freed = row.working_object_id
        moves.move(
            row,
            StatementState.ACTIVE,
            Trigger.SEALED,
            by=facts.Machine(MachineName.SEALING_WORKER),
            now=now,
            also={
                "proof": proof.value,
                "document_sha256": document.document_sha256,
                "pages": document.pages,
                "working_object_id": None,
                "activated_at": now,
                **_NO_SEALING,
                "sealing": SealingState.SEALED.value,
            },
        )
        until = month_end_instant(retain_until) if retain_until else None
        return records.keep(row, document, proof=proof, retain_until=until, freed=freed, now=now)


def _ids(found: QuerySet[models.Statement]) -> tuple[UUID, ...]:
    return tuple(found.order_by("id").values_list("id", flat=True))
