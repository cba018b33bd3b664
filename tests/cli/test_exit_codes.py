"""Every refusal of every room reaches the terminal as a sentence and an exit code that scripts can rely on."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path

import pytest

from cli.exit_code import ExitCode
from cli.failure import CommandError, exit_code_of, report
from cli.meaning import MEANING
from flows.authority import AuthorityMissing
from register.errors import RegisterError, RegisterErrorCode
from rules.request import Problem, RequestError
from signing.errors import SigningCode
from storage.errors import StorageCode
from templates.errors import FormCode

ROOMS: list[tuple[str, type[StrEnum]]] = [
    ("register", RegisterErrorCode),
    ("storage", StorageCode),
    ("signing", SigningCode),
    ("templates", FormCode),
]


@pytest.mark.parametrize(("room", "codes"), ROOMS)
def test_every_code_of_a_room_has_a_meaning(room: str, codes: type[StrEnum]) -> None:
    assert [code.value for code in codes if (room, code.value) not in MEANING] == []


@pytest.mark.parametrize(("room", "codes"), ROOMS)
def test_no_meaning_is_left_over_from_a_code_that_is_gone(room: str, codes: type[StrEnum]) -> None:
    known = {code.value for code in codes}
    assert [code for where, code in MEANING if where == room and code not in known] == []


def test_exit_codes_are_told_apart() -> None:
    assert len({code.value for code in ExitCode}) == len(ExitCode)


def test_a_refusal_is_told_in_one_sentence_with_its_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    refused = RegisterError(RegisterErrorCode.UNKNOWN_ID, "There is no packet of that id.", "List what there is.")
    assert report(refused, as_json=False) is ExitCode.NOT_FOUND
    told = capsys.readouterr().err
    assert "There is no packet of that id." in told
    assert "→ List what there is." in told


def test_a_request_that_cannot_be_read_lists_every_place(capsys: pytest.CaptureFixture[str]) -> None:
    problems = [Problem("statements.0.expires", "This is no day.", "Write it as a date."), Problem("client", "x", "y")]
    assert report(RequestError(problems), as_json=True) is ExitCode.INPUT
    told = json.loads(capsys.readouterr().out)["error"]
    assert [finding["where"] for finding in told["findings"]] == ["statements.0.expires", "client"]


def test_a_defect_of_ours_is_told_by_type_and_place_and_never_by_its_message(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(ValueError, match="Zebulon") as defect:
        raise ValueError("Zebulon Quartermain was born in 1971")
    assert report(defect.value, as_json=False) is ExitCode.INTERNAL
    told = capsys.readouterr()
    assert "Quartermain" not in told.out + told.err
    assert "ValueError" in told.err
    assert Path(__file__).name in told.err


def test_a_site_without_keys_says_to_initialize_it() -> None:
    assert exit_code_of(AuthorityMissing()) is ExitCode.UNAVAILABLE


def test_a_command_error_carries_its_own_code() -> None:
    assert exit_code_of(CommandError(ExitCode.INPUT, "No.", "Yes.")) is ExitCode.INPUT
