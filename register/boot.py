"""How a process comes to the register: Django set up, tables laid, the vault opened.

Danger: files created with the umask of whoever ran the command are readable by the neighbours. Invariant: the data and
key directories are 0700 and the database 0600 before the first byte is written into them.

Call `ready()` before importing a module of this room that touches rows; `facts`, `errors`, `vocabulary` and
`configuration` are free of Django.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from register.configuration import Configuration, configuration
from register.errors import RegisterError, RegisterErrorCode

if TYPE_CHECKING:
    from storage.embedded import Places
    from storage.vault import Vault

_MIGRATION_LOCK = 0x434F4E46_49444502
"""Key of PostgreSQL's advisory lock for laying the tables: "CONFIDE", 2."""
_LAID = "django_migrations"
"""Django's own table of what was laid."""


def ready() -> None:
    """Set Django up in this process, once; quick, and harmless to repeat."""
    from django.apps import apps

    if not apps.ready:
        import django

        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "register.settings")
        django.setup()


def migrate() -> None:
    """Lay the tables, or bring them up to this version; safe to repeat, and from several hosts at once."""
    ready()
    from django.core.management import call_command

    _private_directory(configuration().home)
    with _alone_in_migrating():
        call_command("migrate", verbosity=0, interactive=False)


class Tables(StrEnum):
    """How the register's tables stand to this version of Confide."""

    ABSENT = "absent"
    EARLIER = "earlier"
    PRESENT = "present"
    LATER = "later"
    """A later version laid them: this one does not know what it would read and write."""


def tables() -> Tables:
    """How the tables stand; reads one small table.

    Raises:
        RegisterError: NOT_READY, when the database server does not answer.
    """
    if not configuration().on_postgresql and not configuration().database_path.exists():
        return Tables.ABSENT
    ready()
    from django.db import connection
    from django.db.utils import OperationalError, ProgrammingError

    _reach()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT name FROM django_migrations WHERE app = 'register'")
            laid = {name for (name,) in cursor.fetchall()}
    except (OperationalError, ProgrammingError):
        return Tables.ABSENT
    return _standing(laid)


def tables_in(copy: Path) -> Tables:
    """How the tables in a backup's copy of a register stand: a file of SQLite, or a dump of PostgreSQL.

    Raises:
        StorageError: the dump cannot be read.
        sqlite3.Error: the file is none of SQLite's.
    """
    from storage.backup import DUMP

    if copy.suffix == DUMP:
        from storage.postgresql_dump import rows

        laid = [(row["app"], row["name"]) for row in rows(copy, _LAID)]
    else:
        address = f"{copy.absolute().as_uri()}?mode=ro&immutable=1"
        with closing(sqlite3.connect(address, uri=True)) as database:
            there = database.execute("SELECT 1 FROM sqlite_master WHERE name = ?", [_LAID]).fetchone()
            laid = database.execute("SELECT app, name FROM django_migrations").fetchall() if there else []
    return _standing({name for app, name in laid if app == "register"})


def _standing(laid: set[str]) -> Tables:
    known = {path.stem for path in (Path(__file__).parent / "migrations").glob("0*.py")}
    if not laid:
        return Tables.ABSENT
    if laid - known:
        return Tables.LATER
    return Tables.PRESENT if laid == known else Tables.EARLIER


def migrated() -> bool:
    """True when every table of this version is laid. Raises as `tables`."""
    return tables() is Tables.PRESENT


def refuse_another_version(found: Tables) -> None:
    """Refuse, with the remedy, to work on the tables of another version.

    Raises:
        RegisterError: NOT_READY.
    """
    if found is Tables.EARLIER:
        raise RegisterError(
            RegisterErrorCode.NOT_READY,
            "This site was last used by an earlier version of Confide.",
            "With everything stopped and a backup made by that version, run: confide upgrade",
        )
    if found is Tables.LATER:
        raise RegisterError(
            RegisterErrorCode.NOT_READY,
            "This site was last used by a later version of Confide than this one.",
            "Use that version; there is no way back but a restored backup.",
        )


