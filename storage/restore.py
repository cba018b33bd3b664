"""Restore: a backup brought back to life, and nothing that was destroyed with it.

Danger: a restore that overwrites what lives, or that raises what a certificate of destruction says is gone.
Invariant: it works on an empty place only; it refuses without the destruction log of this vault, or with one that has
fewer entries than when the backup was made; every id the log ever intended to destroy is left out, and its key
overwritten, before the place is given its name. The log goes on in the restored vault.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

from storage.backup import KEYRING, Manifest, check, listed_objects, read_object
from storage.destruction import DestructionLog, Item
from storage.directory import DirectoryStore
from storage.embedded import Places
from storage.epochs import EpochKeys
from storage.errors import RestoreRefused, StorageError
from storage.keyring import KeyScope
from storage.master import KeyWrapper
from storage.places import fsync_directory, private_directory, publish
from storage.protocol import Area
from storage.sqlite_keyring import SqliteKeyring
from storage.vault import Vault

_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What a restore found. Whole when `damaged` and `unreadable` are empty."""

    made_at: datetime
    """When the backup was made: whatever came later is not in it."""
    objects: int
    """Object versions brought back."""
    left_out: int
    """Object versions in the backup that were destroyed since, and stayed so."""
    opened: int
    """Object versions that were decrypted to check them; 0 without a master key."""
    damaged: tuple[str, ...]
    """Ids whose bytes in the backup are missing or changed."""
    unreadable: tuple[str, ...]
    """Ids whose bytes are whole but cannot be decrypted with this master key and these epoch keys."""


def restore(
    source: Path,
    places: Places,
    *,
    log: DestructionLog,
    master: KeyWrapper | None = None,
    now: datetime,
    progress: Callable[[int], None] | None = None,
) -> Restored:
    """Bring a finished backup back into `places.home`, which must be absent or empty.

    `log` is the surviving destruction log (old store, or its standby). With `master`, and the epoch keys in
    `places.epochs`, every object is decrypted once. Databases come back under the file names they were backed up with.
    Raises RestoreRefused; on any failure the place stays empty.
    """
    manifest = Manifest.read(source)
    _refuse_wrong_log(manifest, log)
    if places.home.exists() and any(places.home.iterdir()):
        raise RestoreRefused("The place to restore into is not empty.", "Give a new directory; nothing is overwritten.")
    damaged = frozenset(item.key for item in check(source))
    staging = Places(home=places.home.with_name(f".{places.home.name}.restoring"), keys=places.keys)
    if staging.home.exists():
        shutil.rmtree(staging.home)  # an earlier restore that did not come to its end
    private_directory(staging.home)
    for name in manifest.files:
        _copy_file(source / name, staging.home / name)
    vault = _opened(staging, master, now)
    destroyed = log.intended()
    log.mirror(vault.store)
    for batch in _batches(destroyed):
        vault.keyring.destroy(*(item.object_id for item in batch))
    objects, left_out = _bring_back(source, vault, destroyed, now, progress)
    opened, unreadable = _open_all(vault) if master is not None else (0, ())
    vault.keyring.close()
    if places.home.exists():
        places.home.rmdir()
    staging.home.rename(places.home)
    fsync_directory(places.home.parent)
    return Restored(
        made_at=manifest.made_at,
        objects=objects,
        left_out=left_out,
        opened=opened,
        damaged=tuple(sorted(damaged - {item.object_id for item in destroyed})),
        unreadable=unreadable,
    )


def _refuse_wrong_log(manifest: Manifest, log: DestructionLog) -> None:
    if log.id() != manifest.log_id:
        raise RestoreRefused(
            "Without the destruction log of this vault a restore could bring back what was destroyed.",
            "Give the log area of the old store, or its standby copy.",
        )
    if log.count() < manifest.log_entries:
        raise RestoreRefused(
            "This destruction log is older than the backup: entries are missing.",
            "Give the latest copy of the log.",
        )


def _opened(staging: Places, master: KeyWrapper | None, now: datetime) -> Vault:
    store = DirectoryStore(staging.records, clock=lambda: now)
    keyring = SqliteKeyring(staging.home / KEYRING, EpochKeys(staging.epochs, master or _NoMaster()))
    return Vault(store, keyring, DestructionLog(store), clock=lambda: now)


def _copy_file(source: Path, target: Path) -> None:
    publish(target, b"", mode=0o600)
    with source.open("rb") as old, target.open("wb") as new:
        shutil.copyfileobj(old, new)
        new.flush()
        os.fsync(new.fileno())


def _bring_back(
    source: Path,
    vault: Vault,
    destroyed: frozenset[Item],
    now: datetime,
    progress: Callable[[int], None] | None,
) -> tuple[int, int]:
    objects = left_out = 0
    for item in listed_objects(source):
        if Item(KeyScope(item.area.value), item.key) in destroyed:
            left_out += 1
            continue
        data = read_object(source, item)
        if data is None:
            continue  # told as damaged
        until = item.retain_until if item.retain_until is not None and item.retain_until > now else None
        vault.store.put(item.area, item.key, data, retain_until=until)
        if item.held:
            vault.store.protect(Area.RECORDS, item.key, hold=True)
        objects += 1
        if progress is not None:
            progress(objects)
    return objects, left_out


def _open_all(vault: Vault) -> tuple[int, tuple[str, ...]]:
    opened = 0
    unreadable: list[str] = []
    for area in (Area.RECORDS, Area.WORKING):
        for key in vault.store.list(area):
            for version in vault.store.stat(area, key):
                try:
                    vault.get(key, area, version_id=version.version_id)
                    opened += 1
                except StorageError:
                    unreadable.append(key)
    return opened, tuple(sorted(set(unreadable)))


def _batches(items: frozenset[Item]) -> Iterator[list[Item]]:
    remaining = iter(items)
    while batch := list(islice(remaining, _BATCH)):
        yield batch


class _NoMaster:
    """Stands where no master key was given: keys can be overwritten, none can be read."""

    key_id = ""

    def wrap(self, secret: bytes, context: object) -> bytes:
        raise RestoreRefused("No master key was given.", "Give it to read or seal anything.")

    def unwrap(self, wrapped: bytes, context: object) -> bytes:
        raise RestoreRefused("No master key was given.", "Give it to read or seal anything.")
