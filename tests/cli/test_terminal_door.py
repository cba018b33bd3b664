"""The terminal door before it touches a site: help, arguments, questions where nobody can answer."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from cli import ask
from cli.exit_code import ExitCode
from cli.failure import CommandError
from cli.main import VERBS, confide

PROJECT = Path(__file__).parent.parent.parent


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, name
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


EVERY = list(commands(confide))


@pytest.mark.parametrize("path", [" ".join(path) for path, _ in EVERY])
def test_every_verb_explains_itself(path: str) -> None:
    told = CliRunner().invoke(confide, [*path.split(), "--help"])
    assert told.exit_code == 0
    assert "Usage:" in told.output
    assert len(told.output.splitlines()) >= 5
    assert "..." not in told.output.partition("Verbs:")[2], "what a verb does is said whole"


@pytest.mark.parametrize(
    ("path", "command"), [pytest.param(path, command, id=" ".join(path)) for path, command in EVERY]
)
def test_every_verb_that_answers_can_answer_in_json(path: tuple[str, ...], command: click.Command) -> None:
    if isinstance(command, click.Group):
        return
    assert any("--json" in parameter.opts for parameter in command.params)


PERSONAL = ("legal_name", "birth", "display", "reason", "purpose", "text", "address", "phone", "date")


@pytest.mark.parametrize(
    ("path", "command"), [pytest.param(path, command, id=" ".join(path)) for path, command in EVERY]
)
def test_no_verb_takes_a_name_a_date_or_a_reason_as_an_argument(path: tuple[str, ...], command: click.Command) -> None:
    taken = [parameter.name for parameter in command.params if parameter.name]
    assert [name for name in taken if any(word in name for word in PERSONAL)] == []


FREE_TEXT = {
    "file": {"--from", "--data", "--password-file", "--new-password-file", "--second-password-file"},
    "id": {"statement", "run", "record", "form_id", "version", "--form", "--with", "--list", "subject"},
    "word of a list": {"--state", "--why", "--family", "--language", "--identified"},
    "of the desk, of a paper": {"--device", "--access-code"},
    # docs/cli.md names these and says why they may be arguments: who works here, and a day of the schedule
    "login name": {"--as", "--second", "staff add name", "staff reset name", "staff retire name"},
    "calendar day": {"disposal propose --as-of"},
}
"""Every argument that takes any text, by what it is for; nothing of a client is among it."""


def test_arguments_that_take_any_text_are_known_one_by_one_and_only_login_names_and_one_day_are_names_and_dates() -> (
    None
):
    taken = {
        (" ".join(path), parameter.opts[0])
        for path, command in EVERY
        for parameter in command.params
        if isinstance(parameter.type, click.types.StringParamType | click.DateTime)
    }
    allowed = {word for words in FREE_TEXT.values() for word in words}
    assert {(path, word) for path, word in taken if not {word, f"{path} {word}"} & allowed} == set()
    used = {word for _, word in taken} | {f"{path} {word}" for path, word in taken}
    assert allowed - used == set(), "no longer taken by any verb"


def test_no_number_is_taken_without_its_bounds() -> None:
    loose = [
        (path, parameter.name)
        for path, command in EVERY
        for parameter in command.params
        if isinstance(parameter.type, click.types.IntParamType | click.types.FloatParamType)
        and (getattr(parameter.type, "min", None) is None or getattr(parameter.type, "max", None) is None)
    ]
    assert loose == []


def test_help_imports_neither_django_nor_prefect_nor_a_verb() -> None:
    script = (
        "import sys; from cli.main import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'django', 'prefect', 'pyhanko', 'pydantic', 'boto3', 'rich', 'yaml'} & set(sys.modules)\n"
        "verbs = [m for m in sys.modules if m.startswith('cli.') and m not in "
        "('cli.main', 'cli.failure', 'cli.exit_code')]\n"
        "sys.stderr.write(repr((heavy, verbs)))\n"
    )
    ran = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert ran.stderr == "(set(), [])"


def test_every_verb_of_the_list_exists() -> None:
    assert {path[0] for path, _ in EVERY} == set(VERBS)


def test_an_unknown_verb_is_a_usage_error() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "cli.main", "destroy-everything"], cwd=PROJECT, capture_output=True, text=True
    )
    assert ran.returncode == ExitCode.USAGE
    assert "No such command" in ran.stderr


def test_a_verb_on_a_site_that_was_never_set_up_says_so(tmp_path: Path) -> None:
    env = os.environ | {"CONFIDE_HOME": str(tmp_path / "var"), "CONFIDE_KEYS": str(tmp_path / "keys")}
    ran = subprocess.run(
        [sys.executable, "-m", "cli.main", "org", "list"], cwd=PROJECT, env=env, capture_output=True, text=True
    )
    assert ran.returncode == ExitCode.UNAVAILABLE
    assert "confide init" in ran.stderr
    assert not (tmp_path / "var").exists(), "asking leaves nothing behind"


def test_keys_inside_the_data_directory_are_refused(tmp_path: Path) -> None:
    env = os.environ | {"CONFIDE_HOME": str(tmp_path / "var"), "CONFIDE_KEYS": str(tmp_path / "var" / "keys")}
    ran = subprocess.run(
        [sys.executable, "-m", "cli.main", "org", "list"], cwd=PROJECT, env=env, capture_output=True, text=True
    )
    assert ran.returncode == ExitCode.INPUT
    assert "key directory" in ran.stderr


def test_without_a_terminal_nothing_is_asked() -> None:
    with pytest.raises(CommandError) as refused:
        ask.prompt("Legal name")
    assert refused.value.exit_code is ExitCode.INPUT


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name: secret\na: [1", "line 2"),
        ("- secret\n- 2\n", "no list of names and values"),
        ("secret\xff\xfe", "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_by_its_line_and_never_by_its_text(
    tmp_path: Path, text: str, says: str
) -> None:
    path = tmp_path / "answers.yaml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(CommandError) as refused:
        ask.read_answers(str(path))
    assert refused.value.exit_code is ExitCode.INPUT
    assert says in refused.value.sentence
    assert "secret" not in str(refused.value)


def test_missing_answers_are_named_all_at_once() -> None:
    with pytest.raises(CommandError, match="legal_name, kind"):
        ask.required({"unit": "x"}, ["legal_name", "kind"])


def test_a_password_is_the_first_line_of_its_file(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text("open sesame  \r\nsecond line\n")
    assert ask.read_secret(str(path)) == "open sesame  "
