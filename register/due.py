"""When each record may go, and why; the next that are due, and those that have no day at all.

Danger: a record destroyed on a day that was true once. Invariants: the stored day only finds candidates, and counts
only while what it rests on holds; whoever destroys asks `answer`, which works the day out anew from events, ledger and
schedule, under the record's row lock (`records.lock`), and asks `holds.on` beside it. Nothing here destroys.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from register import agency, holds, models, retained
from register.change import the
from register.pages import pages
from register.retained import Basis
from register.retention_facts import Answer, DueRecord, ExceptionRow
from rules.retention.comparing import Change, Preview, change, preview
from rules.retention.decision import Decision, Happened, Item, decide
from rules.retention.schedule import Schedule
from rules.retention.words import Disposition, WhyNot
from rules.vocabulary import StatementState

BATCH = 1000
"""Records computed in one transaction."""
_COLUMNS = ("due_on", "due_why_not", "destroy_by", "due_rule", "due_version", "due_disposition", "due_basis")


def answer(record_id: UUID, as_of: dt.date) -> Answer:
    """When a record may go, worked out now from what the register knows; `as_of` is the agency's day.

    Raises:
        RegisterError: UNKNOWN_ID.
    """
    row = the(retained.rows(), "record", record_id)
    on = retained.basis(as_of)
    (item,) = retained.items([row], on)
    return Answer(
        record_id=row.id,
        statement_id=row.statement_id,
        client_id=row.statement.client_id if row.statement else None,
        object_id=row.object_id,
        retention_class=item.retention_class,
        as_of=as_of,
        version=on.version,
        decision=_decided(row, item, on),
    )


def decisions(record_ids: Sequence[UUID], on: Basis) -> Mapping[UUID, Decision]:
    """As `answer`, for many at once: what the schedule says of each now. Records that are gone are not among them."""
    return decisions_of(retained.rows().filter(pk__in=record_ids), on)


def decisions_of(records: Iterable[models.Record], on: Basis) -> Mapping[UUID, Decision]:
    """The same of records of `retained.rows()` that are at hand."""
    rows = [row for row in records if row.due_why_not != WhyNot.DISPOSED]
    return {row.pk: on.decide(item) for row, item in zip(rows, retained.items(rows, on), strict=True)}


def listing(as_of: dt.date, *, after: DueRecord | None = None, limit: int = BATCH) -> tuple[DueRecord, ...]:
    """The next records that the schedule lets go on `as_of`, the longest due first; held ones too, marked so.

    Args:
        after: the last of the page before.

    A record whose day must be computed anew (`stale`) is not among them.
    """
    on = retained.basis(as_of)
    found = models.Record.objects.filter(due_basis=on.digest, due_on__lte=as_of)
    if after is not None:
        found = found.filter(due_on__gte=after.due_on).filter(
            Q(due_on__gt=after.due_on) | Q(due_on=after.due_on, id__gt=after.record_id)
        )
    held = models.HoldRow.objects.filter(record=OuterRef("pk"), released_at=None)
    columns = (
        "id",
        "statement_id",
        "statement__client_id",
        "object_id",
        "retention_class",
        "due_on",
        "destroy_by",
        "due_rule",
        "due_version",
        "due_disposition",
        "held",
    )
    rows = found.annotate(held=Exists(held)).order_by("due_on", "id").values_list(*columns)[:limit]
    return tuple(
        DueRecord(
            record_id=row[0],
            statement_id=row[1],
            client_id=row[2],
            object_id=row[3],
            retention_class=row[4],
            due_on=row[5],
            destroy_by=row[6],
            rule=row[7],
            version=row[8],
            disposition=Disposition(row[9]),
            held=row[10],
        )
        for row in rows
    )


def exceptions(
    as_of: dt.date, *, why_not: WhyNot | None = None, after: UUID | None = None, limit: int = BATCH
) -> tuple[ExceptionRow, ...]:
    """Records that have no day and that a person must look at, or those of one reason; by id.

    Those in effect, permanent or disposed are no exceptions, unless asked for.
    """
    words = [why_not] if why_not else [one for one in WhyNot if one.exception]
    found = models.Record.objects.filter(
        due_basis=retained.basis(as_of).digest, due_why_not__in=[one.value for one in words]
    )
    if after is not None:
        found = found.filter(id__gt=after)
    rows = found.order_by("id").values_list(
        "id", "statement_id", "statement__client_id", "retention_class", "due_why_not"
    )
    return tuple(
        ExceptionRow(
            record_id=row[0], statement_id=row[1], client_id=row[2], retention_class=row[3], why_not=WhyNot(row[4])
        )
        for row in rows[:limit]
    )


def exception_counts(as_of: dt.date) -> dict[WhyNot, int]:
    """How many records have no day and want a person, by reason."""
    found = models.Record.objects.filter(
        due_basis=retained.basis(as_of).digest, due_why_not__in=[one.value for one in WhyNot if one.exception]
    )
    rows = found.values_list("due_why_not").annotate(count=Count("pk")).order_by("due_why_not")
    return {WhyNot(word): count for word, count in rows}


def overdue(as_of: dt.date) -> int:
    """How many records are past the last day that a rule lets them be kept, and no hold keeps them."""
    past = models.Record.objects.filter(destroy_by__lt=as_of).exclude(due_why_not=WhyNot.DISPOSED.value)
    return past.exclude(pk__in=models.HoldRow.objects.filter(released_at=None).values("record")).count()


def of_class(retention_class: str, happened: Sequence[Happened], *, as_of: dt.date) -> Decision:
    """When something that is no record of a client may go: a certificate, a manifest, the log, a schedule."""
    return retained.basis(as_of).decide(Item(retention_class=retention_class, happened=tuple(happened)))


def declined(as_of: dt.date) -> tuple[UUID, ...]:
    """Declined statements whose bytes lie in the vault, whose class's time is over, and which no hold covers."""
    on = retained.basis(as_of)
    kept = models.Statement.objects.filter(state=StatementState.DECLINED.value, working_object__isnull=False)
    rows = kept.select_related("client", "packet").order_by("id")
    return tuple(
        row.id
        for row in rows
        if on.decide(retained.item_of_statement(row, on)).due(as_of) and not holds.cover_statement(row)
    )


