"""Records: the kept bytes of sealed statements, their proof and their lock, as the register knows them.

Bytes of a record are never replaced: a later stamp (upgrade, renewal) adds a version to the same object, and the
version named here is the one that counts. Records are destroyed by a disposal run only, which is not in this module.
"""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from register import audit, facts, models, objects
from register.change import compare_and_set, the
from register.dates import month_end_instant
from register.errors import RegisterError, RegisterErrorCode
from register.vocabulary import AuditVerb, MachineName, ObjectArea
from rules.vocabulary import Proof

_UPKEEP = facts.Machine(MachineName.UPKEEP)


def keep(
    statement: models.Statement,
    document: facts.Document,
    *,
    proof: Proof,
    retain_until: dt.datetime | None,
    freed: str | None,
    now: dt.datetime,
) -> facts.Record:
    """The record's row; only inside the transaction that makes its statement active."""
    row = models.Record.objects.create(
        statement=statement,
        object_id=document.object_id,
        document_sha256=document.document_sha256,
        pages=document.pages,
        proof=proof.value,
        retention_class=statement.retention_class,
        retain_until=retain_until,
        kept_at=now,
    )
    by = facts.Machine(MachineName.SEALING_WORKER)
    audit.append(by, AuditVerb.RECORD_KEPT, "record", row.id, _evidence(document, proof), now=now)
    return _fact(the(_rows(), "record", row.id), freed)


def show(record_id: UUID) -> facts.Record:
    """The record with this id.

    Raises:
        RegisterError: UNKNOWN_ID.
    """
    return _fact(the(_rows(), "record", record_id))


def of(statement_id: UUID) -> facts.Record | None:
    """The record of a statement; None while it is not sealed."""
    row = _rows().filter(statement_id=statement_id).first()
    return _fact(row) if row else None


def listing(*, proof: Proof | None = None) -> tuple[facts.Record, ...]:
    """All records, oldest first, or those of one proof."""
    rows = _rows().order_by("kept_at", "id")
    return tuple(_fact(row) for row in (rows if proof is None else rows.filter(proof=proof.value)))


def upgrade(record_id: UUID, *, document: facts.Document, proof: Proof, now: dt.datetime) -> facts.Record:
    """The record got a later stamp: its bytes are a new version of the same object, or a new staged object.

    Returns the record; `superseded_object_id` names bytes to destroy when the object changed.

    Raises:
        RegisterError: UNKNOWN_ID; PROOF when the proof would become less; MOVED_MEANWHILE; OBJECT_STATE.
    """
    with transaction.atomic():
        row = the(_rows(), "record", record_id)
        if proof is not Proof.SEALED:
            raise RegisterError(RegisterErrorCode.PROOF, "A later stamp only adds proof.", "Keep the record as it is.")
        former = row.object
        if document.object_id == former.id:
            compare_and_set(
                models.Object.objects.filter(pk=former.id, version_id=former.version_id),
                version_id=document.version_id,
                sealed_sha256=document.sealed_sha256,
                size=document.size,
            )
        else:
            objects.publish(document, ObjectArea.RECORDS, now=now)
        compare_and_set(
            models.Record.objects.filter(pk=row.id, object_id=former.id, document_sha256=row.document_sha256),
            object_id=document.object_id,
            document_sha256=document.document_sha256,
            proof=proof.value,
        )
        models.Statement.objects.filter(pk=row.statement_id).update(
            proof=proof.value, document_sha256=document.document_sha256
        )
        audit.append(_UPKEEP, AuditVerb.RECORD_UPGRADED, "record", row.id, _evidence(document, proof), now=now)
        freed = None if document.object_id == former.id else former.id
    return _fact(the(_rows(), "record", record_id), freed)


def extend(record_id: UUID, *, retain_until: dt.datetime, now: dt.datetime) -> facts.Record:
    """The store's lock was made longer; never shorter.

    Raises:
        RegisterError: UNKNOWN_ID; MOVED_MEANWHILE when the lock is later already.
    """
    until = month_end_instant(retain_until)
    with transaction.atomic():
        row = the(_rows(), "record", record_id)
        same = models.Record.objects.filter(pk=row.id, retain_until=row.retain_until)
        if row.retain_until is not None:
            same = same.filter(retain_until__lte=until)
        compare_and_set(same, retain_until=until)
        details = {"until": until.date().isoformat()}
        audit.append(_UPKEEP, AuditVerb.RECORD_EXTENDED, "record", row.id, details, now=now)
    return show(record_id)


def _rows() -> QuerySet[models.Record]:
    return models.Record.objects.select_related("object")


def _evidence(document: facts.Document, proof: Proof) -> dict[str, str | int | bool | None]:
    return {"object": document.object_id, "sealed_sha256": document.sealed_sha256, "proof": proof.value}


def _fact(row: models.Record, freed: str | None = None) -> facts.Record:
    return facts.Record(
        record_id=row.id,
        statement_id=row.statement_id,
        object_id=row.object_id,
        version_id=row.object.version_id,
        sealed_sha256=row.object.sealed_sha256,
        document_sha256=row.document_sha256,
        pages=row.pages,
        proof=Proof(row.proof),
        retention_class=row.retention_class,
        retain_until=row.retain_until,
        kept_at=row.kept_at,
        superseded_object_id=freed,
    )
