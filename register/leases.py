"""Rows as queues: how one worker of many takes a piece of work, keeps it, and loses it when it dies.

Danger: work done twice, work nobody does, and a piece of work that kills every worker that takes it. Invariants: a
claim is a compare-and-set under the write lock; a lease that is not renewed runs out and the row waits again; after
`MAX_ATTEMPTS` the row is FAILED and a person must ask again.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Manager, Model, Q

from register import audit, facts
from register.change import compare_and_set
from register.errors import RegisterError, RegisterErrorCode
from register.vocabulary import AuditVerb

MAX_ATTEMPTS = 5
FARTHEST = dt.timedelta(minutes=5)
"""No lease and no pause is longer: one that ends later was written by a clock that has since been set back, and counts
as over. Otherwise the work of a worker that died before would wait until the clock has caught up.
"""
_LOST = "lease_lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """Where a kind of work waits: the columns of its rows.

    `prefix` stands before lease_holder, lease_until, not_before, attempts, failed_step and failed_code.
    """

    model: type[Model]
    object_type: str
    prefix: str
    state: str
    waiting: StrEnum
    working: StrEnum
    failed: StrEnum
    order: str
    machine: facts.Machine
    on_claim: AuditVerb
    on_return: AuditVerb
    on_failure: AuditVerb
    failed_at: str = ""
    claimed_at: str = ""

    @property
    def rows(self) -> Manager[Any]:
        return self.model._default_manager

    def column(self, name: str) -> str:
        return f"{self.prefix}{name}"

    def columns(self, **values: object) -> dict[str, object]:
        return {self.column(name): value for name, value in values.items()}


def claim_next(queue: Queue, holder: str, *, lease_seconds: float, now: dt.datetime) -> facts.Claim | None:
    """The oldest waiting piece of work, leased to `holder` (opaque name of a worker process); None when none waits."""
    expired, free = _expired(queue, now), _free(queue, now)
    # a look without the write lock: workers ask every second, and mostly nothing waits
    if not queue.rows.filter(expired | free).exists():
        return None
    with transaction.atomic():
        _release(queue, now)
        row = queue.rows.filter(free).order_by(queue.order, "pk").values("pk", queue.column("attempts")).first()
        if row is None:
            return None
        attempts, until = row[queue.column("attempts")] + 1, now + dt.timedelta(seconds=lease_seconds)
        stamped = {queue.claimed_at: now} if queue.claimed_at else {}
        compare_and_set(
            queue.rows.filter(pk=row["pk"], **{queue.state: queue.waiting.value}),
            **{queue.state: queue.working.value},
            **queue.columns(lease_holder=holder, lease_until=until, attempts=attempts, not_before=None),
            **stamped,
        )
        audit.append(queue.machine, queue.on_claim, queue.object_type, row["pk"], {"attempt": attempts}, now=now)
    return facts.Claim(claimed_id=row["pk"], holder=holder, lease_until=until, attempts=attempts)


def renew(queue: Queue, row_id: UUID, holder: str, *, lease_seconds: float, now: dt.datetime) -> dt.datetime:
    """Keep the lease for so many seconds more, counted from now; returns until when.

    Raises:
        RegisterError: LEASE_LOST when somebody else has the work, or it is done.
    """
    until = now + dt.timedelta(seconds=lease_seconds)
    # with the write lock: whoever takes back expired leases has read them before
    with transaction.atomic():
        compare_and_set(held(queue, row_id, holder), lost(), **queue.columns(lease_until=until))
    return until


def give_back(queue: Queue, row_id: UUID, holder: str, *, step: str, code: str, retry: bool, now: dt.datetime) -> None:
    """Say that an attempt failed at `step` with `code`; inside the caller's transaction.

    With `retry`, and attempts left, the row waits again after a pause that doubles; else it is FAILED.

    Raises:
        RegisterError: LEASE_LOST.
    """
    row = held(queue, row_id, holder).values(queue.column("attempts")).first()
    if row is None:
        raise lost()
    attempts = row[queue.column("attempts")]
    again = retry and attempts < MAX_ATTEMPTS
    pause = dt.timedelta(seconds=2**attempts)
    _leave(queue, row_id, again=again, step=step, code=code, not_before=now + pause if again else None, now=now)


def release_expired(queue: Queue, *, now: dt.datetime) -> tuple[UUID, ...]:
    """Take back every lease that ran out: the row waits again, or is FAILED after its last attempt. Returns the ids."""
    with transaction.atomic():
        return _release(queue, now)


def expired(queue: Queue, *, now: dt.datetime) -> tuple[UUID, ...]:
    """The rows whose lease ran out; nothing is changed."""
    return tuple(queue.rows.filter(_expired(queue, now)).order_by("pk").values_list("pk", flat=True))


def held(queue: Queue, row_id: UUID, holder: str) -> Any:
    """The row, as a queryset, while `holder` has its lease."""
    return queue.rows.filter(pk=row_id, **{queue.state: queue.working.value, queue.column("lease_holder"): holder})


def lost() -> RegisterError:
    """The lease ran out and the work is somebody else's, or done."""
    return RegisterError(
        RegisterErrorCode.LEASE_LOST,
        "This work was taken over by another worker, or is done.",
        "Nothing to do: what this worker made is cleared by upkeep.",
    )


def _free(queue: Queue, now: dt.datetime) -> Q:
    may_start = Q(**{queue.column("not_before"): None}) | _over(queue.column("not_before"), now)
    return Q(**{queue.state: queue.waiting.value}) & may_start


def _expired(queue: Queue, now: dt.datetime) -> Q:
    return Q(**{queue.state: queue.working.value}) & _over(queue.column("lease_until"), now)


def _over(column: str, now: dt.datetime) -> Q:
    return Q(**{f"{column}__lte": now}) | Q(**{f"{column}__gt": now + FARTHEST})


def _release(queue: Queue, now: dt.datetime) -> tuple[UUID, ...]:
    attempts = queue.column("attempts")
    rows = list(queue.rows.filter(_expired(queue, now)).values("pk", attempts))
    for row in rows:
        again = row[attempts] < MAX_ATTEMPTS
        _leave(queue, row["pk"], again=again, step=_LOST, code=_LOST, not_before=None, now=now)
    return tuple(row["pk"] for row in rows)


def _leave(
    queue: Queue, row_id: UUID, *, again: bool, step: str, code: str, not_before: dt.datetime | None, now: dt.datetime
) -> None:
    step, code = _opaque(step, 32), _opaque(code, 64)
    ended = {queue.failed_at: now} if queue.failed_at and not again else {}
    compare_and_set(
        queue.rows.filter(pk=row_id, **{queue.state: queue.working.value}),
        **{queue.state: (queue.waiting if again else queue.failed).value},
        **queue.columns(lease_holder="", lease_until=None, not_before=not_before, failed_step=step, failed_code=code),
        **ended,
    )
    verb = queue.on_return if again else queue.on_failure
    audit.append(queue.machine, verb, queue.object_type, row_id, {"step": step, "code": code}, now=now)


def _opaque(code: str, length: int) -> str:
    """A step or code as the log takes it; one written otherwise must not keep a failure from being written down."""
    return re.sub(r"[^a-z0-9_.:\-]", "_", code.lower())[:length]
