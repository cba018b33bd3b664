"""veraPDF on a sealed certificate of destruction: at its first stage, its second, and with ciphertext that stays."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from rules.disposal import Outcome
from storage.protocol import Area
from tests.flows.disposing import Records
from tests.flows.disposing import records as disposing
from tests.real.conftest import VeraPdf
from tests.register.conftest import _built, _light_passwords, world  # noqa: F401 - fixtures are found by name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.protocol import Store
    from tests.register.conftest import World

pytestmark = pytest.mark.real


@pytest.fixture
def records(world: World) -> Records:  # noqa: F811 - the fixture
    return disposing(world)


def test_every_stage_of_a_certificate_keeps_both_standards(
    records: Records, verapdf: VeraPdf, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows.certificate import certificate
    from flows.site import now
    from register import disposal
    from register.vocabulary import CertificateStage
    from storage import disposal as bytes_of
    from templates.text import extract

    site, by, remove = records.site, records.world.officer, bytes_of.remove
    locked, _ = records.kept(2)

    def locked_meanwhile(store: Store, ids: Sequence[str], *, bypass_lock: bool) -> object:
        store.protect(Area.RECORDS, locked.object_id, retain_until=now() + dt.timedelta(days=400))
        return remove(store, ids, bypass_lock=bypass_lock)

    staying = records.proposed()
    records.answered(staying, [locked.record_id])
    for person in (records.world.counsel, records.deputy):
        staying = disposal.approve(
            staying.run_id, shown_sha256=disposal.show(staying.run_id).shown_sha256, by=person, now=now()
        )
    with monkeypatch.context() as patch:
        patch.setattr(bytes_of, "remove", locked_meanwhile)
        staying = records.executed(staying)
    assert staying.outcomes == {Outcome.ERASED: 1, Outcome.OUT: 1}
    whole = records.executed(records.approved())
    papers = {"ciphertext stays": certificate(site, staying.run_id, by=by)[1]}
    told = " ".join("\n".join(extract(papers["ciphertext stays"]).pages).split())
    assert "Ciphertext stays until" in told
    assert (
        "so far by the destruction of their keys alone, with encrypted bytes still to go (see the dates): 1 record"
        in told
    )
    assert "Records destroyed 0 Besides" in told, "what is still there is not counted as destroyed"
    assert "1 of the list" in told
    assert "1 not answered" in told
    assert "must be kept for now" not in told, "the reason of the one that is erased is told elsewhere"
    papers["keys destroyed"] = certificate(site, whole.run_id, by=by)[1]
    moved = site.vault.keyring.move_on(anew=True)
    site.vault.keyring.end_epochs([number for number in site.vault.keyring.epochs.numbers() if number < moved.epoch])
    final, papers["effective"] = certificate(site, whole.run_id, by=by)
    assert final.stage is CertificateStage.EFFECTIVE
    assert len(set(papers.values())) == 3
    judged = verapdf.many(papers, "2b", "ua1")
    assert len(judged) == 6
    assert {name: failed for name, failed in judged.items() if failed} == {}
