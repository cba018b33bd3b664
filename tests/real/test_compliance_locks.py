"""Locks that end for nobody, chosen by the setting, on a real S3 server."""

from __future__ import annotations

import time
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from storage import doctor, trial
from storage.errors import Locked, LockRefused
from storage.findings import Level
from storage.protocol import Area, Destroyed, LockMode
from storage.s3 import S3Store
from tests.real.test_s3_store import new_bucket

if TYPE_CHECKING:
    from storage.address import S3Address

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def governance(by_https: S3Address) -> S3Store:
    return S3Store(new_bucket(by_https))


@pytest.fixture(scope="module")
def compliance(governance: S3Store) -> S3Store:
    """The same bucket, with the setting written."""
    return S3Store(replace(governance.address, lock=LockMode.COMPLIANCE))


@pytest.fixture
def key() -> str:
    return uuid.uuid4().hex


def soon(seconds: float = 4) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def gone_after_its_day(store: S3Store, key: str) -> bool:
    (found,) = store.stat(Area.RECORDS, key)
    assert found.retain_until is not None
    time.sleep(max(0.0, (found.retain_until - datetime.now(UTC)).total_seconds()) + 1)
    return isinstance(store.destroy(Area.RECORDS, key), Destroyed)


def test_break_glass_ends_no_lock_that_the_setting_made(compliance: S3Store, key: str) -> None:
    compliance.put(Area.RECORDS, key, b"record", retain_until=soon())
    (found,) = compliance.stat(Area.RECORDS, key)
    assert found.mode is LockMode.COMPLIANCE
    with pytest.raises(Locked):
        compliance.destroy(Area.RECORDS, key, bypass_lock=True)
    assert isinstance(compliance.destroy_each(Area.RECORDS, [key], bypass_lock=True)[key], Locked)
    assert compliance.get(Area.RECORDS, key) == b"record"
    assert gone_after_its_day(compliance, key)


def test_with_the_setting_taken_away_a_lock_stays_as_hard_and_is_lengthened_so(
    governance: S3Store, compliance: S3Store, key: str
) -> None:
    compliance.put(Area.RECORDS, key, b"record", retain_until=soon(3))
    (longer,) = governance.protect(Area.RECORDS, key, retain_until=soon(6))
    assert longer.mode is LockMode.COMPLIANCE
    assert gone_after_its_day(governance, key)


def test_with_the_setting_written_an_earlier_lock_stays_as_soft_and_is_lengthened_so(
    governance: S3Store, compliance: S3Store, key: str
) -> None:
    governance.put(Area.RECORDS, key, b"record", retain_until=soon(3))
    (longer,) = compliance.protect(Area.RECORDS, key, retain_until=soon(6))
    assert longer.mode is LockMode.GOVERNANCE
    assert gone_after_its_day(compliance, key)


def test_none_reaches_further_than_a_year(compliance: S3Store, key: str) -> None:
    with pytest.raises(LockRefused, match="a year ahead"):
        compliance.put(Area.RECORDS, key, b"record", retain_until=soon(370 * 86400))
    assert compliance.stat(Area.RECORDS, key) == ()


def test_the_store_is_tried_with_the_lock_it_is_to_give(compliance: S3Store) -> None:
    assert [finding for finding in trial.require(compliance) if finding.level is not Level.OK] == []
    found = doctor.lock_round_trip(compliance)
    assert found.level is Level.OK
    assert "compliance" in found.sentence
    assert "for nobody" in found.sentence
