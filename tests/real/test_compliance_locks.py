"""Locks that end for nobody, chosen by the setting, on a real S3 server."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from storage import trial
from storage.errors import Locked, LockRefused, StoreUnfit
from storage.findings import Check, Level
from storage.protocol import Area, Destroyed, LockMode
from storage.s3 import LONGEST_COMPLIANCE, S3Store
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


@pytest.mark.parametrize("made", LockMode)
def test_with_the_setting_changed_a_lock_keeps_its_mode_and_is_lengthened_so(
    governance: S3Store, compliance: S3Store, key: str, made: LockMode
) -> None:
    before, after = (governance, compliance) if made is LockMode.GOVERNANCE else (compliance, governance)
    before.put(Area.RECORDS, key, b"record", retain_until=soon(3))
    (longer,) = after.protect(Area.RECORDS, key, retain_until=soon(6))
    assert longer.mode is made
    assert gone_after_its_day(after, key)


def test_none_reaches_further_than_the_house_asks_for_on_any_day(compliance: S3Store, key: str) -> None:
    with pytest.raises(LockRefused, match="a year and a month ahead"):
        compliance.put(Area.RECORDS, key, b"record", retain_until=soon(401 * 86400))
    assert compliance.stat(Area.RECORDS, key) == ()


def test_a_sealed_record_is_locked_as_long_as_the_house_locks_every_record(compliance: S3Store, key: str) -> None:
    from flows.sealing import lock_until

    today = datetime.now(UTC)
    for day in range(366):
        assert lock_until(today + timedelta(days=day)) <= today + timedelta(days=day) + LONGEST_COMPLIANCE
    compliance.put(Area.RECORDS, key, b"record")  # as sealing keeps it
    (kept,) = compliance.protect(Area.RECORDS, key, retain_until=lock_until(today))
    assert (kept.mode, kept.retain_until) == (LockMode.COMPLIANCE, lock_until(today))


def test_the_store_is_tried_with_the_lock_it_is_to_give_and_what_follows_is_told_each_time(
    compliance: S3Store,
) -> None:
    (told,) = [finding for finding in trial.require(compliance) if finding.level is not Level.OK]
    assert (told.check, told.level) == (Check.LOCK, Level.NOTE)
    assert "for nobody" in told.sentence


def test_a_server_that_takes_a_compliance_lock_for_a_softer_one_is_not_trusted(
    governance: S3Store, compliance: S3Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As some servers do: the request says COMPLIANCE, the lock is GOVERNANCE."""
    ask = compliance.requests.ask

    def softened(operation: str, **parameters: Any) -> Mapping[str, Any]:
        if parameters.get("ObjectLockMode") == "COMPLIANCE":
            parameters["ObjectLockMode"] = "GOVERNANCE"
        return ask(operation, **parameters)

    monkeypatch.setattr(compliance.requests, "ask", softened)
    with pytest.raises(StoreUnfit, match="COMPLIANCE"):
        trial.require(compliance)
