"""`confide disposal`: what may go is listed, answered for, approved by two others, destroyed and certified."""

from __future__ import annotations

import sys
from pathlib import Path
from uuid import UUID

import click

from cli import ask
from cli.copy import private_file, refuse_inside
from cli.disposal_told import (
    ROWS_SHOWN,
    evaluated,
    lines_of,
    listed,
    next_step,
    open_rows,
    row_of,
    run_id,
    summary,
    tell,
    transfer_line,
    would,
)
from cli.doors import opened
from cli.exit_code import ExitCode
from cli.failure import CommandError
from cli.group import Group
from cli.output import answer, json_option, progress, table
from cli.person import Claimed, authenticated, person_options
from cli.transfer import receipt, transfer
from rules.disposal import Answer


@click.group(cls=Group)
def disposal() -> None:
    """Destroy what may be kept no longer, with proof: propose, answer, approve (two others), execute, certificate.

    What goes to a successor is handed over before, and confirmed: transfer, receipt.

    RUN is a run's reference (XXXX-XXXX-XXXX) or its id.
    """


@disposal.command("propose")
@click.option("--dry-run", is_flag=True, help="Only tell what a run would hold; writes no list, needs nobody.")
@click.option(
    "--as-of", "day", metavar="YYYY-MM-DD", help="As of an earlier day of the agency's calendar (default: today)."
)
@click.option("--limit", type=click.IntRange(1, 10_000), default=10_000, show_default=True, help="Rows at most.")
@person_options
@json_option
def propose(
    dry_run: bool, day: str | None, limit: int, username: str | None, password_file: str | None, as_json: bool
) -> None:
    """Freeze the list of what is due, with its hash. Needs a records officer. Destroys nothing.

    Held records are never on it; rows that an earlier run retained, or that another run has, are not either.
    """
    site = opened()
    from flows import disposal as flow

    as_of = ask.day(day, "--as-of") if day else None
    if dry_run:
        with progress(None, "Looking", quiet=as_json) as step:
            found = flow.evaluate(site, as_of, limit=limit, step=step)
        answer(evaluated(found), would(found), as_json=as_json)
        return
    by = authenticated(Claimed(username, password_file))
    with progress(None, "Listing", quiet=as_json) as step:
        run = flow.propose(site, as_of, by=by, limit=limit, step=step)
    tell(run, [f"Next: confide disposal answer {run.ref}"], as_json=as_json)


@disposal.command("show")
@click.argument("run", required=False)
@click.option("--rows", is_flag=True, help="The rows of the list too.")
@person_options
@json_option
def show(run: str | None, rows: bool, username: str | None, password_file: str | None, as_json: bool) -> None:
    """A run, its answers, approvals and outcome; without RUN, every run."""
    opened()
    from register import disposal as register
    from register import disposal_rows, holds, receipts

    by = authenticated(Claimed(username, password_file))
    if run is None:
        listed(register.listing(), as_json=as_json)
        return
    found = register.show(run_id(run))
    may_know = holds.may_know(by)
    told = [row_of(item, may_know=may_know) for item in disposal_rows.items(found.run_id)] if rows else []
    handed = receipts.of_run(found.run_id)
    if as_json:
        run_told = summary(found, may_know=may_know)
        answer({"run": run_told, "items": told, "transfers": handed}, "", as_json=True)
        return
    tell(found, [transfer_line(one) for one in handed], as_json=False, may_know=may_know)
    if rows:
        heads = ["#", "Record", "Series", "Rule", "Due since", "Answer", "Outcome"]
        cells = [
            [str(one["position"]), one["record"], one["series"], one["rule"], one["due_on"], one["answer"] or "—",
             " ".join(filter(None, (str(one["outcome"]), f"({one['why']})" if one["why"] else "")))]
            for one in told[:ROWS_SHOWN]
        ]  # fmt: skip
        table(heads, cells)
        if len(told) > ROWS_SHOWN:
            click.echo(f"… and {len(told) - ROWS_SHOWN} more rows (--json)")


