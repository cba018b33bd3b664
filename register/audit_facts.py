"""What the register tells of the audit log: frozen values, never rows. Nothing here names a client."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from register.vocabulary import AuditVerb


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One line of the log, as written."""

    seq: int
    at: dt.datetime
    actor: str
    verb: AuditVerb
    object_type: str
    object_id: str
    details: Mapping[str, object]
    hash: str


@dataclass(frozen=True, slots=True)
class Head:
    """The last line of the log at some time; kept elsewhere, it shows later whether the log was cut or rewritten."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditVerdict:
    """Whether the log is whole."""

    intact: bool
    entries: int
    first_broken: int | None
    reason: str
