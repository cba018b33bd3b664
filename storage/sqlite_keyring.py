"""The keyring in one SQLite file.

Danger: a destroyed key that survives in a free page, in the write-ahead log or in a moved row.
Invariant: an overwritten row never changes its length, so a key is overwritten in the one place it was ever written to,
and a truncating checkpoint empties the write-ahead log. `secure_delete=ON` (not FAST, which was measured to leave keys
behind in freed cells) covers whatever the engine moves all the same.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from storage.epochs import EpochKeys
from storage.errors import KeyringBusy, UnsafePlace
from storage.keyring import Keyring
from storage.places import fsync_directory, private_directory

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
_BUSY_SECONDS = 10.0

# An SQLite connection must not be used or closed by a forked child; what was inherited is kept here, untouched.
_inherited: list[sqlite3.Connection] = []


class SqliteKeyring(Keyring):
    """The keyring of one machine."""

    def __init__(
        self, path: Path, epochs: EpochKeys, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        """Open or make the keyring at `path` (0600, in a 0700 directory)."""
        super().__init__(epochs, clock=clock)
        private_directory(path.parent)
        self._path = path
        self._local = threading.local()
        if not path.exists():
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
            fsync_directory(path.parent)
        self._lay_out()

    @property
    def address(self) -> Path:
        return self._path

    @property
    def erasure(self) -> str:
        return "Overwritten in its file; older copies of the keyring stay readable until the epoch ends."

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

    def _forget(self) -> None:
        until = time.monotonic() + _BUSY_SECONDS
        while self._db().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
            if time.monotonic() > until:
                raise KeyringBusy
            time.sleep(0.01)

    def _forget_all(self) -> None:
        self._forget()

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
