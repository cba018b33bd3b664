"""Who is at the terminal: access to the machine never counts as a person, so every verb that needs a role asks.

`--as NAME` (or CONFIDE_AS) says who; the password is asked for, or read from `--password-file`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cli import ask
from cli.exit_code import ExitCode
from cli.failure import CommandError

if TYPE_CHECKING:
    from register.facts import Person
    from register.vocabulary import StaffRole

_Command = TypeVar("_Command", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Claimed:
    """Who somebody at the terminal says they are, not yet believed."""

    username: str | None
    password_file: str | None


def person_options(command: _Command) -> _Command:
    """`--as` and `--password-file`, the same on every verb that needs a role."""
    for option in (
        click.option(
            "--password-file",
            metavar="FILE",
            help="File whose first line is the password; - is standard input. Without it you are asked.",
        ),
        click.option("--as", "username", metavar="NAME", envvar="CONFIDE_AS", help="Your staff name (or CONFIDE_AS)."),
    ):
        command = option(command)
    return command


def authenticated(claimed: Claimed, *roles: StaffRole) -> Person:
    """The person, who has proved it and holds one of `roles`. The site must be open.

    Raises `RegisterError`, or :class:`CommandError` where there is nobody to ask.
    """
    from flows.site import now
    from register import staff

    username = claimed.username or ask.prompt("Your staff name")
    if claimed.password_file is None:
        password = ask.prompt(f"Password of {username}", hidden=True)
    else:
        password = ask.read_secret(claimed.password_file)
    if not password:
        raise CommandError(ExitCode.NOT_AUTHENTICATED, "No password was given.", "Run the verb again.")
    return staff.require(staff.authenticate(username, password, now=now()), *roles)
