"""What every store must do, said once. A store's own test module subclasses `StoreContract` and says how to open one.

Nothing here looks behind the six verbs, and time passes through `wait` alone: a server cannot be given a clock.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from storage.errors import (
    BadKey,
    Held,
    Locked,
    LockRefused,
    LogIsAppendOnly,
    NotFound,
)
from storage.protocol import Area, Destroyed, LockMode, Store

SHORT = timedelta(seconds=3)
"""A lock that a test waits for; longer than one request, short enough for a real server."""

NOT_KEYS = [
    "",
    "a" * 31,
    "a" * 33,
    "a" * 63,
    "A" * 32,
    "g" * 32,
    "../" + "a" * 29,
    "a" * 32 + "\n",
    "a" * 16 + "/" + "a" * 15,
]


@dataclass
class Opened:
    """A store under test."""

    store: Store
    another: Callable[[], Store]
    """Opens the same place again, as a second process would."""
    now: Callable[[], datetime]
    wait: Callable[[timedelta], None]


class StoreContract:
    """Subclass it and give a fixture `opened`."""

    @pytest.fixture
    def opened(self) -> Opened:
        raise NotImplementedError

    @pytest.fixture
    def store(self, opened: Opened) -> Store:
        return opened.store

    @pytest.fixture
    def key(self) -> str:
        return uuid.uuid4().hex

    @pytest.mark.parametrize("area", list(Area))
    @pytest.mark.parametrize("data", [b"", b"x", bytes(range(256)) * 1200], ids=["empty", "one byte", "300 KB"])
    def test_what_is_put_comes_back(self, store: Store, key: str, area: Area, data: bytes) -> None:
        version = store.put(area, key, data)
        assert store.get(area, key) == store.get(area, key, version.version_id) == data
        assert (version.size, version.sha256) == (len(data), hashlib.sha256(data).hexdigest())

    def test_a_long_key_is_a_key(self, store: Store) -> None:
        key = hashlib.sha256(uuid.uuid4().bytes).hexdigest()
        store.put(Area.RECORDS, key, b"record")
        assert store.get(Area.RECORDS, key) == b"record"

    def test_a_second_put_adds_a_version_and_keeps_the_first(self, store: Store, key: str) -> None:
        first = store.put(Area.RECORDS, key, b"first")
        second = store.put(Area.RECORDS, key, b"the second")
        assert store.get(Area.RECORDS, key) == b"the second"
        assert store.get(Area.RECORDS, key, first.version_id) == b"first"
        found = store.stat(Area.RECORDS, key)
        assert [v.version_id for v in found] == [first.version_id, second.version_id]
        assert [v.size for v in found] == [5, 10]
        assert all(v.sha256 in (None, put.sha256) for v, put in zip(found, (first, second), strict=True))

    def test_the_same_bytes_twice_are_two_versions(self, store: Store, key: str) -> None:
        ids = {store.put(Area.WORKING, key, b"same").version_id for _ in range(3)}
        assert len(ids) == len(store.stat(Area.WORKING, key)) == 3

    def test_stat_tells_when_a_version_came_and_that_nothing_protects_it(self, opened: Opened, key: str) -> None:
        opened.store.put(Area.RECORDS, key, b"record")
        (version,) = opened.store.stat(Area.RECORDS, key)
        assert abs(version.stored_at - opened.now()) < timedelta(minutes=15)
        assert version.stored_at.tzinfo is not None
        assert version.retain_until is None
        assert version.held is False

    @pytest.mark.parametrize("area", list(Area))
    def test_an_absent_key_is_not_found(self, store: Store, key: str, area: Area) -> None:
        with pytest.raises(NotFound):
            store.get(area, key)
        assert store.stat(area, key) == ()

    def test_a_version_of_another_key_is_not_found(self, store: Store, key: str) -> None:
        store.put(Area.RECORDS, key, b"one")
        other = store.put(Area.RECORDS, uuid.uuid4().hex, b"two")
        for wrong in (other.version_id, "no-such-version", ""):
            with pytest.raises(NotFound):
                store.get(Area.RECORDS, key, wrong)

    @pytest.mark.parametrize("wrong", NOT_KEYS)
    def test_what_is_no_key_is_refused_by_every_verb(self, opened: Opened, wrong: str) -> None:
        store = opened.store
        for verb in (
            lambda: store.put(Area.RECORDS, wrong, b""),
            lambda: store.get(Area.RECORDS, wrong),
            lambda: store.stat(Area.RECORDS, wrong),
            lambda: store.protect(Area.RECORDS, wrong, hold=True),
            lambda: store.destroy(Area.RECORDS, wrong),
        ):
            with pytest.raises(BadKey):
                verb()

    def test_areas_do_not_see_each_other(self, store: Store, key: str) -> None:
        for area in Area:
            store.put(area, key, area.value.encode())
        store.destroy(Area.WORKING, key)
        assert store.get(Area.RECORDS, key) == b"records"
        assert store.get(Area.LOG, key) == b"log"
        with pytest.raises(NotFound):
            store.get(Area.WORKING, key)

    def test_destroying_removes_every_version(self, store: Store, key: str) -> None:
        ids = [store.put(Area.RECORDS, key, bytes([n])).version_id for n in range(3)]
        gone = store.destroy(Area.RECORDS, key)
        assert sorted(gone.version_ids) == sorted(ids)
        assert store.stat(Area.RECORDS, key) == ()
        assert key not in set(store.list(Area.RECORDS))
        for version_id in (None, *ids):
            with pytest.raises(NotFound):
                store.get(Area.RECORDS, key, version_id)

    @pytest.mark.parametrize(("versions", "each"), [(1, 7), (2, 2)])
    def test_many_are_destroyed_at_once_each_on_its_own(self, opened: Opened, versions: int, each: int) -> None:
        store = opened.store
        free, held, locked = ([uuid.uuid4().hex for _ in range(each)] for _ in range(3))
        for key in (*free, *held, *locked):
            for data in (b"one", b"two")[:versions]:
                lock = opened.now() + timedelta(hours=1) if key in locked else None
                store.put(Area.RECORDS, key, data, retain_until=lock)
        for key in held:
            store.protect(Area.RECORDS, key, hold=True)
        never = uuid.uuid4().hex
        told = store.destroy_each(Area.RECORDS, [*locked, *free, never, *held])
        assert set(told) == {*free, *held, *locked, never}
        assert all(isinstance(told[key], Held) for key in held)
        assert all(isinstance(told[key], Locked) for key in locked)
        for key in free:
            gone = told[key]
            assert isinstance(gone, Destroyed)
            assert len(gone.version_ids) == versions
        assert isinstance(told[never], Destroyed)
        stats = store.stat_each(Area.RECORDS, [*free, *held, *locked])
        assert {key for key, versions in stats.items() if versions == ()} == set(free)
        assert all(isinstance(stats[key], tuple) and len(stats[key]) == versions for key in (*held, *locked))
        for key in held:
            store.protect(Area.RECORDS, key, hold=False)
        again = store.destroy_each(Area.RECORDS, [*free, *held, *locked], bypass_lock=True)
        assert all(isinstance(one, Destroyed) for one in again.values())
        assert set(store.list(Area.RECORDS)).isdisjoint(again)

    def test_many_log_entries_are_not_destroyed_either_and_no_key_is_passed_over(self, store: Store, key: str) -> None:
        store.put(Area.LOG, key, b"intent")
        with pytest.raises(LogIsAppendOnly):
            store.destroy_each(Area.LOG, [key])
        store.put(Area.RECORDS, key, b"record")
        with pytest.raises(BadKey):
            store.destroy_each(Area.RECORDS, [key, "../" + "a" * 29])
        assert store.get(Area.RECORDS, key) == b"record"

    def test_destroying_again_is_the_same(self, store: Store, key: str) -> None:
        assert store.destroy(Area.RECORDS, key).version_ids == ()
        store.put(Area.RECORDS, key, b"record")
        assert len(store.destroy(Area.RECORDS, key).version_ids) == 1
        assert store.destroy(Area.RECORDS, key).version_ids == ()

    def test_a_neighbour_whose_name_begins_the_same_is_left_alone(self, store: Store, key: str) -> None:
        store.put(Area.RECORDS, key, b"short name")
        store.put(Area.RECORDS, key + "0" * 32, b"long name")
        store.destroy(Area.RECORDS, key)
        assert store.get(Area.RECORDS, key + "0" * 32) == b"long name"
        assert len(store.stat(Area.RECORDS, key + "0" * 32)) == 1

    def test_a_locked_record_is_not_destroyed_before_its_time(self, opened: Opened, key: str) -> None:
        until = opened.now() + SHORT
        opened.store.put(Area.RECORDS, key, b"record", retain_until=until)
        with pytest.raises(Locked):
            opened.store.destroy(Area.RECORDS, key)
        assert opened.store.get(Area.RECORDS, key) == b"record"
        opened.wait(SHORT + timedelta(seconds=2))
        assert len(opened.store.destroy(Area.RECORDS, key).version_ids) == 1

    def test_a_lock_never_ends_early(self, opened: Opened, key: str) -> None:
        until = (opened.now() + timedelta(hours=1)).replace(microsecond=1)
        opened.store.put(Area.RECORDS, key, b"record", retain_until=until)
        (version,) = opened.store.stat(Area.RECORDS, key)
        assert version.retain_until is not None
        assert until <= version.retain_until < until + timedelta(seconds=1)

    def test_one_locked_version_keeps_them_all(self, opened: Opened, key: str) -> None:
        opened.store.put(Area.RECORDS, key, b"one", retain_until=opened.now() + timedelta(hours=1))
        opened.store.put(Area.RECORDS, key, b"two")
        with pytest.raises(Locked):
            opened.store.destroy(Area.RECORDS, key)
        assert len(opened.store.stat(Area.RECORDS, key)) == 2

    def test_the_break_glass_role_ends_a_lock(self, opened: Opened, key: str) -> None:
        opened.store.put(Area.RECORDS, key, b"record", retain_until=opened.now() + timedelta(hours=1))
        assert len(opened.store.destroy(Area.RECORDS, key, bypass_lock=True).version_ids) == 1

    def test_nobody_passes_a_hold(self, store: Store, key: str) -> None:
        store.put(Area.RECORDS, key, b"record")
        store.protect(Area.RECORDS, key, hold=True)
        for bypass in (False, True):
            with pytest.raises(Held):
                store.destroy(Area.RECORDS, key, bypass_lock=bypass)
        assert store.get(Area.RECORDS, key) == b"record"
        (version,) = store.protect(Area.RECORDS, key, hold=False)
        assert version.held is False
        store.destroy(Area.RECORDS, key)

    def test_a_hold_lies_on_every_version_there_is(self, store: Store, key: str) -> None:
        for n in range(3):
            store.put(Area.RECORDS, key, bytes([n]))
        assert [v.held for v in store.protect(Area.RECORDS, key, hold=True)] == [True] * 3
        store.put(Area.RECORDS, key, b"later")
        with pytest.raises(Held):
            store.destroy(Area.RECORDS, key, bypass_lock=True)
        assert len(store.stat(Area.RECORDS, key)) == 4
        store.protect(Area.RECORDS, key, hold=False)

    def test_a_lock_is_lengthened_and_never_shortened(self, opened: Opened, key: str) -> None:
        now = opened.now().replace(microsecond=0)
        opened.store.put(Area.RECORDS, key, b"record", retain_until=now + timedelta(days=2))
        (version,) = opened.store.protect(Area.RECORDS, key, retain_until=now + timedelta(days=9))
        assert version.retain_until == now + timedelta(days=9)
        with pytest.raises(LockRefused):
            opened.store.protect(Area.RECORDS, key, retain_until=now + timedelta(days=3))
        assert opened.store.stat(Area.RECORDS, key)[0].retain_until == now + timedelta(days=9)
        opened.store.destroy(Area.RECORDS, key, bypass_lock=True)

    def test_holding_leaves_the_lock_and_locking_leaves_the_hold(self, opened: Opened, key: str) -> None:
        until = opened.now().replace(microsecond=0) + timedelta(days=1)
        opened.store.put(Area.RECORDS, key, b"record", retain_until=until)
        (held,) = opened.store.protect(Area.RECORDS, key, hold=True)
        assert (held.retain_until, held.held) == (until, True)
        (longer,) = opened.store.protect(Area.RECORDS, key, retain_until=until + timedelta(days=1))
        assert (longer.retain_until, longer.held) == (until + timedelta(days=1), True)
        opened.store.protect(Area.RECORDS, key, hold=False)
        opened.store.destroy(Area.RECORDS, key, bypass_lock=True)

    def test_an_absent_key_cannot_be_protected(self, store: Store, key: str) -> None:
        with pytest.raises(NotFound):
            store.protect(Area.RECORDS, key, hold=True)

    def test_a_lock_that_has_ended_before_it_began_is_refused(self, opened: Opened, key: str) -> None:
        for past in (opened.now() - timedelta(days=1), datetime(1999, 1, 1, tzinfo=UTC)):
            with pytest.raises(LockRefused):
                opened.store.put(Area.RECORDS, key, b"record", retain_until=past)
        assert opened.store.stat(Area.RECORDS, key) == ()

    def test_a_time_without_a_zone_is_refused(self, opened: Opened, key: str) -> None:
        naive = (opened.now() + timedelta(days=1)).replace(tzinfo=None)
        with pytest.raises(LockRefused):
            opened.store.put(Area.RECORDS, key, b"record", retain_until=naive)

    def test_working_bytes_are_never_locked_or_held(self, opened: Opened, key: str) -> None:
        later = opened.now() + timedelta(days=1)
        with pytest.raises(LockRefused):
            opened.store.put(Area.WORKING, key, b"draft", retain_until=later)
        opened.store.put(Area.WORKING, key, b"draft")
        with pytest.raises(LockRefused):
            opened.store.protect(Area.WORKING, key, retain_until=later)
        with pytest.raises(LockRefused):
            opened.store.protect(Area.WORKING, key, hold=True)
        assert len(opened.store.destroy(Area.WORKING, key).version_ids) == 1

    def test_the_log_only_grows(self, store: Store, key: str) -> None:
        store.put(Area.LOG, key, b"intent")
        for bypass in (False, True):
            with pytest.raises(LogIsAppendOnly):
                store.destroy(Area.LOG, key, bypass_lock=bypass)
        assert store.get(Area.LOG, key) == b"intent"

    def test_list_gives_every_key_once(self, store: Store) -> None:
        keys = {uuid.uuid4().hex for _ in range(20)}
        for key in keys:
            for n in range(2):
                store.put(Area.WORKING, key, bytes([n]))
        listed = store.list(Area.WORKING)
        assert isinstance(listed, Iterator)
        found = [key for key in listed if key in keys]
        assert sorted(found) == sorted(keys)

    def test_a_held_and_locked_key_is_listed_once(self, opened: Opened, key: str) -> None:
        opened.store.put(Area.RECORDS, key, b"record", retain_until=opened.now() + timedelta(hours=1))
        opened.store.protect(Area.RECORDS, key, hold=True)
        assert list(opened.store.list(Area.RECORDS)).count(key) == 1
        opened.store.protect(Area.RECORDS, key, hold=False)
        opened.store.destroy(Area.RECORDS, key, bypass_lock=True)

    def test_another_opening_of_the_same_place_sees_and_obeys_everything(self, opened: Opened, key: str) -> None:
        opened.store.put(Area.RECORDS, key, b"record", retain_until=opened.now() + timedelta(hours=1))
        opened.store.protect(Area.RECORDS, key, hold=True)
        other = opened.another()
        assert other.get(Area.RECORDS, key) == b"record"
        assert other.stat(Area.RECORDS, key) == opened.store.stat(Area.RECORDS, key)
        with pytest.raises(Held):
            other.destroy(Area.RECORDS, key, bypass_lock=True)
        other.protect(Area.RECORDS, key, hold=False)
        with pytest.raises(Locked):
            opened.store.destroy(Area.RECORDS, key)
        opened.store.destroy(Area.RECORDS, key, bypass_lock=True)

    def test_writers_of_one_key_at_once_lose_nothing(self, store: Store, key: str) -> None:
        with ThreadPoolExecutor(8) as pool:
            put = list(pool.map(lambda n: store.put(Area.WORKING, key, bytes([n]) * 1000), range(16)))
        assert {v.version_id for v in put} == {v.version_id for v in store.stat(Area.WORKING, key)}
        assert {store.get(Area.WORKING, key, v.version_id)[0] for v in put} == set(range(16))

    def test_the_store_says_what_its_locks_are_worth(self, store: Store) -> None:
        protection = store.effective_protection
        assert protection.mode in LockMode
        assert protection.enforced_by in ("software", "server")
        assert protection.sentence
