"""`confide notice`: the page that goes with what is shared under one statement."""

from __future__ import annotations

from pathlib import Path

import click

from cli.copy import private_file, refuse_inside
from cli.doors import opened, statement_id
from cli.output import answer, json_option, progress
from cli.person import Claimed, authenticated, person_options


@click.command()
@click.argument("statement")
@click.option("--to", "directory", type=click.Path(path_type=Path), help="Folder to write it to (default: out/).")
@click.option("--language", type=click.Choice(["en", "es"]), default="en", help="Language around the rule's own words.")
@person_options
@json_option
def notice(
    statement: str,
    directory: Path | None,
    language: str,
    username: str | None,
    password_file: str | None,
    as_json: bool,
) -> None:
    """Print the notice to the receiving organization for one statement in force; it names no client.

    STATEMENT is its id, or the short id printed on the paper. It says what goes with Part 2 records (42 CFR 2.32), with
    HIV information (the state's notice), or with both; refused where neither is shared.
    """
    site = opened()
    from flows.notice import accompanying_notice
    from register.vocabulary import StaffRole
    from rules.vocabulary import Language

    by = authenticated(Claimed(username, password_file), StaffRole.INTAKE, StaffRole.RECORDS_OFFICER)
    target = directory or site.configuration.out
    refuse_inside(target, site.configuration.home, site.configuration.keys)
    with progress(None, "Printing", quiet=as_json):
        page = accompanying_notice(site, statement_id(statement), language=Language(language), by=by)
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = private_file(target / page.file_name, page.pdf)
    answer({"statement": page.statement.ref, "path": str(path)}, f"The notice is at {path}", as_json=as_json)
