"""What becomes of statements in force when the organization they name is no more: counsel decides, nobody else.

Danger: software that follows a merger by itself sends a client's information to somebody they never named; software
that breaks at it leaves staff to guess. Invariants: a signed statement is never re-addressed; a successor receives on
it only after counsel's reasoned decision about that very pair, and only one that took over the work; until then every
such statement is reported (V22).
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from django.db import transaction

from register import audit, facts, models, organizations, sealed, staff
from register.change import the
from register.errors import RegisterError, RegisterErrorCode
from register.vocabulary import AuditVerb, StaffRole
from rules import disclosure
from rules.finding import Finding
from rules.vocabulary import StatementState

if TYPE_CHECKING:
    from storage.vault import Vault

_REASON = "carry-over-reason"


def carry_over(
    vault: Vault, organization_id: UUID, successor_id: UUID, *, reason: str, by: facts.Actor, now: dt.datetime
) -> None:
    """Counsel lets a successor stand in an organization's place on statements in force; again changes nothing.

    Raises:
        RegisterError: NOT_ALLOWED unless counsel; UNKNOWN_ID; NAME_NEEDED without a reason; SUCCESSOR where the
            organization still stands, or the other did not take over its work.
    """
    person = staff.require(by, StaffRole.COUNSEL)
    row = the(models.Organization.objects.all(), "organization", organization_id)
    the(models.Organization.objects.all(), "organization", successor_id)
    if not reason.strip():
        raise RegisterError(RegisterErrorCode.NAME_NEEDED, "This needs a reason.", "Give the reason in a line.")
    if row.retired_on is None or successor_id not in organizations.successors(organization_id):
        raise RegisterError(
            RegisterErrorCode.SUCCESSOR,
            f"{row.legal_name} still stands, or that organization did not take over its work.",
            "Record the merger first: confide org retire ID --successor ID.",
        )
    decision_id = uuid4()
    kept = sealed.seal(vault, decision_id, _REASON, reason.strip().encode())
    with transaction.atomic():
        if models.CarryOver.objects.filter(organization_id=organization_id, successor_id=successor_id).exists():
            return
        models.CarryOver.objects.create(
            id=decision_id,
            organization_id=organization_id,
            successor_id=successor_id,
            sealed_reason=kept,
            decided_by_id=person.staff_id,
            decided_at=now,
        )
        details: audit.Details = {"successor": str(successor_id)}
        audit.append(person, AuditVerb.ORGANIZATION_CARRIED_OVER, "organization", organization_id, details, now=now)


def approved(organization_id: UUID) -> frozenset[UUID]:
    """Who may receive in this organization's place, by counsel's decision."""
    decided = models.CarryOver.objects.filter(organization_id=organization_id)
    return frozenset(decided.values_list("successor_id", flat=True))


def reason(vault: Vault, organization_id: UUID, successor_id: UUID) -> str:
    """Why counsel let it carry over.

    Raises:
        RegisterError: UNKNOWN_ID where counsel decided nothing.
    """
    decided = models.CarryOver.objects.filter(successor_id=successor_id)
    row = the(models.Organization.objects.all(), "organization", organization_id)
    decision = decided.filter(organization_id=row.id).first()
    if decision is None:
        raise RegisterError(
            RegisterErrorCode.UNKNOWN_ID, "Counsel decided nothing about these two.", "confide org changed"
        )
    return sealed.open_sealed(vault, decision.id, _REASON, decision.sealed_reason).decode()


def to_re_paper(organization_id: UUID | None = None) -> tuple[Finding, ...]:
    """V22: every statement in force on an organization that is no more, of one or of all, that waits for counsel."""
    waiting = models.Statement.objects.filter(
        organization__retired_on__isnull=False, state__in=[state.value for state in disclosure.IN_FORCE]
    ).exclude(organization_id__in=models.CarryOver.objects.values("organization_id"))
    if organization_id is not None:
        waiting = waiting.filter(organization_id=organization_id)
    rows = [
        disclosure.Signed(ref, organization, StatementState(state))
        for ref, organization, state in waiting.order_by("ref").values_list("ref", "organization_id", "state")
        if organization is not None
    ]
    return disclosure.to_re_paper(rows, {row.organization_id for row in rows})
