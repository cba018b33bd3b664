"""The disposal run up to its execution: the frozen list, the answers, the approvals.

Danger: what was approved is not what is destroyed. Invariant: a list is written once, in one transaction, with its
hash; answers are given while nobody has approved, and from the first approval on a row can only be taken out; every
verb here authenticates a person, and who prepared or answered never approves (`rules.disposal`).

What happens then is in `register.executing`.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Count, Max, Q, QuerySet

from register import agency, audit, due, facts, models, organizations, reading, retained, sealed, staff
from register.change import compare_and_set, the
from register.disposal_facts import OPEN_ENDED, Approved, Candidate, Evaluated, Item, Run, Successor
from register.errors import RegisterError, RegisterErrorCode
from register.retention_facts import DueRecord
from register.vocabulary import AuditVerb, MachineName, StaffRole
from rules import disposal as rules
from rules.disposal import Answer, Outcome, RunState, Why
from rules.retention.decision import Decision

if TYPE_CHECKING:
    from storage.vault import Vault

MACHINE = facts.Machine(MachineName.DISPOSAL)
LARGEST = 10_000
"""Rows of one run: as many as people can answer for, and as one evening destroys."""
PAGE = 500
_REASON = "disposal-reason"
_TO_APPROVE = (RunState.OPEN, RunState.APPROVING)
_APPROVERS = (StaffRole.COUNSEL, StaffRole.OUTSIDE_APPROVER, StaffRole.DEPUTY, StaffRole.RECORDS_OFFICER)
_OFFICE = (StaffRole.RECORDS_OFFICER,)


def evaluate(
    as_of: dt.date,
    *,
    location: str,
    now: dt.datetime,
    limit: int = LARGEST,
    step: Callable[[int], None] = lambda _: None,
) -> Evaluated:
    """What may go on a day of the agency's calendar; writes nothing, and says the same whenever it is asked the same.

    Raises:
        RegisterError: DISPOSAL when the day has not come.
    """
    if as_of > agency.today(now):
        raise _refused("A list is made as of a day that has come.", "Give today or an earlier day.")
    candidates: list[Candidate] = []
    kept_back = held = 0
    more = False
    due.refresh(now=now)  # a day that rests on what holds no more finds nothing
    on = retained.basis(as_of)
    for page in _pages(as_of):
        spoken_for = _spoken_for([row.record_id for row in page], as_of)
        decisions = due.decisions([row.record_id for row in page], on)
        for row in page:
            if row.record_id in spoken_for:
                kept_back += 1
            elif row.held:
                held += 1
            elif len(candidates) == limit:
                more = True
            elif (told := decisions[row.record_id]).due(as_of):
                candidates.append(_candidate(row, told, location, now))
        step(len(candidates))
        if more:
            break
    candidates.sort(key=lambda one: str(one.record_id))
    return Evaluated(
        as_of=as_of,
        schedule_version=on.version,
        candidates=tuple(candidates),
        list_sha256=list_sha256(one.line() for one in candidates),
        kept_back=kept_back,
        held=held,
        more=more,
    )


def propose(evaluated: Evaluated, *, by: facts.Actor, now: dt.datetime) -> Run:
    """Freeze a list. A records officer does, or the monthly deployment.

    Raises:
        RegisterError: NOT_ALLOWED; DISPOSAL when there is nothing to propose; MOVED_MEANWHILE when a record went onto
            another list since.
    """
    preparer = staff.require(by, *_OFFICE) if isinstance(by, facts.Person) else None
    if not evaluated.candidates:
        raise _refused("Nothing is due that no standing run has.", "Wait, or look at: confide retention exceptions")
    with transaction.atomic():
        if _spoken_for([one.record_id for one in evaluated.candidates], evaluated.as_of):
            raise RegisterError(
                RegisterErrorCode.MOVED_MEANWHILE,
                "Another run was proposed meanwhile and has some of these records.",
                "Propose again: what is left goes onto the new list.",
            )
        run = models.DisposalRun.objects.create(
            id=uuid4(),
            ref=reading.new_ref(),
            as_of=evaluated.as_of,
            prepared_by_id=preparer.staff_id if preparer else None,
            prepared_at=now,
            schedule_version=evaluated.schedule_version,
            rows=len(evaluated.candidates),
            list_sha256=evaluated.list_sha256,
        )
        models.DisposalItem.objects.bulk_create(
            (
                models.DisposalItem(
                    run=run, position=position, record_id=one.record_id, object_key=one.object_id, row=one.line()
                )
                for position, one in enumerate(evaluated.candidates, start=1)
            ),
            batch_size=PAGE,
        )
        details: audit.Details = {"rows": run.rows, "sha256": run.list_sha256, "as_of": run.as_of.isoformat()}
        audit.append(by, AuditVerb.DISPOSAL_PROPOSED, "disposal", run.id, details, now=now)
    return show(run.id)


def answer(
    vault: Vault,
    run_id: UUID,
    record_ids: Sequence[UUID] | None,
    given: Answer,
    *,
    retain_until: dt.date | None = None,
    successor: UUID | None = None,
    reason: str = "",
    by: facts.Actor,
    now: dt.datetime,
) -> int:
    """Answer rows, or with None every row without an answer; returns how many. Only before anybody approved.

    Args:
        successor: of what is transferred, the organization that takes it: it is approved with the answer.

    Raises:
        RegisterError: NOT_ALLOWED; UNKNOWN_ID; ORGANIZATION_RETIRED; DISPOSAL when the run is past answering, a
            retention lacks its date or reason, or a transfer its successor. Who answers may have prepared the list,
            and approves nothing afterwards.
    """
    person = staff.require(by, *_OFFICE)
    _require_successor(given, successor)
    kept = _reason(vault, run_id, given, retain_until, reason, now)
    with transaction.atomic():
        run = _run(run_id)
        _require(run, RunState.OPEN)
        rows = _rows(run, record_ids)
        if record_ids is None:
            rows = rows.filter(answer="")
        changed = rows.update(
            answer=given.value,
            retain_until=retain_until,
            successor_id=successor,
            sealed_reason=kept,
            answered_by_id=person.staff_id,
            answered_at=now,
        )
        details: audit.Details = {"answer": given.value, "rows": changed}
        if successor is not None:
            details = {**details, "successor": str(successor)}
        audit.append(person, AuditVerb.DISPOSAL_ANSWERED, "disposal", run.id, details, now=now)
    return changed


def exclude(
    vault: Vault, run_id: UUID, record_ids: Sequence[UUID], *, reason: str, by: facts.Actor, now: dt.datetime
) -> int:
    """Take rows out, with a reason, at any time before their keys are destroyed; they come back in the next run.

    Raises:
        RegisterError: NOT_ALLOWED; UNKNOWN_ID; DISPOSAL without a reason, or when the run has ended or a row's key is
            gone.
    """
    person = staff.require(by, *_APPROVERS)
    if not reason.strip():
        raise _refused("Taking a row out needs a reason, which is kept.", "Give it in a line.")
    kept = sealed.seal(vault, run_id, _REASON, reason.strip().encode())
    with transaction.atomic():
        run = _run(run_id)
        _require(run, *rules.STANDING)
        rows = _rows(run, record_ids)
        open_rows = rows.filter(outcome__in=OPEN_ENDED)
        if open_rows.count() != rows.count():
            raise _refused("A row is destroyed already, or out.", "Look at it: confide disposal show")
        changed = open_rows.update(
            answer=Answer.RETAIN.value,
            retain_until=None,
            sealed_reason=kept,
            answered_by_id=person.staff_id,
            answered_at=now,
            outcome=Outcome.OUT.value,
            why=Why.EXCLUDED.value,
        )
        for record_id in record_ids:
            details: audit.Details = {"record": str(record_id)}
            audit.append(person, AuditVerb.DISPOSAL_EXCLUDED, "disposal", run.id, details, now=now)
    return changed


def approve(run_id: UUID, *, shown_sha256: str, by: facts.Actor, now: dt.datetime) -> Run:
    """Approve a run as it is answered; the second approval lets it be executed for thirty days.

    Args:
        shown_sha256: of the list and its answers as the person saw them; where either is another now, it is refused.

    Raises:
        RegisterError: NOT_ALLOWED; SAME_PERSON for who prepared, answered or approved already; NOT_WHAT_WAS_SHOWN;
            DISPOSAL when no row is to be destroyed, or the approval before is too old.
    """
    person = staff.require(by)
    lapse(run_id, now=now)  # stays so, whatever is refused below
    with transaction.atomic():
        run = _run(run_id)
        _require(run, *_TO_APPROVE)
        refusal = rules.may_approve(
            person.staff_id,
            entitled=not person.roles.isdisjoint(_APPROVERS),
            preparer=run.prepared_by_id,
            answered=answerers(run),
            approved=approvers(run),
        )
        if refusal is not None:
            raise _not_this_person(refusal)
        answered = _answered_sha256(run)
        if shown_sha256 != answered:
            raise RegisterError(
                RegisterErrorCode.NOT_WHAT_WAS_SHOWN,
                "That is not the list with its answers as they are now.",
                "Look at it again, and approve with the hash it shows: confide disposal show",
            )
        going = Q(answer=Answer.DESTROY.value) | Q(answer=Answer.TRANSFER.value, successor__isnull=False)
        if not run.items.filter(going, outcome=Outcome.WAITING.value).exists():
            raise _refused(
                "No row of this run is to be destroyed or transferred.",
                "Answer its rows first: confide disposal answer",
            )
        models.DisposalApproval.objects.create(
            run=run, staff_id=person.staff_id, capacity=_capacity(person), list_sha256=run.list_sha256, at=now
        )
        first = run.state == RunState.OPEN.value
        at_first = {"approved_sha256": answered} if first else {}
        _move(run, RunState.APPROVING if first else RunState.APPROVED, **at_first)
        details: audit.Details = {"capacity": _capacity(person), "sha256": run.list_sha256}
        audit.append(person, AuditVerb.DISPOSAL_APPROVED, "disposal", run.id, details, now=now)
    return show(run_id)


def withdraw(run_id: UUID, *, by: facts.Actor, now: dt.datetime) -> Run:
    """Give a run up before it was begun; its rows come back in the next one.

    Raises:
        RegisterError: NOT_ALLOWED; UNKNOWN_ID; DISPOSAL once it was begun.
    """
    person = staff.require(by, *_APPROVERS)
    with transaction.atomic():
        run = _run(run_id)
        _require(run, RunState.OPEN, RunState.APPROVING, RunState.APPROVED)
        _give_up(run, RunState.WITHDRAWN, Why.RUN_WITHDRAWN, now)
        audit.append(person, AuditVerb.DISPOSAL_WITHDRAWN, "disposal", run.id, now=now)
    return show(run_id)


def lapse(run_id: UUID, *, now: dt.datetime, by: facts.Actor | None = None) -> bool:
    """End a run whose approvals are too old and that was never begun; returns whether it was."""
    with transaction.atomic():
        run = _run(run_id)
        if run.state not in (RunState.APPROVING.value, RunState.APPROVED.value):
            return False
        if not rules.lapsed(approvals_of(run), now):
            return False
        _give_up(run, RunState.LAPSED, Why.RUN_LAPSED, now)
        audit.append(by or MACHINE, AuditVerb.DISPOSAL_LAPSED, "disposal", run.id, now=now)
    return True


def give_up(run_id: UUID, target: RunState, why: Why, now: dt.datetime) -> None:
    """End a run that was never begun, whatever its approvals; in the caller's transaction, with its line."""
    _give_up(_run(run_id), target, why, now)


