"""Records: the kept bytes of sealed statements, their proof and their lock, as the register knows them.

Bytes of a record are never replaced: a later stamp (upgrade, renewal) adds a version to the same object, and the
version named here is the one that counts. Records are destroyed by a disposal run only, which is not in this module.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from itertools import chain
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from register import audit, due, facts, holds, models, objects
from register.change import compare_and_set, the
from register.dates import month_end_instant
from register.errors import RegisterError, RegisterErrorCode
from register.pages import pages
from register.vocabulary import AuditVerb, MachineName, ObjectArea
from rules.retention.words import WhyNot
from rules.vocabulary import Proof

_PAGE = 500
"""Rows that are held in memory at once."""
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
        looked_at=now,
        proved_at=now,
    )
    by = facts.Machine(MachineName.SEALING_WORKER)
    audit.append(by, AuditVerb.RECORD_KEPT, "record", row.id, _evidence(document, proof), now=now)
    holds.capture(row, now=now)
    due.renew_of_statement(statement.pk, now=now)
    return _fact(the(_rows(), "record", row.id), freed)


def keep_paper(
    document: facts.Document,
    *,
    proof: Proof,
    retention_class: str,
    retain_until: dt.datetime | None,
    by: facts.Actor,
    now: dt.datetime,
) -> models.Record:
    """A record without a client: a paper of the house about what was done; in the transaction that points at it."""
    objects.publish(document, ObjectArea.RECORDS, now=now)
    row = models.Record.objects.create(
        object_id=document.object_id,
        document_sha256=document.document_sha256,
        pages=document.pages,
        proof=proof.value,
        retention_class=retention_class,
        retain_until=month_end_instant(retain_until) if retain_until else None,
        kept_at=now,
        looked_at=now,
        proved_at=now,
    )
    audit.append(by, AuditVerb.RECORD_KEPT, "record", row.id, _evidence(document, proof), now=now)
    holds.capture(row, now=now)
    due.renew(models.Record.objects.filter(pk=row.pk), now=now)
    return row


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


def each(*, proof: Proof | None = None) -> Iterator[facts.Record]:
    """Every record, or those of one proof, streamed in pages by id: what is kept meanwhile may or may not be seen."""
    return _paged(living() if proof is None else living().filter(proof=proof.value))


def lockable(*, below: dt.datetime, kept_since: dt.datetime) -> Iterator[facts.Lockable]:
    """Records whose lock ends before `below`, and those kept so lately that their lock may not have been set."""
    held = models.HoldRow.objects.filter(record=OuterRef("pk"), released_at=None)
    short = Q(retain_until=None) | Q(retain_until__lt=below) | Q(kept_at__gte=kept_since)
    for row in chain.from_iterable(pages(living().filter(short).annotate(held=Exists(held)), _PAGE)):
        yield facts.Lockable(record=_fact(row), due_on=row.due_on, held=getattr(row, "held"))  # noqa: B009  annotated


def held() -> frozenset[UUID]:
    """Records under any hold."""
    return frozenset(models.HoldRow.objects.filter(released_at=None).values_list("record_id", flat=True))


def held_unproved(*, since: dt.datetime) -> Iterator[facts.Record]:
    """Records under hold that were not found whole since a moment."""
    rows = living().filter(hold_rows__released_at=None, hold_rows__isnull=False)
    unproved = rows.filter(Q(proved_at__lt=since) | Q(proved_at__lt=F("looked_at")))
    return _paged(living().filter(pk__in=unproved.values("pk")))


def living() -> QuerySet[models.Record]:
    """Records that no disposal run had."""
    return _rows().filter(destroyed_at=None).exclude(due_why_not=WhyNot.DISPOSED.value)


def to_prove(*, moment: dt.datetime, cycle: dt.timedelta) -> Iterator[facts.Record]:
    """Tonight's share of all records, longest unread first, so that each is read once a cycle; streamed.

    Before them come those that were last found not whole: they are read every night until they are mended.
    """
    unsound = living().filter(proved_at__lt=F("looked_at"))
    yield from _paged(unsound)
    sound = living().filter(proved_at=F("looked_at"))
    share = -(-living().count() // max(cycle.days, 1))
    wanted = max(share, sound.filter(looked_at__lte=moment - cycle).count())
    begun, after = 0, (dt.datetime.min.replace(tzinfo=dt.UTC), UUID(int=0))
    while begun < wanted:
        beyond = Q(looked_at__gt=after[0]) | Q(looked_at=after[0], id__gt=after[1])
        # what was looked at tonight has gone to the end of the line, or out of this query: nobody comes twice
        page = list(
            sound.filter(beyond, looked_at__lt=moment).order_by("looked_at", "id")[: min(_PAGE, wanted - begun)]
        )
        if not page:
            return
        after = (page[-1].looked_at, page[-1].id)
        begun += len(page)
        yield from map(_fact, page)


def looked_at(sound: Sequence[UUID], unsound: Sequence[UUID], *, now: dt.datetime) -> None:
    """Write down which records were read and found whole, and which were not. No line in the audit log: nothing
    changed.
    """
    with transaction.atomic():
        models.Record.objects.filter(id__in=sound).update(looked_at=now, proved_at=now)
        models.Record.objects.filter(id__in=unsound).update(looked_at=now)


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
            hold_mirrored=False,  # a version the store was not told to hold
        )
        if row.statement_id is not None:
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


def _paged(rows: QuerySet[models.Record]) -> Iterator[facts.Record]:
    return map(_fact, chain.from_iterable(pages(rows, _PAGE)))


def lock(record_id: UUID) -> facts.Record:
    """The record, its row locked to the end of the caller's transaction: nobody places a hold on it meanwhile.

    Raises:
        RegisterError: UNKNOWN_ID.
    """
    the(models.Record.objects.select_for_update(), "record", record_id)
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
        proved_at=row.proved_at,
        destroyed_at=row.destroyed_at,
        superseded_object_id=freed,
    )
