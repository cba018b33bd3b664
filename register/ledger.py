"""The disclosure ledger: what left, to whom, on what basis, by whom, when. Written before anything goes.

The statement names an organization; the ledger also names the person there who received it (45 CFR 164.528; domain
notes, 2.4), sealed under the client's key, and so is what went, in a line. A row serves both accountings, of HIPAA (six
years) and of Part 2 (three). Danger: a row that is half, or written after the fact as if it had been before. Invariant:
every row was judged whole (V18) the moment it was written, and is never changed.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import QuerySet

from register import audit, clients, due, facts, ledger_facts, models, sealed, staff
from register.change import the
from register.errors import RegisterError, RegisterErrorCode
from register.moves import DESK
from register.vocabulary import AuditVerb, CopyMethod, HandoverMethod
from rules import emergency as emergencies
from rules.disclosure import LedgerLine, written_down
from rules.emergency import Emergency
from rules.finding import Finding, blocking
from rules.vocabulary import DisclosureBasis, InformationCategory, PurposeCode
from storage.errors import KeyDestroyed

if TYPE_CHECKING:
    from storage.vault import Vault

_PERSON = "ledger-recipient-person"
_DESCRIPTION = "ledger-description"
_EMERGENCY = "ledger-emergency"


def enter(
    vault: Vault,
    *,
    client_id: UUID,
    statement_id: UUID | None,
    organization_id: UUID | None,
    categories: tuple[InformationCategory, ...],
    basis: DisclosureBasis,
    purpose: PurposeCode | None,
    told: facts.Handover,
    by: facts.Actor,
    now: dt.datetime,
    happened_at: dt.datetime | None = None,
    emergency: Emergency | None = None,
) -> ledger_facts.Disclosure:
    """Write what is about to leave; only then may it go. On a statement's basis, `disclosing.disclose` asks first.

    Args:
        organization_id: whom it goes to; None in an emergency, whose facility need not be registered here.
        happened_at: when it was told already, which only what cannot wait may be (V18); None: it goes after this.
        emergency: what 42 CFR 2.51(c) wants beside it, judged by `emergencies`, which alone gives it.

    Raises:
        RegisterError: NOT_ALLOWED; UNKNOWN_ID, also for a statement of another client; REFUSED when the row would not
            be whole (V18).
    """
    person = staff.require(by, *DESK)
    disclosure_id = uuid4()
    kept, said = told.received_by.strip(), told.description.strip()
    with transaction.atomic():
        clients.kept(client_id)
        if statement_id is not None:
            the(models.Statement.objects.filter(client_id=client_id), "statement", statement_id)
        organization, reason = emergency.affiliation if emergency else "", emergency.nature if emergency else ""
        if organization_id is not None:
            organization = the(models.Organization.objects.all(), "organization", organization_id).legal_name
        line = LedgerLine(
            written_at=now,
            happened_at=happened_at or now,
            basis=basis,
            organization=organization,
            received_by=kept,
            description=said,
            purpose=purpose.value if purpose else reason,
        )
        refuse_half(written_down(line))
        owner = statement_id or client_id  # what is told under a statement goes with it
        row = models.Disclosure.objects.create(
            id=disclosure_id,
            client_id=client_id,
            statement_id=statement_id,
            organization_id=organization_id,
            categories=[category.value for category in categories],
            basis=basis.value,
            purpose=purpose.value if purpose else "",
            method=told.method.value,
            items=told.items,
            sealed_recipient_person=sealed.seal(vault, owner, f"{_PERSON}/{disclosure_id}", kept.encode()),
            sealed_description=sealed.seal(vault, owner, f"{_DESCRIPTION}/{disclosure_id}", said.encode()),
            sealed_emergency=sealed.seal(vault, owner, f"{_EMERGENCY}/{disclosure_id}", emergencies.dump(emergency))
            if emergency
            else None,
            staff_id=person.staff_id,
            disclosed_at=line.happened_at,
            written_at=now,
        )
        details: audit.Details = {"basis": basis.value, "client": str(client_id), "method": told.method.value}
        audit.append(person, AuditVerb.DISCLOSED, "disclosure", row.id, details, now=now)
        if statement_id is not None:
            # the row is the event: what it rests on is kept as long as it must be accounted for
            due.renew_of_statement(statement_id, now=now)
    return _fact(row)


_NOT_YET = "The ledger cannot take this yet."
_BEFORE = "Say what is missing; nothing goes before it is written down."


def refuse_half(findings: tuple[Finding, ...], *, sentence: str = _NOT_YET, remedy: str = _BEFORE) -> None:
    """Nothing.

    Raises:
        RegisterError: REFUSED when a finding blocks.
    """
    if found := blocking(findings):
        raise RegisterError(
            RegisterErrorCode.REFUSED,
            sentence,
            remedy,
            findings=tuple(facts.Refusal(position=-1, form_id="ledger", finding=finding) for finding in found),
        )


def copy_given(statement_id: UUID, *, method: CopyMethod, by: facts.Actor, now: dt.datetime) -> ledger_facts.CopyGiven:
    """The client got, or refused, their own copy of a statement as it is now (45 CFR 164.508(c)(4)).

    Raises:
        RegisterError: NOT_ALLOWED; UNKNOWN_ID; NOT_FINISHED while there is no document to copy.
    """
    person = staff.require(by, *DESK)
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


def of_client(client_id: UUID) -> tuple[ledger_facts.Disclosure, ...]:
    """Everything that left about a client, oldest first.

    Raises:
        RegisterError: UNKNOWN_ID.
    """
    row = the(models.Client.objects.all(), "client", client_id)
    return tuple(_fact(one) for one in row.disclosures.order_by("disclosed_at", "id"))


def of_statement(statement_id: UUID) -> tuple[ledger_facts.Disclosure, ...]:
    """Everything that went on one statement, oldest first: what was relied on while it stood.

    Raises:
        RegisterError: UNKNOWN_ID.
    """
    row = the(models.Statement.objects.all(), "statement", statement_id)
    return tuple(_fact(one) for one in row.disclosures.order_by("disclosed_at", "id"))


def enter_custody(
    vault: Vault,
    *,
    client_id: UUID,
    statement_id: UUID,
    custodian: UUID,
    responsible: str,
    by: facts.Actor,
    now: dt.datetime,
) -> ledger_facts.Disclosure:
    """Write that a sealed statement goes to another custodian, encrypted (42 CFR 2.19).

    Args:
        custodian: the organization that keeps it from now on.
        responsible: the person there who answers for it.

    Raises:
        RegisterError: as `enter`.
    """
    return enter(
        vault,
        client_id=client_id,
        statement_id=statement_id,
        organization_id=custodian,
        categories=(),
        basis=DisclosureBasis.CLOSURE,
        purpose=PurposeCode.RECORDS_TRANSFER,
        told=facts.Handover(
            method=HandoverMethod.FILE, received_by=responsible, description="the sealed statement, encrypted"
        ),
        by=by,
        now=now,
    )


def accounting(
    vault: Vault, client_id: UUID, *, by: facts.Actor, now: dt.datetime
) -> tuple[ledger_facts.AccountingLine, ...]:
    """What went about a client, oldest first, with who received it in clear. When a person looks, that is written down.

    Raises:
        RegisterError: NOT_ALLOWED, UNKNOWN_ID.
    """
    the(models.Client.objects.all(), "client", client_id)
    clients.note_access(by, AuditVerb.LEDGER_SEEN, "client", client_id, now)
    return tuple(line(vault, one) for one in accounting_rows(client_id))


def accounting_rows(client_id: UUID) -> QuerySet[models.Disclosure]:
    """The rows of that accounting, oldest first."""
    rows = models.Disclosure.objects.filter(client=client_id).select_related("statement", "organization")
    return rows.order_by("disclosed_at", "id")


def recipient_person(vault: Vault, disclosure_id: UUID) -> str:
    """The person who received it, in clear; empty when nobody was named, or it is gone with its statement.

    Raises:
        RegisterError: UNKNOWN_ID.
        StorageError: KeyDestroyed, between the statement's key and its bytes.
    """
    row = the(models.Disclosure.objects.all(), "ledger row", disclosure_id)
    return _opened(vault, row, _PERSON, row.sealed_recipient_person)


def description(vault: Vault, disclosure_id: UUID) -> str:
    """What went, in a line, in clear; empty when it is gone with its statement.

    Raises:
        RegisterError: UNKNOWN_ID.
        StorageError: KeyDestroyed, between the statement's key and its bytes.
    """
    row = the(models.Disclosure.objects.all(), "ledger row", disclosure_id)
    return _opened(vault, row, _DESCRIPTION, row.sealed_description)


def copies_of(statement_id: UUID) -> tuple[ledger_facts.CopyGiven, ...]:
    """When the client was given copies of a statement, oldest first.

    Raises:
        RegisterError: UNKNOWN_ID.
    """
    row = the(models.Statement.objects.all(), "statement", statement_id)
    return tuple(_copy(one) for one in row.copies_given.order_by("given_at", "id"))


def emergency(vault: Vault, row: models.Disclosure) -> Emergency | None:
    """What 42 CFR 2.51(c) wants of an emergency, in clear; None of any other row, and where its key is destroyed."""
    if row.sealed_emergency is None:
        return None
    try:
        kept = sealed.open_sealed(vault, row.client_id, f"{_EMERGENCY}/{row.id}", row.sealed_emergency)
    except KeyDestroyed:
        return None
    return emergencies.load(kept)


def line(vault: Vault, row: models.Disclosure) -> ledger_facts.AccountingLine:
    """A row as the accounting tells it, in clear; for verbs that write down that somebody looked."""
    person, what = row.sealed_recipient_person, row.sealed_description
    gone = person is None or what is None
    try:
        received_by, description = _opened(vault, row, _PERSON, person), _opened(vault, row, _DESCRIPTION, what)
    except KeyDestroyed:
        # the row is cleared once the bytes are seen gone, and a lock of the store can keep those for years
        received_by, description, gone = "", "", True
    told = emergency(vault, row)
    return ledger_facts.AccountingLine(
        disclosure=_fact(row),
        statement_ref=row.statement.ref if row.statement else "",
        organization=row.organization.legal_name if row.organization else told.affiliation if told else "",
        address=tuple(row.organization.address) if row.organization else (),
        received_by=received_by,
        description=description,
        words_destroyed=gone,
    )


def _opened(vault: Vault, row: models.Disclosure, place: str, kept: bytes | memoryview | None) -> str:
    if kept is None:
        return ""
    about = row.statement_id or row.client_id
    return sealed.open_about(vault, about, row.client_id, f"{place}/{row.id}", kept).decode()


def _copy(row: models.CopyGiven) -> ledger_facts.CopyGiven:
    return ledger_facts.CopyGiven(
        statement_id=row.statement_id,
        method=CopyMethod(row.method),
        document_sha256=row.document_sha256,
        staff_id=row.staff_id,
        given_at=row.given_at,
    )


def _fact(row: models.Disclosure) -> ledger_facts.Disclosure:
    return ledger_facts.Disclosure(
        disclosure_id=row.id,
        client_id=row.client_id,
        statement_id=row.statement_id,
        organization_id=row.organization_id,
        categories=tuple(InformationCategory(one) for one in row.categories),
        basis=DisclosureBasis(row.basis),
        purpose=PurposeCode(row.purpose) if row.purpose else None,
        method=HandoverMethod(row.method),
        items=row.items,
        staff_id=row.staff_id,
        disclosed_at=row.disclosed_at,
        written_at=row.written_at,
    )
