"""The next thousand records that are due, among a million, on SQLite and on PostgreSQL.

Danger: a list that is quick because it is short, or because the rows are not like those of a site. Invariant: every
record is a copy of a whole one, with a statement and an object of its own; their days lie spread over twenty-five
years, a third of them has passed, one in a hundred is held; the list is what `register.due` gives, holds looked at.
"""

from __future__ import annotations

import datetime as dt
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from bench.figures import Figure, median, spread
from bench.site import TrainingSite

if TYPE_CHECKING:
    from django.db.models import Model

    from register.retention_facts import DueRecord

RECORDS = 1_000_000
PAGE = 1_000
MOST_MS = 50.0
TODAY = dt.date(2026, 11, 25)
NOW = dt.datetime(2026, 11, 25, 15, tzinfo=dt.UTC)
_NUMBERS = "WITH RECURSIVE series(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < {count}) "
_SPREAD = "(series.n * 2654435761) %% 4294967296"
"""Ids lie as random ones would: pages of an index are not filled in order."""
_UUID = {
    "sqlite": f"printf('%%08x%%024x', {_SPREAD}, series.n)",
    "postgresql": f"(lpad(to_hex({_SPREAD}), 8, '0') || lpad(to_hex(series.n), 24, '0'))::uuid",
}
_TEXT = {"sqlite": "printf('%%032x', series.n)", "postgresql": "lpad(to_hex(series.n), 32, '0')"}
_DAY = {
    "sqlite": "date('2018-01-01', '+' || ((series.n * 7919) %% 9131) || ' days')",
    "postgresql": "(date '2018-01-01' + ((series.n * 7919::bigint) %% 9131)::int)",
}


def measure(site: TrainingSite, rounds: int, *, records: int = RECORDS) -> Iterator[Figure]:
    """The list's figures on both engines; PostgreSQL's where it is installed."""
    yield from _on(
        "SQLite", {"CONFIDE_HOME": str(site.folder / "due"), "CONFIDE_KEYS": str(site.folder / "k")}, rounds, records
    )
    from tests.cluster import Cluster, programs

    if programs() is None:
        print("  no PostgreSQL to measure on: deploy/debian-packages ci", file=sys.stderr)
        return
    cluster = Cluster().start()
    try:
        url = cluster.url(cluster.database())
        home = {"CONFIDE_HOME": str(site.folder / "due-pg"), "CONFIDE_KEYS": str(site.folder / "k")}
        yield from _on("PostgreSQL", home | {"CONFIDE_DATABASE_URL": url}, rounds, records)
    finally:
        cluster.remove()


def _on(engine: str, environment: Mapping[str, str], rounds: int, records: int) -> Iterator[Figure]:
    with _register(environment):
        from register import due

        began = time.perf_counter()
        _fill(records)
        filled = time.perf_counter() - began
        first, further, used = list[float](), list[float](), time.process_time()
        page: tuple[DueRecord, ...] = ()
        for number in range(rounds + 1):
            page, took = _timed(lambda: due.listing(TODAY, limit=PAGE))
            _, took_next = _timed(lambda last=page[-1]: due.listing(TODAY, after=last, limit=PAGE))
            if number:
                first.append(took)
                further.append(took_next)
        used = 1000 * (time.process_time() - used) / (2 * (rounds + 1))
        if len(page) != PAGE or not any(one.held for one in page):
            raise RuntimeError("the list is not what it should be")
    for name, measured in (("next 1,000 due", first), ("the 1,000 after those", further)):
        yield Figure(
            name=f"{name} among {records:,} records, {engine}",
            value=median(measured),
            unit="ms",
            target=MOST_MS,
            notes=f"{spread(measured, 'ms')}; {used:.0f} ms of computing; holds looked at; filled in {filled:.0f} s",
        )


def _timed(work: Any) -> tuple[tuple[DueRecord, ...], float]:
    began = time.perf_counter()
    found = work()
    return found, (time.perf_counter() - began) * 1000


@contextmanager
def _register(environment: Mapping[str, str]) -> Iterator[None]:
    """An empty register of its own, for as long as it lasts; the site's own afterwards."""
    from register import boot

    boot.ready()
    from django.core.management import call_command
    from django.db import connection, connections

    from register.configuration import read
    from register.database import django_settings

    own = connections.settings["default"]

    def point(at: Any) -> None:
        connection.close()
        del connections["default"]
        connections.settings["default"] = at

    Path(environment["CONFIDE_HOME"]).mkdir(mode=0o700, parents=True)
    point(connections.configure_settings({"default": django_settings(read(environment))})["default"])
    try:
        call_command("migrate", verbosity=0, interactive=False)
        yield
    finally:
        point(own)


