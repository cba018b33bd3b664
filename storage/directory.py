"""The embedded store: sealed objects as files under one private directory, durable when `put` returns.

Danger: a half-written record, a version that a crash brings back, a lock that lives only in memory.
Invariant: an object file is written, fsync'd, then linked to its name and never changed; its first lock is in its own
header, later locks and holds in a small file beside it that is replaced whole; whoever changes the names of a key
holds the lock of its directory. There is no index that could disagree with the files.

    root/tmp/<random>                     being written; whatever no living process holds is swept at open
    root/<area>/<ab>/<key>.000001         header of 64 bytes, then the bytes as put; mode 0400
    root/<area>/<ab>/<key>.000001.lock    lock and hold, once they differ from the header

Honest limit: locks and holds are enforced by this program, like GOVERNANCE and never like COMPLIANCE. They stop
mistakes and are visible when broken (the bytes are authenticated, the register knows their hash); they do not stop the
owner of the disk.
"""

# Descriptors, links and syncs are spoken of here in the words of the system calls, not of pathlib.
# ruff: noqa: PTH102, PTH105, PTH108, PTH112, PTH208

from __future__ import annotations

import fcntl
import hashlib
import json
import math
import os
import secrets
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from storage.errors import (
    Damaged,
    Held,
    Locked,
    LockRefused,
    LogIsAppendOnly,
    NotFound,
    StillPresent,
    StorageError,
)
from storage.object_file import (
    HEADER_SIZE,
    Header,
    numbers_by_key,
    numbers_of,
    numbers_on_disk,
    open_latest,
    open_version,
    read_lock,
    stat_version,
    unlink_if_there,
    version_id_of,
)
from storage.places import check_directory, fsync_directory, locked_directory, private_directory, read_all, write_all
from storage.protocol import Area, Destroyed, LockMode, Protection, Version, VersionStat, checked_key

_ATTEMPTS_TO_EMPTY = 3
_REMOVERS = 4


def utc_now() -> datetime:
    return datetime.now(UTC)


