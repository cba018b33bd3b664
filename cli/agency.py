"""`confide agency`: whose site this is, and which law governs its program."""

from __future__ import annotations

from pathlib import Path

import click

from cli import ask
from cli.doors import opened
from cli.exit_code import ExitCode
from cli.failure import CommandError
from cli.group import Group
from cli.init import CLASSES
from cli.output import answer, json_option, plain, table
from cli.person import Claimed, authenticated, person_options


@click.group(cls=Group)
def agency() -> None:
    """Whose site this is, and which law governs its program."""


@agency.command("show")
@json_option
def show(as_json: bool) -> None:
    """Name, unit, class and notices of this site."""
    opened()
    from register import agency as register

    told = plain(register.current())
    if as_json or not isinstance(told, dict):
        answer(told, "", as_json=True)
        return
    table(["", ""], [[key.replace("_", " "), _text(value)] for key, value in told.items() if key != "agency_id"])


@agency.command("classify")
@click.argument("classes", nargs=-1, required=True, type=click.Choice(list(CLASSES)))
@person_options
@json_option
def classify(classes: tuple[str, ...], username: str | None, password_file: str | None, as_json: bool) -> None:
    """Say which law governs the program's records; counsel decides."""
    opened()
    from flows.site import now
    from register import agency as register
    from register.vocabulary import StaffRole
    from rules.vocabulary import ProgramClass

    by = authenticated(Claimed(username, password_file), StaffRole.COUNSEL, StaffRole.ADMINISTRATOR)
    after = register.classify(frozenset(ProgramClass(each) for each in classes), by=by, now=now())
    answer(after, f"Class: {', '.join(sorted(after.classes))}.", as_json=as_json)


@agency.command("logo")
@click.argument("picture", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--remove", is_flag=True, help="Print no logo any more.")
@person_options
@json_option
def logo(picture: Path | None, remove: bool, username: str | None, password_file: str | None, as_json: bool) -> None:
    """Print a logo (a PNG or JPEG file) in the letterhead of every new paper."""
    opened()
    from flows.site import now
    from register import agency as register
    from register.vocabulary import StaffRole
    from templates.logo import MAX_FILE, clean_logo

    if (picture is None) is not remove:
        raise click.UsageError("Give the picture's file, or --remove.")
    png = b""
    if picture is not None:
        with picture.open("rb") as file:
            png = clean_logo(file.read(MAX_FILE + 1))
    by = authenticated(Claimed(username, password_file), StaffRole.ADMINISTRATOR)
    register.set_logo(png, by=by, now=now())
    told = "New papers carry the logo." if png else "New papers carry no logo."
    answer({"logo": bool(png), "bytes": len(png)}, told, as_json=as_json)


@agency.command("notice")
@ask.from_option
@person_options
@json_option
def notice(source: str | None, username: str | None, password_file: str | None, as_json: bool) -> None:
    """Put the notice of privacy practices into effect: from which day, and whom it sends people to.

    A program under 42 CFR Part 2 gives it to every client (2.22). Keys of the file: phone, email, effective_on.
    """
    import datetime as dt

    opened()
    from flows.site import now
    from register import agency as register
    from register.vocabulary import StaffRole

    by = authenticated(Claimed(username, password_file), StaffRole.COUNSEL, StaffRole.ADMINISTRATOR)
    told = ask.read_answers(source) if source else _asked_notice(register.current().phone)
    ask.required(told, ["phone", "email", "effective_on"])
    try:
        effective_on = dt.date.fromisoformat(str(told["effective_on"]))
    except ValueError:
        raise CommandError(
            ExitCode.INPUT, "effective_on is no day of the calendar.", "Write it as year-month-day: 2027-03-03."
        ) from None
    after = register.put_notice_into_effect(
        phone=str(told["phone"]), email=str(told["email"]), effective_on=effective_on, by=by, now=now()
    )
    answer(after, f"The notice of privacy practices is in effect from {effective_on.isoformat()}.", as_json=as_json)


def _asked_notice(phone: str) -> dict[str, str]:
    return {
        "phone": ask.prompt("Telephone for questions about privacy", default=phone or None),
        "email": ask.prompt("Email for questions about privacy"),
        "effective_on": ask.prompt("In effect from (YYYY-MM-DD, today or later)"),
    }


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
