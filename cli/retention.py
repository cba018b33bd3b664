"""`confide retention`: why a record is kept, which schedule holds, what happened that it counts from."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import click

from cli import ask
from cli.doors import opened
from cli.exit_code import ExitCode
from cli.group import Group
from cli.happening import event, matter
from cli.output import answer, json_option, progress, table
from cli.person import Claimed, authenticated, person_options
from cli.schedule import adopt, preview, propose, schedules, shorten, show, withdraw

if TYPE_CHECKING:
    from flows.retention import Explained
    from rules.retention.decision import Counted


@click.group(cls=Group)
def retention() -> None:
    """How long records are kept, and why: schedule, events, exceptions."""


for verb in (event, matter, adopt, preview, propose, schedules, shorten, show, withdraw):
    retention.add_command(verb)


@retention.command("explain")
@click.argument("record")
@person_options
@json_option
def explain(record: str, username: str | None, password_file: str | None, as_json: bool) -> None:
    """Why a RECORD is kept until then: rule, version, event, arithmetic, and what the store confirms.

    RECORD is its id, or its statement's id or short id. Counsel is told of holds too.
    """
    site = opened()
    from flows import retention as job
    from register.vocabulary import StaffRole

    by = authenticated(Claimed(username, password_file), StaffRole.RECORDS_OFFICER, StaffRole.COUNSEL)
    told = job.explain(site, job.record_of(record), by=by)
    data = {
        "record_id": told.record.record_id,
        "retention_class": told.answer.retention_class,
        "as_of": told.answer.as_of,
        "schedule": told.answer.version,
        "decision": told.answer.decision,
        "store": told.stored,
        "store_trouble": told.trouble,
    }
    if told.holds is not None:
        data["holds"] = told.holds
    answer(data, _explained(told), as_json=as_json)


@retention.command("check")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
def check(file: Path | None, as_json: bool) -> None:
    """Look for what is wrong with a schedule FILE, or without one with the schedule in force and the one that ships.

    A file that cannot be read is told line by line (exit status 3). Exit status 11 when a class of records has no rule,
    or no schedule is in force. What counsel has not read is told too. A FILE needs no site.
    """
    from flows.site import open_site
    from rules.retention.reading import read, uncovered
    from rules.retention.schedule import OWN_CLASSES
    from templates.catalog import catalog

    classes = {*OWN_CLASSES, *(form.retention_class for form in catalog())}
    if file is not None:
        texts = {file.name: file.read_text(encoding="utf-8")}
    else:
        opened()
        from flows import retention as job

        texts = job.texts()
        classes |= {form.retention_class for form in open_site().catalog}
    told = []
    for name, text in texts.items():
        schedule = read(text)
        told.append(
            {
                "schedule": name,
                "version": schedule.version,
                "rules": len(schedule.rules),
                "classes_without_a_rule": uncovered(schedule, classes),
                "for_counsel": [rule.code for rule in schedule.rules if rule.authority.needs_counsel],
            }
        )
    lines = []
    for one in told:
        lines.append(f"{one['schedule']}: version {one['version']}, {one['rules']} rules.")
        if one["classes_without_a_rule"]:
            lines.append(f"  ✗ No rule for: {', '.join(map(str, one['classes_without_a_rule']))}. These never go.")  # type: ignore[call-overload]
        if one["for_counsel"]:
            lines.append(f"  ! Not read by counsel: {', '.join(one['for_counsel'])}")  # type: ignore[arg-type]
    nothing_in_force = file is None and "in force" not in texts
    if nothing_in_force:
        lines.append("✗ No schedule is in force, so nothing is ever due.")
        lines.append("  → Two persons: confide retention propose --shipped, then confide retention adopt VERSION")
    answer({"schedules": told, "in_force": not nothing_in_force}, lines, as_json=as_json)
    if nothing_in_force or any(one["classes_without_a_rule"] for one in told):
        sys.exit(ExitCode.FINDINGS)


@retention.command("exceptions")
@click.option("--why", metavar="WORD", help="Only of this reason, e.g. missing_event.")
@click.option("--after", type=click.UUID, metavar="RECORD", help="Go on after this record.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 10_000))
@person_options
@json_option
def exceptions(
    why: str | None,
    after: UUID | None,
    limit: int,
    username: str | None,
    password_file: str | None,
    as_json: bool,
) -> None:
    """Records that have no day on which they may go, and why; a person must look at each. None is ever guessed."""
    opened()
    from flows.site import now
    from register import agency, due
    from register.vocabulary import StaffRole
    from rules.retention.words import WhyNot

    authenticated(Claimed(username, password_file), StaffRole.RECORDS_OFFICER, StaffRole.COUNSEL)
    if why is not None:
        ask.one_of(why, [one.value for one in WhyNot], "reason")
    day = agency.today(now())
    found = due.exceptions(day, why_not=WhyNot(why) if why else None, after=after, limit=limit)
    waiting = due.stale(day)
    if as_json:
        answer({"exceptions": found, "waiting_to_be_computed": waiting}, "", as_json=True)
        return
    counts = Counter(one.why_not for one in found)
    click.echo(", ".join(f"{word.value}: {count}" for word, count in sorted(counts.items())) or "No exceptions.")
    if waiting:
        click.echo(f"{waiting} records' days must be computed anew: confide retention refresh")
    if found:
        table(
            ["Record", "Class", "Why", "What to do"],
            [[str(one.record_id), one.retention_class, one.why_not, REMEDY.get(one.why_not, "")] for one in found],
        )
    if len(found) == limit:
        click.echo(f"More may follow: --after {found[-1].record_id}")


REMEDY = {
    "missing_event": "confide retention explain says which; record it: confide retention event record",
    "no_rule": "Give its class a rule in the schedule.",
    "no_schedule": "Two persons adopt a schedule.",
    "conflict": "Counsel decides which rule gives way; change the schedule.",
    "shortening": "Two persons: confide retention approve-shortening",
}


@retention.command("refresh")
@json_option
def refresh(as_json: bool) -> None:
    """Compute the days anew that rest on what holds no more, as upkeep does. Goes on where it was stopped."""
    site = opened()
    from flows import retention as job
    from flows.site import now
    from register import agency, due

    with progress(due.stale(agency.today(now())), "Computing days", quiet=as_json) as step:
        done = job.refresh(site, step=lambda count: step(count, ""))
    answer({"computed": done}, f"{done} days computed anew.", as_json=as_json)


def _explained(told: Explained) -> list[str]:
    decision, answered = told.answer.decision, told.answer
    lines = [f"Record {told.record.record_id}, class {answered.retention_class}, on {answered.as_of}"]
    if decision.due_on is not None:
        lines.append(f"It may go from {decision.due_on} on: {decision.disposition.value}.")
        lines.append("  A disposal run looks at everything again before it goes, and two persons approve it.")
    else:
        lines.append(f"It is kept, and has no day: {_WHY.get(str(decision.why_not), '')}")
    lines.append(f"Schedule: {answered.version or 'none in force'}")
    lines += [f"  → {_line(one)}" for one in decision.winning]
    lines += [f"    {_line(one)}" for one in decision.counted if one not in decision.winning]
    lines += [f"  at most: {_line(one)}" for one in decision.ceilings]
    for lacking in dict.fromkeys((one.event, one.matter) for one in decision.missing):
        rules = ", ".join(one.rule for one in decision.missing if (one.event, one.matter) == lacking)
        of = f" of {lacking[1]}" if lacking[1] else ""
        lines.append(f"  missing: {lacking[0].value}{of} ({rules})")
    lines += _in_store(told)
    for hold in told.holds or ():
        lines.append(
            f"Hold {hold.hold_id}: {hold.kind.value}, since {hold.placed_at:%Y-%m-%d}, review {hold.review_on}"
        )
    return lines


def _in_store(told: Explained) -> Sequence[str]:
    if told.stored is None:
        return [f"The store did not answer ({told.trouble})."]
    lock, line = told.stored.lock, f"Store: {told.stored.versions} version(s)"
    if lock is not None:
        line += f", locked until {lock.until:%Y-%m-%d}" if lock.until else ", not locked"
        line += ", held" if lock.held else ""
    return [line]


def _line(one: Counted) -> str:
    of = f" of {one.matter}" if one.matter else ""
    for_what = f" ({one.of})" if one.of == "disclosure_ledger" else ""
    begins = f", from {one.begins}" if one.begins != one.happened else ""
    return (
        f"{one.rule} {one.version}{for_what}: {one.event.value}{of} {one.happened}{begins} + {one.period} ="
        f" to the end of {one.ends} [{one.citation}]"
    )


_WHY = {
    "in_effect": "its statement is in force and the client is served.",
    "permanent": "a rule keeps it for ever.",
    "missing_event": "an event that a rule counts from was not recorded.",
    "no_rule": "no rule of the schedule is about it.",
    "no_schedule": "two persons have not adopted a schedule yet.",
    "conflict": "one rule keeps it longer than another lets it be kept; counsel decides.",
    "shortening": "a new schedule would let it go, and two persons have not approved that yet.",
    "disposed": "a disposal run had it.",
}
