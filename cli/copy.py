"""`confide copy`: the client's own copy of a signed statement."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import click

from cli.doors import opened, statement_id
from cli.exit_code import ExitCode
from cli.failure import CommandError
from cli.output import answer, json_option, progress
from cli.person import Claimed, authenticated, person_options

if TYPE_CHECKING:
    from flows.site import Site
    from register.facts import Person


@click.command()
@click.argument("statement")
@click.option("--to", "directory", type=click.Path(path_type=Path), help="Folder to write it to (default: out/).")
@click.option("--paper", is_flag=True, help="It is printed from that file and handed over on paper.")
@click.option(
    "--to-representative", is_flag=True, help="To who signed it for the client, whose authority is on file with it."
)
@person_options
@json_option
def copy(
    statement: str,
    directory: Path | None,
    paper: bool,
    to_representative: bool,
    username: str | None,
    password_file: str | None,
    as_json: bool,
) -> None:
    """Write the client's copy of a sealed statement as a PDF, after entering it in the ledger.

    STATEMENT is its id, or the short id printed on the paper.
    """
    site = opened()
    from register.vocabulary import StaffRole

    by = authenticated(Claimed(username, password_file), StaffRole.INTAKE, StaffRole.RECORDS_OFFICER)
    which = statement_id(statement)
    target = directory or site.configuration.out
    with progress(None, "Writing the copy", quiet=as_json):
        path = hand_over(site, which, target, paper=paper, by=by, to_representative=to_representative)
    answer({"statement_id": which, "path": str(path)}, f"The client's copy is at {path}", as_json=as_json)


def hand_over(
    site: Site, statement_id: UUID, directory: Path, *, paper: bool, by: Person, to_representative: bool = False
) -> Path:
    """Write the copy into `directory` (made 0700), mode 0600, never inside the data or key directory."""
    from flows.egress import own_copy
    from register.vocabulary import CopyMethod
    from rules.egress import Requester

    refuse_inside(directory, site.configuration.home, site.configuration.keys)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    method = CopyMethod.PAPER if paper else CopyMethod.FILE
    requester = Requester.REPRESENTATIVE if to_representative else Requester.CLIENT
    copied = own_copy(site, statement_id, method=method, by=by, requester=requester)
    return private_file(directory / copied.file_name, copied.pdf)


def private_file(path: Path, content: bytes) -> Path:
    """Write `content` there, whole or not at all, readable by its owner alone, whatever lay there."""
    # a new file each time: one that is there already keeps its mode, and who has it open reads on
    descriptor, staged = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(staged).replace(path)
    except BaseException:
        Path(staged).unlink(missing_ok=True)
        raise
    return path


def refuse_taken(path: Path) -> None:
    """A file the person names is written anew, or over a private file of their own; nothing else is touched."""
    if not path.parent.is_dir():
        raise CommandError(ExitCode.INPUT, f"There is no folder {path.parent}.", "Make it, or choose another.")
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise CommandError(
            ExitCode.INPUT,
            f"{path} is there already, and is no file that you alone can read.",
            "Give a name that is not taken.",
        )


def refuse_inside(directory: Path, *kept: Path, option: str = "--to") -> None:
    """What leaves in clear may not lie where everything else is encrypted."""
    target = directory.resolve()
    if any(target == place.resolve() or place.resolve() in target.parents for place in kept):
        raise CommandError(
            ExitCode.INPUT,
            "A copy in clear may not lie among the encrypted data.",
            f"Choose another folder with {option}.",
        )
