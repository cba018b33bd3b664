"""Whether a PostgreSQL server ended a connection while nobody used it.

Danger: a server that was killed and is back finds every waiting thread of a worker with a dead connection, and each
learns of it by failing at a client's packet. Invariant: a connection is listened to before it is used again; what the
server or the kernel said of its end is heard then, without asking the server anything.
"""

from __future__ import annotations

import select

import psycopg

_PIECES = 8
"""Of what lay unread: farewells, notices, session tickets of TLS. More are left for the next statement to read."""


def was_ended(db: psycopg.Connection) -> bool:
    """True for a connection that is closed, or of whose end the word has come; costs one call of the kernel (µs).

    Only for a connection that waits for no answer.
    """
    for _ in range(_PIECES):
        if db.closed:
            return True
        listening = select.poll()
        listening.register(db.fileno(), select.POLLIN)
        if not listening.poll(0):
            return False
        try:
            db.pgconn.consume_input()
        except psycopg.OperationalError:
            return True
    return bool(db.closed)
