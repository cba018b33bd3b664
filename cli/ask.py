"""Reading names, dates and reasons: from a file, from standard input, or by prompt; never from an argument.

An argument stands in the process list and in the shell's history. A file is read once and parsed here, so that the
rest of the door works with values it can trust.
"""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import click

from cli.exit_code import ExitCode
from cli.failure import CommandError

_Command = TypeVar("_Command", bound=Callable[..., Any])
_Read = TypeVar("_Read")


def from_option(command: _Command) -> _Command:
    """`--from FILE`: read the answers from a YAML or JSON file, or from standard input with `-`."""
    return click.option(
        "--from",
        "source",
        metavar="FILE",
        help="Read the answers from a YAML or JSON file; - is standard input. Without it you are asked.",
    )(command)


def read_answers(source: str) -> dict[str, Any]:
    """The mapping in a YAML or JSON file. Raises :class:`CommandError` with the line, never with the text."""
    import yaml

    try:
        text = sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8")
        told = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError) as wrong:
        raise CommandError(
            ExitCode.INPUT, f"The file cannot be read ({type(wrong).__name__}).", "Check its path."
        ) from None
    except yaml.YAMLError as wrong:
        line = getattr(getattr(wrong, "problem_mark", None), "line", None)
        place = f" at line {line + 1}" if line is not None else ""
        raise CommandError(ExitCode.INPUT, f"The file is not YAML or JSON{place}.", "Correct it there.") from None
    if not isinstance(told, Mapping):
        raise CommandError(ExitCode.INPUT, "The file holds no list of names and values.", "See the verb's --help.")
    return dict(told)


def required(answers: Mapping[str, Any], keys: Sequence[str]) -> None:
    """Refuse answers that lack one of `keys`, naming all that lack."""
    missing = [key for key in keys if answers.get(key) in (None, "", [])]
    if missing:
        raise CommandError(ExitCode.INPUT, f"Missing: {', '.join(missing)}.", "Add them and run the verb again.")


def prompt(question: str, *, default: str | None = None, hidden: bool = False, confirm: bool = False) -> str:
    """Ask on the terminal. Raises :class:`CommandError` where there is nobody to ask."""
    require_terminal()
    answer: str = click.prompt(question, default=default, hide_input=hidden, confirmation_prompt=confirm, err=True)
    return answer.strip()


def prompt_filled(question: str) -> str:
    """Ask until something stands there."""
    while not (given := prompt(question)):
        click.echo("Something must stand here.", err=True)
    return given


def prompt_day(question: str) -> dt.date:
    """Ask until it is a day of the calendar."""
    return _prompt_until(f"{question} (YYYY-MM-DD)", lambda given: day(given, "This"))


def prompt_moment(question: str, zone: dt.tzinfo) -> dt.datetime:
    """Ask until it is a day and time in `zone`; given back in UTC."""
    return _prompt_until(f"{question} (YYYY-MM-DD HH:MM)", lambda given: moment(given, "This", zone))


def _prompt_until(question: str, read: Callable[[str], _Read]) -> _Read:
    """Ask until it can be read."""
    while True:
        try:
            return read(prompt(question))
        except CommandError as wrong:
            click.echo(f"{wrong.sentence} {wrong.remedy}", err=True)


def prompt_lines(question: str) -> tuple[str, ...]:
    """Ask for several lines; an empty one ends them."""
    require_terminal()
    lines: list[str] = []
    while line := click.prompt(
        f"{question} (empty to end)" if not lines else "  …", default="", show_default=False, err=True
    ):
        lines.append(line.strip())
    return tuple(lines)


def choose(question: str, choices: Sequence[str], *, default: str | None = None) -> str:
    """Ask for one of `choices`."""
    require_terminal()
    answer: str = click.prompt(question, type=click.Choice(list(choices)), default=default, err=True)
    return answer


def reason(source: str | None, question: str) -> str:
    """Why something is done: asked for, or the `reason` of the answers that `--from` names."""
    told = read_answers(source) if source else {"reason": prompt(question)}
    required(told, ["reason"])
    return str(told["reason"])


def several(question: str, choices: Sequence[str]) -> list[str]:
    """Ask for one or more of `choices`, with commas between them."""
    click.echo(f"{question}: {', '.join(choices)}", err=True)
    given = prompt("One or several, with commas").replace(",", " ").split()
    for each in given:
        one_of(each, choices, "word")
    return given


def require_terminal() -> None:
    """Refuse to ask where nobody can answer."""
    if not sys.stdin.isatty():
        raise CommandError(
            ExitCode.INPUT,
            "There is no terminal to ask at.",
            "Give the answers with --from FILE, and passwords with --password-file FILE.",
        )


def read_secret(path: str) -> str:
    """The first line of a file, `-` for standard input: a password that must not stand in an argument."""
    try:
        text = sys.stdin.readline() if path == "-" else Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as wrong:
        raise CommandError(
            ExitCode.INPUT, f"The password file cannot be read ({type(wrong).__name__}).", "Check its path and mode."
        ) from None
    return text.split("\n", 1)[0].rstrip("\r")


def day(value: object, what: str) -> dt.date:
    """A date as YAML reads it, or as YYYY-MM-DD; `what` names the answer it stands in."""
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value
    try:
        return dt.date.fromisoformat(str(value))
    except ValueError:
        raise CommandError(ExitCode.INPUT, f"{what} is not a date.", "Write it as YYYY-MM-DD.") from None


def moment(value: object, what: str, zone: dt.tzinfo) -> dt.datetime:
    """A time as YAML reads it, or as YYYY-MM-DD HH:MM, in `zone` unless it says its own; given back in UTC."""
    try:
        told = value if isinstance(value, dt.datetime) else dt.datetime.fromisoformat(str(value).strip())
    except ValueError:
        told = None
    if told is None or len(str(value).strip()) <= len("2026-11-26"):
        raise CommandError(ExitCode.INPUT, f"{what} is not a day and time.", "Write it as YYYY-MM-DD HH:MM.")
    return (told if told.tzinfo else told.replace(tzinfo=zone)).astimezone(dt.UTC)


def only_known(answers: Mapping[str, Any], known: Sequence[str]) -> None:
    """Refuse answers that nobody reads, by their number: a stray name might be somebody's."""
    if stray := len(set(answers) - set(known)):
        raise CommandError(
            ExitCode.INPUT, f"{stray} field(s) of the file are not known here.", f"Known: {', '.join(known)}."
        )


def given_id(value: object, what: str) -> UUID:
    """An id from a file or a prompt; `what` names the answer it stands in."""
    try:
        return UUID(str(value))
    except ValueError:
        raise CommandError(ExitCode.INPUT, f"{what} is not an id.", "Copy it from where it is listed.") from None


def only(choices: Sequence[UUID], option: str) -> UUID:
    """The only one there is; where there are several, or none, `option` must say which."""
    if len(choices) != 1:
        there = ", ".join(map(str, choices)) or "none"
        raise CommandError(ExitCode.INPUT, f"There is not one to take: {there}.", f"Say which with {option}.")
    return choices[0]


def one_of(value: object, choices: Sequence[str], what: str) -> None:
    """Refuse a value that is not among `choices`, listing them."""
    if value not in choices:
        raise CommandError(ExitCode.INPUT, f"This {what} is not known.", f"Use one of: {', '.join(choices)}.")
