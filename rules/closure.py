"""What a program that ends may keep, and the label it carries (42 CFR 2.19).

Danger: records of a program that is no more, kept by whoever has the disk because nobody asked. Invariant: what is kept
on names the law that requires it and the day after which it must be gone, in the words of the rule; where no law and no
consent says so, it is destroyed, not exported. The label's words are verbatim.

Source: 42 CFR 2.19(a), (b); NASW Code 1.07(n), (o) of 1999. The electronic branch, 2.19(b)(2), needs counsel's eyes.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from rules.finding import Finding, FindingCode, block
from rules.vocabulary import Language
from rules.wording import date_text

_LABEL = "Records of {program} required to be maintained under {authority} until a date not later than {day}"
_AUTHORITY = "42 CFR 2.19(a), (b)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Custody:
    """Why one record is kept on after the program ended."""

    authority: str
    """Statute, regulation, court order or other legal authority; empty where none was named."""
    until: dt.date | None
    """The day not later than which it is kept; None where none is known."""
    over: bool = False
    """Its time is over already, and nothing holds it."""


def label(program: str, authority: str, until: dt.date) -> str:
    """The label of 42 CFR 2.19(b), word for word."""
    return _LABEL.format(program=program, authority=authority, day=date_text(until, Language.EN))


def may_be_kept_on(custody: Custody) -> tuple[Finding, ...]:
    """Whether a record may go into the container of a program that ended."""
    found = []
    if custody.over:
        found.append(
            block(FindingCode.L01, "until", "Its time is over: it is destroyed, not kept on.", "42 CFR 2.19(b)")
        )
    if not custody.authority.strip():
        found.append(
            block(
                FindingCode.L01, "authority", "Name the law that requires it to be kept; else destroy it.", _AUTHORITY
            )
        )
    if custody.until is None:
        found.append(
            block(
                FindingCode.L01, "until", "Say the day not later than which it is kept; the label needs it.", _AUTHORITY
            )
        )
    return tuple(found)
