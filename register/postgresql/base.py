"""Django's PostgreSQL backend, with the one promise of SQLite's BEGIN IMMEDIATE: a transaction is alone in writing.

Danger: under READ COMMITTED two transactions may both read a state and both act on it, or wait for each other's rows;
under SERIALIZABLE every verb would have to be able to run twice. Invariant: whoever opens a transaction holds the
register's write lock until its end, and reads nothing before it has it. So what a verb reads stays so until it commits,
the audit chain has one head, two verbs never wait for each other, and both engines behave alike.

It costs little: every change writes a line into the one audit chain, so changes have to pass one after the other in any
case, and no transaction of the register waits for anything but its database and the keyring. Reading outside of a
transaction takes no lock and waits for nobody.

A holder that dies gives the lock back with its connection. One that only falls silent (a host cut off the network, a
process that was stopped) is thrown out by the server after `SILENT_MS`.
"""

from __future__ import annotations

from typing import Any

from django.db.backends.postgresql import base

from storage.postgresql_connection import was_ended

WRITE_LOCK = 0x434F4E46_49444501
"""Key of the advisory lock: "CONFIDE", 1. Nobody else's locks may use it in this database."""
WAIT_MS = 20_000
"""How long a transaction waits for the write lock before it is refused, as with SQLite."""
SILENT_MS = 60_000
"""How long a transaction may say nothing before the server ends it."""


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection whose transactions begin with the write lock."""

    def _set_autocommit(self, autocommit: bool) -> None:
        super()._set_autocommit(autocommit)  # type: ignore[misc]
        if autocommit:
            return
        try:
            with self.wrap_database_errors:
                self._session.execute("SELECT pg_advisory_xact_lock(%s)", (WRITE_LOCK,))
        except BaseException:
            # the transaction that was to begin never did
            if self._session.closed:
                self.close()
            else:
                self._session.rollback()
                super()._set_autocommit(True)  # type: ignore[misc]
            raise

    def ensure_connection(self) -> None:
        """A connection that the server ended is replaced, unless it takes a transaction with it."""
        if self.connection is not None and not self.in_atomic_block and was_ended(self._session):
            self.close()
        super().ensure_connection()

    @property
    def _session(self) -> Any:
        """The psycopg connection under Django's."""
        return self.connection
