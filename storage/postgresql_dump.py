"""A PostgreSQL database as one file, and back: pg_dump and pg_restore, PostgreSQL's own tools.

Danger: a copy that is not of one moment; a password in the list of processes; a restore that mixes with what lives.
Invariant: a dump is one snapshot; passwords go by the environment, which only the same user reads; a restore works on
an empty database, in one transaction.

While a keyring is dumped, its snapshot keeps destroyed keys from being swept: a destruction waits for it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from storage.errors import BackupRefused, RestoreRefused

_DEBIAN = Path("/usr/lib/postgresql")
_COPY = re.compile(r"COPY \S+ \((?P<columns>[^)]*)\) FROM stdin;\Z")
_ANYTHING_THERE = (
    "SELECT EXISTS(SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema')"
)


def dump(url: str, target: Path) -> None:
    """Write the database at `url` to `target` (made before, mode 0600), as of one moment. Raises BackupRefused."""
    plain, environment = _without_password(url)
    command = [
        _program("pg_dump"),
        "--format=custom",
        "--no-owner",
        "--no-acl",
        f"--file={target}",
        f"--dbname={plain}",
    ]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if ran.returncode:
        # what it said is left unsaid: it names server, role and tables
        raise BackupRefused(
            f"pg_dump did not copy {target.stem.strip('.').partition('.')[0]} (exit {ran.returncode}).",
            "Check that the server answers (confide doctor) and that pg_dump is not older than the server.",
        )


def require_empty(url: str) -> None:
    """Raises RestoreRefused unless a database is there and nothing lies in it."""
    filled: bool | None = None
    try:
        with psycopg.connect(url, connect_timeout=10) as connection:
            found = connection.execute(_ANYTHING_THERE.encode()).fetchone()
            filled = bool(found and found[0])
    except psycopg.Error:
        pass  # told below, without libpq's message, which names server and role
    if filled is None:
        raise RestoreRefused(
            "A database to restore into does not answer.", "Make an empty one, owned by the role in its setting."
        )
    if filled:
        raise RestoreRefused("A database to restore into is not empty.", "Give a new database; nothing is overwritten.")


def restore(source: Path, url: str) -> None:
    """Bring a dump back into the empty database at `url`, whole or not at all. Raises RestoreRefused."""
    plain, environment = _without_password(url)
    command = [
        _program("pg_restore"), "--single-transaction", "--exit-on-error", "--no-owner", "--no-acl",
        f"--dbname={plain}", str(source),
    ]  # fmt: skip
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise RestoreRefused(
            f"pg_restore did not bring {source.name} back (exit {ran.returncode}).",
            "Check that pg_restore is not older than the pg_dump that made it.",
        )


def rows(source: Path, table: str) -> Iterator[dict[str, str]]:
    """The rows of one small table in a dump, by column; no server is needed. Raises RestoreRefused."""
    command = [_program("pg_restore"), "--data-only", f"--table={table}", "--file=-", str(source)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise RestoreRefused(
            f"pg_restore cannot read {source.name} (exit {ran.returncode}).",
            "Use another backup, and check that pg_restore is not older than the pg_dump that made it.",
        )
    columns: list[str] | None = None
    for line in ran.stdout.splitlines():
        if columns is None:
            if told := _COPY.match(line):
                columns = [name.strip(' "') for name in told["columns"].split(",")]
        elif line == "\\.":
            return
        else:
            yield dict(zip(columns, line.split("\t"), strict=True))


def clear(url: str) -> None:
    """Empty a database that `restore` filled, after what came later failed."""
    with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")


def _without_password(url: str) -> tuple[str, dict[str, str]]:
    told = conninfo_to_dict(url)
    password = told.pop("password", None)
    environment = {**os.environ, "PGCONNECT_TIMEOUT": "10"}
    if password:
        environment["PGPASSWORD"] = str(password)
    return make_conninfo(**{name: str(value) for name, value in told.items()}), environment


def _program(name: str) -> str:
    """The newest of this machine: it reads every older server; Debian does not put the versions on the path."""
    found = sorted(_DEBIAN.glob(f"*/bin/{name}"), key=lambda path: (len(path.parts[-3]), path.parts[-3]))
    program = str(found[-1]) if found else shutil.which(name)
    if program is None:
        raise BackupRefused(f"{name} is not installed.", "Install PostgreSQL's client: apt install postgresql-client")
    return program
