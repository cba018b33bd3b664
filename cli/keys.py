"""`confide keys`: what opens what, whether it works, and how it is changed (docs/keys.md)."""

from __future__ import annotations

from pathlib import Path

import click

from cli import ask
from cli.doors import opened
from cli.group import Group
from cli.output import answer, examined, json_option, progress, table
from cli.person import Claimed, authenticated, person_options
from cli.shares import confirmation, shares_options


@click.group(cls=Group)
def keys() -> None:
    """The site's keys: master key, certificate authority, seal key."""


@keys.command("list")
@json_option
def listing(as_json: bool) -> None:
    """Every key of this site: who keeps it, what it opens, its public name, when its certificate ends."""
    site = opened()
    from flows.keys import listing as listed

    lines = listed(site)
    if as_json:
        answer(lines, "", as_json=True)
        return
    table(
        ["Key", "Kept by", "Opens or signs", "Name", "Ends"],
        [[line.name, line.keeper, line.opens, line.key_id, line.ends] for line in lines],
    )


@keys.command("check")
@json_option
def check(as_json: bool) -> None:
    """Try every key, and tell what ends within sixty days.

    Opens the master key (asks KMS), every epoch key and the certificate authority, issues and signs something on trial
    and verifies it. Exit status 11 when there is a problem. Changes nothing.
    """
    site = opened()
    from flows.keys import check as checked

    with progress(None, "Trying", quiet=as_json):
        lines = checked(site)
    examined(lines, "Key", as_json=as_json)


@keys.command("rotate")
@shares_options
@person_options
@json_option
def rotate(
    needed: int,
    shares: int,
    shares_to: Path | None,
    username: str | None,
    password_file: str | None,
    as_json: bool,
) -> None:
    """Change the master key; no record is touched, and nothing needs to be stopped.

    The new key is kept where CONFIDE_KEK says: a file, or AWS KMS. Its recovery shares are written out and confirmed
    first; until then nothing changes. Cut off afterwards, it is carried through by the same command.
    """
    site = opened()
    from flows import keys as site_keys
    from register.vocabulary import StaffRole

    by = authenticated(Claimed(username, password_file), StaffRole.ADMINISTRATOR)
    resumed = site_keys.under_way(site.configuration)
    with progress(None, "Changing the master key", quiet=as_json or not (shares_to or resumed)) as step:
        done = site_keys.rotate(
            site,
            by=by,
            confirm_shares=confirmation(needed, shares, shares_to),
            progress=lambda count: step(count, f"{count} keys"),
        )
    lines = [
        *(["A change that was cut off was carried through; its shares are those confirmed then."] if resumed else []),
        f"The master key is now {done.key_id}, kept by {done.place}; {done.rewrapped} keys are wrapped by it.",
    ]
    if shares_to and not resumed:
        lines.append(f"Give the {shares} sheets in {shares_to} to {shares} people now, and delete the files.")
    if site.configuration.standby is None:
        lines.append(
            "Bring the standby level (confide backup --standby). Until then it opens with the old shares only."
        )
    lines.append("Keep the old shares apart until backup and standby were made anew; then destroy them.")
    answer(done, lines, as_json=as_json)


@keys.command("renew")
@click.option("--root", is_flag=True, help="Prolong the root too, though it does not end soon.")
@person_options
@json_option
def renew(root: bool, username: str | None, password_file: str | None, as_json: bool) -> None:
    """Renew the time-stamp and OCSP certificates, and the root's where it ends soon; what was signed stays good.

    A running worker uses them from its next document on.
    """
    site = opened()
    from flows.keys import listing as listed
    from flows.keys import renew as renewed_by
    from register.vocabulary import StaffRole

    by = authenticated(Claimed(username, password_file), StaffRole.ADMINISTRATOR)
    before = site.authority.root_der
    after = renewed_by(site, by=by, root=root)
    lines = [f"{line.name}: {line.key_id}, ends {line.ends}" for line in listed(site) if line.ends]
    if after.root_der != before:
        root_file = site.configuration.authority_path / "root.der"
        lines.append(f"The root was prolonged. Give {root_file} to whoever verifies your statements elsewhere;")
        lines.append("it verifies what was signed before as well, and the old one goes on verifying until it ends.")
    answer([line for line in listed(site) if line.ends], lines, as_json=as_json)


@keys.command("recover")
@click.option(
    "--share",
    "shares",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A recovery share's sheet as a file; as many as are needed. Without it you are asked for the words.",
)
@json_option
def recover(shares: tuple[Path, ...], as_json: bool) -> None:
    """Bring a lost master key back from its recovery shares, to where CONFIDE_KEK says.

    For a lost key file, or a KMS key that is gone. Holding enough shares is what entitles a person to this. Everything
    the master key wraps is opened with it first; if it does not open, nothing is changed.
    """
    from register import boot

    boot.ready()
    from flows.establishment import shares_in
    from flows.keys import recover as recovered
    from register.configuration import configuration
    from storage import recovery

    words = shares_in(shares) if shares else ask.prompt_lines("Words of a recovery share, one share a line")
    done = recovered(configuration(), recovery.combine(words))
    answer(
        done,
        f"The master key {done.key_id} is back, kept by {done.place}; {done.rewrapped} keys open with it.",
        as_json=as_json,
    )


@keys.command("forget-standby")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@person_options
@json_option
def forget_standby(folder: Path, username: str | None, password_file: str | None, as_json: bool) -> None:
    """Strike a standby that is destroyed for good off the list that the end of an epoch waits for.

    FOLDER is where it lay. As long as it exists anywhere, destroyed records in old backups may be brought back with it,
    and the second date of every certificate would be untrue: destroy the medium first.
    """
    site = opened()
    from flows.keys import forget_standby as forgotten
    from register.vocabulary import StaffRole

    by = authenticated(Claimed(username, password_file), StaffRole.ADMINISTRATOR)
    forgotten(site, folder, by=by)
    answer({"forgotten": str(folder)}, f"The standby at {folder} is no longer waited for.", as_json=as_json)
