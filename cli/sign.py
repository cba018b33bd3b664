"""`confide sign`: the ceremony at the terminal: the client, a parent or guardian where both must sign, an interpreter
where the form has a place for one, the witness."""

from __future__ import annotations

import socket
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli import ask
from cli.copy import private_file, refuse_inside, refuse_taken
from cli.doors import opened, statement_id
from cli.exit_code import ExitCode
from cli.failure import CommandError
from cli.output import answer, json_option, progress, warn
from cli.person import Claimed, authenticated, person_options

if TYPE_CHECKING:
    from flows.ceremony import Hand, Shown
    from flows.site import Site
    from register.facts import Person


@click.command()
@click.argument("statement")
@click.option(
    "--role",
    type=click.Choice(["client", "representative", "interpreter", "witness"]),
    required=True,
    help="Who signs.",
)
@click.option(
    "--ink", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="The signature as drawn, PNG."
)
@click.option("--typed", is_flag=True, help="The name, typed and adopted as the signature.")
@click.option("--mark", is_flag=True, help="A mark (X) of somebody who cannot write, made before the witness.")
@click.option(
    "--show", "show_to", type=click.Path(dir_okay=False, path_type=Path), help="Write the document here to be read."
)
@click.option("--identified", "identified_how", help="How the signer was identified.")
@click.option(
    "--read-and-agreed", is_flag=True, help="The signer read every page, was offered paper and agreed to sign here."
)
@click.option("--access-code", help="The code the client read in the agreement on electronic records itself.")
@click.option("--device", default=None, help="Name of this desk or kiosk; never a person's.")
@person_options
@json_option
def sign(
    statement: str,
    role: str,
    ink: Path | None,
    typed: bool,
    mark: bool,
    show_to: Path | None,
    identified_how: str | None,
    read_and_agreed: bool,
    access_code: str | None,
    device: str | None,
    username: str | None,
    password_file: str | None,
    as_json: bool,
) -> None:
    """Sign one statement: as client, representative or interpreter, with you conducting, or as the witness, yourself.

    STATEMENT is its id, or the short id printed on the paper. A representative signs only where a minor and a parent or
    guardian must both sign; who signs in the client's place signs as the client. An interpreter signs only where the
    packet names one and the form has a place for it; with the forms that ship, the paper names the interpreter.

    The last signature puts the statement into the queue for the organization's seal.
    """
    site = opened()
    from flows import ceremony, intake
    from flows.bell import ring
    from register.vocabulary import SealingState, StaffRole
    from rules.vocabulary import Family, IdentifiedHow, SignerRole

    hand = _hand(ink, typed, mark)
    needed = StaffRole.WITNESS if role == "witness" else StaffRole.INTAKE
    by = authenticated(Claimed(username, password_file), needed)
    shown = ceremony.show(site, statement_id(statement))
    # told before anything is signed; whether to go on is the client's and the conductor's to say
    warned = intake.unacknowledged(site, shown.statement.statement_id) if role == "client" else ()
    for finding in warned:
        warn(f"{shown.statement.ref}, {finding.field}", finding)
    if role != "witness":
        if show_to is not None:
            _show(site, shown, show_to, by)
        _agree(read_and_agreed)
        how = identified_how or ask.choose(f"How was the {role} identified", [each.value for each in IdentifiedHow])
        ask.one_of(how, [each.value for each in IdentifiedHow], "way of identifying")
        agrees = role != "interpreter"
        if agrees and shown.statement.family is Family.ELECTRONIC_RECORDS and access_code is None:
            access_code = ask.prompt("The code that the client reads in the document")
        circumstances = ceremony.client_circumstances(
            shown,
            identified_how=IdentifiedHow(how),
            device=device or socket.gethostname(),
            access_code=access_code or "",
        )
    else:
        circumstances = ceremony.witness_circumstances(shown, device=device or socket.gethostname())
    _ = site.authority  # whoever must type the PIN of a token does so before anything moves on the screen
    with progress(None, "Signing", quiet=as_json):
        after = ceremony.sign(site, shown, role=SignerRole(role), hand=hand, circumstances=circumstances, by=by)
    if after.sealing is SealingState.REQUESTED:
        ring(site.configuration)
    line = f"{after.ref}: signed by the {role}."
    if after.sealing is SealingState.REQUESTED:
        line += " Everybody has signed; the organization's seal follows."
    answer({**asdict(after), "warnings": warned}, line, as_json=as_json)


def _hand(ink: Path | None, typed: bool, mark: bool) -> Hand:
    from flows.ceremony import Hand
    from rules.vocabulary import InkKind

    if sum((ink is not None, typed, mark)) != 1:
        raise CommandError(
            ExitCode.USAGE, "A signature is drawn, typed or a mark.", "Give one of --ink, --typed, --mark."
        )
    if ink is not None:
        return Hand(ink=InkKind.DRAWN, drawing=ink.read_bytes())
    return Hand(ink=InkKind.TYPED if typed else InkKind.MARK)


def _show(site: Site, shown: Shown, path: Path, by: Person) -> None:
    """Put the document into a file for the signer to read; who had it shown is written down first."""
    from flows.site import now
    from register import signings

    kept = (site.configuration.home, site.configuration.keys, site.configuration.records_path)
    refuse_inside(path, *kept, option="--show")
    refuse_taken(path)
    signings.shown_in_a_file(shown.statement.statement_id, shown.sha256, by=by, now=now())
    private_file(path, shown.pdf)
    click.echo(f"The document is at {path}; let the signer read every page.", err=True)


def _agree(agreed: bool) -> None:
    """Whoever agrees reads before signing: from a file on their screen or on paper, and says so."""
    if agreed:
        return
    ask.require_terminal()
    question = "The signer has read every page, was offered paper, and agrees to sign on a screen"
    if not click.confirm(question, err=True):
        raise CommandError(ExitCode.REFUSED, "Nobody signs what they did not read.", "Use paper, or another day.")