def show(run_id: UUID) -> Run:
    """The run with this id.

    Raises:
        RegisterError: UNKNOWN_ID.
    """
    return _fact(_run(run_id))


def by_ref(ref: str) -> UUID:
    """The run with this printed reference.

    Raises:
        RegisterError: UNKNOWN_ID.
    """
    row = models.DisposalRun.objects.filter(ref=reading.plain_ref(ref)).only("id").first()
    if row is None:
        raise RegisterError(
            RegisterErrorCode.UNKNOWN_ID, "There is no disposal run with this reference.", "confide disposal show"
        )
    return row.id


def listing(*states: RunState) -> tuple[Run, ...]:
    """Runs in these states (all without), the newest first."""
    rows = models.DisposalRun.objects.order_by("-prepared_at", "-id")
    return tuple(_fact(row) for row in (rows.filter(state__in=[one.value for one in states]) if states else rows))


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


def reason(vault: Vault, run_id: UUID, record_id: UUID, *, by: facts.Actor) -> str:
    """Why a row was retained or taken out, in clear; "" without one.

    Raises:
        RegisterError: NOT_ALLOWED; UNKNOWN_ID.
    """
    staff.require(by, *_APPROVERS)
    row = the(models.DisposalItem.objects.filter(run_id=run_id, record_id=record_id), "row", _pk(run_id, record_id))
    if row.sealed_reason is None:
        return ""
    return sealed.open_sealed(vault, run_id, _REASON, row.sealed_reason).decode()


