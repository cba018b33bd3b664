"""A hold that was placed after the backup stands again where the records come back into another bucket."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from flows import authority as authorities
from flows import disposal
from register import boot
from register.configuration import read
from rules.retention.words import EventKind
from storage.address import S3Address
from storage.destruction import DestructionLog
from storage.protocol import Area
from storage.s3 import S3Store
from storage.vault import Vault
from tests.cluster import on_sqlite_only
from tests.flows.conftest import (  # noqa: F401 - fixtures are found by name
    Setting,
    authority,
    began,
    papers,
    setting,
    world,
)
from tests.flows.disposing import ONE_YEAR, SERVED
from tests.flows.test_safekeeping import Lost, is_held, put_under_hold, told
from tests.real.test_s3_store import new_bucket
from tests.register.conftest import _built, _light_passwords, environment_of  # noqa: F401

pytestmark = [pytest.mark.real, on_sqlite_only]


@pytest.fixture
def lost(
    setting: Setting,  # noqa: F811 - the fixture
    by_https: S3Address,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Lost:
    """A site whose machine and bucket are lost; the standby of the log is not."""
    master = boot.places(setting.site.configuration).custody.load()
    authorities.create(setting.site.configuration, master, organization="Harbor Reentry Services", now=setting.now)
    address = new_bucket(by_https)
    store = S3Store(address)
    log = DestructionLog(store)
    log.open(setting.now)
    setting.world.vault = setting.site.vault = Vault(store, setting.world.vault.keyring, log)
    setting.site.configuration = dataclasses.replace(setting.site.configuration, s3=address)
    setting.world.adopted(ONE_YEAR)
    elsewhere = read(environment_of(tmp_path / "elsewhere", {}))
    return Lost(setting, tmp_path, dataclasses.replace(elsewhere, s3=new_bucket(by_https)), master, monkeypatch)


def test_a_hold_placed_after_the_backup_is_on_the_versions_of_the_new_bucket_and_nothing_held_is_due(
    lost: Lost,
) -> None:
    record = lost.setting.kept()
    free = lost.setting.kept(organization_id=lost.setting.world.ids.probation)
    lost.setting.world.happened(EventKind.LAST_SERVICE, lost.setting.world.today - SERVED)
    lost.back_up()
    put_under_hold(lost.setting, records=[record.record_id])
    told(lost.setting)
    assert is_held(lost.setting.site, record.object_id)
    replayed = lost.come_back()
    assert (replayed.holds_unknown, replayed.holds_released) == (1, 0)
    with lost.site() as site:
        assert isinstance(site.vault.store, S3Store)
        assert site.vault.store.address.bucket == lost.elsewhere.s3.bucket  # type: ignore[union-attr]
        assert is_held(site, record.object_id), "the server of the new bucket says so"
        assert not is_held(site, free.object_id)
        assert {one.record_id for one in disposal.evaluate(site).candidates} == {free.record_id}
        refused = site.vault.store.destroy_each(Area.RECORDS, [record.object_id], bypass_lock=True)
        assert [type(one).__name__ for one in refused.values()] == ["Held"]
