"""A disposal run on the directory store and on S3: how many records a second, and whether memory grows with them.

Danger: a bench that destroys what was never kept. Invariant: every record has sealed bytes of 100 KB under a key of its
own, a statement with a sealed draft under another, and a day by the schedule in force; the run is listed, answered,
approved by two and executed by the same calls as at the terminal, every put and removal synced.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
import secrets
import time
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from bench.figures import Bound, Figure, median
from bench.machine import peak_mib
from bench.server import new_bucket, s3_server
from bench.site import TrainingSite

if TYPE_CHECKING:
    from flows.site import Site
    from register.facts import Person
    from storage.vault import Vault

RECORD_BYTES = 100_000
RECORDS = 10_000
RECORDS_ON_S3 = 2_000
LOCKED_SECONDS = 2
"""On S3 every record has a lock that is over, as those that fall due have."""
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
    """One run of ten thousand; `rounds` is not used: each of its batches is a measurement of its own.

    Then a smaller one on a real S3 server, where its test server is installed.
    """
    people = _people(site)
    listed, took, used, seen = _destroyed(site.site, people, site.new_client(), records)
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
        notes=f"{first / 2**20:.0f} to {seen[-1][1] / 2**20:.0f} MiB resident; highest {peak_mib():.0f} MiB",
    )
    with s3_server(site) as ceph:
        if ceph is not None:
            yield from _on_s3(site, people, ceph, min(records, RECORDS_ON_S3))


def _on_s3(site: TrainingSite, people: tuple[Person, Person, Person], ceph: Any, records: int) -> Iterator[Figure]:
    """A run on the server, and as many objects of that size that plain boto3 deletes in batches of a thousand."""
    from flows.site import Site, now
    from storage.destruction import DestructionLog
    from storage.vault import Vault

    plain, store = new_bucket(ceph)
    bucket = store.address.bucket
    on_s3 = Site(dataclasses.replace(site.site.configuration, s3=store.address))
    log = DestructionLog(store)
    log.open(now())
    on_s3.vault = Vault(store, site.site.vault.keyring, log)
    before = _deleted(plain, bucket, records)
    _, took, used, _ = _destroyed(on_s3, people, site.new_client(), records)
    theirs = median([before, _deleted(plain, bucket, records)])
    yield Figure(
        name=f"disposal run of {records:,} records of 100 KB on Ceph, of plain batch deletion's speed",
        value=100 * theirs / took,
        unit="%",
        target=80.0,
        bound=Bound.AT_LEAST,
        notes=f"ours {took:.1f} s ({records / took:.0f}/s), of them {used:.1f} s of computing here; the server alone "
        f"{theirs:.1f} s ({records / theirs:.0f}/s) for versions it is told by name, a thousand a request",
    )


def _deleted(plain: Any, bucket: str, count: int) -> float:
    """Seconds that the server takes to delete so many versions, asked by plain boto3."""
    data = os.urandom(RECORD_BYTES)
    versions = [
        {"Key": key, "VersionId": plain.put_object(Bucket=bucket, Key=key, Body=data)["VersionId"]}
        for key in (f"plain/{uuid.uuid4().hex}" for _ in range(count))
    ]
    began = time.perf_counter()
    for start in range(0, count, 1000):
        plain.delete_objects(Bucket=bucket, Delete={"Objects": versions[start : start + 1000], "Quiet": True})
    return time.perf_counter() - began


def _destroyed(
    site: Site, people: tuple[Person, Person, Person], client_id: str, records: int
) -> tuple[float, float, float, list[tuple[int, int]]]:
    """Seconds to list, to execute, and of computing; with the memory after each batch."""
    from flows import disposal
    from flows.site import now
    from register import disposal as register
    from rules.disposal import Answer, Outcome

    officer, *others = people
    locked = site.configuration.s3 is not None
    _kept(site.vault, client_id, officer, records, locked=locked)
    time.sleep(2 * LOCKED_SECONDS if locked else 0)
    began = time.perf_counter()
    run = disposal.propose(site, by=officer)
    listed = time.perf_counter() - began
    register.answer(site.vault, run.run_id, None, Answer.DESTROY, by=officer, now=now())
    for person in others:
        run = register.approve(run.run_id, shown_sha256=register.show(run.run_id).shown_sha256, by=person, now=now())
    seen: list[tuple[int, int]] = []
    began, used = time.perf_counter(), time.process_time()
    done = disposal.execute(site, run.run_id, by=officer, step=lambda count, _: seen.append((count, _resident()))).run
    took, used = time.perf_counter() - began, time.process_time() - used
    if done.outcomes != {Outcome.DESTROYED: records}:
        raise RuntimeError("the run did not come to its end")
    return listed, took, used, seen


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


def _kept(vault: Vault, client: str, officer: Person, count: int, *, locked: bool) -> None:
    """Records of one fictional client, written as rows at once: the ceremony is measured elsewhere."""
    from flows.site import now
    from register import due, events, models
    from register.vocabulary import ObjectState
    from rules.retention.words import EventKind
    from storage.protocol import Area

    moment, client_id, refs = now(), uuid.UUID(client), secrets.token_hex(3)
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
            until = now() + dt.timedelta(seconds=LOCKED_SECONDS) if locked else None
            stored = vault.put(object_id, data, area=Area.RECORDS, retain_until=until)
            draft = vault.seal_field(statement_id.hex, "bench", b"a draft of nobody")
            objects.append(
                models.Object(
                    id=object_id, area="records", state=ObjectState.LIVE, version_id=stored.version_id,
                    sealed_sha256=stored.stored_sha256, size=stored.size, staged_at=moment, published_at=moment,
                )
            )  # fmt: skip
            statements.append(
                models.Statement(
                    id=statement_id, ref=f"{refs}{number:08d}", packet=packet, client_id=client_id,
                    position=number % 30000, form_id="bench", form_version="1", language="en", family="specific",
                    retention_class="disclosure_statement", state="expired", sealed_draft=draft,
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
