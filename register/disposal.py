"""The disposal run up to its execution: the frozen list, the answers, the approvals.

Danger: what was approved is not what is destroyed. Invariant: a list is written once, in one transaction, with its
hash; answers are given while nobody has approved, and from the first approval on a row can only be taken out; every
verb here authenticates a person, and who prepared or answered never approves (`rules.disposal`).

How a list is found is in `register.disposal_list`, what its rows tell in `register.disposal_rows`, what happens then in
`register.executing`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Q, QuerySet

from register import agency, audit, facts, models, organizations, reading, sealed, staff
from register.change import compare_and_set, the
from register.disposal_facts import OPEN_ENDED, Evaluated, Run
from register.disposal_list import PAGE, spoken_for
from register.disposal_rows import TO_APPROVE, answered_sha256, answerers, approvals_of, approvers, fact
from register.errors import RegisterError, RegisterErrorCode
from register.vocabulary import AuditVerb, MachineName, StaffRole
from rules import disposal as rules
from rules.disposal import Answer, Outcome, RunState, Why

if TYPE_CHECKING:
    from storage.vault import Vault

MACHINE = facts.Machine(MachineName.DISPOSAL)
_REASON = "disposal-reason"
_APPROVERS = (StaffRole.COUNSEL, StaffRole.OUTSIDE_APPROVER, StaffRole.DEPUTY, StaffRole.RECORDS_OFFICER)
_OFFICE = (StaffRole.RECORDS_OFFICER,)


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
        if spoken_for([one.record_id for one in evaluated.candidates], evaluated.as_of):
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
        _require(run, *TO_APPROVE)
        refusal = rules.may_approve(
            person.staff_id,
            entitled=not person.roles.isdisjoint(_APPROVERS),
            preparer=run.prepared_by_id,
            answered=answerers(run),
            approved=approvers(run),
        )
        if refusal is not None:
            raise _not_this_person(refusal)
        answered = answered_sha256(run)
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
    return fact(_run(run_id))


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
    return tuple(fact(row) for row in (rows.filter(state__in=[one.value for one in states]) if states else rows))


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


def _capacity(person: facts.Person) -> str:
    return next(role.value for role in _APPROVERS if role in person.roles)


def _pk(run_id: UUID, record_id: UUID) -> str:
    found = models.DisposalItem.objects.filter(run_id=run_id, record_id=record_id).values_list("pk", flat=True).first()
    return str(found if found is not None else 0)


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
