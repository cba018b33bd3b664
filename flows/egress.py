"""The gate out: whatever leaves asks the rules now, is written into the ledger first, and then goes.

Danger: a copy that left and is in no ledger. Invariant: the bytes are read and proven whole, the ledger row is
committed, and only then are they handed to the door that asked.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from uuid import UUID

from flows.finished import copy_name
from flows.site import Site, now
from register import ledger, records, statements
from register.errors import RegisterError, RegisterErrorCode
from register.facts import Person, Record, Refusal, Statement
from register.vocabulary import CopyMethod
from rules.egress import Requester, may_leave
from storage.protocol import Area


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A client's own copy of one statement, ready to be handed over."""

    statement: Statement
    pdf: bytes
    file_name: str
    """Form and short id: never a name, never what the program is."""


def own_copy(
    site: Site, statement_id: UUID, *, method: CopyMethod, by: Person, requester: Requester = Requester.CLIENT
) -> Copy:
    """The client's own copy of a sealed statement (45 CFR 164.508(c)(4)), to the client or to who signed it for them.

    Raises `RegisterError` with the findings where the rules refuse, `StorageError` where the kept bytes are not
    whole.
    """
    row = statements.show(statement_id)
    on_file = False
    if requester is Requester.REPRESENTATIVE:
        on_file = statements.draft(site.vault, statement_id, by=by, now=now()).authority is not None
    decision = may_leave(state=row.state, proof=row.proof, requester=requester, authority_on_file=on_file)
    record = records.of(statement_id)
    if record is None or not decision.allowed:
        raise RegisterError(
            RegisterErrorCode.REFUSED,
            f"The copy of {row.ref} may not leave now.",
            "The findings say what is missing.",
            findings=tuple(Refusal(position=-1, form_id=row.form_id, finding=finding) for finding in decision.findings),
        )
    if record.destroyed_at is not None:
        raise RegisterError(
            RegisterErrorCode.DISPOSAL,
            f"The record of {row.ref} was destroyed on {record.destroyed_at.date()}, its time being over.",
            "Nothing can be read of it any more; the certificate of destruction says so.",
        )
    pdf = sealed_bytes(site, row, record)
    ledger.copy_given(statement_id, method=method, by=by, now=now())
    return Copy(statement=row, pdf=pdf, file_name=copy_name(row))


def sealed_bytes(
    site: Site, row: Statement, record: Record, *, remedy: str = "Do not hand anything over; run confide doctor."
) -> bytes:
    """The sealed statement, proven to be what was kept: what every way out reads before its ledger row is written.

    Raises `RegisterError` NOT_WHAT_WAS_SHOWN with `remedy`, `StorageError`.
    """
    return proven(
        site, record.object_id, record.version_id, record.document_sha256, what=f"the paper {row.ref}", remedy=remedy
    )


def proven(site: Site, object_id: str, version_id: str, document_sha256: str, *, what: str, remedy: str) -> bytes:
    """The kept bytes of a record, compared with what the register says was sealed; `what` names it, opaquely.

    Raises `RegisterError` NOT_WHAT_WAS_SHOWN with `remedy`, `StorageError`.
    """
    pdf = site.vault.get(object_id, Area.RECORDS, version_id=version_id)
    if hashlib.sha256(pdf).hexdigest() != document_sha256:
        raise RegisterError(
            RegisterErrorCode.NOT_WHAT_WAS_SHOWN, f"The kept bytes of {what} are not those that were sealed.", remedy
        )
    return pdf
