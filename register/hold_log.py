"""What the store's log is told of holds, and what it tells a register that came back from a backup.

Danger: a hold that was placed after the backup is in nobody's memory, and a restored register lets go what it held.
Invariants: the register is written first, the log next; what the log was not told of is found here and told again, by
`holds.mirror`. After a restore every hold of the log stands: one the register does not know comes back without what it
says, for counsel to complete; one that was released since stands until a person releases it again. The log has opaque
ids, codes and days; never what a hold says.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from register import audit, facts, holds, models
from register.vocabulary import AuditVerb, HoldKind, HoldScope, MachineName
from storage.batches import batches
from storage.errors import StorageError

if TYPE_CHECKING:
    from storage.destruction import LoggedHold
    from storage.vault import Vault

_BATCH = 500
"""Records in one line of the log."""
_UPKEEP = facts.Machine(MachineName.UPKEEP)
_CLIENT = "client_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldsBack:
    """What a restored register was told of holds."""

    unknown: int
    """Holds that were placed after the backup: they stand, without what they say."""
    released: int
    """Holds that stand again, and of which the log says that they were released."""


def untold() -> int:
    """How many holds, records of holds and releases the log may not know of."""
    rows = models.HoldRow.objects.filter(logged=False, released_at=None).count()
    return _unlogged().count() + rows + _releases().count()


def tell(vault: Vault, *, now: dt.datetime) -> str:
    """Write whatever the log does not know; returns the code of the store's refusal, after which the rest waits."""
    try:
        for hold_id in list(_unlogged().values_list("pk", flat=True)):
            _tell_hold(vault, hold_id, now)
        later = models.HoldRow.objects.filter(logged=False, released_at=None).values_list("hold", flat=True).distinct()
        for hold_id in list(later):
            _tell_hold(vault, hold_id, now)
        for hold_id in list(_releases().values_list("pk", flat=True)):
            vault.log.release(hold_id.hex, at=now)
            models.Hold.objects.filter(pk=hold_id).update(release_logged=True)
    except StorageError as refused:
        return str(refused.code)
    return ""


def replay(logged: Sequence[LoggedHold], *, now: dt.datetime) -> HoldsBack:
    """Bring a register that came back from a backup after the log. Again is no harm."""
    unknown = released = 0
    for each in logged:
        with transaction.atomic():
            known = models.Hold.objects.select_for_update().filter(pk=UUID(hex=each.hold_id)).first()
            if known is not None and known.released_at is not None:
                continue  # a person's release, with its reason, that the backup knows
            hold = known or _brought_back(each)
            added = _add_rows(hold, each, now)
            since = each.released_at is not None
            if known is None or added or since != known.released_since:
                models.Hold.objects.filter(pk=hold.pk).update(released_since=since)
                details: audit.Details = {"records": added, "known": known is not None, "released_since": since}
                audit.append(_UPKEEP, AuditVerb.HOLD_RESTORED, "hold", hold.pk, details, now=now)
            unknown += hold.incomplete
            released += since
    # whatever the store was told before: it may be another one, or have heard of a release since
    standing = models.HoldRow.objects.filter(released_at=None).values("record")
    models.Record.objects.filter(pk__in=standing, destroyed_at=None).update(hold_mirrored=False)
    return HoldsBack(unknown=unknown, released=released)


def _tell_hold(vault: Vault, hold_id: UUID, now: dt.datetime) -> None:
    hold = models.Hold.objects.get(pk=hold_id)
    query = {_CLIENT: str(hold.client_id)} if hold.scope == HoldScope.CLIENT.value else dict(hold.query)
    rows = models.HoldRow.objects.filter(hold=hold, logged=False, released_at=None).order_by("pk")
    named = list(batches(list(rows.values_list("pk", "record__object")), _BATCH))
    for batch in named or [[]]:  # a hold on nothing yet is told too
        vault.log.hold(hold_id.hex, [object_id for _, object_id in batch], query=query, at=now)
        models.HoldRow.objects.filter(pk__in=[pk for pk, _ in batch]).update(logged=True)
    models.Hold.objects.filter(pk=hold_id).update(logged=True)


def _brought_back(each: LoggedHold) -> models.Hold:
    """A hold the register does not know, with what it covers as far as the register knows that."""
    client = UUID(each.query[_CLIENT]) if _CLIENT in each.query else None
    of_client = client is not None and len(each.query) == 1 and models.Client.objects.filter(pk=client).exists()
    scope = HoldScope.CLIENT if of_client else HoldScope.QUERY if each.query else HoldScope.RECORDS
    return models.Hold.objects.create(
        id=UUID(hex=each.hold_id),
        kind=HoldKind.OTHER.value,
        scope=scope.value,
        client_id=client if of_client else None,
        query=dict(each.query) if scope is HoldScope.QUERY else {},
        sealed_words=b"",
        review_on=each.placed_at.date(),
        placed_by=None,
        placed_at=each.placed_at,
        logged=True,
        incomplete=True,
    )


def _add_rows(hold: models.Hold, each: LoggedHold, now: dt.datetime) -> int:
    """Rows for what the log names and, of a hold that is new here, for what its query finds; returns how many."""
    added = 0
    for batch in batches(sorted(each.object_ids), _BATCH):
        rows = models.Record.objects.filter(object__in=batch, destroyed_at=None)
        added += holds.add_rows(hold, rows, now=now, logged=True)
    if hold.placed_by_id is None and hold.scope != HoldScope.RECORDS.value:
        added += holds.add_rows(hold, holds.covered_by(hold), now=now)
    return added


def _unlogged() -> QuerySet[models.Hold]:
    return models.Hold.objects.filter(logged=False, released_at=None)


def _releases() -> QuerySet[models.Hold]:
    return models.Hold.objects.filter(logged=True, release_logged=False, released_at__isnull=False)
