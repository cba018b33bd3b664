"""`confide hold`: what may not go, whatever the schedule says. Counsel's alone."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from cli import ask
from cli.doors import opened
from cli.exit_code import ExitCode
from cli.failure import CommandError
from cli.group import Group
from cli.output import answer, json_option, progress, table
from cli.person import Claimed, authenticated, person_options

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from flows.holding import Told
    from flows.site import Site
    from register.retention_facts import Hold, HoldQuery, HoldWords
    from register.vocabulary import HoldKind


@click.group(cls=Group)
def hold() -> None:
    """Keep records beyond every date, for a lawsuit, an audit, a complaint. Needs counsel; others are not told."""


@hold.command("place")
@ask.from_option
@person_options
@json_option
def place(source: str | None, username: str | None, password_file: str | None, as_json: bool) -> None:
    """Place a hold: kind, matter, authority, review_on, and what it covers.

    What it covers is one of: records (a list of ids), client (an id: everything of theirs), or query (retention_class,
    form, organization, client, kept_from, kept_to). A client's and a query's hold covers what comes in later too.
    Exit status 11 when the store was not told yet: the hold stands, and upkeep tells the store.
    """
    site = opened()
    from flows.site import now
    from register import holds
    from register.vocabulary import StaffRole

    by = authenticated(Claimed(username, password_file), StaffRole.COUNSEL)
    told = ask.read_answers(source) if source else {**_asked(), **_asked_what()}
    kind, words, review_on = _said(told)
    placed = holds.place(
        site.vault,
        kind=kind,
        words=words,
        review_on=review_on,
        records=_ids(told.get("records")),
        client_id=ask.given_id(told["client"], "client") if told.get("client") else None,
        query=_query(told.get("query")),
        by=by,
        now=now(),
    )
    _tell(site, placed, f"Hold {placed.hold_id} stands on {placed.records} record(s).", as_json=as_json)


@hold.command("complete")
@click.argument("hold_id", metavar="HOLD", type=click.UUID)
@ask.from_option
@person_options
@json_option
def complete(hold_id: UUID, source: str | None, username: str | None, password_file: str | None, as_json: bool) -> None:
    """Say again what a HOLD says that a restore brought back from the store's log: kind, matter, authority, review_on.

    What it stands on is in the log and stays as it is.
    """
    site = opened()
    from flows.site import now
    from register import holds
    from register.vocabulary import StaffRole

    by = authenticated(Claimed(username, password_file), StaffRole.COUNSEL)
    kind, words, review_on = _said(ask.read_answers(source) if source else _asked())
    row = holds.complete(site.vault, hold_id, kind=kind, words=words, review_on=review_on, by=by, now=now())
    answer({"hold": row}, f"Hold {hold_id} is complete again; it stands on {row.records} record(s).", as_json=as_json)


@hold.command("release")
@click.argument("hold_id", metavar="HOLD", type=click.UUID)
@ask.from_option
@person_options
@json_option
def release(hold_id: UUID, source: str | None, username: str | None, password_file: str | None, as_json: bool) -> None:
    """Release a HOLD, with the reason. What another hold covers stays held; a date that has come destroys nothing."""
    site = opened()
    from flows.site import now
    from register import holds
    from register.vocabulary import StaffRole

    by = authenticated(Claimed(username, password_file), StaffRole.COUNSEL)
    reason = ask.reason(source, "Why it is released")
    released = holds.release(site.vault, hold_id, reason=reason, by=by, now=now())
    _tell(site, released, f"Hold {hold_id} is released.", as_json=as_json)


@hold.command("show")
@click.argument("hold_id", metavar="HOLD", type=click.UUID)
@person_options
@json_option
def show(hold_id: UUID, username: str | None, password_file: str | None, as_json: bool) -> None:
    """What a HOLD says, what it covers, and on which records it stands. That you looked is written down."""
    site = opened()
    from flows.site import now
    from register import holds
    from register.vocabulary import StaffRole

    by = authenticated(Claimed(username, password_file), StaffRole.COUNSEL)
    row = holds.show(hold_id, by=by)
    words = holds.words(site.vault, hold_id, by=by, now=now())
    covered = holds.records_of(hold_id, by=by)
    lines = [
        f"Hold {row.hold_id}: {row.kind.value}, {_state(row)}, review {row.review_on}",
        f"Matter: {words.matter or '(not in the log: confide hold complete)'}",
        f"Authority: {words.authority or '(not in the log)'}",
        *([f"Released because: {words.release_reason}"] if words.release_reason else []),
        f"Covers: {_covers(row)}; {len(covered)} record(s)",
        *(f"  {one}" for one in covered[:50]),
        *([f"  … and {len(covered) - 50} more (--json)"] if len(covered) > 50 else []),
    ]
    answer({"hold": row, "words": words, "records": covered}, lines, as_json=as_json)


@hold.command("compare")
@click.option(
    "--inventory",
    "manifest",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="manifest.json of an S3 Inventory (CSV, all versions): without, a bucket is asked about each record.",
)
@person_options
@json_option
def compare(manifest: Path | None, username: str | None, password_file: str | None, as_json: bool) -> None:
    """Hold the register's holds against the store's legal holds, and name the records where they differ.

    What the store lost it is told again at once. What only the store holds is freed by placing a hold on it and
    releasing that. Exit status 11 when anything differed, or could not be told.
    """
    site = opened()
    from flows import holding
    from register.vocabulary import StaffRole
    from storage.inventory import Inventory

    authenticated(Claimed(username, password_file), StaffRole.COUNSEL)
    inventory = Inventory.read(manifest) if manifest is not None else None
    with progress(None, "Comparing", quiet=as_json):
        found = holding.compare(site, inventory)
    untold = _not_told(found.told)
    lines = [
        f"{len(found.absent)} record(s) under hold here were not held by the store.",
        *(f"  {one}" for one in found.absent),
        f"{len(found.strange)} record(s) are held by the store, and under no hold here.",
        *(f"  {one}" for one in found.strange),
        f"The store was told of {len(found.told.mirrored.told)} record(s).",
        *untold,
    ]
    answer({"absent": found.absent, "strange": found.strange}, lines, as_json=as_json)
    if found.absent or found.strange or untold:
        sys.exit(ExitCode.FINDINGS)


@hold.command("list")
@click.option("--all", "everything", is_flag=True, help="Released holds too.")
@person_options
@json_option
def listing(everything: bool, username: str | None, password_file: str | None, as_json: bool) -> None:
    """Every hold that stands, the next review first."""
    opened()
    from register import holds
    from register.vocabulary import StaffRole

    by = authenticated(Claimed(username, password_file), StaffRole.COUNSEL)
    rows = holds.listing(by=by, released=everything)
    if as_json:
        answer(rows, "", as_json=True)
        return
    table(
        ["Hold", "Kind", "Covers", "Records", "Review", "State"],
        [[str(row.hold_id), row.kind, _covers(row), str(row.records), str(row.review_on), _state(row)] for row in rows],
    )


def _tell(site: Site, row: Hold, line: str, *, as_json: bool) -> None:
    """Tell the store and its standby, then the person; what is not there is told by upkeep, and the person now."""
    from flows import holding

    with progress(row.records, "Telling the store", quiet=as_json) as step:
        told = holding.tell(site, step=lambda count: step(count, ""))
    mirrored, untold = told.mirrored, _not_told(told)
    lines = [line, f"The store was told of {len(mirrored.told)} record(s).", *untold]
    answer(
        {
            "hold": row,
            "store_told": len(mirrored.told),
            "store_not_told": len(mirrored.failed),
            "log_refused": mirrored.log_refused,
            "standby_refused": told.standby_refused,
        },
        lines,
        as_json=as_json,
    )
    if untold:
        sys.exit(ExitCode.FINDINGS)


def _not_told(told: Told) -> list[str]:
    """Who could not be told, and what comes of it."""
    lines: list[str] = []
    if failed := told.mirrored.failed:
        lines.append(f"✗ Of {len(failed)} it was not ({failed[0][1]}); the register keeps them, upkeep tells it.")
    if told.mirrored.log_refused:
        lines.append(
            f"✗ The store's log was not told ({told.mirrored.log_refused}): a restore would not know. Upkeep tells it."
        )
    if told.standby_refused:
        lines.append(
            f"✗ The standby was not told ({told.standby_refused}): after the loss of this disk a restore would not "
            "know. Connect it, and run: confide upkeep"
        )
    return lines


def _ids(told: object) -> tuple[UUID, ...]:
    if told is None:
        return ()
    given = told if isinstance(told, list) else [told]
    return tuple(ask.given_id(one, "records") for one in given)


def _query(told: Any) -> HoldQuery | None:
    from register.retention_facts import HoldQuery

    if told is None:
        return None
    known = {"retention_class", "form", "organization", "client", "kept_from", "kept_to"}
    if not isinstance(told, dict) or not set(told) <= known:
        raise CommandError(ExitCode.INPUT, "This query is not known.", f"Use: {', '.join(sorted(known))}.")
    return HoldQuery(
        retention_class=told.get("retention_class"),
        form_id=told.get("form"),
        organization_id=ask.given_id(told["organization"], "organization") if "organization" in told else None,
        client_id=ask.given_id(told["client"], "client") if "client" in told else None,
        kept_from=ask.day(told["kept_from"], "kept_from") if "kept_from" in told else None,
        kept_to=ask.day(told["kept_to"], "kept_to") if "kept_to" in told else None,
    )


def _said(told: Mapping[str, object]) -> tuple[HoldKind, HoldWords, date]:
    """What a hold says, as it was given."""
    from register.retention_facts import HoldWords
    from register.vocabulary import HoldKind

    ask.required(told, ["kind", "matter", "authority", "review_on"])
    ask.one_of(told["kind"], [kind.value for kind in HoldKind], "kind")
    words = HoldWords(matter=str(told["matter"]), authority=str(told["authority"]))
    return HoldKind(str(told["kind"])), words, ask.day(told["review_on"], "review_on")


def _asked() -> Mapping[str, object]:
    from register.vocabulary import HoldKind

    return {
        "kind": ask.choose("Why", [kind.value for kind in HoldKind]),
        "matter": ask.prompt("What it is about"),
        "authority": ask.prompt("What it rests on"),
        "review_on": ask.prompt("When somebody looks at it again (YYYY-MM-DD)"),
    }


def _asked_what() -> Mapping[str, object]:
    what = ask.choose("What it covers (a query comes by --from)", ["client", "records"])
    if what == "client":
        return {"client": ask.prompt("Client's id")}
    return {"records": list(ask.prompt_lines("Record ids"))}


def _covers(row: Hold) -> str:
    if row.scope.value == "query":
        told = {name: getattr(row.query, name) for name in row.query.__dataclass_fields__}
        return ", ".join(f"{name} {value}" for name, value in told.items() if value is not None)
    return f"client {row.client_id}" if row.client_id else "named records"


def _state(row: Hold) -> str:
    if row.released_at:
        return f"released {row.released_at:%Y-%m-%d}"
    told = ["stands"]
    if row.incomplete:
        told.append("restored from the store's log, details to be completed")
    if row.released_since:
        told.append("released after the backup, says the log: release it again or keep it")
    return "; ".join(told)
