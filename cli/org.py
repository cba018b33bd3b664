"""`confide org`: the organizations that may receive information, and who took over from whom."""

from __future__ import annotations

from uuid import UUID

import click

from cli import ask
from cli.doors import opened
from cli.output import answer, json_option, table
from cli.person import Claimed, authenticated, person_options


@click.group()
def org() -> None:
    """The organizations that may receive information; never a person of one."""


@org.command("add")
@ask.from_option
@person_options
@json_option
def add(source: str | None, username: str | None, password_file: str | None, as_json: bool) -> None:
    """Add an organization: legal_name, kind, unit, address (lines), predecessors (former names)."""
    opened()
    from flows.site import now
    from register import organizations
    from register.vocabulary import StaffRole
    from rules.vocabulary import OrganizationKind

    by = authenticated(Claimed(username, password_file), StaffRole.INTAKE, StaffRole.ADMINISTRATOR)
    kinds = [kind.value for kind in OrganizationKind]
    if source:
        told = ask.read_answers(source)
    else:
        told = {
            "legal_name": ask.prompt("Legal name of the organization"),
            "kind": ask.choose("Kind", kinds),
            "unit": ask.prompt("Unit or office", default=""),
            "address": ask.prompt_lines("Address"),
        }
    ask.required(told, ["legal_name", "kind"])
    ask.one_of(told["kind"], kinds, "kind")
    added = organizations.add(
        legal_name=str(told["legal_name"]),
        kind=OrganizationKind(told["kind"]),
        unit=str(told.get("unit") or ""),
        address=tuple(map(str, told.get("address") or ())),
        predecessors=tuple(map(str, told.get("predecessors") or ())),
        by=by,
        now=now(),
    )
    answer(added, f"Added {added.legal_name}: {added.organization_id}", as_json=as_json)


@org.command("list")
@click.option("--all", "everything", is_flag=True, help="Retired organizations too.")
@json_option
def listing(everything: bool, as_json: bool) -> None:
    """The organizations of this site."""
    opened()
    from register import organizations

    rows = organizations.listing(including_retired=everything)
    if as_json:
        answer(rows, "", as_json=True)
        return
    names = {row.organization_id: row.legal_name for row in organizations.listing(including_retired=True)}
    table(
        ["Organization", "Kind", "Id", "State"],
        [
            [
                f"{row.legal_name}{' · ' + row.unit if row.unit else ''}",
                row.kind,
                str(row.organization_id),
                "active"
                if not row.retired
                else f"retired → {names[row.successor_id] if row.successor_id else 'nobody'}",
            ]
            for row in rows
        ],
    )


@org.command("retire")
@click.argument("organization_id", type=click.UUID)
@click.option("--successor", type=click.UUID, help="Id of the organization that took over its work.")
@person_options
@json_option
def retire(
    organization_id: UUID, successor: UUID | None, username: str | None, password_file: str | None, as_json: bool
) -> None:
    """Retire an organization; new statements go to its successor, signed ones stay as they were signed."""
    opened()
    from flows.site import now
    from register import organizations
    from register.vocabulary import StaffRole

    by = authenticated(Claimed(username, password_file), StaffRole.ADMINISTRATOR)
    organizations.retire(organization_id, successor_id=successor, by=by, now=now())
    after = organizations.show(organization_id)
    answer(after, f"{after.legal_name} is retired.", as_json=as_json)