@disposal.command("answer")
@click.argument("run")
@click.argument("records", nargs=-1, type=click.UUID, metavar="[RECORD]...")
@click.option("--all", "everything", is_flag=True, help="Every row that has no answer yet, instead of RECORDs.")
@ask.from_option
@person_options
@json_option
def answer_(
    run: str,
    records: tuple[UUID, ...],
    everything: bool,
    source: str | None,
    username: str | None,
    password_file: str | None,
    as_json: bool,
) -> None:
    """Answer rows: destroy, retain until a day with a reason, or transfer to a successor. Needs a records officer.

    Asked for, or read from --from FILE (answer, retain_until, reason; for transfer successor, the id of the
    organization that takes it, which is approved too). A row without an answer is out, whatever is approved afterwards.
    Who answers cannot approve.
    """
    site = opened()
    from flows.site import now
    from register import disposal as register

    if bool(records) == everything:
        raise CommandError(ExitCode.USAGE, "Name records, or give --all: one of the two.", "See --help.")
    by = authenticated(Claimed(username, password_file))
    told = ask.read_answers(source) if source else _asked()
    ask.required(told, ["answer"])
    ask.one_of(str(told["answer"]), [one.value for one in Answer], "answer")
    until, successor, which = told.get("retain_until"), told.get("successor"), run_id(run)
    changed = register.answer(
        site.vault,
        which,
        None if everything else records,
        Answer(str(told["answer"])),
        retain_until=ask.day(until, "retain_until") if until else None,
        successor=ask.given_id(successor, "successor") if successor else None,
        reason=str(told.get("reason") or ""),
        by=by,
        now=now(),
    )
    found = register.show(which)
    tell(found, [f"{changed} row(s) answered.", *next_step(found)], as_json=as_json)


@disposal.command("exclude")
@click.argument("run")
@click.argument("records", nargs=-1, required=True, type=click.UUID, metavar="RECORD...")
@ask.from_option
@person_options
@json_option
def exclude(
    run: str,
    records: tuple[UUID, ...],
    source: str | None,
    username: str | None,
    password_file: str | None,
    as_json: bool,
) -> None:
    """Take rows out, with a reason, at any time before their keys are destroyed; they come back in the next run."""
    site = opened()
    from flows.site import now
    from register import disposal as register

    by = authenticated(Claimed(username, password_file))
    reason, which = ask.reason(source, "Why are they taken out"), run_id(run)
    changed = register.exclude(site.vault, which, records, reason=reason, by=by, now=now())
    found = register.show(which)
    tell(found, [f"{changed} row(s) taken out."], as_json=as_json)


@disposal.command("approve")
@click.argument("run")
@click.option("--list", "shown_sha256", metavar="SHA256", help="Hash of the list with its answers, as you saw it.")
@person_options
@json_option
def approve(run: str, shown_sha256: str | None, username: str | None, password_file: str | None, as_json: bool) -> None:
    """Approve a run as it is answered. Two persons do, neither who prepared it nor who answered; good for thirty days.

    Records officers, counsel, deputies and outside approvers may. With the hash of the list and its answers, which
    `confide disposal show` tells, so that nobody approves what they did not see; at a terminal it is shown and asked.
    """
    opened()
    from flows.site import now
    from register import disposal as register

    by = authenticated(Claimed(username, password_file))
    found = register.show(run_id(run))
    if shown_sha256 is None:
        ask.require_terminal()
        shown_sha256 = found.shown_sha256  # what changes while it is shown is refused
        for line in lines_of(found):
            click.echo(line, err=True)
        if ask.choose("Have these records destroyed?", ["yes", "no"], default="no") != "yes":
            raise CommandError(ExitCode.CONFLICT, "Nothing was approved.", "The run stays as it is.")
    found = register.approve(found.run_id, shown_sha256=shown_sha256.strip().lower(), by=by, now=now())
    tell(found, next_step(found), as_json=as_json)


