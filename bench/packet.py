"""The packet: from `packets.open_packet` through the real warm worker until every statement lies before the client,
beside the naive script on the same forms with the same data."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bench.figures import Bound, Figure, median, spread
from bench.naive import NaiveScript, Wanted
from bench.site import REST_SECONDS, TrainingSite

WARM_UPS = 2
LONGEST = 1.2
TIMES_FASTER = 7.0
NAIVE_EVERY = 3
"""The naive script runs before every third packet: it takes seven times as long."""


def measure(site: TrainingSite, rounds: int) -> Iterator[Figure]:
    """The packet's figures; `rounds` packets after the warm-ups."""
    started = site.start()
    first = _issued(site)
    yield Figure(
        name="first packet after start",
        value=first.seconds,
        unit="s",
        notes=f"everything ready {started:.1f} s after `confide serve` was called",
    )
    for _ in range(WARM_UPS - 1):
        _issued(site)
    naive, wanted = NaiveScript(site.folder / "naive"), _documents(site)
    naive.make(wanted)  # the profile is made, the files are in the disk's cache
    ours: list[_Issued] = []
    theirs: list[float] = []
    for number in range(rounds):
        if number % NAIVE_EVERY == 0:
            theirs.append(naive.make(wanted))
        ours.append(_issued(site))
    seconds = [one.seconds for one in ours]
    yield Figure(
        name="packet of 4 documents",
        value=median(seconds),
        unit="s",
        target=LONGEST,
        notes=f"{spread(seconds, 's')}; claimed after {median([one.claimed_ms for one in ours]):.0f} ms;"
        f" stages, 4 documents together (ms): {_each([one.stage_ms for one in ours])}",
    )
    cpu = [sum(one.cpu_ms.values()) / 1000 for one in ours]
    yield Figure(
        name="CPU time of such a packet",
        value=median(cpu),
        unit="s",
        notes=f"all processes (ms): {_each([one.cpu_ms for one in ours])}",
    )
    yield Figure(name="naive script, same documents", value=median(theirs), unit="s", notes=spread(theirs, "s"))
    yield Figure(
        name="faster than the naive script",
        value=median(theirs) / median(seconds),
        unit="x",
        target=TIMES_FASTER,
        bound=Bound.AT_LEAST,
        notes="medians, interleaved",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Issued:
    """One packet's way."""

    seconds: float
    cpu_ms: dict[str, float]
    """Of every part of the site, from just before the request until all is quiet again."""
    claimed_ms: float
    """From the row's time to the worker's claim."""
    stage_ms: dict[str, int]
    """Of all documents together, some of it at the same time."""


def _issued(site: TrainingSite) -> _Issued:
    request = site.request()
    time.sleep(REST_SECONDS)
    before = site.cpu_seconds()
    packet, seconds = site.issue(request)
    time.sleep(REST_SECONDS)
    assert packet.claimed_at is not None
    return _Issued(
        seconds=seconds,
        cpu_ms={name: 1000 * (used - before.get(name, 0.0)) for name, used in site.cpu_seconds().items()},
        claimed_ms=(packet.claimed_at - packet.opened_at).total_seconds() * 1000,
        stage_ms=dict(packet.stage_ms),
    )


def _each(measured: Sequence[Mapping[str, float]]) -> str:
    """The median of every name."""
    return ", ".join(f"{name} {median([one[name] for one in measured]):.0f}" for name in measured[0])


def _documents(site: TrainingSite) -> Sequence[Wanted]:
    """The documents of one packet, as the naive script wants them."""
    from flows.site import now
    from register import agency, statements
    from rules.wording import fields_of

    today = agency.today(now())
    wanted = []
    for row in site.packet().statements:
        draft = statements.draft(site.site.vault, row.statement_id, by=site.me, now=now())
        fields = fields_of(draft, statement_ref=row.ref, prepared_on=today)
        wanted.append(Wanted(site.site.catalog.get(row.form_id).docx(row.language), fields))
    return wanted
