"""`confide disclose`: sharing information with the organization a statement names, written down before it goes."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli import ask
from cli.copy import private_file, refuse_inside
from cli.doors import opened, statement_id
from cli.exit_code import ExitCode
from cli.failure import CommandError
from cli.output import answer, json_option, progress
from cli.person import Claimed, authenticated, person_options

if TYPE_CHECKING:
    from flows.site import Site
    from register.facts import Handover, Person, Statement
    from rules.disclosure import Wanted
    from rules.finding import Finding

KNOWN = (
    "categories", "purpose", "method", "received_by", "description", "items", "records_from", "records_to",
    "organization", "scope_told",
)  # fmt: skip


@click.command()
@click.argument("statement")
@click.option("--check", is_flag=True, help="Only say whether the rules let it go now; write nothing.")
@click.option(
    "--to", "directory", type=click.Path(path_type=Path), help="Folder for what goes with it (default: out/)."
)
@click.option("--language", type=click.Choice(["en", "es"]), default="en", help="Language around the notice's words.")
@ask.from_option
@person_options
@json_option
def disclose(
    statement: str,
    check: bool,
    directory: Path | None,
    language: str,
    source: str | None,
    username: str | None,
    password_file: str | None,
    as_json: bool,
) -> None:
    """Share information under a statement in force: the rules are asked now, the ledger is written, then it goes.

    STATEMENT is its id, or the short id printed on the paper. Asked for, or read from the file: categories, purpose,
    method (paper, file, mail, fax, spoken), received_by (the person there who gets it), description (what goes, in a
    line), items (how many papers or files), records_from, records_to; organization where counsel let another stand in
    the named one's place; scope_told where it is spoken. For Part 2 records the notice of 42 CFR 2.32, and for HIV
    information that of the state, is printed, one for each item, or read out; the statement goes with papers. The
    records themselves are yours to hand over.
    """
    site = opened()
    from register import statements
    from register.moves import DESK

    by = authenticated(Claimed(username, password_file), *DESK)
    row = statements.show(statement_id(statement))
    told = ask.read_answers(source) if source else _asked(site, row, by)
    ask.only_known(told, KNOWN)
    wanted = _wanted(told, row)
    if check:
        _tell_judgment(site, row, wanted, as_json=as_json)
        return
    _share(site, row, wanted, _handover(told), directory, language=language, by=by, as_json=as_json)


def _share(
    site: Site,
    row: Statement,
    wanted: Wanted,
    told: Handover,
    directory: Path | None,
    *,
    language: str,
    by: Person,
    as_json: bool,
) -> None:
    from flows.disclosure import share
    from rules.vocabulary import Language

    target = directory or site.configuration.out
    refuse_inside(target, site.configuration.home, site.configuration.keys)
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    with progress(None, "Making what goes with it", quiet=as_json):
        shared = share(site, row.statement_id, wanted, told, language=Language(language), by=by)
    paths = [private_file(target / paper.file_name, paper.pdf) for paper in shared.papers]
    lines = [f"Written into the ledger: {shared.disclosure.disclosure_id}. Now it may go."]
    lines += [f"With it goes {path}" for path in paths]
    if told.items > 1 and len(paths) > 1:
        lines.append(f"Print the notice {told.items} times: one goes with every item.")
    if shared.read_out:
        lines.append(f"Say first: “{shared.read_out}”")
    if shared.in_writing_within:
        within = f"within {shared.in_writing_within} days"
        lines.append(f"Send the state's notice in writing {within}: confide notice {row.ref}")
    data = {
        "disclosure": shared.disclosure,
        "statement": row.ref,
        "papers": [str(path) for path in paths],
        "read_out": shared.read_out,
        "in_writing_within": shared.in_writing_within,
    }
    answer(data, lines, as_json=as_json)


def _tell_judgment(site: Site, row: Statement, wanted: Wanted, *, as_json: bool) -> None:
    from flows.disclosure import judged

    found: tuple[Finding, ...] = judged(site, row.statement_id, wanted)
    lines = [f"The rules let this go on {row.ref} now."] if not found else [f"This may not go on {row.ref}:"]
    lines += [f"  • {one.field}: {one.sentence} ({one.code} · {one.authority})" for one in found]
    answer({"statement": row.ref, "findings": found}, lines, as_json=as_json)
    if found:
        sys.exit(ExitCode.REFUSED)


def _wanted(told: Mapping[str, Any], row: Statement) -> Wanted:
    from rules.disclosure import Wanted
    from rules.vocabulary import InformationCategory, PurposeCode

    ask.required(told, ["categories", "purpose"])
    given = told["categories"]
    words = [str(one) for one in given] if isinstance(given, list | tuple) else [str(given)]
    for word in words:
        ask.one_of(word, [each.value for each in InformationCategory], "category")
    ask.one_of(str(told["purpose"]), [each.value for each in PurposeCode], "purpose")
    other = told.get("organization")
    organization = ask.given_id(other, "organization") if other else row.organization_id
    if organization is None:
        raise CommandError(ExitCode.REFUSED, f"{row.ref} lets nothing go: it names no organization.", "See its form.")
    return Wanted(
        organization_id=organization,
        categories=frozenset(InformationCategory(word) for word in words),
        purpose=PurposeCode(str(told["purpose"])),
        records_from=_day(told, "records_from"),
        records_to=_day(told, "records_to"),
    )


def _handover(told: Mapping[str, Any]) -> Handover:
    from register.facts import Handover
    from register.vocabulary import HandoverMethod

    ask.required(told, ["method"])
    ask.one_of(str(told["method"]), [each.value for each in HandoverMethod], "method")
    items = told.get("items", 1)
    if not isinstance(items, int) or isinstance(items, bool) or not 1 <= items <= 999:
        raise CommandError(ExitCode.INPUT, "items is not a number from 1 to 999.", "Say how many papers or files go.")
    return Handover(
        method=HandoverMethod(str(told["method"])),
        received_by=str(told.get("received_by") or ""),
        description=str(told.get("description") or ""),
        items=items,
        scope_told=told.get("scope_told") is True,
    )


def _asked(site: Site, row: Statement, by: Person) -> dict[str, Any]:
    """Ask question by question, of what the statement lets go; that somebody looked at it is written down."""
    from flows.site import now
    from register import statements
    from register.vocabulary import HandoverMethod
    from rules.vocabulary import InformationCategory

    ask.require_terminal()
    draft = statements.draft(site.vault, row.statement_id, by=by, now=now())
    purposes = [each.value for each in draft.purposes] or ["client_request"]
    everything = InformationCategory.ENTIRE_RECORD in draft.categories
    allowed = [each.value for each in (InformationCategory if everything else draft.categories)]
    told: dict[str, Any] = {
        "categories": ask.several("What is shared", allowed),
        "purpose": purposes[0] if len(purposes) == 1 else ask.choose("Why", purposes),
        "method": ask.choose("How", [each.value for each in HandoverMethod]),
        "received_by": ask.prompt("Who there receives it"),
        "description": ask.prompt("What goes, in a line"),
    }
    if draft.records_from or draft.records_to:
        told["records_from"] = ask.prompt("The records are from (YYYY-MM-DD)")
        told["records_to"] = ask.prompt("… to (YYYY-MM-DD)")
    if told["method"] == "spoken":
        told["scope_told"] = click.confirm("Will you say what the client agreed to, before anything else", err=True)
    else:
        told["items"] = click.prompt("How many papers or files", type=click.IntRange(1, 999), default=1, err=True)
    return told


def _day(told: Mapping[str, Any], what: str) -> dt.date | None:
    given = told.get(what)
    return ask.day(given, what) if given else None
