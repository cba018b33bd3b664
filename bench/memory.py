"""What worker, filler and renderer hold in memory, after fifty documents and after two hundred.

Counted as PSS: memory that several processes share is counted once, divided among them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import psutil

from bench.figures import Figure
from bench.site import MEASURED_PARTS, TrainingSite

LARGEST_MIB = 600.0
FLAT_PERCENT = 5.0
FIRST, LAST = 50, 200
"""Documents."""
PER_PACKET = 4
SETTLE_SECONDS = 1.0
_MIB = 1 << 20


def measure(site: TrainingSite, rounds: int) -> Iterator[Figure]:
    """The memory's figures, of processes started for it; `rounds` is not used: the documents are counted."""
    site.stop()
    site.start()
    made, highest = 0, 0.0
    after: dict[int, dict[str, float]] = {}
    for goal in (FIRST, LAST):
        while made < goal:
            made += len(site.packet().statements)
            highest = max(highest, sum(held(site).values()))
        time.sleep(SETTLE_SECONDS)
        after[goal] = held(site)
    first, last = sum(after[FIRST].values()), sum(after[LAST].values())
    parts = ", ".join(f"{name} {mib:.0f}" for name, mib in after[LAST].items())
    yield Figure(
        name=f"memory after {LAST} documents",
        value=last,
        unit="MiB",
        target=LARGEST_MIB,
        notes=f"PSS with all children: {parts}; highest seen between packets {highest:.0f}",
    )
    yield Figure(
        name=f"memory growth, {FIRST} to {LAST} documents",
        value=100 * (last - first) / first,
        unit="%",
        target=FLAT_PERCENT,
        notes=", ".join(f"{name} {after[FIRST][name]:.0f} → {mib:.0f}" for name, mib in after[LAST].items()),
    )


def held(site: TrainingSite) -> dict[str, float]:
    """MiB (PSS) by part, its children with it."""
    found = {}
    for name, processes in site.processes(*MEASURED_PARTS).items():
        found[name] = sum(map(_pss, processes)) / _MIB
    return found


def _pss(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return 0
