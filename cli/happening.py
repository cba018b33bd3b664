"""`confide retention event` and `matter`: what happened that the schedule counts from."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import click

from cli import ask
from cli.doors import opened
from cli.exit_code import ExitCode
from cli.failure import CommandError
from cli.group import Group
from cli.output import answer, json_option, table
from cli.person import Claimed, authenticated, person_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from register.retention_facts import Event


@click.group(cls=Group)
def event() -> None:
    """What happened to a client or a matter: last service, case closed, final report …"""


@event.command("record")
@ask.from_option
@person_options
@json_option
def record(source: str | None, username: str | None, password_file: str | None, as_json: bool) -> None:
    """Record that something happened: event, on (the day), and client (its id) or matter (its code).

    Of a client: last_service, case_closed, discharge, death_known, case_reopened (takes back what closed the case).
    Of a matter: final_report_submitted, audit_opened, audit_closed, contract_ended, program_discontinued,
    matter_closed. A later record of the same event takes the place of the earlier.
    """
    site = opened()
    from flows.site import now
    from register import events
    from register.vocabulary import StaffRole
    from rules.retention.words import RECORDED, EventKind, EventSubject

    by = authenticated(Claimed(username, password_file), StaffRole.INTAKE, StaffRole.RECORDS_OFFICER, StaffRole.COUNSEL)
    words = sorted(one.value for one in RECORDED)
    told = ask.read_answers(source) if source else _asked(words)
    ask.required(told, ["event", "on"])
    ask.one_of(told["event"], words, "event")
    kind, on = EventKind(str(told["event"])), ask.day(told["on"], "on")
    whose = "client" if kind.subject is EventSubject.CLIENT else "matter"
    if not told.get(whose):
        raise CommandError(ExitCode.INPUT, f"{kind.value} happens to a {whose}.", f"Give {whose}.")
    if whose == "client":
        client_id = ask.given_id(told["client"], "client")
        row = events.record(site.vault, kind, client_id=client_id, happened_on=on, by=by, now=now())
        line = f"Recorded: {kind.value} (in clear to the end of its month, {row.happened_on})."
    else:
        row = events.record_of_matter(str(told["matter"]), kind, happened_on=on, by=by, now=now())
        line = f"Recorded: {kind.value} of {told['matter']}. Days are computed anew: confide retention refresh"
    answer(row, line, as_json=as_json)


@event.command("list")
@click.argument("subject", metavar="CLIENT|MATTER")
@person_options
@json_option
def listing(subject: str, username: str | None, password_file: str | None, as_json: bool) -> None:
    """What was recorded of a client (by id) or a matter (by code), and what of it counts no more."""
    opened()
    from register import events
    from register.vocabulary import StaffRole

    authenticated(Claimed(username, password_file), StaffRole.INTAKE, StaffRole.RECORDS_OFFICER, StaffRole.COUNSEL)
    try:
        client_id = UUID(subject)
    except ValueError:
        rows: Sequence[Event] = events.of_matter(subject)
    else:
        rows = events.of_client(client_id)
    if as_json:
        answer(rows, "", as_json=True)
        return
    table(
        ["Event", "On or before", "Recorded", "Counts", "Id"],
        [
            [row.kind, str(row.happened_on), f"{row.recorded_at:%Y-%m-%d}", row.undone or "yes", str(row.event_id)]
            for row in rows
        ],
    )


@event.command("undo")
@click.argument("event_id", metavar="EVENT", type=click.UUID)
@person_options
@json_option
def undo(event_id: UUID, username: str | None, password_file: str | None, as_json: bool) -> None:
    """Say that an EVENT never happened (recorded by mistake). Needs a records officer or counsel."""
    opened()
    from flows.site import now
    from register import events
    from register.vocabulary import StaffRole

    by = authenticated(Claimed(username, password_file), StaffRole.RECORDS_OFFICER, StaffRole.COUNSEL)
    row = events.undo(event_id, by=by, now=now())
    answer(row, f"{row.kind.value} counts no more; the row stays.", as_json=as_json)


@click.group(cls=Group)
def matter() -> None:
    """Awards, contracts and claims: a funder's rules hold for what is kept in their time."""


@matter.command("add")
@ask.from_option
@person_options
@json_option
def add(source: str | None, username: str | None, password_file: str | None, as_json: bool) -> None:
    """Add a matter: code, kind (award, contract, claims), funder, covers_from, and covers_to where it ended.

    The funder is a word of the schedule: federal_award, medicaid, medicaid_managed_care, medicare_advantage, or one of
    your own. Every record kept in its time belongs to it.
    """
    opened()
    from flows.site import now
    from register import events
    from register.vocabulary import MatterKind, StaffRole

    by = authenticated(Claimed(username, password_file), StaffRole.RECORDS_OFFICER, StaffRole.COUNSEL)
    kinds = [kind.value for kind in MatterKind]
    told = ask.read_answers(source) if source else _asked_matter(kinds)
    ask.required(told, ["code", "kind", "funder", "covers_from"])
    ask.one_of(told["kind"], kinds, "kind")
    row = events.add_matter(
        code=str(told["code"]),
        kind=MatterKind(str(told["kind"])),
        funder=str(told["funder"]),
        covers_from=ask.day(told["covers_from"], "covers_from"),
        covers_to=ask.day(told["covers_to"], "covers_to") if told.get("covers_to") else None,
        by=by,
        now=now(),
    )
    answer(row, f"Added {row.code}. Days are computed anew: confide retention refresh", as_json=as_json)


@matter.command("list")
@json_option
def matters(as_json: bool) -> None:
    """Every matter, its funder and its time."""
    opened()
    from register import events

    rows = events.matters()
    if as_json:
        answer(rows, "", as_json=True)
        return
    table(
        ["Code", "Kind", "Funder", "From", "To"],
        [[row.code, row.kind, row.funder, str(row.covers_from), str(row.covers_to or "—")] for row in rows],
    )


def _asked(words: Sequence[str]) -> dict[str, object]:
    from rules.retention.words import EventKind, EventSubject

    word = ask.choose("What happened", words)
    client = EventKind(word).subject is EventSubject.CLIENT
    whose = {"client": ask.prompt("Client's id")} if client else {"matter": ask.prompt("Matter's code")}
    return {"event": word, **whose, "on": ask.prompt("On which day (YYYY-MM-DD)")}


def _asked_matter(kinds: Sequence[str]) -> dict[str, object]:
    return {
        "code": ask.prompt("Code (small letters, digits, hyphens)"),
        "kind": ask.choose("Kind", kinds),
        "funder": ask.prompt("Funder, as the schedule calls it"),
        "covers_from": ask.prompt("From which day (YYYY-MM-DD)"),
        "covers_to": ask.prompt("To which day (empty while it runs)", default=""),
    }
