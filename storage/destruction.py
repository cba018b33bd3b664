"""The destruction log: what was to be destroyed, and what was; the memory that no restore may overrule.

Danger: a backup brought back after a disposal would raise the dead; a crash between key and bytes would leave nobody
knowing which.
Invariant: an intent is durable in the log before a key is touched, a `done` after the store was seen empty. The log
lies in the store's append-only area, is never part of a backup, and a restore refuses without it. Entries name opaque
ids, a reason code and times; nobody's name and nothing in prose.

An intent of a disposal run names many items and the `batch` they were decided in. Decided is not yet destroyed: whoever
finds such an intent after a crash asks again about every item whose key lives, and writes `withdrawn` where the answer
is no. A withdrawn item may come back from a backup, as one that was never to go.

Beside them stands what a restore must keep: which objects were put under which hold, and which holds were released, in
opaque ids, codes and days. What a hold says is not here.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType

from storage.errors import BadReason, Damaged, NotFound
from storage.keyring_facts import KeyScope
from storage.protocol import Area, Store, checked_key

_REASON = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}\Z")
_OPENED_KEY = hashlib.sha256(b"confide/log/opened").hexdigest()


class EntryKind(StrEnum):
    OPENED = "opened"
    INTENT = "intent"
    DONE = "done"
    WITHDRAWN = "withdrawn"
    """The intent of this batch does not hold for these items: their keys live."""
    ANCHOR = "anchor"
    HELD = "held"
    """These objects stand under a hold, as of now; further lines of the same hold add to it."""
    RELEASED = "released"
    """A hold was released."""


@dataclass(frozen=True, slots=True, order=True)
class Item:
    """One thing to destroy: the key of an id and, unless it is an owner's, every version of the object."""

    scope: KeyScope
    object_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the log."""

    kind: EntryKind
    at: datetime
    items: tuple[Item, ...] = ()
    reason_code: str = ""
    bypass_lock: bool = False
    """The break-glass role ended a lock for this."""
    value: str = ""
    """OPENED: the log's own id. ANCHOR: hex digest that was anchored (the head of the audit chain). INTENT, WITHDRAWN:
    opaque id of the batch; empty for what is destroyed one by one. HELD, RELEASED: id of the hold."""
    query: Mapping[str, str] = field(default_factory=dict)
    """HELD: what else it covers, and whatever comes in that fits; names and codes, ids or days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedHold:
    """One hold, as all lines of the log about it tell it."""

    hold_id: str
    object_ids: frozenset[str]
    query: Mapping[str, str]
    placed_at: datetime
    released_at: datetime | None