def require_migrated() -> None:
    """Refuse, with the remedy, to work on a site that was never initialized or that another version used last.

    Nor on one that came back from a backup and was not told yet what happened since.

    Raises:
        RegisterError: NOT_READY.
    """
    from storage.places import BEGUN

    if (configuration().home / BEGUN).exists():
        raise RegisterError(
            RegisterErrorCode.NOT_READY,
            "The restore of this site was cut off before the register was told what happened since its backup.",
            "Run the same command again: confide restore",
        )
    found = tables()
    refuse_another_version(found)
    if found is Tables.ABSENT:
        raise RegisterError(
            RegisterErrorCode.NOT_READY,
            "This site is not initialized.",
            "Run: confide init",
        )


def checkpoint() -> None:
    """Bring SQLite's write-ahead log into the database and empty it: what was deleted is then in neither.

    PostgreSQL keeps its log as its administrator told it to: docs/storage.md says what that means.
    """
    ready()
    from django.db import connection

    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def sweep() -> None:
    """Leave in the database's files nothing of who was erased, as far as its engine can be made to.

    SQLite overwrites what it deletes and has it in its log besides. PostgreSQL leaves old rows where they were, and
    VACUUM alone frees their place without cleaning it: the tables that tell of a person without any key (tokens of
    names, day of birth and of age) are written anew. Their sealed columns stay there as bytes whose keys are gone.
    """
    checkpoint()
    from django.db import connection

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            for table in ("register_client", "register_nametoken"):
                cursor.execute(f"VACUUM (FULL) {table}")


@lru_cache(maxsize=1)
def open_vault() -> Vault:
    """The site's vault, opened once a process.

    Raises:
        RegisterError: NOT_READY before there is a master key.
        StorageError: the key directory or the master key is not as it must be, or KMS does not open it.
    """
    from storage import embedded

    where = places(configuration())
    if not where.custody.exists():
        # a site that was established lost its key; a second one would open nothing
        lost = where.epochs.exists() and any(where.epochs.iterdir())
        remedy = "Bring it back from its shares: confide keys recover" if lost else "Run: confide init"
        raise RegisterError(RegisterErrorCode.NOT_READY, "This site has no master key.", remedy)
    return embedded.open_vault(where)


def places(site: Configuration) -> Places:
    """Where the parts of a site's vault lie."""
    from storage.embedded import Places

    keyring = site.keyring_url if site.keyring_on_postgresql else None
    return Places(site.home, site.keys, store=site.records_path, s3=site.s3, keyring_url=keyring)


@contextmanager
def _alone_in_migrating() -> Iterator[None]:
    """Two hosts that are started together lay the tables once: the second waits, and finds nothing left to do."""
    from django.db import connection

    from storage.places import locked_directory

    site = configuration()
    if not site.on_postgresql:
        path = site.database_path
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with locked_directory(path.parent):
            # SQLite gives its -wal and -shm files the mode of the database file: make that one first
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            yield
        return
    _reach()
    with connection.cursor() as cursor:
        # of the session, for Django migrates in several transactions; gone with the connection if this process dies
        cursor.execute("SET lock_timeout = 0")
        cursor.execute("SELECT pg_advisory_lock(%s)", [_MIGRATION_LOCK])
    try:
        yield
    finally:
        connection.close()


def _reach() -> None:
    from django.db import connection
    from django.db.utils import OperationalError

    try:
        connection.ensure_connection()
        return
    except OperationalError:
        if connection.vendor == "sqlite":
            return
    # outside of the handler: libpq's message names the server, the role and the address, and goes no further
    raise RegisterError(
        RegisterErrorCode.NOT_READY,
        "The register's database server does not answer, or does not let this role in.",
        "Check CONFIDE_DATABASE_URL, the password file and the server's certificate: confide doctor",
    )


def _private_directory(path: Path) -> None:
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)
