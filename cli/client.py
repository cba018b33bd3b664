"""`confide client`: adding and finding clients. What is printed is an opaque id."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

import click

from cli import ask
from cli.doors import opened
from cli.exit_code import ExitCode
from cli.failure import CommandError
from cli.group import Group
from cli.output import answer, json_option, table
from cli.person import Claimed, authenticated, person_options


@click.group(cls=Group)
def client() -> None:
    """Add and find clients."""


@client.command("add")
@click.option("--namesake", is_flag=True, help="There is another client of this name and birth date; add this one too.")
@ask.from_option
@person_options
@json_option
def add(namesake: bool, source: str | None, username: str | None, password_file: str | None, as_json: bool) -> None:
    """Add a client: legal_name, birth_date (YYYY-MM-DD), also_known_as, former_names, case_number."""
    site = opened()
    from flows.site import now
    from register import clients
    from register.vocabulary import StaffRole
    from rules.draft import Identity

    by = authenticated(Claimed(username, password_file), StaffRole.INTAKE)
    told = _identity(source)
    added = clients.add(
        site.vault,
        Identity(
            legal_name=str(told["legal_name"]),
            birth_date=_date(told["birth_date"]),
            also_known_as=tuple(map(str, told.get("also_known_as") or ())),
            case_number=str(told["case_number"]) if told.get("case_number") else None,
        ),
        former_names=tuple(map(str, told.get("former_names") or ())),
        allow_namesake=namesake,
        by=by,
        now=now(),
    )
    answer(added, f"Added client {added.client_id}", as_json=as_json)


@client.command("find")
@ask.from_option
@person_options
@json_option
def find(source: str | None, username: str | None, password_file: str | None, as_json: bool) -> None:
    """Find a client by name (any order, accents ignored, former names too) and birth date; both must match."""
    site = opened()
    from flows.site import now
    from register import clients
    from register.vocabulary import StaffRole

    by = authenticated(Claimed(username, password_file), StaffRole.INTAKE, StaffRole.RECORDS_OFFICER)
    told = _identity(source)
    found = clients.find(site.vault, str(told["legal_name"]), _date(told["birth_date"]), by=by, now=now())
    lines = [str(each.client_id) for each in found] or ["Nobody of that name and birth date."]
    answer(found, lines, as_json=as_json)


@client.command("disclosures")
@click.argument("client_id", type=click.UUID)
@person_options
@json_option
def disclosures(client_id: UUID, username: str | None, password_file: str | None, as_json: bool) -> None:
    """What was shared about a client: when, with whom, what and why (45 CFR 164.528; 42 CFR 2.25).

    That you looked is written down.
    """
    site = opened()
    from flows.site import now
    from register import ledger
    from register.moves import DESK

    by = authenticated(Claimed(username, password_file), *DESK)
    lines = ledger.accounting(site.vault, client_id, by=by, now=now())
    if as_json:
        answer(lines, "", as_json=True)
        return
    table(
        ["When (UTC)", "Organization", "Received by", "What", "Why", "Statement"],
        [
            [
                f"{line.disclosure.disclosed_at:%Y-%m-%d %H:%M}",
                line.organization,
                *(("(destroyed)", "(destroyed)") if line.words_destroyed else (line.received_by, line.description)),
                (line.disclosure.purpose or line.disclosure.basis).replace("_", " "),
                line.statement_ref or "—",
            ]
            for line in lines
        ],
    )


def _identity(source: str | None) -> dict[str, Any]:
    if source:
        told = ask.read_answers(source)
    else:
        told = {"legal_name": ask.prompt("Legal name"), "birth_date": ask.prompt("Birth date (YYYY-MM-DD)")}
    ask.required(told, ["legal_name", "birth_date"])
    return told


def _date(value: object) -> dt.date:
    try:
        return value if isinstance(value, dt.date) else dt.date.fromisoformat(str(value))
    except ValueError:
        raise CommandError(ExitCode.INPUT, "The birth date is not a date.", "Write it as YYYY-MM-DD.") from None
