"""The keyring: keys that are there when they are needed, and nowhere once they are destroyed."""

from __future__ import annotations

import os
import random
import stat
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from crashing import dies_at, every_step
from vault_setting import HandClock

from storage.embedded import Places, open_keyring
from storage.epochs import EpochKeys
from storage.errors import (
    BadKey,
    EpochGone,
    KeyDestroyed,
    KeyExists,
    KeyNotFound,
    Tampered,
    UnsafePlace,
    WrongMasterKey,
)
from storage.keyring import Keyring
from storage.keyring_facts import KeyScope
from storage.master import MasterKey
from storage.sqlite_keyring import SqliteKeyring
from tests.cluster import ON_POSTGRESQL, on_sqlite_only, shared_cluster


@pytest.fixture
def epochs(places: Places, master: MasterKey) -> EpochKeys:
    return EpochKeys(places.epochs, master)


@pytest.fixture
def keyring(places: Places, epochs: EpochKeys, clock: HandClock) -> Iterator[Keyring]:
    opened = open_keyring(places, epochs, clock=clock)
    yield opened
    opened.close()


def on_disk(places: Places) -> bytes:
    """Every byte of the keyring's files: database, SQLite's write-ahead log and shared memory; PostgreSQL's tables."""
    if ON_POSTGRESQL:
        return shared_cluster().files_of(places.keyring_url or "")
    return b"".join(path.read_bytes() for path in places.home.glob("keyring.db*"))


def wrapped(keyring: Keyring) -> dict[str, bytes]:
    return dict(keyring._db().execute("SELECT object_id, wrapped FROM data_key").fetchall())


def test_a_key_is_made_once_and_comes_back(keyring: Keyring, new_id: Callable[[], str]) -> None:
    one = new_id()
    made = keyring.create(one, KeyScope.RECORDS)
    assert keyring.get(one) == made
    assert len(made.secret) == 32
    assert keyring.exists(one)
    with pytest.raises(KeyExists):
        keyring.create(one, KeyScope.RECORDS)


def test_no_two_keys_are_the_same(keyring: Keyring, new_id: Callable[[], str]) -> None:
    assert len({keyring.create(new_id(), KeyScope.OWNER).secret for _ in range(50)}) == 50


def test_an_unknown_id_has_no_key(keyring: Keyring, new_id: Callable[[], str]) -> None:
    one = new_id()
    with pytest.raises(KeyNotFound):
        keyring.get(one)
    assert not keyring.exists(one)
    assert not keyring.is_destroyed(one)


def test_an_id_that_is_no_id_is_refused(keyring: Keyring) -> None:
    for verb in (keyring.get, keyring.exists, keyring.destroy, partial(keyring.create, scope=KeyScope.OWNER)):
        with pytest.raises(BadKey):
            verb("Jane Doe")


def test_a_destroyed_key_is_gone_for_good(keyring: Keyring, new_id: Callable[[], str]) -> None:
    one = new_id()
    keyring.create(one, KeyScope.RECORDS)
    keyring.destroy(one)
    keyring.destroy(one)
    assert keyring.is_destroyed(one)
    assert not keyring.exists(one)
    with pytest.raises(KeyDestroyed):
        keyring.get(one)
    with pytest.raises(KeyDestroyed):
        keyring.create(one, KeyScope.RECORDS)


def test_an_id_destroyed_before_it_was_known_never_gets_a_key(keyring: Keyring, new_id: Callable[[], str]) -> None:
    one = new_id()
    keyring.destroy(one)
    with pytest.raises(KeyDestroyed):
        keyring.create(one, KeyScope.RECORDS)


