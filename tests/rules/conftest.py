"""Drafts the rules' tests start from: one lawful statement of each kind, to be bent one defect at a time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from rules.draft import Authority, Discloser, Expiry, Identity, Mandate, Recipient, Revocable, StatementDraft
from rules.vocabulary import (
    AuthorityPaper,
    Family,
    InformationCategory,
    Language,
    MandateKind,
    MinorBasis,
    OrganizationKind,
    ProgramClass,
    PurposeCode,
    SignerCapacity,
)

TODAY = dt.date(2026, 11, 22)
ORGANIZATION = UUID("6f1c2a52-0c9b-4f7e-9d3e-0a1b2c3d4e5f")


def _lawful() -> StatementDraft:
    return StatementDraft(
        family=Family.SPECIFIC,
        language=Language.EN,
        form_id="disclosure",
        form_version="2026.11",
        identity=Identity(legal_name="Ana María Ríos-Ocasio", birth_date=dt.date(1990, 3, 3), case_number="C-2210"),
        discloser=Discloser(
            legal_name="Second Chance Reentry House",
            unit="Outpatient Unit",
            address=("33 N. Fitzhugh Street", "Rochester, NY 14614"),
            phone="585 555 0100",
            revocation_desk="Records desk, 33 N. Fitzhugh Street, Rochester, NY 14614",
            classes=frozenset({ProgramClass.PART2_PROGRAM}),
        ),
        recipient=Recipient(
            organization_id=ORGANIZATION,
            legal_name="Rochester Housing Authority",
            unit="Admissions",
            address=("675 W. Main Street", "Rochester, NY 14611"),
            kind=OrganizationKind.HOUSING,
        ),
        categories=(InformationCategory.ATTENDANCE, InformationCategory.PROGRESS),
        purposes=(PurposeCode.HOUSING_PLACEMENT,),
        effective_from=TODAY,
        expiry=Expiry(dt.date(2027, 3, 3)),
    )


def _of_two() -> StatementDraft:
    """Of a minor whose parent must agree too (42 CFR 2.14(c))."""
    lawful = _lawful()
    return replace(
        lawful,
        identity=replace(lawful.identity, birth_date=dt.date(2010, 1, 1)),
        minor_basis=MinorBasis.PARENT_MUST_JOIN,
        capacity=SignerCapacity.PARENT,
        representative_name="Rosa Ríos",
        authority=Authority(
            paper=AuthorityPaper.BIRTH_RECORD,
            issued_by="Monroe County Department of Health",
            reference="2010-00417",
            seen_on=dt.date(2026, 11, 20),
        ),
    )


def _criminal_justice() -> StatementDraft:
    lawful = _lawful()
    return StatementDraft(
        family=Family.CRIMINAL_JUSTICE,
        language=Language.EN,
        form_id="disclosure-supervision",
        form_version="2026.11",
        identity=lawful.identity,
        discloser=lawful.discloser,
        recipient=Recipient(
            organization_id=ORGANIZATION,
            legal_name="Monroe County Office of Probation",
            kind=OrganizationKind.PROBATION,
        ),
        categories=(InformationCategory.ATTENDANCE,),
        purposes=(PurposeCode.SUPERVISION,),
        effective_from=TODAY,
        expiry=Expiry(dt.date(2027, 3, 3)),
        revocable=Revocable(event="The court closes my case"),
        mandate=Mandate(
            kind=MandateKind.PROBATION_CONDITION,
            body="Monroe County Court",
            reference="2025-0113",
            ordered_on=dt.date(2026, 1, 5),
            final_disposition_expected=dt.date(2027, 6, 1),
            this_program=True,
        ),
    )


@pytest.fixture
def today() -> dt.date:
    return TODAY


@pytest.fixture
def lawful() -> StatementDraft:
    """A statement to a housing authority, without a flaw."""
    return _lawful()


@pytest.fixture
def of_two() -> StatementDraft:
    """A statement that a minor and a parent must both sign."""
    return _of_two()


@pytest.fixture
def criminal_justice() -> StatementDraft:
    """A statement on the form of 42 CFR 2.35, without a flaw."""
    return _criminal_justice()


@pytest.fixture
def acknowledgment() -> StatementDraft:
    """The privacy acknowledgment: it discloses nothing."""
    lawful = _lawful()
    return StatementDraft(
        family=Family.ACKNOWLEDGMENT,
        language=Language.EN,
        form_id="privacy-acknowledgment",
        form_version="2026.11",
        identity=lawful.identity,
        discloser=lawful.discloser,
        effective_from=TODAY,
    )


@pytest.fixture
def lines() -> Callable[[str], list[str]]:
    """The lines of a list in tests/rules/data, remarks left out."""

    def read(name: str) -> list[str]:
        text = (Path(__file__).parent / "data" / f"{name}.txt").read_text(encoding="utf-8")
        return [line for line in text.split("\n") if line.strip() and not line.startswith("#")]

    return read
