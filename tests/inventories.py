"""An S3 Inventory as Amazon lays it, written for tests and benches: manifest.json, and data/*.csv.gz in no order."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

COLUMNS = (
    "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag, ObjectLockRetainUntilDate,"
    " ObjectLockMode, ObjectLockLegalHoldStatus"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One version in the bucket."""

    key: str
    version_id: str
    size: int
    until: datetime | None = None
    held: bool = False
    marker: bool = False
    at: str = "2026-11-20T10:00:00.000Z"


def write(
    folder: Path,
    lines: Iterable[Line],
    *,
    made_at: datetime,
    bucket: str = "records",
    columns: str = COLUMNS,
    parts: int = 2,
    fmt: str = "CSV",
) -> Path:
    """The manifest of a new inventory under `folder`."""
    data = folder / "records" / "every-version" / "data"
    data.mkdir(parents=True)
    texts = [io.StringIO() for _ in range(parts)]
    sheets = [csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n") for text in texts]
    for number, line in enumerate(lines):
        sheets[number % parts].writerow(_row(line, bucket, columns.split(", ")))
    files = []
    for number, text in enumerate(texts):
        content = gzip.compress(text.getvalue().encode(), compresslevel=1)
        (data / f"part-{number}.csv.gz").write_bytes(content)
        key = f"inventories/records/every-version/data/part-{number}.csv.gz"
        files.append({"key": key, "size": len(content), "MD5checksum": hashlib.md5(content).hexdigest()})  # noqa: S324
    manifest = folder / "records" / "every-version" / f"{made_at:%Y-%m-%dT%H-%MZ}" / "manifest.json"
    manifest.parent.mkdir()
    told = {
        "sourceBucket": bucket,
        "destinationBucket": "arn:aws:s3:::inventories",
        "version": "2016-11-30",
        "creationTimestamp": str(int(made_at.timestamp() * 1000)),
        "fileFormat": fmt,
        "fileSchema": columns,
        "files": files,
    }
    manifest.write_text(json.dumps(told))
    return manifest


def _row(line: Line, bucket: str, columns: Sequence[str]) -> list[str]:
    told = {
        "Bucket": bucket,
        "Key": line.key.replace("/", "%2F"),  # names come encoded as in a URL
        "VersionId": line.version_id,
        "IsLatest": "true",
        "IsDeleteMarker": str(line.marker).lower(),
        "Size": "" if line.marker else str(line.size),
        "LastModifiedDate": line.at,
        "ETag": "0" * 32,
        "ObjectLockRetainUntilDate": f"{line.until:%Y-%m-%dT%H:%M:%S.000Z}" if line.until else "",
        "ObjectLockMode": "GOVERNANCE" if line.until else "",
        "ObjectLockLegalHoldStatus": "ON" if line.held else "OFF",
    }
    return [told[name] for name in columns]
