"""The S3 store on a real server: the same contract, and everything that a green test on moto would be a lie about."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.real.ceph import RECORDS_KEY, REGION, Ceph

# the contract is a module beside the tests of its room
sys.path.insert(0, str(Path(__file__).parent.parent / "storage"))
pytest.register_assert_rewrite("contract")

from contract import Opened, StoreContract  # noqa: E402 - after the path above
from s3_servers import new_bucket  # noqa: E402

from storage.address import S3Address  # noqa: E402
from storage.s3 import S3Store  # noqa: E402

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def by_https(ceph: Ceph) -> Iterator[S3Address]:
    """The server as a site reaches it; credentials by boto3's own chain."""
    owner = ceph.user("owner")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", owner.access_key)
        patch.setenv("AWS_SECRET_ACCESS_KEY", owner.secret_key)
        yield S3Address(
            bucket="unnamed",
            prefix="site/",
            endpoint=ceph.https,
            region=REGION,
            kms_key=RECORDS_KEY,
            ca_bundle=ceph.authority,
        )


@pytest.fixture(scope="module")
def ceph_store(by_https: S3Address) -> S3Store:
    """In a bucket of its own, for all the tests here."""
    return S3Store(new_bucket(by_https))


class TestS3StoreOnCeph(StoreContract):
    @pytest.fixture
    def opened(self, ceph_store: S3Store) -> Opened:
        return Opened(
            store=ceph_store,
            another=lambda: S3Store(ceph_store.address),
            now=lambda: datetime.now(UTC),
            wait=lambda seconds: time.sleep(seconds.total_seconds()),
        )
