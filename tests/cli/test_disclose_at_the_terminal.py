"""Sharing at the terminal: judged now, written down first, and told in words a clerk can act on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from cli.exit_code import ExitCode
from register.vocabulary import ObjectArea
from rules.draft import Authority
from rules.notices import redisclosure_notice
from rules.vocabulary import AuthorityPaper, Family, Proof, SignerCapacity, SignerRole
from tests.notices import new_yorks_notice
from tests.register.conftest import DISCLOSURE

if TYPE_CHECKING:
    from tests.cli.conftest import Terminal

CALL: dict[str, Any] = {
    "categories": ["attendance"],
    "purpose": "housing_placement",
    "method": "spoken",
    "received_by": "Hana Housing",
    "description": "that he came to every session of October",
    "scope_told": True,
}


def shared(terminal: Terminal) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = terminal.told("client", "disclosures", str(terminal.world.ids.client), by="intake")
    return told


def test_a_call_is_written_down_first_and_the_notice_is_read_out(terminal: Terminal) -> None:
    ref = terminal.world.activated().ref
    said = terminal.run("disclose", ref, by="intake", told=CALL)
    assert redisclosure_notice(2).text in said
    assert "Hana" not in said
    (line,) = shared(terminal)
    assert (line["received_by"], line["statement_ref"], line["disclosure"]["method"]) == ("Hana Housing", ref, "spoken")
    assert "Shared 1 time" in terminal.run("statement", "show", ref)


def on_hiv_information(terminal: Terminal, unit: str) -> str:
    """A statement in force on HIV information, of a unit of this class; its short id."""
    from register import agency
    from rules.vocabulary import InformationCategory, ProgramClass

    world = terminal.world
    agency.classify(frozenset({ProgramClass(unit)}), by=world.administrator, now=world.now)
    form = replace(DISCLOSURE, form_id="disclosure-protected", family=Family.HIV)
    return str(world.activated(world.ask(form=form, categories=(InformationCategory.HIV_INFORMATION,))).ref)


@pytest.mark.parametrize("unit", ["part2_program", "ethics_only"])
def test_a_call_about_hiv_information_begins_with_the_states_notice_whoever_calls(
    terminal: Terminal, unit: str
) -> None:
    ref = on_hiv_information(terminal, unit)
    call = {**CALL, "categories": ["hiv_information"], "purpose": "housing_placement"}
    said = terminal.run("disclose", ref, by="intake", told=call)
    assert new_yorks_notice() in said
    assert (redisclosure_notice(2).text in said) is (unit == "part2_program")
    assert f"confide notice {ref}" in said
    assert len(shared(terminal)) == 1


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        ({"categories": ["diagnosis"]}, ExitCode.REFUSED, "send less"),
        ({"purpose": "funder_reporting"}, ExitCode.REFUSED, "another purpose"),
        ({"received_by": ""}, ExitCode.REFUSED, "V18"),
        ({"scope_told": False}, ExitCode.REFUSED, "V17"),
        ({"categories": ["gossip"]}, ExitCode.INPUT, "Use one of"),
        ({"method": "pigeon"}, ExitCode.INPUT, "Use one of"),
        ({"items": 0}, ExitCode.INPUT, "items"),
        ({"records_from": "soon"}, ExitCode.INPUT, "records_from"),
        ({"recieved_by": "x"}, ExitCode.INPUT, "Known:"),
    ],
)
def test_what_may_not_go_or_cannot_be_read_is_told_and_nothing_is_written(
    terminal: Terminal,
    change: dict[str, Any],
    code: ExitCode,
    says: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ref = terminal.world.activated().ref
    said = terminal.run("disclose", ref, by="intake", told={**CALL, **change}, code=code)
    assert says in said + capsys.readouterr().err
    assert shared(terminal) == []


def test_asking_whether_it_may_go_writes_nothing(terminal: Terminal) -> None:
    ref = terminal.world.activated().ref
    assert "let this go" in terminal.run("disclose", ref, "--check", by="intake", told=CALL)
    more = {**CALL, "categories": ["diagnosis"]}
    assert "V16" in terminal.run("disclose", ref, "--check", by="intake", told=more, code=ExitCode.REFUSED)
    assert shared(terminal) == []


def test_nothing_goes_on_a_statement_that_was_taken_back(terminal: Terminal) -> None:
    ref = terminal.world.activated().ref
    terminal.run("disclose", ref, by="intake", told=CALL)
    terminal.run("statement", "revoke", ref, by="intake", told={"reason": "a letter"})
    terminal.run("disclose", ref, by="intake", told=CALL, code=ExitCode.REFUSED)
    assert len(shared(terminal)) == 1, "what was shared before stands written down"


def test_papers_on_records_of_no_part_2_program_carry_the_statement_and_no_notice(terminal: Terminal) -> None:
    from register import agency
    from rules.vocabulary import ProgramClass

    agency.classify(frozenset({ProgramClass.ETHICS_ONLY}), by=terminal.world.administrator, now=terminal.world.now)
    ref = terminal.world.activated().ref
    told = terminal.told("disclose", ref, by="intake", told={**CALL, "method": "paper", "items": 2})
    assert [path.rsplit("/", 1)[-1] for path in told["papers"]] == [f"disclosure-{ref}.pdf"]
    assert told["read_out"] == ""
    assert told["disclosure"]["items"] == 2


def test_a_merged_organization_waits_for_counsel_and_the_successor_is_named(terminal: Terminal) -> None:
    world = terminal.world
    ref = world.activated().ref
    new = terminal.told("org", "add", by="intake", told={"legal_name": "Albany Homes", "kind": "housing"})
    old, successor = str(world.ids.housing), str(new["organization_id"])
    assert "confide org changed" in terminal.run("org", "retire", old, "--successor", successor, by="admin")
    assert ref in terminal.run("org", "changed")
    to_new = {**CALL, "organization": successor}
    terminal.run("disclose", ref, by="intake", told=to_new, code=ExitCode.REFUSED)
    why = {"reason": "the authority took over every contract and every file"}
    terminal.run("org", "carry-over", old, successor, by="admin", told=why, code=ExitCode.NOT_ALLOWED)
    terminal.run("org", "carry-over", old, successor, by="counsel", told=why)
    assert "No statement waits" in terminal.run("org", "changed")
    terminal.run("disclose", ref, by="intake", told=CALL, code=ExitCode.REFUSED)
    terminal.run("disclose", ref, by="intake", told=to_new)


def test_a_copy_goes_to_who_signed_for_the_client_when_their_paper_is_on_file_and_to_no_other(
    terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    from register import signings, statements

    world = terminal.world
    seen = Authority(
        paper=AuthorityPaper.LETTERS,
        issued_by="Albany County Surrogate's Court",
        reference="2026-114",
        seen_on=world.now.date(),
    )
    guarded = world.ask(capacity=SignerCapacity.GUARDIAN, representative_name="Gabriela Guardian", authority=seen)
    shown = world.presented(guarded)
    act = world.act(shown, SignerRole.CLIENT, capacity=SignerCapacity.GUARDIAN)
    signed = signings.record(
        world.vault, act, world.document(), consent_in_force="2026.11", staff=world.intake, now=world.now
    )
    witnessed = world.act(signed, SignerRole.WITNESS, capacity=SignerCapacity.GUARDIAN)
    signings.record(
        world.vault, witnessed, world.document(), consent_in_force="2026.11", staff=world.witness, now=world.now
    )
    claim = statements.claim_sealing("sealer", lease_seconds=60, now=world.now)
    assert claim is not None
    statements.activate(
        claim.claimed_id,
        holder="sealer",
        document=world.document(ObjectArea.RECORDS),
        proof=Proof.SEALED,
        retain_until=None,
        now=world.now,
    )
    terminal.run("copy", shown.ref, "--to-representative", by="intake")
    own = world.activated()
    terminal.run("copy", own.ref, "--to-representative", by="intake", code=ExitCode.REFUSED)
    assert "authority on file" in capsys.readouterr().err
    terminal.run("copy", own.ref, by="intake")


@pytest.mark.real
@pytest.mark.parametrize("unit", ["part2_program", "ethics_only"])
def test_papers_on_hiv_information_carry_the_states_notice_word_for_word_whoever_sends_them(
    terminal: Terminal, unit: str
) -> None:
    from templates.text import extract

    ref = on_hiv_information(terminal, unit)
    told = terminal.told(
        "disclose", ref, by="intake", told={**CALL, "categories": ["hiv_information"], "method": "paper"}
    )
    notice, statement = told["papers"]
    assert statement.endswith(f"disclosure-protected-{ref}.pdf")
    with open(notice, "rb") as file:  # noqa: PTH123 - the paths are the verb's own answer
        said = " ".join("\n".join(extract(file.read()).pages).split())
    assert new_yorks_notice() in said
    assert (" ".join(redisclosure_notice(1).text.split()) in said) is (unit == "part2_program")
    assert terminal.world.NAME not in said


@pytest.mark.real
def test_papers_on_part_2_records_carry_the_notice_word_for_word_and_the_statement(terminal: Terminal) -> None:
    from templates.text import extract

    ref = terminal.world.activated().ref
    told = terminal.told("disclose", ref, by="intake", told={**CALL, "method": "paper", "items": 3})
    notice, statement = told["papers"]
    assert [path.rsplit("/", 1)[-1] for path in told["papers"]] == [
        f"accompanying-notice-{ref}.pdf",
        f"disclosure-{ref}.pdf",
    ]
    with open(notice, "rb") as file:  # noqa: PTH123 - the paths are the verb's own answer
        said = " ".join("\n".join(extract(file.read()).pages).split())
    assert " ".join(redisclosure_notice(1).text.split()) in said
    assert terminal.world.NAME not in said
    assert statement.endswith(".pdf")
