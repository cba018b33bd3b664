"""A store that refuses, drags or is cut off in mid-body, before a real S3 server: what was asked is done once it is
itself again, and nothing is left over.

A fixed sample runs in the heavier tier, every manner at every moment in `make soak`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.faults.conftest import LOADED_SECONDS, HarmedSite, harmed
from tests.faults.meddler import Manner, Meddler
from tests.faults.moment import Moment, Moments
from tests.real.ceph import RECORDS_KEY, REGION, Ceph
from tests.running import running_site

SECONDS = 4.0
"""How long the store misbehaves: longer than one request is tried, shorter than a packet is."""
AT = (
    Moment("packet", "store", "before"),
    Moment("sealing", "read", "before"),
    Moment("sealing", "store", "before"),
    Moment("sealing", "keep", "before", 2),
    Moment("sealing", "clear", "before"),
)
SAMPLE = {
    (Manner.CUTS_ANSWERS, "store-before", "packet"),
    (Manner.BUSY, "keep-before-2", "sealing"),
}


def matrix() -> list[Any]:
    """Every manner at every moment, marked for the tier it runs in."""
    return [
        pytest.param(
            manner, moment, id=f"{manner}-{moment.job}-{moment}",
            marks=pytest.mark.e2e if (manner, str(moment), moment.job) in SAMPLE else pytest.mark.soak,
        )
        for manner in Manner
        if manner is not Manner.HONEST
        for moment in AT
    ]  # fmt: skip


@pytest.fixture(scope="module")
def store(ceph: Ceph) -> Iterator[Meddler]:
    made = Meddler(ceph.http)
    yield made
    made.close()


@pytest.fixture(scope="module")
def site(
    ceph: Ceph, store: Meddler, moments: Moments, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[HarmedSite]:
    owner = ceph.user("owner")
    # workers of one run share the server: two sites in one bucket would each find the other's bytes
    bucket = f"faults-{uuid4().hex}"
    ceph.client("s3", owner).create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    settings = {
        "AWS_ACCESS_KEY_ID": owner.access_key,
        "AWS_SECRET_ACCESS_KEY": owner.secret_key,
        "CONFIDE_STORE": f"s3://{bucket}",
        "CONFIDE_S3_ENDPOINT": store.url,
        "CONFIDE_S3_REGION": REGION,
        "CONFIDE_S3_KMS_KEY": RECORDS_KEY,
    }
    with running_site(tmp_path_factory.mktemp("meddled") / "site", **settings, **moments.environment) as running:
        made = harmed(running)
        yield made
        made.desk.close()


@pytest.fixture(autouse=True)
def honest(store: Meddler) -> Iterator[None]:
    yield
    store.manner = Manner.HONEST


@pytest.mark.parametrize(("manner", "moment"), matrix())
def test_work_that_meets_a_store_in_trouble_is_done_once_it_is_itself_again(
    site: HarmedSite, store: Meddler, moments: Moments, manner: Manner, moment: Moment
) -> None:
    site.back()
    if moment.job == "packet":
        moments.want(moment)
    packet_id = site.opened()
    if moment.job == "sealing":
        site.issued(packet_id)
        moments.want(moment)
        site.desk.tell("sign", packet_id=packet_id)
    moments.wait(LOADED_SECONDS)
    if moment.job == "sealing":
        site.desk.answer()
    before = store.meddled
    store.manner = manner
    moments.release()
    time.sleep(SECONDS)
    assert store.meddled > before, "the store was not asked meanwhile"
    store.manner = Manner.HONEST
    site.issued(packet_id)
    if moment.job == "packet":
        site.desk.ask("sign", packet_id=packet_id)
    site.sealed(packet_id)
    site.require_whole(packet_id)
