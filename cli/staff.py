"""`confide staff`: who may work here."""

from __future__ import annotations

import click

from cli import ask
from cli.doors import opened
from cli.group import Group
from cli.output import answer, json_option, table
from cli.person import Claimed, authenticated, person_options

ROLES = (
    "intake",
    "witness",
    "records_officer",
    "counsel",
    "administrator",
    "deputy",
    "outside_approver",
    "break_glass",
)


@click.group(cls=Group)
def staff() -> None:
    """Who may work here, and what each may do."""


@staff.command("add")
@click.argument("name")
@click.option("--role", "roles", type=click.Choice(ROLES), multiple=True, required=True, help="May be given again.")
@click.option("--new-password-file", metavar="FILE", help="File with the new person's first password.")
@ask.from_option
@person_options
@json_option
def add(
    name: str,
    roles: tuple[str, ...],
    new_password_file: str | None,
    source: str | None,
    username: str | None,
    password_file: str | None,
    as_json: bool,
) -> None:
    """Add a member of staff. NAME is the staff name to sign in with; the full name is asked for (display_name)."""
    site = opened()
    from flows.site import now
    from register import staff as register
    from register.vocabulary import StaffRole

    by = authenticated(Claimed(username, password_file), StaffRole.ADMINISTRATOR)
    told = (
        ask.read_answers(source)
        if source
        else {"display_name": ask.prompt("Full name, as it stands under a signature")}
    )
    ask.required(told, ["display_name"])
    first = (
        ask.read_secret(new_password_file)
        if new_password_file
        else ask.prompt("First password", hidden=True, confirm=True)
    )
    added = register.add(
        site.vault,
        username=name,
        display_name=str(told["display_name"]),
        roles=frozenset(StaffRole(role) for role in roles),
        password=first,
        by=by,
        now=now(),
    )
    answer(added, f"Added {added.username} ({', '.join(sorted(added.roles))}).", as_json=as_json)


@staff.command("reset")
@click.argument("name")
@click.option("--new-password-file", metavar="FILE", help="File with the new password.")
@person_options
@json_option
def reset(
    name: str, new_password_file: str | None, username: str | None, password_file: str | None, as_json: bool
) -> None:
    """Give a member of staff a new password and end a lock-out."""
    opened()
    from flows.site import now
    from register import staff as register
    from register.vocabulary import StaffRole

    by = authenticated(Claimed(username, password_file), StaffRole.ADMINISTRATOR)
    whose = register.by_username(name)
    new = (
        ask.read_secret(new_password_file)
        if new_password_file
        else ask.prompt("New password", hidden=True, confirm=True)
    )
    register.reset(whose.staff_id, password=new, by=by, now=now())
    answer(whose, f"{whose.username} has a new password.", as_json=as_json)


@staff.command("retire")
@click.argument("name")
@person_options
@json_option
def retire(name: str, username: str | None, password_file: str | None, as_json: bool) -> None:
    """Close the account of somebody who left; what they did stays theirs."""
    opened()
    from flows.site import now
    from register import staff as register
    from register.vocabulary import StaffRole

    by = authenticated(Claimed(username, password_file), StaffRole.ADMINISTRATOR)
    whose = register.by_username(name)
    register.retire(whose.staff_id, by=by, now=now())
    answer(whose, f"{whose.username} is retired.", as_json=as_json)


@staff.command("list")
@click.option("--all", "everybody", is_flag=True, help="Retired accounts too.")
@person_options
@json_option
def listing(everybody: bool, username: str | None, password_file: str | None, as_json: bool) -> None:
    """The accounts of this site."""
    opened()
    from register import staff as register

    authenticated(Claimed(username, password_file))
    rows = register.listing(including_retired=everybody)
    if as_json:
        answer(rows, "", as_json=True)
        return
    table(
        ["Staff name", "Roles", "State"],
        [[row.username, ", ".join(sorted(row.roles)), "retired" if row.retired else "active"] for row in rows],
    )
