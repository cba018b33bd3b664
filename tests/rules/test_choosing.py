"""What is asked decides which form it needs, and what has no form is refused."""

from __future__ import annotations

from collections.abc import Collection

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.choosing import family_for, published
from rules.draft import counts_as_part2
from rules.finding import FindingCode
from rules.vocabulary import (
    CRIMINAL_JUSTICE_KINDS,
    Family,
    InformationCategory,
    OrganizationKind,
    ProgramClass,
    PurposeCode,
)

PART2 = frozenset({ProgramClass.PART2_PROGRAM})
COVERED = PART2 | {ProgramClass.HIPAA_COVERED_ENTITY}
K, C, P = OrganizationKind, InformationCategory, PurposeCode


@pytest.mark.parametrize(
    ("kind", "category", "purpose", "classes", "mandated", "family"),
    [
        (K.PROBATION, C.ATTENDANCE, P.SUPERVISION, PART2, True, Family.CRIMINAL_JUSTICE),
        (K.PROBATION, C.ATTENDANCE, P.SUPERVISION, PART2, False, Family.SPECIFIC),
        (K.PROBATION, C.ATTENDANCE, P.SUPERVISION, COVERED, True, Family.SPECIFIC),
        (K.PAROLE, C.ATTENDANCE, P.SUPERVISION, {ProgramClass.ETHICS_ONLY}, True, Family.SPECIFIC),
        (K.PAROLE, C.HIV_INFORMATION, P.SUPERVISION, PART2, True, Family.HIV),
        (K.COURT, C.ATTENDANCE, P.LEGAL_PROCEEDING, PART2, True, Family.LEGAL_PROCEEDING),
        (K.PAYER, C.BILLING, P.PAYMENT, PART2, False, Family.PAYER),
        (K.TREATMENT, C.DIAGNOSIS, P.TREATMENT, PART2, False, Family.TPO),
        (K.TREATMENT, C.DIAGNOSIS, P.TREATMENT, {ProgramClass.UNKNOWN}, False, Family.TPO),
        (K.TREATMENT, C.DIAGNOSIS, P.TREATMENT, {ProgramClass.ETHICS_ONLY}, False, Family.SPECIFIC),
        (K.TREATMENT, C.COUNSELING_NOTES, P.TREATMENT, PART2, False, Family.COUNSELING_NOTES),
        (K.CONSULTANT, C.PROGRESS, P.CONSULTATION, PART2, False, Family.CONSULTATION),
        (K.TREATMENT, C.PROGRESS, P.RECORDS_TRANSFER, PART2, False, Family.RECORDS_TRANSFER),
        (K.HOUSING, C.INCOME, P.HOUSING_PLACEMENT, PART2, False, Family.SPECIFIC),
    ],
)
def test_the_family_follows_from_what_is_asked(
    kind: K, category: C, purpose: P, classes: Collection[ProgramClass], mandated: bool, family: Family
) -> None:
    choice = family_for(kind=kind, categories=[category], purposes=[purpose], classes=classes, mandated_here=mandated)
    assert choice.family is family
    assert choice.why
    assert choice.authority


@given(
    kind=st.sampled_from(sorted(CRIMINAL_JUSTICE_KINDS)),
    purposes=st.sets(st.sampled_from(list(P)), max_size=3),
    categories=st.sets(st.sampled_from(list(C)), max_size=3),
    classes=st.sets(st.sampled_from(list(ProgramClass))),
    mandated=st.booleans(),
)
def test_nothing_that_supervises_ever_gets_the_form_of_treatment_payment_and_operations(
    kind: K, purposes: set[P], categories: set[C], classes: set[ProgramClass], mandated: bool
) -> None:
    choice = family_for(kind=kind, categories=categories, purposes=purposes, classes=classes, mandated_here=mandated)
    assert choice.family is not Family.TPO
    if choice.family is Family.CRIMINAL_JUSTICE:
        assert mandated
        assert ProgramClass.PART2_PROGRAM in classes
        assert ProgramClass.HIPAA_COVERED_ENTITY not in classes


def test_what_nobody_classified_counts_as_part_2() -> None:
    assert counts_as_part2([])
    assert counts_as_part2([ProgramClass.UNKNOWN, ProgramClass.ETHICS_ONLY])
    assert counts_as_part2([ProgramClass.PART2_LAWFUL_HOLDER])
    assert not counts_as_part2([ProgramClass.ETHICS_ONLY])


def test_what_has_no_published_form_is_refused() -> None:
    assert [finding.code for finding in published(Family.HIV, {Family.SPECIFIC})] == [FindingCode.S01]
    assert published(Family.HIV, {Family.HIV}) == ()