def list_sha256(lines: Iterable[object]) -> str:
    """The hash of a list: of its lines in canonical JSON, one a line, in order."""
    digest = hashlib.sha256()
    for line in lines:
        digest.update(json.dumps(line, sort_keys=True, separators=(",", ":")).encode() + b"\n")
    return digest.hexdigest()


def approvals_of(run: models.DisposalRun) -> tuple[rules.Approval, ...]:
    """The approvals of a run, as the rules weigh them."""
    return tuple(rules.Approval(one.staff_id, one.at, one.list_sha256) for one in run.approvals.order_by("at", "id"))


def answerers(run: models.DisposalRun) -> frozenset[UUID]:
    """Who answered rows of a run, or took some out."""
    return frozenset(run.items.exclude(answered_by=None).values_list("answered_by_id", flat=True).distinct())


def approvers(run: models.DisposalRun) -> frozenset[UUID]:
    """Who approved a run."""
    return frozenset(run.approvals.values_list("staff_id", flat=True))


def _pages(as_of: dt.date) -> Iterator[tuple[DueRecord, ...]]:
    after = None
    while page := due.listing(as_of, after=after, limit=PAGE):
        yield page
        after = page[-1]


def _spoken_for(record_ids: Sequence[UUID], as_of: dt.date) -> frozenset[UUID]:
    """Those of them on a standing run's list, or retained until a day after `as_of`."""
    standing = Q(run__state__in=[one.value for one in rules.STANDING]) & ~Q(outcome=Outcome.OUT.value)
    retained = Q(answer=Answer.RETAIN.value, retain_until__gt=as_of) & ~Q(run__state=RunState.WITHDRAWN.value)
    found: set[UUID] = set()
    for start in range(0, len(record_ids), PAGE):
        some = models.DisposalItem.objects.filter(record_id__in=record_ids[start : start + PAGE])
        found.update(some.filter(standing | retained).values_list("record_id", flat=True))
    return frozenset(found)


