"""Which database the register lies in, in Django's words: a file of SQLite, or a database of a PostgreSQL server.

Whatever the address leaves out, libpq looks for where it always does: PGPASSFILE and ~/.pgpass for the password,
PGSERVICEFILE for `?service=`, PGSSLMODE and PGSSLROOTCERT for how the server must prove itself.
"""

from __future__ import annotations

from typing import Any

from register.configuration import Configuration
from register.errors import RegisterError, RegisterErrorCode

_DJANGO_NAMES = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}


def django_settings(configuration: Configuration) -> dict[str, Any]:
    """The entry of Django's DATABASES. Raises RegisterError CONFIGURATION for an address that cannot be read."""
    if configuration.on_postgresql:
        return _postgresql(configuration.database_url)
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(configuration.database_path),
        "OPTIONS": {
            # every transaction here writes: taking the write lock first means waiting, never a failed upgrade of a lock
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            # FULL: a signature that was answered "stored" survives the plug being pulled
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;",
        },
    }


def parsed(url: str, setting: str) -> dict[str, str]:
    """The parts of a PostgreSQL address by libpq's names. Raises RegisterError CONFIGURATION, naming `setting`."""
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        return {name: str(value) for name, value in conninfo_to_dict(url).items() if value is not None}
    except ProgrammingError:
        pass  # told below: libpq's message may quote the address, and with it a password
    raise RegisterError(
        RegisterErrorCode.CONFIGURATION,
        f"{setting} is not an address that PostgreSQL understands.",
        "Write it like postgresql://confide@db.example.org/confide?sslmode=verify-full",
    )


def _postgresql(url: str) -> dict[str, Any]:
    from psycopg import IsolationLevel

    from register.postgresql.base import SILENT_MS, WAIT_MS

    told = parsed(url, "CONFIDE_DATABASE_URL")
    entry: dict[str, Any] = {django: told.pop(ours, "") for ours, django in _DJANGO_NAMES.items()}
    limits = f"-c lock_timeout={WAIT_MS} -c idle_in_transaction_session_timeout={SILENT_MS} -c synchronous_commit=on"
    return entry | {
        "ENGINE": "register.postgresql",
        "OPTIONS": {
            "application_name": "confide",
            "connect_timeout": 10,
            **told,
            # what the server's own settings say must not weaken what a verb relies on
            "isolation_level": IsolationLevel.READ_COMMITTED,
            "options": f"{told.get('options', '')} {limits}".strip(),
            # values travel apart from the statement, so a statement that fails is logged by the server without them
            "server_side_binding": True,
        },
    }
