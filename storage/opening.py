"""Opening a store by setting: the directory on this machine, or a bucket on an S3 server.

Danger: a bucket whose name was mistyped opens as well as the right one, and is empty; a server that keeps no lock looks
like one that does. Invariant: a bucket without a destruction log becomes this vault's only when nothing was ever
sealed here, and only after the server was tried and found to do what records need.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from storage.address import S3Address
from storage.directory import DirectoryStore
from storage.errors import StoreUnfit
from storage.protocol import Store


class Ids(Protocol):
    """The part of a keyring that tells whether anything was sealed."""

    def list_ids(self) -> Iterator[str]:
        """Every id with a living key."""


def open_store(records: Path, s3: S3Address | None) -> Store:
    """The store of a site: in the bucket where one is told, else in the directory `records`."""
    if s3 is None:
        return DirectoryStore(records)
    from storage.s3 import S3Store

    return S3Store(s3)


def before_its_first_log(store: Store, keyring: Ids) -> None:
    """What must be true before a store is made this vault's by opening a log in it. Raises StoreUnfit."""
    from storage.s3 import S3Store

    if not isinstance(store, S3Store):
        return
    if next(keyring.list_ids(), None) is not None:
        raise StoreUnfit(
            f"{store.address.url} holds nothing of this site, whose keyring has keys already: it is another place.",
            "Correct CONFIDE_STORE. To move a site to another store, back it up and restore it with the new setting.",
        )
    from storage import trial

    trial.require(store)
