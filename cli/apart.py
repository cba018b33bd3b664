"""Two folders that must lie apart: an archive, and the key that opens it.

Danger: who takes the disk has both. Invariant: one is never in the other, and they lie on one disk only when somebody
says that they will carry them apart.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from cli.exit_code import ExitCode
from cli.failure import CommandError

_Command = TypeVar("_Command", bound=Callable[..., Any])


def apart_options(command: _Command) -> _Command:
    """`--keys-to` and `--same-disk`, the same on every verb that writes an archive."""
    for option in (
        click.option(
            "--same-disk", is_flag=True, help="Archive and key may lie on one disk for now; I carry them apart."
        ),
        click.option(
            "--keys-to",
            "keys",
            required=True,
            type=click.Path(file_okay=False, path_type=Path),
            help="Another new folder, on another disk, for the key and its recovery sheets.",
        ),
    ):
        command = option(command)
    return command


def require_apart(directory: Path, keys: Path, *, same_disk: bool) -> None:
    """Refuse folders of which one lies in the other, or that lie on one disk unless that was said."""
    one, other = directory.resolve(), keys.resolve()
    if one == other or one in other.parents or other in one.parents:
        raise CommandError(
            ExitCode.INPUT, "The key may not lie in the folder of the archive.", "Give --keys-to a folder elsewhere."
        )
    if not same_disk and _device(one) == _device(other):
        raise CommandError(
            ExitCode.INPUT,
            "Archive and key would lie on one disk: who takes it has everything.",
            "Give --keys-to a folder on another disk, or say --same-disk and carry them apart.",
        )


def require_new(*folders: Path, left_over: frozenset[str] = frozenset()) -> None:
    """Refuse folders in which something lies, but for what a run that was cut off left there."""
    for folder in folders:
        if folder.exists() and any(path.name not in left_over for path in folder.iterdir()):
            raise CommandError(ExitCode.INPUT, f"{folder} is not empty.", "Give a new folder.")


def _device(path: Path) -> int:
    return next(place for place in (path, *path.parents) if place.exists()).stat().st_dev
