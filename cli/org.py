"""`confide org`: the organizations that may receive information, and who took over from whom."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING
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
    from register.registry import TakenIn
    from rules.registry import RowRefusal


@click.group(cls=Group)
def org() -> None:
    """The organizations that may receive information; never a person of one."""


@org.command("add")
@ask.from_option
@person_options
@json_option
def add(source: str | None, username: str | None, password_file: str | None, as_json: bool) -> None:
    """Add an organization: legal_name, kind, unit, address (lines), predecessors (former names)."""
    opened()
    from flows.site import now
    from register import organizations
    from register.vocabulary import StaffRole
    from rules.vocabulary import OrganizationKind

    by = authenticated(Claimed(username, password_file), StaffRole.INTAKE, StaffRole.ADMINISTRATOR)
    kinds = [kind.value for kind in OrganizationKind]
    if source:
        told = ask.read_answers(source)
    else:
        told = {
            "legal_name": ask.prompt("Legal name of the organization"),
            "kind": ask.choose("Kind", kinds),
            "unit": ask.prompt("Unit or office", default=""),
            "address": ask.prompt_lines("Address"),
        }
    ask.required(told, ["legal_name", "kind"])
    ask.one_of(told["kind"], kinds, "kind")
    added = organizations.add(
        legal_name=str(told["legal_name"]),
        kind=OrganizationKind(told["kind"]),
        unit=str(told.get("unit") or ""),
        address=tuple(map(str, told.get("address") or ())),
        predecessors=tuple(map(str, told.get("predecessors") or ())),
        by=by,
        now=now(),
    )
    answer(added, f"Added {added.legal_name}: {added.organization_id}", as_json=as_json)


@org.command("import")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--check", is_flag=True, help="Say what would go in and what is refused; write nothing.")
@person_options
@json_option
def import_(file: Path, check: bool, username: str | None, password_file: str | None, as_json: bool) -> None:
    """Take a registry in from a CSV file with the columns legal_name, unit, kind, address.

    Every row that is refused is told with its line, its column, the rule and the remedy; the others go in. What is
    registered already, word for word, is left as it is, so a file may be handed in again. Ends with 4 where any row
    is refused, with 3 where the file cannot be read; then nothing went in.
    """
    opened()
    from flows.site import now
    from register import registry
    from register.vocabulary import StaffRole
    from rules.registry import RowRefusal, Sheet

    by = authenticated(Claimed(username, password_file), StaffRole.INTAKE, StaffRole.ADMINISTRATOR)
    sheet, refused, went_in = Sheet(_bytes(file)), list[RowRefusal](), list[int]()

    def done(batch: Sequence[tuple[int, UUID]]) -> None:
        went_in.extend(line for line, _ in batch)

    try:
        with progress(sheet.rows, "Looking at" if check else "Taking in", quiet=as_json) as step:
            entries = sheet.entries(refused.append, lambda row: step(row, "") if row % 100 == 0 else None)
            told = registry.judge(entries) if check else registry.take_in(entries, by=by, now=now(), done=done)
    except BaseException:
        if went_in:
            click.echo(f"Before it ended, these lines went in: {_spans(went_in)}", err=True)
        raise
    every = sorted([*refused, *told.refused], key=lambda row: (row.line, row.column))
    _tell_import(told, every, check=check, as_json=as_json)
    if every:
        sys.exit(ExitCode.REFUSED)


def _bytes(file: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as wrong:
        raise CommandError(
            ExitCode.INPUT, f"The file cannot be read ({type(wrong).__name__}).", "Check its path."
        ) from None


def _tell_import(told: TakenIn, refused: Sequence[RowRefusal], *, check: bool, as_json: bool) -> None:
    if as_json:
        data = {
            "check": check,
            "added": [{"line": line, "organization_id": organization} for line, organization in told.added],
            "would_add": told.would_add if check else [],
            "present": told.present,
            "refused": refused,
        }
        answer(data, "", as_json=True)
        return
    rows = len({row.line for row in refused})
    went = f"{len(told.would_add)} would go in" if check else f"{len(told.added)} went in"
    click.echo(f"{went}; {len(told.present)} are registered already; {rows} refused.")
    lines = told.would_add if check else [line for line, _ in told.added]
    if lines:
        click.echo(f"Lines that {'would go' if check else 'went'} in: {_spans(lines)}")
    for row in refused:
        click.echo(f"line {row.line}{', ' + row.column if row.column else ''}: {row.sentence} → {row.remedy}", err=True)
        click.echo(f"    {row.code} · {row.authority}", err=True)


def _spans(lines: Sequence[int]) -> str:
    """ "2-4, 7": which lines, however many. A row that runs over several lines counts by its first."""
    spans: list[list[int]] = []
    for line in sorted(lines):
        if spans and line == spans[-1][1] + 1:
            spans[-1][1] = line
        else:
            spans.append([line, line])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in spans)


@org.command("list")
@click.option("--all", "everything", is_flag=True, help="Retired organizations too.")
@json_option
def listing(everything: bool, as_json: bool) -> None:
    """The organizations of this site."""
    opened()
    from register import organizations

    rows = organizations.listing(including_retired=everything)
    if as_json:
        answer(rows, "", as_json=True)
        return
    names = {row.organization_id: row.legal_name for row in organizations.listing(including_retired=True)}
    table(
        ["Organization", "Kind", "Id", "State"],
        [
            [
                f"{row.legal_name}{' · ' + row.unit if row.unit else ''}",
                row.kind,
                str(row.organization_id),
                "active"
                if not row.retired
                else f"retired → {names[row.successor_id] if row.successor_id else 'nobody'}",
            ]
            for row in rows
        ],
    )


@org.command("retire")
@click.argument("organization_id", type=click.UUID)
@click.option("--successor", type=click.UUID, help="Id of the organization that took over its work.")
@person_options
@json_option
def retire(
    organization_id: UUID, successor: UUID | None, username: str | None, password_file: str | None, as_json: bool
) -> None:
    """Retire an organization; new statements go to its successor, signed ones stay as they were signed."""
    opened()
    from flows.site import now
    from register import organizations, successors
    from register.vocabulary import StaffRole

    by = authenticated(Claimed(username, password_file), StaffRole.ADMINISTRATOR)
    organizations.retire(organization_id, successor_id=successor, by=by, now=now())
    after, waiting = organizations.show(organization_id), successors.to_re_paper(organization_id)
    lines = [f"{after.legal_name} is retired."]
    if waiting:
        lines.append(f"{len(waiting)} statement(s) in force name it, and nothing goes on them now: confide org changed")
    answer({**asdict(after), "statements_for_counsel": waiting}, lines, as_json=as_json)


@org.command("changed")
@json_option
def changed(as_json: bool) -> None:
    """The statements in force on organizations that are no more (V22): counsel lets a successor stand in (carry-over),
    or the client signs anew."""
    opened()
    from register import successors

    found = successors.to_re_paper()
    if as_json:
        answer(found, "", as_json=True)
        return
    click.echo(f"{len(found)} statement(s) wait." if found else "No statement waits.")
    for one in found:
        click.echo(f"{one.field}: {one.sentence} ({one.code} · {one.authority})")


@org.command("carry-over")
@click.argument("organization_id", type=click.UUID)
@click.argument("successor_id", type=click.UUID)
@ask.from_option
@person_options
@json_option
def carry_over(
    organization_id: UUID,
    successor_id: UUID,
    source: str | None,
    username: str | None,
    password_file: str | None,
    as_json: bool,
) -> None:
    """Counsel lets a successor receive on the statements that name a retired organization, with the reason.

    The statements stay as they were signed. `confide disclose` then takes the successor as `organization`.
    """
    site = opened()
    from flows.site import now
    from register import organizations, successors
    from register.vocabulary import StaffRole

    by = authenticated(Claimed(username, password_file), StaffRole.COUNSEL)
    reason = ask.reason(source, "Why")
    successors.carry_over(site.vault, organization_id, successor_id, reason=reason, by=by, now=now())
    old, new = organizations.show(organization_id), organizations.show(successor_id)
    data = {"organization_id": organization_id, "successor_id": successor_id}
    answer(data, f"{new.legal_name} may receive what statements let {old.legal_name} receive.", as_json=as_json)
