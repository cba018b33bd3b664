"""Records on their way to another custodian: proven whole, labeled, told whom they are about; and the key, apart.

Danger: an archive from which nobody can tell whose record a file is, or whose key lies beside it. Invariant: what goes
in was compared with what the register says was sealed; each record has the label of the rule and a table of its own;
the key's folder is never the archive's.

    DIRECTORY/   records.tar.enc   README.txt   LABEL.txt         to whoever keeps the records
    KEYS/        key.txt           README.txt   sheet-1-of-3.txt  to other people, another way
                 records.tar.enc.sha256
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from flows.egress import sealed_bytes
from flows.reader_notes import for_keys, inside
from flows.site import Site
from register import agency, organizations
from register.facts import Record, Statement
from rules.draft import Identity
from storage import recovery
from storage.archive import Archive, Archived, passphrase
from storage.master import MasterKey
from storage.places import publish

ARCHIVE = "records.tar.enc"
KEY = "key.txt"
_FILE_MODE = 0o600
_NOT_WHOLE = "Restore this record from a backup; confide upkeep says since when it is not whole."


@dataclass(frozen=True, slots=True)
class Entry:
    """One record on its way into an archive."""

    record: Record
    statement: Statement
    identity: Identity
    label: str
    until: date


def program_name() -> str:
    """The agency and its unit, as a label names whose records they are."""
    found = agency.current()
    return f"{found.legal_name}, {found.unit}" if found.unit else found.legal_name


def whole(site: Site, statement: Statement, record: Record) -> bytes:
    """The sealed statement, proven to be what was kept. Raises as `egress.sealed_bytes`."""
    return sealed_bytes(site, statement, record, remedy=_NOT_WHOLE)


def add(archive: Archive, entry: Entry, pdf: bytes) -> None:
    """Put a record, its label and its table into the archive."""
    ref = entry.statement.ref
    archive.add(f"records/{ref}.pdf", pdf)
    archive.add(f"records/{ref}.label.txt", f"{entry.label}\n".encode())
    archive.add(f"records/{ref}.csv", _table(entry))


def explain(site: Site, archive: Archive, program: str) -> None:
    """Put in what its reader needs beside the records: how to read them, and the root that their signatures rest on."""
    archive.add("README.txt", inside(program, agency.current().legal_name).encode())
    archive.add("organization-root.der", site.authority.root_der)


def _table(entry: Entry) -> bytes:
    """What the custodian must know of one record, as a sheet of two lines that any program for tables reads."""
    record, statement, identity = entry.record, entry.statement, entry.identity
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
        "to_be_destroyed_by": entry.until,
        "sha256": record.document_sha256,
    }
    text = io.StringIO()
    csv.writer(text).writerows([list(told), [str(value) for value in told.values()]])
    return text.getvalue().encode()


def write_keys(folder: Path, key: bytes, done: Archived, *, successors: Sequence[str] = (), needed: int = 0) -> Path:
    """The key, the archive's SHA-256 and a recovery sheet for each of `successors`; returns where the key is."""
    write(folder / KEY, passphrase(key) + "\n")
    write(folder / f"{ARCHIVE}.sha256", f"{done.sha256}  {ARCHIVE}\n")
    sheets: list[str] = []
    if successors:
        sheets = recovery.split(MasterKey(key), needed=needed, shares=len(successors))
        recovery.confirm(MasterKey(key), sheets[-needed:])
    for number, (name, words) in enumerate(zip(successors, sheets, strict=True), start=1):
        heading = f"For {name}: sheet {number} of {len(sheets)}; any {needed} of them give the key of {ARCHIVE}."
        write(folder / f"sheet-{number}-of-{len(sheets)}.txt", f"{heading}\n\n{words}\n")
    write(folder / "README.txt", for_keys(ARCHIVE, len(sheets), needed))
    return folder / KEY


def write(path: Path, text: str) -> None:
    """A file of these folders, readable by its owner alone."""
    publish(path, text.encode(), mode=_FILE_MODE)
