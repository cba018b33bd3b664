"""When records may be handed over to a successor custodian, and what its receipt must say before ours are destroyed.

Danger: the only copy destroyed because somebody said that another exists. Invariants: what is handed over names the law
under which it is kept there and until when; a receipt counts only when it says the SHA-256 of the very archive and that
of the list in it, which nobody knows who did not open it; who handed it over does not record that it came.

Source: 42 CFR 2.19; NASW Code 1.07(n), (o) of 1999. Everything here is pure.
"""

from __future__ import annotations

import datetime as dt
import hmac
from collections.abc import Hashable
from dataclasses import dataclass
from enum import StrEnum

from rules.closure import Custody, may_be_kept_on
from rules.finding import Finding, FindingCode, block


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """An archive as it was handed over."""

    by: Hashable
    on: dt.date
    """The agency's day."""
    archive_sha256: str
    sums_sha256: str
    """Of the list of digests in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What the successor says, as somebody here writes it down."""

    recorded_by: Hashable
    on: dt.date
    """The day on which they received it."""
    archive_sha256: str
    sums_sha256: str


class NoReceipt(StrEnum):
    """Why a receipt does not count."""

    ANOTHER_ARCHIVE = "another_archive"
    NOT_OPENED = "not_opened"
    """It does not say what only somebody can who opened it."""
    SAME_PERSON = "same_person"
    BEFORE_IT_WENT = "before_it_went"
    NOT_YET = "not_yet"


def why_no_receipt(sent: Sent, told: Receipt, *, today: dt.date) -> NoReceipt | None:
    """Why a receipt does not count for an archive; None when it does."""
    if not _same(told.archive_sha256, sent.archive_sha256):
        return NoReceipt.ANOTHER_ARCHIVE
    if not _same(told.sums_sha256, sent.sums_sha256):
        return NoReceipt.NOT_OPENED
    if told.recorded_by == sent.by:
        return NoReceipt.SAME_PERSON
    if told.on < sent.on:
        return NoReceipt.BEFORE_IT_WENT
    if told.on > today:
        return NoReceipt.NOT_YET
    return None


def may_be_handed_over(custody: Custody, *, today: dt.date, last_day: dt.date | None) -> tuple[Finding, ...]:
    """Whether a successor may keep records on.

    Args:
        last_day: the earliest day by which a rule here wants one of them destroyed, wherever it lies; None without one.
    """
    found = list(may_be_kept_on(custody))
    if custody.until is not None and custody.until <= today:
        found.append(block(FindingCode.L01, "until", "That day has come: nothing is handed over.", "42 CFR 2.19(b)"))
    if custody.until is not None and last_day is not None and custody.until > last_day:
        sentence = f"A rule wants one of them destroyed by {last_day.isoformat()}; nobody may keep it longer."
        found.append(block(FindingCode.L01, "until", sentence, "the schedule's destroy_by; confide retention explain"))
    return tuple(found)


def _same(told: str, known: str) -> bool:
    return bool(known) and hmac.compare_digest(told.strip().lower().encode(), known.encode())
