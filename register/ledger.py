"""The disclosure ledger: what left, to whom, on what basis, by whom, when. Written before anything goes.

The statement names an organization; the ledger also names the person there who received it (45 CFR 164.528; domain
notes, 2.4), sealed under the client's key. A row serves both accountings, of HIPAA (six years) and of Part 2 (three).
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from django.db import transaction

from register import audit, due, facts, models, sealed, staff
from register.change import the
from register.errors import RegisterError, RegisterErrorCode
from register.vocabulary import AuditVerb, CopyMethod, DisclosureBasis, StaffRole
from rules.vocabulary import InformationCategory, PurposeCode

if TYPE_CHECKING:
    from storage.vault import Vault

_PERSON = "ledger-recipient-person"
_DESK = (StaffRole.INTAKE, StaffRole.WITNESS, StaffRole.RECORDS_OFFICER, StaffRole.COUNSEL)


def enter(
    vault: Vault,
    *,
    client_id: UUID,
    statement_id: UUID | None,
    organization_id: UUID | None,
    categories: tuple[InformationCategory, ...],
    basis: DisclosureBasis,
    purpose: PurposeCode | None,
    recipient_person: str | None,
    by: facts.Actor,
    now: dt.datetime,
) -> facts.Disclosure:
    """Write what is about to leave; only then may it go.

    Raises:
        RegisterError: NOT_ALLOWED; UNKNOWN_ID, also for a statement of another client.
    """
    person = staff.require(by, *_DESK)
    disclosure_id = uuid4()
    name = recipient_person.strip() if recipient_person else ""
    kept = sealed.seal(vault, client_id, f"{_PERSON}/{disclosure_id}", name.encode()) if name else None
    with transaction.atomic():
        the(models.Client.objects.all(), "client", client_id)
        if statement_id is not None:
            the(models.Statement.objects.filter(client_id=client_id), "statement", statement_id)
        if organization_id is not None:
            the(models.Organization.objects.all(), "organization", organization_id)
        row = models.Disclosure.objects.create(
            id=disclosure_id,
            client_id=client_id,
            statement_id=statement_id,
            organization_id=organization_id,
            categories=[category.value for category in categories],
            basis=basis.value,
            purpose=purpose.value if purpose else "",
            sealed_recipient_person=kept,
            staff_id=person.staff_id,
            disclosed_at=now,
        )
        details = {"basis": basis.value, "client": str(client_id)}
        audit.append(person, AuditVerb.DISCLOSED, "disclosure", row.id, details, now=now)
        if statement_id is not None:
            # the row is the event: what it rests on is kept as long as it must be accounted for
            due.renew_of_statement(statement_id, now=now)
    return _fact(row)


def copy_given(statement_id: UUID, *, method: CopyMethod, by: facts.Actor, now: dt.datetime) -> facts.CopyGiven:
    """The client got, or refused, their own copy of a statement as it is now (45 CFR 164.508(c)(4)).

    Raises:
        RegisterError: NOT_ALLOWED; UNKNOWN_ID; NOT_FINISHED while there is no document to copy.
    """
    person = staff.require(by, *_DESK)
    with transaction.atomic():
        row = the(models.Statement.objects.all(), "statement", statement_id)
        if not row.document_sha256:
            raise RegisterError(
                RegisterErrorCode.NOT_FINISHED,
                f"The statement {row.ref} has no document yet.",
                "Give the copy once it is signed.",
            )
        given = models.CopyGiven.objects.create(
            statement=row,
            method=method.value,
            document_sha256=row.document_sha256,
            staff_id=person.staff_id,
            given_at=now,
        )
        details = {"method": method.value, "sha256": row.document_sha256}
        audit.append(person, AuditVerb.COPY_GIVEN, "statement", statement_id, details, now=now)
    return _copy(given)


def of_client(client_id: UUID) -> tuple[facts.Disclosure, ...]:
    """Everything that left about a client, oldest first.

    Raises:
        RegisterError: UNKNOWN_ID.
    """
    row = the(models.Client.objects.all(), "client", client_id)
    return tuple(_fact(one) for one in row.disclosures.order_by("disclosed_at", "id"))


def recipient_person(vault: Vault, disclosure_id: UUID) -> str:
    """The person who received it, in clear; empty when nobody was named.

    Raises:
        RegisterError: UNKNOWN_ID.
    """
    row = the(models.Disclosure.objects.all(), "ledger row", disclosure_id)
    if row.sealed_recipient_person is None:
        return ""
    return sealed.open_sealed(vault, row.client_id, f"{_PERSON}/{row.id}", row.sealed_recipient_person).decode()


def copies_of(statement_id: UUID) -> tuple[facts.CopyGiven, ...]:
    """When the client was given copies of a statement, oldest first.

    Raises:
        RegisterError: UNKNOWN_ID.
    """
    row = the(models.Statement.objects.all(), "statement", statement_id)
    return tuple(_copy(one) for one in row.copies_given.order_by("given_at", "id"))


def _copy(row: models.CopyGiven) -> facts.CopyGiven:
    return facts.CopyGiven(
        statement_id=row.statement_id,
        method=CopyMethod(row.method),
        document_sha256=row.document_sha256,
        staff_id=row.staff_id,
        given_at=row.given_at,
    )


def _fact(row: models.Disclosure) -> facts.Disclosure:
    return facts.Disclosure(
        disclosure_id=row.id,
        client_id=row.client_id,
        statement_id=row.statement_id,
        organization_id=row.organization_id,
        categories=tuple(InformationCategory(one) for one in row.categories),
        basis=DisclosureBasis(row.basis),
        purpose=PurposeCode(row.purpose) if row.purpose else None,
        staff_id=row.staff_id,
        disclosed_at=row.disclosed_at,
    )
