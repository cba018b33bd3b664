"""The doctor finds what is wrong, and says it so that a person can act on it."""

from __future__ import annotations

import shutil
import uuid
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_custody import aws, kms_place  # noqa: F401 - fixtures

from storage import doctor
from storage.custody import KeyPlace
from storage.destruction import Item
from storage.directory import DirectoryStore
from storage.embedded import Places, create_master, open_vault
from storage.findings import OF_S3_ALONE, Check, Level
from storage.keyring_facts import KeyScope
from storage.master import MasterKey
from storage.protocol import Area, Destroyed
from storage.vault import Vault


@pytest.fixture
def site(places: Places, master: MasterKey) -> Vault:
    """With the real clock: a lock that runs out is waited for."""
    opened = open_vault(places, master)
    opened.put(uuid.uuid4().hex, b"record", area=Area.RECORDS)
    return opened


def test_a_sound_vault_has_findings_about_its_disk_at_most(site: Vault, places: Places) -> None:
    before = set(site.store.list(Area.RECORDS))
    found = doctor.examine(site, keys=places.keys, home=places.home)
    assert {finding.check for finding in found} == set(Check) - OF_S3_ALONE
    assert {f.check for f in found if f.level is not Level.OK} <= {Check.SAME_DISK, Check.SYNC, Check.SPACE}
    assert all(f.remedy for f in found if f.level is not Level.OK)
    assert set(site.store.list(Area.RECORDS)) == before


@pytest.mark.parametrize("what", ["keys", "keys/master.key", "keys/epochs", "var", "var/keyring.db", "var/records"])
def test_what_others_may_read_is_named(site: Vault, places: Places, what: str) -> None:
    path = places.home.parent / what
    path.chmod(path.stat().st_mode | 0o040)
    (found,) = doctor.modes(places.keys, places.home)
    assert found.level is Level.PROBLEM
    assert str(path) in found.sentence
    assert str(path) in found.remedy


def test_keys_and_data_on_one_open_disk_are_called_a_presumptive_breach(
    places: Places, site: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "encrypted_disk", lambda path: False)
    found = doctor.same_disk(places.keys, places.home)
    assert found.level is Level.PROBLEM
    assert "presumptive breach" in found.sentence
    monkeypatch.setattr(doctor, "encrypted_disk", lambda path: True)
    assert doctor.same_disk(places.keys, places.home).level is Level.OK


def test_a_master_key_in_kms_is_no_breach_by_itself_and_one_beside_its_credentials_is(
    tmp_path: Path,
    kms_place: KeyPlace,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    places = Places(home=tmp_path / "var", keys=tmp_path / "keys")
    create_master(places, kms_place)
    monkeypatch.setattr(doctor, "encrypted_disk", lambda path: False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    (tmp_path / "credentials").write_text("[default]\n")
    found = doctor.same_disk(places.keys, places.home)
    assert found.level is Level.PROBLEM
    assert "presumptive breach" in found.sentence
    (tmp_path / "credentials").unlink()
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    found = doctor.same_disk(places.keys, places.home)
    assert found.level is Level.NOTE
    assert "presumptive" not in found.sentence


def test_a_partition_on_dm_crypt_is_encrypted_and_one_beside_it_is_not(tmp_path: Path) -> None:
    crypt, plain = tmp_path / "crypt", tmp_path / "plain"
    for block, uuid_ in ((crypt, "CRYPT-LUKS2-abc\n"), (plain, "LVM-abc\n")):
        (block / "dm").mkdir(parents=True)
        (block / "dm" / "uuid").write_text(uuid_)
    assert doctor._is_crypt(crypt)
    assert not doctor._is_crypt(plain)
    assert not doctor._is_crypt(tmp_path / "absent")


def test_a_missing_epoch_key_is_a_problem(site: Vault, places: Places) -> None:
    assert doctor.epoch_keys(site).level is Level.OK
    (places.epochs / "epoch-000001.key").rename(places.keys / "elsewhere")
    found = doctor.epoch_keys(site)
    assert found.level is Level.PROBLEM
    assert "1 epoch key" in found.sentence


class _Careless(DirectoryStore):
    """A store whose locks are worth nothing."""

    def destroy(self, area: Area, key: str, *, bypass_lock: bool = False) -> Destroyed:
        return super().destroy(area, key, bypass_lock=True)


def test_a_store_that_keeps_no_locks_is_found_out(tmp_path: Path) -> None:
    assert doctor.lock_round_trip(DirectoryStore(tmp_path / "sound")).level is Level.OK
    assert doctor.lock_round_trip(_Careless(tmp_path / "careless")).level is Level.PROBLEM


def test_memory_is_no_place_for_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "file_system", lambda path: "tmpfs")
    assert doctor.sync(tmp_path).level is Level.PROBLEM
    monkeypatch.setattr(doctor, "file_system", lambda path: "nfs4")
    assert doctor.sync(tmp_path).level is Level.PROBLEM


def test_a_file_system_is_told_by_its_nearest_mount() -> None:
    assert doctor.file_system(Path("/proc/self")) == "proc"
    if Path("/dev/shm").is_dir():  # noqa: S108 - named, not written to
        assert doctor.file_system(Path("/dev/shm")) == "tmpfs"  # noqa: S108


def test_a_full_disk_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage: Callable[..., Any] = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(1 << 40, 1 << 40, 1 << 20))
    assert doctor.space(tmp_path).level is Level.PROBLEM


def test_a_destruction_that_was_begun_is_told(site: Vault) -> None:
    one = next(site.keyring.list_ids(KeyScope.RECORDS))
    site.log.intend([Item(KeyScope.RECORDS, one)], reason_code="due", at=site._clock())
    assert doctor.unfinished(site).level is Level.NOTE
    site.resume()
    assert doctor.unfinished(site).level is Level.OK
