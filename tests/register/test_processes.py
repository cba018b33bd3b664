"""Several processes on one site: the row is the queue, and a killed worker loses nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.register.conftest import World

CLAIM_ALL = """
import datetime as dt, sys
from register import boot
boot.ready()
from register import packets
sys.stdin.readline()
now = dt.datetime(2026, 11, 23, 15, 0, tzinfo=dt.UTC)
while claim := packets.claim_next(sys.argv[1], lease_seconds=60, now=now):
    sys.stdout.write(f"{claim.claimed_id}\\n")
"""

DIE_WITHIN = """
import datetime as dt, os
from register import boot
boot.ready()
from django.db import transaction
from register import packets
now = dt.datetime(2026, 11, 23, 15, 0, tzinfo=dt.UTC)
with transaction.atomic():
    assert packets.claim_next("killed", lease_seconds=60, now=now)
    os.kill(os.getpid(), 9)
"""


def start(world: World, program: str, *arguments: str) -> subprocess.Popen[str]:
    site = {**os.environ, **world.environment}
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        env=site,
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_processes_share_the_queue_without_taking_a_packet_twice(world: World) -> None:
    from register import audit

    packets = [world.opened().packet_id for _ in range(8)]
    workers = [start(world, CLAIM_ALL, f"worker-{number}") for number in range(2)]
    claimed = [worker.communicate("go\n")[0].split() for worker in workers]

    assert [worker.returncode for worker in workers] == [0, 0]
    assert sorted(one for share in claimed for one in share) == sorted(str(one) for one in packets)
    assert audit.check().intact


def test_a_process_killed_in_mid_change_leaves_no_trace_of_it(world: World) -> None:
    from register import audit, packets

    packet, head = world.opened(), audit.head()
    killed = start(world, DIE_WITHIN)
    killed.communicate()

    assert killed.returncode == -9
    assert packets.show(packet.packet_id) == packet
    assert audit.head() == head
    assert packets.claim_next("next", lease_seconds=60, now=world.now) is not None
