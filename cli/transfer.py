"""`confide disposal transfer` and `receipt`: rows go to a successor, and from here once it has them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from cli import ask
from cli.apart import apart_options, require_apart, require_new
from cli.copy import refuse_inside
from cli.disposal_told import run_id, tell
from cli.doors import opened
from cli.output import answer, json_option, progress
from cli.person import Claimed, authenticated, person_options

if TYPE_CHECKING:
    from flows.transfer import Handing


@click.command("transfer")
@click.argument("run")
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--to",
    "organization",
    type=click.UUID,
    metavar="ORGANIZATION",
    help="The successor; not needed where there is one.",
)
@apart_options
@ask.from_option
@person_options
@json_option
def transfer(
    run: str,
    directory: Path,
    organization: UUID | None,
    keys: Path,
    same_disk: bool,
    source: str | None,
    username: str | None,
    password_file: str | None,
    as_json: bool,
) -> None:
    """Hand the rows answered transfer over: an encrypted archive in DIRECTORY, a new folder, and its key elsewhere.

    The run must be approved; it is begun by this, and withdrawn no more. Needs a records officer or counsel. Each row
    is judged as for its destruction. Answers, asked or --from FILE: responsible (person there), authority (law or
    consent under which they are kept there), until (day); optional program. Nothing is destroyed by this.
    """
    site = opened()
    from flows import transfer as flow
    from register import disposal as register

    for folder in (directory, keys):
        refuse_inside(folder, site.configuration.home, site.configuration.keys)
    require_apart(directory, keys, same_disk=same_disk)
    by = authenticated(Claimed(username, password_file))
    found = register.show(run_id(run))
    successor = organization or ask.only([one.organization_id for one in found.successors], "--to")
    if flow.known(found.run_id, directory, successor) is None:
        require_new(directory, keys, left_over=flow.LEFT_OVER)
    handing = _handing(successor, ask.read_answers(source) if source else _asked())
    with progress(None, "Handing over", quiet=as_json) as step:
        done = flow.hand_over(site, found.run_id, directory, keys, handing, by=by, step=step)
    told = [
        f"{done.transfer.records} record(s) for {done.transfer.organization} are in {done.path}.",
        f"The key is in {done.keys}. Carry it away from the archive now; send them by two ways.",
        f"SHA-256 of the archive: {done.transfer.archive_sha256}",
    ]
    if done.kept_back:
        told.append(f"{done.kept_back} row(s) are not in it: kept for now, or received already.")
    told.append(f"Next, when RECEIPT.txt comes back, another person: confide disposal receipt {done.run.ref}")
    data = {
        "run": done.run.ref,
        "transfer": done.transfer,
        "path": done.path,
        "keys": done.keys,
        "kept_back": done.kept_back,
    }
    answer(data, told, as_json=as_json)


@click.command("receipt")
@click.argument("run")
@ask.from_option
@person_options
@json_option
def receipt(run: str, source: str | None, username: str | None, password_file: str | None, as_json: bool) -> None:
    """Record that a successor received an archive of this run; then execute may destroy what lies here.

    Needs a records officer, counsel or a deputy, not who handed it over. Answers, asked or --from FILE: sha256 (of the
    archive, as the successor worked it out), opened_sha256 (of SHA256SUMS in it), confirmed_by (person there) and
    received_on.
    """
    site = opened()
    from flows.site import now
    from register import disposal as register
    from register import receipts

    by = authenticated(Claimed(username, password_file))
    found = register.show(run_id(run))
    told = ask.read_answers(source) if source else _asked_receipt()
    ask.required(told, ["sha256", "opened_sha256", "confirmed_by", "received_on"])
    done = receipts.record(
        site.vault,
        found.run_id,
        archive_sha256=str(told["sha256"]),
        sums_sha256=str(told["opened_sha256"]),
        confirmed_by=str(told["confirmed_by"]),
        received_on=ask.day(told["received_on"], "received_on"),
        by=by,
        now=now(),
    )
    lines = [
        f"{done.organization} has {done.records} record(s) since {done.received_on}.",
        f"Next: confide disposal execute {found.ref}",
    ]
    if as_json:
        answer(done, "", as_json=True)
    else:
        tell(register.show(found.run_id), lines, as_json=False)


def _asked() -> dict[str, Any]:
    return {
        "responsible": ask.prompt("Person there who answers for them"),
        "authority": ask.prompt("Law or consent under which they are kept there"),
        "until": ask.prompt("Until not later than (YYYY-MM-DD)"),
    }


def _asked_receipt() -> dict[str, Any]:
    return {
        "sha256": ask.prompt("SHA-256 of the archive, as they worked it out"),
        "opened_sha256": ask.prompt("SHA-256 of SHA256SUMS in it"),
        "confirmed_by": ask.prompt("Person there who confirmed it"),
        "received_on": ask.prompt("Received on (YYYY-MM-DD)"),
    }


def _handing(successor: UUID, told: Mapping[str, Any]) -> Handing:
    from flows.transfer import Handing

    ask.required(told, ("responsible", "authority", "until"))
    return Handing(
        successor=successor,
        responsible=str(told["responsible"]),
        authority=str(told["authority"]),
        until=ask.day(told["until"], "until"),
        program=str(told.get("program") or ""),
    )
