"""The S3 store keeps the contract of every store: on moto here, on a real server in tests/real."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from contract import Opened
from freezegun import freeze_time
from s3_contract import S3Contract
from s3_servers import moto_bucket

from storage.protocol import LockMode
from storage.s3 import S3Store


@pytest.fixture(scope="module")
def moto_store() -> Iterator[S3Store]:
    """One for all the tests here: making a boto3 client takes longer than most of them."""
    with pytest.MonkeyPatch.context() as patch, moto_bucket(patch) as address:
        yield S3Store(address)


class TestS3StoreOnMoto(S3Contract):
    @pytest.fixture
    def opened(self, moto_store: S3Store) -> Iterator[Opened]:
        with freeze_time(datetime.now(UTC), tick=True) as time:

            def wait(seconds: timedelta) -> None:
                time.tick(seconds)  # moto lives in this process and has its clock

            yield Opened(
                store=moto_store,
                another=lambda: S3Store(moto_store.address),
                now=lambda: datetime.now(UTC),
                wait=wait,
            )

    def test_its_locks_are_the_servers_and_governance(self, opened: Opened) -> None:
        protection = opened.store.effective_protection
        assert (protection.mode, protection.enforced_by) == (LockMode.GOVERNANCE, "server")