def test_the_bytes_of_a_destroyed_key_are_nowhere_in_the_keyring(
    keyring: Keyring, places: Places, new_id: Callable[[], str]
) -> None:
    ids = [new_id() for _ in range(400)]
    for one in ids:
        keyring.create(one, KeyScope.RECORDS)
    before = wrapped(keyring)
    assert all(before[one] in on_disk(places) for one in ids)
    random.Random(1).shuffle(ids)
    gone, alive = ids[:100], ids[100:]
    for one in gone[:20]:
        keyring.destroy(one)
    keyring.destroy(*gone[20:])
    left = on_disk(places)
    assert [one for one in gone if before[one] in left or before[one][12:] in left] == []
    assert all(before[one] in left for one in alive)
    assert all(keyring.get(one).secret for one in alive)
    if not ON_POSTGRESQL:
        assert (places.home / "keyring.db-wal").stat().st_size == 0


def test_no_key_lies_anywhere_in_clear(keyring: Keyring, places: Places, new_id: Callable[[], str]) -> None:
    secrets = [keyring.create(new_id(), KeyScope.RECORDS).secret for _ in range(20)]
    everything = on_disk(places) + b"".join(p.read_bytes() for p in places.epochs.iterdir())
    assert not any(secret in everything for secret in [*secrets, keyring.epochs.load(1)])


@on_sqlite_only
def test_the_keyring_is_private(keyring: Keyring, places: Places, new_id: Callable[[], str]) -> None:
    keyring.create(new_id(), KeyScope.RECORDS)
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in places.home.glob("keyring.db*")}
    assert len(modes) == 3
    assert set(modes.values()) == {0o600}
    assert {stat.S_IMODE(p.stat().st_mode) for p in places.epochs.iterdir()} == {0o400}


def test_a_key_put_in_anothers_row_does_not_open(keyring: Keyring, new_id: Callable[[], str]) -> None:
    one, other = new_id(), new_id()
    keyring.create(one, KeyScope.RECORDS)
    keyring.create(other, KeyScope.RECORDS)
    stolen = wrapped(keyring)[one]
    keyring._db().execute("UPDATE data_key SET wrapped = ? WHERE object_id = ?", (stolen, other))
    with pytest.raises(Tampered):
        keyring.get(other)
    keyring._db().execute("UPDATE data_key SET scope = 'owner' WHERE object_id = ?", (one,))
    with pytest.raises(Tampered):
        keyring.get(one)


def test_ids_are_listed_by_scope_in_order_of_creation(keyring: Keyring, new_id: Callable[[], str]) -> None:
    records = [new_id() for _ in range(7)]
    for one in records:
        keyring.create(one, KeyScope.RECORDS)
    owner = new_id()
    keyring.create(owner, KeyScope.OWNER)
    keyring.destroy(records[2])
    del records[2]
    assert list(keyring.list_ids(KeyScope.RECORDS)) == records
    assert list(keyring.list_ids()) == [*records, owner]


def test_every_month_has_an_epoch_of_its_own(keyring: Keyring, clock: HandClock, new_id: Callable[[], str]) -> None:
    first, second = new_id(), new_id()
    keyring.create(first, KeyScope.RECORDS)
    keyring.create(new_id(), KeyScope.RECORDS)
    assert keyring.epochs.numbers() == (1,)
    clock.pass_(timedelta(days=10))
    keyring.create(second, KeyScope.RECORDS)
    assert keyring.epochs.numbers() == (1, 2)
    clock.pass_(timedelta(days=-60))
    keyring.create(new_id(), KeyScope.RECORDS)
    assert keyring.epochs.numbers() == (1, 2)
    assert keyring.get(first).secret != keyring.get(second).secret


@on_sqlite_only
def test_after_a_rewrap_an_old_copy_of_the_keyring_cannot_be_read_with_the_master_key(
    keyring: Keyring,
    places: Places,
    master: MasterKey,
    clock: HandClock,
    new_id: Callable[[], str],
    tmp_path: Path,
) -> None:
    ids = [new_id() for _ in range(20)]
    secrets = {one: keyring.create(one, KeyScope.RECORDS).secret for one in ids}
    keyring.destroy(ids[0])
    old = wrapped(keyring)
    copy = tmp_path / "old" / "keyring.db"
    copy.parent.mkdir(mode=0o700)
    keyring._forget()
    copy.write_bytes(places.keyring.read_bytes())

    before = SqliteKeyring(copy, EpochKeys(places.epochs, master), clock=clock)
    assert before.get(ids[1]).secret == secrets[ids[1]]
    done = keyring.rewrap()
    assert (done.moved, done.destroyed, done.epoch) == (19, (1,), 2)
    assert not any(old[one] in on_disk(places) for one in ids[1:])
    assert {one: keyring.get(one).secret for one in ids[1:]} == {one: secrets[one] for one in ids[1:]}
    before.close()

    after = SqliteKeyring(copy, EpochKeys(places.epochs, master), clock=clock)
    for one in ids[1:]:
        with pytest.raises(EpochGone):
            after.get(one)
    after.close()


