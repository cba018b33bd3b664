"""A batch of destructions: the same order as one, found again after a crash, taken back while keys live."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from crashing import dies_at, every_step
from vault_setting import HandClock, open_at

from storage import disposal
from storage.backup import back_up
from storage.destruction import EntryKind, Item
from storage.embedded import Places
from storage.errors import Held, KeyDestroyed, Locked, StillPresent
from storage.keyring_facts import KeyScope
from storage.master import MasterKey
from storage.protocol import Area
from storage.restore import restore
from storage.vault import Vault

RECORD = b"%PDF-1.7 a statement of nobody"
BATCH = "b" * 32


def kept(vault: Vault, count: int) -> list[Item]:
    items = [disposal.record_item(uuid.uuid4().hex) for _ in range(count)]
    for item in items:
        vault.put(item.object_id, RECORD, area=Area.RECORDS)
    return items


def ids(items: list[Item]) -> list[str]:
    return [item.object_id for item in items]


def destroy(vault: Vault, items: list[Item], batch: str = BATCH) -> None:
    done = disposal.condemn(vault, items, batch=batch, reason_code="disposal", bypass_lock=False)
    disposal.remove(vault.store, ids(items), bypass_lock=False)
    assert disposal.unreadable(vault, ids(items)) == {}
    disposal.finish(vault, items, swept=done.swept)


def test_a_batch_goes_as_one_entry_of_intent_and_one_of_done(vault: Vault) -> None:
    items, owner = kept(vault, 20), uuid.uuid4().hex
    sealed = vault.seal_field(owner, "statement", b"draft")
    entries = vault.log.count()
    done = disposal.condemn(
        vault, [*items, disposal.owner_item(owner)], batch=BATCH, reason_code="disposal", bypass_lock=False
    )
    assert len(disposal.unreadable(vault, ids(items))) == 20, "the bytes are still there"
    disposal.remove(vault.store, ids(items), bypass_lock=False)
    assert disposal.unreadable(vault, ids(items)) == {}
    disposal.finish(vault, [*items, disposal.owner_item(owner)], swept=done.swept)
    assert vault.log.count() == entries + 2
    assert vault.log.unfinished() == ()
    assert set(items) < vault.log.intended()
    with pytest.raises(KeyDestroyed):
        vault.open_field(owner, "statement", sealed)
    with pytest.raises(KeyDestroyed):
        vault.get(items[0].object_id, Area.RECORDS)


def test_what_is_locked_or_held_is_told_before_any_key_is_touched(vault: Vault, clock: HandClock) -> None:
    free, held, locked = kept(vault, 3)
    vault.store.protect(Area.RECORDS, held.object_id, hold=True)
    vault.store.protect(Area.RECORDS, locked.object_id, retain_until=clock() + timedelta(days=1))
    found = disposal.look(vault.store, ids([free, held, locked]), bypass_lock=False, now=clock())
    assert {key: type(why) for key, why in found.items()} == {held.object_id: Held, locked.object_id: Locked}
    assert set(disposal.look(vault.store, ids([held, locked]), bypass_lock=True, now=clock())) == {held.object_id}


def test_nothing_is_done_while_a_key_lives(vault: Vault) -> None:
    with pytest.raises(StillPresent):
        disposal.finish(vault, kept(vault, 2), swept=True)


def test_an_intent_that_was_taken_back_is_no_intent_and_its_records_come_back_from_a_backup(
    vault: Vault, master: MasterKey, clock: HandClock, places: Places, tmp_path: Path
) -> None:
    items = kept(vault, 4)
    gone, spared = items[:2], items[2:]
    back_up(vault, tmp_path / "backup", databases={}, now=clock())
    vault.log.intend(items, reason_code="disposal", at=clock(), batch=BATCH)
    assert vault.resume() == (), "a batch is decided anew by whoever decided it"
    assert vault.log.intent_of(BATCH) is not None
    disposal.withdraw(vault, spared, batch=BATCH)
    disposal.withdraw(vault, spared, batch=BATCH)
    assert vault.log.intended() == frozenset(gone)
    assert [entry.items for entry in vault.log.unfinished()] == [tuple(items)]
    destroy(vault, gone, batch="c" * 32)
    assert vault.log.unfinished() == ()
    with pytest.raises(KeyDestroyed):
        disposal.withdraw(vault, gone, batch=BATCH)

    elsewhere = Places(home=tmp_path / "new" / "var", keys=places.keys)
    done = restore(tmp_path / "backup", elsewhere, log=vault.log, master=master, now=clock())
    assert (done.objects, done.left_out) == (2, 2)
    restored = open_at(elsewhere, master, clock)
    assert restored.get(spared[0].object_id, Area.RECORDS) == RECORD
    restored.keyring.close()


def test_an_item_taken_back_and_decided_again_later_stays_gone(vault: Vault) -> None:
    (item,) = kept(vault, 1)
    vault.log.intend([item], reason_code="disposal", at=vault.now(), batch=BATCH)
    disposal.withdraw(vault, [item], batch=BATCH)
    assert vault.log.intended() == frozenset()
    destroy(vault, [item], batch="c" * 32)
    assert vault.log.intended() == {item}
    assert vault.log.find(EntryKind.DONE, [item]) is not None


@every_step
def test_a_batch_killed_anywhere_can_be_told_apart_and_finished(
    places: Places, master: MasterKey, clock: HandClock, new_id: Callable[[], str], stride: int
) -> None:
    step, died = 0, True
    while died:
        step += stride
        vault, batch = open_at(places, master, clock), uuid.uuid4().hex
        items = kept(vault, 3)
        died = dies_at(partial(_destroyed, places, master, clock, items, batch), step)
        lost = disposal.lost_their_keys(vault, items)
        assert lost in (frozenset(), frozenset(items)), "keys go in one transaction"
        if lost:
            assert vault.log.intent_of(batch) is not None
        if vault.log.find(EntryKind.DONE, items):
            assert disposal.unreadable(vault, ids(items)) == {}
        for item in items:
            if not vault.store.stat(Area.RECORDS, item.object_id):
                assert item in lost, "bytes go only after their key"
        if lost:
            disposal.remove(vault.store, ids(items), bypass_lock=False)
            assert disposal.unreadable(vault, ids(items)) == {}
            disposal.finish(vault, items, swept=False)
        elif vault.log.intent_of(batch):
            disposal.withdraw(vault, items, batch=batch)
        assert vault.log.unfinished() == ()
        assert vault.log.intended().issuperset(items) is bool(lost)
        vault.keyring.close()
    assert step > 30


def _destroyed(places: Places, master: MasterKey, clock: HandClock, items: list[Item], batch: str) -> None:
    destroy(open_at(places, master, clock), items, batch)


def test_an_owners_key_is_an_item_too() -> None:
    assert disposal.owner_item("a" * 32) == Item(KeyScope.OWNER, "a" * 32)
