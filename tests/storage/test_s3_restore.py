"""A backup comes back into a bucket: the old one, which may still have things, or a new one."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from s3_servers import moto_bucket, new_bucket

from storage import trial
from storage.address import S3Address
from storage.backup import back_up
from storage.destruction import DestructionLog
from storage.directory import DirectoryStore
from storage.embedded import Places, create_master, open_vault
from storage.errors import NotFound, RestoreRefused, StoreUnfit
from storage.master import MasterKey
from storage.protocol import Area
from storage.restore import Restored, restore
from storage.s3 import S3Store
from storage.vault import Vault

# on moto, and yet of the heavier tier: every vault here makes boto3 clients of its own
pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def moto() -> Iterator[S3Address]:
    with pytest.MonkeyPatch.context() as patch, moto_bucket(patch) as address:
        yield address


@pytest.fixture
def trusting(monkeypatch: pytest.MonkeyPatch) -> None:
    """moto does not pass the trial of a new bucket (tests/storage/test_trial.py)."""
    monkeypatch.setattr(trial, "require", lambda store: ())


@pytest.fixture
def bucket(moto: S3Address) -> S3Address:
    return new_bucket(moto)


@pytest.fixture
def master(places: Places) -> MasterKey:
    return create_master(places)


@pytest.fixture
def vault(places: Places, bucket: S3Address, master: MasterKey, trusting: None) -> Iterator[Vault]:
    opened = open_vault(replace(places, s3=bucket), master)
    yield opened
    opened.keyring.close()


@pytest.fixture
def ids(vault: Vault) -> list[str]:
    """Three records: locked, held, of two versions; and a draft."""
    made = [uuid.uuid4().hex for _ in range(4)]
    vault.put(made[0], b"locked", area=Area.RECORDS, retain_until=datetime.now(UTC) + timedelta(days=9))
    vault.put(made[1], b"held", area=Area.RECORDS)
    vault.store.protect(Area.RECORDS, made[1], hold=True)
    vault.put(made[2], b"first", area=Area.RECORDS)
    vault.put(made[2], b"later", area=Area.RECORDS)
    vault.put(made[3], b"draft", area=Area.WORKING)
    return made


@pytest.fixture
def standby(vault: Vault, ids: list[str], tmp_path: Path) -> DestructionLog:
    back_up(vault, tmp_path / "backup", databases={}, now=datetime.now(UTC))
    copy = DirectoryStore(tmp_path / "standby")
    vault.log.mirror(copy)
    return DestructionLog(copy)


@pytest.fixture
def back(
    places: Places, master: MasterKey, standby: DestructionLog, tmp_path: Path
) -> Callable[[S3Address | None], tuple[Restored, Vault]]:
    """Restore into a new home whose store is in this bucket."""

    def restored(into: S3Address | None) -> tuple[Restored, Vault]:
        elsewhere = replace(places, home=tmp_path / "elsewhere", s3=into)
        done = restore(tmp_path / "backup", elsewhere, log=standby, master=master, now=datetime.now(UTC))
        return done, open_vault(elsewhere, master)

    return restored


Back = Callable[[S3Address | None], tuple[Restored, Vault]]


def test_a_new_bucket_gets_every_version_as_protected_as_before(
    vault: Vault, ids: list[str], moto: S3Address, back: Back
) -> None:
    done, restored = back(new_bucket(moto))
    assert (done.objects, done.opened, done.left_out, done.damaged, done.unreadable) == (5, 5, 0, (), ())
    for one in ids[:3]:
        assert [(v.sha256, v.retain_until, v.held) for v in restored.store.stat(Area.RECORDS, one)] == [
            (v.sha256, v.retain_until, v.held) for v in vault.store.stat(Area.RECORDS, one)
        ]
    assert restored.get(ids[2], Area.RECORDS) == b"later"
    assert restored.log.id() == vault.log.id()
    restored.keyring.close()


def test_the_old_bucket_is_left_as_it_is_and_what_it_lost_is_put_again(
    vault: Vault, ids: list[str], bucket: S3Address, back: Back
) -> None:
    before = vault.store.stat(Area.RECORDS, ids[0])
    vault.store.destroy(Area.RECORDS, ids[2])  # by somebody else's hand: no log speaks of it
    done, restored = back(bucket)
    assert (done.objects, done.unreadable) == (5, ())
    assert restored.store.stat(Area.RECORDS, ids[0]) == before
    assert restored.get(ids[2], Area.RECORDS) == b"later"
    assert len(restored.store.stat(Area.RECORDS, ids[2])) == 2
    restored.keyring.close()


def test_what_the_buckets_own_log_says_was_destroyed_stays_so(
    vault: Vault, ids: list[str], bucket: S3Address, back: Back
) -> None:
    vault.destroy(ids[2], Area.RECORDS, reason_code="due")  # after the backup, and after the standby was level
    done, restored = back(bucket)
    assert (done.objects, done.left_out) == (3, 2)
    with pytest.raises(NotFound):
        restored.store.get(Area.RECORDS, ids[2])
    assert not restored.keyring.exists(ids[2])
    restored.keyring.close()


def test_a_bucket_of_another_vault_is_refused_and_nothing_is_put(
    moto: S3Address, back: Back, places: Places, master: MasterKey, tmp_path: Path
) -> None:
    theirs = new_bucket(moto)
    open_vault(replace(places, home=tmp_path / "theirs", s3=theirs), master).keyring.close()
    with pytest.raises(RestoreRefused, match="another vault"):
        back(theirs)
    assert list(S3Store(theirs).list(Area.RECORDS)) == []
    assert not (tmp_path / "elsewhere").exists()


def test_a_new_bucket_that_fails_its_trial_gets_nothing(
    moto: S3Address, back: Back, monkeypatch: pytest.MonkeyPatch
) -> None:
    into = new_bucket(moto, lock=False)
    monkeypatch.undo()  # the trial again, and moto's credentials with it are the module's
    with pytest.raises(StoreUnfit):
        back(into)
    assert list(S3Store(into).list(Area.LOG)) == []
