"""`confide packet`: opening packets and seeing what became of them."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from cli import ask
from cli.doors import opened
from cli.exit_code import ExitCode
from cli.failure import CommandError
from cli.group import Group
from cli.output import answer, json_option, progress, table, warn
from cli.person import Claimed, authenticated, person_options
from cli.who_signs import WhoSigns

if TYPE_CHECKING:
    from flows.site import Site
    from register.facts import Organization, Packet, Person
    from templates.form import Form

WAIT_SECONDS = 60.0
POLL_SECONDS = 0.05

STEP = {
    "read": "reading what was asked",
    "fill": "filling the form",
    "render": "making the PDF",
    "check": "searching the finished PDF",
    "certify": "the organization's certification",
    "store": "writing to the vault",
    "present": "putting it before the client",
    "seal": "the organization's seal",
    "keep": "keeping the record",
    "clear": "destroying the working bytes",
}


@click.group(cls=Group)
def packet() -> None:
    """The statements and acknowledgments of one sitting."""


@packet.command("open")
@ask.from_option
@click.option("--again", is_flag=True, help="A new sitting, though the same was asked for today.")
@click.option("--no-wait", is_flag=True, help="Do not wait until the statements can be signed.")
@click.option("--interpreter", is_flag=True, help="An interpreter is there; you are asked for the name.")
@person_options
@json_option
def open_(
    source: str | None,
    again: bool,
    no_wait: bool,
    interpreter: bool,
    username: str | None,
    password_file: str | None,
    as_json: bool,
) -> None:
    """Open a packet: a separate statement for each organization, from a file or by answering questions.

    The same request on the same day is the same packet. What the rules refuse is told all at once, and nothing is
    opened.
    """
    site = opened()
    from flows import intake
    from register.vocabulary import StaffRole

    if source and interpreter:
        raise CommandError(
            ExitCode.USAGE, "A file names the interpreter itself.", "Write interpreter_name for each statement."
        )
    by = authenticated(Claimed(username, password_file), StaffRole.INTAKE)
    told = ask.read_answers(source) if source else _asked(site, by, interpreter=interpreter)
    warned = intake.warnings(site, told, by=by)
    asked = intake.open_packet(site, told, by=by, again=again)
    for one in warned:
        warn(f"{one.form_id}, {one.finding.field}", one.finding)
    after = asked if no_wait else wait(site, asked.packet_id, quiet=as_json)
    _tell(after, as_json=as_json)


@packet.command("show")
@click.argument("packet_id", type=click.UUID)
@json_option
def show(packet_id: UUID, as_json: bool) -> None:
    """A packet's statements and states; of one that failed, the step and the code, and what to do."""
    opened()
    from register import packets

    _tell(packets.show(packet_id), as_json=as_json)


