"""What a successor custodian confirmed: which archive came, and therefore which records need not be kept here.

Danger: the only copy is destroyed on a receipt for something else. Invariants: a receipt is written once, by somebody
who did not hand the archive over, and only when it says that archive's SHA-256 and that of the list in it
(`rules.transfer`); it counts for a record while the record is byte for byte what lay in the archive, and for the very
organization that the row's answer names.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from register import agency, audit, facts, models, sealed, staff
from register.change import compare_and_set, the
from register.disposal_facts import OPEN_ENDED, Transfer
from register.errors import RegisterError, RegisterErrorCode
from register.vocabulary import AuditVerb, StaffRole
from rules.transfer import NoReceipt, Receipt, Sent, why_no_receipt

if TYPE_CHECKING:
    from storage.vault import Vault

RECORDERS = (StaffRole.RECORDS_OFFICER, StaffRole.COUNSEL, StaffRole.DEPUTY)
_PERSON = "receipt-confirmed-by"


def record(
    vault: Vault,
    run_id: UUID,
    *,
    archive_sha256: str,
    sums_sha256: str,
    confirmed_by: str,
    received_on: dt.date,
    by: facts.Actor,
    now: dt.datetime,
) -> Transfer:
    """Write down that a successor received an archive of this run. The same receipt again changes nothing.

    Args:
        archive_sha256: of the archive, as the successor worked it out.
        sums_sha256: of the list of digests in it, likewise: it was opened.
        confirmed_by: the person there who says so; kept sealed.

    Raises:
        RegisterError: NOT_ALLOWED; UNKNOWN_ID; NAME_NEEDED; NOT_WHAT_WAS_SHOWN where a SHA-256 is not that of an
            archive of this run; SAME_PERSON for who handed it over; DISPOSAL for a day that cannot be, or another
            receipt.
    """
    person = staff.require(by, *RECORDERS)
    the(models.DisposalRun.objects.all(), "disposal run", run_id)
    if not confirmed_by.strip():
        raise RegisterError(
            RegisterErrorCode.NAME_NEEDED, "A receipt says who confirmed it.", "Give confirmed_by, a person there."
        )
    row = _archive(run_id, archive_sha256)
    told = Receipt(recorded_by=person.staff_id, on=received_on, archive_sha256=archive_sha256, sums_sha256=sums_sha256)
    if (refusal := why_no_receipt(_sent(row), told, today=agency.today(now))) is not None:
        raise _refused(refusal)
    kept = sealed.seal(vault, run_id, f"{_PERSON}/{row.pk}", confirmed_by.strip().encode())
    with transaction.atomic():
        current = the(_rows(), "transfer", row.pk)
        if current.received_on is not None:
            return _again(vault, current, confirmed_by.strip(), received_on)
        compare_and_set(
            models.DisposalTransfer.objects.filter(pk=row.pk, received_on=None),
            received_on=received_on,
            sealed_confirmed_by=kept,
            recorded_by_id=person.staff_id,
            recorded_at=now,
        )
        details: audit.Details = {
            "transfer": str(row.pk),
            "sha256": row.archive_sha256,
            "received_on": received_on.isoformat(),
            "records": row.records,
        }
        audit.append(person, AuditVerb.DISPOSAL_RECEIVED, "disposal", run_id, details, now=now)
    return fact(the(_rows(), "transfer", row.pk))


def of_run(run_id: UUID) -> tuple[Transfer, ...]:
    """Every archive that was handed over for a run, oldest first."""
    return tuple(fact(row) for row in _rows().filter(run_id=run_id).order_by("handed_at", "pk"))


def awaited(before: dt.datetime) -> tuple[tuple[UUID, dt.datetime], ...]:
    """Archives handed over before a moment and still without a receipt, while a row in them waits for one; and when."""
    waits = models.DisposalItem.objects.filter(
        run_id=OuterRef("run_id"),
        successor_id=OuterRef("organization_id"),
        record__in=models.DisposalTransferLine.objects.filter(transfer=OuterRef(OuterRef("pk"))).values("record"),
        outcome__in=OPEN_ENDED,
    )
    found = models.DisposalTransfer.objects.filter(Exists(waits), received_on=None, handed_at__lt=before)
    return tuple(found.order_by("handed_at", "pk").values_list("pk", "handed_at"))


def confirmed_by(vault: Vault, transfer_id: UUID, *, by: facts.Actor) -> str:
    """The person at the successor who confirmed the receipt, in clear; "" while there is none.

    Raises:
        RegisterError: NOT_ALLOWED; UNKNOWN_ID.
    """
    staff.require(by, *RECORDERS)
    return _person(vault, the(_rows(), "transfer", transfer_id))


def received(rows: Sequence[models.DisposalItem], documents: Mapping[UUID, str]) -> Mapping[UUID, UUID]:
    """Of rows to be transferred, record to transfer where a receipt counts for it.

    Args:
        documents: record to the SHA-256 of its document as it is now, read under its row lock.
    """
    wanted = {row.record_id: row.successor_id for row in rows if row.successor_id is not None}
    lines = models.DisposalTransferLine.objects.filter(record__in=wanted).exclude(transfer__received_on=None)
    found: dict[UUID, UUID] = {}
    for record_id, sha256, organization_id, transfer_id in lines.order_by("transfer__recorded_at", "pk").values_list(
        "record_id", "document_sha256", "transfer__organization_id", "transfer_id"
    ):
        if organization_id == wanted[record_id] and sha256 == documents.get(record_id):
            found.setdefault(record_id, transfer_id)
    return found


def fact(row: models.DisposalTransfer) -> Transfer:
    """A transfer as other rooms see it; give it a row of `_rows`, or one whose organization is at hand."""
    return Transfer(
        transfer_id=row.pk,
        organization_id=row.organization_id,
        organization=row.organization.legal_name,
        archive_sha256=row.archive_sha256,
        records=row.records,
        handed_by=row.handed_by_id,
        handed_at=row.handed_at,
        received_on=row.received_on,
        recorded_by=row.recorded_by_id,
        recorded_at=row.recorded_at,
    )


def _rows() -> QuerySet[models.DisposalTransfer]:
    return models.DisposalTransfer.objects.select_related("organization")


def _archive(run_id: UUID, archive_sha256: str) -> models.DisposalTransfer:
    row = _rows().filter(run_id=run_id, archive_sha256=archive_sha256.strip().lower()).first()
    if row is None:
        raise _refused(NoReceipt.ANOTHER_ARCHIVE)
    return row


def _sent(row: models.DisposalTransfer) -> Sent:
    return Sent(
        by=row.handed_by_id,
        on=agency.today(row.handed_at),
        archive_sha256=row.archive_sha256,
        sums_sha256=row.sums_sha256,
    )


def _again(vault: Vault, row: models.DisposalTransfer, confirmed_by: str, received_on: dt.date) -> Transfer:
    if (row.received_on, _person(vault, row)) != (received_on, confirmed_by):
        raise RegisterError(
            RegisterErrorCode.DISPOSAL,
            "A receipt for this archive is recorded already, with another day or person.",
            "It stays as it is. Look at it: confide disposal show",
        )
    return fact(row)


def _person(vault: Vault, row: models.DisposalTransfer) -> str:
    if row.sealed_confirmed_by is None:
        return ""
    return sealed.open_sealed(vault, row.run_id, f"{_PERSON}/{row.pk}", row.sealed_confirmed_by).decode()


def _refused(refusal: NoReceipt) -> RegisterError:
    code, sentence, remedy = _WORDS[refusal]
    return RegisterError(code, sentence, remedy)


_WORDS = {
    NoReceipt.ANOTHER_ARCHIVE: (
        RegisterErrorCode.NOT_WHAT_WAS_SHOWN,
        "sha256: no archive of this run has this SHA-256; the receipt was not recorded, and everything is kept.",
        "Have the successor type it again: sha256sum records.tar.enc. If it stays another, the archive was changed on "
        "its way, or a later one took its place: hand it over again with confide disposal transfer.",
    ),
    NoReceipt.NOT_OPENED: (
        RegisterErrorCode.NOT_WHAT_WAS_SHOWN,
        "opened_sha256: this is not the SHA-256 of the list in that archive; the receipt was not recorded, and "
        "everything is kept.",
        "Have the successor open it as README.txt says, and type: sha256sum opened/SHA256SUMS",
    ),
    NoReceipt.SAME_PERSON: (
        RegisterErrorCode.SAME_PERSON,
        "Who handed an archive over does not record its receipt.",
        "Have another records officer, counsel or a deputy record it.",
    ),
    NoReceipt.BEFORE_IT_WENT: (
        RegisterErrorCode.DISPOSAL,
        "received_on: the archive was handed over after that day.",
        "Give the day on which they received it.",
    ),
    NoReceipt.NOT_YET: (
        RegisterErrorCode.DISPOSAL,
        "received_on: that day has not come.",
        "Give the day on which they received it.",
    ),
}
