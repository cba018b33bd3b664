"""`confide retention show|propose|preview|adopt|withdraw|approve-shortening|schedules`: how a schedule holds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli import ask
from cli.doors import opened
from cli.exit_code import ExitCode
from cli.failure import CommandError
from cli.output import answer, json_option, progress, table
from cli.person import Claimed, authenticated, person_options

if TYPE_CHECKING:
    from rules.retention.comparing import Preview


@click.command()
@click.argument("version", required=False)
@click.option("--shipped", is_flag=True, help="The schedule that ships, as a text to edit and to propose.")
@json_option
def show(version: str | None, shipped: bool, as_json: bool) -> None:
    """Print a schedule's text: of a VERSION, of the one in force, or with --shipped of the one that ships."""
    text = _shipped() if shipped else _text(version)
    answer({"text": text}, text.rstrip("\n"), as_json=as_json)


@click.command()
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--shipped", is_flag=True, help="Propose the schedule that ships.")
@person_options
@json_option
def propose(file: Path | None, shipped: bool, username: str | None, password_file: str | None, as_json: bool) -> None:
    """Put a schedule forward, a FILE or the one that ships; a second person adopts it.

    Needs a records officer or counsel.
    """
    opened()
    from flows.site import now
    from register import schedules as register

    if (file is None) == (not shipped):
        raise CommandError(ExitCode.USAGE, "There is one schedule to propose.", "Give a FILE, or --shipped.")
    by = authenticated(Claimed(username, password_file), *register.APPROVERS)
    row = register.propose(_shipped() if file is None else file.read_text(encoding="utf-8"), by=by, now=now())
    lines = [
        f"The schedule {row.version} is proposed.",
        f"A second person looks at what it changes and adopts it: confide retention adopt {row.version}",
    ]
    answer(row, lines, as_json=as_json)


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@person_options
@json_option
def preview(file: Path, username: str | None, password_file: str | None, as_json: bool) -> None:
    """Say what a schedule FILE would change for what is kept here, before it is adopted: newly disposed, extended,
    shortened. Changes nothing.
    """
    opened()
    from register import schedules as register

    authenticated(Claimed(username, password_file), *register.APPROVERS)
    told = _previewed(file.read_text(encoding="utf-8"), quiet=as_json)
    answer({"preview": told, "shortens": told.shortens}, _told(told), as_json=as_json)


@click.command()
@click.argument("version")
@click.option("--yes", is_flag=True, help="Do not ask; you have looked at it (confide retention preview).")
@person_options
@json_option
def adopt(version: str, yes: bool, username: str | None, password_file: str | None, as_json: bool) -> None:
    """Put the VERSION that somebody else proposed into force. What it lengthens holds at once; what it shortens waits.

    Needs a records officer or counsel, and never the one who proposed it.
    """
    site = opened()
    from flows import retention as job
    from flows.site import now
    from register import schedules as register

    by = authenticated(Claimed(username, password_file), *register.APPROVERS)
    register.proposed(version)
    told = _previewed(register.text(version), quiet=as_json)
    if not yes:
        for line in _told(told):
            click.echo(line, err=True)
        if ask.choose("Adopt this schedule?", ["yes", "no"], default="no") != "yes":
            raise CommandError(ExitCode.CONFLICT, "Nothing was adopted.", "The proposal stays as it is.")
    row = register.adopt(version, by=by, now=now())
    with progress(told.total, "Computing days", quiet=as_json) as step:
        done = job.refresh(site, step=lambda count: step(count, ""))
    lines = [f"The schedule {version} is in force; {done} days were computed by it."]
    if told.shortens and row.shortening_waits:
        lines.append(f"What it shortens waits for two persons: confide retention approve-shortening {version}")
    answer({"schedule": row, "preview": told, "computed": done}, lines, as_json=as_json)


@click.command()
@click.argument("version")
@person_options
@json_option
def withdraw(version: str, username: str | None, password_file: str | None, as_json: bool) -> None:
    """Take a proposed VERSION back; what was adopted stays."""
    opened()
    from flows.site import now
    from register import schedules as register

    by = authenticated(Claimed(username, password_file), *register.APPROVERS)
    row = register.withdraw(version, by=by, now=now())
    answer(row, f"The proposal {version} is withdrawn.", as_json=as_json)


@click.command("approve-shortening")
@click.argument("version")
@click.option("--yes", is_flag=True, help="Do not ask.")
@person_options
@json_option
def shorten(version: str, yes: bool, username: str | None, password_file: str | None, as_json: bool) -> None:
    """Approve the days that the VERSION in force brought forward.

    Two persons do, one after the other; until then nothing goes earlier than the schedule before it says.
    """
    site = opened()
    from flows import retention as job
    from flows.site import now
    from register import schedules as register

    by = authenticated(Claimed(username, password_file), *register.APPROVERS)
    told = _previewed(register.text(version), quiet=as_json)
    if not yes:
        for line in _told(told):
            click.echo(line, err=True)
        if ask.choose("Approve these earlier days?", ["yes", "no"], default="no") != "yes":
            raise CommandError(ExitCode.CONFLICT, "Nothing was approved.", "The days stay as they are.")
    row = register.approve_shortening(version, by=by, now=now())
    done = job.refresh(site)
    second = "A second person approves it too." if row.shortening_waits else f"{done} days were computed anew."
    answer({"schedule": row, "computed": done}, f"The shortening is approved. {second}", as_json=as_json)


@click.command()
@json_option
def schedules(as_json: bool) -> None:
    """Every schedule there was, the newest first, and who brought it in."""
    opened()
    from register import schedules as register
    from register import staff

    rows = register.listing()
    if as_json:
        answer(rows, "", as_json=True)
        return
    names = {one.staff_id: one.username for one in staff.listing(including_retired=True)}
    table(
        ["Version", "State", "Proposed by", "Adopted by", "In force since", "Shortening"],
        [
            [
                row.version,
                row.state.value.replace("_", " "),
                names[row.proposed_by],
                names[row.adopted_by] if row.adopted_by else "—",
                f"{row.adopted_at:%Y-%m-%d}" if row.adopted_at else "—",
                "waits for two persons" if row.shortening_waits else "—",
            ]
            for row in rows
        ],
    )


def _shipped() -> str:
    import os

    from register.configuration import jurisdiction
    from rules.retention.reading import shipped_text

    return shipped_text(jurisdiction(os.environ))


def _text(version: str | None) -> str:
    opened()
    from register import schedules as register

    if version is None:
        current = register.current()
        if current is None:
            raise CommandError(
                ExitCode.NOT_FOUND,
                "No schedule is in force.",
                "See the one that ships: confide retention show --shipped",
            )
        version = current.version
    return register.text(version)


def _previewed(text: str, *, quiet: bool) -> Preview:
    from flows import retention as job

    with progress(None, "Comparing", quiet=quiet) as step:
        return job.preview(text, step=lambda count: step(count, ""))


def _told(told: Preview) -> list[str]:
    lines = [str(told)]
    if told.shortens:
        lines.append("What it shortens waits until two persons approve that too; nothing goes by itself.")
    return lines
