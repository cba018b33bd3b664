"""What a clerk is asked, question by question: no knowledge of forms or families is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from cli import ask
from cli.main import confide
from register.errors import RegisterError
from tests.register.conftest import PASSWORD

if TYPE_CHECKING:
    from tests.cli.conftest import Terminal


@pytest.fixture
def sitting(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Somebody sits there: answers come line by line."""
    monkeypatch.setattr(ask, "require_terminal", lambda: None)
    (terminal.room / "password").write_text(f"{PASSWORD}\n")
    return terminal


def answered(sitting: Terminal, *words: str, answers: list[str]) -> Result:
    signed_in = ["--as", "intake", "--password-file", str(sitting.room / "password")]
    return CliRunner().invoke(confide, [*words, *signed_in], input="\n".join(answers) + "\n")


def number_of(sitting: Terminal, name: str) -> str:
    from register import organizations

    names = [row.legal_name for row in organizations.listing()]
    return str(names.index(name) + 1)


def test_an_organization_what_and_why_are_enough_to_open_a_packet(sitting: Terminal) -> None:
    from register import packets

    housing = number_of(sitting, "Albany County Housing Authority")
    told = answered(
        sitting,
        "packet",
        "open",
        "--no-wait",
        answers=[
            str(sitting.world.ids.client), "en", "organization", "en", housing, "housing, income",
            "housing_placement", "", "the day I move in", "", "n",
        ],
    )  # fmt: skip
    assert told.exit_code == 0, told.output
    assert "Form: disclosure." in told.output
    assert "V21" in told.output, "the forms were read by no counsel, and that is said"
    (packet,) = packets.listing(client_id=sitting.world.ids.client)
    assert [row.form_id for row in packet.statements] == ["privacy-acknowledgment", "disclosure"]


def test_a_mandate_to_take_part_here_brings_the_form_of_2_35_and_its_questions(sitting: Terminal) -> None:
    from register import packets

    probation = number_of(sitting, "Albany County Probation Department")
    told = answered(
        sitting,
        "packet",
        "open",
        "--no-wait",
        answers=[
            str(sitting.world.ids.client), "en", "organization", "es", probation, "attendance", "supervision", "", "y",
            "probation_condition", "Albany County Court", "IND-2026-114", "2026-10-01", "", "y",
            "el tribunal cierra mi caso", "el tribunal cierra mi caso", "", "n",
        ],
    )  # fmt: skip
    assert told.exit_code == 0, told.output
    assert "42 CFR 2.35" in told.output
    (packet,) = packets.listing(client_id=sitting.world.ids.client)
    assert packet.statements[-1].form_id == "disclosure-supervision"


def test_a_client_of_age_is_asked_one_thing_of_who_signs_for_the_whole_sitting(sitting: Terminal) -> None:
    from register import audit

    housing = number_of(sitting, "Albany County Housing Authority")
    told = answered(
        sitting,
        "packet",
        "open",
        "--no-wait",
        answers=[
            str(sitting.world.ids.client), "en", "organization", "en", housing, "housing", "housing_placement", "",
            "2027-03-03", "", "y", "privacy-acknowledgment", "en", "n",
        ],
    )  # fmt: skip
    assert told.exit_code == 0, told.output
    assert told.output.count("Who signs") == 1
    assert "minor" not in told.output
    looked = [row.verb for row in audit.entries()]
    assert looked.count("identity_seen") == 1, "that somebody learned the age is written down"


def asked_of_a_minor(sitting: Terminal, *who_signs: str) -> list[str]:
    housing = number_of(sitting, "Albany County Housing Authority")
    wish = ["organization", "en", housing, "housing", "housing_placement", "", "2027-03-03"]
    return [str(sitting.world.minor()), "en", *wish, *who_signs, "n"]


def test_a_minor_and_a_parent_are_asked_for_and_both_sign(sitting: Terminal) -> None:
    from register import packets, statements

    parent = ["parent_must_join", "parent", "Rosa Quetzalito", "birth_record", "City of Rochester", "2010-417"]
    answers = asked_of_a_minor(sitting, *parent, "2026-11-01")
    told = answered(sitting, "packet", "open", "--no-wait", answers=answers)
    assert told.exit_code == 0, told.output
    assert "The client is a minor (42 CFR 2.14; NY MHL 22.11)." in told.output
    (packet,) = packets.listing()
    row = packet.statements[-1]
    assert row.signers == ("org_cert", "client", "representative", "witness", "org_seal")
    draft = statements.draft(sitting.world.vault, row.statement_id, by=sitting.world.intake, now=sitting.world.now)
    assert (draft.representative_name, draft.capacity, draft.authority and draft.authority.reference) == (
        "Rosa Quetzalito",
        "parent",
        "2010-417",
    )
    assert packet.statements[0].signers == ("org_cert", "client", "witness", "org_seal"), "a minor reads it alone"


