"""An S3 Inventory read in place of the bucket: as it was laid, in order, and refused when it tells too little."""

from __future__ import annotations

import json
import random
import uuid
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage.address import S3Address
from storage.directory import DirectoryStore
from storage.errors import InventoryRefused
from storage.inventory import Inventory
from storage.protocol import Area
from storage.survey import Lock, surveyed
from tests.inventories import COLUMNS, Line, write

MADE = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
UNTIL = datetime(2027, 11, 30, 23, 59, 59, tzinfo=UTC)


def line(key: str, **more: object) -> Line:
    return Line(**{"key": f"here/records/{key}", "version_id": "v1", "size": 100, "until": UNTIL, **more})  # type: ignore[arg-type]


def test_keys_come_ascending_with_their_versions_oldest_first_whatever_order_the_files_have(tmp_path: Path) -> None:
    keys = [uuid.uuid4().hex for _ in range(50)]
    lines = [line(key) for key in keys]
    lines += [line(keys[7], version_id="v2", at="2026-11-21T10:00:00.000Z", held=True)]
    lines += [line(keys[8], version_id="m", marker=True), Line(key="here/log/" + keys[0], version_id="v", size=1)]
    lines += [Line(key="elsewhere/records/" + keys[0], version_id="v", size=1)]
    random.Random(3).shuffle(lines)
    inventory = Inventory.read(write(tmp_path, lines, made_at=MADE))
    assert (inventory.bucket, inventory.made_at) == ("records", MADE)
    found = dict(inventory.survey(Area.RECORDS, prefix="here/", scratch=tmp_path))
    assert list(found) == sorted(keys)
    assert [version.version_id for version in found[keys[7]]] == ["v1", "v2"]
    assert [version.lock for version in found[keys[7]]] == [
        Lock(retain_until=UNTIL, held=False),
        Lock(retain_until=UNTIL, held=True),
    ]
    assert [version.version_id for version in found[keys[8]]] == ["v1"], "a delete marker is no version"
    assert list(tmp_path.glob("inventory-*")) == [], "the scratch database is gone"


def test_a_lock_that_was_never_set_is_told_as_none(tmp_path: Path) -> None:
    inventory = Inventory.read(write(tmp_path, [line("0" * 32, until=None)], made_at=MADE))
    ((_, (version,)),) = inventory.survey(Area.RECORDS, prefix="here/")
    assert version.lock == Lock(retain_until=None, held=False)
    assert (version.size, version.sha256) == (100, None)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"fmt": "Parquet"}, "Parquet"),
        ({"columns": COLUMNS.replace("VersionId, ", "")}, "VersionId"),
        ({"columns": COLUMNS.replace(", ObjectLockLegalHoldStatus", "")}, "ObjectLockLegalHoldStatus"),
    ],
)
def test_one_that_tells_too_little_is_refused(tmp_path: Path, changes: dict[str, str], told: str) -> None:
    manifest = write(tmp_path, [line("0" * 32)], made_at=MADE, **changes)  # type: ignore[arg-type]
    with pytest.raises(InventoryRefused, match=told) as refused:
        Inventory.read(manifest)
    assert refused.value.remedy


def test_what_is_no_manifest_is_refused(tmp_path: Path) -> None:
    for content in ("", "[]", json.dumps({"sourceBucket": "x"}), "\xff"):
        (tmp_path / "manifest.json").write_text(content)
        with pytest.raises(InventoryRefused, match="no manifest"):
            Inventory.read(tmp_path / "manifest.json")


def test_a_file_that_is_missing_changed_or_cut_is_refused(tmp_path: Path) -> None:
    manifest = write(tmp_path, [line("0" * 32), line("1" * 32)], made_at=MADE)
    part = tmp_path / "records" / "every-version" / "data" / "part-1.csv.gz"
    whole = part.read_bytes()
    part.write_bytes(whole[:-4])
    with pytest.raises(InventoryRefused, match="not the file"):
        list(Inventory.read(manifest).survey(Area.RECORDS, prefix="here/"))
    part.unlink()
    with pytest.raises(InventoryRefused, match="not there"):
        Inventory.read(manifest)


def test_the_inventory_of_another_bucket_is_refused(tmp_path: Path) -> None:
    inventory = Inventory.read(write(tmp_path, [], made_at=MADE))
    inventory.require_of(S3Address(bucket="records"))
    for other in (S3Address(bucket="record"), None):
        with pytest.raises(InventoryRefused, match="another bucket"):
            inventory.require_of(other)


def test_a_directory_is_surveyed_in_the_same_order_and_tells_everything(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "store")
    keys = [uuid.uuid4().hex for _ in range(30)]
    for key in keys:
        store.put(Area.RECORDS, key, key.encode())
    store.put(Area.RECORDS, keys[3], b"later", retain_until=UNTIL)
    found = list(surveyed(store, Area.RECORDS))
    assert [key for key, _ in found] == sorted(keys)
    versions = dict(found)[keys[3]]
    assert [version.lock for version in versions] == [
        Lock(retain_until=None, held=False),
        Lock(retain_until=UNTIL, held=False),
    ]
    assert all(version.sha256 for version in versions)
