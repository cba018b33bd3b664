"""The keyring: one data key for every object and every owner of fields, in a database of its own.

Danger: a wrapped key that survives its destruction makes every certificate of destruction false; a key that is lost
loses its record. Invariant: rows are only appended, never deleted, and a row never changes its length, so destroying a
key overwrites it; what an engine keeps of the old bytes all the same is said by the engine's own class
(`sqlite_keyring`, `postgresql_keyring`). The destroyed row stays as a tombstone: an id whose key was destroyed never
gets another.

A data key is wrapped by the key of an epoch (`storage/epochs.py`), that by the master key. Whatever outlives a
destruction (blocks of a file system or an SSD, a server's write-ahead log, a copied database) is unreadable for good
when its epoch ends.
"""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from storage.batches import batches
from storage.envelope import context_of
from storage.epochs import EpochKeys
from storage.errors import EpochGone, EpochInUse, KeyDestroyed, KeyExists, KeyNotFound, Tampered
from storage.keyring_facts import DataKey, Epoch, KeyScope, Moved, Rewrapped, Statements
from storage.places import locked_directory
from storage.protocol import checked_key

WRAPPED_SIZE = 12 + 32 + 16
_ALIVE = "-" * 20
_NO_EPOCH = "0" * 6
_DESTROYED = bytes(WRAPPED_SIZE)
_BATCH = 500


