"""Recovery shares of a master key in people's hands: shown one by one, or written as files; always confirmed."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cli import ask

if TYPE_CHECKING:
    from storage.master import MasterKey

_NUMBER = click.IntRange(2, 16)
"""What SLIP-39 can make, and one person alone never has enough."""
_Command = TypeVar("_Command", bound=Callable[..., Any])


def shares_options(command: _Command) -> _Command:
    """`--needed`, `--shares` and `--shares-to`, the same wherever a master key is made."""
    for option in (
        click.option(
            "--shares-to",
            type=click.Path(file_okay=False, path_type=Path),
            help="Write the shares as files into this new folder instead of showing them one by one.",
        ),
        click.option("--shares", default=3, show_default=True, type=_NUMBER, help="How many recovery shares to make."),
        click.option(
            "--needed",
            default=2,
            show_default=True,
            type=_NUMBER,
            help="How many recovery shares give the master key again.",
        ),
    ):
        command = option(command)
    return command


def confirmation(needed: int, shares: int, shares_to: Path | None) -> Callable[[MasterKey], None]:
    """What writes the shares out and raises unless they were confirmed."""
    from flows.establishment import shares_as_files

    if shares_to is not None:
        return shares_as_files(shares_to, needed=needed, shares=shares)
    return _one_by_one(needed, shares)


def _one_by_one(needed: int, shares: int) -> Callable[[MasterKey], None]:
    """Show each sheet to its holder alone, and ask for three of its words before the next."""

    def confirm(master: MasterKey) -> None:
        from storage import recovery

        ask.require_terminal()
        for number, words in enumerate(recovery.split(master, needed=needed, shares=shares), start=1):
            listed = words.split()
            click.clear()
            click.echo(
                f"Recovery share {number} of {shares}; any {needed} give the master key again. Write it down:\n",
                err=True,
            )
            for at in range(0, len(listed), 4):
                click.echo(
                    "  " + "  ".join(f"{at + i + 1:2} {word:10}" for i, word in enumerate(listed[at : at + 4])),
                    err=True,
                )
            click.pause("\nWritten down? Press a key; the words are cleared.", err=True)
            click.clear()
            _ask_words(number, listed)

    return confirm


def _ask_words(number: int, listed: list[str]) -> None:
    for place in sorted(secrets.SystemRandom().sample(range(len(listed)), 3)):
        while ask.prompt(f"Share {number}: word {place + 1}").lower() != listed[place]:
            click.echo("  Not that word; look at the sheet.", err=True)
