"""`confide backup` and `confide restore`: one command each."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli import ask
from cli.doors import opened
from cli.exit_code import ExitCode
from cli.failure import CommandError
from cli.output import answer, json_option, progress
from cli.person import Claimed, authenticated, person_options

if TYPE_CHECKING:
    from register.restoring import Replayed


@click.command()
@click.argument("target", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--standby",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder on another disk for what a backup must not hold: wrapped epoch keys, authority, destruction log.",
)
@person_options
@json_option
def backup(target: Path, standby: Path | None, username: str | None, password_file: str | None, as_json: bool) -> None:
    """Back up register, keyring and records into TARGET, a new folder.

    Without a standby folder and the master key (or its recovery shares) nobody can read a backup: keep all three
    apart.
    """
    site = opened()
    from flows import safekeeping
    from register.vocabulary import StaffRole

    by = authenticated(Claimed(username, password_file), StaffRole.ADMINISTRATOR, StaffRole.RECORDS_OFFICER)
    with progress(None, "Backing up", quiet=as_json) as step:
        manifest = safekeeping.backup(
            site, target, standby=standby, by=by, progress=lambda done: step(done, f"{done} objects")
        )
    lines = [
        f"Backed up {manifest.objects} objects ({manifest.bytes:,} bytes) and {len(manifest.files)} databases",
        f"to {target}",
    ]
    if standby is None and site.configuration.standby is None:
        lines.append("No standby was brought level: without one a lost disk loses every record. Use --standby.")
    answer(manifest, lines, as_json=as_json)


@click.command()
@click.argument("source", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--standby",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The standby folder of the lost site; restore refuses without its destruction log.",
)
@click.option(
    "--share",
    "shares",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A recovery share's sheet as a file; as many as are needed. Without: the master key file, or you are asked.",
)
@json_option
def restore(source: Path, standby: Path, shares: tuple[Path, ...], as_json: bool) -> None:
    """Restore the backup SOURCE into an empty CONFIDE_HOME; every record is opened to prove it whole.

    Holding enough recovery shares (or the master key) is what entitles a person to restore.
    """
    from flows import safekeeping
    from flows.establishment import shares_in
    from register.configuration import configuration
    from storage import recovery
    from storage.custody import Custody

    settings = configuration()
    if shares:
        master = recovery.combine(shares_in(shares))
    elif (custody := Custody(settings.keys)).exists():
        master = custody.load()
    else:
        master = recovery.combine(ask.prompt_lines("Words of a recovery share, one share a line"))
    with progress(None, "Restoring", quiet=as_json) as step:
        restored, replayed = safekeeping.restore(
            settings, source, standby, master=master, progress=lambda done: step(done, f"{done} objects")
        )
    lines = [
        f"Restored {restored.objects} objects into {settings.home}, as of {restored.made_at:%Y-%m-%d %H:%M} UTC.",
        f"Opened and proved {restored.opened}; {restored.left_out} stayed destroyed.",
        *_told(replayed),
        "Events recorded since that time are not in it, nor holds that the log was not told of: have the records "
        "officer and counsel bring them in before anything is disposed of.",
    ]
    answer({**asdict(restored), "replayed": asdict(replayed)}, lines, as_json=as_json)
    if restored.damaged or restored.unreadable:
        raise CommandError(
            ExitCode.INTEGRITY,
            f"{len(restored.damaged)} objects are damaged and {len(restored.unreadable)} cannot be opened.",
            "Restore those from another backup; --json lists their ids.",
        )


def _told(replayed: Replayed) -> list[str]:
    lines = []
    if replayed.records or replayed.clients:
        lines.append(f"{replayed.records} records and {replayed.clients} clients were destroyed since, and stand so.")
    if replayed.lists:
        lines.append(f"{replayed.lists} disposal runs were ended: approvals from before do not count. Propose anew.")
    if replayed.holds_unknown:
        lines.append(
            f"{replayed.holds_unknown} holds placed since stand, without what they say. Counsel: confide hold complete"
        )
    if replayed.holds_released:
        lines.append(
            f"{replayed.holds_released} holds were released since, says the log. They stand until counsel releases "
            "them again: confide hold release"
        )
    return lines
