"""The embedded vault: one machine, one directory for data, another for keys.

Danger: keys that lie under the data are copied with it, and who copies the data then reads it.
Invariant: `keys` is never inside `home`; opening refuses it.

    home/records/       the directory store      home/keyring.db     wrapped data keys
    keys/master.key     the master key, 0400     keys/epochs/        epoch keys, wrapped by it
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from storage.destruction import DestructionLog
from storage.directory import DirectoryStore
from storage.epochs import EpochKeys
from storage.errors import UnsafePlace
from storage.keyring import SqliteKeyring
from storage.master import MasterKey
from storage.places import private_directory
from storage.vault import Vault


@dataclass(frozen=True, slots=True)
class Places:
    """Where the parts of an embedded installation lie."""

    home: Path
    keys: Path

    @property
    def records(self) -> Path:
        return self.home / "records"

    @property
    def keyring(self) -> Path:
        return self.home / "keyring.db"

    @property
    def master(self) -> Path:
        return self.keys / "master.key"

    @property
    def epochs(self) -> Path:
        return self.keys / "epochs"


def create_master(places: Places) -> MasterKey:
    """Make the directories and the master key of a new installation. Raises MasterKeyExists, UnsafePlace."""
    _apart(places)
    private_directory(places.home)
    return MasterKey.create(places.master)


def open_vault(places: Places, master: MasterKey | None = None) -> Vault:
    """Open the vault, reading the master key unless one is given. Raises UnsafePlace, FileNotFoundError before
    `init`.
    """
    _apart(places)
    if master is None:
        master = MasterKey.load(places.master)
    store = DirectoryStore(places.records)
    log = DestructionLog(store)
    log.open(datetime.now(UTC))
    return Vault(store, SqliteKeyring(places.keyring, EpochKeys(places.epochs, master)), log)


def _apart(places: Places) -> None:
    home, keys = places.home.resolve(), places.keys.resolve()
    if keys == home or home in keys.parents:
        raise UnsafePlace("The keys lie inside the data directory.", "Keep them beside it, never under it.")
