"""Each process that works on a packet or a seal is killed at each step of it: every statement is issued and sealed
once, readable, and nothing is left over.

The job is held at the step while the kill comes, so that each of these moments is really met. A fixed sample runs in
the heavier tier, all of them in `make soak`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.faults.conftest import LOADED_SECONDS, HarmedSite, harmed
from tests.faults.moment import ISSUING, SEALING, Moment, Moments
from tests.running import running_site

SAMPLE = {
    ("worker", "store-after"),
    ("worker", "keep-after-2"),
    ("renderer", "render-before"),
    ("filler", "fill-before"),
    ("prefect", "seal-before"),
}


def points(parts: tuple[str, ...], moments: tuple[Moment, ...]) -> list[Any]:
    """Every part at every moment; marked for the tier it runs in."""
    return [
        pytest.param(
            part, moment, id=f"{part}-{moment}",
            marks=pytest.mark.e2e if (part, str(moment)) in SAMPLE else pytest.mark.soak,
        )
        for part in parts
        for moment in moments
    ]  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, moments: Moments) -> Iterator[HarmedSite]:
    """A site whose jobs can be held."""
    with running_site(tmp_path_factory.mktemp("stepwise") / "site", **moments.environment) as running:
        made = harmed(running)
        made.back("prefect")
        yield made
        made.desk.close()


@pytest.mark.parametrize(("part", "moment"), points(("worker", "filler", "renderer", "prefect"), ISSUING))
def test_a_packet_survives_the_death_of_any_process_at_any_step(
    site: HarmedSite, moments: Moments, part: str, moment: Moment
) -> None:
    site.back("filler", "renderer", "worker", part)
    moments.want(moment)
    packet_id = site.opened()
    moments.wait(LOADED_SECONDS)
    site.running.kill(part)
    moments.release()
    site.issued(packet_id)
    site.desk.ask("sign", packet_id=packet_id)
    site.sealed(packet_id)
    site.require_whole(packet_id)


@pytest.mark.parametrize(("part", "moment"), points(("worker", "prefect"), SEALING))
def test_a_seal_survives_the_death_of_any_process_at_any_step(
    site: HarmedSite, moments: Moments, part: str, moment: Moment
) -> None:
    site.back("filler", "renderer", "worker", part)
    packet_id = site.opened()
    site.issued(packet_id)
    moments.want(moment)
    site.desk.tell("sign", packet_id=packet_id)
    moments.wait(LOADED_SECONDS)
    site.running.kill(part)
    moments.release()
    site.desk.answer()
    site.sealed(packet_id)
    site.require_whole(packet_id)