def test_a_minor_who_may_consent_alone_signs_alone_and_no_parent_is_asked_for(sitting: Terminal) -> None:
    from register import packets

    answers = asked_of_a_minor(sitting, "may_consent_alone")
    told = answered(sitting, "packet", "open", "--no-wait", answers=answers)
    assert told.exit_code == 0, told.output
    assert "Name of the" not in told.output
    (packet,) = packets.listing()
    assert packet.statements[-1].signers == ("org_cert", "client", "witness", "org_seal")


def test_a_paper_nobody_can_have_seen_is_told_with_the_rule_and_asked_for_again(sitting: Terminal) -> None:
    from register import packets

    parent = ["parent_must_join", "guardian", "Rosa Quetzalito"]
    tomorrow = ["letters", "Monroe County Court", "2026-88", "2099-01-01"]
    seen = ["court_order", " ", "Monroe County Court", "2026-88", "the 4th", "2026-11-01"]
    told = answered(
        sitting, "packet", "open", "--no-wait", answers=asked_of_a_minor(sitting, *parent, *tomorrow, *seen)
    )
    assert told.exit_code == 0, told.output
    assert "authority.seen_on: Nobody has seen the paper yet on that day." in told.output
    assert "V14 · 45 CFR 164.508(c)(1)(vi)" in told.output
    assert "Something must stand here." in told.output
    assert "This is not a date. Write it as YYYY-MM-DD." in told.output
    assert len(packets.listing()) == 1


def test_what_a_guardian_signs_for_a_client_of_age_is_asked_and_judged_as_in_a_file(sitting: Terminal) -> None:
    from register import packets, statements

    housing = number_of(sitting, "Albany County Housing Authority")
    wish = ["organization", "en", housing, "housing", "housing_placement", "", "2027-03-03"]

    def opened(*who_signs: str) -> Result:
        answers = [str(sitting.world.ids.client), "en", *wish, *who_signs, "n"]
        return answered(sitting, "packet", "open", "--no-wait", answers=answers)

    told = opened("guardian", "Ida Fernwood", "letters", "Albany County Court", "2026-88", "2026-11-01")
    assert told.exit_code == 0, told.output
    (packet,) = packets.listing()
    row = packet.statements[-1]
    draft = statements.draft(sitting.world.vault, row.statement_id, by=sitting.world.intake, now=sitting.world.now)
    assert (draft.capacity, draft.representative_name) == ("guardian", "Ida Fernwood")

    refused = opened("program_director", "Dora Direktor", "the program", "finding of today", "2026-11-01")
    assert isinstance(refused.exception, RegisterError)
    (found,) = [one.finding for one in refused.exception.findings if one.blocks]
    assert (found.code, found.authority) == ("V14", "42 CFR 2.15(a)(2)")
    assert len(packets.listing()) == 1


def test_an_interpreter_is_asked_for_where_one_is_said_to_be_there_and_stands_on_what_was_asked_for(
    sitting: Terminal,
) -> None:
    from cli.exit_code import ExitCode
    from register import packets, statements

    housing = number_of(sitting, "Albany County Housing Authority")
    wish = ["organization", "es", housing, "housing", "housing_placement", "", "2027-03-03", "", "n"]
    answers = [str(sitting.world.ids.client), "es", "Anneliese Papadopoulos", *wish]
    told = answered(sitting, "packet", "open", "--no-wait", "--interpreter", answers=answers)
    assert told.exit_code == 0, told.output
    (packet,) = packets.listing()
    row = packet.statements[-1]
    draft = statements.draft(sitting.world.vault, row.statement_id, by=sitting.world.intake, now=sitting.world.now)
    assert draft.interpreter_name == "Anneliese Papadopoulos"
    sitting.run("packet", "open", "--interpreter", by="intake", told={}, code=ExitCode.USAGE)


def test_what_is_shared_is_chosen_from_what_the_statement_lets_go(sitting: Terminal) -> None:
    ref = sitting.world.activated().ref
    told = answered(
        sitting,
        "disclose",
        ref,
        answers=["attendance", "spoken", "Hana Housing", "that he came to every session", "y"],
    )
    assert told.exit_code == 0, told.output
    assert "What is shared: attendance" in told.output
    assert "diagnosis" not in told.output
    assert "Written into the ledger" in told.output
