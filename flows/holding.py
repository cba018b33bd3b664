"""Whoever must hear of a hold that was placed or released: the store, its log, and the standby of that log.

Danger: a hold of today, and a disk that is lost tonight: the standby's log, of last night, brings a register back that
lets go what is held. Invariant: the standby's log is brought level as soon as a hold changes; where that cannot be, the
person is told, and upkeep tries again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flows import safekeeping
from flows.site import Site, now
from register import mirroring
from storage.errors import StorageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Who was told of holds, and who was not."""

    mirrored: mirroring.Mirrored
    standby_refused: str
    """Code of why the standby was not told; empty when it was, or where there is none."""


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
