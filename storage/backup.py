"""Backup: a copy of what can be lost, without what must be able to die.

Danger: a backup that holds the master key, an epoch key or the destruction log would bring back what was destroyed, for
anybody who finds it; one that is half written and looks whole is found out on the worst day.
Invariant: a backup holds sealed objects, the keyring (data keys wrapped by epoch keys it does not hold) and the
databases it was told of, each with its SHA-256; the manifest is written last, so a directory without one is unfinished
and is continued. Order: databases, then objects, then keyring, so that whatever the register copy speaks of is there
with its key; what was destroyed in between is taken out again on restore, from the log.

What it takes to read a backup: the backup, the epoch keys of that time (keys directory or standby) and the master key.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from storage.errors import BackupRefused, NotFound, RestoreRefused
from storage.places import fsync_directory, private_directory, publish
from storage.protocol import Area, checked_key
from storage.vault import Vault

FORMAT = 1
MANIFEST = "manifest.json"
OBJECTS = "objects.jsonl"
KEYRING = "keyring.db"
DUMP = ".dump"
"""How the copy of a PostgreSQL database ends."""
KEYRING_DUMP = f"keyring{DUMP}"
_BEGUN = "begun.json"
_AREAS = (Area.RECORDS, Area.WORKING)
_DATABASE_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,62}\Z")
_FILE_MODE = 0o600


@dataclass(frozen=True, slots=True, kw_only=True)
class BackedObject:
    """One version of one object in a backup, with what protected it when it was copied."""

    area: Area
    key: str
    version_id: str
    size: int
    sha256: str
    retain_until: datetime | None
    held: bool

    def path_in(self, root: Path) -> Path:
        """Where its sealed bytes lie in a backup."""
        return root / "objects" / self.area / self.key[:2] / f"{self.key}.{self.version_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a finished backup says of itself."""

    made_at: datetime
    log_id: str
    log_entries: int
    """Entries the destruction log had when the backup began: a restore refuses a log that has fewer."""
    objects: int
    bytes: int
    objects_sha256: str
    files: Mapping[str, str]
    """SHA-256 of each database and document, by file name; the keyring among them."""

    @classmethod
    def read(cls, source: Path) -> Manifest:
        """The manifest of a finished backup. Raises RestoreRefused when there is none or it cannot be read."""
        try:
            raw = json.loads((source / MANIFEST).read_bytes())
            if raw.pop("format") != FORMAT:
                raise RestoreRefused("This backup has another format.", "Restore it with the version that made it.")
            return cls(**{**raw, "made_at": datetime.fromisoformat(raw["made_at"])})
        except FileNotFoundError:
            raise RestoreRefused(
                "This directory holds no finished backup.", "Name the directory that has a manifest.json in it."
            ) from None
        except (ValueError, KeyError, TypeError) as problem:
            raise RestoreRefused("The manifest of this backup cannot be read.", "Use another backup.") from problem

    def write(self, target: Path) -> None:
        content = {"format": FORMAT, **asdict(self), "made_at": self.made_at.isoformat()}
        publish(target / MANIFEST, json.dumps(content, indent=1, sort_keys=True).encode(), mode=_FILE_MODE)


def back_up(
    vault: Vault,
    target: Path,
    *,
    databases: Mapping[str, Path | str],
    documents: Mapping[str, Callable[[], bytes]] = MappingProxyType({}),
    now: datetime,
    progress: Callable[[int], None] | None = None,
) -> Manifest:
    """Copy the vault and these databases to a directory of its own; continues an unfinished copy.

    `databases`: by the name of the copy, a file of SQLite or the address of a PostgreSQL database (its copy is a dump).
    `documents`: small files by name, asked for after the databases were copied; they come back beside them.

    `progress` is told the number of objects done. Raises BackupRefused for a finished or foreign target, UnsafePlace.
    """
    for name in (*databases, *documents):
        if _DATABASE_NAME.match(name) is None or name in (KEYRING, KEYRING_DUMP, MANIFEST, OBJECTS):
            raise BackupRefused("A file in a backup needs a plain name.", "Name it like register.db.")
    log_id = vault.log.open(now)
    log_entries = vault.log.count()
    began_with = _begin(target, log_id, log_entries)
    files = {name: _copy_database(path, target / name) for name, path in sorted(databases.items())}
    files |= {name: _write_document(target / name, made()) for name, made in sorted(documents.items())}
    objects, size = _copy_objects(vault, target, progress)
    address = vault.keyring.address
    keyring = KEYRING if isinstance(address, Path) else KEYRING_DUMP
    files[keyring] = _copy_database(address, target / keyring)
    manifest = Manifest(
        made_at=now.astimezone(UTC),
        log_id=log_id,
        log_entries=began_with,
        objects=objects,
        bytes=size,
        objects_sha256=file_sha256(target / OBJECTS),
        files=files,
    )
    manifest.write(target)
    (target / _BEGUN).unlink()
    fsync_directory(target)
    return manifest


def listed_objects(source: Path) -> Iterator[BackedObject]:
    """Every object version a finished backup holds, streamed."""
    with (source / OBJECTS).open("rb") as lines:
        for line in lines:
            raw = json.loads(line)
            until = raw["retain_until"]
            yield BackedObject(
                area=Area(raw["area"]),
                key=checked_key(raw["key"]),
                version_id=raw["version_id"],
                size=raw["size"],
                sha256=raw["sha256"],
                retain_until=datetime.fromisoformat(until) if until else None,
                held=raw["held"],
            )


