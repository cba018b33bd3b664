"""How `confide disposal` tells of a run: in lines for a person, in JSON for a script.

Danger: telling that a record is under a hold to somebody who may not know. Invariant: a reason that speaks of a hold,
and those it could be told from, are one word to everybody but who may know of holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from cli.output import answer, plain, table
from rules.disposal import APPROVERS, Outcome, RunState, Why

if TYPE_CHECKING:
    from collections.abc import Sequence

    from register.disposal_facts import Evaluated, Item, Run, Transfer

ROWS_SHOWN = 50
"""Rows of a list that are shown at most; --json gives all."""
KEPT_FOR_NOW = "kept_for_now"
_OF_HOLDS = frozenset({Why.HELD, Why.STORE_HELD, Why.NOT_DUE})
"""What is one word to whoever may not know of holds."""


def run_id(given: str) -> UUID:
    """The run that a person names by its id or by the reference printed with it. The site must be open."""
    from register import disposal

    try:
        return UUID(given)
    except ValueError:
        return disposal.by_ref(given)


def evaluated(found: Evaluated) -> dict[str, object]:
    """What a run would hold, for a script."""
    return {
        "as_of": found.as_of,
        "schedule_version": found.schedule_version,
        "rows": len(found.candidates),
        "list_sha256": found.list_sha256,
        "kept_back": found.kept_back,
        "more": found.more,
        "items": [one.line() for one in found.candidates],
    }


def would(found: Evaluated) -> list[str]:
    """What a run would hold, for a person."""
    lines = [f"{len(found.candidates)} record(s) could go as of {found.as_of}.", f"List: {found.list_sha256}"]
    if found.kept_back:
        lines.append(f"{found.kept_back} due record(s) are retained by an earlier answer, or on another run's list.")
    if found.more:
        lines.append("There are more than one run takes.")
    return lines


def next_step(run: Run) -> list[str]:
    """What is to be done next with it."""
    unanswered = run.answers.get("", 0)
    if run.state is RunState.OPEN:
        told = f"{unanswered} row(s) have no answer and will be left out. " if unanswered else ""
        return [f"{told}Next: two others approve it: confide disposal approve {run.ref}"]
    if run.state is RunState.APPROVING:
        return [f"One more person approves it: confide disposal approve {run.ref}"]
    if run.state is RunState.APPROVED:
        handing = [f"Next: confide disposal transfer {run.ref}, for each successor"] if run.successors else []
        return handing or [f"Next: confide disposal execute {run.ref}"]
    return []


def open_rows(run: Run) -> list[str]:
    """What of a run that was executed is neither destroyed nor out."""
    unconfirmed = run.reasons.get(Why.NOT_RECEIVED, 0)
    told = []
    if unconfirmed:
        told.append(f"{unconfirmed} wait for a successor's receipt: confide disposal receipt {run.ref}")
    if others := run.unsettled - unconfirmed:
        told.append(f"{others} could not be destroyed now: confide disposal show {run.ref} --rows")
    return told


def summary(run: Run, *, may_know: bool) -> dict[str, object]:
    """A run and where it stands, for a script."""
    told = plain(run)
    assert isinstance(told, dict)  # noqa: S101 - a dataclass is
    told["reasons"] = _reasons(run, may_know=may_know)
    return {**told, "unsettled": run.unsettled}


def _reasons(run: Run, *, may_know: bool) -> dict[str, int]:
    """Why rows are out; that a hold is the reason is for those who may know of it."""
    told: dict[str, int] = {}
    for why, count in run.reasons.items():
        word = _why(why, may_know=may_know)
        told[word] = told.get(word, 0) + count
    return told


def _why(why: Why, *, may_know: bool) -> str:
    return why if may_know or why not in _OF_HOLDS else KEPT_FOR_NOW


def transfer_line(one: Transfer) -> str:
    """An archive that was handed over, and its receipt."""
    receipt = f"received on {one.received_on}" if one.received_on else "no receipt yet"
    return (
        f"Handed over on {one.handed_at:%Y-%m-%d}: {one.records} record(s) to {one.organization}, {receipt}; "
        f"archive {one.archive_sha256}"
    )


def row_of(item: Item, *, may_know: bool) -> dict[str, str]:
    """One row of a list, as far as whoever asks may know."""
    return {
        "position": str(item.position),
        **{name: str(value) for name, value in item.line.items()},
        "answer": item.answer or "",
        "successor": str(item.successor or ""),
        "retain_until": str(item.retain_until or ""),
        "outcome": item.outcome,
        "why": _why(item.why, may_know=may_know) if item.why else "",
        "keys_destroyed_at": item.erased_at.isoformat() if item.erased_at else "",
        "ciphertext_until": item.stays_until.isoformat() if item.stays_until else "",
        "destroyed_at": item.destroyed_at.isoformat() if item.destroyed_at else "",
    }


def listed(runs: Sequence[Run], *, as_json: bool) -> None:
    """Every run in a line."""
    if as_json:
        answer([summary(run, may_know=False) for run in runs], "", as_json=True)
        return
    table(
        ["Run", "As of", "State", "Rows", "Approvals", "Destroyed", "Transferred"],
        [
            [
                run.ref,
                str(run.as_of),
                run.state,
                str(run.rows),
                str(len(run.approvals)),
                str(run.outcomes.get(Outcome.DESTROYED, 0)),
                str(run.outcomes.get(Outcome.TRANSFERRED, 0)),
            ]
            for run in runs
        ],
    )


def lines_of(run: Run, *, may_know: bool = False) -> list[str]:
    """A run and where it stands, for a person."""
    answers = ", ".join(f"{count} {word or 'unanswered'}" for word, count in sorted(run.answers.items()))
    lines = [
        f"Run {run.ref}: {run.state}, {run.rows} row(s) as of {run.as_of}, schedule {run.schedule_version}",
        f"List: {run.list_sha256}",
        f"Answers: {answers}",
        *([f"To be approved: {run.shown_sha256} (the list with its answers)"] if run.shown_sha256 else []),
        *(f"To be transferred: {one.rows} to {one.name}" for one in run.successors),
    ]
    if run.approvals:
        until = f", good until {run.approval_ends:%Y-%m-%d %H:%M} UTC" if run.approval_ends else ""
        lines.append(f"Approved by {len(run.approvals)} of {APPROVERS}{until}")
    if run.begun_at is not None:
        outcome = ", ".join(f"{count} {word}" for word, count in sorted(run.outcomes.items()))
        lines.append(f"Outcome: {outcome}")
    if run.stays_until is not None:
        until = f"{run.stays_until:%Y-%m-%d %H:%M} UTC"
        lines.append(f"The keys of {run.locked} are destroyed; the store locks their ciphertext until {until}.")
    if reasons := _reasons(run, may_know=may_know):
        lines.append("Why: " + ", ".join(f"{count} {word}" for word, count in sorted(reasons.items())))
    return lines


def tell(run: Run, more: Sequence[str], *, as_json: bool, may_know: bool = False) -> None:
    """Answer with a run, and `more` lines for a person."""
    answer(summary(run, may_know=may_know), [*lines_of(run, may_know=may_know), *more], as_json=as_json)
