"""A backup brings back what was lost, and never what was destroyed."""

from __future__ import annotations

import shutil
import sqlite3
import stat
import uuid
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from crashing import dies_at, every_step
from vault_setting import HandClock, open_at

from storage.backup import back_up, check, listed_objects
from storage.destruction import DestructionLog
from storage.directory import DirectoryStore
from storage.embedded import Places
from storage.errors import BackupRefused, KeyDestroyed, Locked, RestoreRefused
from storage.keyring_facts import KeyScope
from storage.master import MasterKey
from storage.protocol import Area
from storage.restore import restore
from storage.vault import Vault


@pytest.fixture
def register(tmp_path: Path) -> Path:
    path = tmp_path / "register.db"
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("CREATE TABLE packet(id TEXT)")
        db.execute("INSERT INTO packet VALUES('one')")
    return path


@pytest.fixture
def records(vault: Vault, clock: HandClock) -> dict[str, bytes]:
    """Ten records (some locked, one held, one with two versions) and two drafts."""
    made = {uuid.uuid4().hex: f"record {n}".encode() * 50 for n in range(10)}
    ids = list(made)
    for n, (one, data) in enumerate(made.items()):
        vault.put(one, data, area=Area.RECORDS, retain_until=clock() + timedelta(days=n) if n % 2 else None)
    vault.store.protect(Area.RECORDS, ids[0], hold=True)
    vault.put(ids[2], b"later", area=Area.RECORDS)
    made[ids[2]] = b"later"
    vault.put(uuid.uuid4().hex, b"draft", area=Area.WORKING)
    vault.put(uuid.uuid4().hex, b"draft", area=Area.WORKING)
    return made


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "backups" / "2026-11-22"


@pytest.fixture
def elsewhere(tmp_path: Path, places: Places) -> Places:
    return Places(home=tmp_path / "new" / "var", keys=places.keys)


def test_what_was_backed_up_comes_back_readable_and_as_protected_as_before(
    vault: Vault,
    master: MasterKey,
    clock: HandClock,
    records: dict[str, bytes],
    register: Path,
    target: Path,
    elsewhere: Places,
) -> None:
    made = back_up(vault, target, databases={"register.db": register}, now=clock())
    assert made.objects == 13
    assert check(target) == ()
    done = restore(target, elsewhere, log=vault.log, master=master, now=clock())
    assert (done.objects, done.opened, done.left_out, done.damaged, done.unreadable) == (13, 13, 0, (), ())
    assert done.made_at == clock()
    restored = open_at(elsewhere, master, clock)
    for one, data in records.items():
        assert restored.get(one, Area.RECORDS) == data
        # `stored_at` is the day it was put there; all else is as it was, the version ids too
        assert [(v.version_id, v.sha256, v.retain_until, v.held) for v in restored.store.stat(Area.RECORDS, one)] == [
            (v.version_id, v.sha256, v.retain_until, v.held) for v in vault.store.stat(Area.RECORDS, one)
        ]
    assert restored.log.id() == vault.log.id()
    with closing(sqlite3.connect(elsewhere.home / "register.db")) as db:
        assert db.execute("SELECT id FROM packet").fetchall() == [("one",)]
    locked = list(records)[9]
    with pytest.raises(Locked):
        restored.destroy(locked, Area.RECORDS, reason_code="due")
    restored.keyring.close()


def test_a_backup_is_private_and_holds_no_master_key_no_epoch_key_and_no_log(
    vault: Vault,
    master: MasterKey,
    clock: HandClock,
    records: dict[str, bytes],
    register: Path,
    target: Path,
    places: Places,
) -> None:
    one = next(iter(records))
    vault.store.protect(Area.RECORDS, one, hold=False)
    vault.destroy(one, Area.RECORDS, reason_code="canary_reason")
    back_up(vault, target, databases={"register.db": register}, now=clock())
    files = [path for path in target.rglob("*") if path.is_file()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in (target, *target.rglob("*")) if path.is_dir()} == {0o700}
    everything = b"".join(path.read_bytes() for path in files)
    epoch = (places.epochs / "epoch-000001.key").read_bytes()
    assert epoch[-60:] not in everything
    assert vault.keyring.epochs.load(1) not in everything
    assert master.reveal() not in everything
    assert b"canary_reason" not in everything
    assert not (target / "objects" / "log").exists()
    assert not [p for p in files if p.name.endswith(("-wal", "-shm", ".new"))]


