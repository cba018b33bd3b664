"""Whoever must hear of a hold that was placed or released: the store, its log, and the standby of that log.

Danger: a hold of today, and a disk that is lost tonight: the standby's log, of last night, brings a register back that
lets go what is held. Invariant: the standby's log is brought level as soon as a hold changes; where that cannot be, the
person is told, and upkeep tries again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from flows import safekeeping
from flows.duties.reconciling import OF_HOLDS, Survey, differences, survey_of
from flows.found import Kind
from flows.site import Site, now
from register import mirroring
from storage.errors import StorageError
from storage.protocol import Area, Store
from storage.survey import seen

if TYPE_CHECKING:
    from storage.inventory import Inventory


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Who was told of holds, and who was not."""

    mirrored: mirroring.Mirrored
    standby_refused: str
    """Code of why the standby was not told; empty when it was, or where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Where the store and the register differ about holds."""

    absent: tuple[UUID, ...]
    """Records under hold here that the store did not hold; it was told of them again."""
    strange: tuple[UUID, ...]
    """Records that the store holds, and of which no hold is known here."""
    told: Told


def compare(site: Site, inventory: Inventory | None = None) -> Compared:
    """Hold the register's holds against the store's, record by record, and tell the store of those it lost.

    Without an inventory a bucket is asked about each record. For counsel alone. Raises `StorageError`.
    """
    store = site.vault.store
    survey = survey_of(site, inventory) if inventory is not None else _asked(store)
    found = [each for each in differences(store, survey) if each.kind in OF_HOLDS]
    absent = tuple(UUID(each.subject) for each in found if each.kind is Kind.HOLD_ABSENT)
    strange = tuple(UUID(each.subject) for each in found if each.kind is Kind.HOLD_STRANGE)
    mirroring.tell_again(absent)
    return Compared(absent=absent, strange=strange, told=tell(site))


def _asked(store: Store) -> Survey:
    """Every version with its lock and hold, whatever the store lists by itself."""
    for key in store.list(Area.RECORDS):
        yield key, tuple(map(seen, store.stat(Area.RECORDS, key)))


def tell(site: Site, *, step: Callable[[int], object] | None = None) -> Told:
    """Tell the store of what holds changed, then the standby of what its log says."""
    mirrored = mirroring.mirror(site.vault, now=now(), step=step)
    refused = ""
    if site.configuration.standby is not None:
        try:
            safekeeping.level_log(site, site.configuration.standby)
        except StorageError as absent:
            refused = str(absent.code)
        except OSError:
            refused = "standby_unwritable"
    return Told(mirrored=mirrored, standby_refused=refused)
