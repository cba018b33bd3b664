"""`confide agency`: whose site this is, and which law governs its program."""

from __future__ import annotations

import click

from cli.doors import opened
from cli.init import CLASSES
from cli.output import answer, json_option, plain, table
from cli.person import Claimed, authenticated, person_options


@click.group()
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


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