def _candidate(row: DueRecord, told: Decision, location: str, now: dt.datetime) -> Candidate:
    line = told.winning[0]
    if told.due_on is None:
        raise ValueError("a record without a day is no candidate")
    return Candidate(
        record_id=row.record_id,
        object_id=row.object_id,
        series=row.retention_class,
        rule=line.rule,
        rule_version=line.version,
        citation=line.citation,
        trigger=line.event.value,
        triggered_on=line.happened,
        due_on=told.due_on,
        destroy_by=told.destroy_by,
        disposition=told.disposition.value,
        holds=0,
        holds_looked_at=now,
        location=location,
    )


def _reason(
    vault: Vault, run_id: UUID, given: Answer, retain_until: dt.date | None, reason: str, now: dt.datetime
) -> bytes | None:
    if given is not Answer.RETAIN:
        if retain_until is not None:
            raise _refused("Only what is retained has a date.", "Leave the date out.")
        return sealed.seal(vault, run_id, _REASON, reason.strip().encode()) if reason.strip() else None
    if retain_until is None or not reason.strip():
        raise _refused("What is retained needs a day until when, and a reason.", "Give both.")
    if retain_until <= agency.today(now):
        raise _refused("That day has come already.", "Give a later day, or leave the row without an answer.")
    return sealed.seal(vault, run_id, _REASON, reason.strip().encode())


