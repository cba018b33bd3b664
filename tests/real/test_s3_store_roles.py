"""The six verbs of the S3 store under each role of the template: each duty done through Confide's own calls."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import pytest

from storage import trial
from storage.address import S3Address
from storage.errors import Held, Locked, NotFound, StoreDenied
from storage.findings import Level
from storage.protocol import Area
from storage.s3 import S3Store
from tests.deploy.template import DUTIES
from tests.real.aws_roles import guarded_bucket
from tests.real.ceph import RECORDS_KEY, Ceph

pytestmark = pytest.mark.real

Stores = Mapping[str, S3Store]


@pytest.fixture(scope="module")
def stores(ceph: Ceph) -> Stores:
    """The store as each role opens it: credentials from the environment, as boto3 finds them."""
    guarded = guarded_bucket(ceph)
    address = S3Address(
        bucket=guarded.bucket,
        endpoint=ceph.https,
        region="us-east-1",
        kms_key=RECORDS_KEY,
        ca_bundle=ceph.authority,
    )
    opened = {}
    for duty, user in guarded.users.items():
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AWS_ACCESS_KEY_ID", user.access_key)
            patch.setenv("AWS_SECRET_ACCESS_KEY", user.secret_key)
            opened[duty] = S3Store(address)
            opened[duty].requests.client()  # boto3 reads them once
    return opened


def new(stores: Stores, area: Area = Area.RECORDS, lock: timedelta | None = timedelta(days=10)) -> str:
    key = uuid.uuid4().hex
    until = None if lock is None or area is Area.WORKING else datetime.now(UTC) + lock
    stores["Desk"].put(area, key, b"sealed", retain_until=until)
    return key


def later(days: int) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


Verb = Callable[[S3Store, Stores], object]
VERBS: dict[str, tuple[Verb, set[str]]] = {
    "put working bytes": (lambda s, _: s.put(Area.WORKING, uuid.uuid4().hex, b"x"), {"Writer", "Desk"}),
    "put a record under lock": (
        lambda s, _: s.put(Area.RECORDS, uuid.uuid4().hex, b"x", retain_until=later(10)),
        {"Writer", "Desk"},
    ),
    "put into the log": (lambda s, _: s.put(Area.LOG, uuid.uuid4().hex, b"x"), {"Writer", "Desk"}),
    "get a record": (lambda s, at: s.get(Area.RECORDS, new(at)), {"Reader", "Desk"}),
    "stat a record": (
        lambda s, at: s.stat(Area.RECORDS, new(at)),
        {"Holder", "Disposer", "BreakGlass", "Reconciler", "Desk"},
    ),
    "hold a record": (lambda s, at: s.protect(Area.RECORDS, new(at), hold=True), {"Holder", "Desk"}),
    "lengthen a lock": (lambda s, at: s.protect(Area.RECORDS, new(at), retain_until=later(20)), {"Holder", "Desk"}),
    "destroy working bytes": (
        lambda s, at: s.destroy(Area.WORKING, new(at, Area.WORKING)),
        {"Disposer", "Desk"},
    ),
    "destroy a record that was never locked": (
        lambda s, at: s.destroy(Area.RECORDS, new(at, lock=None)),
        {"Disposer", "BreakGlass"},
    ),
    "end a lock and destroy": (lambda s, at: s.destroy(Area.RECORDS, new(at), bypass_lock=True), {"BreakGlass"}),
    "list the records": (
        lambda s, _: list(s.list(Area.RECORDS)),
        {"Holder", "Disposer", "BreakGlass", "Reconciler", "Desk"},
    ),
}


@pytest.mark.parametrize("verb", VERBS)
def test_each_role_does_its_duty_through_the_store_and_is_refused_the_rest(stores: Stores, verb: str) -> None:
    act, may = VERBS[verb]
    assert {duty for duty in DUTIES if _does(act, stores[duty], stores)} == may


def test_the_disposer_waits_for_the_lock_and_never_passes_a_hold(stores: Stores) -> None:
    disposer, key = stores["Disposer"], new(stores, lock=timedelta(seconds=4))
    with pytest.raises(Locked):
        disposer.destroy(Area.RECORDS, key)
    stores["Holder"].protect(Area.RECORDS, key, hold=True)
    time.sleep(5)
    with pytest.raises(Held):
        disposer.destroy(Area.RECORDS, key)
    with pytest.raises(Held):
        stores["BreakGlass"].destroy(Area.RECORDS, key, bypass_lock=True)
    stores["Holder"].protect(Area.RECORDS, key, hold=False)
    assert len(disposer.destroy(Area.RECORDS, key).version_ids) == 1


def test_who_may_list_is_told_that_a_record_is_absent_and_who_may_only_read_is_not(stores: Stores) -> None:
    with pytest.raises(NotFound):
        stores["Desk"].get(Area.RECORDS, uuid.uuid4().hex)
    with pytest.raises(StoreDenied):
        stores["Reader"].get(Area.RECORDS, uuid.uuid4().hex)


def test_the_desk_finds_the_bucket_of_the_template_fit_for_records(stores: Stores) -> None:
    desk = stores["Desk"]
    found = trial.require(desk)
    assert {finding.check: finding.sentence for finding in found if finding.level is not Level.OK} == {}
    left = desk.requests.ask("list_object_versions", Prefix=f"{desk.address.prefix}{trial.LOCK_PROBES}/")
    assert left.get("Versions", []) == [], "what was locked for the trial is gone, though the desk destroys no record"


def _does(act: Verb, store: S3Store, stores: Stores) -> bool:
    try:
        act(store, stores)
    except StoreDenied:
        return False
    return True