def check(source: Path) -> tuple[BackedObject, ...]:
    """Read a whole backup; returns the object versions that are missing or damaged in it.

    Raises RestoreRefused when the manifest, the list or a database is not what it was.
    """
    manifest = Manifest.read(source)
    for name in (*manifest.files, OBJECTS):
        whole(source, name, manifest)
    return tuple(item for item in listed_objects(source) if read_object(source, item) is None)


def whole(source: Path, name: str, manifest: Manifest) -> Path:
    """A database or document of a finished backup, which is what it was. Raises RestoreRefused."""
    expected = manifest.objects_sha256 if name == OBJECTS else manifest.files.get(name)
    if not (source / name).is_file() or file_sha256(source / name) != expected:
        raise RestoreRefused(f"{name} in this backup is missing or damaged.", "Use another backup.")
    return source / name


def read_object(source: Path, item: BackedObject) -> bytes | None:
    """The sealed bytes of an object in a backup; None when they are missing or not the ones that were copied."""
    try:
        data = item.path_in(source).read_bytes()
    except FileNotFoundError:
        return None
    return data if hashlib.sha256(data).hexdigest() == item.sha256 else None


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, lowercase hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _begin(target: Path, log_id: str, log_entries: int) -> int:
    """Claim the target, or recognise an unfinished backup of this vault; the entries the log had at its beginning."""
    private_directory(target)
    for leftover in target.glob(".*"):
        leftover.unlink()  # being written when an earlier run was killed; a journal left here would be replayed
    begun = target / _BEGUN
    if begun.exists():
        before: dict[str, Any] = json.loads(begun.read_bytes())
        if before["log_id"] != log_id:
            raise BackupRefused("An unfinished backup of another vault lies there.", "Give a directory of its own.")
        (target / MANIFEST).unlink(missing_ok=True)
        return int(before["log_entries"])
    if any(target.iterdir()):
        raise BackupRefused("The target is not empty.", "Give a new directory for every backup.")
    publish(begun, json.dumps({"log_id": log_id, "log_entries": log_entries}).encode(), mode=_FILE_MODE)
    return log_entries


def _write_document(target: Path, content: bytes) -> str:
    target.unlink(missing_ok=True)  # of an unfinished run
    publish(target, content, mode=_FILE_MODE)
    return hashlib.sha256(content).hexdigest()


def _copy_database(address: Path | str, target: Path) -> str:
    """A copy of a living database as of one moment, synced; its SHA-256."""
    staged = target.with_name(f".{target.name}.new")
    publish(staged, b"", mode=_FILE_MODE)
    if isinstance(address, Path):
        _copy_sqlite(address, staged, target.name)
    else:
        # the tools of a server that most sites do not have
        from storage.postgresql_dump import dump

        dump(address, staged)
    with staged.open("rb") as file:
        os.fsync(file.fileno())
    staged.replace(target)
    fsync_directory(target.parent)
    return file_sha256(target)


def _copy_sqlite(path: Path, staged: Path, name: str) -> None:
    living = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=10)
    with closing(living) as source, closing(sqlite3.connect(staged, isolation_level=None)) as copy:
        source.backup(copy)
        # one file, without a log beside it that could be left behind
        copy.execute("PRAGMA journal_mode=DELETE")
        if copy.execute("PRAGMA quick_check").fetchone()[0] != "ok":
            raise BackupRefused(f"{name} is damaged.", "Run `confide doctor` before anything else.")


def _copy_objects(vault: Vault, target: Path, progress: Callable[[int], None] | None) -> tuple[int, int]:
    _drop_destroyed(vault, target)
    count = size = 0
    staged = target / f".{OBJECTS}.new"
    publish(staged, b"", mode=_FILE_MODE)
    with staged.open("wb") as lines:
        for area in _AREAS:
            for key in vault.store.list(area):
                for item in _copied(vault, target, area, key):
                    lines.write(json.dumps({**asdict(item), "retain_until": _iso(item.retain_until)}).encode() + b"\n")
                    count, size = count + 1, size + item.size
                    if progress is not None:
                        progress(count)
        lines.flush()
        os.fsync(lines.fileno())
    staged.replace(target / OBJECTS)
    fsync_directory(target)
    return count, size


def _drop_destroyed(vault: Vault, target: Path) -> None:
    """Take out of an unfinished backup what was destroyed in the vault since the earlier run copied it."""
    for path in (target / "objects").glob("*/*/*"):
        area, (key, _, version_id) = Area(path.parent.parent.name), path.name.partition(".")
        # what is not named like a key is a copy that was cut short
        if not key or version_id not in {version.version_id for version in vault.store.stat(area, key)}:
            path.unlink()


def _copied(vault: Vault, target: Path, area: Area, key: str) -> Iterator[BackedObject]:
    for version in vault.store.stat(area, key):
        item = BackedObject(
            area=area,
            key=key,
            version_id=version.version_id,
            size=version.size,
            sha256=version.sha256 or "",
            retain_until=version.retain_until,
            held=version.held,
        )
        if item.sha256 and read_object(target, item) is not None:
            yield item
            continue
        try:
            data = vault.store.get(area, key, version.version_id)
        except NotFound:
            continue  # destroyed since it was listed
        item = dataclasses.replace(item, sha256=hashlib.sha256(data).hexdigest())
        path = item.path_in(target)
        private_directory(path.parent)
        path.unlink(missing_ok=True)
        publish(path, data, mode=_FILE_MODE)
        yield item


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
