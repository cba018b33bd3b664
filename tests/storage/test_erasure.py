"""The second date of a destruction: from when no backup opens either."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from crashing import dies_at, every_step
from hypothesis import given
from hypothesis import strategies as st
from vault_setting import HandClock, open_at

from storage.backup import back_up
from storage.embedded import Places, open_keyring
from storage.epochs import EpochKeys
from storage.erasure import end_of, erasure, turn_after
from storage.errors import EpochInUse, StandbyAbsent
from storage.keyring import Keyring
from storage.keyring_facts import Epoch, KeyScope
from storage.master import MasterKey
from storage.protocol import Area
from storage.restore import restore
from storage.standby import Standbys
from storage.vault import Vault
from tests.cluster import on_sqlite_only

WINDOW = timedelta(days=14)


def epoch(number: int, opened: datetime, ended: datetime | None = None) -> Epoch:
    return Epoch(number=number, opened_at=opened, ended_at=ended)


def day(month: int, of_month: int, hour: int = 0) -> datetime:
    return datetime(2026, month, of_month, hour, tzinfo=UTC)


def test_a_destruction_is_pending_until_the_epoch_of_its_day_has_ended() -> None:
    november, december = epoch(1, day(11, 1)), epoch(2, day(12, 1, 3))
    found = erasure([november], day(11, 20), window=WINDOW)
    assert (found.effective_at, found.planned) == (None, day(12, 15).date())
    found = erasure([november, december], day(11, 20), window=WINDOW)
    assert (found.effective_at, found.planned) == (None, day(12, 15).date())
    ended = replace(november, ended_at=day(12, 15, 4))
    assert erasure([ended, december], day(11, 20), window=WINDOW).effective_at == day(12, 15, 4)


def test_a_key_destroyed_in_the_window_was_wrapped_by_both_epochs_and_waits_for_the_later() -> None:
    november, december = epoch(1, day(11, 1), day(12, 15)), epoch(2, day(12, 1))
    found = erasure([november, december], day(12, 3), window=WINDOW)
    assert found.effective_at is None
    assert found.planned == datetime(2027, 1, 15, tzinfo=UTC).date()


def test_an_epoch_opened_within_the_second_of_the_destruction_counts() -> None:
    opened = day(12, 1) + timedelta(milliseconds=600)
    assert erasure([epoch(1, opened)], day(12, 1), window=WINDOW).effective_at is None


@given(
    gaps=st.lists(st.integers(1, 60), min_size=1, max_size=8),
    ended=st.integers(0, 8),
    at=st.integers(0, 500),
    days=st.integers(1, 90),
)
def test_no_date_is_given_while_an_epoch_that_wrapped_the_key_can_still_be_read(
    gaps: list[int], ended: int, at: int, days: int
) -> None:
    opened, made = day(1, 1), []
    for number, gap in enumerate(gaps, start=1):
        made.append(epoch(number, opened))
        opened += timedelta(days=gap)
    window = timedelta(days=days)
    made = [replace(one, ended_at=end_of(one, made, window=window)) if one.number <= ended else one for one in made]
    destroyed = day(1, 1) + timedelta(days=at)
    found = erasure(made, destroyed, window=window)
    concerned = [one for one in made if one.opened_at <= destroyed]
    if any(one.ended_at is None for one in concerned):
        assert found.effective_at is None
    else:
        assert found.effective_at is not None
        assert found.effective_at >= destroyed
        assert all(one.ended_at is not None and one.ended_at <= found.effective_at for one in concerned)


def test_the_turn_is_the_first_of_the_next_month_in_every_month() -> None:
    assert turn_after(day(1, 31, 23)) == day(2, 1)
    assert turn_after(day(2, 1)) == day(3, 1)
    assert turn_after(day(12, 31)) == datetime(2027, 1, 1, tzinfo=UTC)


@pytest.fixture
def keyring(places: Places, master: MasterKey, clock: HandClock) -> Keyring:
    return open_keyring(places, EpochKeys(places.epochs, master), clock=clock)


def test_what_lives_moves_on_with_the_month_and_the_old_epoch_stays_until_it_is_ended(
    keyring: Keyring, clock: HandClock, new_id: Callable[[], str]
) -> None:
    ids = [new_id() for _ in range(1100)]  # several batches
    secrets = {one: keyring.create(one, KeyScope.RECORDS).secret for one in ids}
    assert keyring.waiting() == 0
    assert keyring.move_on().moved == 0
    clock.pass_(timedelta(days=10))
    assert keyring.waiting() == 1100
    done = keyring.move_on()
    assert (done.epoch, done.moved, keyring.waiting()) == (2, 1100, 0)
    assert keyring.epochs.numbers() == (1, 2)
    assert keyring.epochs_in_use() == (2,)
    assert keyring.move_on().moved == 0, "once a month"
    at = keyring.end_epochs([1])
    assert keyring.epochs.numbers() == (2,)
    assert [one.ended_at for one in keyring.known_epochs()] == [at, None]
    clock.pass_(timedelta(days=1))
    keyring.end_epochs([1])
    assert keyring.known_epochs()[0].ended_at == at, "an epoch keeps its day"
    assert {one: keyring.get(one).secret for one in ids} == secrets
    keyring.close()


def test_an_epoch_that_a_living_key_needs_or_new_keys_go_to_is_not_ended(
    keyring: Keyring, clock: HandClock, new_id: Callable[[], str]
) -> None:
    one = new_id()
    keyring.create(one, KeyScope.RECORDS)
    clock.pass_(timedelta(days=10))
    keyring.create(new_id(), KeyScope.RECORDS)
    for number in (1, 2):
        with pytest.raises(EpochInUse):
            keyring.end_epochs([number])
    keyring.move_on()
    with pytest.raises(EpochInUse):
        keyring.end_epochs([1, 2])
    assert keyring.epochs.numbers() == (1, 2), "nothing of the list was ended"
    keyring.close()


def test_an_epoch_ends_in_the_standby_first(
    keyring: Keyring, clock: HandClock, new_id: Callable[[], str], tmp_path: Path
) -> None:
    keyring.create(new_id(), KeyScope.RECORDS)
    keyring.epochs.mirror(tmp_path / "stick")
    clock.pass_(timedelta(days=10))
    keyring.move_on()
    keyring.end_epochs([1], standbys=[tmp_path / "stick"])
    assert not (tmp_path / "stick" / "epoch-000001.key").exists()
    keyring.close()


@every_step
def test_a_turn_killed_anywhere_ends_with_one_living_epoch_and_loses_no_key(
    places: Places, master: MasterKey, clock: HandClock, new_id: Callable[[], str], stride: int
) -> None:
    keyring = open_keyring(places, EpochKeys(places.epochs, master), clock=clock)
    ids = [new_id() for _ in range(3)]
    secrets = [keyring.create(one, KeyScope.RECORDS).secret for one in ids]
    step, died = 0, True
    while died:
        step += stride
        clock.pass_(timedelta(days=32))
        before = len(keyring.known_epochs())
        died = dies_at(partial(_turned, places, master, clock), step)
        assert [keyring.get(one).secret for one in ids] == secrets
        _turned(places, master, clock)
        known = keyring.known_epochs()
        # a key file without its row, of a turn killed between the two, is taken for the month before's and ends too
        assert len(known) - before in (1, 2)
        assert len(keyring.epochs.numbers()) == 1
        assert [one.ended_at is None for one in known] == [False] * (len(known) - 1) + [True]
        assert [keyring.get(one).secret for one in ids] == secrets
    assert step > 20
    keyring.close()


def _turned(places: Places, master: MasterKey, clock: HandClock) -> None:
    keyring = open_keyring(places, EpochKeys(places.epochs, master), clock=clock)
    keyring.move_on()
    keyring.end_epochs([one.number for one in keyring.known_epochs()[:-1] if one.ended_at is None])
    keyring.close()


@on_sqlite_only
def test_the_whole_backup_from_before_opens_within_the_window_and_never_after(
    vault: Vault, places: Places, master: MasterKey, clock: HandClock, new_id: Callable[[], str], tmp_path: Path
) -> None:
    """The complete backup, the master key, and every epoch key that is left: what a thief could have."""
    one, kept = new_id(), new_id()
    vault.put(one, b"somebody's addiction", area=Area.RECORDS)
    vault.put(kept, b"what lives on", area=Area.RECORDS)
    back_up(vault, tmp_path / "before", databases={}, now=clock())
    vault.destroy(one, Area.RECORDS, reason_code="due")
    destroyed_at = clock()

    assert _read_from_the_backup(tmp_path / "before", tmp_path / "thief-1", places, master, one, clock)
    assert erasure(vault.keyring.known_epochs(), destroyed_at, window=WINDOW).effective_at is None
    clock.pass_(timedelta(days=10))
    vault.keyring.move_on()
    assert _read_from_the_backup(tmp_path / "before", tmp_path / "thief-2", places, master, one, clock)
    done = restore(
        tmp_path / "before", Places(tmp_path / "new", places.keys), log=vault.log, master=master, now=clock()
    )
    assert (done.opened, done.left_out, done.unreadable) == (1, 1, ()), "within the window, without what was destroyed"

    clock.pass_(timedelta(days=14))
    vault.keyring.end_epochs([1])
    assert not _read_from_the_backup(tmp_path / "before", tmp_path / "thief-3", places, master, one, clock)
    assert not _read_from_the_backup(tmp_path / "before", tmp_path / "thief-4", places, master, kept, clock)
    assert erasure(vault.keyring.known_epochs(), destroyed_at, window=WINDOW).effective_at == clock()
    assert vault.get(kept, Area.RECORDS) == b"what lives on"
    back_up(vault, tmp_path / "after", databases={}, now=clock())
    assert _read_from_the_backup(tmp_path / "after", tmp_path / "thief-5", places, master, kept, clock)
    assert not list((tmp_path / "after").rglob(f"{one}*"))


def _read_from_the_backup(
    source: Path, place: Path, places: Places, master: MasterKey, one: str, clock: HandClock
) -> bool:
    """Whether a record opens from a copy of the keyring and the objects, whatever the log says."""
    import shutil

    from storage.envelope import context_of, unseal
    from storage.errors import StorageError

    place.mkdir(mode=0o700)
    shutil.copy(source / "keyring.db", place / "keyring.db")
    keyring = open_keyring(Places(place, places.keys), EpochKeys(places.epochs, master), clock=clock)
    (path,) = (source / "objects").glob(f"records/*/{one}.*")
    try:
        return bool(unseal(keyring.get(one).secret, path.read_bytes(), context_of("confide/object/1", "records", one)))
    except StorageError:
        return False
    finally:
        keyring.close()


@on_sqlite_only
def test_a_restored_keyring_learns_of_the_epochs_that_came_after_it(
    vault: Vault, places: Places, master: MasterKey, clock: HandClock, new_id: Callable[[], str], tmp_path: Path
) -> None:
    vault.put(new_id(), b"x", area=Area.RECORDS)
    back_up(vault, tmp_path / "before", databases={}, now=clock())
    clock.pass_(timedelta(days=10))
    vault.keyring.move_on()
    later = new_id()
    vault.put(later, b"y", area=Area.RECORDS)
    clock.pass_(timedelta(days=1))
    destroyed_at = clock()
    vault.destroy(later, Area.RECORDS, reason_code="due")
    new = Places(tmp_path / "new", places.keys)
    restore(tmp_path / "before", new, log=vault.log, master=master, now=clock())
    restored = open_at(new, master, clock)
    restored.keyring.move_on()
    assert [one.number for one in restored.keyring.known_epochs()][:2] == [1, 2]
    assert erasure(restored.keyring.known_epochs(), destroyed_at, window=WINDOW).effective_at is None
    restored.keyring.close()


def test_an_empty_mount_point_is_not_the_standby(tmp_path: Path, places: Places, master: MasterKey) -> None:
    standbys, stick = Standbys(places.keys), tmp_path / "stick"
    assert standbys.present() == ()
    standbys.take(stick)
    standbys.take(stick)
    assert standbys.present() == (stick,)
    stick.rename(tmp_path / "unplugged")
    for empty in (False, True):
        if empty:
            stick.mkdir(mode=0o700)
        with pytest.raises(StandbyAbsent):
            standbys.take(stick)
        with pytest.raises(StandbyAbsent):
            standbys.present()
    assert list(stick.iterdir()) == [], "nothing was written there"
    stick.rmdir()
    (tmp_path / "unplugged").rename(stick)
    assert standbys.present() == (stick,)


def test_a_standby_that_was_lost_for_good_is_forgotten_by_hand(
    tmp_path: Path, places: Places, master: MasterKey
) -> None:
    standbys = Standbys(places.keys)
    standbys.take(tmp_path / "stick")
    assert not standbys.forget(tmp_path / "another")
    assert standbys.forget(tmp_path / "stick")
    assert standbys.known() == {}
