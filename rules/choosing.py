"""Says which family of forms a request needs, and why.

Danger: the right organization on the wrong form: a form of 2.35 where the ordinary one is the lawful one, or HIV on an
ordinary statement. Invariant: the choice is a pure function of what is asked; what needs a form that is not published
is refused, never put on another.

Source: 42 CFR 2.31(a), (b), (d), 2.35; 45 CFR 164.508; NASW Code 1.07; house correction 4.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from rules.draft import counts_as_part2
from rules.families import own_form_categories, own_form_purposes, requirements
from rules.finding import Finding, FindingCode, block, warn
from rules.vocabulary import (
    CRIMINAL_JUSTICE_KINDS,
    PAYERS,
    TPO_KINDS,
    TPO_PURPOSES,
    Family,
    InformationCategory,
    OrganizationKind,
    ProgramClass,
    PurposeCode,
)


@dataclass(frozen=True, slots=True)
class Choice:
    """The family a request needs."""

    family: Family
    why: str
    authority: str


def family_for(
    *,
    kind: OrganizationKind,
    categories: Collection[InformationCategory],
    purposes: Collection[PurposeCode],
    classes: Collection[ProgramClass],
    mandated_here: bool = False,
) -> Choice:
    """The family a statement needs; `mandated_here`: an order or condition is to take part in this very program.

    What mixes two families that each need a form of their own gets the first; `rules.statement.check` refuses the rest.
    """
    for category in categories:
        if category in own_form_categories():
            return _choice(own_form_categories()[category], "This information goes on a form of its own, alone.")
    for purpose in purposes:
        if purpose in own_form_purposes():
            return _choice(own_form_purposes()[purpose], "This purpose goes on a form of its own, alone.")
    held = frozenset(classes)
    if kind in CRIMINAL_JUSTICE_KINDS:
        return _for_criminal_justice(held, mandated_here)
    if kind in PAYERS and PurposeCode.PAYMENT in purposes and len(frozenset(purposes)) == 1:
        return _choice(Family.PAYER, "A payer learns nothing without the client's own authorization.")
    if counts_as_part2(held) and kind in TPO_KINDS and purposes and TPO_PURPOSES.issuperset(purposes):
        return _choice(Family.TPO, "Part 2 records for treatment, payment or operations need their own clauses.")
    return _choice(Family.SPECIFIC, "One organization, its own purpose, revocable in writing at any time.")


def _for_criminal_justice(held: frozenset[ProgramClass], mandated_here: bool) -> Choice:
    if ProgramClass.PART2_PROGRAM not in held:
        return _choice(Family.SPECIFIC, "The form of 2.35 is for programs under 42 CFR Part 2 only.")
    if ProgramClass.HIPAA_COVERED_ENTITY in held:
        return _choice(Family.SPECIFIC, "Under HIPAA the client may revoke at any time, which the form of 2.35 denies.")
    if not mandated_here:
        return _choice(Family.SPECIFIC, "Without a mandate to take part in this program, the ordinary form serves.")
    return _choice(Family.CRIMINAL_JUSTICE, "Taking part in this program is a condition of release or of the case.")


def _choice(family: Family, why: str) -> Choice:
    return Choice(family, why, requirements(family).authority)


def fits(family: Family, needed: Choice, classes: Collection[ProgramClass]) -> tuple[Finding, ...]:
    """Whether a form of `family` serves what needs `needed` (S07); what the family's own table says is not repeated.

    The ordinary form may stand for the form of 2.35, which the law permits and does not ask for (the client may then
    revoke at any time), and for that of care, whose clauses it says where they are needed.
    """
    if family is needed.family:
        return ()
    if family is Family.SPECIFIC and needed.family is Family.CRIMINAL_JUSTICE:
        sentence = "The form of 42 CFR 2.35 would serve too; on this one the client may revoke at any time."
        return (warn(FindingCode.S07, "form", sentence, needed.authority),)
    if family is Family.SPECIFIC and needed.family is Family.PAYER:
        sentence = "A payer needs a form of its own; leave the form out, and the right one is taken."
        return (block(FindingCode.S07, "form", sentence, needed.authority),)
    if family is Family.TPO and not counts_as_part2(classes):
        sentence = "This form is for records under 42 CFR Part 2 only; leave the form out, and the right one is taken."
        return (block(FindingCode.S07, "form", sentence, requirements(family).authority),)
    return ()


def published(family: Family, in_force: Collection[Family]) -> tuple[Finding, ...]:
    """Refuses what needs a form that is not published (S01); empty when it is."""
    if family in in_force:
        return ()
    return (
        block(
            FindingCode.S01,
            "form",
            "This needs a form of its own, and none of its kind is published here; it cannot be shared yet.",
            requirements(family).authority,
        ),
    )
