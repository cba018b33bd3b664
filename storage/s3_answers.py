"""What the answers of an S3 server tell of a version: what arrived, what is kept with it, what protects it.

Danger: an answer that was cut off reads like a shorter one, and silence like consent. Invariant: what an answer does
not tell is not assumed: a digest that is missing is not ours, a lock that is not shown does not count.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from storage.errors import LockRefused
from storage.protocol import LockMode

SHA256 = "sha256"
"""The name under which the digest of (sealed) bytes lies beside them."""


@dataclass(frozen=True, slots=True)
class Guards:
    """What the server says of one version."""

    until: datetime | None
    mode: LockMode | None
    held: bool
    sha256: str | None


@dataclass(slots=True)
class Silence:
    """What it means that a server, telling of versions one by one, says nothing of a lock or hold on one.

    Nothing, until it answered this role for one that was asked for by name; from then on that there is none. (S3 leaves
    both out for a role that may not read them, and rights are by area.)
    """

    of_locks: bool = False
    of_holds: bool = False


def word_of(mode: LockMode) -> str:
    """A lock's mode in the server's word."""
    return mode.value.upper()


def mode_of(word: object) -> LockMode:
    """The mode that a server's word tells. Raises ValueError for one that is none."""
    return LockMode(str(word).lower())


def is_whole(answer: Mapping[str, Any]) -> bool:
    """Whether the head of an answer came to its end, as far as that can be told: http takes one that was cut off for a
    shorter one. Every server gives the request a number, Ceph after all that it has to say."""
    return bool(answer.get("ResponseMetadata", {}).get("RequestId"))


def digest_is_ours(answer: Mapping[str, Any], sha256: bytes, md5: str) -> bool:
    """Whether the answer to a put carries the server's digest of what arrived, and it is the one of what was sent.

    The entity tag is an MD5 unless the server encrypted with a key of its own; then AWS tells the SHA-256.
    """
    if "ChecksumSHA256" in answer:
        return bool(answer["ChecksumSHA256"] == base64.b64encode(sha256).decode())
    return bool(str(answer.get("ETag", "")).strip('"') == md5)


def sha256_told(answer: Mapping[str, Any]) -> str | None:
    """The SHA-256 that was put with a version and kept by the server; None for bytes this program did not put."""
    told = answer.get("Metadata", {}).get(SHA256)
    return str(told) if told else None


def require_kept(seen: Iterable[Guards], until: datetime | None, hold: bool | None) -> None:
    """Raise LockRefused where one shows less than the lock and hold that were asked for; None was not asked for."""
    for found in seen:
        short = until is not None and (found.until is None or found.until < until)
        if short or (hold is not None and found.held is not hold):
            raise not_kept()


def not_kept() -> LockRefused:
    return LockRefused(
        "The store took a lock or hold and does not show it afterwards.",
        "Trust no record to this store: run `confide doctor`.",
    )
