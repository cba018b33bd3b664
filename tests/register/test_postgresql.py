"""The register on a server: what SQLite's write lock gave, asked of PostgreSQL by processes that really meet."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from register.configuration import read
from register.database import django_settings, parsed
from register.errors import RegisterError
from tests.cluster import on_postgresql_only, shared_cluster
from tests.register.test_processes import start

if TYPE_CHECKING:
    from tests.register.conftest import World

MIGRATE = """
import sys
from register import boot
sys.stdin.readline()
boot.migrate()
assert boot.migrated()
"""

COUNT_UP = """
import sys
from register import boot
boot.ready()
from django.db import transaction
from register import models
sys.stdin.readline()
for _ in range(25):
    with transaction.atomic():
        row = models.Staff.objects.get(username="intake")
        row.failed_attempts += 1
        row.save()
"""


@on_postgresql_only
def test_what_a_transaction_read_is_still_so_when_it_writes(world: World) -> None:
    """Read, add one, write: the way to lose an update that no compare-and-set would notice."""
    from register import models

    hosts = [start(world, COUNT_UP) for _ in range(4)]
    for host in hosts:
        assert host.stdin is not None
        host.stdin.write("go\n")
        host.stdin.flush()
    for host in hosts:
        host.communicate()
    assert [host.returncode for host in hosts] == [0] * 4
    assert models.Staff.objects.get(username="intake").failed_attempts == 100


@on_postgresql_only
def test_hosts_that_start_together_lay_the_tables_once(world: World) -> None:
    empty = shared_cluster().database()
    shared = {**world.environment, "CONFIDE_DATABASE_URL": shared_cluster().url(empty)}
    world.environment = shared
    hosts = [start(world, MIGRATE) for _ in range(3)]
    for host in hosts:
        assert host.stdin is not None
        host.stdin.write("go\n")
        host.stdin.flush()
    for host in hosts:
        host.communicate()
    assert [host.returncode for host in hosts] == [0] * 3
    shared_cluster().drop(empty)


@on_postgresql_only
def test_a_connection_that_the_server_ended_is_replaced(world: World) -> None:
    from django.db import connection

    from register import audit

    before = audit.head()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    shared_cluster().execute(f"SELECT pg_terminate_backend({pid}, 5000)")
    assert audit.head() == before, "its word of farewell was heard before it was used again"


@on_postgresql_only
def test_a_connection_that_ends_in_a_transaction_takes_the_transaction_with_it(world: World) -> None:
    from django.db import OperationalError, connection, transaction

    from register import audit, models

    before = models.Staff.objects.get(username="intake").failed_attempts

    def change() -> None:
        with transaction.atomic():
            models.Staff.objects.filter(username="intake").update(failed_attempts=before + 1)
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                (pid,) = cursor.fetchone()
            shared_cluster().execute(f"SELECT pg_terminate_backend({pid}, 5000)")
            models.Staff.objects.filter(username="witness").update(failed_attempts=before + 1)

    with pytest.raises(OperationalError):
        change()
    assert models.Staff.objects.get(username="intake").failed_attempts == before
    assert audit.check().intact


@on_postgresql_only
def test_what_the_servers_settings_say_weakens_nothing(world: World) -> None:
    from django.db import connection, transaction

    name = world.environment["CONFIDE_DATABASE_URL"].partition("/t_")[2].partition("?")[0]
    shared_cluster().execute(f"ALTER DATABASE t_{name} SET default_transaction_isolation = 'serializable'")
    shared_cluster().execute(f"ALTER DATABASE t_{name} SET synchronous_commit = off")
    connection.close()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('transaction_isolation'), current_setting('synchronous_commit')")
        assert cursor.fetchone() == ("read committed", "on")


@on_postgresql_only
def test_the_audit_log_cannot_be_emptied_at_once(world: World) -> None:
    from django.db import connection
    from django.db.utils import IntegrityError

    from register import audit

    with connection.cursor() as cursor, pytest.raises(IntegrityError, match="append-only"):
        cursor.execute("TRUNCATE register_auditentry")
    assert audit.check().intact


@on_postgresql_only
def test_the_version_of_a_dump_is_known_before_any_server_takes_it(world: World, tmp_path: Path) -> None:
    from django.db import connection

    from register import boot
    from storage.postgresql_dump import dump

    def copied() -> Path:
        (tmp_path / "register.dump").write_bytes(b"")
        dump(world.settings.database_url, tmp_path / "register.dump")
        return tmp_path / "register.dump"

    assert boot.tables_in(copied()) is boot.Tables.PRESENT
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('register', '9999_later', '2030-01-01')"
        )
    assert boot.tables_in(copied()) is boot.Tables.LATER
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'register' AND name > '0006'")
    assert boot.tables_in(copied()) is boot.Tables.EARLIER


def test_an_address_is_read_as_libpq_reads_it() -> None:
    url = "postgresql://confide@db.example.org:6432/confide?sslmode=verify-full&sslrootcert=/etc/root.pem&options=-c%20a%3Db"
    entry = django_settings(read({"CONFIDE_DATABASE_URL": url}))
    assert {name: entry[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT")} == {
        "NAME": "confide",
        "USER": "confide",
        "PASSWORD": "",
        "HOST": "db.example.org",
        "PORT": "6432",
    }
    assert entry["OPTIONS"]["sslmode"] == "verify-full"
    assert entry["OPTIONS"]["options"].startswith("-c a=b -c lock_timeout=")
    by_service = django_settings(read({"DATABASE_URL": "postgresql:///?service=confide"}))
    assert (by_service["NAME"], by_service["OPTIONS"]["service"]) == ("", "confide")


def test_an_address_that_cannot_be_read_is_refused_without_being_repeated() -> None:
    with pytest.raises(RegisterError) as refused:
        parsed("postgresql://confide:horse-battery@db/confide?nonsense=1", "CONFIDE_DATABASE_URL")
    assert "horse-battery" not in str(refused.value)
    assert refused.value.__context__ is None


def test_register_and_keyring_in_one_database_are_refused() -> None:
    url = "postgresql://confide@db/confide"
    with pytest.raises(RegisterError, match="may not share"):
        read({"CONFIDE_DATABASE_URL": url, "CONFIDE_KEYRING_URL": url})


def test_a_server_that_does_not_answer_is_told_with_its_remedy(tmp_path_factory: pytest.TempPathFactory) -> None:
    root = tmp_path_factory.mktemp("nobody")
    told = {
        "CONFIDE_HOME": str(root / "var"),
        "CONFIDE_KEYS": str(root / "keys"),
        "CONFIDE_DATABASE_URL": f"postgresql://confide:horse-battery@/confide?host={root}",
        "PATH": "/usr/bin:/bin",
    }
    ran = subprocess.run(
        [sys.executable, "-m", "cli.main", "packet", "list"], env=told, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 9, ran.stderr
    assert "does not answer" in ran.stderr
    assert "horse-battery" not in ran.stderr
    assert str(root) not in ran.stderr
