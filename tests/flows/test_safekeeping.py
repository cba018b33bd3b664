"""A site that came back knows what was destroyed since, and acts on nothing that was approved before."""

from __future__ import annotations

import datetime as dt
import io
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flows import authority, safekeeping
from flows.duties import retaining
from flows.duties.reconciling import reconcile
from flows.found import Kind
from flows.site import Site
from register import boot
from register.configuration import Configuration, read
from register.errors import RegisterError
from register.retention_facts import Hold, HoldQuery, HoldWords
from register.vocabulary import HoldKind
from rules.disposal import Outcome, RunState, Why
from rules.retention.words import EventKind
from storage.errors import RestoreRefused
from storage.protocol import Area
from tests.cluster import on_sqlite_only
from tests.flows.conftest import Setting, kinds
from tests.flows.disposing import ONE_YEAR, SERVED
from tests.register.conftest import environment_of, point_database_at

if TYPE_CHECKING:
    from register.restoring import Replayed
    from storage.master import MasterKey

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


def test_bug_forms_came_back_only_with_a_newer_python_than_debians(tmp_path: Path) -> None:
    """Debian 12's own has no `filter` for a tar: nothing could be restored there."""
    kept, packed = tmp_path / "kept", tmp_path / "forms.tar"
    (kept / "disclosure" / "2026.11").mkdir(parents=True)
    (kept / "disclosure" / "2026.11" / "en.docx").write_bytes(b"a form")
    for _ in range(2):  # again, as after a restore that was cut off
        packed.write_bytes(safekeeping._packed(kept))
        safekeeping._unpack(packed, tmp_path / "back")
    back = tmp_path / "back" / "disclosure" / "2026.11" / "en.docx"
    assert (back.read_bytes(), back.stat().st_mode & 0o777) == (b"a form", 0o400)
    assert not packed.exists()


@pytest.mark.parametrize("name", ["../outside", "/outside", "in/../../outside", "link"])
def test_forms_in_a_backup_are_put_back_below_their_folder_and_nowhere_else(tmp_path: Path, name: str) -> None:
    packed = tmp_path / "forms.tar"
    with tarfile.open(packed, "w") as archive:
        member = tarfile.TarInfo(name)
        if name == "link":
            member.type, member.linkname = tarfile.SYMTYPE, "../outside"
        archive.addfile(member, io.BytesIO())
    with pytest.raises(RestoreRefused, match="no file or folder of theirs"):
        safekeeping._unpack(packed, tmp_path / "back")
    assert not (tmp_path / "outside").exists()
    assert list((tmp_path / "back").iterdir()) == []


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


def put_under_hold(setting: Setting, **covers: object) -> Hold:
    from register import holds

    return holds.place(
        setting.site.vault,
        kind=HoldKind.LITIGATION,
        words=HoldWords(matter="Quetzalcanario v. Harbor", authority="a letter"),
        review_on=setting.now.date() + dt.timedelta(days=90),
        by=setting.world.counsel,
        now=setting.now,
        **covers,  # type: ignore[arg-type]
    )


def told(setting: Setting) -> None:
    """The store's log and the standby hear of what changed, as after `confide hold place`."""
    from register import mirroring

    assert mirroring.mirror(setting.site.vault, now=setting.now).log_refused == ""


@dataclass
class Lost:
    """A site whose disk is lost, and how it comes back."""

    setting: Setting
    root: Path
    elsewhere: Configuration
    master: MasterKey
    monkeypatch: pytest.MonkeyPatch

    def back_up(self) -> None:
        safekeeping.backup(
            self.setting.site, self.root / "backup", standby=self.root / "stick", by=self.setting.world.administrator
        )

    def come_back(self) -> Replayed:
        from django.db import connection

        safekeeping.level_log(self.setting.site, self.root / "stick")
        self.setting.site.vault.keyring.close()
        connection.close()
        point_database_at(self.elsewhere)
        self.monkeypatch.setattr(boot, "migrated", lambda: True)
        return safekeeping.restore(self.elsewhere, self.root / "backup", self.root / "stick", master=self.master)[1]

    @contextmanager
    def site(self) -> Iterator[Site]:
        from storage.embedded import open_vault

        again = Site(self.elsewhere)
        again.vault = open_vault(boot.places(self.elsewhere), self.master)
        yield again
        again.vault.keyring.close()


@pytest.fixture
def lost(setting: Setting, tmp_path: Path, elsewhere: Configuration, monkeypatch: pytest.MonkeyPatch) -> Lost:
    master = boot.places(setting.site.configuration).custody.load()
    authority.create(setting.site.configuration, master, organization="Harbor Reentry Services", now=setting.now)
    setting.world.adopted(ONE_YEAR)
    return Lost(setting, tmp_path, elsewhere, master, monkeypatch)


def is_held(site: Site, object_id: str) -> bool:
    return all(version.held for version in site.vault.store.stat(Area.RECORDS, object_id))


