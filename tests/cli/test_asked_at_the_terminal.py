"""What a clerk is asked, question by question: no knowledge of forms or families is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from cli import ask
from cli.main import confide
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
            "housing_placement", "", "the day I move in", "n",
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
            "el tribunal cierra mi caso", "el tribunal cierra mi caso", "n",
        ],
    )  # fmt: skip
    assert told.exit_code == 0, told.output
    assert "42 CFR 2.35" in told.output
    (packet,) = packets.listing(client_id=sitting.world.ids.client)
    assert packet.statements[-1].form_id == "disclosure-supervision"


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
