"""Closure export: when a program ends or a custodian leaves, what the law keeps goes into one archive.

Danger: everything leaves at once, in a form that opens without this site. Invariants: two persons ask, and neither
alone; each record is asked of the rules (42 CFR 2.19), proven whole and entered in the ledger before it is put in; the
key never lies where the archive lies; what is under seal here stays as it is, so that nothing is lost by exporting.

    DIRECTORY/   records.tar.enc   README.txt   LABEL.txt         to whoever keeps the records
    KEYS/        key.txt           README.txt   sheet-1-of-3.txt  to other people, another way
                 records.tar.enc.sha256
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from uuid import UUID

from flows.egress import sealed_bytes
from flows.reader_notes import for_archive, for_keys, inside
from flows.site import Site, now
from register import agency, clients, closures, due, ledger, organizations, records, retained, statements
from register.errors import RegisterError, RegisterErrorCode
from register.facts import Handover, Person, Record, Refusal, Statement
from register.vocabulary import HandoverMethod
from rules.closure import Custody, label, may_be_kept_on
from rules.draft import Identity
from rules.finding import blocking
from rules.retention.decision import Decision
from rules.vocabulary import DisclosureBasis, PurposeCode
from storage import recovery
from storage.archive import Archive, Archived, finished, new_key, passphrase, writing
from storage.master import MasterKey
from storage.places import private_directory, publish

ARCHIVE = "records.tar.enc"
_FILE_MODE = 0o600
_NOT_WHOLE = "Restore this record from a backup; confide upkeep says since when it is not whole."
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


@dataclass(frozen=True, slots=True)
class _Row:
    """One record on its way into the archive."""

    record: Record
    statement: Statement
    identity: Identity
    label: str
    until: date


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
    program = closing.program.strip() or _program()
    going, left_out = _judged(closing, moment)
    for folder in (directory, keys):
        private_directory(folder)
    key = new_key()
    with writing(directory / ARCHIVE, key, made_at=moment) as archive:
        for count, row in enumerate(_rows(site, going, closing, program, by=by, moment=moment), start=1):
            _put(site, archive, row, closing, by=by, moment=moment)
            progress(count)
        archive.add("README.txt", inside(program, agency.current().legal_name).encode())
        archive.add("organization-root.der", site.authority.root_der)
    done = finished(directory / ARCHIVE, archive)
    last = max((custody.until for _, custody in going if custody.until), default=moment.date())
    outer = label(program, closing.authority.strip() or "the laws named on each record", last)
    _write(directory / "LABEL.txt", outer + "\n")
    _write(directory / "README.txt", for_archive(outer, ARCHIVE, last))
    _keys(keys, key, done, closing)
    closures.exported(records=len(going), sha256=done.sha256, by=by, second=second, now=moment)
    return Exported(
        archive=done, records=len(going), left_out=left_out, sheets=len(closing.successors), keys=keys / "key.txt"
    )


def _program() -> str:
    found = agency.current()
    return f"{found.legal_name}, {found.unit}" if found.unit else found.legal_name


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
) -> Iterator[_Row]:
    for record_id, custody in going:
        record = records.show(record_id)
        if record.statement_id is None:
            continue
        statement = statements.show(record.statement_id)
        until = custody.until or moment.date()
        yield _Row(
            record=record,
            statement=statement,
            identity=clients.identity(site.vault, statement.client_id, by=by, now=moment),
            label=label(program, custody.authority, until),
            until=until,
        )


def _put(site: Site, archive: Archive, row: _Row, closing: Closing, *, by: Person, moment: datetime) -> None:
    """Prove a record whole, write it into the ledger, then put it in."""
    record, statement = row.record, row.statement
    pdf = sealed_bytes(site, statement, record, remedy=_NOT_WHOLE)
    ledger.enter(
        site.vault,
        client_id=statement.client_id,
        statement_id=statement.statement_id,
        organization_id=closing.custodian,
        categories=(),
        basis=DisclosureBasis.CLOSURE,
        purpose=PurposeCode.RECORDS_TRANSFER,
        told=Handover(
            method=HandoverMethod.FILE, received_by=closing.responsible, description="the sealed statement, encrypted"
        ),
        by=by,
        now=moment,
    )
    archive.add(f"records/{statement.ref}.pdf", pdf)
    archive.add(f"records/{statement.ref}.label.txt", f"{row.label}\n".encode())
    archive.add(f"records/{statement.ref}.csv", _line(row))


def _line(row: _Row) -> bytes:
    """What the custodian must know of one record, as a sheet of two lines that any program for tables reads."""
    record, statement, identity = row.record, row.statement, row.identity
    organization = organizations.show(statement.organization_id).legal_name if statement.organization_id else ""
    told = {
        "record": record.record_id,
        "statement": statement.ref,
        "client": identity.legal_name,
        "birth_date": identity.birth_date,
        "form": statement.form_id,
        "receiving_organization": organization,
        "state": statement.state,
        "proof": record.proof,
        "kept_since": record.kept_at.date(),
        "expires_by": statement.expires_on or "",
        "to_be_destroyed_by": row.until,
        "sha256": record.document_sha256,
    }
    text = io.StringIO()
    csv.writer(text).writerows([list(told), [str(value) for value in told.values()]])
    return text.getvalue().encode()


def _keys(keys: Path, key: bytes, done: Archived, closing: Closing) -> None:
    _write(keys / "key.txt", passphrase(key) + "\n")
    _write(keys / f"{ARCHIVE}.sha256", f"{done.sha256}  {ARCHIVE}\n")
    sheets: list[str] = []
    if closing.successors:
        sheets = recovery.split(MasterKey(key), needed=closing.needed, shares=len(closing.successors))
        recovery.confirm(MasterKey(key), sheets[-closing.needed :])
    for number, (name, words) in enumerate(zip(closing.successors, sheets, strict=True), start=1):
        heading = (
            f"For {name}: sheet {number} of {len(sheets)}; any {closing.needed} of them give the key of {ARCHIVE}."
        )
        _write(keys / f"sheet-{number}-of-{len(sheets)}.txt", f"{heading}\n\n{words}\n")
    _write(keys / "README.txt", for_keys(ARCHIVE, len(sheets), closing.needed))


def _write(path: Path, text: str) -> None:
    publish(path, text.encode(), mode=_FILE_MODE)