def _fill(count: int) -> None:
    from django.db import connection

    from register import models, retained

    pattern = _pattern()
    engine = connection.vendor
    basis = retained.basis(TODAY).digest
    due = {"due_on": _DAY[engine], "due_basis": f"'{basis}'", "due_why_not": "''", "due_rule": "'BENCH'"}
    own = {"statement_id": _UUID[engine], "object_id": _TEXT[engine]}
    _copy(models.Object, pattern["object"], count, {"id": _TEXT[engine]})
    ref = {"sqlite": "printf('%%014d', series.n)", "postgresql": "lpad(series.n::text, 14, '0')"}[engine]
    position = "(series.n %% 30000)"
    packets = {"id": _UUID[engine], "request_id": _UUID[engine]}
    _copy(models.Packet, pattern["packet"], count, packets)
    _copy(
        models.Statement,
        pattern["statement"],
        count,
        {"id": _UUID[engine], "packet_id": _UUID[engine], "ref": ref, "position": position},
    )
    _copy(models.Record, pattern["record"], count, {"id": _UUID[engine], **own, **due})
    with connection.cursor() as cursor:
        held = "INSERT INTO register_holdrow (hold_id, record_id, placed_at, logged) "
        hundredth = {"sqlite": "rowid %% 100 = 0", "postgresql": "get_byte(uuid_send(id), 15) %% 100 = 0"}[engine]
        cursor.execute(f"{held} SELECT %s, id, kept_at, TRUE FROM register_record WHERE {hundredth}", [pattern["hold"]])  # noqa: S608
        cursor.execute("ANALYZE")


def _copy(model: type[Model], pattern: int | str | UUID, count: int, own: Mapping[str, str]) -> None:
    """Rows like `pattern`, but for what is each row's own."""
    from django.db import connection

    columns = [field.column for field in model._meta.concrete_fields if field.column is not None]
    values = ", ".join(own.get(name, f'p."{name}"') for name in columns)
    names = ", ".join(f'"{name}"' for name in columns)
    table = model._meta.db_table
    select = f"SELECT {values} FROM series, {table} p WHERE p.id = %s"  # noqa: S608  our own names
    numbers = _NUMBERS.format(count=count)
    # SQLite wants the series before INSERT's SELECT, PostgreSQL takes it there too
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {table} ({names}) {numbers} {select}", [pattern])


def _pattern() -> dict[str, Any]:
    """One whole record, an adopted schedule, and a hold; ids as the database has them."""
    from django.db import connection

    from register import models
    from register.vocabulary import HoldKind, HoldScope, ScheduleState
    from rules.retention.reading import shipped_text

    models.Agency.objects.create(
        legal_name="Bench",
        revocation_desk="-",
        time_zone="America/New_York",
        sealed_search_key=b"-",
        classes=["ethics_only"],
    )
    first, second = (
        models.Staff.objects.create(username=name, sealed_display_name=b"-", added_at=NOW) for name in ("one", "two")
    )
    models.ScheduleVersion.objects.create(
        version="2026.11",
        digest="0" * 64,
        text=shipped_text("us/ny"),
        state=ScheduleState.IN_FORCE,
        proposed_by=first,
        proposed_at=NOW,
        adopted_by=second,
        adopted_at=NOW,
    )
    client = models.Client.objects.create(sealed_identity=b"-" * 400, birth_token=b"-" * 32, added_at=NOW)
    packet = models.Packet.objects.create(request_id=uuid4(), client=client, opened_by=first, opened_at=NOW)
    statement = models.Statement.objects.create(
        ref="-",
        packet=packet,
        client=client,
        position=1,
        form_id="disclosure",
        form_version="1",
        retention_class="disclosure_statement",
        language="en",
        family="specific",
        sealed_draft=b"-" * 1500,
    )
    stored = models.Object.objects.create(id=uuid4().hex, area="records", staged_at=NOW)
    record = models.Record.objects.create(
        statement=statement,
        object=stored,
        document_sha256="0" * 64,
        pages=2,
        proof="sealed",
        retention_class="disclosure_statement",
        kept_at=NOW,
        looked_at=NOW,
        proved_at=NOW,
        due_disposition="destroy",
    )
    hold = models.Hold.objects.create(
        kind=HoldKind.OTHER, scope=HoldScope.RECORDS, sealed_words=b"-", review_on=TODAY, placed_by=first, placed_at=NOW
    )
    keys = {"packet": packet, "statement": statement, "object": stored, "record": record, "hold": hold}
    return {name: row._meta.pk.get_db_prep_value(row.pk, connection) for name, row in keys.items()}