@pytest.mark.parametrize("covers", ["records", "client", "query"])
def test_a_hold_placed_after_the_backup_stands_in_the_restored_register_and_disposal_lets_the_record_be(
    lost: Lost, covers: str
) -> None:
    from flows import disposal
    from flows.site import now
    from register import audit, holds

    setting = lost.setting
    record, free = setting.kept(), setting.kept(organization_id=setting.world.ids.probation)
    setting.world.happened(EventKind.LAST_SERVICE, setting.world.today - SERVED)
    lost.back_up()
    what: dict[str, object] = {
        "records": {"records": [record.record_id]},
        "client": {"client_id": setting.world.ids.client},
        "query": {"query": HoldQuery(organization_id=setting.world.ids.housing)},
    }[covers]
    placed = put_under_hold(setting, **what)
    told(setting)
    replayed = lost.come_back()
    assert (replayed.holds_unknown, replayed.holds_released) == (1, 0)
    counsel = setting.world.counsel
    (row,) = holds.listing(by=counsel)
    assert (row.hold_id, row.incomplete, row.scope, row.placed_by) == (placed.hold_id, True, placed.scope, None)
    assert row.query == placed.query
    with lost.site() as site:
        rows = {one.record_id for one in disposal.evaluate(site).candidates}
        assert rows == (set() if covers == "client" else {free.record_id})
        assert is_held(site, record.object_id)
        assert is_held(site, free.object_id) is (covers == "client")
        assert Kind.HOLD_INCOMPLETE in kinds(list(retaining.tell_reviews(site, setting.now, False)))
        words = holds.words(site.vault, row.hold_id, by=counsel, now=now())
        assert (words.matter, words.authority) == ("", "")
        complete = partial(
            holds.complete, site.vault, row.hold_id, kind=HoldKind.AUDIT, by=counsel, now=now(),
            words=HoldWords(matter="a suit", authority="counsel"),
            review_on=setting.world.today + dt.timedelta(days=30),
        )  # fmt: skip
        complete()
        assert holds.words(site.vault, row.hold_id, by=counsel, now=now()).matter == "a suit"
        assert list(retaining.tell_reviews(site, setting.now, False)) == []
        with pytest.raises(RegisterError, match="has its words"):
            complete()
    assert audit.check().intact


def test_a_hold_released_after_the_backup_stands_until_a_person_releases_it_again(lost: Lost) -> None:
    from flows import disposal
    from flows.site import now
    from register import holds, mirroring

    setting = lost.setting
    record = setting.kept()
    setting.world.happened(EventKind.LAST_SERVICE, setting.world.today - SERVED)
    hold, counsel = put_under_hold(setting, records=[record.record_id]), setting.world.counsel
    told(setting)
    lost.back_up()
    holds.release(setting.site.vault, hold.hold_id, reason="settled", by=counsel, now=setting.now)
    told(setting)
    assert not is_held(setting.site, record.object_id)
    assert (lost.come_back().holds_unknown, len(holds.on(record.record_id))) == (0, 1)
    (row,) = holds.listing(by=counsel)
    assert (row.incomplete, row.released_since, row.kind) == (False, True, HoldKind.LITIGATION)
    with lost.site() as site:
        assert disposal.evaluate(site).candidates == ()
        assert is_held(site, record.object_id)
        assert kinds(list(retaining.tell_reviews(site, setting.now, False))) == [Kind.HOLD_RELEASED_SINCE]
        assert holds.words(site.vault, hold.hold_id, by=counsel, now=now()).matter == "Quetzalcanario v. Harbor"
        holds.release(site.vault, hold.hold_id, reason="settled, again", by=counsel, now=now())
        mirroring.mirror(site.vault, now=now())
        assert not is_held(site, record.object_id)
        assert len(disposal.evaluate(site).candidates) == 1
        assert list(retaining.tell_reviews(site, setting.now, False)) == []


def test_a_hold_that_the_backup_knows_comes_back_once_and_one_released_before_it_stays_released(lost: Lost) -> None:
    from register import holds

    setting = lost.setting
    record = setting.kept()
    standing, over = (put_under_hold(setting, records=[record.record_id]) for _ in range(2))
    holds.release(setting.site.vault, over.hold_id, reason="settled", by=setting.world.counsel, now=setting.now)
    told(setting)
    lost.back_up()
    replayed = lost.come_back()
    assert (replayed.holds_unknown, replayed.holds_released) == (0, 0)
    assert [one.hold_id for one in holds.on(record.record_id)] == [standing.hold_id]


def test_a_restore_that_was_cut_off_before_the_register_was_told_opens_to_nobody_and_goes_on(lost: Lost) -> None:
    from register import hold_log, holds

    setting = lost.setting
    record = setting.kept()
    lost.back_up()
    put_under_hold(setting, records=[record.record_id])
    told(setting)

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with lost.monkeypatch.context() as dying:
        dying.setattr(hold_log, "replay", killed)
        with pytest.raises(KeyboardInterrupt):
            lost.come_back()
    lost.monkeypatch.setattr(boot, "configuration", lambda: lost.elsewhere)
    with pytest.raises(RegisterError, match="cut off"):
        boot.require_migrated()
    restored, replayed = safekeeping.restore(
        lost.elsewhere, lost.root / "backup", lost.root / "stick", master=lost.master
    )
    assert (restored.objects, restored.damaged, replayed.holds_unknown) == (1, (), 1)
    assert len(holds.on(record.record_id)) == 1
    boot.require_migrated()
