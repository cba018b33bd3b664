"""What is true of the directory store beyond the contract: modes, damage, crashes, several processes."""

from __future__ import annotations

import fcntl
import os
import random
import stat
import uuid
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from crashing import dies_at
from vault_setting import HandClock

from storage.directory import DirectoryStore
from storage.errors import Damaged, Held, Locked, LockRefused, StorageError, UnsafePlace
from storage.protocol import Area, LockMode


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "records"


@pytest.fixture
def store(root: Path, clock: HandClock) -> DirectoryStore:
    return DirectoryStore(root, clock=clock)


def object_files(root: Path, key: str) -> list[Path]:
    return sorted(root.glob(f"*/{key[:2]}/{key}.*"))


def test_nobody_else_may_enter_and_nobody_may_write(
    root: Path, store: DirectoryStore, new_id: Callable[[], str]
) -> None:
    old = os.umask(0)
    try:
        key = new_id()
        store.put(Area.RECORDS, key, b"record")
        store.protect(Area.RECORDS, key, hold=True)
    finally:
        os.umask(old)
    for path in (root, *root.rglob("*")):
        assert stat.S_IMODE(path.lstat().st_mode) == (0o700 if path.is_dir() else 0o400), path


def test_a_root_others_may_enter_is_refused(root: Path) -> None:
    root.mkdir(mode=0o755)
    with pytest.raises(UnsafePlace, match="chmod 700"):
        DirectoryStore(root)


def test_a_root_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(UnsafePlace):
        DirectoryStore(tmp_path / "link")


def test_compliance_is_not_promised(root: Path) -> None:
    with pytest.raises(LockRefused, match="COMPLIANCE"):
        DirectoryStore(root, lock_mode=LockMode.COMPLIANCE)


def test_file_names_and_contents_tell_nothing_but_the_key(
    root: Path, store: DirectoryStore, new_id: Callable[[], str]
) -> None:
    key = new_id()
    store.put(Area.RECORDS, key, b"sealed bytes")
    (path,) = object_files(root, key)
    assert path.name == f"{key}.000001"
    assert path.stat().st_size == 64 + len(b"sealed bytes")


@pytest.mark.parametrize("place", [0, 9, 20, 40, 60, 64, -1])
def test_a_changed_byte_is_seen(root: Path, store: DirectoryStore, new_id: Callable[[], str], place: int) -> None:
    key = new_id()
    store.put(Area.RECORDS, key, b"sealed bytes")
    (path,) = object_files(root, key)
    path.chmod(0o600)
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    with pytest.raises(Damaged):
        store.get(Area.RECORDS, key)


@pytest.mark.parametrize("length", [0, 30, 63, 64, 70])
def test_a_cut_file_is_seen(root: Path, store: DirectoryStore, new_id: Callable[[], str], length: int) -> None:
    key = new_id()
    store.put(Area.RECORDS, key, b"sealed bytes")
    os.truncate(object_files(root, key)[0], length)
    with pytest.raises(Damaged):
        store.get(Area.RECORDS, key)


def test_a_link_in_the_place_of_a_record_is_seen(
    root: Path, store: DirectoryStore, new_id: Callable[[], str], tmp_path: Path
) -> None:
    key = new_id()
    store.put(Area.RECORDS, key, b"sealed bytes")
    (path,) = object_files(root, key)
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Damaged):
        store.get(Area.RECORDS, key)


def test_a_record_whose_header_is_damaged_is_destroyed_by_the_break_glass_role_alone(
    root: Path, store: DirectoryStore, clock: HandClock, new_id: Callable[[], str]
) -> None:
    key = new_id()
    store.put(Area.RECORDS, key, b"record", retain_until=clock() + timedelta(days=1))
    (path,) = object_files(root, key)
    path.chmod(0o600)
    path.write_bytes(b"\0" + path.read_bytes()[1:])
    with pytest.raises(Damaged):
        store.destroy(Area.RECORDS, key)
    assert len(store.destroy(Area.RECORDS, key, bypass_lock=True).version_ids) == 1
    assert object_files(root, key) == []


def test_a_lock_file_that_cannot_be_read_counts_as_a_hold(
    root: Path, store: DirectoryStore, new_id: Callable[[], str]
) -> None:
    key = new_id()
    store.put(Area.RECORDS, key, b"record")
    store.protect(Area.RECORDS, key, hold=False)
    lock = object_files(root, key)[1]
    lock.chmod(0o600)
    lock.write_bytes(b"{")
    with pytest.raises(Held):
        store.destroy(Area.RECORDS, key, bypass_lock=True)


def test_a_version_beyond_a_gap_is_destroyed_too(root: Path, store: DirectoryStore, new_id: Callable[[], str]) -> None:
    key = new_id()
    for n in range(4):
        store.put(Area.RECORDS, key, bytes([n]))
    object_files(root, key)[1].unlink()
    assert len(store.destroy(Area.RECORDS, key).version_ids) == 3
    assert object_files(root, key) == []


def test_a_lock_outlives_the_clock_going_back(
    store: DirectoryStore, clock: HandClock, new_id: Callable[[], str]
) -> None:
    key = new_id()
    store.put(Area.RECORDS, key, b"record", retain_until=clock() + timedelta(days=1))
    clock.pass_(timedelta(days=-300))
    with pytest.raises(Locked):
        store.destroy(Area.RECORDS, key)