class DestructionLog:
    """Append-only log over the log area of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def open(self, at: datetime, *, before_first: Callable[[], object] | None = None) -> str:
        """The id of this log, made on first use. An empty store has none: it is then a new log, not a lost one.

        `before_first` is called before a new log is begun, and may raise to prevent it.
        """
        found = self.id()
        if found is None:
            if before_first is not None:
                before_first()
            entry = Entry(kind=EntryKind.OPENED, at=at, value=secrets.token_hex(16))
            self._store.put(Area.LOG, _OPENED_KEY, _encode(entry))
            found = self.id()
            if found is None:
                raise NotFound
        return found

    def id(self) -> str | None:
        """The id of this log; None when it was never opened."""
        versions = self._store.stat(Area.LOG, _OPENED_KEY)
        if not versions:
            return None
        # when two processes opened it at once the first version counts, for both
        return _decode(self._store.get(Area.LOG, _OPENED_KEY, versions[0].version_id)).value

    def intend(
        self, items: Sequence[Item], *, reason_code: str, at: datetime, bypass_lock: bool = False, batch: str = ""
    ) -> Entry:
        """Write down, durably, that these items are about to be destroyed. Raises BadReason for prose."""
        if not is_code(reason_code):
            raise BadReason
        return self._append(
            Entry(
                kind=EntryKind.INTENT,
                at=at,
                items=tuple(items),
                reason_code=reason_code,
                bypass_lock=bypass_lock,
                value=batch,
            )
        )

    def withdraw(self, items: Sequence[Item], *, batch: str, at: datetime) -> Entry:
        """Take a batch's intent back for items whose keys live: a restore may bring them back again."""
        return self._append(Entry(kind=EntryKind.WITHDRAWN, at=at, items=tuple(items), value=batch))

    def finish(self, items: Sequence[Item], *, at: datetime) -> Entry:
        """Write down that keys and bytes of these items are gone, after that was seen."""
        return self._append(Entry(kind=EntryKind.DONE, at=at, items=tuple(items)))

    def anchor(self, digest: str, *, at: datetime) -> Entry:
        """Put a 64-character hex digest where nothing is ever removed: the head of the audit chain, once a day."""
        return self._append(Entry(kind=EntryKind.ANCHOR, at=at, value=checked_key(digest)))

    def hold(
        self,
        hold_id: str,
        object_ids: Sequence[str],
        *,
        query: Mapping[str, str] = MappingProxyType({}),
        at: datetime,
    ) -> Entry:
        """Write down that these objects stand under a hold. Raises BadReason for a query with prose in it."""
        if not all(is_code(word) for word in (*query, *query.values())):
            raise BadReason
        items = tuple(Item(KeyScope.RECORDS, checked_key(one)) for one in object_ids)
        entry = Entry(kind=EntryKind.HELD, at=at, items=items, value=checked_key(hold_id), query=dict(query))
        return self.find(EntryKind.HELD, items, batch=hold_id) or self._append(entry)

    def release(self, hold_id: str, *, at: datetime) -> Entry:
        """Write down that a hold was released."""
        entry = Entry(kind=EntryKind.RELEASED, at=at, value=checked_key(hold_id))
        return self.find(EntryKind.RELEASED, (), batch=hold_id) or self._append(entry)

    def holds(self) -> tuple[LoggedHold, ...]:
        """Every hold the log ever heard of, released or not, by id. Reads the whole log; for a restore."""
        held: dict[str, list[Entry]] = {}
        released: dict[str, datetime] = {}
        for entry in self.entries():
            if entry.kind is EntryKind.HELD:
                held.setdefault(entry.value, []).append(entry)
            elif entry.kind is EntryKind.RELEASED:
                released[entry.value] = entry.at
        return tuple(
            LoggedHold(
                hold_id=hold_id,
                object_ids=frozenset(item.object_id for line in lines for item in line.items),
                query=lines[0].query,
                placed_at=min(line.at for line in lines),
                released_at=released.get(hold_id),
            )
            for hold_id, lines in sorted(held.items())
        )

    def find(self, kind: EntryKind, items: Sequence[Item], *, batch: str = "") -> Entry | None:
        """The entry of this kind (and batch) about exactly these items, if there is one; see `intent_of`."""
        key = _entry_key(kind, tuple(items), batch)
        return _decode(self._store.get(Area.LOG, key)) if self._store.stat(Area.LOG, key) else None

    def intent_of(self, batch: str) -> Entry | None:
        """The intent of a batch, whatever items it came to name."""
        return self.find(EntryKind.INTENT, (), batch=batch)

    def count(self) -> int:
        """How many entries there are."""
        return sum(1 for _ in self._store.list(Area.LOG))

    def mirror(self, to: Store) -> int:
        """Copy what the log area of another store lacks (a standby, a restored store); returns the versions copied."""
        copied = 0
        for key in self._store.list(Area.LOG):
            for version in self._store.stat(Area.LOG, key)[len(to.stat(Area.LOG, key)) :]:
                to.put(Area.LOG, key, self._store.get(Area.LOG, key, version.version_id))
                copied += 1
        return copied

    def entries(self) -> Iterator[Entry]:
        """Every entry, in no order, streamed."""
        for key in self._store.list(Area.LOG):
            yield _decode(self._store.get(Area.LOG, key))

    def intended(self) -> frozenset[Item]:
        """Everything that was ever to be destroyed, finished or not: what a restore must not bring back."""
        intents, withdrawn, _ = self._told()
        return frozenset(item for entry in intents for item in entry.items if (entry.value, item) not in withdrawn)

    def unfinished(self) -> tuple[Entry, ...]:
        """Intents not all of whose items are done or withdrawn, oldest first: where a crash or a failure left off."""
        intents, withdrawn, done = self._told()
        left = (
            entry
            for entry in intents
            if any(item not in done and (entry.value, item) not in withdrawn for item in entry.items)
        )
        return tuple(sorted(left, key=lambda entry: entry.at))

    def _told(self) -> tuple[list[Entry], set[tuple[str, Item]], set[Item]]:
        """Every intent; what was withdrawn from which batch; what is done."""
        intents: list[Entry] = []
        withdrawn: set[tuple[str, Item]] = set()
        done: set[Item] = set()
        for entry in self.entries():
            if entry.kind is EntryKind.INTENT:
                intents.append(entry)
            elif entry.kind is EntryKind.WITHDRAWN:
                withdrawn.update((entry.value, item) for item in entry.items)
            elif entry.kind is EntryKind.DONE:
                done.update(entry.items)
        return intents, withdrawn, done

    def _append(self, entry: Entry) -> Entry:
        self._store.put(Area.LOG, _entry_key(entry.kind, entry.items, entry.value), _encode(entry))
        return entry


def is_code(word: str) -> bool:
    """Whether a word may stand in the log: a code, an id or a day, and no prose."""
    return _REASON.match(word) is not None


def _entry_key(kind: EntryKind, items: tuple[Item, ...], value: str) -> str:
    """A function of what is said, so that saying it again after a crash adds a version and no second entry. A batch has
    one intent, found by the batch alone.
    """
    if kind is EntryKind.INTENT and value:
        items = ()
    return hashlib.sha256(json.dumps([kind, [[i.scope, i.object_id] for i in items], value]).encode()).hexdigest()


def _encode(entry: Entry) -> bytes:
    told = {
        "kind": entry.kind,
        "at": entry.at.astimezone(UTC).isoformat(),
        "items": [[item.scope, item.object_id] for item in entry.items],
        "reason_code": entry.reason_code,
        "bypass_lock": entry.bypass_lock,
        "value": entry.value,
    }
    if entry.query:
        told["query"] = dict(entry.query)
    return json.dumps(told, sort_keys=True).encode()


def _decode(data: bytes) -> Entry:
    try:
        raw = json.loads(data)
        return Entry(
            kind=EntryKind(raw["kind"]),
            at=datetime.fromisoformat(raw["at"]),
            items=tuple(Item(KeyScope(scope), checked_key(object_id)) for scope, object_id in raw["items"]),
            reason_code=raw["reason_code"],
            bypass_lock=raw["bypass_lock"],
            value=raw["value"],
            query={str(name): str(word) for name, word in raw.get("query", {}).items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise Damaged from problem
