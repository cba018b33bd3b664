"""A disposal run on a real S3 server under the roles of the template: who writes cannot destroy, who destroys cannot
read.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rules.disposal import Outcome, RunState, Why
from storage.address import S3Address
from storage.destruction import DestructionLog
from storage.errors import KeyDestroyed, StoreDenied
from storage.protocol import Area
from storage.s3 import S3Store
from storage.vault import Vault
from tests.flows.disposing import Records
from tests.flows.disposing import records as disposing
from tests.real.aws_roles import guarded_bucket
from tests.real.ceph import RECORDS_KEY, Ceph
from tests.register.conftest import _built, _light_passwords, world  # noqa: F401 - fixtures are found by name

if TYPE_CHECKING:
    from tests.register.conftest import World

pytestmark = pytest.mark.real


@pytest.fixture
def on_s3(ceph: Ceph, world: World, tmp_path: Path) -> Iterator[Records]:  # noqa: F811 - the fixture
    """The small agency with its records in the guarded bucket; each role a profile of boto3's."""
    guarded = guarded_bucket(ceph)
    profiles = "".join(
        f"[{duty}]\naws_access_key_id = {user.access_key}\naws_secret_access_key = {user.secret_key}\n"
        for duty, user in guarded.users.items()
    )
    (tmp_path / "credentials").write_text(profiles)
    address = S3Address(
        bucket=guarded.bucket, endpoint=ceph.https, region="us-east-1", kms_key=RECORDS_KEY, ca_bundle=ceph.authority
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
            patch.delenv(name, raising=False)
        desk = S3Store(dataclasses.replace(address, profile="Desk"))
        log = DestructionLog(desk)
        log.open(world.now)
        world.vault = Vault(desk, world.vault.keyring, log)
        made = disposing(world)
        made.site.configuration = dataclasses.replace(made.site.configuration, s3=address)
        yield made


def test_the_roles_of_the_template_carry_a_run(on_s3: Records) -> None:
    first, second = on_s3.kept(2)
    run = on_s3.approved()
    run = on_s3.executed(run)
    assert run.outcomes == {Outcome.ERASED: 2}, "the desk may write the log, and destroys no record"
    assert run.reasons == {Why.STORE: 2}
    assert len(on_s3.site.vault.store.stat(Area.RECORDS, first.object_id)) == 1

    told = dataclasses.replace(on_s3.site.configuration, disposer_profile="Disposer", break_glass_profile="BreakGlass")
    on_s3.site.configuration = told
    disposer = on_s3.site.destroyer()
    with pytest.raises(StoreDenied):
        disposer.get(Area.RECORDS, first.object_id)
    with pytest.raises(StoreDenied):
        disposer.put(Area.LOG, "a" * 32, b"an intent")
    run = on_s3.executed(run)
    assert (run.state, run.outcomes) == (RunState.EXECUTED, {Outcome.DESTROYED: 2})
    for record in (first, second):
        assert on_s3.site.vault.store.stat(Area.RECORDS, record.object_id) == ()
        with pytest.raises(KeyDestroyed):
            on_s3.site.vault.get(record.object_id, Area.RECORDS)
    assert on_s3.site.vault.log.unfinished() == ()


def test_break_glass_alone_ends_a_lock_of_the_server(on_s3: Records) -> None:
    from datetime import UTC, datetime, timedelta

    from flows import disposal

    (record,) = on_s3.kept(1)
    until = datetime.now(UTC) + timedelta(days=9)
    on_s3.site.vault.store.protect(Area.RECORDS, record.object_id, retain_until=until)
    on_s3.site.configuration = dataclasses.replace(
        on_s3.site.configuration, disposer_profile="Disposer", break_glass_profile="BreakGlass"
    )
    run = on_s3.executed(on_s3.approved())
    assert run.reasons == {Why.LOCKED: 1}
    assert on_s3.site.vault.keyring.exists(record.object_id), "not even the key was touched"
    run = disposal.execute(on_s3.site, run.run_id, by=on_s3.glass, break_glass=True).run
    assert run.outcomes == {Outcome.DESTROYED: 1}
    assert on_s3.site.vault.store.stat(Area.RECORDS, record.object_id) == ()
