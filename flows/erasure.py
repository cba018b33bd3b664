"""Honest erasure: when keys that were destroyed here are gone from every backup too, and the monthly turn that does it.

Danger: the turn is the one duty that makes all older backups unreadable. Done too early, or while the bytes at home are
not whole, it takes the last copy of a record, perhaps of one under hold. Invariants: nothing is ended that a living key
depends on; an epoch outlives its month by the window of `CONFIDE_BACKUP_DAYS`; it ends in every standby or nowhere;
while a record under hold is not whole at home, no epoch ends, because a backup may be the only copy left.

    1st of the month   every living key is wrapped by the new epoch     backups from now on open under the new one
    + window           the epoch before is destroyed, standbys first    backups from before open no more (second date)
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from flows.duties.kept import compared
from flows.found import Found, Kind
from flows.site import Site
from register import backups, records
from storage.erasure import Erasure, end_of, erasure
from storage.errors import StandbyAbsent
from storage.keyring_facts import Epoch
from storage.standby import Standbys

EPOCHS = "epochs"
"""Where the epoch keys lie in a standby."""


def erasure_of(site: Site, destroyed_at: datetime) -> Erasure:
    """From when the destruction of keys holds against backups: the second date of their certificate.

    `destroyed_at`: when the last of these keys was destroyed, or later. `effective_at` is None while it is pending.
    """
    return erasure(site.vault.keyring.known_epochs(), destroyed_at, window=window(site))


def window(site: Site) -> timedelta:
    """How long an epoch outlives its month."""
    return timedelta(days=site.configuration.backup_days)


def turn(site: Site, moment: datetime, dry: bool) -> Iterator[Found]:
    """Wrap what lives by this month's epoch, and end what is over its window. Cut off, the next night goes on."""
    keyring = site.vault.keyring
    if waiting := keyring.waiting():
        if not dry:
            keyring.move_on()
        yield Found(kind=Kind.REWRAPPED, subject="data keys", detail=str(waiting))
    known = keyring.known_epochs()
    open_ones = [epoch for epoch in known[:-1] if epoch.ended_at is None]
    if not open_ones:
        return
    over = [epoch for epoch in open_ones if end_of(epoch, known, window=window(site)) <= moment]
    yield from _ended(site, over, moment, dry)
    still = [epoch for epoch in open_ones if epoch not in over]
    if still and (last := backups.last_made()) is not None and last < known[-1].opened_at:
        day = end_of(still[-1], known, window=window(site)).astimezone(UTC).date()
        yield Found(kind=Kind.NO_BACKUP, subject="backup", detail=day.isoformat())


def _ended(site: Site, over: list[Epoch], moment: datetime, dry: bool) -> Iterator[Found]:
    if not over:
        return
    try:
        standbys = [path / EPOCHS for path in Standbys(site.configuration.keys).present()]
    except StandbyAbsent:
        yield from (Found(kind=Kind.EPOCH_WAITS, subject=str(epoch.number), detail="standby") for epoch in over)
        return
    if not _held_are_whole(site, moment, dry):
        yield from (Found(kind=Kind.EPOCH_WAITS, subject=str(epoch.number), detail="hold") for epoch in over)
        return
    for epoch in over:
        if not dry:
            at = site.vault.keyring.end_epochs([epoch.number], standbys=standbys)
            backups.epoch_ended(epoch.number, now=at)
        yield Found(kind=Kind.EPOCH_ENDED, subject=str(epoch.number), detail=moment.date().isoformat())


def _held_are_whole(site: Site, moment: datetime, dry: bool) -> bool:
    """Whether every record under hold was read and found whole since the turn; those that were not are read now."""
    turned = site.vault.keyring.known_epochs()[-1].opened_at
    whole = True
    for record in records.held_unproved(since=turned):
        _, wrong = compared(site, record)
        if not dry:
            sound, unsound = ([], [record.record_id]) if wrong else ([record.record_id], [])
            records.looked_at(sound, unsound, now=moment)
        whole = whole and wrong is None
    return whole
