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
    from rules.vocabulary import IdentifiedHow, ReadOn


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
    "--read-and-agreed",
    is_flag=True,
    help="The signer read every page in the file of an earlier --show, was offered paper and agreed to sign here.",
)
@click.option("--read-on-paper", is_flag=True, help="The same, but read as printed: no file of --show is asked for.")
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
    read_on_paper: bool,
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

    With --show and no signature the document is only put into a file to be read, and that is written down; it can be
    signed afterwards. What it was read on, that file or paper, is kept with the signature.

    The last signature puts the statement into the queue for the organization's seal.
    """
    site = opened()
    from flows import ceremony, intake
    from flows.bell import ring
    from register.vocabulary import SealingState, StaffRole
    from rules.vocabulary import SignerRole

    only_shown = show_to is not None and not (ink or typed or mark)
    hand = None if only_shown else _hand(ink, typed, mark)
    if read_and_agreed and show_to is not None:
        raise CommandError(
            ExitCode.USAGE,
            "Nobody has read a file that is only now written.",
            "Give --show first, without a signature; --read-and-agreed once it was read.",
        )
    needed = StaffRole.WITNESS if role == "witness" else StaffRole.INTAKE
    by = authenticated(Claimed(username, password_file), needed)
    shown = ceremony.show(site, statement_id(statement))
    if show_to is not None:
        _show(site, shown, show_to, by)
    if hand is None:
        answer({"ref": shown.statement.ref, "path": str(show_to), "sha256": shown.sha256}, [], as_json=as_json)
        return
    # told before anything is signed; whether to go on is the client's and the conductor's to say
    warned = intake.unacknowledged(site, shown.statement.statement_id) if role == "client" else ()
    for finding in warned:
        warn(f"{shown.statement.ref}, {finding.field}", finding)
    desk = device or socket.gethostname()
    if role == "witness":
        circumstances = ceremony.witness_circumstances(shown, device=desk)
    else:
        read_on = _read(shown, read_and_agreed, read_on_paper)
        circumstances = ceremony.client_circumstances(
            shown,
            identified_how=_identified(role, identified_how),
            read_on=read_on,
            device=desk,
            access_code=_code(shown, role, access_code),
        )
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


def _identified(role: str, how: str | None) -> IdentifiedHow:
    from rules.vocabulary import IdentifiedHow

    ways = [each.value for each in IdentifiedHow]
    how = how or ask.choose(f"How was the {role} identified", ways)
    ask.one_of(how, ways, "way of identifying")
    return IdentifiedHow(how)


def _code(shown: Shown, role: str, code: str | None) -> str:
    """The code printed in the agreement on electronic records; an interpreter agrees to nothing for the client."""
    from rules.vocabulary import Family

    if code is None and role != "interpreter" and shown.statement.family is Family.ELECTRONIC_RECORDS:
        code = ask.prompt("The code that the client reads in the document")
    return code or ""


def _read(shown: Shown, in_the_file: bool, on_paper: bool) -> ReadOn:
    """Whoever agrees reads before signing, from a file on their screen or on paper; who conducts says which."""
    from register import signings
    from rules.vocabulary import ReadOn

    if in_the_file and on_paper:
        raise CommandError(
            ExitCode.USAGE,
            "The signer read one of the two: the file or paper.",
            "Give --read-and-agreed or --read-on-paper.",
        )
    if in_the_file or on_paper:
        return ReadOn.PAPER if on_paper else ReadOn.FILE
    ask.require_terminal()
    in_the_file = signings.was_shown_in_a_file(shown.statement.statement_id, shown.sha256)
    where = "in the file" if in_the_file else "on paper (there is no file: --show writes one)"
    question = f"The signer has read every page {where}, was offered paper, and agrees to sign on a screen"
    if not click.confirm(question, err=True):
        raise CommandError(ExitCode.REFUSED, "Nobody signs what they did not read.", "Use paper, or another day.")
    return ReadOn.FILE if in_the_file else ReadOn.PAPER
