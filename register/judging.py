"""Why each row of a disposal run may not go at this moment, asked under the row locks of its records.

Danger: a row that goes on what was read before, while a hold was placed. Invariant: the records' rows are locked first,
then holds, dates and approvals are read, in the caller's transaction; nothing read earlier is believed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from register import agency, disposal_rows, due, models, receipts, retained
from rules import disposal as rules
from rules.disposal import Answer, Why
from rules.retention.words import WhyNot


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One row, and what of its record was read under the lock."""

    item_id: int
    record_id: UUID
    object_id: str
    statement_id: UUID | None
    why: Why | None
    """Why it may not go now; None when it may."""


def rows() -> QuerySet[models.DisposalItem]:
    """Rows of runs with what `judge` reads, and no more."""
    return models.DisposalItem.objects.only("record_id", "object_key", "answer", "answered_by_id", "successor_id")


def judge(run: models.DisposalRun, rows: Sequence[models.DisposalItem], *, now: dt.datetime) -> Iterator[Judged]:
    """Judge rows of a run, of `rows()`, in their order; only inside a transaction, whose locks last as long as it."""
    ids = [row.record_id for row in rows]
    locked = {record.pk: record for record in retained.rows().select_for_update(of=("self",)).filter(pk__in=ids)}
    held = _held(ids)
    documents = {record.pk: record.document_sha256 for record in locked.values()}
    received = receipts.received([row for row in rows if row.answer == Answer.TRANSFER], documents)
    today = agency.today(now)
    decisions = due.decisions_of(locked.values(), retained.basis(today))
    approvals = disposal_rows.approvals_of(run)
    for row in rows:
        record = locked[row.record_id]
        why = rules.why_not(
            answer=Answer(row.answer) if row.answer else None,
            list_sha256=run.list_sha256,
            approvals=approvals,
            preparer=run.prepared_by_id,
            answered_by=row.answered_by_id,
            due=record.pk in decisions and decisions[record.pk].due(today),
            held=record.pk in held,
            gone=bool(record.destroyed_at) or record.due_why_not == WhyNot.DISPOSED,
            received=record.pk in received,
            now=now,
        )
        yield Judged(
            item_id=row.pk,
            record_id=record.pk,
            object_id=row.object_key,
            statement_id=record.statement_id,
            why=why,
        )


def _held(record_ids: Collection[UUID]) -> frozenset[UUID]:
    standing = models.HoldRow.objects.filter(record__in=record_ids, released_at=None)
    return frozenset(standing.values_list("record_id", flat=True))
