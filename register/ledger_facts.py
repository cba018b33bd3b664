"""What the register tells of the disclosure ledger: frozen values, never rows. Whom a line names their repr hides."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from uuid import UUID

from register.vocabulary import CopyMethod, HandoverMethod
from rules.vocabulary import DisclosureBasis, InformationCategory, PurposeCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """One row of the disclosure ledger; the receiving person and what went are sealed."""

    disclosure_id: UUID
    client_id: UUID
    statement_id: UUID | None
    organization_id: UUID | None
    categories: tuple[InformationCategory, ...]
    basis: DisclosureBasis
    purpose: PurposeCode | None
    method: HandoverMethod
    items: int
    staff_id: UUID | None
    disclosed_at: dt.datetime
    written_at: dt.datetime
    """Before it went, but for what could not wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountingLine:
    """One line of the accounting a client may ask for (45 CFR 164.528; 42 CFR 2.25). Personal data: hidden."""

    disclosure: Disclosure
    statement_ref: str
    """Of the statement it went on; "" where it went on none."""
    organization: str
    address: tuple[str, ...]
    received_by: str = field(repr=False)
    """Empty where the key it was sealed with is destroyed."""
    description: str = field(repr=False)
    """As `received_by`."""
    words_destroyed: bool
    """Who received it and what went are gone with the statement; that, when, where and why it went stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyGiven:
    """The client's own copy of one statement was handed over, or refused."""

    statement_id: UUID
    method: CopyMethod
    document_sha256: str
    staff_id: UUID
    given_at: dt.datetime
