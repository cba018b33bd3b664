"""A site that came back knows what was destroyed since, and acts on nothing that was approved before."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from flows import authority, safekeeping
from flows.duties.reconciling import reconcile
from flows.site import Site
from register import boot
from register.configuration import Configuration, read
from rules.disposal import Outcome, RunState, Why
from storage.errors import RestoreRefused
from storage.protocol import Area
from tests.cluster import on_sqlite_only
from tests.flows.conftest import Setting
from tests.register.conftest import environment_of, point_database_at

pytestmark = on_sqlite_only


@pytest.fixture
def elsewhere(tmp_path: Path) -> Configuration:
    return read(environment_of(tmp_path / "elsewhere", {}))


def run_of(setting: Setting, record_id: object, object_id: str, state: RunState) -> object:
    """A run with this record on its list, as far as its row says."""
    from register import models

    run = models.DisposalRun.objects.create(
        ref=f"{state:.14}", state=state.value, as_of=setting.now.date(), prepared_at=setting.now,
        schedule_version="x", rows=1, list_sha256="0" * 64,
    )  # fmt: skip
    models.DisposalItem.objects.create(
        run=run, position=1, record_id=record_id, object_key=object_id, row={}, answer="destroy"
    )
    return run.pk


def test_what_was_destroyed_after_the_backup_stands_as_destroyed_and_old_approvals_count_no_more(
    setting: Setting, tmp_path: Path, elsewhere: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import connection

    from register import backups, models, records

    site, world = setting.site, setting.world
    master = boot.places(site.configuration).custody.load()
    authority.create(site.configuration, master, organization="Harbor Reentry Services", now=setting.now)
    gone, kept, begun = setting.kept(), setting.kept(), setting.kept()
    approved = run_of(setting, kept.record_id, kept.object_id, RunState.APPROVED)
    executing = run_of(setting, begun.record_id, begun.object_id, RunState.EXECUTING)
    at_work = run_of(setting, gone.record_id, gone.object_id, RunState.APPROVING)
    standby = tmp_path / "stick"
    made = safekeeping.backup(site, tmp_path / "backup", standby=standby, by=world.administrator)

    site.vault.destroy(gone.object_id, Area.RECORDS, reason_code="disposal", bypass_lock=True)
    safekeeping.level(site, standby)
    site.vault.keyring.close()
    connection.close()
    point_database_at(elsewhere)
    monkeypatch.setattr(boot, "migrated", lambda: True)
    restored, replayed = safekeeping.restore(elsewhere, tmp_path / "backup", standby, master=master)

    assert (restored.left_out, restored.unreadable, restored.damaged) == (1, (), ())
    assert (replayed.records, replayed.clients, replayed.lists) == (1, 0, 3)
    row = models.Record.objects.get(pk=gone.record_id)
    assert row.destroyed_at is not None
    assert row.object.state == "gone"
    assert gone.record_id not in {each.record_id for each in records.each()}
    assert backups.restored_at() is not None
    states = dict(models.DisposalRun.objects.values_list("pk", "state"))
    assert states == {approved: RunState.LAPSED, at_work: RunState.LAPSED, executing: RunState.EXECUTING}
    outcomes = dict(models.DisposalItem.objects.values_list("run", "outcome"))
    assert set(outcomes.values()) == {Outcome.OUT}, "nothing is destroyed on what was approved before"
    assert models.DisposalItem.objects.get(run=at_work).why == Why.GONE

    again = Site(elsewhere)
    from storage.embedded import open_vault

    again.vault = open_vault(boot.places(elsewhere), master)
    assert list(reconcile(again, dt.datetime.now(dt.UTC), False)) == [], "every record is where the register says"
    assert again.vault.get(kept.object_id, Area.RECORDS) == setting.papers.sealed
    again.vault.keyring.close()
    assert made.objects == 3
    assert (standby / "standby.id").exists()


def test_a_standby_that_is_not_plugged_in_makes_no_backup_look_safe(setting: Setting, tmp_path: Path) -> None:
    from storage.errors import StandbyAbsent

    site = setting.site
    master = boot.places(site.configuration).custody.load()
    authority.create(site.configuration, master, organization="Harbor Reentry Services", now=setting.now)
    standby = tmp_path / "stick"
    safekeeping.level(site, standby)
    standby.rename(tmp_path / "in a drawer")
    with pytest.raises(StandbyAbsent):
        safekeeping.backup(site, tmp_path / "backup", standby=standby, by=setting.world.administrator)
    assert not (tmp_path / "backup").exists()


LAID_LATER = "INSERT INTO django_migrations (app, name, applied) VALUES ('register', '9999_later', '2030-01-01')"


def test_bug_a_backup_of_a_later_version_was_migrated_and_taken_for_ours(
    setting: Setting, tmp_path: Path, elsewhere: Configuration
) -> None:
    from django.db import connection

    site = setting.site
    master = boot.places(site.configuration).custody.load()
    authority.create(site.configuration, master, organization="Harbor Reentry Services", now=setting.now)
    setting.kept()
    with connection.cursor() as cursor:
        cursor.execute(LAID_LATER)
    safekeeping.backup(site, tmp_path / "backup", standby=tmp_path / "stick", by=setting.world.administrator)
    with pytest.raises(RestoreRefused, match="later version") as refused:
        safekeeping.restore(elsewhere, tmp_path / "backup", tmp_path / "stick", master=master)
    assert "that version" in refused.value.remedy
    for place in (elsewhere.home, elsewhere.keys):
        assert not place.exists(), "nothing is half done"
