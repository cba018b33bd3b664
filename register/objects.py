"""Bytes in the vault, as the register accounts for them.

The order that survives a crash: `stage` (a row with a fresh id) → the vault writes under that id → the verb that points
at the bytes publishes them in its own transaction. What was left on the way is found by `orphans`: destroy those bytes
in the vault, then `retire` the row.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from uuid import uuid4

from django.db import transaction
from django.db.models import Q

from register import audit, facts, models
from register.change import compare_and_set, the
from register.errors import RegisterError, RegisterErrorCode
from register.vocabulary import AuditVerb, MachineName, ObjectArea, ObjectState
from rules.disposal import Outcome

_PAGE = 1000
"""Rows that are held in memory at once."""


def stage(area: ObjectArea, *, now: dt.datetime) -> str:
    """A fresh object id (32 hex characters) for bytes about to be written."""
    return models.Object.objects.create(id=uuid4().hex, area=area.value, staged_at=now).id


def publish(document: facts.Document, area: ObjectArea, *, now: dt.datetime) -> None:
    """Make staged bytes live; only inside the transaction that points at them.

    Raises:
        RegisterError: OBJECT_STATE when the object is not staged in this area.
    """
    compare_and_set(
        models.Object.objects.filter(pk=document.object_id, area=area.value, state=ObjectState.STAGED.value),
        RegisterError(
            RegisterErrorCode.OBJECT_STATE,
            "These bytes were not staged, or are in use or destroyed already.",
            "Stage a new object and write the bytes there.",
        ),
        state=ObjectState.LIVE.value,
        version_id=document.version_id,
        sealed_sha256=document.sealed_sha256,
        size=document.size,
        published_at=now,
    )


def named_anew(object_id: str, *, former: str, version_id: str) -> None:
    """A restore brought the same sealed bytes into a store that gives versions names of its own.

    Raises:
        RegisterError: MOVED_MEANWHILE when the object points at another version already.
    """
    compare_and_set(models.Object.objects.filter(pk=object_id, version_id=former), version_id=version_id)


def retire(object_id: str, *, now: dt.datetime) -> None:
    """Write down that the vault destroyed these bytes. Again for the same object is no harm.

    Raises:
        RegisterError: UNKNOWN_ID; OBJECT_STATE while a statement or a record points at them.
    """
    with transaction.atomic():
        row = the(models.Object.objects.all(), "object", object_id)
        if row.state == ObjectState.GONE.value:
            return
        if not models.Object.objects.filter(_unused(), pk=object_id).exists():
            raise RegisterError(
                RegisterErrorCode.OBJECT_STATE,
                "A statement or a record still points at these bytes.",
                "Detach them first; records are destroyed by a disposal run only.",
            )
        compare_and_set(
            models.Object.objects.filter(pk=object_id, state=row.state), state=ObjectState.GONE.value, gone_at=now
        )
        audit.append(facts.Machine(MachineName.UPKEEP), AuditVerb.OBJECT_GONE, "object", object_id, now=now)


def orphans(*, older_than: dt.datetime) -> tuple[facts.StoredObject, ...]:
    """Bytes nobody points at: staged before that time and never published, or published before it and set free."""
    staged = Q(state=ObjectState.STAGED.value, staged_at__lt=older_than)
    free = Q(state=ObjectState.LIVE.value, published_at__lt=older_than) & _unused()
    rows = models.Object.objects.filter(staged | free).order_by("staged_at", "id")
    return tuple(_fact(row) for row in rows)


def show(object_id: str) -> facts.StoredObject:
    """The object with this id.

    Raises:
        RegisterError: UNKNOWN_ID.
    """
    return _fact(the(models.Object.objects.all(), "object", object_id))


def known(object_id: str) -> bool:
    """True when the register ever staged this id: bytes under any other are nobody's."""
    return models.Object.objects.filter(pk=object_id).exists()


def accounted(area: ObjectArea, *, only: str | None = None) -> Iterator[facts.Accounted]:
    """Everything the register ever named in an area, or one object of it, ascending by id, streamed in pages."""
    rows = models.Object.objects.filter(area=area.value)
    if only is not None:
        rows = rows.filter(pk=only)
    columns = (
        "id",
        "state",
        "version_id",
        "sealed_sha256",
        "size",
        "record__id",
        "record__retain_until",
        "record__destroyed_at",
    )
    after = ""
    while page := list(rows.filter(id__gt=after).order_by("id").values_list(*columns)[:_PAGE]):
        after = page[-1][0]
        standing = models.HoldRow.objects.filter(record__in=[one[5] for one in page if one[5]], released_at=None)
        held = set(standing.values_list("record_id", flat=True))
        erased = models.DisposalItem.objects.filter(outcome=Outcome.ERASED.value).exclude(stays_until=None)
        locked = set(erased.filter(object_key__in=[one[0] for one in page]).values_list("object_key", flat=True))
        for object_id, state, version_id, sealed_sha256, size, record_id, retain_until, destroyed_at in page:
            yield facts.Accounted(
                object_id=object_id,
                # its key is gone; its bytes go next, and are looked for until they have
                state=ObjectState(state) if destroyed_at is None else ObjectState.GONE,
                version_id=version_id,
                sealed_sha256=sealed_sha256,
                size=size,
                record_id=record_id,
                retain_until=retain_until,
                held=record_id in held,
                locked=object_id in locked,
            )


def live(area: ObjectArea) -> tuple[facts.StoredObject, ...]:
    """Every object in use in an area: what the nightly look at the store must find there."""
    used = Q(worked_by__isnull=False) | Q(record__isnull=False)
    rows = models.Object.objects.filter(used, state=ObjectState.LIVE.value, area=area.value).distinct()
    return tuple(_fact(row) for row in rows.order_by("id"))


def _unused() -> Q:
    return Q(worked_by__isnull=True, record__isnull=True)


def _fact(row: models.Object) -> facts.StoredObject:
    return facts.StoredObject(
        object_id=row.id,
        area=ObjectArea(row.area),
        state=ObjectState(row.state),
        version_id=row.version_id,
        sealed_sha256=row.sealed_sha256,
        size=row.size,
        staged_at=row.staged_at,
    )
