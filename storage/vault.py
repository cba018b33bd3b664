"""The vault: what the rest of Confide sees of storage. Clear bytes in, clear bytes out; sealed everywhere between.

Danger: bytes stored in clear, a record called destroyed of which a key or a version lives, a key destroyed under a
hold. Invariant: every object and every owner of fields has a data key of its own, kept apart from the bytes. A key is
durable before anything is sealed with it. Destroying goes one way only, each step durable before the next:
intent in the log -> key -> every version -> look again -> done in the log. A crash at any point is resumed by
`resume()` or by the same call again; nothing is reported destroyed before it was looked for and not found.

Boundary: the vault refuses what the *store* has locked or held. Due dates and who may decide are the register's, which
calls `destroy` while it holds the record's row lock.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from storage.destruction import DestructionLog, EntryKind, Item
from storage.envelope import context_of, seal, unseal
from storage.errors import (
    Held,
    KeyDestroyed,
    KeyExists,
    KeyNotFound,
    Locked,
    LogIsAppendOnly,
    StillPresent,
    WrongHash,
    WrongScope,
)
from storage.keyring import Keyring
from storage.keyring_facts import DataKey, KeyScope
from storage.protocol import Area, Store

_SCOPE_OF = {Area.WORKING: KeyScope.WORKING, Area.RECORDS: KeyScope.RECORDS}
_AREA_OF = {scope: area for area, scope in _SCOPE_OF.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """Receipt of one put, for the register."""

    object_id: str
    area: Area
    version_id: str
    """As the store named it: evidence, not an address to rely on (a store restored elsewhere may name it anew)."""
    size: int
    """Bytes, in clear."""
    sha256: str
    """Lowercase hex, of the clear bytes. Give it to `get`."""
    stored_sha256: str
    """Lowercase hex, of the sealed bytes: what fixity can check without any key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """Proof of one destruction: key and bytes were looked for afterwards and not found."""

    item: Item
    version_ids: tuple[str, ...]
    """Removed by this call; empty when an earlier call had already removed them."""
    intended_at: datetime
    done_at: datetime