def test_what_a_crashed_put_left_is_swept_when_the_store_opens(root: Path, store: DirectoryStore) -> None:
    leftover = root / "tmp" / ("0" * 32)
    leftover.write_bytes(b"half a rec")
    DirectoryStore(root)
    assert not leftover.exists()


def test_what_a_living_process_is_writing_is_not_swept(root: Path, store: DirectoryStore) -> None:
    being_written = root / "tmp" / ("0" * 32)
    with being_written.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        DirectoryStore(root)
        assert being_written.exists()


def test_bytes_are_synced_before_they_get_their_name_and_the_name_before_put_returns(
    store: DirectoryStore, new_id: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    for name in ("write", "fsync", "link", "unlink"):
        real = getattr(os, name)

        def noted(*args: object, _name: str = name, _real: Callable[..., object] = real) -> object:
            if _name == "fsync" and isinstance(args[0], int):
                calls.append("fsync dir" if stat.S_ISDIR(os.fstat(args[0]).st_mode) else "fsync file")
            else:
                calls.append(_name)
            return _real(*args)

        monkeypatch.setattr(os, name, noted)
    key = new_id()
    store.put(Area.RECORDS, key, b"record")
    assert calls == ["fsync dir", "write", "fsync file", "link", "fsync dir", "unlink"]
    calls.clear()
    store.put(Area.RECORDS, key, b"record")
    assert calls == ["write", "fsync file", "link", "link", "fsync dir", "unlink"]
    calls.clear()
    store.destroy(Area.RECORDS, key)
    assert calls[-1] == "fsync dir"


def test_a_put_killed_anywhere_leaves_a_whole_version_or_none(root: Path, clock: HandClock) -> None:
    data = bytes(range(256)) * 8
    step, died = 0, True
    while died:
        step += 1
        key = uuid.uuid4().hex
        died = dies_at(partial(_put, root, clock, key, data), step)
        after = DirectoryStore(root, clock=clock)
        assert list((root / "tmp").iterdir()) == []
        if after.stat(Area.RECORDS, key):
            assert after.get(Area.RECORDS, key) == data
        else:
            assert died
            assert key not in set(after.list(Area.RECORDS))
    assert step > 8


def test_a_hold_killed_anywhere_is_there_or_not_and_never_spoils_the_record(root: Path, clock: HandClock) -> None:
    step, died = 0, True
    until = clock().replace(microsecond=0) + timedelta(days=1)
    while died:
        step += 1
        key = uuid.uuid4().hex
        store = DirectoryStore(root, clock=clock)
        store.put(Area.RECORDS, key, b"one", retain_until=until)
        died = dies_at(partial(store.protect, Area.RECORDS, key, hold=True), step)
        (found,) = DirectoryStore(root, clock=clock).stat(Area.RECORDS, key)
        assert found.retain_until == until
        assert found.held or died
    assert step > 4


def test_a_destruction_killed_anywhere_is_finished_by_the_same_call(root: Path, clock: HandClock) -> None:
    step, died = 0, True
    while died:
        step += 1
        key = uuid.uuid4().hex
        store = DirectoryStore(root, clock=clock)
        for n in range(3):
            store.put(Area.RECORDS, key, bytes([n]))
        store.protect(Area.RECORDS, key, hold=False)
        died = dies_at(partial(store.destroy, Area.RECORDS, key), step)
        after = DirectoryStore(root, clock=clock)
        left = after.stat(Area.RECORDS, key)
        assert [v.version_id[:6] for v in left] == [f"{n:06d}" for n in range(1, len(left) + 1)]
        assert len(after.destroy(Area.RECORDS, key).version_ids) == len(left)
        assert object_files(root, key) == []
    assert step > 7


def test_processes_that_put_hold_and_destroy_the_same_keys_never_break_one(root: Path) -> None:
    keys = [uuid.UUID(int=n).hex for n in range(4)]
    children = []
    for seed in range(3):
        child = os.fork()
        if child == 0:
            os._exit(_muddle(DirectoryStore(root), keys, seed))
        children.append(child)
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0, 0, 0]
    store = DirectoryStore(root)
    for key in keys:
        for version in store.stat(Area.RECORDS, key):
            assert len(set(store.get(Area.RECORDS, key, version.version_id))) == 1
        if store.stat(Area.RECORDS, key):
            store.protect(Area.RECORDS, key, hold=False)
        store.destroy(Area.RECORDS, key)
    assert [p for p in root.rglob("*") if p.is_file()] == []


def _put(root: Path, clock: HandClock, key: str, data: bytes) -> None:
    DirectoryStore(root, clock=clock).put(Area.RECORDS, key, data)


def _muddle(store: DirectoryStore, keys: list[str], seed: int) -> int:
    """Put, hold, release, read and destroy at random; 1 when anything but a refusal came of it."""
    chance = random.Random(seed)
    for _ in range(120):
        key = chance.choice(keys)
        try:
            match chance.randrange(6):
                case 0 | 1:
                    store.put(Area.RECORDS, key, bytes([chance.randrange(256)]) * 5000)
                case 2:
                    store.protect(Area.RECORDS, key, hold=chance.random() < 0.3)
                case 3 if store.destroy(Area.RECORDS, key).version_ids is None:
                    return 1
                case _:
                    if len(set(store.get(Area.RECORDS, key))) != 1:
                        return 1
        except Damaged:
            return 1
        except StorageError:
            continue
    return 0
