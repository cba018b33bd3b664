"""The keyring: one data key for every object and every owner of fields, in a database of its own.

Danger: a wrapped key that survives its destruction in a free page, in the write-ahead log or in a moved row makes every
certificate of destruction false; a key that is lost loses its record.
Invariant: rows are only appended, never deleted, and a row never changes its length. So destroying a key overwrites the
one place it was ever written to, and a truncating checkpoint empties the write-ahead log. `secure_delete=ON` (not FAST,
which was measured to leave keys behind in freed cells) covers whatever the engine moves all the same. The destroyed row
stays as a tombstone: an id whose key was destroyed never gets another.

A data key is wrapped by the key of an epoch (`storage/epochs.py`), that by the master key. Blocks that a file system
or an SSD keeps of overwritten data are out of reach here; the end of the epoch covers them.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from storage.envelope import context_of
from storage.epochs import EpochKeys
from storage.errors import EpochGone, KeyDestroyed, KeyExists, KeyNotFound, KeyringBusy, Tampered, UnsafePlace
from storage.places import fsync_directory, private_directory
from storage.protocol import checked_key

_LAYOUT = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS epoch(
    number INTEGER PRIMARY KEY, month TEXT NOT NULL, opened_at TEXT NOT NULL, destroyed_at TEXT);
CREATE TABLE IF NOT EXISTS data_key(
    number INTEGER PRIMARY KEY AUTOINCREMENT, object_id TEXT NOT NULL UNIQUE, scope TEXT NOT NULL,
    epoch TEXT NOT NULL CHECK(length(epoch) = 6),
    wrapped BLOB NOT NULL CHECK(length(wrapped) = 60),
    destroyed_at TEXT NOT NULL CHECK(length(destroyed_at) = 20));
"""
_WRAPPED_SIZE = 12 + 32 + 16
_ALIVE = "-" * 20
_NO_EPOCH = "0" * 6
_BUSY_SECONDS = 10.0
_BATCH = 500

# An SQLite connection must not be used or closed by a forked child; what was inherited is kept here, untouched.
_inherited: list[sqlite3.Connection] = []


class KeyScope(StrEnum):
    """What a data key is for; bound into its wrapping, so that a key of one kind never opens another."""

    WORKING = "working"
    RECORDS = "records"
    OWNER = "owner"
    """The personal fields of one client or one member of staff."""
    UNKNOWN = "unknown"
    """Only on the tombstone of an id this keyring never had, as after restoring an older backup."""


@dataclass(frozen=True, slots=True)
class DataKey:
    """An unwrapped data key. Its bytes never show in a representation; drop it as soon as it was used."""

    object_id: str
    scope: KeyScope
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrapped:
    """What a re-wrap did."""

    epoch: int
    """The epoch every living key is wrapped by now."""
    moved: int
    destroyed: tuple[int, ...]
    """Epochs whose key files are gone: keyrings copied before this moment can no longer be read."""
    at: datetime


