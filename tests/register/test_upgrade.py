"""A site of an earlier version: refused in plain words, brought to this version with everything it knows."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.running import PROJECT

EARLIER = """
import datetime as dt, uuid
from register import boot
boot.ready()
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from register.configuration import configuration
configuration().home.mkdir(mode=0o700, parents=True)
call_command("migrate", "register", "0006", verbosity=0)
then = MigrationLoader(connection).project_state([("register", "0006_keys_in_the_audit_log")]).apps
now = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
made = lambda name, **told: then.get_model("register", name).objects.create(**told)
staff = made("Staff", username="ada", sealed_display_name=b"x", roles=["intake"], added_at=now)
client = made("Client", sealed_identity=b"x", added_at=now)
packet = made("Packet", request_id=uuid.uuid4(), client=client, opened_by=staff, opened_at=now, state="issued")
statement = made("Statement", ref="K7QF-2M9D-XR4T", packet=packet, client=client, position=0, form_id="disclosure",
    form_version="2026.11", retention_class="authorization", language="en", family="specific", signers=["client"],
    state="active", proof="sealed", sealed_draft=b"x", activated_at=now)
kept = made("Object", id="a" * 32, area="records", state="live", staged_at=now, published_at=now)
record = made("Record", statement=statement, object=kept, document_sha256="b" * 64, pages=2, proof="sealed",
    retention_class="authorization", retain_until=now, kept_at=now)
print(record.pk)
"""
THIS = """
from register import boot
boot.ready()
from register import records
print(*[(str(one.record_id), one.pages, one.retention_class) for one in records.each()])
"""


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CONFIDE_")}
    return kept | {"CONFIDE_HOME": str(tmp_path / "var"), "CONFIDE_KEYS": str(tmp_path / "keys")}


def ran(env: dict[str, str], *command: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([sys.executable, *command], cwd=PROJECT, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == code, done.stderr
    return done


def test_an_earlier_versions_site_is_refused_until_it_is_upgraded_and_then_knows_what_it_knew(
    env: dict[str, str],
) -> None:
    record = ran(env, "-c", EARLIER).stdout.strip()
    for verb in (("org", "list"), ("init", "--from", os.devnull)):
        refused = ran(env, "-m", "cli.main", *verb, code=9)
        assert "earlier version" in refused.stderr
        assert "confide upgrade" in refused.stderr
    ran(env, "-m", "cli.main", "upgrade")
    assert ran(env, "-c", THIS).stdout.strip() == str((record, 2, "authorization"))
    assert "already" in ran(env, "-m", "cli.main", "upgrade").stdout


def test_a_later_versions_site_is_refused_and_left_alone(env: dict[str, str]) -> None:
    later = "from register import boot; boot.migrate(); from django.db import connection; connection.cursor().execute("
    later += "\"INSERT INTO django_migrations (app, name, applied) VALUES ('register', '9999_later', '2030-01-01')\")"
    ran(env, "-c", later)
    for verb in (("org", "list"), ("upgrade",), ("init", "--from", os.devnull)):
        assert "later version" in ran(env, "-m", "cli.main", *verb, code=9).stderr


def test_there_is_nothing_to_upgrade_where_nothing_is(env: dict[str, str]) -> None:
    assert "confide init" in ran(env, "-m", "cli.main", "upgrade", code=9).stderr
