"""Judges how a statement ends: its revocation regime and its expiry, criminal justice apart from all others.

Danger: "I may revoke at any time" on a form of 42 CFR 2.35 is false; a statement without it anywhere else is defective;
an end nobody can observe is none. Invariant: the two regimes exclude each other, by family (V05, V06), and every end
is a date or an event a clerk can see in a file (V09, V12).

Source: 42 CFR 2.31(a)(6), (a)(7), 2.35(a)-(c); 45 CFR 164.508(b)(2), (b)(5), (c)(1)(v), (c)(2)(i).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from rules.blanks import is_vague
from rules.draft import Expiry, StatementDraft, under_part2
from rules.families import own_form_categories, requirements
from rules.finding import Finding, FindingCode, block, blocking, warn
from rules.vocabulary import CRIMINAL_JUSTICE_KINDS, TPO_PURPOSES, Family, ProgramClass

LONG_LIFE_MONTHS = 12
"""A statement that lives longer is warned about (V12; the organization's policy)."""


def criminal_justice_end(draft: StatementDraft) -> Iterator[Finding]:
    """The form of 2.35: narrower than it looks, and refused wherever an ordinary statement is the lawful one."""
    classes = draft.discloser.classes
    if classes and ProgramClass.UNKNOWN not in classes and ProgramClass.PART2_PROGRAM not in classes:
        yield block(
            FindingCode.C01,
            "family",
            "The criminal justice form is for programs under 42 CFR Part 2 only; use the ordinary statement.",
            "42 CFR 2.35(a)",
        )
    if draft.family is Family.CRIMINAL_JUSTICE and ProgramClass.HIPAA_COVERED_ENTITY in classes:
        yield block(
            FindingCode.C03,
            "family",
            "This unit is under HIPAA, where a client may revoke at any time; use the ordinary statement, or a form of "
            "the family criminal_justice_covered once counsel has published one.",
            "45 CFR 164.508(b)(2)(ii), (b)(5), (c)(2)(i)",
        )
    if draft.recipient is not None and draft.recipient.kind not in CRIMINAL_JUSTICE_KINDS:
        yield block(
            FindingCode.C04,
            "recipient.kind",
            "The criminal justice form goes only to those who supervise the client for a court, probation or parole.",
            "42 CFR 2.35(a)(1)",
        )
    mandate = draft.mandate
    if mandate is None or not mandate.body.strip() or not mandate.reference.strip():
        yield block(
            FindingCode.V06,
            "mandate",
            "Say which court or agency ordered the program, and under which number; without it use the ordinary form.",
            "42 CFR 2.35(a)",
        )
    elif not mandate.this_program:
        yield block(
            FindingCode.C02,
            "mandate.this_program",
            "The order must be to take part in this very program; for any other order use the ordinary statement.",
            "42 CFR 2.35(a)",
        )
    if not draft.expiry.stated or (draft.expiry.date is None and is_vague(draft.expiry.event or "")):
        yield block(
            FindingCode.V06,
            "expiry",
            "Say how long the statement is in effect: a date, or an event that anyone can tell has happened.",
            "42 CFR 2.35(b)",
        )
    yield from _revocable(draft)


def _revocable(draft: StatementDraft) -> Iterator[Finding]:
    revocable = draft.revocable
    if revocable is None or not revocable.stated:
        yield block(
            FindingCode.V06,
            "revocable",
            "Say from when the client may revoke: a date, or an event that anyone can tell has happened.",
            "42 CFR 2.35(c)",
        )
        return
    if revocable.from_date is None and is_vague(revocable.event or ""):
        yield block(
            FindingCode.V06,
            "revocable.event",
            "Nobody could tell when this event has happened; name one that a clerk can see in a file.",
            "42 CFR 2.35(c)",
        )
    final = draft.mandate.final_disposition_expected if draft.mandate is not None else None
    if revocable.from_date is not None and final is not None and revocable.from_date > final:
        yield block(
            FindingCode.V06,
            "revocable.from_date",
            "The client must be able to revoke by the final disposition at the latest; choose an earlier date.",
            "42 CFR 2.35(c)",
        )


def ordinary_end(draft: StatementDraft) -> Iterator[Finding]:
    if draft.revocable is not None:
        yield block(
            FindingCode.V05,
            "revocable",
            "Only the criminal justice form may say from when it can be revoked; this one can be revoked at any time.",
            "42 CFR 2.31(a)(6); 45 CFR 164.508(b)(5)",
        )
    open_ended = _may_be_open_ended(draft)
    authority = "42 CFR 2.31(a)(7); 45 CFR 164.508(c)(1)(v)"
    if not draft.expiry.stated:
        if not open_ended:
            yield block(
                FindingCode.V09,
                "expiry",
                "Say when the statement ends: a date, or an event that concerns the client.",
                authority,
            )
    elif draft.expiry.date is None and is_vague(draft.expiry.event or "", for_tpo=open_ended):
        yield block(
            FindingCode.V09,
            "expiry.event",
            "Nobody could tell when this event has happened; give a date, or an event a clerk can see in a file.",
            authority,
        )


def _may_be_open_ended(draft: StatementDraft) -> bool:
    """True for the single consent to treatment, payment and operations of Part 2 records (2.31(a)(7)) and no other.

    HIPAA wants an end of every authorization, and what goes on a form of its own is no part of that consent (2.31(b)).
    """
    if draft.recipient is not None and draft.recipient.kind in CRIMINAL_JUSTICE_KINDS:
        return False
    if not own_form_categories().keys().isdisjoint(draft.categories):
        return False
    if requirements(draft.family).may_be_open_ended:
        return True
    # an unclassified unit discloses nothing; bound, not counted: here Part 2 is what loosens
    return under_part2(draft) and bool(draft.purposes) and TPO_PURPOSES.issuperset(draft.purposes)


def dates(draft: StatementDraft, today: dt.date) -> Iterator[Finding]:
    ends = draft.expiry.date
    if ends is None:
        return
    authority = "42 CFR 2.31(a)(7), 2.31(c); 45 CFR 164.508(b)(2)(i)"
    if ends <= today:
        yield block(
            FindingCode.V12, "expiry.date", "The statement would be over already; choose a later date.", authority
        )
        return
    if ends <= draft.effective_from:
        yield block(FindingCode.V12, "expiry.date", "The statement would end before it starts.", authority)
        return
    if ends > _plus_months(max(today, draft.effective_from), LONG_LIFE_MONTHS):
        yield warn(
            FindingCode.V12,
            "expiry.date",
            "The statement lives longer than twelve months; make sure it must.",
            authority,
        )
    final = draft.mandate.final_disposition_expected if draft.mandate is not None else None
    if final is not None and ends > final:
        yield warn(
            FindingCode.V12,
            "expiry.date",
            "The statement lives longer than the case is expected to; make sure it must.",
            "42 CFR 2.35(b)",
        )


def over_before_signed(draft: StatementDraft, today: dt.date) -> tuple[Finding, ...]:
    """V12 once more, at the act of signing: the day that was judged when the packet was opened may be long past."""
    return blocking(dates(draft, today)) if draft.family.discloses else ()


def _plus_months(day: dt.date, months: int) -> dt.date:
    """The same day `months` later; the month's last day where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return dt.date(year, month + 1, last)
        except ValueError:
            continue
    raise AssertionError("every month has a 28th")


def expires_on(expiry: Expiry) -> dt.date | None:
    """The first day on which a dated statement is no longer in effect: the day after its date; None for events."""
    return None if expiry.date is None else expiry.date + dt.timedelta(days=1)