def test_a_key_read_while_another_process_rewraps_is_found(
    keyring: Keyring,
    places: Places,
    epochs: EpochKeys,
    clock: HandClock,
    new_id: Callable[[], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = new_id()
    secret = keyring.create(one, KeyScope.RECORDS).secret
    other = open_keyring(places, epochs, clock=clock)
    read = other._row

    def rewrapped_just_after(object_id: str) -> tuple[KeyScope, int, bytes]:
        row = read(object_id)
        monkeypatch.undo()
        keyring.rewrap()
        return row

    monkeypatch.setattr(other, "_row", rewrapped_just_after)
    assert other.get(one).secret == secret
    other.close()


def test_keys_made_while_another_process_rewraps_are_not_lost(
    keyring: Keyring, places: Places, clock: HandClock
) -> None:
    for n in range(100):
        keyring.create(uuid.UUID(int=n).hex, KeyScope.RECORDS)
    child = os.fork()
    if child == 0:
        for n in range(100, 300):
            keyring.create(uuid.UUID(int=n).hex, KeyScope.RECORDS)
        os._exit(0)
    for _ in range(4):
        keyring.rewrap()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert sum(1 for one in keyring.list_ids() if keyring.get(one).secret) == 300


def test_processes_that_want_the_same_key_agree_on_one(keyring: Keyring, places: Places) -> None:
    ids = [uuid.UUID(int=n).hex for n in range(60)]
    readings = []
    for _ in range(3):
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            got = b"".join(_made_or_read(keyring, one) for one in ids)
            os.write(writing, got)
            os._exit(0)
        os.close(writing)
        readings.append((child, reading))
    found = set()
    for child, reading in readings:
        with os.fdopen(reading, "rb") as pipe:
            found.add(pipe.read())
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert found == {b"".join(keyring.get(one).secret for one in ids)}


def _made_or_read(keyring: Keyring, one: str) -> bytes:
    try:
        return keyring.create(one, KeyScope.RECORDS).secret
    except KeyExists:
        return keyring.get(one).secret


def test_a_destruction_killed_anywhere_leaves_the_key_or_no_trace_of_it(
    keyring: Keyring, places: Places, epochs: EpochKeys, clock: HandClock
) -> None:
    keyring.create(uuid.uuid4().hex, KeyScope.RECORDS)
    step, died = 0, True
    while died:
        step += 1
        one = uuid.uuid4().hex
        keyring.create(one, KeyScope.RECORDS)
        bytes_of_key = wrapped(keyring)[one]
        died = dies_at(partial(_destroy, places, epochs, clock, one), step)
        assert keyring.exists(one) or keyring.is_destroyed(one)
        keyring.destroy(one)
        assert bytes_of_key not in on_disk(places)
    assert step > 5


@every_step
def test_a_rewrap_killed_anywhere_loses_no_key(
    keyring: Keyring, places: Places, epochs: EpochKeys, clock: HandClock, stride: int
) -> None:
    ids = [uuid.uuid4().hex for _ in range(3)]
    secrets = [keyring.create(one, KeyScope.RECORDS).secret for one in ids]
    step, died = 0, True
    while died:
        step += stride
        died = dies_at(partial(_rewrap, places, epochs, clock), step)
        assert [keyring.get(one).secret for one in ids] == secrets
        keyring.rewrap()
        assert len(epochs.numbers()) == 1
        assert [keyring.get(one).secret for one in ids] == secrets
    assert step > 20


def _destroy(places: Places, epochs: EpochKeys, clock: HandClock, one: str) -> None:
    open_keyring(places, epochs, clock=clock).destroy(one)


def _rewrap(places: Places, epochs: EpochKeys, clock: HandClock) -> None:
    open_keyring(places, epochs, clock=clock).rewrap()


def test_a_destroyed_epoch_is_overwritten_where_it_lay(epochs: EpochKeys, places: Places) -> None:
    epochs.create(1)
    with (places.epochs / "epoch-000001.key").open("rb") as still_open:
        content = still_open.read()
        epochs.destroy(1)
        still_open.seek(0)
        assert still_open.read() == bytes(len(content))
    assert epochs.numbers() == ()
    with pytest.raises(EpochGone):
        epochs.load(1)
    epochs.destroy(1)


def test_an_epoch_does_not_open_under_another_master_key_or_number(epochs: EpochKeys, places: Places) -> None:
    epochs.create(1)
    with pytest.raises(WrongMasterKey):
        EpochKeys(places.epochs, MasterKey(bytes(32))).load(1)
    (places.epochs / "epoch-000001.key").rename(places.epochs / "epoch-000002.key")
    with pytest.raises(WrongMasterKey):
        epochs.load(2)


def test_a_change_of_the_master_key_touches_no_data_key(
    keyring: Keyring, epochs: EpochKeys, places: Places, clock: HandClock, new_id: Callable[[], str]
) -> None:
    one = new_id()
    secret = keyring.create(one, KeyScope.RECORDS).secret
    before = wrapped(keyring)
    successor = MasterKey(bytes(range(32)))
    epochs.rotate(successor)
    assert wrapped(keyring) == before
    again = open_keyring(places, EpochKeys(places.epochs, successor), clock=clock)
    assert again.get(one).secret == secret
    again.close()


@every_step
def test_a_change_of_the_master_key_killed_anywhere_is_finished_by_the_same_call(
    master: MasterKey, places: Places, stride: int
) -> None:
    successor = MasterKey(bytes(range(32)))
    step, died = 0, True
    while died:
        step += stride
        epochs = EpochKeys(places.epochs, master)
        for number in epochs.numbers():
            epochs.destroy(number)
        keys = [epochs.create(number) for number in (1, 2)]
        died = dies_at(partial(epochs.rotate, successor), step)
        EpochKeys(places.epochs, master).rotate(successor)
        assert [EpochKeys(places.epochs, successor).load(number) for number in (1, 2)] == keys
    assert step > 20


def test_the_standby_copy_follows_and_forgets(epochs: EpochKeys, master: MasterKey, tmp_path: Path) -> None:
    standby = tmp_path / "standby"
    keys = [epochs.create(number) for number in (1, 2)]
    assert epochs.mirror(standby) == ()
    assert [EpochKeys(standby, master).load(number) for number in (1, 2)] == keys
    epochs.destroy(1)
    epochs.create(3)
    assert epochs.mirror(standby) == (1,)
    assert EpochKeys(standby, master).numbers() == (2, 3)


@on_sqlite_only
def test_a_keyring_of_a_later_version_is_refused(keyring: Keyring, places: Places, epochs: EpochKeys) -> None:
    keyring._db().execute("PRAGMA user_version=2")
    with pytest.raises(UnsafePlace, match="later version"):
        open_keyring(places, epochs)


def test_a_key_shows_nothing_of_itself(keyring: Keyring, new_id: Callable[[], str]) -> None:
    key = keyring.create(new_id(), KeyScope.RECORDS)
    assert repr(key.secret) not in repr(key)
    assert key.secret.hex() not in repr(key)


def test_the_day_of_a_destruction_is_kept(keyring: Keyring, new_id: Callable[[], str]) -> None:
    one = new_id()
    keyring.create(one, KeyScope.RECORDS)
    keyring.destroy(one)
    row = keyring._db().execute("SELECT destroyed_at FROM data_key WHERE object_id = ?", (one,)).fetchone()
    assert datetime.fromisoformat(row[0]) == datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
