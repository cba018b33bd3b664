"""What every object store of Confide owes its callers: six verbs, three areas, versions for each key. `stat` and
`destroy` are also there for many keys at once, because a server answers a thousand sooner than a thousand times one.

Danger: code that is right on a directory and wrong on S3, or that calls something destroyed while a version of it
lives. Invariant: one contract test suite (tests/storage/contract.py) runs against every store; callers rely on nothing
beyond it.

A store keeps bytes it cannot read. It knows no keys, no people and no reasons: names are opaque, nothing else is
attached.

    store = DirectoryStore(root)
    version = store.put(Area.RECORDS, key, sealed, retain_until=due)
    assert store.get(Area.RECORDS, key) == sealed
    store.destroy(Area.RECORDS, key)          # raises Locked until `due`

Absent on purpose: rename, copy, overwrite, metadata, search, links for a browser, and any way out of the log area.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from storage.errors import BadKey, Held, Locked, StorageError

PROBE = hashlib.sha256(b"confide/doctor/probe").hexdigest()
"""The name under which locks are tried; nobody's record. A store whose roles may not destroy keeps it, unlisted."""

_KEY = re.compile(r"(?:[0-9a-f]{32}|[0-9a-f]{64})\Z")


class Area(StrEnum):
    """Where an object lies; an area is a promise about how it may leave."""

    WORKING = "working"
    """Bytes on their way to a signature. Never locked, never held; the system destroys them once they are sealed."""
    RECORDS = "records"
    """Sealed bytes. Locked and held; destroyed only after the last lock has run out and no hold is left."""
    LOG = "log"
    """Append-only: intents, tombstones, anchors. Never destroyed, never part of a backup."""


class LockMode(StrEnum):
    """How hard a lock is, in the words of S3 Object Lock."""

    GOVERNANCE = "governance"
    COMPLIANCE = "compliance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """What the store can honestly promise about locks and holds."""

    mode: LockMode
    enforced_by: str
    """`software` when only this program stands in the way; `server` when another machine does."""
    sentence: str
    """One line for the person who decides whether that is enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """Receipt of one put."""

    version_id: str
    size: int
    """Bytes."""
    sha256: str
    """Lowercase hex, of the bytes as put."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionStat:
    """One version of a key as the store holds it now."""

    version_id: str
    size: int
    sha256: str | None
    """None where the server does not tell; never a guess."""
    stored_at: datetime
    retain_until: datetime | None
    mode: LockMode | None
    """How hard the lock is; None where there never was one."""
    held: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Destroyed:
    """Proof that a key is empty: what was removed, after the store was asked again and listed nothing."""

    area: Area
    key: str
    version_ids: tuple[str, ...]
    """Removed by this call, oldest first; empty when nothing was there."""


class Store(Protocol):
    """Six verbs, safe from threads and from several processes.

    A crash leaves a put done or not done. It may leave `protect` and `destroy` done for some versions of the key; the
    same call again completes them.

    Keys are 32 or 64 lowercase hex characters (BadKey otherwise) and compared whole, never by prefix.
    Times are timezone-aware UTC, in whole seconds: a fraction is rounded up, so that a lock never ends early.
    """

    @property
    def effective_protection(self) -> Protection:
        """What locks and holds are worth here. A store that cannot give the mode it was asked for refuses to open."""

    def put(self, area: Area, key: str, data: bytes, *, retain_until: datetime | None = None) -> Version:
        """Add a version that is durable when this returns. Earlier versions stay; nothing is ever overwritten.

        `retain_until` locks this version. Raises LockRefused in the working area or for a time that is not in the
        future. A crash leaves either the whole version or nothing that `get`, `stat` or `list` shows.
        """

    def get(self, area: Area, key: str, version_id: str | None = None) -> bytes:
        """The bytes of the latest version, or of the one named. Raises NotFound; Damaged when they are not what was
        put.
        """

    def stat(self, area: Area, key: str) -> tuple[VersionStat, ...]:
        """Every version, oldest first; empty when there is none. Says what the store enforces, not what was wished."""

    def protect(
        self, area: Area, key: str, *, retain_until: datetime | None = None, hold: bool | None = None
    ) -> tuple[VersionStat, ...]:
        """Lengthen the lock and place (True) or lift (False) the hold of every version; None leaves it as it is.

        A lock is never shortened: an earlier time than the present one raises LockRefused and changes nothing.
        Returns the state read back. Raises NotFound, and LockRefused outside the records area.
        """

    def destroy(self, area: Area, key: str, *, bypass_lock: bool = False) -> Destroyed:
        """Remove every version, then look again; raises StillPresent rather than return while one is left.

        Raises Locked or Held, with nothing removed, while any version is locked or held. `bypass_lock` ends a
        GOVERNANCE lock (break-glass role); it never passes a hold. Idempotent: an absent key gives an empty proof.
        Raises LogIsAppendOnly for the log area.
        """

    def stat_each(self, area: Area, keys: Sequence[str]) -> Mapping[str, tuple[VersionStat, ...] | StorageError]:
        """As `stat`, for each of them; what cannot be told of one is its answer and stops no other."""

    def destroy_each(
        self, area: Area, keys: Sequence[str], *, bypass_lock: bool = False
    ) -> Mapping[str, Destroyed | StorageError]:
        """As `destroy`, for each of them on its own: what is refused for one is its answer and stops no other.

        Raises LogIsAppendOnly for the log area, BadKey before anything is removed.
        """

    def list(self, area: Area) -> Iterator[str]:
        """Every key once, ascending, streamed. Keys put or destroyed meanwhile may or may not be seen."""


def checked_key(key: str) -> str:
    """The key itself, when it is 32 or 64 lowercase hex characters; raises BadKey otherwise."""
    if not isinstance(key, str) or _KEY.match(key) is None:
        raise BadKey
    return key


def refused(
    told: Mapping[str, tuple[VersionStat, ...] | StorageError], *, bypass_lock: bool, now: datetime
) -> dict[str, StorageError]:
    """Of what `stat_each` told: those that a lock or hold protects now, or of which nothing could be told."""
    found: dict[str, StorageError] = {}
    for key, versions in told.items():
        if isinstance(versions, StorageError):
            found[key] = versions
        elif any(version.held for version in versions):
            found[key] = Held()
        elif not bypass_lock and any(v.retain_until is not None and v.retain_until > now for v in versions):
            found[key] = Locked()
    return found
