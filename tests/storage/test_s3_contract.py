"""The S3 store keeps the contract of every store: on moto here, on a real server in tests/real."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from contract import Opened, StoreContract
from freezegun import freeze_time
from s3_servers import moto_bucket

from storage.protocol import LockMode
from storage.s3 import S3Store


class TestS3StoreOnMoto(StoreContract):
    @pytest.fixture
    def opened(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[Opened]:
        with moto_bucket(monkeypatch) as address, freeze_time(datetime.now(UTC), tick=True) as time:

            def wait(seconds: timedelta) -> None:
                time.tick(seconds)  # moto lives in this process and has its clock

            yield Opened(
                store=S3Store(address), another=lambda: S3Store(address), now=lambda: datetime.now(UTC), wait=wait
            )

    def test_its_locks_are_the_servers_and_governance(self, opened: Opened) -> None:
        protection = opened.store.effective_protection
        assert (protection.mode, protection.enforced_by) == (LockMode.GOVERNANCE, "server")
