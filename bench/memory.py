"""What worker, filler and renderer hold in memory, after fifty documents and after two hundred.

The sum is counted as PSS: memory that several processes share is counted once, divided among them. Whether it grows is
read from RSS: PSS also moves when some other program that shares a library with ours starts or ends.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

import psutil

from bench.figures import Figure
from bench.site import MEASURED_PARTS, TrainingSite

LARGEST_MIB = 600e6 / (1 << 20)
"""600 MB."""
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
    resident: dict[int, dict[str, float]] = {}
    for goal in (FIRST, LAST):
        while made < goal:
            made += len(site.packet().statements)
            highest = max(highest, sum(held(site, "pss").values()))
        time.sleep(SETTLE_SECONDS)
        resident[goal] = held(site, "rss")
    shared = held(site, "pss")
    yield Figure(
        name=f"memory after {LAST} documents",
        value=sum(shared.values()),
        unit="MiB",
        target=LARGEST_MIB,
        notes=f"PSS with all children: {_each(shared)}; highest seen between packets {highest:.0f}",
    )
    first, last = (sum(resident[goal].values()) for goal in (FIRST, LAST))
    yield Figure(
        name=f"memory growth, {FIRST} to {LAST} documents",
        value=100 * (last - first) / first,
        unit="%",
        target=FLAT_PERCENT,
        notes=f"RSS after {FIRST}: {_each(resident[FIRST])}; after {LAST}: {_each(resident[LAST])}",
    )


def _each(parts: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {mib:.0f}" for name, mib in parts.items())


def held(site: TrainingSite, kind: str) -> dict[str, float]:
    """MiB by part, its children with it; `kind`: "pss" or "rss"."""
    processes = site.processes(*MEASURED_PARTS)
    return {name: sum(_bytes(one, kind) for one in those) / _MIB for name, those in processes.items()}


def held_by_what_stays(site: TrainingSite) -> float:
    """MiB (RSS) of the processes that live as long as the site: all but the children of filler and renderer, one a
    document, which are gone with it and whose pages are nearly all their parent's."""
    processes = site.processes(*MEASURED_PARTS)
    staying = [one for name, those in processes.items() for one in (those if name == "worker" else those[:1])]
    return sum(_bytes(one, "rss") for one in staying) / _MIB


def _bytes(process: psutil.Process, kind: str) -> int:
    try:
        # PSS is counted page by page; of RSS the kernel keeps count
        return int(getattr(process.memory_info() if kind == "rss" else process.memory_full_info(), kind))
    except psutil.NoSuchProcess:
        return 0
