"""A clock that is set by hand, and an embedded vault opened with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from storage.destruction import DestructionLog
from storage.directory import DirectoryStore
from storage.embedded import Places, open_keyring
from storage.epochs import EpochKeys
from storage.master import MasterKey
from storage.vault import Vault


@dataclass
class HandClock:
    """Stands still until it is moved."""

    now: datetime = field(default_factory=lambda: datetime(2026, 11, 22, 12, 0, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, time: timedelta) -> None:
        self.now += time


def open_at(places: Places, master: MasterKey, clock: Callable[[], datetime]) -> Vault:
    store = DirectoryStore(places.records, clock=clock)
    log = DestructionLog(store)
    log.open(clock())
    keyring = open_keyring(places, EpochKeys(places.epochs, master), clock=clock)
    return Vault(store, keyring, log, clock=clock)
