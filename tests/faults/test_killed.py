"""Every process that must run is killed in the middle of its work; nothing is lost and nothing is done twice.

Moments as they come; `test_every_step.py` holds the job at each step of it. What it proves as well waits in the soak.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.faults.conftest import LOADED_SECONDS
from tests.faults.inside import Desk

if TYPE_CHECKING:
    from tests.faults.conftest import HarmedSite

REPLACED_WITHIN_SECONDS = 20.0
"""From the kill of a worker to the claim of its packet by the next, on a machine that has nothing else to do."""

CLAIMED = "SELECT 1 FROM register_packet WHERE id = ? AND state = 'issuing'"
STAGED = (
    "SELECT 1 FROM register_object o, register_packet p WHERE p.id = ? AND o.area = 'working'"
    " AND o.state = 'staged' AND o.staged_at >= p.claimed_at"
)
HALF_PRESENTED = "SELECT 1 FROM register_statement WHERE packet_id = ? AND state = 'presented'"
ISSUED = "SELECT 1 FROM register_packet WHERE id = ? AND state = 'issued'"

SEALING = "SELECT 1 FROM register_statement WHERE packet_id = ? AND sealing = 'sealing'"
RECORD_STAGED = (
    "SELECT 1 FROM register_object o, register_statement s WHERE s.packet_id = ? AND o.area = 'records'"
    " AND o.state = 'staged' AND o.staged_at >= s.sealing_requested_at"
)
HALF_SEALED = "SELECT 1 FROM register_statement WHERE packet_id = ? AND state = 'active'"
ALL_SEALED = (
    "SELECT 1 FROM register_statement WHERE packet_id = ? GROUP BY packet_id HAVING min(state) = 'active'"
    " AND max(state) = 'active'"
)


def key(packet_id: str) -> str:
    """A packet's id as the database has it."""
    return packet_id.replace("-", "")


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(STAGED, id="staged", marks=pytest.mark.e2e),
        pytest.param(HALF_PRESENTED, id="half-presented", marks=pytest.mark.soak),
    ],
)
def test_a_worker_killed_in_mid_packet_is_replaced_and_every_statement_is_issued_once(
    site: HarmedSite, moment: str
) -> None:
    site.back()
    packet_id = site.opened()
    caught = site.seen(moment, key(packet_id), unless=ISSUED)
    made_by_it = site.kill_with_children_seen("worker")
    killed_at = time.time()
    if caught:
        (holder,) = site.rows("SELECT lease_holder FROM register_packet WHERE id = ?", key(packet_id))[0]
        site.seen(
            "SELECT 1 FROM register_packet WHERE id = ? AND attempts > 1 AND lease_holder <> ? OR id = ? AND state"
            " = 'issued'",
            key(packet_id), holder, key(packet_id),
        )  # fmt: skip
        assert time.time() - killed_at < REPLACED_WITHIN_SECONDS * crowded()
    site.issued(packet_id)
    living = [each for each in made_by_it if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]
    assert living == [], "what a killed worker had started ends with it"
    site.desk.ask("sign", packet_id=packet_id)
    site.sealed(packet_id)
    site.require_whole(packet_id)


@pytest.mark.soak
@pytest.mark.parametrize("moment", [RECORD_STAGED, HALF_SEALED], ids=["staged", "half-sealed"])
def test_a_worker_killed_in_mid_seal_seals_every_statement_once(site: HarmedSite, moment: str) -> None:
    site.back()
    packet_id = site.opened()
    site.issued(packet_id)
    site.desk.tell("sign", packet_id=packet_id)
    site.seen(moment, key(packet_id), unless=ALL_SEALED)
    site.running.kill("worker")
    site.desk.answer()
    site.sealed(packet_id)
    site.require_whole(packet_id)


