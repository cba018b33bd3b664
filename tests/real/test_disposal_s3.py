"""Disposal, transfer and restored holds where the records lie on a real S3 server."""

from __future__ import annotations

import dataclasses
import datetime as dt
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rules.disposal import Outcome, RunState, Why
from storage import s3_requests
from storage.destruction import DestructionLog
from storage.errors import KeyDestroyed
from storage.protocol import Area, LockMode
from storage.s3 import S3Store
from storage.vault import Vault
from tests.faults.meddler import Manner, Meddler
from tests.flows.disposing import Records
from tests.flows.disposing import records as disposing
from tests.flows.transferring import Transferring
from tests.real.test_s3_store import new_bucket
from tests.register.conftest import _built, _light_passwords, world  # noqa: F401 - fixtures are found by name

if TYPE_CHECKING:
    from storage.address import S3Address
    from tests.real.ceph import Ceph
    from tests.register.conftest import World

pytestmark = pytest.mark.real
LOCKED_SECONDS = 6


@pytest.fixture
def on_s3(by_https: S3Address, world: World) -> Records:  # noqa: F811 - the fixture
    """The small agency with its records in a bucket; one account for all duties."""
    address = new_bucket(by_https)
    store = S3Store(address)
    log = DestructionLog(store)
    log.open(world.now)
    world.vault = Vault(store, world.vault.keyring, log)
    made = disposing(world)
    made.site.configuration = dataclasses.replace(made.site.configuration, s3=address)
    return made


def test_a_compliance_lock_outlives_break_glass_and_the_day_its_ciphertext_stays_until_is_told(on_s3: Records) -> None:
    from register import disposal

    (record,) = on_s3.kept(1)
    store = on_s3.site.vault.store
    assert isinstance(store, S3Store)
    run = on_s3.approved()
    (version,) = store.stat(Area.RECORDS, record.object_id)
    until = dt.datetime.now(dt.UTC).replace(microsecond=0) + dt.timedelta(seconds=LOCKED_SECONDS)
    harder = S3Store(dataclasses.replace(store.address, lock=LockMode.COMPLIANCE))
    harder.protect(Area.RECORDS, record.object_id, retain_until=until)
    run = on_s3.executed(run)
    assert (run.outcomes, run.reasons) == ({Outcome.FAILED: 1}, {Why.LOCKED: 1})
    assert on_s3.site.vault.get(record.object_id, Area.RECORDS), "its key lives: nobody ended the lock"

    run = on_s3.executed(run, break_glass=True, by=on_s3.glass)
    assert (run.outcomes, run.reasons) == ({Outcome.ERASED: 1}, {Why.LOCKED: 1})
    assert run.state is RunState.EXECUTING
    assert (run.locked, run.stays_until) == (1, until)
    with pytest.raises(KeyDestroyed):
        on_s3.site.vault.get(record.object_id, Area.RECORDS)
    assert [one.version_id for one in store.stat(Area.RECORDS, record.object_id)] == [version.version_id]

    time.sleep(max(0.0, (until - dt.datetime.now(dt.UTC)).total_seconds()) + 2)
    run = on_s3.executed(disposal.show(run.run_id))
    assert (run.state, run.outcomes, run.stays_until) == (RunState.EXECUTED, {Outcome.DESTROYED: 1}, None)
    assert store.stat(Area.RECORDS, record.object_id) == ()


def test_a_server_that_is_away_for_an_hour_in_the_middle_of_a_run_costs_nothing_and_the_same_call_goes_on(
    ceph: Ceph, on_s3: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hour passes by the program's clock: leases are over, approvals are not. The server's is real throughout."""
    from flows import disposal as flow
    from flows.runs import StepFailed
    from flows.site import now
    from register import disposal

    kept = on_s3.kept(6)
    run = on_s3.approved()
    direct = on_s3.site.vault.store
    assert isinstance(direct, S3Store)
    between = Meddler(ceph.http)
    store = S3Store(dataclasses.replace(direct.address, endpoint=between.url, ca_bundle=None, kms_key=None))
    on_s3.site.configuration = dataclasses.replace(on_s3.site.configuration, s3=store.address)
    on_s3.site.vault = Vault(store, on_s3.site.vault.keyring, DestructionLog(store))
    monkeypatch.setattr(s3_requests, "TRIES", 1)

    def away(done: int, _: str) -> None:
        between.manner = Manner.AWAY if done else Manner.HONEST

    for _ in range(2):
        with pytest.raises(StepFailed) as told:
            on_s3.executed(run, batch=2, step=away)
        assert told.value.passing
        run = disposal.show(run.run_id)
        assert (run.state, run.outcomes[Outcome.DESTROYED]) == (RunState.EXECUTING, 2)
    left = [record for record in kept if direct.stat(Area.RECORDS, record.object_id)]
    assert len(left) == 4

    monkeypatch.setattr(flow, "now", lambda: now() + dt.timedelta(hours=1))
    between.manner = Manner.HONEST
    run = on_s3.executed(disposal.show(run.run_id), batch=2)
    assert (run.state, run.outcomes) == (RunState.EXECUTED, {Outcome.DESTROYED: 6})
    assert not any(direct.stat(Area.RECORDS, record.object_id) for record in kept)
    between.close()


def test_what_a_successor_confirmed_is_removed_from_the_bucket_and_the_rest_stays(
    on_s3: Records, tmp_path: Path
) -> None:
    house = Transferring(on_s3, tmp_path)
    going, staying = on_s3.kept(2)
    run = house.approved([going])
    assert house.handed_over(run).transfer.records == 1
    run = on_s3.executed(run)
    assert run.reasons == {Why.NOT_RECEIVED: 1, Why.UNANSWERED: 1}
    store = on_s3.site.vault.store
    assert len(store.stat(Area.RECORDS, going.object_id)) == 1, "without a receipt nothing goes"
    house.received(run)
    run = on_s3.executed(run)
    assert (run.state, run.outcomes) == (RunState.EXECUTED, {Outcome.TRANSFERRED: 1, Outcome.OUT: 1})
    assert store.stat(Area.RECORDS, going.object_id) == ()
    assert on_s3.site.vault.get(staying.object_id, Area.RECORDS)
