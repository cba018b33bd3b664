"""From when a destruction holds against every backup: the second date of a certificate of destruction.

Danger: a certificate that says "gone" while a copied keyring and an epoch key can still bring the record back.
Invariant: what was wrapped when a key was destroyed lies in backups under an epoch that was open by then; only when
every such epoch has ended, in every standby too, is a date given. Until then there is the day on which it is planned.

An epoch is opened with its month; the first night of the month every living key is wrapped by it. The epoch before
stays for the *window*, so that the last backups made under it can be restored meanwhile, and ends then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from storage.keyring_facts import Epoch


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """How far the destruction of a data key has got."""

    destroyed_at: datetime
    """When the key was overwritten here: from then on nobody reads the record on this site."""
    effective_at: datetime | None
    """From when no backup opens either; None while that is pending."""
    planned: date
    """The day on which it becomes so, or became so (UTC). Holds and an absent standby move it on."""


def erasure(epochs: Sequence[Epoch], destroyed_at: datetime, *, window: timedelta) -> Erasure:
    """What is true of keys destroyed by `destroyed_at` (for several keys: the last). `window`: see `end_of`."""
    # times of destruction are kept in whole seconds: an epoch opened within that second may have wrapped the key
    concerned = [epoch for epoch in epochs if epoch.opened_at <= destroyed_at + timedelta(seconds=1)]
    ended = [epoch.ended_at for epoch in concerned if epoch.ended_at is not None]
    if concerned and len(ended) == len(concerned):
        effective = max(destroyed_at, *ended)
        return Erasure(destroyed_at=destroyed_at, effective_at=effective, planned=effective.astimezone(UTC).date())
    pending = [epoch for epoch in concerned if epoch.ended_at is None]
    day = end_of(pending[-1], epochs, window=window) if pending else turn_after(destroyed_at) + window
    return Erasure(destroyed_at=destroyed_at, effective_at=None, planned=day.astimezone(UTC).date())


def end_of(epoch: Epoch, epochs: Sequence[Epoch], *, window: timedelta) -> datetime:
    """When an epoch is to end: `window` after the one that followed it was opened, or will be."""
    later = [other.opened_at for other in epochs if other.number > epoch.number]
    return (min(later) if later else turn_after(epoch.opened_at)) + window


def turn_after(moment: datetime) -> datetime:
    """The beginning of the next month (UTC): when the next epoch is opened at the latest."""
    first = moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first + timedelta(days=32)).replace(day=1)
