"""The monthly turn as upkeep does it: what it ends, what it waits for, and what it tells a person."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from flows import erasure, safekeeping
from flows.found import Found, Kind
from storage.protocol import Area
from storage.standby import Standbys
from tests.flows.conftest import Setting, kinds


def turned(setting: Setting, moment: dt.datetime, *, dry: bool = False) -> list[Found]:
    """The turn with the keyring's own clock set to the same day."""
    setting.site.vault.keyring._clock = lambda: moment
    return list(erasure.turn(setting.site, moment, dry))


def months_on(setting: Setting, count: int, day: int = 1) -> dt.datetime:
    ahead = setting.now.month - 1 + count
    return setting.now.replace(year=setting.now.year + ahead // 12, month=ahead % 12 + 1, day=day, hour=3)


@pytest.fixture
def stick(setting: Setting, tmp_path: Path) -> Path:
    Standbys(setting.site.configuration.keys).take(tmp_path / "stick")
    setting.site.vault.keyring.epochs.mirror(tmp_path / "stick" / erasure.EPOCHS)
    return tmp_path / "stick"


def test_the_first_night_of_a_month_moves_every_key_on_and_the_window_ends_the_old_epoch(setting: Setting) -> None:
    from register import audit
    from register.vocabulary import AuditVerb

    record = setting.kept()
    destroyed_at = setting.now
    assert turned(setting, months_on(setting, 0, 28)) == []
    first = months_on(setting, 1)
    assert kinds(turned(setting, first, dry=True)) == [Kind.REWRAPPED]
    assert kinds(turned(setting, first)) == [Kind.REWRAPPED]
    assert turned(setting, first + dt.timedelta(days=13)) == []
    assert erasure.erasure_of(setting.site, destroyed_at).effective_at is None
    planned = erasure.erasure_of(setting.site, destroyed_at).planned
    over = first + dt.timedelta(days=14)
    assert planned == over.date()
    assert kinds(turned(setting, over, dry=True)) == [Kind.EPOCH_ENDED]
    assert erasure.erasure_of(setting.site, destroyed_at).effective_at is None, "a dry run ends nothing"
    assert kinds(turned(setting, over)) == [Kind.EPOCH_ENDED]
    assert erasure.erasure_of(setting.site, destroyed_at).effective_at == over
    assert [each.verb for each in audit.entries(limit=1)] == [AuditVerb.EPOCH_ENDED]
    assert turned(setting, over + dt.timedelta(days=1)) == []
    assert setting.site.vault.get(record.object_id, Area.RECORDS)


def test_an_epoch_waits_for_the_standby_that_is_not_there(setting: Setting, stick: Path) -> None:
    turned(setting, months_on(setting, 1))
    stick.rename(stick.with_name("in a drawer"))
    over = months_on(setting, 1, 20)
    told = turned(setting, over)
    assert [(each.kind, each.detail) for each in told] == [(Kind.EPOCH_WAITS, "standby")]
    assert told[0].remedy
    assert not stick.exists(), "no other standby was made in its place"
    stick.with_name("in a drawer").rename(stick)
    assert kinds(turned(setting, over)) == [Kind.EPOCH_ENDED]
    assert not (stick / "epochs" / "epoch-000001.key").exists()


def test_who_has_only_old_backups_is_told_until_when_they_open(setting: Setting, tmp_path: Path) -> None:
    from register import backups

    by = setting.world.administrator
    safekeeping.backup(setting.site, tmp_path / "old", standby=None, by=by)
    assert backups.last_made() is not None
    first = months_on(setting, 1)
    told = [each for each in turned(setting, first) if each.kind is Kind.NO_BACKUP]
    assert [each.detail for each in told] == [(first + dt.timedelta(days=14)).date().isoformat()]
    assert told[0].remedy
    backups.made(objects=1, by=by, now=first + dt.timedelta(hours=1))
    assert turned(setting, first + dt.timedelta(hours=2)) == []
