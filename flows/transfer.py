"""Transfer: rows of an approved disposal run, handed over to the successor custodian that was approved with them.

Danger: a record that is held goes out, or one is destroyed here that nobody has there. Invariants: each page of rows is
judged under the register's lock, as for its destruction, and entered in the ledger, before its bytes go in; the key
lies apart, and is there before the register says that anything was handed over; nothing is destroyed until the
successor's receipt is recorded (`register.receipts`) and the run is executed (`flows.disposal`).

Boundaries, each durable before the next:
    judge     holds, dates, approvals; the ledger                  (under the register's lock, a page at a time)
    archive   written, read back, named                            (no lock)
    key       into its own folder
    told      what lay in the archive                              (register)

Killed before the last, what was written is no transfer: no receipt counts for it, and the same call makes another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from uuid import UUID

from flows.custody import ARCHIVE, Entry, add, explain, program_name, whole, write, write_keys
from flows.disposal import Progress, in_hand, silent
from flows.reader_notes import for_transfer, receipt
from flows.site import Site, now
from register import agency, clients, executing, organizations, records, statements, transfers
from register.disposal_facts import Run, Transfer
from register.errors import RegisterError, RegisterErrorCode
from register.executing import Hold
from register.facts import Person, Refusal
from rules.closure import Custody, label
from rules.finding import blocking
from rules.transfer import may_be_handed_over
from storage.archive import finished, new_key, writing
from storage.places import private_directory

PAGE = 100
"""Records judged together, and in memory together: some tens of megabytes."""
RECEIPT = "RECEIPT.txt"
LEFT_OVER = frozenset({f".{ARCHIVE}.part"})
"""What a call that was killed may leave in a folder; the next one writes over it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handing:
    """What is said of a transfer when it is carried out."""

    successor: UUID
    """The organization, as the rows were answered and approved."""
    responsible: str
    """The person there who answers for the records; goes into the ledger, sealed."""
    authority: str
    """The law or consent under which they are kept there; stands on every label."""
    until: date
    """The day not later than which they are kept there."""
    program: str = ""
    """Name of the program, for the label; the agency's own when empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOver:
    """What came of a transfer."""

    run: Run
    transfer: Transfer
    path: Path
    keys: Path
    kept_back: int
    """Rows for this successor that may not go now, or that came already."""


def hand_over(
    site: Site, run_id: UUID, directory: Path, keys: Path, handing: Handing, *, by: Person, step: Progress = silent
) -> HandedOver:
    """Write an archive of the rows of a run that go to one successor into `directory`, and its key into `keys`.

    Where `directory` holds an archive that was handed over already, that one is told again and nothing is written.

    Raises `RegisterError` NOT_ALLOWED, UNKNOWN_ID, ORGANIZATION_RETIRED, CLOCK, LEASE_LOST, DISPOSAL where the run is
    not approved or nothing of it goes there, REFUSED with findings; `StorageError`.
    """
    transfers.require_hander(by)
    _require_lawful(run_id, handing)
    with in_hand(site, run_id, by=by) as hold:
        waiting = transfers.waiting_count(run_id, handing.successor)
        told = known(run_id, directory, handing.successor) or _written(
            site, hold, directory, keys, handing, by=by, step=step
        )
    run = executing.end(hold, now=now())
    return HandedOver(
        run=run,
        transfer=told,
        path=directory / ARCHIVE,
        keys=keys,
        kept_back=max(waiting - told.records, 0),
    )


def _require_lawful(run_id: UUID, handing: Handing) -> None:
    custody = Custody(authority=handing.authority, until=handing.until)
    last_day = transfers.last_day(run_id, handing.successor)
    found = blocking(may_be_handed_over(custody, today=agency.today(now()), last_day=last_day))
    if found:
        raise RegisterError(
            RegisterErrorCode.REFUSED,
            "A successor keeps records under a law and until a day.",
            "Give authority and until as they are.",
            findings=tuple(Refusal(position=-1, form_id="transfer", finding=finding) for finding in found),
        )


def known(run_id: UUID, directory: Path, successor: UUID) -> Transfer | None:
    """The transfer whose archive lies in the directory, when it was brought to its end."""
    path = directory / ARCHIVE
    if not path.is_file():
        return None
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return transfers.known(run_id, successor, digest)


def _pages(hold: Hold, successor: UUID) -> Iterator[tuple[transfers.Parcel, ...]]:
    after = ""
    while parcels := transfers.waiting(hold, successor, after=after, limit=PAGE):
        after = parcels[-1].object_id
        yield parcels


def _written(
    site: Site, hold: Hold, directory: Path, keys: Path, handing: Handing, *, by: Person, step: Progress
) -> Transfer:
    for folder in (directory, keys):
        private_directory(folder)
    moment, key, lines = now(), new_key(), dict[UUID, str]()
    program = handing.program.strip() or program_name()
    title = label(program, handing.authority.strip(), handing.until)
    with writing(directory / ARCHIVE, key, made_at=moment) as archive:
        for parcels in _pages(hold, handing.successor):
            for entry, pdf in _going(site, hold, parcels, handing, title, by=by, moment=moment):
                add(archive, entry, pdf)
                lines[entry.record.record_id] = entry.record.document_sha256
            step(len(lines), f"{len(lines)} records")
        if not lines:
            raise _nothing()
        explain(site, archive, program)
    done = finished(directory / ARCHIVE, archive)
    organization = organizations.show(handing.successor).legal_name
    write(directory / "LABEL.txt", title + "\n")
    write(directory / "README.txt", for_transfer(title, ARCHIVE, handing.until))
    write(directory / RECEIPT, receipt(str(hold.run_id), organization, ARCHIVE, len(lines)))
    key_file = write_keys(keys, key, done)
    try:
        return transfers.handed_over(
            hold,
            handing.successor,
            lines,
            archive_sha256=done.sha256,
            sums_sha256=hashlib.sha256(archive.sums.encode()).hexdigest(),
            by=by,
            now=now(),
        )
    except BaseException:
        key_file.unlink()  # an archive of which the register does not know opens for nobody
        raise


def _going(
    site: Site,
    hold: Hold,
    parcels: tuple[transfers.Parcel, ...],
    handing: Handing,
    title: str,
    *,
    by: Person,
    moment: datetime,
) -> Iterator[tuple[Entry, bytes]]:
    """Of one page, what may go now: proven whole first, then judged and entered in the ledger, then told."""
    proven: list[tuple[Entry, bytes]] = []
    for parcel in parcels:
        record = records.show(parcel.record_id)
        if record.statement_id is None or record.destroyed_at is not None:
            continue
        statement = statements.show(record.statement_id)
        identity = clients.identity(site.vault, statement.client_id, by=by, now=moment)
        entry = Entry(record=record, statement=statement, identity=identity, label=title, until=handing.until)
        proven.append((entry, whole(site, statement, record)))
    may_go = transfers.enter(site.vault, hold, parcels, responsible=handing.responsible, by=by, now=now())
    yield from (one for one in proven if one[0].record.record_id in may_go)


def _nothing() -> RegisterError:
    return RegisterError(
        RegisterErrorCode.DISPOSAL,
        "Nothing is to be handed over now: what goes to this successor came already, or must be kept for now.",
        "See: confide disposal show RUN --rows. What has its receipt goes by: confide disposal execute",
    )
