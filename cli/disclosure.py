"""`confide disclosure`: what was disclosed without a statement, written down at once after with what the law wants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from cli import ask
from cli.doors import opened
from cli.exit_code import ExitCode
from cli.failure import CommandError
from cli.group import Group
from cli.output import answer, json_option
from cli.person import Claimed, authenticated, person_options

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from register.emergencies import Documented
    from rules.emergency import Emergency

KNOWN = (
    "ground", "to_medical_personnel", "happened_at", "received_by", "affiliation", "disclosed_by", "nature",
    "description", "method",
)  # fmt: skip
NEEDED = ("happened_at", "method")
NONE = "none"
_GROUND = {
    "consent_unobtainable": "a medical emergency, and the client's consent could not be obtained",
    "closed_by_disaster": "a medical emergency while the program is closed in a declared disaster and cannot ask",
    "fda_error": "medical personnel of the FDA asked, to warn of an error in a product",
    NONE: "none of these",
}


@click.group(cls=Group)
def disclosure() -> None:
    """What was disclosed without a statement: medical emergencies. Under a statement: confide disclose."""


@disclosure.command("emergency")
@click.argument("client_id", metavar="CLIENT", type=click.UUID)
@ask.from_option
@person_options
@json_option
def emergency(
    client_id: UUID, source: str | None, username: str | None, password_file: str | None, as_json: bool
) -> None:
    """Document a disclosure of CLIENT (an id) in a medical emergency, immediately after it (42 CFR 2.51(c)).

    Asked for, or read from the file: ground (consent_unobtainable, closed_by_disaster, fda_error), to_medical_personnel
    (true or false), received_by (name of the medical personnel), affiliation (their health care facility, or that there
    is none), disclosed_by (who disclosed it; left out: you), happened_at (YYYY-MM-DD HH:MM, time of the agency),
    nature (of the emergency, or of the error), description (what was disclosed, in a line), method (paper, file, mail,
    fax, spoken).

    All of it is kept sealed; it is in the client's accounting, and on no paper. The line is never changed: what is
    wrong in one is said in another.
    """
    site = opened()
    from flows.site import now
    from register import agency, emergencies
    from register.facts import Handover
    from register.moves import DESK
    from register.vocabulary import HandoverMethod

    by = authenticated(Claimed(username, password_file), *DESK)
    told = ask.read_answers(source) if source else _asked(agency.zone())
    ask.only_known(told, KNOWN)
    ask.required(told, NEEDED)
    ask.one_of(told["method"], [each.value for each in HandoverMethod], "method")
    row = emergencies.write_down(
        site.vault,
        client_id,
        _emergency(told),
        Handover(
            method=HandoverMethod(str(told["method"])),
            received_by=str(told.get("received_by") or ""),
            description=str(told.get("description") or ""),
        ),
        happened_at=ask.moment(told["happened_at"], "happened_at", agency.zone()),
        by=by,
        now=now(),
    )
    lines = [
        f"Written into the ledger: {row.disclosure_id}.",
        f"It is in the client's accounting: confide client disclosures {client_id}",
    ]
    answer(row, lines, as_json=as_json)


@disclosure.command("show")
@click.argument("client_id", metavar="CLIENT", type=click.UUID)
@person_options
@json_option
def show(client_id: UUID, username: str | None, password_file: str | None, as_json: bool) -> None:
    """What is documented of each medical emergency of CLIENT, names in clear. That you looked is written down."""
    site = opened()
    from flows.site import now
    from register import agency, emergencies
    from register.moves import DESK

    by = authenticated(Claimed(username, password_file), *DESK)
    found = emergencies.of_client(site.vault, client_id, by=by, now=now())
    lines = [line for one in found for line in (*_told(one, agency.zone()), "")][:-1]
    answer(found, lines or ["No emergency is documented of this client."], as_json=as_json)


def _told(one: Documented, zone: dt.tzinfo) -> list[str]:
    row, kept = one.line.disclosure, one.emergency
    happened, written = (f"{each.astimezone(zone):%Y-%m-%d %H:%M %Z}" for each in (row.disclosed_at, row.written_at))
    head = f"Disclosed {happened}, written down {written} ({row.disclosure_id})"
    if kept is None or one.line.words_destroyed or kept.ground is None:
        return [head, "  Who, what and why are destroyed under the retention schedule."]
    return [
        head,
        f"  to             {one.line.received_by}, {kept.affiliation}",
        f"  by             {kept.disclosed_by}",
        f"  nature         {kept.nature}",
        f"  ground         {_GROUND[kept.ground.value]} (42 CFR 2.51)",
        f"  disclosed      {one.line.description} ({row.method.value})",
    ]


def _emergency(told: Mapping[str, Any]) -> Emergency:
    from rules.emergency import Emergency, EmergencyGround

    ground = told.get("ground") or NONE
    ask.one_of(ground, list(_GROUND), "ground")
    medical = told.get("to_medical_personnel", False)
    if not isinstance(medical, bool):
        raise CommandError(ExitCode.INPUT, "to_medical_personnel is not yes or no.", "Write true or false.")
    return Emergency(
        ground=None if ground == NONE else EmergencyGround(ground),
        to_medical_personnel=medical,
        affiliation=str(told.get("affiliation") or ""),
        disclosed_by=str(told.get("disclosed_by") or ""),
        nature=str(told.get("nature") or ""),
    )


def _asked(zone: dt.tzinfo) -> dict[str, Any]:
    """Ask question by question; what this rule does not let go is told before names are asked for."""
    from register import emergencies
    from register.vocabulary import HandoverMethod

    ask.require_terminal()
    for word, said in _GROUND.items():
        click.echo(f"  {word}: {said}", err=True)
    told: dict[str, Any] = {
        "ground": ask.choose("Which holds", list(_GROUND)),
        "to_medical_personnel": click.confirm("Was it disclosed to medical personnel, and to nobody else", err=True),
    }
    emergencies.refuse_other_grounds(_emergency(told))
    return told | {
        "received_by": ask.prompt_filled("Name of the medical personnel who received it"),
        "affiliation": ask.prompt_filled("Their health care facility (or that there is none)"),
        "disclosed_by": ask.prompt("Who disclosed it (empty: you)", default=""),
        "happened_at": _when(zone),
        "nature": ask.prompt_filled("Nature of the emergency, in a line"),
        "description": ask.prompt_filled("What was disclosed, in a line"),
        "method": ask.choose("How", [each.value for each in HandoverMethod]),
    }


def _when(zone: dt.tzinfo) -> dt.datetime:
    """Ask until it is a time that has come."""
    from flows.site import now
    from rules.emergency import timely

    while found := tuple(timely(when := ask.prompt_moment("When it was disclosed", zone), now())):
        for one in found:
            click.echo(f"! {one.field}: {one.sentence} ({one.code} · {one.authority})", err=True)
    return when
