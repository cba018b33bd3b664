"""Judges a statement before it is paper: V01-V14, V20 and their corrections.

Danger: a statement that is wrong on its face lets information go without consent, or makes the consent void when it is
needed. Invariant: `check` is the only judge of a draft; it is pure (the day is an argument), fast (no regular
expression is compiled and no model validated here), and each defect has its own finding with its authority.

Source: domain notes 3.3 with the corrections above it; 42 CFR 2.31, 2.35 (2024 text); 45 CFR 164.508; NASW Code 1.07.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from functools import cache, lru_cache

from rules.choosing import family_for, fits
from rules.completeness import complete, no_individuals
from rules.draft import StatementDraft
from rules.ending import criminal_justice_end, dates, expires_on, ordinary_end
from rules.families import own_form_categories, own_form_purposes, requirements
from rules.finding import Finding, FindingCode, block, warn
from rules.jurisdictions import jurisdiction
from rules.nasw import cite
from rules.papers import of_papers
from rules.signers import fitting_signers
from rules.signing_act import SigningAct, check_signing
from rules.tables import table
from rules.vocabulary import (
    CRIMINAL_JUSTICE_KINDS,
    TPO_PURPOSES,
    Family,
    InformationCategory,
    OrganizationKind,
    ProgramClass,
    PurposeCode,
)
from rules.wording import for_tpo

__all__ = ["SigningAct", "check", "check_signing", "expires_on"]


def check(draft: StatementDraft, *, today: dt.date, policy_acknowledged: bool) -> tuple[Finding, ...]:
    """Everything the rules find in `draft` on the day `today` (the organization's calendar).

    `policy_acknowledged`: the client has acknowledged the current privacy policies (V20). An empty result means the
    statement may be presented; BLOCK findings stop it.
    """
    return tuple(_findings(draft, today, policy_acknowledged))


def _findings(draft: StatementDraft, today: dt.date, policy_acknowledged: bool) -> Iterator[Finding]:
    yield from complete(draft, today)
    yield from no_individuals(draft)
    yield from fitting_signers(draft, today)
    yield from _of_the_family(draft)
    if not draft.family.discloses:
        yield from of_papers(draft, today)
        return
    yield from _classified(draft)
    yield from _recipient(draft)
    yield from _scope(draft)
    if draft.family.limited:
        yield from criminal_justice_end(draft)
    else:
        yield from ordinary_end(draft)
    yield from dates(draft, today)
    if not policy_acknowledged:
        yield warn(
            FindingCode.V20,
            "policy_acknowledged",
            "The client has not acknowledged the current privacy policies; go through the acknowledgment with them.",
            f"advisory, paragraph 2; {cite('discuss_confidentiality')}",
        )


# --- who and what -----------------------------------------------------------------------------------------------------


def _classified(draft: StatementDraft) -> Iterator[Finding]:
    if not draft.discloser.classes or ProgramClass.UNKNOWN in draft.discloser.classes:
        yield block(
            FindingCode.U01,
            "discloser.classes",
            "Nobody has recorded yet which law governs this unit's records; until then only emergencies are disclosed.",
            "42 CFR 2.11, 2.12, 2.51; house correction 1",
        )


def _recipient(draft: StatementDraft) -> Iterator[Finding]:
    recipient = draft.recipient
    if recipient is None:
        yield block(
            FindingCode.V01,
            "recipient",
            "Choose the one organization that receives the information; each organization gets its own statement.",
            "advisory, paragraph 2; 42 CFR 2.31(a)(4)(i)",
        )
        return
    if recipient.retired:
        successor = recipient.successor_name.strip()
        then = (
            f"its work went to {successor}: choose that one." if successor else "no successor is recorded: ask counsel."
        )
        yield block(
            FindingCode.V03,
            "recipient.organization_id",
            f"This organization no longer exists; {then}",
            "advisory, paragraph 2 (organizational ties endure)",
        )
    if recipient.kind is OrganizationKind.INTERMEDIARY:
        yield block(
            FindingCode.S02,
            "recipient.kind",
            "An exchange or other intermediary needs its participants named, on a form that is not published yet.",
            "42 CFR 2.31(a)(4)(ii), 2.24",
        )
    if recipient.kind in CRIMINAL_JUSTICE_KINDS and for_tpo(draft):
        yield block(
            FindingCode.V07,
            "purposes",
            "Treatment, payment or operations is no purpose for parole, probation, a court, a prosecutor or a jail.",
            "42 CFR 2.31(a)(4)(iii), 2.35",
        )


def _scope(draft: StatementDraft) -> Iterator[Finding]:
    yield from _categories(draft)
    yield from _purposes(draft)
    if draft.records_from and draft.records_to and draft.records_from > draft.records_to:
        yield block(FindingCode.V04, "records_from", "The records' period ends before it starts.", "42 CFR 2.31(a)(3)")


def _categories(draft: StatementDraft) -> Iterator[Finding]:
    own = own_form_categories()
    needed = requirements(draft.family)
    if InformationCategory.COUNSELING_NOTES in draft.categories and len(draft.categories) > 1:
        yield block(
            FindingCode.V10,
            "categories",
            "Counseling notes stand alone: take the other kinds of information off, or use another statement for them.",
            "42 CFR 2.31(b); 45 CFR 164.508(b)(3)(ii)",
        )
    else:
        if _state_is_silent(draft):
            yield block(
                FindingCode.S01,
                "categories",
                "HIV information goes only on the release that state law wants, and there is none for this unit's "
                "state here. Ask counsel to add it.",
                "state law; house: refused until counsel says what it wants",
            )
        for category in draft.categories:
            if own.get(category, draft.family) is not draft.family:
                yield block(
                    FindingCode.S01,
                    "categories",
                    "This kind of information may be shared only on a form of its own.",
                    _category_authority(category),
                )
        if needed.only_categories and not needed.only_categories.issuperset(draft.categories):
            yield block(
                FindingCode.S04,
                "categories",
                "This form is for its own kind of information only; use another statement for the rest.",
                needed.authority,
            )
    if InformationCategory.ENTIRE_RECORD in draft.categories:
        yield from _everything(draft)


def _everything(draft: StatementDraft) -> Iterator[Finding]:
    authority = f"42 CFR 2.13(a), 2.31(a)(3); {cite('protect_and_least_information')}"
    if draft.everything_justification.strip():
        yield warn(
            FindingCode.V13,
            "categories",
            "Everything in the record is asked for; make sure that no smaller part would do.",
            authority,
        )
    else:
        yield block(
            FindingCode.V13,
            "everything_justification",
            "Everything in the record is asked for; write why no smaller part would do, or choose smaller parts.",
            authority,
        )


def _purposes(draft: StatementDraft) -> Iterator[Finding]:
    needed = requirements(draft.family)
    own = own_form_purposes()
    if PurposeCode.LEGAL_PROCEEDING in draft.purposes and len(draft.purposes) > 1:
        yield block(
            FindingCode.V11,
            "purposes",
            "Use in a legal proceeding stands alone: take the other purposes off, or use another statement for them.",
            "42 CFR 2.31(d)",
        )
    else:
        for purpose in draft.purposes:
            if own.get(purpose, draft.family) is not draft.family:
                yield block(
                    FindingCode.S01,
                    "purposes",
                    "This purpose may be named only on a form of its own.",
                    _purpose_authority(purpose),
                )
        if needed.only_purposes and not needed.only_purposes.issuperset(draft.purposes):
            yield block(
                FindingCode.S04,
                "purposes",
                "This form is for its own purpose only; use another statement for the others.",
                needed.authority,
            )
    if draft.recipient is None:
        return
    for purpose in draft.purposes:
        already = purpose in TPO_PURPOSES and draft.recipient.kind in CRIMINAL_JUSTICE_KINDS  # V07 says so
        if draft.recipient.kind not in _suits()[purpose] and not already:
            yield warn(
                FindingCode.P01,
                "purposes",
                "This purpose does not usually go with this kind of organization; look again.",
                f"42 CFR 2.13(a); {cite('protect_and_least_information')}",
            )


def _of_the_family(draft: StatementDraft) -> Iterator[Finding]:
    """What the family's own table asks for besides what every statement needs (data/families.yaml)."""
    needed = requirements(draft.family)
    if "purpose_text" in needed.needs and not draft.purpose_text.strip():
        yield block(
            FindingCode.V04,
            "purpose_text",
            "Say which proceeding this is for, by its court and number; no person of either side.",
            needed.authority,
        )
    if "about" in needed.needs and not draft.about.strip():
        yield block(
            FindingCode.V04, "about", "Name the statement this paper is about by its short id.", needed.authority
        )
    recipient = draft.recipient
    if recipient is not None and needed.only_kinds and recipient.kind not in needed.only_kinds:
        told_already = draft.family.limited or (  # C04, V07
            for_tpo(draft) and recipient.kind in CRIMINAL_JUSTICE_KINDS
        )
        if not told_already and recipient.kind is not OrganizationKind.INTERMEDIARY:
            yield block(
                FindingCode.S03,
                "recipient.kind",
                "This form is not for this kind of organization; use the ordinary statement.",
                needed.authority,
            )
    if recipient is not None and draft.family.discloses:
        yield from _right_family(draft, recipient.kind)
    if draft.exchange and not needed.may_exchange:
        yield block(
            FindingCode.S05,
            "exchange",
            "This form goes one way; use an ordinary statement for what comes back.",
            "42 CFR 2.31(a)(2), 2.35; house judgment",
        )
    if draft.single_use and draft.family is Family.TPO:
        yield block(
            FindingCode.S05,
            "single_use",
            "This form is for all future uses in care and payment; for one time use the ordinary statement.",
            needed.authority,
        )
    if draft.single_use and not draft.family.discloses:
        yield block(FindingCode.S05, "single_use", "This paper shares nothing, so it is not used up.", "house judgment")


def _right_family(draft: StatementDraft, kind: OrganizationKind) -> tuple[Finding, ...]:
    """S07: the form is one that serves what is asked."""
    mandated = draft.mandate is not None and draft.mandate.this_program
    return _fitting(draft.family, kind, draft.categories, draft.purposes, draft.discloser.classes, mandated)


@lru_cache(maxsize=4096)
def _fitting(
    family: Family,
    kind: OrganizationKind,
    categories: tuple[InformationCategory, ...],
    purposes: tuple[PurposeCode, ...],
    classes: frozenset[ProgramClass],
    mandated: bool,
) -> tuple[Finding, ...]:
    """Kept, for the same words come again and again, and none of them is a client's."""
    needed = family_for(kind=kind, categories=categories, purposes=purposes, classes=classes, mandated_here=mandated)
    return fits(family, needed, classes)


@cache
def _purpose_authority(purpose: PurposeCode) -> str:
    return str(table("purposes")["entries"][purpose.value].get("authority", "42 CFR 2.31(a)(5)"))


def _state_is_silent(draft: StatementDraft) -> bool:
    """True for HIV information of a unit whose jurisdiction has no release for it."""
    concerned = InformationCategory.HIV_INFORMATION in draft.categories
    return concerned and jurisdiction(draft.discloser.jurisdiction).hiv is None


@cache
def _category_authority(category: InformationCategory) -> str:
    return str(table("categories")["entries"][category.value].get("authority", "42 CFR 2.31(a)(3)"))


@cache
def _suits() -> dict[PurposeCode, frozenset[OrganizationKind]]:
    rows = table("purposes")["entries"]
    return {PurposeCode(code): frozenset(map(OrganizationKind, row["suits"])) for code, row in rows.items()}