def test_what_was_destroyed_after_the_backup_stays_destroyed(
    vault: Vault, master: MasterKey, clock: HandClock, records: dict[str, bytes], target: Path, elsewhere: Places
) -> None:
    one, unfinished = list(records)[2], list(records)[4]
    owner = uuid.uuid4().hex
    sealed = vault.seal_field(owner, "client.legal_name", b"Jane")
    back_up(vault, target, databases={}, now=clock())
    vault.destroy(one, Area.RECORDS, reason_code="due")
    vault.destroy_owner(owner, reason_code="due")
    from storage.destruction import Item

    vault.log.intend([Item(KeyScope.RECORDS, unfinished)], reason_code="due", at=clock())
    done = restore(target, elsewhere, log=vault.log, master=master, now=clock())
    assert (done.objects, done.left_out, done.damaged) == (10, 3, ())
    restored = open_at(elsewhere, master, clock)
    for gone in (one, unfinished):
        assert restored.store.stat(Area.RECORDS, gone) == ()
        with pytest.raises(KeyDestroyed):
            restored.keyring.get(gone)
    with pytest.raises(KeyDestroyed):
        restored.open_field(owner, "client.legal_name", sealed)
    assert [gone.item.object_id for gone in restored.resume()] == [unfinished]
    restored.keyring.close()


def test_a_restore_refuses_without_the_log_with_another_and_with_an_older_one(
    vault: Vault,
    master: MasterKey,
    clock: HandClock,
    records: dict[str, bytes],
    target: Path,
    elsewhere: Places,
    tmp_path: Path,
) -> None:
    older = DestructionLog(DirectoryStore(tmp_path / "older log"))
    assert older.mirror(vault.store) == 0
    vault.log.mirror(DirectoryStore(tmp_path / "older log"))
    vault.destroy(list(records)[2], Area.RECORDS, reason_code="due")
    back_up(vault, target, databases={}, now=clock())
    foreign = DestructionLog(DirectoryStore(tmp_path / "foreign"))
    with pytest.raises(RestoreRefused, match="Without the destruction log"):
        restore(target, elsewhere, log=foreign, now=clock())
    foreign.open(clock())
    with pytest.raises(RestoreRefused, match="Without the destruction log"):
        restore(target, elsewhere, log=foreign, now=clock())
    with pytest.raises(RestoreRefused, match="older than the backup"):
        restore(target, elsewhere, log=older, now=clock())
    assert not elsewhere.home.exists()
    assert older.mirror(vault.store) == 0
    vault.log.mirror(DirectoryStore(tmp_path / "older log"))
    assert restore(target, elsewhere, log=older, now=clock()).objects == 11


def test_a_restore_never_touches_a_place_that_is_not_empty(
    vault: Vault, clock: HandClock, records: dict[str, bytes], target: Path, places: Places
) -> None:
    back_up(vault, target, databases={}, now=clock())
    with pytest.raises(RestoreRefused, match="not empty"):
        restore(target, places, log=vault.log, now=clock())


def test_without_the_epoch_keys_the_bytes_come_back_and_are_said_to_be_unreadable(
    vault: Vault, master: MasterKey, clock: HandClock, records: dict[str, bytes], target: Path, tmp_path: Path
) -> None:
    back_up(vault, target, databases={}, now=clock())
    vault.keyring.rewrap()
    lost = Places(home=tmp_path / "new" / "var", keys=tmp_path / "new" / "keys")
    done = restore(target, lost, log=vault.log, master=master, now=clock())
    assert (done.objects, done.opened, len(done.unreadable)) == (13, 0, 12)


def test_with_the_standby_of_the_keys_a_lost_machine_comes_back(
    vault: Vault,
    master: MasterKey,
    clock: HandClock,
    records: dict[str, bytes],
    target: Path,
    tmp_path: Path,
    places: Places,
) -> None:
    standby = tmp_path / "stick"
    vault.keyring.epochs.mirror(standby / "epochs")
    vault.log.mirror(DirectoryStore(standby / "log"))
    back_up(vault, target, databases={}, now=clock())
    vault.keyring.close()
    shutil.rmtree(places.home)
    shutil.rmtree(places.keys)
    new = Places(home=tmp_path / "new" / "var", keys=standby)
    done = restore(target, new, log=DestructionLog(DirectoryStore(standby / "log")), master=master, now=clock())
    assert (done.opened, done.unreadable) == (13, ())


