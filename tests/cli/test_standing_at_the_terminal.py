"""Every end and every pause of a statement has a door, and each door asks who is there and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cli.exit_code import ExitCode
from rules.draft import Expiry, Revocable
from rules.vocabulary import StatementState
from tests.register.test_standing import criminal_justice

if TYPE_CHECKING:
    from tests.cli.conftest import Terminal

WHY = {"reason": "a letter of November 20, in the client's own hand"}


def state(terminal: Terminal, ref: str) -> str:
    return str(terminal.told("statement", "show", ref)["statement"]["state"])


def doctor_on_statements(terminal: Terminal) -> list[dict[str, str]]:
    """What the doctor's look at statements finds; the whole round starts processes and takes long."""
    from dataclasses import asdict

    from flows.examination import _statements
    from flows.site import Site

    return [asdict(line) for line in _statements(Site(terminal.world.settings))]


def test_a_spoken_request_stops_sharing_and_a_writing_takes_it_back(terminal: Terminal) -> None:
    ref = terminal.world.activated().ref
    assert "Nothing" not in terminal.run("statement", "show", ref)
    assert "suspended" in terminal.run("statement", "suspend", ref, by="intake")
    assert "not in effect" in terminal.run("statement", "show", ref)
    terminal.run("statement", "resume", ref, by="intake", told={"reason": " "}, code=ExitCode.CONFLICT)
    terminal.run("statement", "resume", ref, by="intake", told={}, code=ExitCode.INPUT)
    assert state(terminal, ref) == "suspended"
    terminal.run("statement", "resume", ref, by="intake", told=WHY)
    assert state(terminal, ref) == "active"


def test_a_letter_revokes_and_nothing_brings_it_back(terminal: Terminal) -> None:
    ref = terminal.world.activated().ref
    assert "revoked" in terminal.run("statement", "revoke", ref, by="intake", told=WHY)
    for verb in ("resume", "revoke"):
        terminal.run("statement", verb, ref, by="intake", told=WHY, code=ExitCode.CONFLICT)
    terminal.run("statement", "suspend", ref, by="intake", code=ExitCode.CONFLICT)
    terminal.run("statement", "mark", ref, "known-false", by="intake", told=WHY, code=ExitCode.CONFLICT)
    assert state(terminal, ref) == "revoked"


def test_a_letter_before_its_time_waits_for_counsel_and_for_nobody_else(terminal: Terminal) -> None:
    ref = terminal.world.activated(criminal_justice(terminal.world, Revocable(event="the case closes"))).ref
    said = terminal.run("statement", "revoke", ref, by="intake", told=WHY)
    assert "revocation requested" in said
    assert "confide statement decide" in said
    found = [line for line in doctor_on_statements(terminal) if ref in line["sentence"]]
    assert [line["level"] for line in found] == ["problem"]
    terminal.run("statement", "decide", ref, "--stands", by="intake", told=WHY, code=ExitCode.NOT_ALLOWED)
    terminal.run("statement", "decide", ref, "--stands", by="counsel", told=WHY)
    assert state(terminal, ref) == "active"
    terminal.run("statement", "revoke", ref, by="intake", told=WHY)
    terminal.run("statement", "decide", ref, "--revoked", by="counsel", told=WHY)
    assert state(terminal, ref) == "revoked"


def test_reasons_are_shown_to_who_says_who_they_are_and_the_look_is_written_down(terminal: Terminal) -> None:
    from register import audit

    ref = terminal.world.activated().ref
    terminal.run("statement", "mark", ref, "known-false", by="counsel", told=WHY)
    assert "letter" not in terminal.run("statement", "show", ref)
    terminal.run("statement", "show", ref, "--why", by="admin", code=ExitCode.NOT_ALLOWED)
    moves = terminal.told("statement", "show", ref, "--why", by="intake")["moves"]
    assert (moves[-1]["reason"], moves[-1]["actor"], moves[-1]["target"]) == (WHY["reason"], "counsel", "known_false")
    assert audit.entries(limit=1)[0].verb.value == "reasons_seen"


def test_an_event_ends_a_statement_when_somebody_saw_it_and_only_one_that_names_an_event(terminal: Terminal) -> None:
    world = terminal.world
    dated, open_ended = (
        world.activated().ref,
        world.activated(world.ask(expiry=Expiry(event="the lease is signed"))).ref,
    )
    terminal.run("statement", "mark", dated, "ended", by="intake", told=WHY, code=ExitCode.CONFLICT)
    terminal.run("statement", "mark", open_ended, "ended", by="intake", told=WHY)
    assert [state(terminal, ref) for ref in (dated, open_ended)] == ["active", "expired"]


def test_a_newer_statement_takes_the_place_of_an_older_one_to_the_same_organization_only(terminal: Terminal) -> None:
    world = terminal.world
    older = world.activated().ref
    world.later(hours=1)
    other, newer = world.activated(world.ask(world.ids.doccs)).ref, world.activated().ref
    for wrong in (other, older):
        terminal.run("statement", "supersede", older, "--with", wrong, by="intake", code=ExitCode.CONFLICT)
    terminal.run("statement", "supersede", newer, "--with", older, by="intake", code=ExitCode.CONFLICT)
    terminal.run("statement", "supersede", older, "--with", newer, by="intake")
    assert [state(terminal, ref) for ref in (older, newer, other)] == ["superseded", "active", "active"]


def test_what_is_not_signed_is_declined_or_taken_back_and_what_is_signed_is_not(terminal: Terminal) -> None:
    world = terminal.world
    first, second, active = world.presented().ref, world.presented().ref, world.activated().ref
    terminal.run("statement", "decline", first, by="intake")
    terminal.run("statement", "withdraw", second, "--because", "wrong_content", by="intake")
    terminal.run("statement", "decline", active, by="intake", code=ExitCode.CONFLICT)
    terminal.run("statement", "withdraw", active, "--because", "client_asked", by="intake", code=ExitCode.CONFLICT)
    assert [state(terminal, ref) for ref in (first, second, active)] == ["declined", "void", "active"]


def test_a_packet_that_waits_is_given_up_and_one_that_was_issued_is_not(terminal: Terminal) -> None:
    world = terminal.world
    issued, waiting = world.presented(), world.opened()
    terminal.run("packet", "withdraw", str(issued.packet_id), by="intake", code=ExitCode.CONFLICT)
    told = terminal.told("packet", "withdraw", str(waiting.packet_id), by="intake")
    assert told["state"] == "withdrawn"
    assert {row["state"] for row in told["statements"]} == {StatementState.VOID.value}


@pytest.mark.parametrize("verb", [("suspend",), ("decline",), ("withdraw", "--because", "client_asked")])
def test_nobody_acts_on_a_statement_without_saying_who_they_are(terminal: Terminal, verb: tuple[str, ...]) -> None:
    ref = terminal.world.activated().ref
    terminal.run("statement", verb[0], ref, *verb[1:], code=ExitCode.INPUT)
    assert state(terminal, ref) == "active"


def test_a_statement_that_is_not_there_is_told_so(terminal: Terminal) -> None:
    terminal.run("statement", "show", "AAAA-BBBB-CCCC", code=ExitCode.NOT_FOUND)
