"""A PostgreSQL server of the tests' own: made in a temporary directory, on a socket of its own, gone at the end.

`CONFIDE_TEST_DATABASE=postgresql` runs the tests of register, flows, keyring and terminal on it; without, they run on
SQLite, and the tests that are about PostgreSQL still start one.
"""

from __future__ import annotations

import atexit
import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit
from uuid import uuid4

import psutil
import psycopg
import pytest

ON_POSTGRESQL = os.environ.get("CONFIDE_TEST_DATABASE", "sqlite") == "postgresql"
START_SECONDS = 60.0
OWNER = "owner"
CLUSTERS = "confide-pg-"
"""How the temporary directories of these servers begin."""
_DIE_WITH_PARENT = 1
# nothing here has to survive a power cut
_FAST = ("fsync=off", "full_page_writes=off", "shared_buffers=32MB", "max_connections=120", "max_wal_size=256MB")

on_sqlite_only = pytest.mark.skipif(ON_POSTGRESQL, reason="about files of SQLite")
on_postgresql_only = pytest.mark.skipif(not ON_POSTGRESQL, reason="about PostgreSQL; CONFIDE_TEST_DATABASE=postgresql")


def programs() -> Path | None:
    """Where the newest PostgreSQL of this machine keeps its programs; Debian does not put them on the path."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    on_path = shutil.which("initdb")
    if on_path is not None:
        found.append(Path(on_path).resolve().parent)
    return max(found, key=lambda path: int(path.parent.name) if path.parent.name.isdigit() else 0, default=None)


class Cluster:
    """One server. `settings`: more lines for postgresql.conf; `access`: its pg_hba.conf, by default trusting."""

    def __init__(self, *, settings: Mapping[str, str] | None = None, access: str = "local all all trust\n") -> None:
        found = programs()
        if found is None:
            message = "PostgreSQL is not installed: deploy/debian-packages ci"
            if os.environ.get("CONFIDE_CI") == "1":
                pytest.fail(message)
            pytest.skip(message)
        self._programs = found
        self.root = Path(tempfile.mkdtemp(prefix=CLUSTERS))
        self.data = self.root / "data"
        self._server: subprocess.Popen[bytes] | None = None
        # the server refuses to run as root
        self._user = "postgres" if os.geteuid() == 0 and _is_known("postgres") else "nobody" if not os.geteuid() else ""
        if self._user:
            shutil.chown(self.root, self._user)
        self._program("initdb", "-D", str(self.data), "-U", OWNER, "--auth=trust", "--no-sync", "-E", "UTF8",
                      "--locale=C.UTF-8")  # fmt: skip
        self.port = _free_port()
        chosen = {"port": str(self.port), "unix_socket_directories": f"'{self.root}'", "listen_addresses": "''"}
        lines = [*_FAST, *(f"{name} = {value}" for name, value in (chosen | dict(settings or {})).items())]
        with (self.data / "postgresql.conf").open("a") as file:
            file.write("\n".join(lines) + "\n")
        (self.data / "pg_hba.conf").write_text(access)

    @property
    def log(self) -> Path:
        return self.root / "log"

    def own(self, path: Path) -> Path:
        """Hand a file to the user the server runs as."""
        if self._user:
            shutil.chown(path, self._user)
        return path

    def start(self) -> Cluster:
        with self.log.open("ab") as log:
            self._server = subprocess.Popen(
                [self._programs / "postgres", "-D", self.data],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.root, preexec_fn=_die_with_parent,
                **self._as_user(),
            )  # fmt: skip
        until = time.monotonic() + START_SECONDS
        while True:
            try:
                psycopg.connect(self.url("postgres")).close()
                return self
            except psycopg.OperationalError:
                living = time.monotonic() < until and self._server.poll() is None
                assert living, self.log.read_text()[-2000:]
                time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """End the server; by default at once, as if it were killed."""
        if self._server is not None:
            self._server.send_signal(how)
            self._server.wait(START_SECONDS)
        self._server = None

    def kill(self) -> None:
        """SIGKILL the postmaster; back once its backends have noticed and are gone, as a start anew needs."""
        assert self._server is not None
        backends = psutil.Process(self._server.pid).children(recursive=True)
        self.stop(signal.SIGKILL)
        _, living = psutil.wait_procs(backends, START_SECONDS)
        assert living == []

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.root, ignore_errors=True)

    def url(self, database: str, *, user: str = OWNER, host: str = "", **more: str) -> str:
        """An address of a database: by the socket, or over loopback where `host` is told."""
        asked = {"host": host or str(self.root), "port": str(self.port), **more}
        return f"postgresql://{user}@/{quote(database)}?{urlencode(asked)}"

    def execute(self, statement: str, database: str = "postgres") -> None:
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(statement.encode())

    def database(self, *, like: str = "template0") -> str:
        """A new database, empty or a copy; returns its name."""
        name = f"t_{uuid4().hex[:16]}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {like}")
        return name

    def drop(self, *names: str) -> None:
        for name in names:
            self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def files_of(self, url: str) -> bytes:
        """Every byte of the tables and indexes of the database at `url`, as they lie on the disk now."""
        name = urlsplit(url).path.strip("/")
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute("CHECKPOINT")
            found = connection.execute("SELECT oid FROM pg_database WHERE datname = %s", (name,)).fetchone()
        assert found is not None, name
        return b"\n".join(path.read_bytes() for path in (self.data / "base" / str(found[0])).iterdir())

    def files(self) -> bytes:
        """Every byte of every file of the server: tables, free space, write-ahead log, its own log."""
        self.execute("CHECKPOINT")
        return b"\n".join(path.read_bytes() for path in sorted(self.root.rglob("*")) if path.is_file())

    def _program(self, name: str, *arguments: str) -> None:
        ran = subprocess.run(
            [self._programs / name, *arguments], cwd=self.root, capture_output=True, text=True, **self._as_user()
        )
        assert ran.returncode == 0, ran.stderr

    def _as_user(self) -> dict[str, Any]:
        plain = {"env": {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": str(self.root)}}
        if not self._user:
            return plain
        return plain | {"user": self._user, "group": pwd.getpwnam(self._user).pw_gid, "extra_groups": []}


@lru_cache(maxsize=1)
def shared_cluster() -> Cluster:
    """The server that the tests of this process share."""
    made = Cluster()
    atexit.register(made.remove)
    return made.start()


def databases() -> dict[str, str]:
    """Settings of a new site, for a process of its own: two databases of the shared server, or none on SQLite."""
    if not ON_POSTGRESQL:
        return {}
    server = shared_cluster()
    return {f"CONFIDE_{name}_URL": server.url(server.database()) for name in ("DATABASE", "KEYRING")}


def _is_known(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGQUIT)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