@pytest.mark.parametrize(
    "part", [pytest.param("renderer", marks=pytest.mark.e2e), pytest.param("filler", marks=pytest.mark.soak)]
)
def test_a_press_that_is_killed_in_mid_packet_holds_no_packet_up(site: HarmedSite, part: str) -> None:
    site.back()
    packet_id = site.opened()
    site.seen(CLAIMED, key(packet_id), unless=ISSUED)
    made_by_it = site.kill_with_children_seen(part)
    site.issued(packet_id)
    _, living = psutil.wait_procs(made_by_it, timeout=10)
    assert living == [], "what a killed daemon had started ends with it"
    site.back(part)
    site.desk.ask("sign", packet_id=packet_id)
    site.sealed(packet_id)
    site.require_whole(packet_id)


@pytest.mark.e2e
def test_two_who_ask_for_the_same_at_once_get_one_packet(site: HarmedSite) -> None:
    site.back()
    told = site.asked()
    other = Desk(site.running)
    try:
        other.ask("orphans")  # so that both are awake
        for desk in (site.desk, other):
            desk.tell("open_packet", told=told, again=False)
        packets = {desk.answer() for desk in (site.desk, other)}
    finally:
        other.close()
    assert len(packets) == 1
    (packet_id,) = packets
    assert len(site.issued(packet_id)["statements"]) == 4
    assert site.rows("SELECT count(*) FROM register_packet WHERE client_id = ?", key(told["client"])) == [(1,)]


@pytest.mark.e2e
def test_with_prefect_killed_a_packet_is_taken_and_issued_and_the_next_is_recorded_again(site: HarmedSite) -> None:
    site.back("prefect", "worker")
    site.running.kill("prefect")
    until = time.monotonic() + 10
    while site.running.parts()["parts"]["prefect"] == "ready":
        assert time.monotonic() < until
    packet_id = site.opened()
    site.issued(packet_id)
    site.desk.ask("sign", packet_id=packet_id)
    site.sealed(packet_id)
    assert recorded(site, packet_id) == 0, "there was no Prefect to record it"

    site.back("prefect")
    until = time.monotonic() + LOADED_SECONDS
    # a busy server that does not answer within the bell's second is worked without: that packet is never recorded,
    # and only one asked for later can be
    while not recorded_after_issue(site, site.opened()):
        assert time.monotonic() < until, "Prefect is back and records nothing"
    site.require_whole(packet_id)


@pytest.mark.soak
def test_with_prefect_killed_in_mid_packet_the_packet_is_issued(site: HarmedSite) -> None:
    site.back("prefect", "worker")
    packet_id = site.opened()
    site.seen(CLAIMED, key(packet_id), unless=ISSUED)
    site.running.kill("prefect")
    assert site.issued(packet_id)["attempts"] <= 2
    site.desk.ask("sign", packet_id=packet_id)
    site.sealed(packet_id)
    site.require_whole(packet_id)


@pytest.mark.e2e
def test_with_prefect_hanging_a_packet_is_taken_and_issued(site: HarmedSite) -> None:
    site.back("prefect", "worker")
    server = site.running.parts()["pids"]["prefect"]
    os.kill(server, signal.SIGSTOP)
    try:
        packet_id = site.opened()
        site.issued(packet_id)
        site.desk.ask("sign", packet_id=packet_id)
        site.sealed(packet_id)
    finally:
        os.kill(server, signal.SIGCONT)
    site.require_whole(packet_id)


def crowded() -> float:
    """How many times slower this machine is than a quiet one, by those who wait for a processor."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def recorded_after_issue(site: HarmedSite, packet_id: str, *, seconds: float = 20.0) -> bool:
    """Whether a run of this packet comes to be told of; Prefect writes its rows some time after the work."""
    site.issued(packet_id)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if recorded(site, packet_id):
            return True
        time.sleep(0.2)
    return False


def recorded(site: HarmedSite, packet_id: str) -> int:
    """How many runs of this packet Prefect's own database tells of."""
    database = sqlite3.connect(f"file:{site.running.home / 'prefect' / 'prefect.db'}?mode=ro", uri=True, timeout=10)
    try:
        (count,) = database.execute("SELECT count(*) FROM task_run WHERE name = ?", (f"packet-{packet_id}",)).fetchone()
    finally:
        database.close()
    return int(count)