def _require_successor(given: Answer, successor: UUID | None) -> None:
    if given is not Answer.TRANSFER:
        if successor is not None:
            raise _refused("Only what is transferred has a successor.", "Leave the successor out.")
        return
    if successor is None:
        raise _refused(
            "What is transferred needs the organization that takes it, for others to approve.",
            "Give its id as successor: confide org list",
        )
    organizations.require_standing(successor)


def _rows(run: models.DisposalRun, record_ids: Sequence[UUID] | None) -> QuerySet[models.DisposalItem]:
    rows = models.DisposalItem.objects.filter(run=run)
    if record_ids is None:
        return rows
    rows = rows.filter(record_id__in=record_ids)
    if rows.count() != len(set(record_ids)):
        raise RegisterError(
            RegisterErrorCode.UNKNOWN_ID, "A record is not on this list.", "See: confide disposal show --rows"
        )
    return rows


def _run(run_id: UUID) -> models.DisposalRun:
    return the(models.DisposalRun.objects.all(), "disposal run", run_id)


def _require(run: models.DisposalRun, *states: RunState) -> None:
    if RunState(run.state) not in states:
        raise _refused(
            f"The run {run.ref} is {run.state}.", "Look at it: confide disposal show. Propose a new one where needed."
        )


def _move(run: models.DisposalRun, target: RunState, **values: object) -> None:
    source = RunState(run.state)
    if not rules.may(source, target):
        raise _refused(f"A run that is {source} cannot become {target}.", "Look at it: confide disposal show")
    compare_and_set(models.DisposalRun.objects.filter(pk=run.pk, state=source.value), state=target.value, **values)


def _give_up(run: models.DisposalRun, target: RunState, why: Why, now: dt.datetime) -> None:
    _move(run, target, ended_at=now)
    open_rows = run.items.filter(outcome__in=OPEN_ENDED)
    open_rows.update(outcome=Outcome.OUT.value, why=why.value)


def _answered_sha256(run: models.DisposalRun) -> str:
    rows = run.items.order_by("position").values_list("position", "answer", "retain_until", "outcome", "successor")
    return list_sha256([run.list_sha256, *([str(value or "") for value in row] for row in rows.iterator())])


def _capacity(person: facts.Person) -> str:
    return next(role.value for role in _APPROVERS if role in person.roles)


def _pk(run_id: UUID, record_id: UUID) -> str:
    found = models.DisposalItem.objects.filter(run_id=run_id, record_id=record_id).values_list("pk", flat=True).first()
    return str(found if found is not None else 0)


def _fact(row: models.DisposalRun) -> Run:
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
        shown_sha256=_answered_sha256(row) if row.state in _TO_APPROVE else "",
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


def _successors(run: models.DisposalRun) -> tuple[Successor, ...]:
    rows = run.items.filter(answer=Answer.TRANSFER.value).exclude(successor=None)
    told = rows.values_list("successor_id", "successor__legal_name").annotate(n=Count("id"))
    return tuple(
        Successor(organization_id=one, name=name, rows=count) for one, name, count in told.order_by("successor_id")
    )


def _not_this_person(refusal: rules.Refusal) -> RegisterError:
    if refusal is rules.Refusal.NOT_ENTITLED:
        return RegisterError(
            RegisterErrorCode.NOT_ALLOWED,
            "Approving a disposal run is not among this person's roles.",
            "Ask a records officer, counsel, a deputy or an outside approver.",
        )
    did = {
        rules.Refusal.PREPARED: "prepared the list",
        rules.Refusal.ANSWERED: "answered for one of its rows",
        rules.Refusal.APPROVED: "approved it already",
    }[refusal]
    return RegisterError(
        RegisterErrorCode.SAME_PERSON,
        f"Nobody acts twice on one run, and this person {did}.",
        "Have another person approve; `confide doctor` says whether the staff suffices.",
    )


def _refused(sentence: str, remedy: str) -> RegisterError:
    return RegisterError(RegisterErrorCode.DISPOSAL, sentence, remedy)
