"""What the code itself rules out: nothing prints, and no argument of a verb can carry a name, a date or a reason."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import click

PROJECT = Path(__file__).parents[2]
ROOMS = ("rules", "templates", "signing", "storage", "register", "flows", "cli")


def test_no_room_prints() -> None:
    printing = [
        f"{path.relative_to(PROJECT)}:{node.lineno}"
        for room in ROOMS
        for path in (PROJECT / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("print", "pprint")
    ]
    assert printing == []


def parameters(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Parameter]]:
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from parameters(inner, (*path, name))
    for parameter in command.params:
        yield " ".join(path), parameter


def carries_text(parameter: click.Parameter) -> bool:
    """Whether a person could write a name, a date or a reason into it."""
    if isinstance(parameter, click.Option) and parameter.is_flag:
        return False
    return not isinstance(
        parameter.type,
        (click.Choice, click.Path, click.types.UUIDParameterType, click.types.IntParamType, click.IntRange),
    )


FREE = {
    "username": "who at the desk signs in: staff, and no client",
    "staff name": "the same name, given to an account",
    "password_file": "a path",
    "new_password_file": "a path",
    "source": "a path",
    "identified_how": "checked against a closed list",
    "state": "checked against a closed list",
    "statement": "an opaque id, or the short one on the paper",
    "newer": "the same, of another statement",
    "record": "a record's id",
    "run": "a disposal run's id, or its short one",
    "shown_sha256": "the hash of a list",
    "subject": "a client's id, or the code of a matter",
    "why": "checked against a closed list",
    "day": "a day of the agency's calendar as of which is asked, and no client's",
    "second": "who else of the staff signs in",
    "second_password_file": "a path",
    "device": "a desk or kiosk",
    "form_id": "a form's id, never a client's",
    "version": "a form's version",
    "language": "checked against a closed list",
    "family": "checked against a closed list",
    "access_code": "a code printed in the paper itself; it tells that somebody read it, and nothing else",
}
"""What takes free text all the same, and why that tells nothing of a client."""


def test_no_argument_of_any_verb_carries_a_name_a_date_or_a_reason() -> None:
    from cli.main import confide

    told = {
        f"{verb.partition(' ')[0]} {each.name}" if each.name == "name" else str(each.name)
        for verb, each in parameters(confide)
        if carries_text(each)
    }
    assert told <= set(FREE), told - set(FREE)
