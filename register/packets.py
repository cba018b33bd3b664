"""Packets: what was asked for in one sitting, judged before anything exists, issued exactly once.

Danger: a packet issued twice gives a client two sets of papers that both count; one issued half gives them a consent
nobody can find. Invariants: the request's id is unique, so asking again is the same packet; the row is the queue, and
whoever holds its lease is the only one who moves its statements; a packet is ISSUED only when every statement is past
DRAFT. Everything the rules find in a request is said at once, and then nothing was opened.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Prefetch, QuerySet

from register import agency, asking, audit, clients, events, facts, leases, models, moves, reading, sealed, staff
from register.change import compare_and_set, the
from register.dates import month_end
from register.errors import RegisterError, RegisterErrorCode
from register.vocabulary import AuditVerb, MachineName, StaffRole, VoidReason
from rules import draft as drafts
from rules.lifecycle import Trigger, packet_may
from rules.signers import Choices, choices
from rules.vocabulary import Family, PacketState, StatementState

if TYPE_CHECKING:
    from storage.vault import Vault

ISSUING = leases.Queue(
    model=models.Packet,
    object_type="packet",
    prefix="",
    state="state",
    waiting=PacketState.REQUESTED,
    working=PacketState.ISSUING,
    failed=PacketState.FAILED,
    order="opened_at",
    machine=facts.Machine(MachineName.PACKET_WORKER),
    on_claim=AuditVerb.PACKET_CLAIMED,
    on_return=AuditVerb.PACKET_RETURNED,
    on_failure=AuditVerb.PACKET_FAILED,
    failed_at="failed_at",
    claimed_at="claimed_at",
)


@dataclass(frozen=True, slots=True)
class _Sealed:
    """A statement ready to be written: what was asked, and its draft as ciphertext."""

    statement_id: UUID
    asked: asking.Asked
    draft: bytes


def open_packet(
    vault: Vault,
    request: facts.PacketRequest,
    *,
    by: facts.Actor,
    now: dt.datetime,
    also: asking.Look = asking.nothing_else,
) -> facts.Packet:
    """Open a packet for a client, or return the one this request opened before.

    A privacy acknowledgment is put first by itself when `request.acknowledgment` names its form and the client has none
    of that version in force or on the way (V20). `also` looks at every draft beside the rules.

    Raises:
        RegisterError: NOT_ALLOWED; UNKNOWN_ID; EMPTY_PACKET; REFUSED with every blocking finding in `findings`.
    """
    person = staff.require(by, StaffRole.INTAKE)
    earlier = find(request.request_id)
    if earlier is not None:
        return _same(earlier, request)
    wanted = asking.drafts_of(vault, request, today=agency.today(now))
    refused = tuple(one for one in asking.findings_of(request, wanted, agency.today(now), also) if one.blocks)
    if refused:
        raise RegisterError(
            RegisterErrorCode.REFUSED,
            f"The packet cannot be opened: {len(refused)} finding(s).",
            "Put right what is listed and ask again.",
            findings=refused,
        )
    ready = [_seal(vault, request.client_id, asked) for asked in wanted]
    with transaction.atomic():
        earlier = find(request.request_id)
        if earlier is not None:
            return _same(earlier, request)
        row = models.Packet.objects.create(
            request_id=request.request_id, client_id=request.client_id, opened_by_id=person.staff_id, opened_at=now
        )
        for position, one in enumerate(ready):
            _write(row, position, one)
        details: audit.Details = {"request": str(request.request_id), "statements": len(ready)}
        audit.append(person, AuditVerb.PACKET_OPENED, "packet", row.id, details, now=now)
        if any(one.asked.draft.family is not Family.REVOCATION for one in ready):
            events.reopened_by_sitting(vault, request.client_id, by=person, now=now)
    return show(row.id)


def findings(
    vault: Vault,
    request: facts.PacketRequest,
    *,
    by: facts.Actor,
    now: dt.datetime,
    also: asking.Look = asking.nothing_else,
) -> tuple[facts.Refusal, ...]:
    """Everything the rules, and `also`, find in a request, warnings too, without opening anything.

    Raises:
        RegisterError: NOT_ALLOWED; UNKNOWN_ID; EMPTY_PACKET.
    """
    staff.require(by, StaffRole.INTAKE)
    today = agency.today(now)
    return asking.findings_of(request, asking.drafts_of(vault, request, today=today), today, also)


def who_may_sign(vault: Vault, client_id: UUID, *, by: facts.Actor, now: dt.datetime) -> Choices:
    """What is left to record of who signs for a client; that a person looked is written down, for it tells an age.

    Raises:
        RegisterError: NOT_ALLOWED; UNKNOWN_ID.
    """
    staff.require(by, StaffRole.INTAKE)
    born = clients.identity(vault, client_id, by=by, now=now).birth_date
    return choices(born, agency.discloser(), agency.today(now))


def claim_next(holder: str, *, lease_seconds: float, now: dt.datetime) -> facts.Claim | None:
    """The packet that waits longest, leased to `holder` (opaque name of a worker process); None when none waits."""
    return leases.claim_next(ISSUING, holder, lease_seconds=lease_seconds, now=now)


def renew_lease(packet_id: UUID, holder: str, *, lease_seconds: float, now: dt.datetime) -> dt.datetime:
    """Keep the lease; returns until when.

    Raises:
        RegisterError: LEASE_LOST.
    """
    return leases.renew(ISSUING, packet_id, holder, lease_seconds=lease_seconds, now=now)


def issued(packet_id: UUID, holder: str, *, stage_ms: Mapping[str, int], now: dt.datetime) -> facts.Packet:
    """Every statement of the packet lies before the client: ISSUING → ISSUED.

    Args:
        stage_ms: how long each stage took, in milliseconds.

    Raises:
        RegisterError: LEASE_LOST; NOT_FINISHED while a statement is still a draft.
    """
    with transaction.atomic():
        if models.Statement.objects.filter(packet_id=packet_id, state=StatementState.DRAFT.value).exists():
            raise RegisterError(
                RegisterErrorCode.NOT_FINISHED,
                "A statement of this packet is still a draft.",
                "Present every statement before the packet is issued.",
            )
        compare_and_set(
            leases.held(ISSUING, packet_id, holder),
            leases.lost(),
            state=PacketState.ISSUED.value,
            lease_holder="",
            lease_until=None,
            failed_step="",
            failed_code="",
            issued_at=now,
            stage_ms={stage: int(ms) for stage, ms in stage_ms.items()},
        )
        audit.append(ISSUING.machine, AuditVerb.PACKET_ISSUED, "packet", packet_id, now=now)
    return show(packet_id)


def failed(packet_id: UUID, holder: str, *, step: str, code: str, retry: bool, now: dt.datetime) -> facts.Packet:
    """Write down at which step and with which code the issuing failed; with `retry` and attempts left it waits again.

    Raises:
        RegisterError: LEASE_LOST.
    """
    with transaction.atomic():
        leases.give_back(ISSUING, packet_id, holder, step=step, code=code, retry=retry, now=now)
    return show(packet_id)


def release_expired(*, now: dt.datetime) -> tuple[UUID, ...]:
    """Take back the leases of workers that died; returns the packets."""
    return leases.release_expired(ISSUING, now=now)


def withdraw(packet_id: UUID, *, by: facts.Actor, now: dt.datetime) -> facts.Packet:
    """Give a packet up that was not issued; its statements become VOID.

    Raises:
        RegisterError: NOT_ALLOWED, UNKNOWN_ID, ILLEGAL_MOVE, MOVED_MEANWHILE.
    """
    person = staff.require(by, StaffRole.INTAKE)
    with transaction.atomic():
        row = the(models.Packet.objects.all(), "packet", packet_id)
        _require_way(row, PacketState.WITHDRAWN)
        compare_and_set(models.Packet.objects.filter(pk=packet_id, state=row.state), state=PacketState.WITHDRAWN.value)
        for statement in row.statements.filter(state__in=[StatementState.DRAFT.value, StatementState.PRESENTED.value]):
            moves.move(
                statement,
                StatementState.VOID,
                Trigger.WITHDRAWN,
                by=person,
                now=now,
                void_reason=VoidReason.PACKET_WITHDRAWN,
                also={"working_object_id": None},
            )
        audit.append(person, AuditVerb.PACKET_WITHDRAWN, "packet", packet_id, now=now)
    return show(packet_id)


def reissue(
    vault: Vault,
    packet_id: UUID,
    *,
    request_id: UUID,
    forms: Mapping[str, facts.FormChoice] | None = None,
    by: facts.Actor,
    now: dt.datetime,
    also: asking.Look = asking.nothing_else,
) -> facts.Packet:
    """Ask again: a FAILED packet waits once more; of any other, its VOID statements are opened as a new packet.

    Args:
        request_id: makes the new packet exactly once; unused for a FAILED packet.
        forms: the forms now in force by id, for statements whose form has a new version.
        also: looks at every draft of a new packet beside the rules.

    Raises:
        RegisterError: as `open_packet`; NOTHING_TO_REISSUE when no statement of the packet is VOID.
    """
    person = staff.require(by, StaffRole.INTAKE)
    row = the(models.Packet.objects.all(), "packet", packet_id)
    if row.state == PacketState.FAILED.value:
        return _ask_again(packet_id, person, now)
    void = row.statements.filter(state=StatementState.VOID.value).order_by("position")
    requests = tuple(asking.again(vault, statement, forms or {}) for statement in void)
    if not requests:
        raise RegisterError(
            RegisterErrorCode.NOTHING_TO_REISSUE,
            "No statement of this packet is void.",
            "Withdraw a statement first, or open a new packet.",
        )
    fresh = facts.PacketRequest(request_id=request_id, client_id=row.client_id, statements=requests)
    return open_packet(vault, fresh, by=person, now=now, also=also)


def show(packet_id: UUID) -> facts.Packet:
    """The packet with this id, its statements in order.

    Raises:
        RegisterError: UNKNOWN_ID.
    """
    return _fact(the(_rows(), "packet", packet_id))


def find(request_id: UUID) -> facts.Packet | None:
    """The packet this request opened; None when it opened none."""
    row = _rows().filter(request_id=request_id).first()
    return _fact(row) if row else None


def listing(
    *, state: PacketState | None = None, client_id: UUID | None = None, limit: int = 50
) -> tuple[facts.Packet, ...]:
    """Packets, the newest first, of one state or client when told."""
    rows = _rows().order_by("-opened_at", "id")
    if state is not None:
        rows = rows.filter(state=state.value)
    if client_id is not None:
        rows = rows.filter(client_id=client_id)
    return tuple(_fact(row) for row in rows[:limit])


def waiting() -> int:
    """How many packets wait or are being issued."""
    return models.Packet.objects.filter(state__in=[PacketState.REQUESTED.value, PacketState.ISSUING.value]).count()


def _same(earlier: facts.Packet, request: facts.PacketRequest) -> facts.Packet:
    if earlier.client_id != request.client_id:
        raise RegisterError(
            RegisterErrorCode.REFUSED, "This request was made for another client.", "Make a new request id."
        )
    return earlier


def _seal(vault: Vault, client_id: UUID, asked: asking.Asked) -> _Sealed:
    statement_id = uuid4()
    blob = sealed.seal(vault, statement_id, f"{reading.DRAFT}/{statement_id}", drafts.dump(asked.draft))
    return _Sealed(statement_id, asked, blob)


def _write(packet: models.Packet, position: int, one: _Sealed) -> None:
    draft, form = one.asked.draft, one.asked.form
    models.Statement.objects.create(
        id=one.statement_id,
        ref=reading.new_ref(),
        packet=packet,
        client_id=packet.client_id,
        position=position,
        form_id=form.form_id,
        form_version=form.form_version,
        form_sha256=form.sha256.get(draft.language, ""),
        retention_class=form.retention_class,
        language=draft.language.value,
        family=draft.family.value,
        organization_id=draft.recipient.organization_id if draft.recipient else None,
        signers=[role.value for role in one.asked.signers],
        sealed_draft=one.draft,
        expires_on=month_end(draft.expiry.date) if draft.expiry.date else None,
    )


def _ask_again(packet_id: UUID, by: facts.Person, now: dt.datetime) -> facts.Packet:
    with transaction.atomic():
        compare_and_set(
            models.Packet.objects.filter(pk=packet_id, state=PacketState.FAILED.value),
            state=PacketState.REQUESTED.value,
            attempts=0,
            not_before=None,
            failed_at=None,
        )
        audit.append(by, AuditVerb.PACKET_ASKED_AGAIN, "packet", packet_id, now=now)
    return show(packet_id)


def _require_way(row: models.Packet, target: PacketState) -> None:
    if not packet_may(PacketState(row.state), target):
        raise RegisterError(
            RegisterErrorCode.ILLEGAL_MOVE,
            f"The packet is {row.state} and cannot become {target.value}.",
            "An issued packet stays; withdraw its statements one by one.",
        )


def _rows() -> QuerySet[models.Packet]:
    return models.Packet.objects.prefetch_related(Prefetch("statements", queryset=reading.rows().order_by("position")))


def _fact(row: models.Packet) -> facts.Packet:
    return facts.Packet(
        packet_id=row.id,
        request_id=row.request_id,
        client_id=row.client_id,
        state=PacketState(row.state),
        attempts=row.attempts,
        lease_holder=row.lease_holder,
        lease_until=row.lease_until,
        failed_step=row.failed_step,
        failed_code=row.failed_code,
        opened_by=row.opened_by_id,
        opened_at=row.opened_at,
        claimed_at=row.claimed_at,
        issued_at=row.issued_at,
        failed_at=row.failed_at,
        stage_ms=dict(row.stage_ms),
        statements=tuple(reading.fact(one) for one in row.statements.all()),
    )
