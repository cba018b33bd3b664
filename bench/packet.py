"""The packet: from `packets.open_packet` through the real warm worker until every statement lies before the client,
beside the naive script on the same forms with the same data."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from bench.figures import Bound, Figure, median, spread, written
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
        value=first[0],
        unit="s",
        notes=f"everything ready {started:.1f} s after `confide serve` was called",
    )
    for _ in range(WARM_UPS - 1):
        _issued(site)
    naive, wanted = NaiveScript(site.folder / "naive"), _documents(site)
    naive.make(wanted)  # the profile is made, the files are in the disk's cache
    ours: list[float] = []
    theirs: list[float] = []
    cpu: list[float] = []
    stages: list[dict[str, int]] = []
    for number in range(rounds):
        if number % NAIVE_EVERY == 0:
            theirs.append(naive.make(wanted))
        seconds, used, took = _issued(site)
        ours.append(seconds)
        cpu.append(used)
        stages.append(took)
    per_stage = ", ".join(f"{name} {median([one[name] for one in stages]):.0f}" for name in stages[0])
    yield Figure(
        name="packet of 4 documents",
        value=median(ours),
        unit="s",
        target=LONGEST,
        notes=f"{spread(ours, 's')}; CPU {written(median(cpu))} s in all processes;"
        f" stages, 4 documents together (ms): {per_stage}",
    )
    yield Figure(name="naive script, same documents", value=median(theirs), unit="s", notes=spread(theirs, "s"))
    yield Figure(
        name="faster than the naive script",
        value=median(theirs) / median(ours),
        unit="x",
        target=TIMES_FASTER,
        bound=Bound.AT_LEAST,
        notes="medians, interleaved",
    )


def _issued(site: TrainingSite) -> tuple[float, float, dict[str, int]]:
    """One packet: seconds, CPU seconds of every process of the site, milliseconds of each stage."""
    request = site.request()
    time.sleep(REST_SECONDS)
    before = site.cpu_seconds()
    packet, seconds = site.issue(request)
    time.sleep(REST_SECONDS)
    return seconds, site.cpu_seconds() - before, dict(packet.stage_ms)


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
