"""Judges one disclosure on a statement, the moment before it goes (V16-V18), and what changed organizations ask (V22).

Danger: a consent that was right when it was signed lets information go after it ended, to another, or more than it
says.
Invariants: every question is asked now, of the statement as it was signed; a disclosure of Part 2 records carries the
notice and the consent on every item; it is written down before it goes, but for what cannot wait.

Source: 42 CFR 2.12(c)(6), 2.13(a), 2.31(c), 2.32, 2.51; 45 CFR 164.508(b)(2), 164.528; NASW Code 1.07(c).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from rules.draft import Discloser, StatementDraft, counts_as_part2
from rules.ending import expires_on
from rules.finding import Finding, FindingCode, block, warn
from rules.lifecycle import DISCLOSABLE
from rules.nasw import cite
from rules.notices import (
    carries,
    carries_redisclosure_notice,
    state_notice_for,
    state_redisclosure_notice,
    superseded_in,
)
from rules.vocabulary import DisclosureBasis, InformationCategory, ProgramClass, PurposeCode, StatementState

WRITTEN_AFTERWARDS = frozenset(
    {DisclosureBasis.MEDICAL_EMERGENCY, DisclosureBasis.IMMINENT_THREAT, DisclosureBasis.CHILD_ABUSE_REPORT}
)
"""What cannot wait for a ledger: spoken first, written down at once after, with both times (house correction 3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to go, to whom, why."""

    organization_id: UUID
    categories: frozenset[InformationCategory]
    purpose: PurposeCode
    records_from: dt.date | None = None
    records_to: dt.date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known today of the statement besides its words."""

    state: StatementState
    end_event_happened: bool = False
    """The event that ends it is known to have happened (164.508(b)(2)(i))."""
    disclosures_before: int = 0
    organization_ended: bool = False
    """The organization it names was retired: merged, renamed or closed."""
    approved_successors: frozenset[UUID] = frozenset()
    """Organizations that counsel let stand in the named one's place; never by the software's own following."""


def may_disclose(draft: StatementDraft, known: Known, wanted: Wanted, *, today: dt.date) -> tuple[Finding, ...]:
    """V16: whether this may go on this statement today; empty when it may."""
    return tuple(_gate(draft, known, wanted, today))


def standing_now(draft: StatementDraft, known: Known, *, today: dt.date) -> tuple[Finding, ...]:
    """Why nothing at all may go on this statement today, whatever is wanted; empty when something may."""
    return tuple(_standing(draft, known, today))


_ENDED = "42 CFR 2.31(c); 45 CFR 164.508(b)(2)"


def _standing(draft: StatementDraft, known: Known, today: dt.date) -> Iterator[Finding]:
    if not draft.family.discloses or draft.recipient is None:
        yield block(FindingCode.V16, "family", "This paper lets nothing go.", _ENDED)
        return
    if not draft.discloser.classes or ProgramClass.UNKNOWN in draft.discloser.classes:
        yield block(
            FindingCode.U01,
            "discloser.classes",
            "Nobody has recorded which law governs this unit's records; only emergencies are disclosed.",
            "42 CFR 2.11, 2.12, 2.51; house correction 1",
        )
    if known.state not in DISCLOSABLE:
        yield block(FindingCode.V16, "state", "The statement is not in effect.", _ENDED)
    last = expires_on(draft.expiry)
    if (last is not None and today >= last) or known.end_event_happened:
        yield block(FindingCode.V16, "expiry", "The statement has ended.", _ENDED)
    if today < draft.effective_from:
        yield block(FindingCode.V16, "effective_from", "The statement is not in effect yet.", _ENDED)
    if draft.single_use and known.disclosures_before:
        yield block(FindingCode.V16, "single_use", "The statement was for one disclosure, and it was made.", _ENDED)


def _gate(draft: StatementDraft, known: Known, wanted: Wanted, today: dt.date) -> Iterator[Finding]:
    least = f"42 CFR 2.13(a); {cite('protect_and_least_information')}"
    yield from _standing(draft, known, today)
    if not draft.family.discloses or draft.recipient is None:
        return
    named = wanted.organization_id == draft.recipient.organization_id
    if named and known.organization_ended:
        yield block(
            FindingCode.V16,
            "recipient",
            "The organization it names is no more; counsel decides whether another stands in its place.",
            "42 CFR 2.31(a)(4); advisory, paragraph 2 (organizational ties endure)",
        )
    elif wanted.organization_id not in {draft.recipient.organization_id, *known.approved_successors}:
        yield block(
            FindingCode.V16,
            "recipient",
            "The statement names another organization; this one needs a statement of its own.",
            "42 CFR 2.31(a)(4); advisory, paragraph 2",
        )
    consented = frozenset(draft.categories)
    if not wanted.categories or not (
        wanted.categories <= consented or (InformationCategory.ENTIRE_RECORD in consented and not _special(wanted))
    ):
        yield block(FindingCode.V16, "categories", "This is more than the statement lets go; send less.", least)
    if not _within(draft, wanted):
        yield block(FindingCode.V16, "records_from", "These records are from outside the statement's period.", least)
    if wanted.purpose not in (draft.purposes or (PurposeCode.CLIENT_REQUEST,)):
        yield block(FindingCode.V16, "purpose", "The statement is for another purpose.", least)


def _special(wanted: Wanted) -> bool:
    """True for what "everything" never holds: it needs a form of its own."""
    return not wanted.categories.isdisjoint({InformationCategory.HIV_INFORMATION, InformationCategory.COUNSELING_NOTES})


def _within(draft: StatementDraft, wanted: Wanted) -> bool:
    starts = draft.records_from is None or (
        wanted.records_from is not None and wanted.records_from >= draft.records_from
    )
    ends = draft.records_to is None or (wanted.records_to is not None and wanted.records_to <= draft.records_to)
    return starts and ends


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that goes: a paper, an attachment, a call."""

    name: str
    """Opaque: "attachment 2", "call"."""
    notice: str
    """The notice that goes with it, as printed or as read out."""
    consent_with_it: bool
    """A copy of the consent, or a clear explanation of its scope, goes with it (2.32(b))."""


def accompanied(
    items: Sequence[Item], unit: Discloser, *, by_consent: bool, categories: Collection[InformationCategory]
) -> tuple[Finding, ...]:
    """V17: every item of a consented disclosure carries the notices that belong to it, and no other.

    Of Part 2 records: the notice of 2024 and the consent. Of HIV information: that of the state.
    """
    return (
        *_accompanied(items, by_consent and counts_as_part2(unit.classes)),
        *_state_notice(items, unit, by_consent and state_notice_for(categories, unit.jurisdiction) is not None),
    )


def _state_notice(items: Sequence[Item], unit: Discloser, needed: bool) -> Iterator[Finding]:
    notice = state_redisclosure_notice(unit.jurisdiction)
    if notice is None:
        return
    sentence = (
        "The state's notice on HIV information must go with this, word for word."
        if needed
        else "The state's notice on HIV information is on what is none; it would tell what is not so."
    )
    for item in items:
        if carries(item.notice, notice) is not needed:
            yield block(FindingCode.V17, f"items.{item.name}", sentence, notice.authority)


def _accompanied(items: Sequence[Item], needed: bool) -> Iterator[Finding]:
    for item in items:
        field = f"items.{item.name}"
        if not needed:
            if carries_redisclosure_notice(item.notice):
                yield block(
                    FindingCode.V17,
                    field,
                    "The notice on Part 2 records is on papers that are none; it would tell what is not so.",
                    "42 CFR 2.13(c), 2.32; house correction 1",
                )
            continue
        if superseded_in(item.notice) or not carries_redisclosure_notice(item.notice):
            yield block(
                FindingCode.V17,
                field,
                "The notice that must go with this is missing, or is no longer the law.",
                "42 CFR 2.32(a)",
            )
        if not item.consent_with_it:
            yield block(
                FindingCode.V17, field, "A copy of the consent, or what it covers, must go with this.", "42 CFR 2.32(b)"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerLine:
    """What is written down of a disclosure (164.528(b)(2)), and the person who received it."""

    written_at: dt.datetime
    happened_at: dt.datetime
    basis: DisclosureBasis
    organization: str
    received_by: str
    description: str
    purpose: str


def written_down(line: LedgerLine) -> tuple[Finding, ...]:
    """V18: the line is whole, and was written before the disclosure but for what cannot wait."""
    authority = "45 CFR 164.528(b)(2); 42 CFR 2.25, 2.51(c)"
    found = [
        block(FindingCode.V18, field, "The ledger must say this before anything goes.", authority)
        for field in ("organization", "received_by", "description", "purpose")
        if not getattr(line, field).strip()
    ]
    if line.happened_at < line.written_at and line.basis not in WRITTEN_AFTERWARDS:
        found.append(block(FindingCode.V18, "written_at", "The ledger is written first; then it goes.", authority))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Signed:
    """A statement in force and the organization it names."""

    ref: str
    organization_id: UUID
    state: StatementState


IN_FORCE = frozenset({StatementState.ACTIVE, StatementState.SUSPENDED, StatementState.REVOCATION_REQUESTED})
"""States from which a statement may let something go, now or once somebody has decided."""


def to_re_paper(signed: Iterable[Signed], changed: Collection[UUID]) -> tuple[Finding, ...]:
    """V22: the statements in force on organizations that were renamed, merged or retired, for counsel's decision.

    They stay as they were signed: nothing is printed anew, and the software never follows a successor by itself.
    """
    return tuple(
        warn(
            FindingCode.V22,
            one.ref,
            "The organization it names has changed; counsel decides whether it carries over or is signed anew.",
            "advisory, paragraph 2 (organizational ties endure); house invariant 2",
        )
        for one in signed
        if one.organization_id in changed and one.state in IN_FORCE
    )
