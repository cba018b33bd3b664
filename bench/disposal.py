"""A disposal run on the directory store: how many records a second, and whether memory grows with their number.

Danger: a bench that destroys what was never kept. Invariant: every record has sealed bytes of 100 KB under a key of its
own, a statement with a sealed draft under another, and a day by the schedule in force; the run is listed, answered,
approved by two and executed by the same calls as at the terminal, every put and removal synced.
"""

from __future__ import annotations

import datetime as dt
import os
import resource
import time
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bench.figures import Bound, Figure
from bench.site import TrainingSite

if TYPE_CHECKING:
    from register.facts import Person

RECORD_BYTES = 100_000
RECORDS = 10_000
FIRST = 2_000
"""Memory is looked at after so many, and at the end."""
LEAST = 500.0
FLAT_PERCENT = 5.0
SCHEDULE = """\
version: "2026.11"
rules:
  BENCH:
    series: everything
    selector: {classes: [disclosure_statement, disclosure_ledger]}
    keep: [{event: last_service, period: P1Y}]
    authority: a bench
    version: "1"
    jurisdiction: house
    effective_from: 2000-01-01
"""


def measure(site: TrainingSite, rounds: int, *, records: int = RECORDS) -> Iterator[Figure]:
    """One run of ten thousand; `rounds` is not used: each of its batches is a measurement of its own."""
    from flows import disposal
    from flows.site import now
    from register import disposal as register
    from rules.disposal import Answer, Outcome

    officer, *others = _people(site)
    _kept(site, officer, records)
    began = time.perf_counter()
    run = disposal.propose(site.site, by=officer)
    listed = time.perf_counter() - began
    register.answer(site.site.vault, run.run_id, None, Answer.DESTROY, by=officer, now=now())
    for person in others:
        run = register.approve(run.run_id, list_sha256=run.list_sha256, by=person, now=now())
    seen: list[tuple[int, int]] = []
    began, used = time.perf_counter(), time.process_time()
    done = disposal.execute(
        site.site, run.run_id, by=officer, step=lambda count, _: seen.append((count, _resident()))
    ).run
    took, used = time.perf_counter() - began, time.process_time() - used
    if done.outcomes != {Outcome.DESTROYED: records}:
        raise RuntimeError("the run did not come to its end")
    yield Figure(
        name=f"disposal run of {records:,} records of 100 KB, directory store",
        value=records / took,
        unit="/s",
        target=LEAST,
        bound=Bound.AT_LEAST,
        notes=f"{took:.1f} s, of them {used:.1f} s of computing; synced ({site.file_system}); listed in {listed:.1f} s",
    )
    first = next(memory for count, memory in seen if count >= min(FIRST, records // 2))
    yield Figure(
        name=f"memory growth, {min(FIRST, records // 2):,} to {records:,} records destroyed",
        value=100 * (seen[-1][1] - first) / first,
        unit="%",
        target=FLAT_PERCENT,
        notes=f"{first / 2**20:.0f} to {seen[-1][1] / 2**20:.0f} MiB resident; "
        f"highest {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB",
    )


def _people(site: TrainingSite) -> tuple[Person, Person, Person]:
    """A records officer, and two who approve."""
    from flows.site import now
    from register import due, facts, schedules, staff
    from register.vocabulary import StaffRole

    me, people = site.me, []
    for name, role in (
        ("officer", StaffRole.RECORDS_OFFICER),
        ("counsel", StaffRole.COUNSEL),
        ("board", StaffRole.OUTSIDE_APPROVER),
    ):
        added = staff.add(
            site.site.vault, username=name, display_name=f"A fictional {name}", roles=frozenset({role}),
            password=uuid.uuid4().hex, by=me, now=now(),
        )  # fmt: skip
        people.append(facts.Person(added.staff_id, added.username, added.roles))
    schedules.propose(SCHEDULE, by=people[0], now=now())
    schedules.adopt("2026.11", by=people[1], now=now())
    due.refresh(now=now())
    return people[0], people[1], people[2]


def _kept(site: TrainingSite, officer: Person, count: int) -> None:
    """Records of one fictional client, written as rows at once: the ceremony is measured elsewhere."""
    from flows.site import now
    from register import due, events, models
    from register.vocabulary import ObjectState
    from rules.retention.words import EventKind
    from storage.protocol import Area

    vault, moment = site.site.vault, now()
    client_id = uuid.UUID(site._client())
    events.record(
        vault, EventKind.LAST_SERVICE, client_id=client_id, happened_on=(moment - dt.timedelta(days=1000)).date(),
        by=officer, now=moment,
    )  # fmt: skip
    data = os.urandom(RECORD_BYTES)
    packet = models.Packet.objects.create(
        request_id=uuid.uuid4(), client_id=client_id, state="issued", opened_by_id=officer.staff_id, opened_at=moment
    )
    for start in range(0, count, 500):
        objects, statements, records = [], [], []
        for number in range(start, min(start + 500, count)):
            object_id, statement_id = uuid.uuid4().hex, uuid.uuid4()
            stored = vault.put(object_id, data, area=Area.RECORDS)
            draft = vault.seal_field(statement_id.hex, "bench", b"a draft of nobody")
            objects.append(
                models.Object(
                    id=object_id, area="records", state=ObjectState.LIVE, version_id=stored.version_id,
                    sealed_sha256=stored.stored_sha256, size=stored.size, staged_at=moment, published_at=moment,
                )
            )  # fmt: skip
            statements.append(
                models.Statement(
                    id=statement_id, ref=f"{number:014d}", packet=packet, client_id=client_id, position=number % 30000,
                    form_id="bench", form_version="1", retention_class="disclosure_statement", language="en",
                    family="specific", state="expired", sealed_draft=draft,
                )
            )  # fmt: skip
            records.append(
                models.Record(
                    statement_id=statement_id, object_id=object_id, document_sha256=stored.sha256, pages=1,
                    proof="sealed", retention_class="disclosure_statement", kept_at=moment, looked_at=moment,
                    proved_at=moment,
                )
            )  # fmt: skip
        models.Object.objects.bulk_create(objects)
        models.Statement.objects.bulk_create(statements)
        models.Record.objects.bulk_create(records)
    due.refresh(now=moment)


def _resident() -> int:
    import psutil

    return int(psutil.Process().memory_info().rss)
