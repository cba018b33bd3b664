"""One object of the directory store as files: a header and the bytes, and beside them what locks and holds them.

Danger: a header that says a lock has ended when it has not; a version read in place of another.
Invariant: the header carries a check of itself and the SHA-256 of the bytes; a lock file that does not read well
counts as a hold; names never follow a symlink.
"""

# Descriptors, links and syncs are spoken of here in the words of the system calls, not of pathlib.
# ruff: noqa: PTH108

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import struct
from dataclasses import dataclass
from datetime import UTC, datetime

from storage.errors import Damaged, NotFound
from storage.places import read_all
from storage.protocol import LockMode, VersionStat

_MAGIC = b"CFOBJ\x00\x00\x01"
_FIELDS = struct.Struct(">8sqq32s")  # magic, locked until (s since 1970, 0 = never locked), stored at, SHA-256
HEADER_SIZE = _FIELDS.size + 8  # and a check of the header itself
_VERSION_ID = re.compile(r"([0-9]{6,})-([0-9a-f]{16})\Z")


@dataclass(frozen=True, slots=True)
class Header:
    retain_until: int
    stored_at: int
    sha256: bytes

    def pack(self) -> bytes:
        fields = _FIELDS.pack(_MAGIC, self.retain_until, self.stored_at, self.sha256)
        return fields + hashlib.blake2b(fields, digest_size=8).digest()

    @classmethod
    def unpack(cls, raw: bytes) -> Header:
        fields, check = raw[: _FIELDS.size], raw[_FIELDS.size : HEADER_SIZE]
        if len(raw) < HEADER_SIZE or hashlib.blake2b(fields, digest_size=8).digest() != check:
            raise Damaged
        magic, retain_until, stored_at, sha256 = _FIELDS.unpack(fields)
        if magic != _MAGIC:
            raise Damaged
        return cls(retain_until, stored_at, sha256)


def version_id_of(number: int, sha256: bytes) -> str:
    # a function of place and content alone, so that a restored copy answers to the ids the register knows
    return f"{number:06d}-{sha256.hex()[:16]}"


def open_latest(stem: str) -> int:
    number = 1
    fd = _open_object(f"{stem}.{number:06d}")
    while True:
        number += 1
        try:
            later = _open_object(f"{stem}.{number:06d}")
        except FileNotFoundError:
            return fd
        os.close(fd)
        fd = later


def open_version(stem: str, version_id: str) -> int:
    match = _VERSION_ID.match(version_id)
    if match is None:
        raise NotFound
    return _open_object(f"{stem}.{int(match[1]):06d}")


def _open_object(path: str) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as problem:
        if problem.errno == errno.ELOOP:
            raise Damaged from problem  # somebody put a symlink in the place of a record
        raise


def numbers_of(stem: str) -> list[int]:
    number = 1
    while os.path.lexists(f"{stem}.{number:06d}"):
        number += 1
    return list(range(1, number))


def numbers_on_disk(shard: str, key: str) -> list[int]:
    with os.scandir(shard) as entries:
        names = [entry.name.split(".") for entry in entries if entry.name.startswith(f"{key}.")]
    return sorted({int(parts[1]) for parts in names})


def numbers_by_key(shard: str) -> dict[str, list[int]]:
    """The version numbers of everything in a directory that has any file of its own, a lock's included."""
    found = dict[str, set[int]]()
    with os.scandir(shard) as entries:
        for entry in entries:
            key, _, rest = entry.name.partition(".")
            found.setdefault(key, set()).add(int(rest.partition(".")[0]))
    return {key: sorted(numbers) for key, numbers in found.items()}


def stat_version(stem: str, number: int) -> VersionStat:
    fd = _open_object(f"{stem}.{number:06d}")
    try:
        header = Header.unpack(os.read(fd, HEADER_SIZE))
        size = os.fstat(fd).st_size - HEADER_SIZE
    finally:
        os.close(fd)
    until, held = read_lock(stem, number) or (header.retain_until, False)
    return VersionStat(
        version_id=version_id_of(number, header.sha256),
        size=size,
        sha256=header.sha256.hex(),
        stored_at=datetime.fromtimestamp(header.stored_at, UTC),
        retain_until=datetime.fromtimestamp(until, UTC) if until else None,
        mode=LockMode.GOVERNANCE if until else None,
        held=held,
    )


def read_lock(stem: str, number: int) -> tuple[int, bool] | None:
    """Lock and hold from the file beside the object; None when there is none. A file that does not read well is a
    hold.
    """
    try:
        fd = os.open(f"{stem}.{number:06d}.lock", os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        content = json.loads(read_all(fd))
        return int(content["retain_until"]), bool(content["hold"])
    except (ValueError, KeyError, TypeError):
        return 0, True
    finally:
        os.close(fd)


def unlink_if_there(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
