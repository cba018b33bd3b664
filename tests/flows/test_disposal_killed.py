"""A disposal run is killed at each step that changes anything: nothing is half told, and the same call goes on."""

from __future__ import annotations

import datetime as dt
import sqlite3
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from rules.disposal import Outcome, RunState
from storage import disposal as bytes_of
from storage.destruction import EntryKind
from storage.protocol import Area
from tests.flows.as_it_stood import AsItStood, closed, reopened
from tests.flows.disposing import Records
from tests.flows.disposing import records as disposing
from tests.flows.test_disposal import hold
from tests.register.conftest import _built, _light_passwords, world  # noqa: F401 - fixtures are found by name
from tests.storage.crashing import dies_at

if TYPE_CHECKING:
    from register import facts
    from tests.register.conftest import World

RECORDS = 3
LATER = dt.timedelta(minutes=2)
"""Past the lease of the one that was killed."""


def execute(records: Records, run_id: UUID) -> None:
    """In the child: a process that opens everything anew, its statements counted too."""
    from flows import disposal

    sqlite3.dbapi2.connect = sqlite3.connect  # Django takes it from there
    records = reopened(records)
    disposal.execute(records.site, run_id, by=records.world.officer, batch=2)


def require_honest(records: Records, run_id: UUID, kept: tuple[facts.Record, ...]) -> frozenset[UUID]:
    """What must hold at any moment; returns the records whose keys are gone."""
    from register import disposal_rows, models

    vault = records.site.vault
    told = {item.record_id: item for item in disposal_rows.items(run_id)}
    tombstones = set(models.Record.objects.exclude(destroyed_at=None).values_list("pk", flat=True))
    lost = set()
    for record in kept:
        item = bytes_of.record_item(record.object_id)
        gone = vault.keyring.is_destroyed(record.object_id)
        if gone:
            lost.add(record.record_id)
            assert item in vault.log.intended(), "a key goes only after the intent is in the log"
        if not vault.store.stat(Area.RECORDS, record.object_id):
            assert gone, "bytes go only after their key"
        if record.record_id in tombstones or told[record.record_id].outcome in (Outcome.ERASED, Outcome.DESTROYED):
            assert gone, "nothing is told as erased while its key lives"
        if told[record.record_id].outcome is Outcome.DESTROYED:
            assert not vault.store.stat(Area.RECORDS, record.object_id)
            assert any(entry.kind is EntryKind.DONE and item in entry.items for entry in vault.log.entries()), (
                "told as destroyed only after it was looked for"
            )
    return frozenset(lost)


@pytest.mark.parametrize(
    "stride",
    [pytest.param(1, marks=pytest.mark.soak), pytest.param(37, marks=pytest.mark.real)],
    ids=["all", "some"],
)
def test_a_run_killed_anywhere_goes_on_and_what_kept_its_key_is_judged_anew(
    world: World,  # noqa: F811 - the fixture
    monkeypatch: pytest.MonkeyPatch,
    stride: int,
) -> None:
    from flows import disposal
    from register import audit
    from register import disposal as register

    records = disposing(world)
    kept = records.kept(RECORDS)
    run = records.approved()
    closed(records)
    before = AsItStood(world)
    real_now, step, died = disposal.now, 0, True
    while died:
        step += stride
        before.bring_back()
        died = dies_at(partial(execute, records, run.run_id), step)
        reopened(records)
        lost = require_honest(records, run.run_id, kept)
        left = [record for record in kept if record.record_id not in lost]
        spared = left[:1] if step % 2 else []
        for record in spared:
            hold(records, record)
        monkeypatch.setattr(disposal, "now", lambda: real_now() + LATER)
        if register.show(run.run_id).state is not RunState.EXECUTED:
            done = disposal.execute(records.site, run.run_id, by=world.officer, batch=2).run
            assert done.state is RunState.EXECUTED, step
        monkeypatch.setattr(disposal, "now", real_now)
        gone = require_honest(records, run.run_id, kept)
        assert gone == {record.record_id for record in kept} - {record.record_id for record in spared}, step
        for record in spared:
            assert records.site.vault.get(record.object_id, Area.RECORDS, version_id=record.version_id)
            assert bytes_of.record_item(record.object_id) not in records.site.vault.log.intended(), "it may come back"
        disposal.resume_unfinished(records.site)
        assert records.site.vault.log.unfinished() == (), step
        assert audit.check().intact
        closed(records)
    before.remove()
    assert step > 100
