"""An S3 Inventory: the list of a bucket that its server writes, once a day or a week, read in place of the bucket.

Danger: an inventory of another bucket, of last month or of current versions only, that is believed. Invariant: bucket,
format, columns and the MD5 of every file are those its manifest tells, and it tells all that is compared (every
version, its size, lock and hold); otherwise it is refused. Nothing is reported on an inventory's word alone: it is up
to two days old, so whoever compares asks the store again about what differs.

Its files are in no order (Amazon says so) and as large as the bucket is: they go through a scratch database on disk.
Format: https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-location.html
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from storage.address import S3Address
from storage.batches import batches
from storage.errors import InventoryRefused
from storage.protocol import Area
from storage.survey import Lock, Seen

_NEEDED = (
    "Bucket",
    "Key",
    "VersionId",
    "IsDeleteMarker",
    "Size",
    "LastModifiedDate",
    "ObjectLockRetainUntilDate",
    "ObjectLockLegalHoldStatus",
)
_BATCH = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """A finished inventory, its manifest read and its files found."""

    bucket: str
    made_at: datetime
    """When the server began to list: what came later is not in it."""
    columns: Sequence[str]
    files: tuple[tuple[Path, str], ...]
    """Each with the MD5 its manifest tells."""

    @classmethod
    def read(cls, manifest: Path) -> Inventory:
        """The inventory that a manifest.json speaks of; its files lie beside it or as Amazon lays them.

        Raises InventoryRefused, with what is wrong.
        """
        try:
            told: dict[str, Any] = json.loads(manifest.read_bytes())
            columns = tuple(name.strip() for name in str(told["fileSchema"]).split(","))
            bucket, form = str(told["sourceBucket"]), str(told["fileFormat"])
            made_at = datetime.fromtimestamp(int(told["creationTimestamp"]) / 1000, UTC)
            listed = [(str(each["key"]), str(each["MD5checksum"])) for each in told["files"]]
        except (OSError, ValueError, KeyError, TypeError):
            raise InventoryRefused(
                "This is no manifest of an S3 Inventory.", "Give the manifest.json that the server wrote."
            ) from None
        if form != "CSV":
            raise InventoryRefused(f"The inventory is written as {form[:10]}.", "Have it written as CSV.")
        if missing := [name for name in _NEEDED if name not in columns]:
            raise InventoryRefused(
                f"The inventory lacks: {', '.join(missing)}.",
                "Let it list all versions, with size, last modified date and the fields of Object Lock.",
            )
        files = tuple((_found(manifest, key), md5) for key, md5 in listed)
        return cls(bucket=bucket, made_at=made_at, columns=columns, files=files)

    def require_of(self, address: S3Address | None) -> None:
        """Raises InventoryRefused unless it is of this store's bucket."""
        if address is None or address.bucket != self.bucket:
            raise InventoryRefused(
                "This inventory is of another bucket than CONFIDE_STORE names.", "Give the one of this site's bucket."
            )

    def survey(
        self,
        area: Area,
        *,
        prefix: str = "",
        scratch: Path | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> Iterator[tuple[str, tuple[Seen, ...]]]:
        """Every key of an area, ascending, with its versions, oldest first. `prefix`: of the site in the bucket.

        `scratch`: a private directory with room for some 150 bytes a version. Raises InventoryRefused for a file that
        is not the one its manifest tells.
        """
        with (
            tempfile.TemporaryDirectory(prefix="inventory-", dir=scratch) as place,
            closing(sqlite3.connect(Path(place) / "seen.db", isolation_level=None)) as db,
        ):
            for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-32000"):
                db.execute(f"PRAGMA {pragma}")
            db.execute("CREATE TABLE seen(key TEXT, at TEXT, version TEXT, size INTEGER, until TEXT, held INTEGER)")
            self._fill(db, f"{prefix}{area}/", progress)
            rows = db.execute("SELECT key, version, size, until, held FROM seen ORDER BY key, at, rowid DESC")
            for key, versions in groupby(rows, key=itemgetter(0)):
                yield key, tuple(_seen(row) for row in versions)

    def _fill(self, db: sqlite3.Connection, under: str, progress: Callable[[int], None] | None) -> None:
        count = 0
        for path, md5 in self.files:
            for batch in batches(self._rows(path, md5, under), _BATCH):
                db.execute("BEGIN")
                db.executemany("INSERT INTO seen(key, at, version, size, until, held) VALUES(?, ?, ?, ?, ?, ?)", batch)
                db.execute("COMMIT")
                count += len(batch)
                if progress is not None:
                    progress(count)

    def _rows(self, path: Path, md5: str, under: str) -> Iterator[tuple[str, str, str, int, str, int]]:
        with path.open("rb") as file:
            if hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest() != md5:
                raise InventoryRefused(f"{path.name} is not the file its manifest tells.", "Fetch the inventory again.")
        at = {name: self.columns.index(name) for name in _NEEDED}
        opener = gzip.open if path.suffix == ".gz" else open
        try:
            with opener(path, "rt", encoding="utf-8", newline="") as lines:
                for row in csv.reader(lines):
                    if (found := _row(row, at, under)) is not None:
                        yield found
        except (OSError, EOFError, UnicodeDecodeError, csv.Error, ValueError, IndexError):
            raise InventoryRefused(f"{path.name} cannot be read.", "Fetch the inventory again.") from None


def _row(row: Sequence[str], at: Mapping[str, int], under: str) -> tuple[str, str, str, int, str, int] | None:
    key = unquote(row[at["Key"]])
    if not key.startswith(under) or row[at["IsDeleteMarker"]].lower() == "true":
        return None
    return (
        key[len(under) :],
        row[at["LastModifiedDate"]],
        row[at["VersionId"]],
        int(row[at["Size"]] or 0),
        row[at["ObjectLockRetainUntilDate"]],
        row[at["ObjectLockLegalHoldStatus"]].upper() == "ON",
    )


def _seen(row: tuple[str, str, int, str, int]) -> Seen:
    _, version_id, size, until, held = row
    ends = datetime.fromisoformat(until).astimezone(UTC).replace(microsecond=0) if until else None
    return Seen(version_id=version_id, size=size, sha256=None, lock=Lock(retain_until=ends, held=bool(held)))


def _found(manifest: Path, key: str) -> Path:
    """The file a manifest names by its key in the destination bucket, where a copy of that bucket or folder has it."""
    name = key.rpartition("/")[2]
    folder = manifest.absolute().parent
    for place in (folder / name, folder / "data" / name, folder.parent / "data" / name, folder.parent / name):
        if place.is_file():
            return place
    for above in manifest.absolute().parents:
        if (above / key).is_file():
            return above / key
    raise InventoryRefused(
        f"The inventory's file {name[:80]} is not there.",
        "Fetch the files too, into the folder of the manifest or data/ beside.",
    )
