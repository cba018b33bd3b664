"""Rows of an approved run on their way to a successor custodian: which may go now, and what was handed over.

Danger: a record leaves that is held, or that nobody approved for this organization; a record is in an archive and in no
ledger. Invariants: a row is judged under its record's row lock as for its destruction, and goes exactly when nothing
but the receipt is missing (`Why.NOT_RECEIVED`); the ledger's row is written in that transaction, before the bytes go
in; what lay in an archive is written down once it is finished. Nothing is destroyed here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Min, QuerySet

from register import audit, executing, facts, judging, ledger, models, organizations, receipts, staff
from register.disposal_facts import OPEN_ENDED, Transfer
from register.errors import RegisterError, RegisterErrorCode
from register.executing import Hold
from register.vocabulary import AuditVerb, StaffRole
from rules.disposal import Answer, Why

if TYPE_CHECKING:
    from storage.vault import Vault

_HANDERS = (StaffRole.RECORDS_OFFICER, StaffRole.COUNSEL)
"""Of those who may execute a run, the ones who may read about clients: archive and key pass through their hands."""
_PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One row on its way into an archive."""

    item_id: int
    record_id: UUID
    object_id: str


def require_hander(by: facts.Actor) -> facts.Person:
    """The person, when they may hand records over.

    Raises:
        RegisterError: NOT_ALLOWED.
    """
    return staff.require(by, *_HANDERS)


def last_day(run_id: UUID, organization_id: UUID) -> dt.date | None:
    """The earliest day by which a rule wants one of these records destroyed.

    Raises:
        RegisterError: UNKNOWN_ID; ORGANIZATION_RETIRED; DISPOSAL where no row is to be transferred to it.
    """
    organization = organizations.require_standing(organization_id)
    rows = _waiting(run_id, organization_id)
    if not rows.exists():
        raise RegisterError(
            RegisterErrorCode.DISPOSAL,
            f"No open row of this run is to be transferred to {organization.legal_name}.",
            "Look at it: confide disposal show RUN --rows. Whom a row goes to is answered before the run is approved.",
        )
    found: dt.date | None = rows.aggregate(day=Min("record__destroy_by"))["day"]
    return found


def waiting(hold: Hold, organization_id: UUID, *, after: str, limit: int) -> tuple[Parcel, ...]:
    """The next rows that wait to be handed over to an organization, in the order of their places in the store."""
    rows = _waiting(hold.run_id, organization_id).filter(object_key__gt=after)
    found = rows.order_by("object_key").values_list("pk", "record_id", "object_key")[:limit]
    return tuple(Parcel(item_id=pk, record_id=record, object_id=key) for pk, record, key in found)


def waiting_count(run_id: UUID, organization_id: UUID) -> int:
    """How many rows wait to be handed over to an organization."""
    return _waiting(run_id, organization_id).count()


def enter(
    vault: Vault, hold: Hold, parcels: Sequence[Parcel], *, responsible: str, by: facts.Person, now: dt.datetime
) -> frozenset[UUID]:
    """Judge these rows as things stand now, and write those that go into the ledger; returns the records that may go.

    What may not go stays as it is, and is judged again when the run is executed.

    Raises:
        RegisterError: LEASE_LOST, CLOCK; NOT_ALLOWED; REFUSED where a row of the ledger would not be whole.
    """
    with transaction.atomic():
        run = executing.renew(hold, now)
        executing.require_clock(now)
        rows = list(judging.rows().filter(pk__in=[one.item_id for one in parcels]).order_by("object_key"))
        successors = {row.pk: row.successor_id for row in rows}
        going = [one for one in judging.judge(run, rows, now=now) if one.why is Why.NOT_RECEIVED]
        clients = dict(
            models.Statement.objects.filter(pk__in=[one.statement_id for one in going]).values_list("pk", "client_id")
        )
        for one in going:
            organization_id = successors[one.item_id]
            if one.statement_id is None or organization_id is None:
                raise ValueError("a paper of the house is about no client, and is not handed over")
            ledger.enter_custody(
                vault,
                client_id=clients[one.statement_id],
                statement_id=one.statement_id,
                custodian=organization_id,
                responsible=responsible,
                by=by,
                now=now,
            )
    return frozenset(one.record_id for one in going)


def handed_over(
    hold: Hold,
    organization_id: UUID,
    lines: Mapping[UUID, str],
    *,
    archive_sha256: str,
    sums_sha256: str,
    by: facts.Person,
    now: dt.datetime,
) -> Transfer:
    """The archive is finished and its key lies apart: write down what is in it.

    Args:
        lines: record to the SHA-256 of its document, as it lies in the archive.

    Raises:
        RegisterError: LEASE_LOST; NOT_ALLOWED.
    """
    person = require_hander(by)
    with transaction.atomic():
        executing.renew(hold, now)
        row = models.DisposalTransfer.objects.create(
            id=uuid4(),
            run_id=hold.run_id,
            organization_id=organization_id,
            archive_sha256=archive_sha256,
            sums_sha256=sums_sha256,
            records=len(lines),
            handed_by_id=person.staff_id,
            handed_at=now,
        )
        models.DisposalTransferLine.objects.bulk_create(
            (
                models.DisposalTransferLine(transfer=row, record_id=record_id, document_sha256=sha256)
                for record_id, sha256 in lines.items()
            ),
            batch_size=_PAGE,
        )
        details: audit.Details = {
            "transfer": str(row.pk),
            "organization": str(organization_id),
            "records": len(lines),
            "sha256": archive_sha256,
        }
        audit.append(person, AuditVerb.DISPOSAL_TRANSFERRED, "disposal", hold.run_id, details, now=now)
    return receipts.fact(row)


def known(run_id: UUID, organization_id: UUID, archive_sha256: str) -> Transfer | None:
    """The transfer of this very archive, when it was written down."""
    found = (one for one in receipts.of_run(run_id) if one.organization_id == organization_id)
    return next((one for one in found if one.archive_sha256 == archive_sha256), None)


def _waiting(run_id: UUID, organization_id: UUID) -> QuerySet[models.DisposalItem]:
    return models.DisposalItem.objects.filter(
        run_id=run_id, answer=Answer.TRANSFER.value, successor_id=organization_id, outcome__in=OPEN_ENDED
    )
