"""The vault of a site: a directory for data, another for keys, and where they are told, databases elsewhere.

Danger: keys that lie under the data are copied with it, and who copies the data then reads it.
Invariant: `keys` is never inside `home`; opening refuses it.

    home/records/       the directory store      home/keyring.db     wrapped data keys
    keys/master.*       the master key, 0400     keys/epochs/        epoch keys, wrapped by it

Several hosts share `records` and `keys` by a file system, and a keyring in a database of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from storage.address import S3Address
from storage.custody import IN_A_FILE, Custody, KeptMaster, KeyPlace
from storage.destruction import DestructionLog
from storage.epochs import EpochKeys
from storage.errors import UnsafePlace
from storage.keyring import Keyring
from storage.master import KeyWrapper, MasterKey
from storage.opening import before_its_first_log, open_store
from storage.places import private_directory
from storage.sqlite_keyring import SqliteKeyring
from storage.vault import Vault


@dataclass(frozen=True, slots=True)
class Places:
    """Where the parts of an installation lie."""

    home: Path
    keys: Path
    s3: S3Address | None = None
    """The bucket that is the store, where it is not `records`."""
    store: Path | None = None
    """The directory store, where it is not `home`/records."""
    keyring_url: str | None = None
    """postgresql://, where the keyring is not a file in `home`."""

    @property
    def records(self) -> Path:
        return self.store or self.home / "records"

    @property
    def keyring(self) -> Path:
        return self.home / "keyring.db"

    @property
    def custody(self) -> Custody:
        """Where the master key is kept, and what changes it."""
        return Custody(self.keys)

    @property
    def master(self) -> Path:
        return self.keys / "master.key"

    @property
    def epochs(self) -> Path:
        return self.keys / "epochs"


def create_master(places: Places, place: KeyPlace = IN_A_FILE) -> MasterKey:
    """Make the directories and the master key of a new installation.

    Raises MasterKeyExists, UnsafePlace, KeyServiceError.
    """
    _apart(places)
    private_directory(places.home)
    return places.custody.create(place)


def open_vault(places: Places, master: KeyWrapper | None = None) -> Vault:
    """Open the vault, with the master key in force unless one is given.

    Raises UnsafePlace, KeyServiceError, FileNotFoundError before `init`; StoreUnfit, StoreDenied, StoreUnavailable of a
    store elsewhere. The first opening of such a store tries it, for some ten seconds.
    """
    _apart(places)
    if master is None:
        master = KeptMaster(places.custody)
        _ = master.master  # a missing or refused key stops here, not at the first record
    store = open_store(places.records, places.s3)
    keyring = open_keyring(places, EpochKeys(places.epochs, master))
    log = DestructionLog(store)
    log.open(datetime.now(UTC), before_first=lambda: before_its_first_log(store, keyring))
    return Vault(store, keyring, log)


def open_keyring(
    places: Places, epochs: EpochKeys, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Keyring:
    """The keyring where it lies. Raises UnsafePlace, KeyringUnreachable."""
    if places.keyring_url is None:
        return SqliteKeyring(places.keyring, epochs, clock=clock)
    # the driver of a server that most sites do not have
    from storage.postgresql_keyring import PostgresqlKeyring

    return PostgresqlKeyring(places.keyring_url, epochs, clock=clock)


def _apart(places: Places) -> None:
    home, keys = places.home.resolve(), places.keys.resolve()
    if keys == home or home in keys.parents:
        raise UnsafePlace("The keys lie inside the data directory.", "Keep them beside it, never under it.")
