"""The master key changed: file or KMS, in every direction, killed at every step, and never a record touched."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from crashing import dies_at, every_step
from test_custody import aws, kms_place  # noqa: F401 - fixtures

from storage import rotation
from storage.custody import IN_A_FILE, Custody, KeptMaster, KeyPlace, Stage
from storage.embedded import Places, create_master, open_vault
from storage.epochs import EpochKeys
from storage.errors import RotationNotConfirmed, WrongMasterKey
from storage.master import MasterKey
from storage.protocol import Area
from storage.wrapped_file import WrappedFile


@pytest.fixture
def extra(tmp_path: Path) -> WrappedFile:
    """Something else that the master key wraps, as the certificate authority is."""
    return WrappedFile(path=tmp_path / "keys" / "authority" / "authority.sealed", context={"kept": "authority"})


def changed(places: Places, to: KeyPlace, extra: WrappedFile | None = None) -> rotation.Rotated:
    """A whole change, shares confirmed."""
    rotation.prepare(places.custody, to)
    rotation.confirm(places.custody)
    return finished(places, extra)


def finished(places: Places, extra: WrappedFile | None = None) -> rotation.Rotated:
    epochs = EpochKeys(places.epochs, KeptMaster(places.custody))
    return rotation.finish(places.custody, epochs, [extra] if extra else [])


@pytest.mark.parametrize("way", ["file to file", "file to kms", "kms to file", "kms to kms"])
def test_after_a_change_of_the_master_key_everything_opens_and_no_record_or_row_was_touched(
    way: str,
    places: Places,
    kms_place: KeyPlace,  # noqa: F811
    extra: WrappedFile,
    tmp_path: Path,
) -> None:
    source, target = (kms_place if each == "kms" else IN_A_FILE for each in way.split(" to "))
    create_master(places, source)
    vault = open_vault(places)
    vault.put("a" * 32, b"signed", area=Area.RECORDS)
    field = vault.seal_field("b" * 32, "client.legal_name", b"Jane Doe")
    vault.keyring.rewrap()  # two epochs have been
    vault.keyring.close()
    (tmp_path / "keys" / "authority").mkdir(mode=0o700)
    extra.create(b"three keys", KeptMaster(places.custody))
    before = {path: path.read_bytes() for path in places.home.rglob("*") if path.is_file()}
    old = places.custody.load()

    done = changed(places, target, extra)

    assert {path: path.read_bytes() for path in places.home.rglob("*") if path.is_file()} == before
    assert done.rewrapped == 2
    assert places.custody.place().keeper is target.keeper
    assert places.custody.key_id() == done.key_id != old.key_id
    again = open_vault(places)
    assert again.get("a" * 32, Area.RECORDS) == b"signed"
    assert again.open_field("b" * 32, "client.legal_name", field) == b"Jane Doe"
    again.keyring.close()
    assert extra.read(KeptMaster(places.custody)) == b"three keys"
    with pytest.raises(WrongMasterKey):
        extra.read(old)
    assert sorted(path.name for path in places.keys.iterdir() if path.is_file()) == [
        "master.awskms" if target == kms_place else "master.key"
    ]


def test_nothing_changes_before_the_new_shares_are_confirmed(places: Places) -> None:
    old = create_master(places)
    epochs = EpochKeys(places.epochs, KeptMaster(places.custody))
    epochs.create(1)
    successor = rotation.prepare(places.custody, IN_A_FILE)
    assert rotation.prepare(places.custody, IN_A_FILE) == successor, "an interrupted change goes on with the same key"
    with pytest.raises(RotationNotConfirmed):
        finished(places)
    assert places.custody.load() == old
    assert EpochKeys(places.epochs, old).load(1)


def test_the_old_master_key_is_overwritten_where_it_lay(places: Places) -> None:
    create_master(places)
    with places.master.open("rb") as still_open:
        size = len(still_open.read())
        changed(places, IN_A_FILE)
        still_open.seek(0)
        assert still_open.read() == bytes(size)


@pytest.mark.parametrize(
    ("way", "stride"),
    [
        ("file to file", 11),
        ("file to kms", 40),
        ("kms to file", 40),
        *(pytest.param(way, 1, marks=pytest.mark.soak) for way in ("file to file", "file to kms", "kms to file")),
    ],
)
def test_a_change_killed_at_any_step_can_be_read_at_once_and_is_finished_by_the_same_call(
    way: str,
    stride: int,
    tmp_path: Path,
    kms_place: KeyPlace,  # noqa: F811
) -> None:
    source, target = (kms_place if each == "kms" else IN_A_FILE for each in way.split(" to "))
    places = Places(home=tmp_path / "var", keys=tmp_path / "keys")
    extra = WrappedFile(path=places.keys / "authority" / "authority.sealed", context={"kept": "authority"})
    step, died = 0, True
    while died:
        step += stride
        shutil.rmtree(places.keys, ignore_errors=True)
        create_master(places, source)
        (places.keys / "authority").mkdir(mode=0o700)
        extra.create(b"three keys", KeptMaster(places.custody))
        epochs = EpochKeys(places.epochs, KeptMaster(places.custody))
        keys = [epochs.create(number) for number in (1, 2)]
        rotation.prepare(places.custody, target)
        died = dies_at(partial(_confirmed_and_finished, places, extra), step)

        reader = EpochKeys(places.epochs, KeptMaster(Custody(places.keys)))
        assert [reader.load(number) for number in (1, 2)] == keys, f"unreadable after step {step}"
        assert extra.read(KeptMaster(Custody(places.keys))) == b"three keys"
        if places.custody.has(Stage.NEXT) or places.custody.has(Stage.COMING):
            _confirmed_and_finished(places, extra)
        assert [EpochKeys(places.epochs, places.custody.load()).load(number) for number in (1, 2)] == keys
        assert places.custody.place().keeper is target.keeper
    assert step > 40


def _confirmed_and_finished(places: Places, extra: WrappedFile) -> None:
    rotation.confirm(places.custody)
    finished(places, extra)


def test_a_running_process_follows_a_change_and_wraps_nothing_under_the_old_key(places: Places) -> None:
    create_master(places)
    running = EpochKeys(places.epochs, KeptMaster(places.custody))
    first = running.create(1)
    changed(places, IN_A_FILE)
    assert running.load(1) == first
    second = running.create(2)
    assert EpochKeys(places.epochs, places.custody.load()).load(2) == second


def test_an_epoch_opened_while_the_master_key_changes_opens_afterwards(places: Places) -> None:
    create_master(places)
    running = EpochKeys(places.epochs, KeptMaster(places.custody))
    made: dict[int, bytes] = {}

    def open_epochs() -> None:
        for number in range(1, 12):
            made[number] = running.create(number)

    worker = threading.Thread(target=open_epochs)
    worker.start()
    while worker.is_alive():
        changed(places, IN_A_FILE)
    worker.join()
    changed(places, IN_A_FILE)
    after = EpochKeys(places.epochs, places.custody.load())
    assert {number: after.load(number) for number in after.numbers()} == made


def test_a_lost_kms_key_is_replaced_by_the_shares_of_the_same_master_key(
    places: Places,
    kms_place: KeyPlace,  # noqa: F811
) -> None:
    master = create_master(places, kms_place)
    epochs = EpochKeys(places.epochs, KeptMaster(places.custody))
    key = epochs.create(1)
    with pytest.raises(WrongMasterKey):
        rotation.recover(places.custody, MasterKey(bytes(32)), IN_A_FILE, epochs)
    assert places.custody.place().keeper is kms_place.keeper
    rotation.recover(places.custody, master, IN_A_FILE, epochs)
    assert EpochKeys(places.epochs, KeptMaster(Custody(places.keys))).load(1) == key
    assert [path.name for path in places.keys.iterdir() if path.is_file()] == ["master.key"]


@every_step
def test_another_secret_in_a_wrapped_file_killed_at_any_step_is_the_old_or_the_new(stride: int, tmp_path: Path) -> None:
    master = MasterKey(bytes(range(32)))
    file = WrappedFile(path=tmp_path / "keys" / "authority.sealed", context={"kept": "authority"})
    step, died = 0, True
    while died:
        step += stride
        shutil.rmtree(file.path.parent, ignore_errors=True)
        file.path.parent.mkdir(mode=0o700)
        file.create(b"old", master)
        change: Callable[[], None] = partial(file.change, b"new", master)
        died = dies_at(change, step)
        assert file.read(master) in (b"old", b"new")
        file.change(b"newer", master)
        assert file.read(master) == b"newer"
        file.rewrap(master, MasterKey(bytes(32)))
        assert file.read(MasterKey(bytes(32))) == b"newer"
    assert step > 10
