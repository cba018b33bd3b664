"""What the register tells of the forms that a site made itself: frozen values, never rows."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from register.vocabulary import FormState
from rules.vocabulary import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class FormVersion:
    """One version of a form that this site made itself."""

    form_id: str
    version: str
    digest: str
    state: FormState
    proposed_by: UUID
    proposed_at: dt.datetime
    decided_by: UUID | None
    """Who published or withdrew it."""
    decided_at: dt.datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FormApproval:
    """A lawyer's approval of one text."""

    form_id: str
    version: str
    language: Language
    document_sha256: str
    counsel: str
    standing: str
    """Bar admission or title."""
    approved_on: dt.date
    recorded_by: UUID
    recorded_at: dt.datetime
    withdrawn_at: dt.datetime | None
    """When it stopped counting; None while it stands."""