class SqliteKeyring:
    """The keyring in one SQLite file. Safe from threads and from several processes, also across a fork."""

    def __init__(
        self, path: Path, epochs: EpochKeys, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        """Open or make the keyring at `path` (0600, in a 0700 directory)."""
        private_directory(path.parent)
        self._path = path
        self._epochs = epochs
        self._clock = clock
        self._local = threading.local()
        self._ciphers: dict[int, AESGCM] = {}
        if not path.exists():
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
            fsync_directory(path.parent)
        self._lay_out()

    @property
    def path(self) -> Path:
        return self._path

    @property
    def epochs(self) -> EpochKeys:
        return self._epochs

    def create(self, object_id: str, scope: KeyScope) -> DataKey:
        """Make the data key of an id, durable before this returns. Raises KeyExists, KeyDestroyed, BadKey."""
        checked_key(object_id)
        secret = secrets.token_bytes(32)
        with self._transaction() as db:
            row = db.execute("SELECT destroyed_at FROM data_key WHERE object_id = ?", (object_id,)).fetchone()
            if row is not None:
                raise KeyExists if row[0] == _ALIVE else KeyDestroyed
            epoch = self._current_epoch(db)
            db.execute(
                "INSERT INTO data_key(object_id, scope, epoch, wrapped, destroyed_at) VALUES(?, ?, ?, ?, ?)",
                (object_id, scope, f"{epoch:06d}", self._wrap(object_id, scope, epoch, secret), _ALIVE),
            )
        return DataKey(object_id, scope, secret)

    def get(self, object_id: str) -> DataKey:
        """The data key of an id. Raises KeyNotFound, KeyDestroyed, EpochGone, Tampered."""
        checked_key(object_id)
        seen = -1
        while True:
            scope, epoch, wrapped = self._row(object_id)
            try:
                return DataKey(object_id, scope, self._unwrap(object_id, scope, epoch, wrapped))
            except EpochGone:
                if epoch == seen:
                    raise
                seen = epoch  # re-wrapped by another process between the two reads: look once more

    def exists(self, object_id: str) -> bool:
        """Whether the id has a living data key."""
        return self._state(object_id) == _ALIVE

    def is_destroyed(self, object_id: str) -> bool:
        """Whether the id once had a data key that was destroyed."""
        return self._state(object_id) not in (None, _ALIVE)

    def destroy(self, *object_ids: str) -> None:
        """Overwrite the data keys of these ids where they lie, in one transaction, and empty the write-ahead log.

        Idempotent; an id that was never known gets a tombstone as well. Raises KeyringBusy when a reader kept the log
        from being emptied: the keys are destroyed then, but old bytes may remain until it is called again.
        """
        for object_id in object_ids:
            checked_key(object_id)
        at = self._clock().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        with self._transaction() as db:
            for object_id in object_ids:
                found = db.execute(
                    "UPDATE data_key SET wrapped = zeroblob(60), epoch = ?, destroyed_at = ?"
                    " WHERE object_id = ? AND destroyed_at = ?",
                    (_NO_EPOCH, at, object_id, _ALIVE),
                ).rowcount
                if not found:
                    db.execute(
                        "INSERT OR IGNORE INTO data_key(object_id, scope, epoch, wrapped, destroyed_at)"
                        " VALUES(?, ?, ?, zeroblob(60), ?)",
                        (object_id, KeyScope.UNKNOWN, _NO_EPOCH, at),
                    )
        self._empty_log()

    def list_ids(self, scope: KeyScope | None = None) -> Iterator[str]:
        """Every id with a living key, in order of creation, streamed in batches."""
        after = 0
        while True:
            rows = (
                self._db()
                .execute(
                    "SELECT number, object_id FROM data_key"
                    " WHERE number > ? AND destroyed_at = ? AND (? IS NULL OR scope = ?) ORDER BY number LIMIT ?",
                    (after, _ALIVE, scope, scope, _BATCH),
                )
                .fetchall()
            )
            if not rows:
                return
            yield from (row[1] for row in rows)
            after = rows[-1][0]

    def epochs_in_use(self) -> tuple[int, ...]:
        """The epochs that living data keys are wrapped by, ascending: losing one of their files loses records."""
        rows = self._db().execute("SELECT DISTINCT epoch FROM data_key WHERE destroyed_at = ?", (_ALIVE,)).fetchall()
        return tuple(sorted(int(row[0]) for row in rows))

    def rewrap(self) -> Rewrapped:
        """Open a new epoch, wrap every living key by it, then destroy the key files of all older epochs.

        Resumable: new keys go to the new epoch from the first moment, and an epoch's file is destroyed only after no
        row speaks of it. Afterwards no keyring copied before can be read by anybody.
        """
        with self._transaction() as db:
            epoch = self._open_epoch(db)
        moved = 0
        while count := self._rewrap_batch(epoch):
            moved += count
        self._empty_log()
        gone = tuple(number for number in self._epochs.numbers() if number < epoch)
        for number in gone:
            self._epochs.destroy(number)
            self._ciphers.pop(number, None)
        at = self._clock()
        with self._transaction() as db:
            db.execute(
                "UPDATE epoch SET destroyed_at = ? WHERE number < ? AND destroyed_at IS NULL", (at.isoformat(), epoch)
            )
        return Rewrapped(epoch=epoch, moved=moved, destroyed=gone, at=at)

    def close(self) -> None:
        """Close this thread's connection; the next call opens another."""
        db: sqlite3.Connection | None = getattr(self._local, "db", None)
        if db is not None and self._local.pid == os.getpid():
            db.close()
        self._local.db = None

    def _lay_out(self) -> None:
        found = self._db().execute("PRAGMA user_version").fetchone()[0]
        if found == _LAYOUT:
            return
        if found != 0:
            raise UnsafePlace(
                "This keyring was written by a later version of the program.", "Run the version that wrote it."
            )
        with self._transaction() as db:
            for statement in _SCHEMA.split(";"):
                db.execute(statement)
            db.execute(f"PRAGMA user_version={_LAYOUT}")

    def _row(self, object_id: str) -> tuple[KeyScope, int, bytes]:
        row = (
            self._db()
            .execute("SELECT scope, epoch, wrapped, destroyed_at FROM data_key WHERE object_id = ?", (object_id,))
            .fetchone()
        )
        if row is None:
            raise KeyNotFound
        if row[3] != _ALIVE:
            raise KeyDestroyed
        return KeyScope(row[0]), int(row[1]), row[2]

    def _state(self, object_id: str) -> str | None:
        row = (
            self._db()
            .execute("SELECT destroyed_at FROM data_key WHERE object_id = ?", (checked_key(object_id),))
            .fetchone()
        )
        return None if row is None else str(row[0])

    def _wrap(self, object_id: str, scope: KeyScope, epoch: int, secret: bytes) -> bytes:
        nonce = secrets.token_bytes(12)
        return nonce + self._cipher(epoch).encrypt(nonce, secret, _binding(object_id, scope, epoch))

    def _unwrap(self, object_id: str, scope: KeyScope, epoch: int, wrapped: bytes) -> bytes:
        try:
            return self._cipher(epoch).decrypt(wrapped[:12], wrapped[12:], _binding(object_id, scope, epoch))
        except InvalidTag:
            raise Tampered from None

    def _cipher(self, epoch: int) -> AESGCM:
        cipher = self._ciphers.get(epoch)
        if cipher is None:
            cipher = self._ciphers[epoch] = AESGCM(self._epochs.load(epoch))
        return cipher

    def _current_epoch(self, db: sqlite3.Connection) -> int:
        """The newest living epoch; a new one when its month has passed. A clock that went back changes nothing."""
        row = db.execute("SELECT number, month FROM epoch WHERE destroyed_at IS NULL ORDER BY number DESC").fetchone()
        if row is None or row[1] < _month(self._clock()):
            return self._open_epoch(db)
        number = int(row[0])
        try:
            self._cipher(number)
        except EpochGone:
            return self._open_epoch(db)  # a restored keyring may speak of an epoch that is gone
        return number

    def _open_epoch(self, db: sqlite3.Connection) -> int:
        """Within a write transaction, so that two processes never open two at once."""
        newest = db.execute("SELECT coalesce(max(number), 0) FROM epoch").fetchone()[0]
        number = max(int(newest), *self._epochs.numbers(), 0) + 1
        self._ciphers[number] = AESGCM(self._epochs.create(number))
        now = self._clock()
        db.execute("INSERT INTO epoch VALUES(?, ?, ?, NULL)", (number, _month(now), now.isoformat()))
        return number

    def _rewrap_batch(self, epoch: int) -> int:
        with self._transaction() as db:
            rows = db.execute(
                "SELECT number, object_id, scope, epoch, wrapped FROM data_key"
                " WHERE destroyed_at = ? AND epoch < ? LIMIT ?",
                (_ALIVE, f"{epoch:06d}", _BATCH),
            ).fetchall()
            for number, object_id, scope, old_epoch, wrapped in rows:
                secret = self._unwrap(object_id, KeyScope(scope), int(old_epoch), wrapped)
                db.execute(
                    "UPDATE data_key SET wrapped = ?, epoch = ? WHERE number = ?",
                    (self._wrap(object_id, KeyScope(scope), epoch, secret), f"{epoch:06d}", number),
                )
        return len(rows)

    def _empty_log(self) -> None:
        until = time.monotonic() + _BUSY_SECONDS
        while self._db().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
            if time.monotonic() > until:
                raise KeyringBusy
            time.sleep(0.01)

    def _db(self) -> sqlite3.Connection:
        db: sqlite3.Connection | None = getattr(self._local, "db", None)
        if db is not None:
            if self._local.pid == os.getpid():
                return db
            _inherited.append(db)
        db = sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "temp_store=MEMORY"):
            db.execute(f"PRAGMA {pragma}")
        self._local.db, self._local.pid = db, os.getpid()
        return db

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        db = self._db()
        db.execute("BEGIN IMMEDIATE")
        try:
            yield db
        except BaseException:
            db.execute("ROLLBACK")
            raise
        db.execute("COMMIT")


def _binding(object_id: str, scope: KeyScope, epoch: int) -> bytes:
    return context_of("confide/data-key/1", object_id, scope, str(epoch))


def _month(now: datetime) -> str:
    return now.astimezone(UTC).strftime("%Y-%m")
