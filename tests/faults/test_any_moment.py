"""A worker killed at sixty-four moments of a packet and of a sealing, a few hundredths of a second apart."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.faults.test_killed import ALL_SEALED, CLAIMED, ISSUED, SEALING, key

if TYPE_CHECKING:
    from tests.faults.conftest import HarmedSite

# not `e2e`: these run in the soak tier alone
pytestmark = pytest.mark.soak

MOMENTS = [step * 0.04 for step in range(32)]
"""Seconds after the worker took the work: longer than a packet, and than a sealing, takes on a quiet machine."""


@pytest.mark.parametrize("after", MOMENTS, ids=lambda after: f"{after:.2f}s")
def test_a_packet_survives_the_death_of_its_worker_at_any_moment(site: HarmedSite, after: float) -> None:
    site.back()
    packet_id = site.opened()
    site.seen(CLAIMED, key(packet_id), unless=ISSUED)
    time.sleep(after)
    site.running.kill("worker")
    site.issued(packet_id)
    site.desk.ask("sign", packet_id=packet_id)
    site.sealed(packet_id)
    site.require_whole(packet_id)


@pytest.mark.parametrize("after", MOMENTS, ids=lambda after: f"{after:.2f}s")
def test_a_seal_survives_the_death_of_its_worker_at_any_moment(site: HarmedSite, after: float) -> None:
    site.back()
    packet_id = site.opened()
    site.issued(packet_id)
    site.desk.tell("sign", packet_id=packet_id)
    site.seen(SEALING, key(packet_id), unless=ALL_SEALED)
    time.sleep(after)
    site.running.kill("worker")
    site.desk.answer()
    site.sealed(packet_id)
    site.require_whole(packet_id)
