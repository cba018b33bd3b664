"""Restore: a backup brought back to life, and nothing that was destroyed with it.

Danger: a restore that overwrites what lives, or that raises what a certificate of destruction says is gone.
Invariant: it works on an empty place only; it refuses without the destruction log of this vault, or with one that has
fewer entries than when the backup was made; every id the log ever intended to destroy is left out, and its key
overwritten, before the place is given its name. The log goes on in the restored vault. A place that has its name is
marked until its databases were told what the log knows: `begun` finds the mark, `finished` takes it away.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from storage import trial
from storage.backup import DUMP, KEYRING_DUMP, BackedObject, Manifest, check, listed_objects, read_object
from storage.batches import batches
from storage.destruction import DestructionLog, Item
from storage.directory import DirectoryStore
from storage.embedded import Places, open_keyring
from storage.epochs import EpochKeys
from storage.errors import RestoreRefused, StorageError
from storage.keyring_facts import KeyScope
from storage.master import KeyWrapper
from storage.places import BEGUN, fsync_directory, private_directory, publish
from storage.protocol import Area, Store
from storage.s3 import S3Store
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
    servers: Mapping[str, str] = MappingProxyType({}),
    progress: Callable[[int], None] | None = None,
) -> Restored:
    """Bring a finished backup back into `places`: its home, store and databases must be absent or empty.

    A bucket may still have the objects: what is there is left as it is, what is missing is put, and what its own log
    says was destroyed stays so. Versions may get other names there than the backup has.

    `log` is the surviving destruction log (old store, or its standby). With `master`, and the epoch keys in
    `places.epochs`, every object is decrypted once. Files of SQLite come back under the names they were backed up with;
    a dump comes back into the PostgreSQL database that `servers` tells by its name, the keyring's into its own.
    Raises RestoreRefused; on any failure the places stay empty, and the same call again goes on in a bucket. StoreUnfit
    for a new bucket that fails its trial. The home is marked as `begun`; the caller says when it is `finished`.
    """
    manifest = Manifest.read(source)
    _refuse_wrong_log(manifest, log)
    addresses = _addresses(manifest, places, servers)
    for place in (places.home, places.records):
        if place.exists() and any(place.iterdir()):
            raise RestoreRefused(
                "The place to restore into is not empty.", "Give a new directory; nothing is overwritten."
            )
    damaged = frozenset(item.key for item in check(source))
    staging = _staging(places)
    store = _store_for(staging, manifest, now)
    for name in manifest.files:
        if name not in addresses:
            _copy_file(source / name, staging.home / name)
    with _cleared_on_failure(addresses):
        if KEYRING_DUMP in addresses:
            _restore_dump(source / KEYRING_DUMP, addresses[KEYRING_DUMP])
        vault = _opened(staging, store, master, now)
        destroyed = log.intended() | vault.log.intended()
        log.mirror(vault.store)
        for batch in batches(destroyed, _BATCH):
            vault.keyring.destroy(*(item.object_id for item in batch))
        objects, left_out = _bring_back(source, vault, destroyed, now, progress)
        opened, unreadable = _open_all(vault) if master is not None else (0, ())
        vault.keyring.close()
        for name, address in addresses.items():
            if name != KEYRING_DUMP:
                _restore_dump(source / name, address)
    restored = Restored(
        made_at=manifest.made_at,
        objects=objects,
        left_out=left_out,
        opened=opened,
        damaged=tuple(sorted(damaged - {item.object_id for item in destroyed})),
        unreadable=unreadable,
    )
    told = {**dataclasses.asdict(restored), "made_at": restored.made_at.isoformat()}
    publish(staging.home / BEGUN, json.dumps(told).encode(), mode=0o600)
    _name(staging, places)
    return restored


def begun(home: Path) -> Restored | None:
    """What was brought back into this home, while its register was not told; None where no restore waits for that."""
    try:
        told = json.loads((home / BEGUN).read_bytes())
    except FileNotFoundError:
        return None
    told |= {name: tuple(told[name]) for name in ("damaged", "unreadable")}
    return Restored(**{**told, "made_at": datetime.fromisoformat(told["made_at"])})


def finished(home: Path) -> None:
    """The register was told: the restore is over, and the site may be opened."""
    (home / BEGUN).unlink()
    fsync_directory(home)


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


def _addresses(manifest: Manifest, places: Places, servers: Mapping[str, str]) -> dict[str, str]:
    """Where each dump goes, found empty. A backup of the one engine cannot come back into the other."""
    known = dict(servers) | ({KEYRING_DUMP: places.keyring_url} if places.keyring_url else {})
    dumps = {name for name in manifest.files if name.endswith(DUMP)}
    if dumps != set(known):
        raise RestoreRefused(
            "This backup and these settings do not keep register and keyring in the same kind of database.",
            "Set CONFIDE_DATABASE_URL and CONFIDE_KEYRING_URL to PostgreSQL or to SQLite, as the lost site had them.",
        )
    if known:
        from storage.postgresql_dump import require_empty

        for url in known.values():
            require_empty(url)
    return known


def _restore_dump(source: Path, url: str) -> None:
    from storage.postgresql_dump import restore as bring_back

    bring_back(source, url)


@contextmanager
def _cleared_on_failure(addresses: Mapping[str, str]) -> Iterator[None]:
    try:
        yield
    except BaseException:
        for url in addresses.values():
            from storage.postgresql_dump import clear

            clear(url)
        raise


def _staging(places: Places) -> Places:
    """Beside the places, and empty; what an earlier restore left that did not come to its end is removed."""
    home = places.home.with_name(f".{places.home.name}.restoring")
    if places.records.is_relative_to(places.home):
        store = home / places.records.relative_to(places.home)
    else:
        store = places.records.with_name(f".{places.records.name}.restoring")
    for place in (home, store):
        if place.exists():
            shutil.rmtree(place)
    private_directory(home)
    return dataclasses.replace(places, home=home, store=store)


def _name(staging: Places, places: Places) -> None:
    """Give what was restored its place."""
    moves = {staging.home: places.home}
    if not places.records.is_relative_to(places.home):
        moves = {staging.records: places.records} | moves
    for staged, place in moves.items():
        if place.exists():
            place.rmdir()
        staged.rename(place)
        fsync_directory(place.parent)


def _store_for(staging: Places, manifest: Manifest, now: datetime) -> Store:
    """An empty directory, or the bucket that is told: the one of this vault, or a new one that passes its trial."""
    if staging.s3 is None:
        return DirectoryStore(staging.records, clock=lambda: now)
    bucket = S3Store(staging.s3)
    found = DestructionLog(bucket).id()
    if found is None:
        trial.require(bucket)
    elif found != manifest.log_id:
        raise RestoreRefused(
            f"{staging.s3.url} belongs to another vault.", "Correct CONFIDE_STORE, or give a new bucket or prefix."
        )
    return bucket


def _opened(staging: Places, store: Store, master: KeyWrapper | None, now: datetime) -> Vault:
    keyring = open_keyring(staging, EpochKeys(staging.epochs, master or _NoMaster()))
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
        if not _is_there(vault.store, item):
            vault.store.put(item.area, item.key, data, retain_until=until)
        if item.held:
            vault.store.protect(Area.RECORDS, item.key, hold=True)
        objects += 1
        if progress is not None:
            progress(objects)
    return objects, left_out


def _is_there(store: Store, item: BackedObject) -> bool:
    """Whether a bucket still has it. A directory is new: there is nothing to ask."""
    if isinstance(store, DirectoryStore):
        return False
    return any(version.sha256 == item.sha256 for version in store.stat(item.area, item.key))


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


class _NoMaster:
    """Stands where no master key was given: keys can be overwritten, none can be read."""

    key_id = ""

    def wrap(self, secret: bytes, context: object) -> bytes:
        raise RestoreRefused("No master key was given.", "Give it to read or seal anything.")

    def unwrap(self, wrapped: bytes, context: object) -> bytes:
        raise RestoreRefused("No master key was given.", "Give it to read or seal anything.")
