"""A whole morning at once: two hundred packets of four documents opened one after the other, as fast as a door can, and
worked off by the one warm worker until every statement lies before its client.

Danger: a rate that hides a packet that was lost or issued twice. Invariant: afterwards every packet is asked, every
document is opened from the vault, and the vault holds not one working object more than there are documents.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from bench.figures import Bound, Figure, median
from bench.machine import core_share
from bench.memory import FLAT_PERCENT, held, held_by_what_stays
from bench.site import TrainingSite

if TYPE_CHECKING:
    from register.facts import PacketRequest, Statement

PACKETS = 200
LEAST_PER_SECOND = 5.0
"""Documents; sustained, from the first packet's opening to the last document's presentation."""
QUARTERS = 4
"""Memory is compared between the second quarter of the packets and the last: the worker is as busy in both."""
SAMPLE_SECONDS = 1.0
LONGEST_SECONDS = 1800.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """What was seen while the queue was worked off."""

    seconds: float
    opened_seconds: float
    cpu: Mapping[str, float]
    """CPU seconds by part of the site, this door's included."""
    resident: Sequence[Sequence[float]]
    """MiB of the processes that stay, samples by quarter of the packets."""
    highest: float
    """MiB, with the children of that moment."""


def measure(site: TrainingSite, rounds: int) -> Iterator[Figure]:
    """The queue's figures; `rounds` is not used: the packets are counted."""
    site.start()
    site.packet()
    requests = [site.request() for _ in range(PACKETS)]
    before = _working(site)
    share = core_share()
    run, packets = _worked_off(site, requests)
    rows = [row for packet in packets for row in _issued(packet)]
    lost = _lost(site, rows, before)
    documents = len(rows)
    cpu = sum(run.cpu.values())
    yield Figure(
        name=f"{PACKETS} packets of 4 documents at once",
        value=documents / run.seconds,
        unit="documents/s",
        target=LEAST_PER_SECOND,
        bound=Bound.AT_LEAST,
        notes=f"{documents} documents in {run.seconds:.0f} s, {run.opened_seconds:.0f} s of it to open them;"
        f" share of a core a busy process got just before: {share:.0%};"
        f" CPU {1000 * cpu / documents:.0f} ms a document ({_each(run.cpu)} s)",
    )
    yield Figure(name="documents lost, doubled or unreadable", value=lost, unit="documents", target=0.0)
    second, last = (median(run.resident[quarter]) for quarter in (1, -1))
    yield Figure(
        name="memory growth meanwhile",
        value=100 * (last - second) / second,
        unit="%",
        target=FLAT_PERCENT,
        notes=f"RSS of worker, filler and renderer at work, median of a quarter of the packets: second"
        f" {second:.0f} MiB, last {last:.0f} MiB; with the children of the moment, a copy of their parent each,"
        f" {run.highest:.0f} MiB at most",
    )


def _worked_off(site: TrainingSite, requests: Sequence[PacketRequest]) -> tuple[_Run, Sequence[UUID]]:
    """Open all, ring for each, and wait."""
    from flows.intake import call
    from flows.site import now
    from register import packets

    used, own = site.cpu_seconds(), time.process_time()
    began = time.perf_counter()
    opened = []
    for request in requests:
        opened.append(packets.open_packet(site.site.vault, request, by=site.me, now=now()).packet_id)
        call(site.site)
    opened_seconds = time.perf_counter() - began
    resident: list[list[float]] = [[] for _ in range(QUARTERS)]
    highest = 0.0
    while waiting := packets.waiting():
        if time.perf_counter() - began > LONGEST_SECONDS:
            break  # what still waits is counted as lost
        quarter = QUARTERS * (len(requests) - waiting) // len(requests)
        resident[quarter].append(held_by_what_stays(site))
        highest = max(highest, sum(held(site, "rss").values()))
        time.sleep(SAMPLE_SECONDS)
    seconds = time.perf_counter() - began
    cpu = {name: total - used.get(name, 0.0) for name, total in site.cpu_seconds().items()}
    cpu["door"] = time.process_time() - own
    run = _Run(seconds=seconds, opened_seconds=opened_seconds, cpu=cpu, resident=resident, highest=highest)
    return run, opened


def _issued(packet_id: UUID) -> Sequence[Statement]:
    from register import packets

    return packets.show(packet_id).statements


def _lost(site: TrainingSite, rows: Sequence[Statement], before: frozenset[str]) -> int:
    """How many documents are not there exactly once, readable, before the client."""
    from rules.vocabulary import StatementState
    from storage.errors import StorageError
    from storage.protocol import Area

    lost, ids = 0, set()
    for row in rows:
        if row.state is not StatementState.PRESENTED or row.working_object_id is None:
            lost += 1
            continue
        ids.add(row.working_object_id)
        try:
            read = site.site.vault.get(row.working_object_id, Area.WORKING, sha256=row.document_sha256)
        except StorageError:
            lost += 1
            continue
        lost += not read.startswith(b"%PDF-")
    assert len({row.statement_id for row in rows}) == len(rows)
    return lost + len((_working(site) - before) ^ ids)


def _working(site: TrainingSite) -> frozenset[str]:
    """Every working object the vault holds, whether the register knows it or not."""
    from storage.protocol import Area

    return frozenset(site.site.vault.store.list(Area.WORKING))


def _each(seconds: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {used:.0f}" for name, used in seconds.items())
