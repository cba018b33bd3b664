"""`confide closure`: what happens to the records when a program ends or a custodian leaves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from cli import ask
from cli.apart import apart_options, require_apart, require_new
from cli.copy import refuse_inside
from cli.doors import opened
from cli.exit_code import ExitCode
from cli.failure import CommandError
from cli.group import Group
from cli.output import answer, json_option, progress
from cli.person import Claimed, authenticated, person_options

if TYPE_CHECKING:
    from flows.closure import Closing


@click.group(cls=Group)
def closure() -> None:
    """The end of a program (42 CFR 2.19), or of a custodian (NASW 1.07(o))."""


@closure.command("export")
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@apart_options
@click.option("--second", metavar="NAME", help="Staff name of the second person, who confirms it.")
@click.option("--second-password-file", metavar="FILE", help="Their password; without it they are asked.")
@ask.from_option
@person_options
@json_option
def export(
    directory: Path,
    keys: Path,
    same_disk: bool,
    second: str | None,
    second_password_file: str | None,
    source: str | None,
    username: str | None,
    password_file: str | None,
    as_json: bool,
) -> None:
    """Write every record the law still keeps into an encrypted archive in DIRECTORY, a new folder.

    It opens elsewhere with openssl and tar; README.txt says how. Answers, asked or --from FILE: custodian (id of the
    registered organization), responsible (person there), and, where the schedule gives no date: authority, until;
    optional program, successors (names, a recovery sheet each), needed. Records here stay as they are.
    """
    site = opened()
    from flows import closure as flow
    from register.vocabulary import StaffRole

    for folder in (directory, keys):
        refuse_inside(folder, site.configuration.home, site.configuration.keys)
    require_apart(directory, keys, same_disk=same_disk)
    require_new(directory, keys)
    closing = _closing(ask.read_answers(source) if source else _asked())
    first = authenticated(Claimed(username, password_file), StaffRole.RECORDS_OFFICER)
    other = authenticated(
        Claimed(second or ask.prompt("Staff name of the second person"), second_password_file),
        StaffRole.COUNSEL,
        StaffRole.RECORDS_OFFICER,
        StaffRole.ADMINISTRATOR,
    )
    with progress(None, "Exporting", quiet=as_json) as step:
        done = flow.export(
            site,
            directory,
            keys,
            closing,
            by=first,
            second=other,
            progress=lambda count: step(count, f"{count} records"),
        )
    lines = [
        f"{done.records} records are in {done.archive.path} ({done.archive.bytes:,} bytes before encryption).",
        f"The key is in {done.keys}. Carry it away from the archive now; {done.sheets} recovery sheets lie with it.",
    ]
    if done.left_out:
        lines.append(f"{done.left_out} records are left out, their time is over: confide disposal propose")
    answer(done, lines, as_json=as_json)


def _asked() -> dict[str, Any]:
    told: dict[str, Any] = {
        "custodian": ask.prompt("Id of the organization that keeps the records (confide org list)"),
        "responsible": ask.prompt("Person there who answers for them"),
        "authority": ask.prompt("Law that requires records without a date of their own to be kept", default=""),
    }
    if told["authority"]:
        told["until"] = ask.prompt("Until not later than (YYYY-MM-DD)")
    told["successors"] = list(ask.prompt_lines("Who gets a recovery sheet, a name a line"))
    if told["successors"]:
        told["needed"] = ask.prompt("How many sheets give the key again", default="2")
    return told


def _closing(told: Mapping[str, Any]) -> Closing:
    from flows.closure import Closing

    ask.required(told, ("custodian", "responsible"))
    try:
        successors = tuple(str(name).strip() for name in told.get("successors") or ())
        until = told.get("until")
        return Closing(
            custodian=UUID(str(told["custodian"])),
            responsible=str(told["responsible"]),
            program=str(told.get("program") or ""),
            authority=str(told.get("authority") or ""),
            until=until if until is None or isinstance(until, dt.date) else dt.date.fromisoformat(str(until)),
            successors=successors,
            needed=int(told.get("needed") or min(2, len(successors))),
        )
    except (ValueError, TypeError):
        raise CommandError(
            ExitCode.INPUT,
            "The answers are not as they must be.",
            "custodian is an id, until a day (YYYY-MM-DD), successors a list of names, needed a number.",
        ) from None
