"""Tables as a person sees them, and as a script reads them."""

from __future__ import annotations

import sys

import pytest

from cli.output import Coloured, table

NAMES = ("Hope [North] House", "Hope [/] House", "[red]House[/red]", "Casa «Ñandú» " + "x" * 300)


@pytest.mark.parametrize("at_a_terminal", [True, False])
def test_a_name_with_brackets_is_printed_as_it_stands(
    at_a_terminal: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "500")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: at_a_terminal, raising=False)
    table(["Organization", "State"], [[name, Coloured("ok", "green")] for name in NAMES], title="Those of [here]")
    told = capsys.readouterr().out
    for name in NAMES:
        assert name in told
    assert "Those of [here]" in told


def test_a_pipe_gets_one_line_a_row_with_nothing_broken_and_no_colour(capsys: pytest.CaptureFixture[str]) -> None:
    table(["Organization", "State"], [[name, Coloured("ok", "green")] for name in NAMES])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + len(NAMES)
    assert {line.index("ok") for line in lines[1:]} == {lines[0].index("State")}
    assert "\x1b" not in "".join(lines)


def test_an_id_is_never_cut_on_a_narrow_screen(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    given = "03275eb4-ce9e-4d04-8044-78eb4480ef6b"
    table(
        ["Organization", "Kind", "Id", "State"],
        [["Department of Corrections and Supervision " * 2, "parole", given, "active"]],
    )
    assert given in capsys.readouterr().out
