"""An emergency at the terminal: asked question by question or read from a file, refused in words a clerk can act on."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from cli import ask
from cli.exit_code import ExitCode
from cli.main import confide
from register.errors import RegisterError
from tests.register.conftest import PASSWORD

if TYPE_CHECKING:
    from tests.cli.conftest import Terminal

FILE: dict[str, Any] = {
    "ground": "consent_unobtainable",
    "to_medical_personnel": True,
    "happened_at": "2026-11-20 09:15",
    "received_by": "Dr. Meda Kelso",
    "affiliation": "Albany General Hospital",
    "nature": "found unconscious after an overdose",
    "description": "which medicines he takes",
    "method": "spoken",
}
ANSWERS = [
    "consent_unobtainable", "y", "Dr. Meda Kelso", "Albany General Hospital", "Nadia Nightshift", "2026-11-20 09:15",
    "found unconscious after an overdose", "which medicines he takes", "spoken",
]  # fmt: skip


def client(terminal: Terminal) -> str:
    return str(terminal.world.ids.client)


@pytest.fixture
def answered(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Somebody sits there and answers line by line."""
    monkeypatch.setattr(ask, "require_terminal", lambda: None)
    (terminal.room / "password").write_text(f"{PASSWORD}\n")
    words = ["disclosure", "emergency", client(terminal), "--as", "intake"]
    words += ["--password-file", str(terminal.room / "password")]

    def answer(*answers: str) -> Result:
        return CliRunner().invoke(confide, words, input="\n".join(answers) + "\n")

    return answer


def test_an_emergency_is_asked_for_and_shown_again_with_all_that_the_rule_wants(
    terminal: Terminal, answered: Any
) -> None:
    told = answered(*ANSWERS)
    assert told.exit_code == 0, told.output
    assert "Written into the ledger" in told.output
    shown = terminal.run("disclosure", "show", client(terminal), by="counsel")
    for words in (
        "Disclosed 2026-11-20 09:15 EST",
        "Dr. Meda Kelso, Albany General Hospital",
        "Nadia Nightshift",
        "found unconscious",
        "which medicines he takes (spoken)",
    ):
        assert words in shown
    accounting = terminal.run("client", "disclosures", client(terminal), by="counsel")
    assert "Albany General Hospital" in accounting
    assert "medical emergency" in accounting


def test_a_time_that_is_none_or_has_not_come_is_asked_for_again(terminal: Terminal, answered: Any) -> None:
    told = answered(*ANSWERS[:5], "this morning", "2099-01-01 08:00", *ANSWERS[5:])
    assert told.exit_code == 0, told.output
    assert "This is not a day and time." in told.output
    assert "(V18 · 42 CFR 2.51(c)(3))" in told.output
    (row,) = terminal.told("client", "disclosures", client(terminal), by="counsel")
    assert row["disclosure"]["disclosed_at"] == "2026-11-20 14:15:00+00:00"


@pytest.mark.parametrize("answers", [("none", "y"), ("consent_unobtainable", "n")])
def test_what_was_no_emergency_is_refused_before_anybody_is_named(
    terminal: Terminal, answered: Any, answers: tuple[str, str]
) -> None:
    told = answered(*answers)
    assert isinstance(told.exception, RegisterError)
    (found,) = [one.finding for one in told.exception.findings]
    assert (found.code, found.authority) == ("V16", "42 CFR 2.51(a), (b), 2.16(b)")
    assert "Name of the medical personnel" not in told.output
    assert "No emergency" in terminal.run("disclosure", "show", client(terminal), by="counsel")


def test_a_file_says_the_same_in_json_and_names_nobody_in_what_is_answered(terminal: Terminal) -> None:
    row = terminal.told("disclosure", "emergency", client(terminal), by="witness", told=FILE)
    assert (row["basis"], row["statement_id"], row["method"]) == ("medical_emergency", None, "spoken")
    assert dt.datetime.fromisoformat(row["disclosed_at"]) == dt.datetime(2026, 11, 20, 14, 15, tzinfo=dt.UTC)
    assert "Kelso" not in str(row)
    (kept,) = terminal.told("disclosure", "show", client(terminal), by="counsel")
    assert kept["emergency"]["disclosed_by"] == "Wilma Witness"
    assert kept["line"]["received_by"] == "Dr. Meda Kelso"


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        ({"nature": ""}, ExitCode.REFUSED, "42 CFR 2.51(c)(4)"),
        ({"affiliation": None}, ExitCode.REFUSED, "42 CFR 2.51(c)(1)"),
        ({"description": ""}, ExitCode.REFUSED, "V18"),
        ({"ground": "none"}, ExitCode.REFUSED, "42 CFR 2.51(a)"),
        ({"to_medical_personnel": False}, ExitCode.REFUSED, "tell counsel today"),
        ({"happened_at": "2099-01-01 08:00"}, ExitCode.REFUSED, "42 CFR 2.51(c)(3)"),
        ({"happened_at": "2026-11-20"}, ExitCode.INPUT, "YYYY-MM-DD HH:MM"),
        ({"happened_at": "this morning"}, ExitCode.INPUT, "YYYY-MM-DD HH:MM"),
        ({"to_medical_personnel": "perhaps"}, ExitCode.INPUT, "true or false"),
        ({"ground": "panic"}, ExitCode.INPUT, "Use one of"),
        ({"method": "pigeon"}, ExitCode.INPUT, "Use one of"),
        ({"recieved_by": "x"}, ExitCode.INPUT, "Known:"),
    ],
)
def test_what_is_not_whole_is_told_with_its_paragraph_and_nothing_is_written(
    terminal: Terminal,
    change: dict[str, Any],
    code: ExitCode,
    says: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = terminal.run("disclosure", "emergency", client(terminal), by="intake", told={**FILE, **change}, code=code)
    said += capsys.readouterr().err
    assert says in said
    assert "Kelso" not in said
    assert terminal.told("client", "disclosures", client(terminal), by="counsel") == []


def test_who_has_no_desk_documents_nothing_and_sees_nothing(terminal: Terminal) -> None:
    terminal.run("disclosure", "emergency", client(terminal), by="admin", told=FILE, code=ExitCode.NOT_ALLOWED)
    terminal.run("disclosure", "show", client(terminal), by="admin", code=ExitCode.NOT_ALLOWED)
