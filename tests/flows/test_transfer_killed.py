"""A transfer is killed at each step that changes anything: it is whole or none, nothing is lost, it is made again."""

from __future__ import annotations

import datetime as dt
import hashlib
import shutil
import sqlite3
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flows.custody import ARCHIVE, KEY
from register.errors import RegisterError, RegisterErrorCode
from rules.disposal import Outcome
from storage.protocol import Area
from tests.flows.as_it_stood import AsItStood, closed, reopened
from tests.flows.disposing import records as disposing
from tests.flows.transferring import Transferring
from tests.register.conftest import _built, _light_passwords, world  # noqa: F401 - fixtures are found by name
from tests.storage.crashing import dies_at

if TYPE_CHECKING:
    from register.disposal_facts import Run
    from tests.register.conftest import World

LATER = dt.timedelta(minutes=2)
"""Past the lease of the one that was killed."""


def hand_over(house: Transferring, run: Run) -> None:
    """In the child: a process that opens everything anew, its statements counted too."""
    sqlite3.dbapi2.connect = sqlite3.connect  # Django takes it from there
    reopened(house.records)
    house.handed_over(run)


@pytest.mark.parametrize(
    "stride",
    [pytest.param(1, marks=pytest.mark.soak), pytest.param(41, marks=pytest.mark.real)],
    ids=["all", "some"],
)
def test_a_transfer_killed_anywhere_is_whole_or_none_and_is_made_again(
    world: World,  # noqa: F811 - the fixture
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    stride: int,
) -> None:
    from flows import disposal, transfer
    from register import disposal as register
    from register import receipts

    monkeypatch.setattr("storage.archive.ITERATIONS", 1)
    house = Transferring(disposing(world), tmp_path)
    records = house.records
    kept = records.kept(2)
    run = house.approved(kept)
    closed(records)
    before = AsItStood(world)
    real_now, step, died = disposal.now, 0, True
    archive, key = tmp_path / "first" / "archive" / ARCHIVE, tmp_path / "first" / "keys" / KEY
    while died:
        step += stride
        for folder in (tmp_path / "first", tmp_path / "second"):
            shutil.rmtree(folder, ignore_errors=True)
        before.bring_back()
        died = dies_at(partial(hand_over, house, run), step)
        reopened(records)
        told = receipts.of_run(run.run_id)
        if told:
            assert key.is_file(), "what the register knows of can be opened"
            assert hashlib.sha256(archive.read_bytes()).hexdigest() == told[0].archive_sha256
        elif archive.is_file():
            digest = hashlib.sha256(archive.read_bytes()).hexdigest()
            with pytest.raises(RegisterError) as unknown:
                house.record(run, archive_sha256=digest, sums_sha256="0" * 64)
            assert unknown.value.code is RegisterErrorCode.NOT_WHAT_WAS_SHOWN
        for module in (disposal, transfer):
            monkeypatch.setattr(module, "now", lambda: real_now() + LATER)
        assert house.handed_over(run, "second").transfer.records == len(kept), step
        assert set(register.show(run.run_id).outcomes) == {Outcome.WAITING}, "nothing is destroyed by it"
        for record in kept:
            assert records.site.vault.get(record.object_id, Area.RECORDS, version_id=record.version_id)
        for module in (disposal, transfer):
            monkeypatch.setattr(module, "now", real_now)
        closed(records)
    before.remove()
    assert step > 80
