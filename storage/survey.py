"""What a store holds, key by key in ascending order: the one side of a reconciliation with the register.

Danger: a look at the store that asks a server for each version takes a night for a large bucket, and is left out; one
that holds everything in memory ends the night's work. Invariant: keys come ascending and one at a time, whatever the
store, so that two streams can be compared; what a listing does not tell (S3 lists no locks and no digests) is unknown,
never guessed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from storage.protocol import Area, Store, VersionStat


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """What protects one version."""

    retain_until: datetime | None
    held: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One version as it was seen."""

    version_id: str
    size: int
    sha256: str | None
    """Lowercase hex of the sealed bytes; None where it was not told."""
    lock: Lock | None
    """None where it was not told."""


@runtime_checkable
class Listing(Protocol):
    """A store that lists versions faster than it tells all of each."""

    def survey(self, area: Area) -> Iterator[tuple[str, tuple[Seen, ...]]]:
        """Every key, ascending, with its versions, oldest first."""


def surveyed(store: Store, area: Area) -> Iterator[tuple[str, tuple[Seen, ...]]]:
    """Every key of an area, ascending, with its versions, oldest first; streamed."""
    if isinstance(store, Listing):
        yield from store.survey(area)
        return
    for key in store.list(area):
        versions = tuple(map(seen, store.stat(area, key)))
        if versions:
            yield key, versions


def seen(version: VersionStat) -> Seen:
    """A version of which the store told everything."""
    return Seen(
        version_id=version.version_id,
        size=version.size,
        sha256=version.sha256,
        lock=Lock(retain_until=version.retain_until, held=version.held),
    )
