"""What the rows of a disposal run tell: its state in numbers, who had a part in it, and each row.

Danger: a number that people approve and that is not what the rows say. Invariant: everything is counted from the rows
when it is asked for; nothing is kept beside them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from uuid import UUID

from django.db.models import Count, Max

from register import models
from register.disposal_facts import Approved, Item, Run, Successor
from register.disposal_list import PAGE, list_sha256
from rules import disposal as rules
from rules.disposal import Answer, Outcome, RunState, Why

TO_APPROVE = (RunState.OPEN, RunState.APPROVING)


def fact(row: models.DisposalRun) -> Run:
    """A run as it is told."""
    approvals = tuple(
        Approved(staff_id=one.staff_id, capacity=one.capacity, at=one.at) for one in row.approvals.order_by("at", "id")
    )
    answers = Counter[str]()
    outcomes, reasons = Counter[Outcome](), Counter[Why]()
    for one in row.items.values("answer", "outcome", "why").annotate(n=Count("id")):
        answers[one["answer"]] += one["n"]
        outcomes[Outcome(one["outcome"])] += one["n"]
        if one["why"]:
            reasons[Why(one["why"])] += one["n"]
    locked = row.items.filter(outcome=Outcome.ERASED.value).aggregate(n=Count("stays_until"), last=Max("stays_until"))
    return Run(
        run_id=row.id,
        ref=row.ref,
        state=RunState(row.state),
        as_of=row.as_of,
        prepared_by=row.prepared_by_id,
        prepared_at=row.prepared_at,
        schedule_version=row.schedule_version,
        rows=row.rows,
        list_sha256=row.list_sha256,
        approved_sha256=row.approved_sha256,
        shown_sha256=answered_sha256(row) if row.state in TO_APPROVE else "",
        approvals=approvals,
        approval_ends=min((one.at for one in approvals), default=None) and approvals[0].at + rules.APPROVAL_LASTS,
        answers=dict(answers),
        successors=_successors(row),
        outcomes=dict(outcomes),
        reasons=dict(reasons),
        begun_at=row.begun_at,
        ended_at=row.ended_at,
        first_key_at=row.first_key_at,
        last_key_at=row.last_key_at,
        clients_erased=row.clients_erased,
        locked=locked["n"],
        stays_until=locked["last"],
        store=row.store,
        software=row.software,
    )


def items(run_id: UUID, *, outcome: Outcome | None = None) -> Iterator[Item]:
    """The rows of a run in the list's order, streamed."""
    rows = models.DisposalItem.objects.filter(run_id=run_id).order_by("position")
    if outcome is not None:
        rows = rows.filter(outcome=outcome.value)
    for row in rows.iterator(chunk_size=PAGE):
        yield Item(
            position=row.position,
            record_id=row.record_id,
            line=row.row,
            answer=Answer(row.answer) if row.answer else None,
            successor=row.successor_id,
            retain_until=row.retain_until,
            answered_by=row.answered_by_id,
            outcome=Outcome(row.outcome),
            why=Why(row.why) if row.why else None,
            erased_at=row.erased_at,
            stays_until=row.stays_until,
            destroyed_at=row.destroyed_at,
        )


def answered_sha256(run: models.DisposalRun) -> str:
    """The hash of a list with its answers, as who approves is shown them."""
    rows = run.items.order_by("position").values_list("position", "answer", "retain_until", "outcome", "successor")
    return list_sha256([run.list_sha256, *([str(value or "") for value in row] for row in rows.iterator())])


def approvals_of(run: models.DisposalRun) -> tuple[rules.Approval, ...]:
    """The approvals of a run, as the rules weigh them."""
    return tuple(rules.Approval(one.staff_id, one.at, one.list_sha256) for one in run.approvals.order_by("at", "id"))


def answerers(run: models.DisposalRun) -> frozenset[UUID]:
    """Who answered rows of a run, or took some out."""
    return frozenset(run.items.exclude(answered_by=None).values_list("answered_by_id", flat=True).distinct())


def approvers(run: models.DisposalRun) -> frozenset[UUID]:
    """Who approved a run."""
    return frozenset(run.approvals.values_list("staff_id", flat=True))


def _successors(run: models.DisposalRun) -> tuple[Successor, ...]:
    rows = run.items.filter(answer=Answer.TRANSFER.value).exclude(successor=None)
    told = rows.values_list("successor_id", "successor__legal_name").annotate(n=Count("id"))
    return tuple(
        Successor(organization_id=one, name=name, rows=count) for one, name, count in told.order_by("successor_id")
    )
