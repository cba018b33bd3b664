"""Many records destroyed at once: the one order of `vault.destroy`, with one entry of the log and one transaction of
the keyring for a batch.

Danger: a batch that a crash cuts in two, and of which nobody knows afterwards what is gone. Invariant, for every item
and in this order, each step durable before the next: intent in the log -> key -> every version -> looked for and not
found -> done in the log. A batch is an opaque id that its caller wrote down first; by it an interrupted intent is found
again. What lost its key is gone and only needs finishing; what kept it is decided anew, and `withdraw` says so.

Boundary: the caller holds the locks of the records while it calls `condemn`, and of nothing else while the slow store
is asked (`look`, `remove`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from storage.destruction import Entry, EntryKind, Item
from storage.errors import KeyDestroyed, KeyNotFound, KeyringBusy, StillPresent, StorageError
from storage.keyring_facts import KeyScope
from storage.protocol import Area, Destroyed, Store, refused
from storage.vault import Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class Condemned:
    """The keys of a batch are gone."""

    at: datetime
    """Not before the last of them went: what `storage.erasure` counts from."""
    swept: bool
    """False when a reader kept old bytes of the keyring's file: `finish` sweeps again."""


def look(store: Store, ids: Sequence[str], *, bypass_lock: bool, now: datetime) -> Mapping[str, StorageError]:
    """What of these records the store protects now, or cannot tell; an id that is free is not among them.

    Raises StoreUnavailable or StoreDenied only where the store does not answer at all.
    """
    return refused(store.stat_each(Area.RECORDS, ids), bypass_lock=bypass_lock, now=now)


def condemn(
    vault: Vault,
    items: Sequence[Item],
    *,
    batch: str,
    reason_code: str,
    bypass_lock: bool,
    still_ours: Callable[[], object] = lambda: None,
) -> Condemned:
    """Write the intent, then destroy every key, both durable when this returns. The point of no return.

    `still_ours` is called between the two, and raises when the caller has lost the locks of these records meanwhile.
    Raises BadReason, StoreUnavailable, StoreDenied (nothing was destroyed), KeyringUnreachable.
    """
    vault.log.intend(items, reason_code=reason_code, at=vault.now(), bypass_lock=bypass_lock, batch=batch)
    still_ours()
    swept = _overwritten(vault, items)
    return Condemned(at=vault.now(), swept=swept)


def lost_their_keys(vault: Vault, items: Sequence[Item]) -> frozenset[Item]:
    """Those of them that are past the point of no return."""
    gone = vault.keyring.destroyed_among(item.object_id for item in items)
    return frozenset(item for item in items if item.object_id in gone)


def withdraw(vault: Vault, items: Sequence[Item], *, batch: str) -> None:
    """Take the intent back for those whose keys live. Raises KeyDestroyed when one of them has none any more."""
    if lost_their_keys(vault, items):
        raise KeyDestroyed
    if vault.log.find(EntryKind.WITHDRAWN, items, batch=batch) is None:
        vault.log.withdraw(items, batch=batch, at=vault.now())


def remove(store: Store, ids: Sequence[str], *, bypass_lock: bool) -> Mapping[str, Destroyed | StorageError]:
    """Every version of every record, each on its own: what could not be removed is told beside what was."""
    return store.destroy_each(Area.RECORDS, ids, bypass_lock=bypass_lock)


def locked_until(store: Store, ids: Sequence[str], *, now: datetime) -> Mapping[str, datetime]:
    """Of records that could not be removed: until when the store locks the last version of each, where it says so."""
    found: dict[str, datetime] = {}
    for key, told in store.stat_each(Area.RECORDS, ids).items():
        locks = () if isinstance(told, StorageError) else [each.retain_until for each in told if each.retain_until]
        if (last := max(locks, default=None)) is not None and last > now:
            found[key] = last
    return found


def unreadable(vault: Vault, ids: Sequence[str]) -> Mapping[str, StorageError]:
    """Try to read each of them; returns those that are not gone. Empty is the proof."""
    left: dict[str, StorageError] = {}
    for key, told in vault.store.stat_each(Area.RECORDS, ids).items():
        if isinstance(told, StorageError):
            left[key] = told
        elif told:
            left[key] = StillPresent(len(told))
    for key in ids:
        try:
            vault.get(key, Area.RECORDS)
        except (KeyDestroyed, KeyNotFound):
            continue
        except StorageError as strange:
            left[key] = strange
            continue
        left[key] = StillPresent(1)
    return left


def finish(vault: Vault, items: Sequence[Item], *, swept: bool) -> Entry:
    """Write down that keys and bytes of these items are gone. Raises StillPresent, KeyringBusy."""
    if living := len(set(items) - lost_their_keys(vault, items)):
        raise StillPresent(living)
    if not swept and not _overwritten(vault, items):
        raise KeyringBusy
    return vault.log.find(EntryKind.DONE, items) or vault.log.finish(items, at=vault.now())


def record_item(object_id: str) -> Item:
    """A record's key and bytes."""
    return Item(KeyScope.RECORDS, object_id)


def owner_item(owner_id: str) -> Item:
    """The key of an owner of fields."""
    return Item(KeyScope.OWNER, owner_id)


def _overwritten(vault: Vault, items: Sequence[Item]) -> bool:
    try:
        vault.keyring.destroy(*(item.object_id for item in items))
    except KeyringBusy:
        return False  # the keys are gone, and their overwritten bytes perhaps not yet
    return True
