"""A time-stamp authority that is away, and one that lies: people sign all the same, and the proof says what it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.conftest import HarmedSite, harmed
from tests.faults.time_authority import Manner, TimeAuthority
from tests.running import running_site


@pytest.fixture(scope="module")
def clock() -> Iterator[TimeAuthority]:
    made = TimeAuthority()
    yield made
    made.away()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, clock: TimeAuthority) -> Iterator[HarmedSite]:
    """A site that gets its time from an authority elsewhere."""
    with running_site(tmp_path_factory.mktemp("timed") / "site", CONFIDE_TSA_URL=clock.url) as running:
        made = harmed(running, trust=clock.root)
        yield made
        made.desk.close()


@pytest.fixture
def roots(site: HarmedSite, clock: TimeAuthority, tmp_path: Path) -> list[str]:
    """`--trust` for this organization's root and the authority's."""
    theirs = tmp_path / "time.der"
    theirs.write_bytes(clock.root)
    return ["--trust", str(site.running.keys / "authority" / "root.der"), "--trust", str(theirs)]


def verified(site: HarmedSite, packet: dict[str, Any], roots: list[str], directory: Path, code: int) -> list[Any]:
    """What `confide verify` says of every copy of a packet."""
    copies = [
        site.running.confide("copy", row["statement_id"], "--to", str(directory))["path"]
        for row in packet["statements"]
    ]
    told: list[Any] = site.running.confide("verify", *roots, *copies, as_admin=False, code=code)
    return told


def proofs(packet: dict[str, Any]) -> set[str]:
    return {row["proof"] for row in packet["statements"]}


@pytest.mark.e2e
def test_with_the_authority_away_everybody_signs_and_upkeep_proves_the_time_once_it_is_back(
    site: HarmedSite, clock: TimeAuthority, roots: list[str], tmp_path: Path
) -> None:
    packet_id = site.opened(site.asked() | {"statements": [site.running.statement(site.organizations[0])]})
    site.issued(packet_id)
    clock.away()
    site.desk.ask("sign", packet_id=packet_id)
    packet = site.sealed(packet_id)
    assert proofs(packet) == {"sealed_without_time"}
    told = verified(site, packet, roots, tmp_path / "before", code=10)
    assert {each["outcome"] for each in told} == {"sealed_without_time"}

    upkeep = site.running.confide("upkeep", as_admin=False, code=11)
    waiting = {each["subject"] for each in upkeep if each["kind"] == "without_time"}
    assert len(waiting) == len(packet["statements"])

    clock.back()
    upkeep = site.running.confide("upkeep", as_admin=False)
    assert {each["subject"] for each in upkeep if each["kind"] == "upgraded"} == waiting
    assert proofs(site.desk.ask("show", packet_id=packet_id)) == {"sealed"}
    told = verified(site, packet, roots, tmp_path / "after", code=0)
    assert all(each["accepted"] for each in told)
    site.require_tidy()


@pytest.mark.parametrize(
    ("after", "proof"),
    [
        pytest.param(3.0, "sealed", id="slow", marks=pytest.mark.e2e),
        pytest.param(30.0, "sealed_without_time", id="slower-than-anybody-waits", marks=pytest.mark.soak),
    ],
)
def test_a_slow_authority_is_waited_for_as_long_as_a_seal_can_wait_and_no_longer(
    site: HarmedSite, clock: TimeAuthority, after: float, proof: str
) -> None:
    clock.back()
    packet_id = site.opened(site.asked() | {"statements": [site.running.statement(site.organizations[2])]})
    site.issued(packet_id)
    clock.back(after=after)
    site.desk.ask("sign", packet_id=packet_id)
    packet = site.sealed(packet_id)
    assert proofs(packet) == {proof}
    clock.back()
    found = {each["kind"] for each in site.desk.ask("upkeep")}
    assert ("upgraded" in found) is (proof != "sealed")
    assert proofs(site.desk.ask("show", packet_id=packet_id)) == {"sealed"}
    site.require_tidy()


@pytest.mark.e2e
def test_a_lie_about_the_time_is_not_accepted_and_the_truth_is_fetched_later(
    site: HarmedSite, clock: TimeAuthority
) -> None:
    clock.back()
    packet_id = site.opened(site.asked() | {"statements": [site.running.statement(site.organizations[1])]})
    packet = site.issued(packet_id)
    clock.back(Manner.YESTERDAY)
    asked = clock.asked
    site.desk.ask("sign", packet_id=packet_id)
    packet = site.sealed(packet_id)
    assert clock.asked > asked, "it was asked, and not believed"
    assert proofs(packet) == {"sealed_without_time"}

    for lie in (Manner.REPLAYS, Manner.NOT_ITS_OWN):
        clock.back(lie)
        found = site.desk.ask("upkeep")
        assert {each["detail"] for each in found if each["kind"] == "without_time"} == {"stamp_rejected"}
        assert "upgraded" not in {each["kind"] for each in found}

    clock.back()
    assert "upgraded" in {each["kind"] for each in site.desk.ask("upkeep")}
    verdicts = site.desk.ask("verdicts", packet_id=packet_id, trust=site.trust)
    assert {each["outcome"] for each in verdicts} == {"accepted"}
    site.require_tidy()