class Vault:
    """Objects and fields, sealed under keys of their own. Share one between threads; safe across a fork."""

    def __init__(
        self,
        store: Store,
        keyring: Keyring,
        log: DestructionLog,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.store = store
        self.keyring = keyring
        self.log = log
        self._clock = clock

    def now(self) -> datetime:
        """This vault's clock."""
        return self._clock()

    def put(self, object_id: str, data: bytes, *, area: Area, retain_until: datetime | None = None) -> Stored:
        """Seal and store bytes, durably. Again for the same id adds a version.

        Raises KeyDestroyed for an id that was destroyed, WrongScope for one used elsewhere, LockRefused (see
        `Store.put`).
        """
        key = self._key_for_sealing(object_id, _scope_of(area))
        sealed = seal(key.secret, data, _object_context(object_id, area))
        version = self.store.put(area, object_id, sealed, retain_until=retain_until)
        if not self.keyring.exists(object_id):
            # destroyed while this was being written: what came after its last look must not stay behind
            self._remove_versions(Item(key.scope, object_id), bypass_lock=False)
            raise KeyDestroyed
        return Stored(
            object_id=object_id,
            area=area,
            version_id=version.version_id,
            size=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            stored_sha256=version.sha256,
        )

    def get(self, object_id: str, area: Area, *, version_id: str | None = None, sha256: str | None = None) -> bytes:
        """The clear bytes of the latest version, or of the one named; `sha256` is what the register expects.

        Raises NotFound, KeyNotFound, KeyDestroyed, Tampered, Damaged, WrongHash.
        """
        key = self._key(object_id, _scope_of(area))
        data = unseal(key.secret, self.store.get(area, object_id, version_id), _object_context(object_id, area))
        if sha256 is not None and not hmac.compare_digest(hashlib.sha256(data).hexdigest(), sha256):
            raise WrongHash
        return data

    def seal_field(self, owner_id: str, context: str, data: bytes) -> bytes:
        """Seal one personal field with its owner's data key, which is made on first use.

        `context` says which field it is (`client.legal_name`); it must be the same when opening. Raises KeyDestroyed.
        """
        key = self._key_for_sealing(owner_id, KeyScope.OWNER)
        return seal(key.secret, data, _field_context(owner_id, context))

    def open_field(self, owner_id: str, context: str, sealed: bytes) -> bytes:
        """The field in clear. Raises KeyNotFound, KeyDestroyed, Tampered (other owner, other field, changed bytes)."""
        key = self._key(owner_id, KeyScope.OWNER)
        return unseal(key.secret, bytes(sealed), _field_context(owner_id, context))

    def destroy(self, object_id: str, area: Area, *, reason_code: str, bypass_lock: bool = False) -> Gone:
        """Destroy the key and every version of an object. Final; idempotent; resumes where a crash left it.

        Raises Held or Locked before anything is touched, KeyNotFound for an id that never was, BadReason, StillPresent.
        """
        return self._destroy(Item(_scope_of(area), object_id), reason_code, bypass_lock)

    def destroy_owner(self, owner_id: str, *, reason_code: str) -> Gone:
        """Destroy the data key of an owner: every field sealed with it is noise from now on. Final; idempotent."""
        return self._destroy(Item(KeyScope.OWNER, owner_id), reason_code, False)

    def resume(self) -> tuple[Gone, ...]:
        """Finish every destruction that was begun and not finished. For start-up and upkeep.

        Batches are not resumed here: who decided them asks again first (`storage.disposal`). Raises what `destroy`
        raises for the first that cannot be finished; those before it are finished.
        """
        return tuple(
            self._destroy(item, intent.reason_code, intent.bypass_lock)
            for intent in self.log.unfinished()
            if not intent.value
            for item in intent.items
        )

    def _destroy(self, item: Item, reason_code: str, bypass_lock: bool) -> Gone:
        intent = self.log.find(EntryKind.INTENT, [item])
        if intent is None:
            self._refuse_unknown(item)
        self._refuse_if_protected(item, bypass_lock)
        if intent is None:
            intent = self.log.intend([item], reason_code=reason_code, at=self._clock(), bypass_lock=bypass_lock)
        self.keyring.destroy(item.object_id)
        removed = self._remove_versions(item, bypass_lock)
        if self.keyring.exists(item.object_id):
            raise StillPresent(1)
        done = self.log.find(EntryKind.DONE, [item]) or self.log.finish([item], at=self._clock())
        return Gone(item=item, version_ids=removed, intended_at=intent.at, done_at=done.at)

    def _refuse_unknown(self, item: Item) -> None:
        try:
            self._key(item.object_id, item.scope)
        except KeyDestroyed:
            return
        except KeyNotFound:
            area = _AREA_OF.get(item.scope)
            if area is None or not self.store.stat(area, item.object_id):
                raise
            # bytes without a key, as beside an older keyring: unreadable already, and still to be removed

    def _refuse_if_protected(self, item: Item, bypass_lock: bool) -> None:
        area = _AREA_OF.get(item.scope)
        versions = self.store.stat(area, item.object_id) if area else ()
        now = self._clock()
        if any(version.held for version in versions):
            raise Held
        if not bypass_lock and any(v.retain_until is not None and v.retain_until > now for v in versions):
            raise Locked

    def _remove_versions(self, item: Item, bypass_lock: bool) -> tuple[str, ...]:
        area = _AREA_OF.get(item.scope)
        if area is None:
            return ()
        removed = self.store.destroy(area, item.object_id, bypass_lock=bypass_lock).version_ids
        left = self.store.stat(area, item.object_id)
        if left:
            raise StillPresent(len(left))
        return removed

    def _key_for_sealing(self, object_id: str, scope: KeyScope) -> DataKey:
        try:
            return self._key(object_id, scope)
        except KeyNotFound:
            try:
                return self.keyring.create(object_id, scope)
            except KeyExists:
                return self._key(object_id, scope)  # another thread or process made it meanwhile

    def _key(self, object_id: str, scope: KeyScope) -> DataKey:
        key = self.keyring.get(object_id)
        if key.scope is not scope:
            raise WrongScope
        return key


def _scope_of(area: Area) -> KeyScope:
    if area is Area.LOG:
        raise LogIsAppendOnly
    return _SCOPE_OF[area]


def _object_context(object_id: str, area: Area) -> bytes:
    return context_of("confide/object/1", area, object_id)


def _field_context(owner_id: str, context: str) -> bytes:
    return context_of("confide/field/1", owner_id, context)