class DirectoryStore:
    """A `Store` in a directory. Cheap to open; share one between threads, or open one in each process."""

    def __init__(
        self, root: Path, *, lock_mode: LockMode = LockMode.GOVERNANCE, clock: Callable[[], datetime] = utc_now
    ) -> None:
        """Open or make the store at `root` (0700), and sweep what crashed puts left behind.

        Raises LockRefused for COMPLIANCE, which software on one disk cannot honestly give, and UnsafePlace for open
        modes.
        """
        if lock_mode is not LockMode.GOVERNANCE:
            raise LockRefused(
                "A directory cannot keep a COMPLIANCE lock: whoever owns the disk can always remove a file.",
                "Use GOVERNANCE here, or a store on another machine that enforces the lock itself.",
            )
        self._root = private_directory(root)
        self._tmp = private_directory(self._root / "tmp")
        for area in Area:
            private_directory(self._root / area)
        self._base = {area: f"{self._root}/{area}" for area in Area}
        self._known_shards: set[str] = set()
        self._clock = clock
        self._sweep()

    def __repr__(self) -> str:
        return f"DirectoryStore({str(self._root)!r})"

    @property
    def root(self) -> Path:
        """The private directory everything lies under."""
        return self._root

    @property
    def effective_protection(self) -> Protection:
        return Protection(
            mode=LockMode.GOVERNANCE,
            enforced_by="software",
            sentence="Locks and holds are kept by this program and changes are detected, "
            "but the owner of the disk can remove files.",
        )

    def put(self, area: Area, key: str, data: bytes, *, retain_until: datetime | None = None) -> Version:
        checked_key(key)
        now = self._clock()
        locked_until = 0 if retain_until is None else self._lock_seconds(area, retain_until, now)
        sha256 = hashlib.sha256(data)
        header = Header(locked_until, int(now.timestamp()), sha256.digest()).pack()
        shard = self._made_shard(area, key)
        with self._staged(header, data) as staged, locked_directory(shard, shared=True) as directory:
            number = 1
            while True:
                try:
                    os.link(staged, f"{shard}/{key}.{number:06d}")
                    break
                except FileExistsError:
                    number += 1
            os.fsync(directory)
        return Version(version_id=version_id_of(number, sha256.digest()), size=len(data), sha256=sha256.hexdigest())

    def get(self, area: Area, key: str, version_id: str | None = None) -> bytes:
        shard = self._shard(area, checked_key(key))
        try:
            with locked_directory(shard, shared=True):
                stem = f"{shard}/{key}"
                fd = open_latest(stem) if version_id is None else open_version(stem, version_id)
        except FileNotFoundError:
            raise NotFound from None
        try:
            raw = read_all(fd)
        finally:
            os.close(fd)
        header, data = Header.unpack(raw[:HEADER_SIZE]), raw[HEADER_SIZE:]
        sha256 = hashlib.sha256(data).digest()
        if sha256 != header.sha256:
            raise Damaged
        if version_id is not None and version_id.partition("-")[2] != sha256.hex()[:16]:
            raise NotFound
        return data

    def stat(self, area: Area, key: str) -> tuple[VersionStat, ...]:
        shard = self._shard(area, checked_key(key))
        try:
            with locked_directory(shard, shared=True):
                return tuple(stat_version(f"{shard}/{key}", number) for number in numbers_of(f"{shard}/{key}"))
        except FileNotFoundError:
            return ()

    def protect(
        self, area: Area, key: str, *, retain_until: datetime | None = None, hold: bool | None = None
    ) -> tuple[VersionStat, ...]:
        shard = self._shard(area, checked_key(key))
        if area is not Area.RECORDS:
            raise _only_records_are_locked()
        wanted = None if retain_until is None else self._lock_seconds(area, retain_until, self._clock())
        stem = f"{shard}/{key}"
        try:
            with locked_directory(shard) as directory:
                before = [(number, stat_version(stem, number)) for number in numbers_of(stem)]
                if not before:
                    raise NotFound
                changes = [(number, *_changed(found, wanted, hold)) for number, found in before]
                for number, until, held in changes:
                    self._replace_lock(f"{stem}.{number:06d}.lock", until, held)
                os.fsync(directory)
                return tuple(stat_version(stem, number) for number, _ in before)
        except FileNotFoundError:
            raise NotFound from None

    def destroy(self, area: Area, key: str, *, bypass_lock: bool = False) -> Destroyed:
        shard = self._shard(area, checked_key(key))
        if area is Area.LOG:
            raise LogIsAppendOnly
        if not os.path.isdir(shard):
            return Destroyed(area=area, key=key, version_ids=())
        removed: list[str] = []
        with locked_directory(shard) as directory:
            numbers = numbers_of(f"{shard}/{key}")
            for _ in range(_ATTEMPTS_TO_EMPTY):
                removed += self._remove(f"{shard}/{key}", numbers, bypass_lock)
                os.fsync(directory)
                # the proof reads the directory itself: what probing names in order missed is found here
                numbers = numbers_on_disk(shard, key)
                if not numbers:
                    return Destroyed(area=area, key=key, version_ids=tuple(sorted(removed)))
        raise StillPresent(len(numbers))

    def stat_each(self, area: Area, keys: Sequence[str]) -> Mapping[str, tuple[VersionStat, ...] | StorageError]:
        told: dict[str, tuple[VersionStat, ...] | StorageError] = {}
        for key in keys:
            try:
                told[key] = self.stat(area, key)
            except StorageError as refused:
                told[key] = refused
        return told

    def destroy_each(
        self, area: Area, keys: Sequence[str], *, bypass_lock: bool = False
    ) -> Mapping[str, Destroyed | StorageError]:
        if area is Area.LOG:
            raise LogIsAppendOnly
        shards = defaultdict[str, list[str]](list)
        for key in dict.fromkeys(map(checked_key, keys)):
            shards[self._shard(area, key)].append(key)
        told: dict[str, Destroyed | StorageError] = {}
        # directories know nothing of each other, and most of a removal is waiting for the disk
        with ThreadPoolExecutor(_REMOVERS) as removers:
            for emptied in removers.map(lambda one: self._emptied(area, one[0], one[1], bypass_lock), shards.items()):
                told.update(emptied)
        return told

    def _emptied(
        self, area: Area, shard: str, keys: Sequence[str], bypass_lock: bool
    ) -> Mapping[str, Destroyed | StorageError]:
        """The keys of one directory under one lock, with one sync and one look for all of them."""
        if not os.path.isdir(shard):
            return {key: Destroyed(area=area, key=key, version_ids=()) for key in keys}
        told: dict[str, Destroyed | StorageError] = {}
        removed = defaultdict[str, list[str]](list)
        with locked_directory(shard) as directory:
            left = {key: numbers_of(f"{shard}/{key}") for key in keys}
            for _ in range(_ATTEMPTS_TO_EMPTY):
                for key, numbers in left.items():
                    try:
                        removed[key] += self._remove(f"{shard}/{key}", numbers, bypass_lock)
                    except StorageError as refused:
                        told[key] = refused
                os.fsync(directory)
                # the proof reads the directory itself: what probing names in order missed is found here
                there = numbers_by_key(shard)
                left = {key: there[key] for key in left if key not in told and key in there}
                if not left:
                    break
        for key in keys:
            if key not in told:
                gone = Destroyed(area=area, key=key, version_ids=tuple(sorted(removed[key])))
                told[key] = StillPresent(len(left[key])) if key in left else gone
        return told

    def list(self, area: Area) -> Iterator[str]:
        for shard in sorted(os.listdir(self._base[area])):
            with os.scandir(f"{self._base[area]}/{shard}") as entries:
                keys = {entry.name.partition(".")[0] for entry in entries if not entry.name.endswith(".lock")}
            yield from sorted(keys)

    def _lock_seconds(self, area: Area, retain_until: datetime, now: datetime) -> int:
        if area is Area.WORKING:
            raise _only_records_are_locked()
        if retain_until.tzinfo is None:
            raise LockRefused("A lock needs a time with a time zone.", "Give the time in UTC.")
        if retain_until <= now:
            raise LockRefused("A lock must end in the future.", "Leave the lock out, or give a later time.")
        return math.ceil(retain_until.timestamp())

    def _shard(self, area: Area, key: str) -> str:
        return f"{self._base[area]}/{key[:2]}"

    def _made_shard(self, area: Area, key: str) -> str:
        shard = self._shard(area, key)
        if shard not in self._known_shards:
            try:
                os.mkdir(shard, 0o700)
            except FileExistsError:
                check_directory(Path(shard))
            # also when it was there: another process may have made it and died before its parent was synced
            fsync_directory(self._base[area])
            self._known_shards.add(shard)
        return shard

    @contextmanager
    def _staged(self, *parts: bytes) -> Iterator[str]:
        fd, staged = self._claimed_name()
        try:
            write_all(fd, b"".join(parts))
            os.fsync(fd)
            yield staged
        finally:
            unlink_if_there(staged)  # the other name of what was published; gone already when it was renamed
            os.close(fd)

    def _claimed_name(self) -> tuple[int, str]:
        """A new file in tmp/ under a lock that dies with the process: what can be locked by others is a leftover."""
        while True:
            staged = f"{self._tmp}/{secrets.token_hex(16)}"
            fd = os.open(staged, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o400)
            fcntl.flock(fd, fcntl.LOCK_EX)
            if os.fstat(fd).st_nlink:
                return fd, staged
            os.close(fd)  # a sweep in another process came between the two calls

    def _sweep(self) -> None:
        for name in os.listdir(self._tmp):
            leftover = f"{self._tmp}/{name}"
            try:
                fd = os.open(leftover, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            except FileNotFoundError:
                continue
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.unlink(leftover)
            except (BlockingIOError, FileNotFoundError):
                continue  # being written by a living process, or published meanwhile
            finally:
                os.close(fd)

    def _replace_lock(self, path: str, until: int, held: bool) -> None:
        content = json.dumps({"retain_until": until, "hold": held}).encode()
        with self._staged(content) as staged:
            os.replace(staged, path)

    def _remove(self, stem: str, numbers: Sequence[int], bypass_lock: bool) -> tuple[str, ...]:
        """Remove versions of one key, highest first, so that a crash leaves an unbroken row from 1; nothing if
        protected.
        """
        found: list[tuple[int, str]] = []
        now = self._clock()
        for number in numbers:
            try:
                version = stat_version(stem, number)
                version_id, until, held = version.version_id, version.retain_until, version.held
            except FileNotFoundError:
                unlink_if_there(f"{stem}.{number:06d}.lock")  # the object itself went before a crash
                continue
            except Damaged:
                # what the header said about the lock is lost: only the break-glass role decides, and never over a hold
                if not bypass_lock:
                    raise
                version_id, until, held = f"{number:06d}-damaged", None, (read_lock(stem, number) or (0, False))[1]
            if held:
                raise Held
            if until is not None and until > now and not bypass_lock:
                raise Locked
            found.append((number, version_id))
        for number, _ in reversed(found):
            # first: a lock that outlived its object would bind the next one
            unlink_if_there(f"{stem}.{number:06d}.lock")
            unlink_if_there(f"{stem}.{number:06d}")
        return tuple(version_id for _, version_id in found)


def _only_records_are_locked() -> LockRefused:
    return LockRefused(
        "Only records are locked or held; working bytes go when they are sealed, log entries stay.",
        "Put what must be kept into the records area.",
    )


def _changed(found: VersionStat, wanted: int | None, hold: bool | None) -> tuple[int, bool]:
    until = 0 if found.retain_until is None else int(found.retain_until.timestamp())
    if wanted is not None and wanted < until:
        raise LockRefused("A lock is never shortened.", "Give a later time, or leave the lock as it is.")
    return (until if wanted is None else wanted), (found.held if hold is None else hold)