class Keyring(ABC):
    """What every keyring does. Safe from threads and from several processes, also across a fork.

    An engine brings four things: where statements go, a transaction that is alone in writing, getting rid of what an
    overwritten key leaves behind, and the same after every key was wrapped anew.
    """

    def __init__(self, epochs: EpochKeys, *, clock: Callable[[], datetime]) -> None:
        self._epochs = epochs
        self._clock = clock
        self._ciphers: dict[int, AESGCM] = {}

    @property
    @abstractmethod
    def address(self) -> Path | str:
        """Where it lies: a file of SQLite, or the address of a PostgreSQL database."""

    @property
    @abstractmethod
    def erasure(self) -> str:
        """One sentence for whoever certifies a destruction: where old bytes of a destroyed key may still lie."""

    @abstractmethod
    def close(self) -> None:
        """Close this thread's connection; the next call opens another."""

    @abstractmethod
    def _db(self) -> Statements:
        """This thread's connection, outside of a transaction."""

    @abstractmethod
    def _transaction(self) -> AbstractContextManager[Statements]:
        """A transaction that nobody else writes beside, durable when it ends well."""

    @abstractmethod
    def _forget(self) -> None:
        """Get rid of what overwritten keys left behind in the database's files. Raises KeyringBusy."""

    @abstractmethod
    def _forget_all(self) -> None:
        """The same, after every living key was written anew. Raises KeyringBusy."""

    @property
    def epochs(self) -> EpochKeys:
        return self._epochs

    def create(self, object_id: str, scope: KeyScope) -> DataKey:
        """Make the data key of an id, durable before this returns. Raises KeyExists, KeyDestroyed, BadKey."""
        checked_key(object_id)
        secret = secrets.token_bytes(32)
        with self._transaction() as db:
            row = db.execute("SELECT destroyed_at FROM data_key WHERE object_id = ?", (object_id,)).fetchone()
            if row is not None:
                raise KeyExists if row[0] == _ALIVE else KeyDestroyed
            epoch = self._current_epoch(db)
            db.execute(
                "INSERT INTO data_key(object_id, scope, epoch, wrapped, destroyed_at) VALUES(?, ?, ?, ?, ?)",
                (object_id, scope.value, f"{epoch:06d}", self._wrap(object_id, scope, epoch, secret), _ALIVE),
            )
        return DataKey(object_id, scope, secret)

    def get(self, object_id: str) -> DataKey:
        """The data key of an id. Raises KeyNotFound, KeyDestroyed, EpochGone, Tampered."""
        checked_key(object_id)
        seen = -1
        while True:
            scope, epoch, wrapped = self._row(object_id)
            try:
                return DataKey(object_id, scope, self._unwrap(object_id, scope, epoch, wrapped))
            except EpochGone:
                if epoch == seen:
                    raise
                seen = epoch  # re-wrapped by another process between the two reads: look once more

    def exists(self, object_id: str) -> bool:
        """Whether the id has a living data key."""
        return self._state(object_id) == _ALIVE

    def is_destroyed(self, object_id: str) -> bool:
        """Whether the id once had a data key that was destroyed."""
        return self._state(object_id) not in (None, _ALIVE)

    def destroyed_among(self, object_ids: Iterable[str]) -> frozenset[str]:
        """Those of many ids that `is_destroyed` is true of, as they stand now."""
        gone: set[str] = set()
        for batch in _in_one_statement(object_ids):
            rows = self._db().execute(
                f"SELECT object_id FROM data_key WHERE destroyed_at <> ? AND object_id IN ({_places(batch)})",  # noqa: S608
                (_ALIVE, *batch),
            )
            gone.update(row[0] for row in rows.fetchall())
        return frozenset(gone)

    def destroy(self, *object_ids: str) -> None:
        """Overwrite the data keys of these ids, in one transaction, and rid the database's files of the old bytes.

        Idempotent; an id that was never known gets a tombstone as well. Raises KeyringBusy when a reader kept the old
        bytes: the keys are destroyed then, but old bytes may remain until it is called again.
        """
        batches = tuple(_in_one_statement(object_ids))
        at = self._clock().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        with self._transaction() as db:
            for batch in batches:
                which = f"destroyed_at = ? AND object_id IN ({_places(batch)})"
                overwritten = db.execute(
                    f"UPDATE data_key SET wrapped = ?, epoch = ?, destroyed_at = ? WHERE {which}",  # noqa: S608
                    (_DESTROYED, _NO_EPOCH, at, _ALIVE, *batch),
                ).rowcount
                # a key that was destroyed before keeps its day, an id without one gets its tombstone
                for object_id in batch if overwritten < len(batch) else ():
                    db.execute(
                        "INSERT INTO data_key(object_id, scope, epoch, wrapped, destroyed_at)"
                        " VALUES(?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                        (object_id, KeyScope.UNKNOWN.value, _NO_EPOCH, _DESTROYED, at),
                    )
        self._forget()

    def list_ids(self, scope: KeyScope | None = None) -> Iterator[str]:
        """Every id with a living key, in order of creation, streamed in batches."""
        after, wanted = 0, scope.value if scope else ""
        while True:
            rows = (
                self._db()
                .execute(
                    "SELECT number, object_id FROM data_key"
                    " WHERE number > ? AND destroyed_at = ? AND (? = '' OR scope = ?) ORDER BY number LIMIT ?",
                    (after, _ALIVE, wanted, wanted, _BATCH),
                )
                .fetchall()
            )
            if not rows:
                return
            yield from (row[1] for row in rows)
            after = rows[-1][0]

    def epochs_in_use(self) -> tuple[int, ...]:
        """The epochs that living data keys are wrapped by, ascending: losing one of their files loses records."""
        rows = self._db().execute("SELECT DISTINCT epoch FROM data_key WHERE destroyed_at = ?", (_ALIVE,)).fetchall()
        return tuple(sorted(int(row[0]) for row in rows))

    def known_epochs(self) -> tuple[Epoch, ...]:
        """Every epoch there was, ascending; what outlives a destruction is said of these."""
        rows = self._db().execute("SELECT number, opened_at, destroyed_at FROM epoch ORDER BY number").fetchall()
        return tuple(
            Epoch(
                number=int(number),
                opened_at=datetime.fromisoformat(opened),
                ended_at=datetime.fromisoformat(ended) if ended else None,
            )
            for number, opened, ended in rows
        )

    def waiting(self) -> int:
        """How many living keys `move_on` would wrap anew: those of earlier months, and all when this month has none."""
        newest = next((epoch for epoch in reversed(self.known_epochs()) if epoch.ended_at is None), None)
        turned = newest is not None and _month(newest.opened_at) >= _month(self._clock())
        behind = f"{newest.number:06d}" if turned and newest is not None else "~"  # after every number
        counted = self._db().execute(
            "SELECT count(*) FROM data_key WHERE destroyed_at = ? AND epoch < ?", (_ALIVE, behind)
        )
        return int(counted.fetchone()[0])

    def move_on(self, *, anew: bool = False, progress: Callable[[int], None] | None = None) -> Moved:
        """Wrap every living key by the epoch of this month, opening it where there is none; with `anew`, by a new one.

        Destroys nothing. Cut off, the same call goes on: new keys go to the new epoch from the first moment.
        """
        with self._transaction() as db:
            self._take_in_files(db)
            epoch = self._open_epoch(db) if anew else self._current_epoch(db)
        moved = after = 0
        while True:
            count, after = self._rewrap_batch(epoch, after)
            if not count:
                break
            moved += count
            if progress is not None:
                progress(moved)
        if moved:
            self._forget_all()
        return Moved(epoch=epoch, moved=moved)

    def end_epochs(self, numbers: Sequence[int], *, standbys: Sequence[Path] = ()) -> datetime:
        """Destroy the keys of epochs that no living key depends on, first in every standby, then here; when it was.

        From then on no keyring copied while one of these was the newest can be read by anybody. Idempotent; an epoch
        that is ended keeps its day. Raises EpochInUse, with nothing destroyed; UnsafePlace of a standby.
        """
        if set(numbers) & set(self.epochs_in_use()):
            raise EpochInUse
        with locked_directory(self._epochs.directory):  # nobody copies, wraps anew or makes an epoch key meanwhile
            for number in numbers:
                for standby in standbys:
                    self._epochs.destroy_in(standby, number)
                self._epochs.destroy(number)
                self._ciphers.pop(number, None)
        at = self._clock()
        with self._transaction() as db:
            for number in numbers:
                db.execute(
                    "UPDATE epoch SET destroyed_at = ? WHERE number = ? AND destroyed_at IS NULL",
                    (at.isoformat(), number),
                )
        return at

    def rewrap(self) -> Rewrapped:
        """Open a new epoch, wrap every living key by it, then end all older epochs, without the window of a backup.

        Resumable. Afterwards no keyring copied before can be read by anybody: make a backup at once.
        """
        done = self.move_on(anew=True)
        files = tuple(number for number in self._epochs.numbers() if number < done.epoch)
        known = {epoch.number for epoch in self.known_epochs() if epoch.ended_at is None and epoch.number < done.epoch}
        at = self.end_epochs(sorted(known | set(files)))
        return Rewrapped(epoch=done.epoch, moved=done.moved, destroyed=files, at=at)

    def _row(self, object_id: str) -> tuple[KeyScope, int, bytes]:
        row = (
            self._db()
            .execute("SELECT scope, epoch, wrapped, destroyed_at FROM data_key WHERE object_id = ?", (object_id,))
            .fetchone()
        )
        if row is None:
            raise KeyNotFound
        if row[3] != _ALIVE:
            raise KeyDestroyed
        return KeyScope(row[0]), int(row[1]), bytes(row[2])

    def _state(self, object_id: str) -> str | None:
        row = (
            self._db()
            .execute("SELECT destroyed_at FROM data_key WHERE object_id = ?", (checked_key(object_id),))
            .fetchone()
        )
        return None if row is None else str(row[0])

    def _wrap(self, object_id: str, scope: KeyScope, epoch: int, secret: bytes) -> bytes:
        nonce = secrets.token_bytes(12)
        return nonce + self._cipher(epoch).encrypt(nonce, secret, _binding(object_id, scope, epoch))

    def _unwrap(self, object_id: str, scope: KeyScope, epoch: int, wrapped: bytes) -> bytes:
        try:
            return self._cipher(epoch).decrypt(wrapped[:12], wrapped[12:], _binding(object_id, scope, epoch))
        except InvalidTag:
            raise Tampered from None

    def _cipher(self, epoch: int) -> AESGCM:
        cipher = self._ciphers.get(epoch)
        if cipher is None:
            cipher = self._ciphers[epoch] = AESGCM(self._epochs.load(epoch))
            # a process that runs for months lets go of the keys of epochs that were ended meanwhile
            for gone in set(self._ciphers) - set(self._epochs.numbers()):
                self._ciphers.pop(gone, None)
        return cipher

    def _current_epoch(self, db: Statements) -> int:
        """The newest living epoch; a new one when its month has passed. A clock that went back changes nothing."""
        row = db.execute("SELECT number, month FROM epoch WHERE destroyed_at IS NULL ORDER BY number DESC").fetchone()
        if row is None or row[1] < _month(self._clock()):
            return self._open_epoch(db)
        number = int(row[0])
        try:
            self._cipher(number)
        except EpochGone:
            return self._open_epoch(db)  # a restored keyring may speak of an epoch that is gone
        return number

    def _open_epoch(self, db: Statements) -> int:
        """Within a write transaction, so that two processes never open two at once."""
        newest = db.execute("SELECT coalesce(max(number), 0) FROM epoch").fetchone()[0]
        number = max(int(newest), *self._epochs.numbers(), 0) + 1
        self._ciphers[number] = AESGCM(self._epochs.create(number))
        now = self._clock()
        db.execute("INSERT INTO epoch VALUES(?, ?, ?, NULL)", (number, _month(now), now.isoformat()))
        return number

    def _take_in_files(self, db: Statements) -> None:
        """Write down epochs whose files are there and that this keyring, a restored one, never heard of.

        As opened when the one before was: earlier than true, so that no erasure is called complete too soon.
        """
        known = {int(row[0]): row[1:] for row in db.execute("SELECT number, month, opened_at FROM epoch").fetchall()}
        for number in self._epochs.numbers():
            if number not in known:
                before = max((each for each in known if each < number), default=None)
                now = self._clock()
                month, opened = known[before] if before is not None else (_month(now), now.isoformat())
                db.execute("INSERT INTO epoch VALUES(?, ?, ?, NULL)", (number, month, opened))
                known[number] = (month, opened)

    def _rewrap_batch(self, epoch: int, after: int) -> tuple[int, int]:
        """One batch of keys beyond row `after`; how many, and the last row seen."""
        with self._transaction() as db:
            rows = db.execute(
                "SELECT number, object_id, scope, epoch, wrapped FROM data_key"
                " WHERE number > ? AND destroyed_at = ? AND epoch < ? ORDER BY number LIMIT ?",
                (after, _ALIVE, f"{epoch:06d}", _BATCH),
            ).fetchall()
            for number, object_id, scope, old_epoch, wrapped in rows:
                secret = self._unwrap(object_id, KeyScope(scope), int(old_epoch), bytes(wrapped))
                db.execute(
                    "UPDATE data_key SET wrapped = ?, epoch = ? WHERE number = ?",
                    (self._wrap(object_id, KeyScope(scope), epoch, secret), f"{epoch:06d}", number),
                )
        return len(rows), int(rows[-1][0]) if rows else after


def _binding(object_id: str, scope: KeyScope, epoch: int) -> bytes:
    return context_of("confide/data-key/1", object_id, scope, str(epoch))


def _in_one_statement(object_ids: Iterable[str]) -> Iterator[list[str]]:
    """Each id once, checked, so many that one statement can name them."""
    return batches(dict.fromkeys(map(checked_key, object_ids)), _BATCH)


def _places(batch: Sequence[str]) -> str:
    return ", ".join("?" * len(batch))


def _month(now: datetime) -> str:
    return now.astimezone(UTC).strftime("%Y-%m")
