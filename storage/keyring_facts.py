"""What a keyring speaks of: keys and what they are for, epochs, and the little that it asks of a database.

Danger: a key that shows where it is printed. Invariant: a key's bytes are in no representation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol


class KeyScope(StrEnum):
    """What a data key is for; bound into its wrapping, so that a key of one kind never opens another."""

    WORKING = "working"
    RECORDS = "records"
    OWNER = "owner"
    """The personal fields of one client or one member of staff."""
    UNKNOWN = "unknown"
    """Only on the tombstone of an id this keyring never had, as after restoring an older backup."""


@dataclass(frozen=True, slots=True)
class DataKey:
    """An unwrapped data key. Its bytes never show in a representation; drop it as soon as it was used."""

    object_id: str
    scope: KeyScope
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrapped:
    """What a re-wrap did."""

    epoch: int
    """The epoch every living key is wrapped by now."""
    moved: int
    destroyed: tuple[int, ...]
    """Epochs whose key files are gone: keyrings copied before this moment can no longer be read."""
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What wrapping the living keys by a newer epoch did."""

    epoch: int
    """The epoch every living key is wrapped by now."""
    moved: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """One epoch, as the keyring remembers it."""

    number: int
    opened_at: datetime
    ended_at: datetime | None
    """When its key was destroyed, here and in every standby; None while it may still open a copied keyring."""


class Answer(Protocol):
    """What a statement brought: a cursor of `sqlite3` or of psycopg."""

    @property
    def rowcount(self) -> int: ...

    def fetchone(self) -> Any: ...

    def fetchall(self) -> list[Any]: ...


class Statements(Protocol):
    """Somewhere to send a statement to; values stand as `?`."""

    def execute(self, statement: str, values: Sequence[object] = (), /) -> Answer: ...
