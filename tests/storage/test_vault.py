"""The vault: sealed wherever it lies, readable to who may, and gone when it is said to be gone."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from crashing import dies_at, every_step
from vault_setting import HandClock, open_at

from storage.destruction import EntryKind, Item
from storage.embedded import Places, create_master, open_vault
from storage.errors import (
    BadReason,
    Held,
    KeyDestroyed,
    KeyNotFound,
    Locked,
    LogIsAppendOnly,
    MasterKeyExists,
    NotFound,
    StorageError,
    Tampered,
    UnsafePlace,
    WrongHash,
    WrongScope,
)
from storage.keyring_facts import KeyScope
from storage.master import MasterKey
from storage.protocol import Area, Version
from storage.vault import Vault
from tests.cluster import shared_cluster

RECORD = b"%PDF-1.7 a statement of the fictional Xiomara Quetzalcoatl-Okonkwo"


def everything_under(place: Path) -> bytes:
    return b"".join(path.read_bytes() for path in place.rglob("*") if path.is_file())


def test_what_is_put_comes_back_and_is_what_was_registered(vault: Vault, new_id: Callable[[], str]) -> None:
    one = new_id()
    stored = vault.put(one, RECORD, area=Area.RECORDS)
    assert vault.get(one, Area.RECORDS, sha256=stored.sha256) == RECORD
    assert vault.get(one, Area.RECORDS, version_id=stored.version_id) == RECORD
    assert (stored.object_id, stored.area, stored.size) == (one, Area.RECORDS, len(RECORD))
    assert vault.store.stat(Area.RECORDS, one)[0].sha256 == stored.stored_sha256 != stored.sha256


def test_nothing_lies_anywhere_in_clear(vault: Vault, places: Places, new_id: Callable[[], str]) -> None:
    one = new_id()
    vault.put(one, RECORD, area=Area.WORKING)
    sealed = vault.seal_field(new_id(), "client.legal_name", b"Xiomara")
    found = everything_under(places.home) + everything_under(places.keys) + sealed
    assert b"Xiomara" not in found
    assert b"%PDF" not in found
    assert vault.keyring.get(one).secret not in found


def test_an_older_version_in_place_of_the_latest_is_noticed(vault: Vault, new_id: Callable[[], str]) -> None:
    one = new_id()
    first = vault.put(one, b"first", area=Area.RECORDS)
    second = vault.put(one, b"second", area=Area.RECORDS)
    assert vault.get(one, Area.RECORDS, version_id=first.version_id, sha256=first.sha256) == b"first"
    with pytest.raises(WrongHash):
        vault.get(one, Area.RECORDS, version_id=first.version_id, sha256=second.sha256)


def test_the_bytes_of_one_object_do_not_pass_for_anothers(vault: Vault, new_id: Callable[[], str]) -> None:
    one, other = new_id(), new_id()
    vault.put(one, RECORD, area=Area.RECORDS)
    vault.put(other, b"other", area=Area.RECORDS)
    vault.store.put(Area.RECORDS, other, vault.store.get(Area.RECORDS, one))
    with pytest.raises(Tampered):
        vault.get(other, Area.RECORDS)


def test_an_id_belongs_to_one_area(vault: Vault, new_id: Callable[[], str]) -> None:
    one = new_id()
    vault.put(one, RECORD, area=Area.WORKING)
    with pytest.raises(WrongScope):
        vault.put(one, RECORD, area=Area.RECORDS)
    with pytest.raises(WrongScope):
        vault.get(one, Area.RECORDS)
    with pytest.raises(WrongScope):
        vault.seal_field(one, "client.legal_name", b"Xiomara")
    with pytest.raises(WrongScope):
        vault.destroy(one, Area.RECORDS, reason_code="sealed")
    assert vault.get(one, Area.WORKING) == RECORD


def test_the_log_is_not_for_objects(vault: Vault, new_id: Callable[[], str]) -> None:
    for verb in (
        partial(vault.put, new_id(), RECORD, area=Area.LOG),
        partial(vault.get, new_id(), Area.LOG),
        partial(vault.destroy, new_id(), Area.LOG, reason_code="sealed"),
    ):
        with pytest.raises(LogIsAppendOnly):
            verb()


def test_a_field_opens_for_its_owner_and_its_place_only(vault: Vault, new_id: Callable[[], str]) -> None:
    jane, john = new_id(), new_id()
    sealed = vault.seal_field(jane, "client.legal_name", "Zoë".encode())
    vault.seal_field(john, "client.legal_name", b"John")
    assert vault.open_field(jane, "client.legal_name", sealed) == "Zoë".encode()
    for owner, context in ((john, "client.legal_name"), (jane, "client.birth_date")):
        with pytest.raises(Tampered):
            vault.open_field(owner, context, sealed)
    with pytest.raises(KeyNotFound):
        vault.open_field(new_id(), "client.legal_name", sealed)


def test_an_owner_destroyed_takes_every_field_along_and_gets_no_new_key(
    vault: Vault, new_id: Callable[[], str]
) -> None:
    jane = new_id()
    sealed = vault.seal_field(jane, "client.legal_name", b"Jane")
    gone = vault.destroy_owner(jane, reason_code="nothing_kept_any_more")
    assert gone.item == Item(KeyScope.OWNER, jane)
    with pytest.raises(KeyDestroyed):
        vault.open_field(jane, "client.legal_name", sealed)
    with pytest.raises(KeyDestroyed):
        vault.seal_field(jane, "client.legal_name", b"Jane")


def test_destroying_takes_key_and_versions_and_leaves_a_tombstone(
    vault: Vault, places: Places, clock: HandClock, new_id: Callable[[], str]
) -> None:
    one = new_id()
    ids = [vault.put(one, bytes([n]), area=Area.RECORDS).version_id for n in range(2)]
    intended = clock()
    gone = vault.destroy(one, Area.RECORDS, reason_code="retention.ny-6y")
    assert gone.version_ids == tuple(ids)
    assert gone.intended_at == gone.done_at == intended
    assert vault.store.stat(Area.RECORDS, one) == ()
    assert vault.keyring.is_destroyed(one)
    with pytest.raises(KeyDestroyed):
        vault.get(one, Area.RECORDS)
    with pytest.raises(KeyDestroyed):
        vault.put(one, RECORD, area=Area.RECORDS)
    entry = vault.log.find(EntryKind.INTENT, [Item(KeyScope.RECORDS, one)])
    assert entry is not None
    assert entry.reason_code == "retention.ny-6y"
    assert vault.log.unfinished() == ()


def test_nothing_of_a_destroyed_key_is_left_anywhere(vault: Vault, places: Places, new_id: Callable[[], str]) -> None:
    one, other = new_id(), new_id()
    for each in (one, other):
        vault.put(each, RECORD, area=Area.RECORDS)
    rows = dict(vault.keyring._db().execute("SELECT object_id, wrapped FROM data_key").fetchall())
    sealed = vault.store.get(Area.RECORDS, one)
    vault.destroy(one, Area.RECORDS, reason_code="due")
    left = everything_under(places.home) + everything_under(places.keys)
    if places.keyring_url:
        left += shared_cluster().files_of(places.keyring_url)
    assert rows[one] not in left
    assert sealed[-200:] not in left
    assert rows[other] in left


def test_bytes_without_a_key_can_be_destroyed_too(vault: Vault, new_id: Callable[[], str]) -> None:
    one = new_id()
    vault.store.put(Area.RECORDS, one, b"sealed under a key that an older keyring does not have")
    assert len(vault.destroy(one, Area.RECORDS, reason_code="due").version_ids) == 1


def test_what_is_put_while_it_is_destroyed_does_not_stay_behind(
    vault: Vault, new_id: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = new_id()
    vault.put(one, RECORD, area=Area.WORKING)
    put = vault.store.put

    def destroyed_just_before(area: Area, key: str, data: bytes, *, retain_until: datetime | None = None) -> Version:
        monkeypatch.undo()
        vault.destroy(one, Area.WORKING, reason_code="superseded")
        return put(area, key, data, retain_until=retain_until)

    monkeypatch.setattr(vault.store, "put", destroyed_just_before)
    with pytest.raises(KeyDestroyed):
        vault.put(one, b"later", area=Area.WORKING)
    assert vault.store.stat(Area.WORKING, one) == ()


def test_destroying_again_changes_nothing(vault: Vault, clock: HandClock, new_id: Callable[[], str]) -> None:
    one = new_id()
    vault.put(one, RECORD, area=Area.WORKING)
    first = vault.destroy(one, Area.WORKING, reason_code="sealed")
    entries = vault.log.count()
    clock.pass_(timedelta(days=3))
    again = vault.destroy(one, Area.WORKING, reason_code="sealed")
    assert (again.intended_at, again.done_at, again.version_ids) == (first.intended_at, first.done_at, ())
    assert vault.log.count() == entries


def test_what_never_was_is_not_reported_destroyed(vault: Vault, new_id: Callable[[], str]) -> None:
    with pytest.raises(KeyNotFound):
        vault.destroy(new_id(), Area.RECORDS, reason_code="sealed")
    assert vault.log.intended() == frozenset()


@pytest.mark.parametrize("reason", ["", "Jane Doe asked", "a" * 65, "A", "línea", "x\n"])
def test_a_reason_is_a_code_and_never_prose(vault: Vault, new_id: Callable[[], str], reason: str) -> None:
    one = new_id()
    vault.put(one, RECORD, area=Area.WORKING)
    with pytest.raises(BadReason):
        vault.destroy(one, Area.WORKING, reason_code=reason)
    assert vault.get(one, Area.WORKING) == RECORD


def test_under_a_hold_or_a_lock_not_even_the_key_is_touched(
    vault: Vault, clock: HandClock, new_id: Callable[[], str]
) -> None:
    held, locked = new_id(), new_id()
    vault.put(held, RECORD, area=Area.RECORDS)
    vault.store.protect(Area.RECORDS, held, hold=True)
    vault.put(locked, RECORD, area=Area.RECORDS, retain_until=clock() + timedelta(days=1))
    with pytest.raises(Held):
        vault.destroy(held, Area.RECORDS, reason_code="due", bypass_lock=True)
    with pytest.raises(Locked):
        vault.destroy(locked, Area.RECORDS, reason_code="due")
    assert vault.get(held, Area.RECORDS) == vault.get(locked, Area.RECORDS) == RECORD
    assert vault.log.intended() == frozenset()
    vault.destroy(locked, Area.RECORDS, reason_code="court_order", bypass_lock=True)
    with pytest.raises(KeyDestroyed):
        vault.get(locked, Area.RECORDS)


@every_step
def test_a_destruction_killed_anywhere_is_resumed_and_never_half_reported(
    places: Places, master: MasterKey, clock: HandClock, stride: int
) -> None:
    step, died = 0, True
    while died:
        step += stride
        vault = open_at(places, master, clock)
        one = uuid.uuid4().hex
        vault.put(one, RECORD, area=Area.RECORDS)
        died = dies_at(partial(_destroy, places, master, clock, one), step)
        item = Item(KeyScope.RECORDS, one)
        if not vault.keyring.exists(one):
            assert item in vault.log.intended(), "a key is destroyed only after the intent is in the log"
        if not vault.store.stat(Area.RECORDS, one):
            assert vault.keyring.is_destroyed(one), "bytes go only after their key"
        if vault.log.find(EntryKind.DONE, [item]):
            assert vault.keyring.is_destroyed(one)
            assert not vault.store.stat(Area.RECORDS, one)
        if item in vault.log.intended():
            vault.resume()
            assert vault.keyring.is_destroyed(one)
            assert vault.log.find(EntryKind.DONE, [item])
            assert vault.store.stat(Area.RECORDS, one) == ()
        else:
            assert vault.get(one, Area.RECORDS) == RECORD
        assert vault.log.unfinished() == ()
        vault.keyring.close()
    assert step > 30


@every_step
def test_a_put_killed_anywhere_can_simply_be_put_again(
    places: Places, master: MasterKey, clock: HandClock, stride: int
) -> None:
    step, died = 0, True
    while died:
        step += stride
        one = uuid.uuid4().hex
        died = dies_at(partial(_put, places, master, clock, one), step)
        vault = open_at(places, master, clock)
        try:
            assert vault.get(one, Area.WORKING) == RECORD
        except (NotFound, KeyNotFound):
            assert died
        vault.put(one, RECORD, area=Area.WORKING)
        assert vault.get(one, Area.WORKING) == RECORD
        vault.keyring.close()
    assert step > 10


def _destroy(places: Places, master: MasterKey, clock: HandClock, one: str) -> None:
    open_at(places, master, clock).destroy(one, Area.RECORDS, reason_code="due")


def _put(places: Places, master: MasterKey, clock: HandClock, one: str) -> None:
    open_at(places, master, clock).put(one, RECORD, area=Area.WORKING)


def test_many_threads_share_one_vault(vault: Vault, new_id: Callable[[], str]) -> None:
    owner = new_id()

    def one_round(n: int) -> bool:
        one, data = new_id(), bytes([n]) * 1000
        vault.put(one, data, area=Area.WORKING)
        sealed = vault.seal_field(owner, "client.legal_name", data)
        same = vault.get(one, Area.WORKING) == vault.open_field(owner, "client.legal_name", sealed) == data
        vault.destroy(one, Area.WORKING, reason_code="sealed")
        vault.keyring.close()
        return same

    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(one_round, range(24)))


def test_the_head_of_the_audit_chain_is_anchored_where_nothing_is_removed(vault: Vault, clock: HandClock) -> None:
    vault.log.anchor("ab" * 32, at=clock())
    assert [e.value for e in vault.log.entries() if e.kind is EntryKind.ANCHOR] == ["ab" * 32]
    with pytest.raises(StorageError):
        vault.log.anchor("Jane", at=clock())


def test_the_log_tells_what_stands_under_which_hold_and_never_why(
    vault: Vault, clock: HandClock, new_id: Callable[[], str]
) -> None:
    first, second, one, two = (new_id() for _ in range(4))
    before = vault.log.count()
    for objects in ([one], [two], [one]):
        vault.log.hold(first, objects, query={"client_id": str(uuid.UUID(two)), "kept_from": "2026-01-01"}, at=clock())
    vault.log.hold(second, [], query={"form_id": "disclosure"}, at=clock())
    for _ in range(2):
        vault.log.release(second, at=clock())
    told = {each.hold_id: each for each in vault.log.holds()}
    assert told[first].object_ids == {one, two}
    assert (told[first].query["kept_from"], told[first].released_at) == ("2026-01-01", None)
    assert (told[second].object_ids, told[second].released_at) == (frozenset(), clock())
    assert vault.log.count() == before + 4, "said twice is said once"
    assert (vault.log.intended(), vault.log.unfinished()) == (frozenset(), ())
    for prose in ({"matter": "Doe v. Harbor"}, {"Doe v. Harbor": "x"}):
        with pytest.raises(BadReason):
            vault.log.hold(first, [], query=prose, at=clock())


def test_a_log_keeps_its_name(vault: Vault, places: Places, master: MasterKey, clock: HandClock) -> None:
    other = open_at(places, master, clock)
    assert other.log.id() == vault.log.id() is not None
    other.keyring.close()


def test_keys_under_the_data_are_refused(tmp_path: Path) -> None:
    for keys in (tmp_path / "var" / "keys", tmp_path / "var"):
        with pytest.raises(UnsafePlace):
            create_master(Places(home=tmp_path / "var", keys=keys))


def test_an_installation_opens_with_its_own_master_key(places: Places, master: MasterKey) -> None:
    vault = open_vault(places)
    one = uuid.uuid4().hex
    vault.put(one, RECORD, area=Area.RECORDS)
    assert open_vault(places).get(one, Area.RECORDS) == RECORD
    with pytest.raises(MasterKeyExists):
        create_master(places)
    assert MasterKey.load(places.master) == master
