"""A disposal run from list to end: nothing goes that is held, not due, or wanted gone by fewer than two others."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from rules.disposal import Outcome, RunState, Why
from storage.errors import KeyDestroyed
from storage.protocol import Area
from tests.flows.disposing import Records
from tests.flows.disposing import records as disposing

if TYPE_CHECKING:
    from register import facts
    from tests.register.conftest import World

from tests.register.conftest import _built, _light_passwords, world  # noqa: F401 - fixtures are found by name


@pytest.fixture
def records(world: World) -> Records:  # noqa: F811 - the fixture
    return disposing(world)


def outcomes(run_id: UUID) -> dict[UUID, tuple[Outcome, Why | None]]:
    from register import disposal

    return {item.record_id: (item.outcome, item.why) for item in disposal.items(run_id)}


def is_gone(records: Records, record: facts.Record) -> bool:
    vault = records.site.vault
    with pytest.raises(KeyDestroyed):
        vault.get(record.object_id, Area.RECORDS)
    return not vault.store.stat(Area.RECORDS, record.object_id)


def is_whole(records: Records, record: facts.Record) -> bool:
    return bool(records.site.vault.get(record.object_id, Area.RECORDS, version_id=record.version_id))


def test_a_run_goes_from_list_to_end(records: Records) -> None:
    kept = records.kept(3)
    run = records.approved()
    assert (run.state, run.rows, run.outcomes[Outcome.WAITING]) == (RunState.APPROVED, 3, 3)
    run = records.executed(run)
    assert run.state is RunState.EXECUTED
    assert run.outcomes == {Outcome.DESTROYED: 3}
    assert all(is_gone(records, record) for record in kept)
    assert records.site.vault.log.unfinished() == ()
    from register import audit

    assert audit.check().intact


def test_the_certificate_is_sealed_counts_what_went_and_names_nobody(records: Records) -> None:
    from flows.certificate import certificate
    from register.vocabulary import CertificateStage
    from templates.text import extract

    records.kept(2)
    run = records.executed(records.approved())
    first, pdf = certificate(records.site, run.run_id, by=records.world.officer)
    assert first.stage is CertificateStage.KEYS_DESTROYED
    text = "\n".join(extract(pdf).pages)
    for said in (run.ref, run.list_sha256[:40], "Keys destroyed", "pending", "HOUSE-ALL", "counsel nobody"[:7]):
        assert said in text
    for word in records.world.NAME.split():
        assert word not in text
    again, same = certificate(records.site, run.run_id, by=records.world.officer)
    assert (again, same) == (first, pdf)
