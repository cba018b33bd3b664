"""Closure export: when a program ends or a custodian leaves, what the law keeps goes into one archive.

Danger: everything leaves at once, in a form that opens without this site. Invariants: two persons ask, and neither
alone; each record is asked of the rules (42 CFR 2.19), proven whole and entered in the ledger before it is put in; the
key never lies where the archive lies (`flows.custody`); what is under seal here stays as it is, so that nothing is
lost by exporting.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from uuid import UUID

from flows.custody import ARCHIVE, Entry, add, explain, program_name, whole, write, write_keys
from flows.reader_notes import for_archive
from flows.site import Site, now
from register import agency, clients, closures, due, ledger, organizations, records, retained, statements
from register.errors import RegisterError, RegisterErrorCode
from register.facts import Person, Refusal
from rules.closure import Custody, label, may_be_kept_on
from rules.finding import blocking
from rules.retention.decision import Decision
from storage.archive import Archive, Archived, finished, new_key, writing
from storage.places import private_directory

_PAGE = 500
"""Records judged at once, on one reading of the schedule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """What two persons say of a closure."""

    custodian: UUID
    """The organization that keeps the records from now on, as it is registered."""
    responsible: str
    """The person there who answers for them."""
    program: str
    """Name of the program, for the label; the agency's own when empty."""
    authority: str
    """The law that requires what has no rule of its own in the schedule to be kept; may be empty."""
    until: date | None
    """The day not later than which that is kept."""
    successors: tuple[str, ...]
    """Who gets a recovery sheet of the archive's key."""
    needed: int
    """How many sheets give the key again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What came of an export."""

    archive: Archived
    records: int
    left_out: int
    """Records whose time is over and that nothing holds: they are for a disposal run."""
    sheets: int
    keys: Path


def export(
    site: Site,
    directory: Path,
    keys: Path,
    closing: Closing,
    *,
    by: Person,
    second: Person,
    progress: Callable[[int], None] = lambda count: None,
) -> Exported:
    """Write the archive into `directory` and its key into `keys`, both new.

    Raises `RegisterError` NOT_ALLOWED, SAME_PERSON, UNKNOWN_ID, CONFIGURATION, REFUSED with every record's findings,
    before anything is written; `StorageError` where a record is not whole or the archive cannot be written.
    """
    moment = now()
    closures.may_export(by, second)
    organizations.show(closing.custodian)
    if closing.successors and not 2 <= closing.needed <= len(closing.successors):
        raise RegisterError(
            RegisterErrorCode.CONFIGURATION,
            "The key comes back from at least two sheets, and from no more than there are.",
            "Name two successors or more, and give needed between two and their number.",
        )
    program = closing.program.strip() or program_name()
    going, left_out = _judged(closing, moment)
    for folder in (directory, keys):
        private_directory(folder)
    key = new_key()
    with writing(directory / ARCHIVE, key, made_at=moment) as archive:
        for count, row in enumerate(_rows(site, going, closing, program, by=by, moment=moment), start=1):
            _put(site, archive, row, closing, by=by, moment=moment)
            progress(count)
        explain(site, archive, program)
    done = finished(directory / ARCHIVE, archive)
    last = max((custody.until for _, custody in going if custody.until), default=agency.today(moment))
    outer = label(program, closing.authority.strip() or "the laws named on each record", last)
    write(directory / "LABEL.txt", outer + "\n")
    write(directory / "README.txt", for_archive(outer, ARCHIVE, last))
    key_file = write_keys(keys, key, done, successors=closing.successors, needed=closing.needed)
    closures.exported(records=len(going), sha256=done.sha256, by=by, second=second, now=moment)
    return Exported(archive=done, records=len(going), left_out=left_out, sheets=len(closing.successors), keys=key_file)


def _judged(closing: Closing, moment: datetime) -> tuple[list[tuple[UUID, Custody]], int]:
    """Every living record with why it is kept, and how many are left out; refuses the whole where one may not go."""
    today = agency.today(moment)
    on = retained.basis(today)
    going: list[tuple[UUID, Custody]] = []
    refused: list[Refusal] = []
    left_out = 0
    held = records.held()
    # a paper of the house is about no client, and stays with the house
    ids = (record.record_id for record in records.each() if record.statement_id is not None)
    while page := list(islice(ids, _PAGE)):
        decisions = due.decisions(page, on)  # without what a disposal run had meanwhile
        for record_id in filter(decisions.__contains__, page):
            custody = _custody(decisions[record_id], closing, today, held=record_id in held)
            if custody.over:
                left_out += 1
                continue
            found = blocking(may_be_kept_on(custody))
            refused += [Refusal(position=-1, form_id=str(record_id), finding=finding) for finding in found]
            going.append((record_id, custody))
    if not going and not refused:
        raise RegisterError(
            RegisterErrorCode.REFUSED, "There is no record to keep on.", "What is due is for: confide disposal propose"
        )
    if refused:
        raise RegisterError(
            RegisterErrorCode.REFUSED,
            f"{len({one.form_id for one in refused})} records have no legal authority or no date to be kept by.",
            "Record what their rules wait for (confide retention exceptions), or give authority and until.",
            findings=tuple(refused[:20]),
        )
    return going, left_out


def _custody(decision: Decision, closing: Closing, today: date, *, held: bool) -> Custody:
    if decision.due_on is not None and decision.due_on <= today and not held:
        return Custody(authority="", until=None, over=True)
    if decision.due_on is not None and decision.winning and decision.due_on > today:
        citations = dict.fromkeys(line.citation for line in decision.winning)
        return Custody(authority="; ".join(citations), until=decision.due_on)
    return Custody(authority=closing.authority, until=closing.until)


def _rows(
    site: Site,
    going: Sequence[tuple[UUID, Custody]],
    closing: Closing,
    program: str,
    *,
    by: Person,
    moment: datetime,
) -> Iterator[Entry]:
    today = agency.today(moment)
    for record_id, custody in going:
        record = records.show(record_id)
        if record.statement_id is None:
            continue
        statement = statements.show(record.statement_id)
        until = custody.until or today
        yield Entry(
            record=record,
            statement=statement,
            identity=clients.identity(site.vault, statement.client_id, by=by, now=moment),
            label=label(program, custody.authority, until),
            until=until,
        )


def _put(site: Site, archive: Archive, row: Entry, closing: Closing, *, by: Person, moment: datetime) -> None:
    """Prove a record whole, write it into the ledger, then put it in."""
    record, statement = row.record, row.statement
    pdf = whole(site, statement, record)
    ledger.enter_custody(
        site.vault,
        client_id=statement.client_id,
        statement_id=statement.statement_id,
        custodian=closing.custodian,
        responsible=closing.responsible,
        by=by,
        now=moment,
    )
    add(archive, row, pdf)