@packet.command("list")
@click.option("--state", help="Only packets in this state.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help="Packets at most.")
@json_option
def listing(state: str | None, limit: int, as_json: bool) -> None:
    """The latest packets, newest first."""
    opened()
    from register import packets
    from rules.vocabulary import PacketState

    if state is not None:
        ask.one_of(state, [each.value for each in PacketState], "state")
    rows = packets.listing(state=PacketState(state) if state else None, limit=limit)
    if as_json:
        answer(rows, "", as_json=True)
        return
    table(
        ["Packet", "Opened (UTC)", "State", "Statements"],
        [[str(row.packet_id), f"{row.opened_at:%Y-%m-%d %H:%M}", row.state, str(len(row.statements))] for row in rows],
    )


@packet.command("reissue")
@click.argument("packet_id", type=click.UUID)
@click.option("--no-wait", is_flag=True, help="Do not wait until the statements can be signed.")
@person_options
@json_option
def reissue(packet_id: UUID, no_wait: bool, username: str | None, password_file: str | None, as_json: bool) -> None:
    """Ask again for what failed or was made void, on the forms now in force."""
    site = opened()
    from flows import intake
    from register.vocabulary import StaffRole

    by = authenticated(Claimed(username, password_file), StaffRole.INTAKE)
    asked = intake.reissue(site, packet_id, by=by)
    _tell(asked if no_wait else wait(site, asked.packet_id, quiet=as_json), as_json=as_json)


@packet.command("withdraw")
@click.argument("packet_id", type=click.UUID)
@person_options
@json_option
def withdraw(packet_id: UUID, username: str | None, password_file: str | None, as_json: bool) -> None:
    """Give up a packet that was not issued yet; its statements become void."""
    opened()
    from flows.site import now
    from register import packets
    from register.vocabulary import StaffRole

    by = authenticated(Claimed(username, password_file), StaffRole.INTAKE)
    _tell(packets.withdraw(packet_id, by=by, now=now()), as_json=as_json)


def wait(site: Site, packet_id: UUID, *, quiet: bool) -> Packet:
    """Watch a packet until it is issued or failed, a minute at most; says so where no worker is running."""
    from flows.supervisor import status
    from register import packets
    from rules.vocabulary import PacketState, StatementState

    if status(site.configuration.run).get("worker") is None:
        click.echo("The request is taken. No worker is running here: start `confide serve`.", err=True)
        return packets.show(packet_id)
    until = time.monotonic() + WAIT_SECONDS
    with progress(None, "Issuing", quiet=quiet) as step:
        while True:
            now = packets.show(packet_id)
            done = sum(row.state is not StatementState.DRAFT for row in now.statements)
            step(done, f"{done} of {len(now.statements)}")
            if now.state in (PacketState.ISSUED, PacketState.FAILED) or time.monotonic() > until:
                return now
            time.sleep(POLL_SECONDS)


def _tell(told: Packet, *, as_json: bool) -> None:
    from register import organizations, statements
    from rules.vocabulary import PacketState

    if as_json:
        answer(told, "", as_json=True)
    else:
        click.echo(f"Packet {told.packet_id}: {told.state}")
        names = {row.organization_id: row.legal_name for row in organizations.listing(including_retired=True)}
        table(
            ["Statement", "Id", "Form", "Organization", "State", "Signed", "Waits for", "Proof"],
            [
                [
                    row.ref,
                    str(row.statement_id),
                    f"{row.form_id} ({row.language})",
                    names[row.organization_id] if row.organization_id else "—",
                    row.state,
                    ", ".join(row.signed) or "—",
                    ", ".join(statements.waits_for(row)) or "—",
                    row.proof.replace("_", " "),
                ]
                for row in told.statements
            ],
        )
        for line in _failures(told):
            click.echo(line)
    if told.state is PacketState.FAILED:
        sys.exit(ExitCode.CONFLICT)


def _failures(told: Packet) -> list[str]:
    from rules.vocabulary import PacketState

    lines = []
    if told.failed_step and told.state is not PacketState.ISSUED:
        again = (
            "it is tried again" if told.state is not PacketState.FAILED else f"confide packet reissue {told.packet_id}"
        )
        what = STEP.get(told.failed_step, told.failed_step)
        lines.append(f"Failed at {what} ({told.failed_step}), code {told.failed_code}, try {told.attempts}. → {again}")
    for row in told.statements:
        if row.sealing_failed_step:
            what = STEP.get(row.sealing_failed_step, row.sealing_failed_step)
            lines.append(
                f"{row.ref}: sealing failed at {what}, code {row.sealing_failed_code}, try {row.sealing_attempts}."
            )
    return lines


def _asked(site: Site, by: Person, *, interpreter: bool) -> dict[str, Any]:
    """Ask for a packet question by question."""
    from register import organizations
    from rules.vocabulary import Language

    languages = [each.value for each in Language]
    told: dict[str, Any] = {
        "client": ask.prompt("Client id (confide client find)"),
        "language": ask.choose("Language of the client", languages, default="en"),
        "statements": [],
    }
    interpreted = {"interpreter_name": ask.prompt_filled("Name of the interpreter")} if interpreter else {}
    signers = WhoSigns(site, ask.given_id(told["client"], "Client id"), by)
    known = organizations.listing()
    papers = {form.id: form for form in site.catalog if form.signers and not form.family.discloses}
    while True:
        what = ask.choose("For an organization, or a paper that shares nothing", ["organization", *papers])
        language = ask.choose("Language", languages, default=told["language"])
        if what in papers:
            wish = _paper(papers[what], language) | signers.of_paper()
        else:
            wish = _wish(site, known, language) | signers.of_statement()
        told["statements"].append(wish | interpreted)
        if not click.confirm("Another organization or paper", err=True):
            return told


def _wish(site: Site, known: Sequence[Organization], language: str) -> dict[str, Any]:
    """A statement for one organization; which form it needs follows from the answers, and is told with the reason."""
    from flows import intake
    from rules.vocabulary import CRIMINAL_JUSTICE_KINDS, Family, InformationCategory, PurposeCode

    click.echo("Receiving organization:", err=True)
    for number, row in enumerate(known, start=1):
        click.echo(f"  {number:3} {row.legal_name}{' · ' + row.unit if row.unit else ''}", err=True)
    chosen = known[int(ask.choose("Number", [str(number) for number in range(1, len(known) + 1)])) - 1]
    categories = ask.several("What may be shared", [each.value for each in InformationCategory])
    purposes = ask.several("Why", [each.value for each in PurposeCode])
    wish: dict[str, Any] = {
        "organization": str(chosen.organization_id),
        "language": language,
        "categories": categories,
        "purposes": purposes,
        "purpose_text": ask.prompt("Why, in the client's words (may be empty)", default=""),
    }
    if chosen.kind in CRIMINAL_JUSTICE_KINDS and click.confirm(
        "Is there an order or condition to take part in a program", err=True
    ):
        wish["mandate"] = _mandate()
    choice = intake.needed(
        chosen.organization_id,
        categories=[InformationCategory(each) for each in categories],
        purposes=[PurposeCode(each) for each in purposes],
        mandated_here=bool(wish.get("mandate", {}).get("this_program")),
    )
    forms = [form.id for form in intake.forms_of(site, choice)]
    if forms:
        wish["form"] = forms[0] if len(forms) == 1 else ask.choose("Form", forms)
    click.echo(f"Form: {wish.get('form', 'none is published')}. {choice.why} ({choice.authority})", err=True)
    wish["expires"] = _moment("Until when")
    if choice.family is Family.CRIMINAL_JUSTICE:
        wish["revocable_from"] = _moment("May be revoked from")
    return wish


def _mandate() -> dict[str, Any]:
    from rules.vocabulary import MandateKind

    return {
        "kind": ask.choose("Mandate", [each.value for each in MandateKind]),
        "body": ask.prompt("Mandating body (an organization)"),
        "reference": ask.prompt("Docket or supervision number"),
        "ordered_on": ask.prompt("Ordered on (YYYY-MM-DD)"),
        "final_disposition_expected": ask.prompt("Final disposition expected on (may be empty)", default="") or None,
        "this_program": click.confirm("Is it to take part in this very program", err=True),
    }


def _paper(form: Form, language: str) -> dict[str, Any]:
    """What a paper that shares nothing is about."""
    from rules.vocabulary import Family, GroupKind

    wish: dict[str, Any] = {"form": form.id, "language": language}
    if form.family is Family.REVOCATION:
        wish["about"] = ask.prompt("Short id of the statement that is canceled, as printed on it")
    if form.family is Family.GROUP_AGREEMENT:
        wish["group"] = {
            "kind": ask.choose("For", [each.value for each in GroupKind]),
            "name": ask.prompt("Name of the group, never a person's (may be empty)", default=""),
            "keeps_private": click.confirm("Do staff keep what one tells them alone from the others", err=True),
        }
    return wish


def _moment(question: str) -> dict[str, str]:
    given = ask.prompt(f"{question} (YYYY-MM-DD, or an event in words)")
    return {"date": given} if given[:4].isdigit() else {"event": given}
