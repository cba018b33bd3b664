"""A register that came back from a backup, told what happened since as far as anybody remembers.

Danger: the register of another day shows as kept what is destroyed, and two persons' approval of that day destroys what
was put under hold since. Invariants: what the destruction log says was destroyed stands as destroyed; no approval from
before the restore counts, every list must be made anew; what was erased of a client is erased again; every hold the
log knows of stands (`register.hold_log`). Events recorded since the backup are in nobody's memory but people's.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction

from register import audit, backups, disposal, due, executing, hold_log, models, remains
from register.disposal_facts import OPEN_ENDED, Run
from register.vocabulary import AuditVerb, ObjectState
from rules.disposal import Outcome, RunState, Why
from storage.batches import batches

if TYPE_CHECKING:
    from storage.destruction import LoggedHold

_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What the register was told after it came back."""

    records: int
    """Records that were destroyed since the backup and stand as destroyed now."""
    clients: int
    """Clients of whom nothing was left since."""
    lists: int
    """Disposal runs whose approvals no longer count."""
    holds_unknown: int
    """Holds that were placed since: they stand, and counsel must say again what they say."""
    holds_released: int
    """Holds of which the log says that they were released since: they stand until a person releases them again."""


def replay(
    destroyed: Collection[str],
    owners: Collection[str],
    held: Sequence[LoggedHold],
    *,
    made_at: dt.datetime,
    now: dt.datetime,
) -> Replayed:
    """Bring the register after the destruction log. Again is no harm.

    Args:
        destroyed: ids of objects that were destroyed, or were to be.
        owners: ids of clients (or statements) whose fields' keys were.
        held: every hold of the log.
        made_at: when the backup was made.
    """
    records = sum(_destroyed(batch, now) for batch in batches(destroyed, _BATCH))
    clients = sum(_erased(batch, now) for batch in batches(owners, _BATCH))
    lists = sum(
        _lapsed(run, now) for run in disposal.listing(RunState.APPROVING, RunState.APPROVED, RunState.EXECUTING)
    )
    back = hold_log.replay(held, now=now)
    backups.restored(made_at=made_at, now=now)
    return Replayed(
        records=records, clients=clients, lists=lists, holds_unknown=back.unknown, holds_released=back.released
    )


def _destroyed(object_ids: list[str], now: dt.datetime) -> int:
    with transaction.atomic():
        rows = models.Record.objects.filter(object__in=object_ids, destroyed_at=None)
        found = list(rows.values_list("pk", "object_id"))
        records = models.Record.objects.filter(pk__in=[pk for pk, _ in found])
        due.disposed(records, at=now)
        objects = models.Object.objects.filter(pk__in=object_ids).exclude(state=ObjectState.GONE.value)
        objects.filter(worked_by=None).update(state=ObjectState.GONE.value, gone_at=now)
        executing.forget_statements(models.Statement.objects.filter(record__in=records))
        models.DisposalItem.objects.filter(object_key__in=object_ids, outcome__in=OPEN_ENDED).update(
            outcome=Outcome.OUT.value, why=Why.GONE.value, batch=""
        )
        lines: list[tuple[UUID | str, audit.Details]] = [(pk, {"object": key}) for pk, key in found]
        audit.append_all(disposal.MACHINE, AuditVerb.RECORD_DESTROYED, "record", lines, now=now)
    return len(found)


def _erased(owners: list[str], now: dt.datetime) -> int:
    with transaction.atomic():
        ids = [UUID(hex=one) for one in owners if len(one) == 32]
        found = list(models.Client.objects.filter(pk__in=ids, erased_at=None).values_list("pk", flat=True))
        if found:
            remains.forget(found, at=now, now=now)
    return len(found)


def _lapsed(run: Run, now: dt.datetime) -> bool:
    """No approval from before counts: a list is ended, and of one at work nothing more is begun."""
    with transaction.atomic():
        if run.state is RunState.EXECUTING:
            rows = models.DisposalItem.objects.filter(run=run.run_id)
            open_rows = rows.filter(outcome__in=OPEN_ENDED)
            open_rows.update(outcome=Outcome.OUT.value, why=Why.RUN_LAPSED.value, batch="")
        else:
            disposal.give_up(run.run_id, RunState.LAPSED, Why.RUN_LAPSED, now)
        audit.append(disposal.MACHINE, AuditVerb.DISPOSAL_LAPSED, "disposal", run.run_id, now=now)
    return True
