"""`confide init`: a site of this organization's own."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli import ask
from cli.exit_code import ExitCode
from cli.failure import CommandError
from cli.output import answer, json_option, progress
from cli.shares import confirmation, shares_options

if TYPE_CHECKING:
    from flows.establishment import Founding
    from storage.master import MasterKey

CLASSES = {
    "part2_program": "federally assisted; holds itself out as giving substance use diagnosis, treatment or referral",
    "part2_lawful_holder": "received records under 42 CFR part 2 from others",
    "hipaa_covered_entity": "bills health plans electronically for care",
    "hipaa_business_associate": "serves an organization that does",
    "state_special": "holds HIV or mental-health records under state law",
    "ethics_only": "none of these: professional ethics and its own policy",
    "unknown": "not decided yet: nothing but emergencies can be disclosed until it is",
}


@click.command()
@ask.from_option
@click.option("--password-file", metavar="FILE", help="File with the first administrator's password.")
@shares_options
@click.option("--training", is_flag=True, help="A site for practice: what it makes proves nothing.")
@json_option
def init(
    source: str | None,
    password_file: str | None,
    needed: int,
    shares: int,
    shares_to: Path | None,
    training: bool,
    as_json: bool,
) -> None:
    """Set up this organization's Confide.

    Asks who you are and which law governs your program, makes the keys, writes out the recovery shares of the master
    key and has them confirmed, and adds the first administrator. Interrupted, it is taken up where it stopped.
    """
    from flows import establishment
    from register import boot
    from register.configuration import configuration
    from register.errors import RegisterError, RegisterErrorCode

    settings = configuration()
    if establishment.established(settings):
        raise RegisterError(
            RegisterErrorCode.ALREADY_ESTABLISHED, "This site is set up already.", "Use `confide doctor` to look at it."
        )
    founding = founding_of(ask.read_answers(source) if source else _asked(), training=training)
    password = (
        ask.read_secret(password_file)
        if password_file
        else ask.prompt(f"Password for {founding.administrator}", hidden=True, confirm=True)
    )
    establishment.judge(settings, founding, password=password)
    master = establishment.master_key(settings)
    with progress(None, "Trying the store", quiet=as_json):
        boot.open_vault()
    confirm = confirmation(needed, shares, shares_to)
    with ExitStack() as after:

        def confirmed(key: MasterKey) -> None:
            confirm(key)  # asks and shows sheets at the same terminal: what follows is told once it is done
            after.enter_context(progress(None, "Laying the tables, making the root", quiet=as_json))

        agency = establishment.establish(settings, founding, password=password, master=master, confirm_shares=confirmed)
    lines = [f"Confide is set up for {agency.legal_name}, data in {settings.home}, keys in {settings.keys}."]
    if shares_to:
        lines.append(f"Give the {shares} sheets in {shares_to} to {shares} people now, and delete the files.")
    if "unknown" in agency.classes:
        lines.append(
            "Until the program's class is known, nothing but emergencies can be disclosed: confide agency classify."
        )
    lines.append("Next: confide serve")
    answer(agency, lines, as_json=as_json)


def _asked() -> dict[str, Any]:
    told: dict[str, Any] = {
        "legal_name": ask.prompt("Legal name of your organization"),
        "unit": ask.prompt("Program unit", default=""),
        "address": ask.prompt_lines("Address"),
        "phone": ask.prompt("Telephone"),
        "revocation_desk": ask.prompt("Where a client brings or sends a revocation"),
        "time_zone": ask.prompt("Time zone", default="America/New_York"),
    }
    click.echo("Which law governs the program's records? (counsel decides; several may hold)", err=True)
    for name, meaning in CLASSES.items():
        click.echo(f"  {name:24} {meaning}", err=True)
    told["classes"] = ask.prompt("Class, or several with commas", default="unknown").replace(",", " ").split()
    told["administrator"] = {
        "name": ask.prompt("Staff name of the first administrator"),
        "display_name": ask.prompt("Full name"),
    }
    return told


def founding_of(told: dict[str, Any], *, training: bool) -> Founding:
    """The answers of a file or of questions as a founding. Raises :class:`CommandError` with what lacks."""
    from flows.establishment import Founding
    from register.vocabulary import StaffRole
    from rules.vocabulary import ProgramClass

    ask.required(told, ["legal_name", "revocation_desk", "classes", "administrator"])
    first = told["administrator"]
    if not isinstance(first, dict):
        raise CommandError(ExitCode.INPUT, "administrator is not a name and a display_name.", "Give both.")
    ask.required(first, ["name", "display_name"])
    for each in told["classes"]:
        ask.one_of(each, list(CLASSES), "class")
    roles = first.get("roles") or ["administrator"]
    for each in roles:
        ask.one_of(each, [role.value for role in StaffRole], "role")
    return Founding(
        legal_name=str(told["legal_name"]),
        unit=str(told.get("unit") or ""),
        address=tuple(map(str, told.get("address") or ())),
        phone=str(told.get("phone") or ""),
        revocation_desk=str(told["revocation_desk"]),
        time_zone=str(told.get("time_zone") or "America/New_York"),
        classes=frozenset(ProgramClass(each) for each in told["classes"]),
        training=training,
        administrator=str(first["name"]),
        administrator_name=str(first["display_name"]),
        administrator_roles=frozenset(StaffRole(role) for role in roles),
    )
