"""Two hundred packets asked for at once: each issued once, signed, sealed once, readable, and nothing left over."""

from __future__ import annotations

import psutil
import pytest

from tests.faults.conftest import HarmedSite
from tests.faults.moment import STATEMENTS

PACKETS = 200
PATIENCE_SECONDS = 3 * 3600.0


@pytest.mark.soak
def test_two_hundred_packets_at_once_are_each_issued_and_sealed_once_and_nothing_is_left_over(site: HarmedSite) -> None:
    asked = [site.asked() for _ in range(PACKETS)]
    worker = psutil.Process(site.running.parts()["pids"]["worker"])
    worker.suspend()  # it would have done the first before the last is asked for
    packets = [site.opened(told) for told in asked]
    waiting = site.rows("SELECT count(*) FROM register_packet WHERE state IN ('requested', 'issuing')")
    assert waiting == [(PACKETS,)], "they were at once"
    worker.resume()
    for packet in packets:
        site.issued(packet, PATIENCE_SECONDS)
        site.desk.ask("sign", packet_id=packet)
    for packet in packets:
        site.sealed(packet, PATIENCE_SECONDS)
    seals = site.rows("SELECT count(*), count(DISTINCT statement_id) FROM register_record WHERE statement_id NOT NULL")
    assert seals == [(PACKETS * STATEMENTS, PACKETS * STATEMENTS)]
    for packet in packets[:-1]:
        site.require_sound(packet)
    site.require_whole(packets[-1])