def test_a_damaged_object_in_a_backup_is_told_and_the_others_come_back(
    vault: Vault, master: MasterKey, clock: HandClock, records: dict[str, bytes], target: Path, elsewhere: Places
) -> None:
    back_up(vault, target, databases={}, now=clock())
    first, second = list(listed_objects(target))[:2]
    content = bytearray(first.path_in(target).read_bytes())
    content[-1] ^= 1
    first.path_in(target).write_bytes(content)
    second.path_in(target).unlink()
    assert {item.key for item in check(target)} == {first.key, second.key}
    done = restore(target, elsewhere, log=vault.log, master=master, now=clock())
    assert set(done.damaged) == {first.key, second.key}
    assert done.objects == done.opened == 11


@pytest.mark.parametrize("name", ["keyring.db", "objects.jsonl", "manifest.json"])
def test_a_backup_whose_frame_is_damaged_is_refused(
    vault: Vault, clock: HandClock, records: dict[str, bytes], target: Path, elsewhere: Places, name: str
) -> None:
    back_up(vault, target, databases={}, now=clock())
    (target / name).write_bytes((target / name).read_bytes()[:-3])
    with pytest.raises(RestoreRefused):
        restore(target, elsewhere, log=vault.log, now=clock())
    assert not elsewhere.home.exists()


def test_a_finished_or_foreign_directory_is_not_written_to(
    vault: Vault, clock: HandClock, records: dict[str, bytes], target: Path, tmp_path: Path
) -> None:
    back_up(vault, target, databases={}, now=clock())
    with pytest.raises(BackupRefused):
        back_up(vault, target, databases={}, now=clock())
    with pytest.raises(BackupRefused):
        back_up(vault, tmp_path / "b", databases={"../register.db": target}, now=clock())


@every_step
def test_a_backup_killed_anywhere_is_unfinished_until_the_same_call_finishes_it(
    places: Places, master: MasterKey, clock: HandClock, register: Path, tmp_path: Path, stride: int
) -> None:
    vault = open_at(places, master, clock)
    ids = [uuid.uuid4().hex for _ in range(2)]
    for one in ids:
        vault.put(one, one.encode(), area=Area.RECORDS)
    vault.keyring.close()
    step, died = 0, True
    while died:
        step += stride
        target = tmp_path / f"backup-{step}"
        died = dies_at(partial(_back_up, places, master, clock, register, target), step)
        if died and not (target / "manifest.json").exists():
            with pytest.raises(RestoreRefused, match="no finished backup"):
                check(target)
        if not (target / "manifest.json").exists() or (target / "begun.json").exists():
            _back_up(places, master, clock, register, target)
        assert check(target) == ()
        assert [item.key for item in listed_objects(target)] == sorted(ids)
        assert not list(target.rglob(".*"))
    assert step > 40


def _back_up(places: Places, master: MasterKey, clock: HandClock, register: Path, target: Path) -> None:
    vault = open_at(places, master, clock)
    back_up(vault, target, databases={"register.db": register}, now=clock())
    vault.keyring.close()


def test_what_was_destroyed_before_an_unfinished_backup_went_on_is_taken_out_of_it(
    vault: Vault, clock: HandClock, records: dict[str, bytes], target: Path
) -> None:
    with pytest.raises(_FullDiskError):
        back_up(vault, target, databases={}, now=clock(), progress=_full_disk)
    copied = [p.name.partition(".")[0] for p in target.glob("objects/records/*/*")]
    free = next(
        one for one in copied if all(v.retain_until is None and not v.held for v in vault.store.stat(Area.RECORDS, one))
    )
    vault.destroy(free, Area.RECORDS, reason_code="due")
    back_up(vault, target, databases={}, now=clock())
    assert free not in {item.key for item in listed_objects(target)}
    assert not list(target.rglob(f"{free}*"))


class _FullDiskError(Exception):
    pass


def _full_disk(done: int) -> None:
    if done == 11:
        raise _FullDiskError