@disposal.command("withdraw")
@click.argument("run")
@person_options
@json_option
def withdraw(run: str, username: str | None, password_file: str | None, as_json: bool) -> None:
    """Give a run up before it is begun; its rows come back in the next one."""
    opened()
    from flows.site import now
    from register import disposal as register

    by = authenticated(Claimed(username, password_file))
    tell(register.withdraw(run_id(run), by=by, now=now()), [], as_json=as_json)


@disposal.command("execute")
@click.argument("run")
@click.option(
    "--break-glass", is_flag=True, help="End the store's locks before their time. Needs the role break_glass."
)
@person_options
@json_option
def execute(run: str, break_glass: bool, username: str | None, password_file: str | None, as_json: bool) -> None:
    """Destroy what an approved run may destroy now. This is final.

    Holds, due dates and approvals are read again for each record. Ctrl-C stops between two steps; the same command goes
    on. Exit status 11 when something could not be destroyed now: it is told, and tried again by the same command.
    """
    site = opened()
    from flows import disposal as flow
    from register import disposal as register
    from register import holds

    by = authenticated(Claimed(username, password_file))
    found = register.show(run_id(run))
    with progress(found.unsettled, "Destroying", quiet=as_json) as step:
        done = flow.execute(site, found.run_id, by=by, break_glass=break_glass, step=step)
    lines = [f"{done.destroyed} record(s) destroyed by this call."]
    if done.run.unsettled:
        lines += open_rows(done.run)
        if done.stopped:
            lines.append("The store does not answer. Run the same command again when it does.")
    else:
        lines.append(f"Next: confide disposal certificate {done.run.ref}")
    tell(done.run, lines, as_json=as_json, may_know=holds.may_know(by))
    if done.run.unsettled:
        sys.exit(ExitCode.FINDINGS)


@disposal.command("certificate")
@click.argument("run")
@click.option("--to", "directory", type=click.Path(path_type=Path), help="Folder to write it to (default: out/).")
@person_options
@json_option
def certificate(
    run: str, directory: Path | None, username: str | None, password_file: str | None, as_json: bool
) -> None:
    """The signed certificate of destruction, as a file. It names no client.

    Asked for again it is the same paper; once no backup opens what was destroyed, a second one says since when.
    """
    site = opened()
    from flows import certificate as flow
    from register import disposal as register
    from register.vocabulary import StaffRole

    by = authenticated(
        Claimed(username, password_file), StaffRole.RECORDS_OFFICER, StaffRole.COUNSEL, StaffRole.OUTSIDE_APPROVER
    )
    found = register.show(run_id(run))
    target = directory or site.configuration.out
    refuse_inside(target, site.configuration.home, site.configuration.keys)
    with progress(4, "Certifying", quiet=as_json) as step:
        issued, pdf = flow.certificate(site, found.run_id, by=by, step=step)
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = private_file(target / flow.file_name(found, issued.stage), pdf)
    effective = (
        f"since {issued.effective_on}" if issued.effective_on else "not yet; a second certificate will say since when"
    )
    lines = [f"The certificate is at {path}", f"Effective against backups: {effective}."]
    answer({"path": str(path), "certificate": issued}, lines, as_json=as_json)


disposal.add_command(transfer)
disposal.add_command(receipt)


def _asked() -> dict[str, object]:
    told: dict[str, object] = {"answer": ask.choose("Answer", [one.value for one in Answer])}
    if told["answer"] == Answer.RETAIN:
        told |= {"retain_until": ask.prompt("Until (YYYY-MM-DD)"), "reason": ask.prompt("Why")}
    if told["answer"] == Answer.TRANSFER:
        told["successor"] = ask.prompt("Id of the organization that takes them (confide org list)")
    return told
