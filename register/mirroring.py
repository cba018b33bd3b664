"""The store told of holds: its legal hold on each record, and its log, which a restore reads.

Danger: a store that never heard of a hold lets its bytes go to whoever asks it; one that never heard of a release keeps
them for ever. Invariant: the register is written first; `mirror` tells the store, under the record's row lock, and only
then notes that it was told. A crash or a store that is down in between leaves a record that is not noted: `unmirrored`
finds it, and upkeep tells the store again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef

from register import audit, facts, hold_log, holds, models
from register.change import compare_and_set
from register.retention_facts import Unmirrored
from register.vocabulary import AuditVerb, MachineName
from storage.errors import StorageError
from storage.protocol import Area

if TYPE_CHECKING:
    from storage.vault import Vault

_UPKEEP = facts.Machine(MachineName.UPKEEP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirrored:
    """What the store was told."""

    told: tuple[UUID, ...]
    failed: tuple[tuple[UUID, str], ...]
    """Records and the code of the store's refusal; they wait for the next time."""
    log_refused: str = ""
    """Code of the log's refusal: until it is told, a restore would not know of the hold, or of its release."""


def unmirrored() -> tuple[Unmirrored, ...]:
    """Records of which the store may not know what the register knows, by id."""
    standing = models.HoldRow.objects.filter(released_at=None)
    placed = models.Record.objects.filter(
        destroyed_at=None, hold_mirrored=False, pk__in=standing.filter(record__hold_mirrored=False).values("record")
    )
    lifted = models.Record.objects.filter(
        ~Exists(standing.filter(record=OuterRef("pk"))), destroyed_at=None, hold_mirrored=True
    )
    found = {(row.pk, row.object_id): True for row in placed} | {(row.pk, row.object_id): False for row in lifted}
    return tuple(Unmirrored(record_id=pk, object_id=key, hold=hold) for (pk, key), hold in sorted(found.items()))


def tell_again(record_ids: Collection[UUID]) -> None:
    """The store was found not to hold these: what it was told before counts no more, and `mirror` tells it again."""
    models.Record.objects.filter(pk__in=record_ids, destroyed_at=None).update(hold_mirrored=False)


def mirror(vault: Vault, *, now: dt.datetime, step: Callable[[int], object] | None = None) -> Mirrored:
    """Tell the store of every hold it may not know of, and of those that are over; what fails waits for next time."""
    log_refused = hold_log.tell(vault, now=now)
    told: list[UUID] = []
    failed: list[tuple[UUID, str]] = []
    for number, one in enumerate(unmirrored(), start=1):
        try:
            with transaction.atomic():
                _tell(vault, one.record_id, now)
        except StorageError as refused:
            failed.append((one.record_id, str(refused.code)))
        else:
            told.append(one.record_id)
        if step is not None:
            step(number)
    return Mirrored(told=tuple(told), failed=tuple(failed), log_refused=log_refused)


def _tell(vault: Vault, record_id: UUID, now: dt.datetime) -> None:
    """Under the row lock: a hold placed or released meanwhile cannot be overwritten by what was read before."""
    row = models.Record.objects.select_for_update().get(pk=record_id)
    held = bool(holds.on(record_id))
    if held == row.hold_mirrored or row.destroyed_at is not None:
        return
    vault.store.protect(Area.RECORDS, row.object_id, hold=held)
    compare_and_set(models.Record.objects.filter(pk=record_id, hold_mirrored=not held), hold_mirrored=held)
    audit.append(_UPKEEP, AuditVerb.HOLD_MIRRORED, "record", record_id, {"hold": held}, now=now)
