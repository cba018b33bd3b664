"""The keyring in a PostgreSQL database of its own, shared by every host of a site.

Danger: PostgreSQL never overwrites: an UPDATE writes a second row and leaves the first, VACUUM makes its place free
without cleaning it (measured: the last row of a full page stayed readable in the file), and the write-ahead log keeps
every row ever written until its segments are used again. Invariant: a page is filled to half, so that the overwritten
row lies on the page of the old one, as long as it; the VACUUM after every destruction then moves living rows over the
old bytes, and `rewrap`, which writes every row, ends with a VACUUM FULL into a new file. What remains out of reach here
(write-ahead log, its archive, replicas, base backups) is told by `erasure`, and ended by the end of the epoch.

Nobody but the keyring's own role may enter this database: whoever may change its rows may destroy records.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

import psycopg
from psycopg.pq import TransactionStatus

from storage.epochs import EpochKeys
from storage.errors import KeyringBusy, KeyringUnreachable, UnsafePlace
from storage.keyring import Keyring
from storage.keyring_facts import Answer
from storage.postgresql_connection import was_ended

_LAYOUT = 1
_WRITE_LOCK = 0x434F4E46_49444503
"""Key of the advisory lock that writers of this database take: "CONFIDE", 3."""
_SCHEMA = (
    "CREATE TABLE layout(version integer PRIMARY KEY)",
    f"INSERT INTO layout VALUES({_LAYOUT})",
    "CREATE TABLE epoch(number integer PRIMARY KEY, month text NOT NULL, opened_at text NOT NULL, destroyed_at text)",
    # half a page stays free for the rows that overwrite its own; no index but these two, so that they stay there
    "CREATE TABLE data_key(number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, object_id text NOT NULL UNIQUE,"
    " scope text NOT NULL, epoch text NOT NULL CHECK(length(epoch) = 6),"
    " wrapped bytea NOT NULL CHECK(length(wrapped) = 60),"
    " destroyed_at text NOT NULL CHECK(length(destroyed_at) = 20)) WITH (fillfactor = 50)",
    "ALTER TABLE data_key ALTER wrapped SET STORAGE PLAIN",
)
_LIMITS = (
    "SET lock_timeout = '10s'; SET idle_in_transaction_session_timeout = '60s'; SET synchronous_commit = on;"
    " SET default_transaction_isolation = 'read committed'"
)
_BUSY_SECONDS = 10.0
_OLDER_READERS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    " AND backend_type <> 'autovacuum worker' AND backend_xmin IS NOT NULL AND age(backend_xmin) >= age(?::text::xid)"
)

_LEFT_BEHIND = "SELECT n_dead_tup FROM pg_stat_user_tables WHERE relid = 'data_key'::regclass"

# libpq's connection must not be used or closed by a forked child; what was inherited is kept here, untouched.
_inherited: list[psycopg.Connection] = []


class PostgresqlKeyring(Keyring):
    """The keyring of several hosts."""

    def __init__(
        self, url: str, epochs: EpochKeys, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        """Open the keyring at `url` (postgresql://, as libpq reads it), laying its tables into an empty database.

        Raises KeyringUnreachable, UnsafePlace for one that a later version laid.
        """
        super().__init__(epochs, clock=clock)
        self._url = url
        self._local = threading.local()
        self._lay_out()

    @property
    def address(self) -> str:
        return self._url

    @property
    def erasure(self) -> str:
        return (
            "Overwritten in its table; the server's write-ahead log, its archive, replicas and backups keep the old "
            "bytes, wrapped, until the epoch ends."
        )

    def close(self) -> None:
        self._local.held = None

    def connection(self) -> psycopg.Connection:
        """This thread's connection, in autocommit. Raises KeyringUnreachable."""
        held: _Held | None = getattr(self._local, "held", None)
        if held is not None and held.pid == os.getpid() and (held.in_use or not was_ended(held.db)):
            return held.db
        db: psycopg.Connection | None
        try:
            db = psycopg.connect(self._url, autocommit=True, connect_timeout=10, application_name="confide-keyring")
            db.execute(_LIMITS)
        except psycopg.Error:
            # libpq's message names the server, the role and the address, and goes no further
            db = None
        if db is None:
            raise KeyringUnreachable
        self._local.held = _Held(db)
        return db

    def _db(self) -> _Session:
        return _Session(self.connection())

    @contextmanager
    def _transaction(self) -> Iterator[_Session]:
        db = self.connection()
        with _told_plainly(), db.transaction():
            # like SQLite's BEGIN IMMEDIATE: whoever writes is alone, and reads nothing before
            db.execute("SELECT pg_advisory_xact_lock(%s)", (_WRITE_LOCK,))
            yield _Session(db)
            self._local.wrote = db.execute("SELECT pg_current_xact_id()::xid::text").fetchone()

    def _forget(self) -> None:
        self._wait_for_readers()
        until = time.monotonic() + _BUSY_SECONDS
        while True:
            # FREEZE: a plain VACUUM passes over a page that somebody, a checkpoint say, has in hand at that moment
            self._db().execute("VACUUM (FREEZE) data_key")
            # a session that is only just beginning, in any database, holds old rows too, and stands in no list: what
            # VACUUM had to leave is asked of VACUUM itself
            if not self._db().execute(_LEFT_BEHIND).fetchone()[0]:
                return
            if time.monotonic() > until:
                raise KeyringBusy
            time.sleep(0.01)

    def _forget_all(self) -> None:
        self._wait_for_readers()
        self._db().execute("VACUUM FULL data_key")

    def _wait_for_readers(self) -> None:
        """Until nobody in this database can still see what was overwritten: VACUUM keeps what anybody may read."""
        until = time.monotonic() + _BUSY_SECONDS
        while True:
            if not self._db().execute(_OLDER_READERS, self._local.wrote).fetchone()[0]:
                return
            if time.monotonic() > until:
                raise KeyringBusy
            time.sleep(0.01)

    def _lay_out(self) -> None:
        found = self._layout()
        if found is None:
            with self._transaction() as db:
                if self._layout() is None:
                    for statement in _SCHEMA:
                        db.execute(statement)
            found = self._layout()
        if found != _LAYOUT:
            raise UnsafePlace(
                "This keyring was written by a later version of the program.", "Run the version that wrote it."
            )

    def _layout(self) -> int | None:
        # asked of the rows: to_regclass answers from a cache that a wait for the write lock does not renew
        there = self._db().execute("SELECT EXISTS(SELECT FROM pg_tables WHERE tablename = 'layout')").fetchone()
        return int(self._db().execute("SELECT max(version) FROM layout").fetchone()[0]) if there[0] else None


class _Held:
    """A thread's connection, closed when the thread ends or lets go of it; never by a forked child."""

    def __init__(self, db: psycopg.Connection) -> None:
        self.db, self.pid = db, os.getpid()

    @property
    def in_use(self) -> bool:
        """Whether a transaction is under way, which no other connection could go on with."""
        return self.db.info.transaction_status is not TransactionStatus.IDLE and not self.db.closed

    def __del__(self) -> None:
        if self.pid == os.getpid():
            self.db.close()
        else:
            _inherited.append(self.db)


class _Session:
    """Statements written with `?`, as psycopg wants them."""

    def __init__(self, db: psycopg.Connection) -> None:
        self._connection = db

    def execute(self, statement: str, values: Sequence[object] = (), /) -> Answer:
        with _told_plainly():
            return self._connection.execute(statement.replace("?", "%s").encode(), values)


@contextmanager
def _told_plainly() -> Iterator[None]:
    """What the server or the network refuses, in the words of this room; libpq's message goes no further."""
    try:
        yield
        return
    except psycopg.errors.LockNotAvailable:
        refusal: Exception = KeyringBusy()
    except (psycopg.OperationalError, psycopg.InterfaceError):
        refusal = KeyringUnreachable()
    raise refusal