def stale(as_of: dt.date) -> int:
    """How many records' days must be computed anew."""
    return _stale(retained.basis(as_of).digest).count()


def refresh(*, now: dt.datetime, limit: int | None = None, step: Callable[[int], object] | None = None) -> int:
    """Compute the days that rest on what holds no more, a batch in a transaction; returns how many.

    Stopped or killed, it goes on where it was; `step` is told after each batch how many are done.
    """
    done = 0
    while limit is None or done < limit:
        with transaction.atomic():
            on = retained.basis(agency.today(now))
            size = BATCH if limit is None else min(BATCH, limit - done)
            found = list(_stale(on.digest)[:size].values_list("pk", flat=True))
            renew(models.Record.objects.filter(pk__in=found), now=now, on=on)
        if not found:
            break
        done += len(found)
        if step is not None:
            step(done)
    return done


def renew(records: QuerySet[models.Record], *, now: dt.datetime, on: Basis | None = None) -> None:
    """Compute the days of a few records anew; in the transaction of what changed them."""
    found = list(retained.rows().filter(pk__in=records.values("pk")))
    if not found:
        return
    on = on or retained.basis(agency.today(now))
    resting_on = (on.version, on.digest)  # the digest is worked out at every asking
    told = [
        (*_columns(_decided(record, item, on), *resting_on), record.pk)
        for record, item in zip(found, retained.items(found, on), strict=True)
    ]
    columns = {field.name: field for field in models.Record._meta.concrete_fields}
    fields = [columns[name] for name in (*_COLUMNS, "id")]
    values = [[f.get_db_prep_save(one, connection) for f, one in zip(fields, row, strict=True)] for row in told]
    assign = ", ".join(f"{name} = %s" for name in _COLUMNS)
    with connection.cursor() as cursor:
        # one prepared statement for all: an UPDATE with CASE for each column is twenty times slower
        cursor.executemany(f"UPDATE register_record SET {assign} WHERE id = %s", values)  # noqa: S608  our own names


def renew_of_client(client_id: UUID, *, now: dt.datetime) -> None:
    """Something happened to the client: every record of theirs."""
    renew(models.Record.objects.filter(statement__client=client_id), now=now)


def renew_of_statement(statement_id: UUID, *, now: dt.datetime) -> None:
    """Something happened to the statement, or left under it."""
    renew(models.Record.objects.filter(statement=statement_id), now=now)


def disposed(records: QuerySet[models.Record], *, at: dt.datetime) -> None:
    """Their keys were destroyed; only inside the transaction that writes so. They are never due again."""
    records.update(destroyed_at=at, due_on=None, due_why_not=WhyNot.DISPOSED.value, destroy_by=None, due_rule="")


def compare(new: Schedule, *, as_of: dt.date, step: Callable[[int], object] | None = None) -> Preview:
    """What a new schedule would change once it and its shortening are approved; changes nothing."""
    on = retained.basis(as_of)
    return preview(_changes(new, on, step), as_of)


def _changes(new: Schedule, on: Basis, step: Callable[[int], object] | None) -> Iterator[Change]:
    done = 0
    for batch in pages(retained.rows().exclude(due_why_not=WhyNot.DISPOSED.value), BATCH):
        for item in retained.items(batch, on):
            yield change(on.decide(item), decide(new, item, day=on.day), on.day)
        done += len(batch)
        if step is not None:
            step(done)


def _stale(digest: str) -> QuerySet[models.Record]:
    return models.Record.objects.filter(Q(due_basis__lt=digest) | Q(due_basis__gt=digest))


def _columns(decision: Decision, version: str, digest: str) -> tuple[object, ...]:
    winner = decision.winning[0] if decision.winning and decision.due_on else None
    return (
        decision.due_on,
        decision.why_not.value if decision.why_not else "",
        decision.destroy_by,
        winner.rule if winner else "",
        version,
        decision.disposition.value,
        digest,
    )


def _decided(record: models.Record, item: Item, on: Basis) -> Decision:
    """What the schedule says of a record, or that a disposal run had it."""
    decision = on.decide(item)
    if record.due_why_not == WhyNot.DISPOSED:
        return replace(decision, due_on=None, destroy_by=None, why_not=WhyNot.DISPOSED)
    return decision
