"""Every family says what it needs, and a form that is published has it."""

from __future__ import annotations

import datetime as dt
import io
import re
from dataclasses import replace

import pytest

from rules import statement
from rules.choosing import published
from rules.draft import Expiry, Revoked, StatementDraft
from rules.families import Clause, Regime, requirements
from rules.finding import FindingCode, blocking
from rules.form_text import clauses_in
from rules.nasw import Edition, cite, letter
from rules.tables import table
from rules.vocabulary import (
    TPO_KINDS,
    TPO_PURPOSES,
    Family,
    InformationCategory,
    Language,
    OrganizationKind,
    ProgramClass,
    PurposeCode,
    StatementState,
)
from rules.wording import needs_tpo_clauses
from templates.catalog import catalog

FORMS = [(form.id, language) for form in catalog() for language in form.languages]


def test_every_family_has_its_row_and_every_row_its_family() -> None:
    assert set(table("families")["entries"]) == {family.value for family in Family}
    for family in Family:
        needed = requirements(family)
        assert needed.authority
        assert family.discloses == (needed.revocation is not Regime.NONE)


def test_every_clause_can_be_recognized() -> None:
    assert {clause.value for clause in Clause} == set(table("clauses")["entries"])


@pytest.mark.parametrize(("form_id", "language"), FORMS)
def test_a_published_form_says_every_clause_of_its_family(form_id: str, language: Language) -> None:
    form = catalog().get(form_id)
    from docx import Document
    from docx.oxml.ns import qn

    body = Document(io.BytesIO(form.docx(language))).element.body
    paragraphs = ["".join(run.text or "" for run in row.iter(qn("w:t"))) for row in body.iter(qn("w:p"))]
    said = clauses_in(re.sub(r"\{%.*?%\}", " ", "\n".join(paragraphs)))
    needed = requirements(form.family)
    assert needed.clauses <= said
    assert not needed.never & said


def test_a_form_of_its_own_is_for_its_own_purpose_only(lawful: StatementDraft) -> None:
    assert lawful.recipient is not None
    consultant = replace(lawful.recipient, kind=OrganizationKind.CONSULTANT)
    own = replace(lawful, family=Family.CONSULTATION, recipient=consultant, purposes=(PurposeCode.CONSULTATION,))
    assert _codes(own) == []
    more = replace(own, purposes=(PurposeCode.CONSULTATION, PurposeCode.REFERRAL))
    assert FindingCode.S04 in _codes(more)
    ordinary = replace(own, family=Family.SPECIFIC)
    assert _codes(ordinary) == [FindingCode.S01]


@pytest.mark.parametrize(
    ("family", "category"),
    [
        (Family.HIV, InformationCategory.HIV_INFORMATION),
        (Family.COUNSELING_NOTES, InformationCategory.COUNSELING_NOTES),
    ],
)
def test_special_information_goes_on_its_own_form_alone(
    lawful: StatementDraft, family: Family, category: InformationCategory
) -> None:
    own = replace(lawful, family=family, categories=(category,))
    assert _codes(own) == []
    assert _codes(replace(own, family=Family.SPECIFIC)) == [FindingCode.S01]
    assert FindingCode.S04 in _codes(replace(own, categories=(InformationCategory.ATTENDANCE,)))


def test_a_legal_proceeding_is_named_and_goes_to_those_who_are_in_it(lawful: StatementDraft) -> None:
    assert lawful.recipient is not None
    own = replace(
        lawful,
        family=Family.LEGAL_PROCEEDING,
        recipient=replace(lawful.recipient, kind=OrganizationKind.DEFENDER),
        purposes=(PurposeCode.LEGAL_PROCEEDING,),
        purpose_text="Monroe County Court, indictment 2025-0113",
    )
    assert _codes(own) == []
    assert _codes(replace(own, purpose_text=" ")) == [FindingCode.V04]
    assert FindingCode.S03 in _codes(replace(own, recipient=lawful.recipient))


def test_an_exchange_is_never_on_a_form_that_cannot_be_revoked_at_any_time(
    lawful: StatementDraft, criminal_justice: StatementDraft
) -> None:
    assert _codes(replace(lawful, exchange=True)) == []
    assert _codes(replace(criminal_justice, exchange=True)) == [FindingCode.S05]


def test_a_revocation_names_the_statement_it_revokes(acknowledgment: StatementDraft) -> None:
    named = Revoked(family=Family.ELECTRONIC_RECORDS, state=StatementState.ACTIVE, signed_on=None)
    paper = replace(acknowledgment, family=Family.REVOCATION, about="K7QF-2M9D-XR4T", revoked=named)
    assert _codes(paper) == []
    assert _codes(replace(paper, about="")) == [FindingCode.V04]
    assert _codes(replace(paper, single_use=True)) == [FindingCode.S05]


def test_only_treatment_payment_and_operations_may_name_no_end(lawful: StatementDraft) -> None:
    assert lawful.recipient is not None
    endless = replace(lawful, recipient=replace(lawful.recipient, kind=OrganizationKind.PAYER), expiry=Expiry())
    payer = replace(endless, family=Family.PAYER, purposes=(PurposeCode.BENEFITS_ENROLLMENT,))
    assert _codes(payer) == [FindingCode.V09]
    assert _codes(replace(endless, family=Family.TPO, purposes=(PurposeCode.PAYMENT,))) == []


@pytest.mark.parametrize("family", [family for family in Family if family.discloses])
def test_whom_a_form_for_care_or_payment_may_go_to_is_told_what_they_may_pass_on(
    family: Family, lawful: StatementDraft
) -> None:
    needed = requirements(family)
    purposes = TPO_PURPOSES & needed.only_purposes if needed.only_purposes else TPO_PURPOSES
    if family.limited or not purposes:
        return  # those who supervise never receive for these purposes (V07)
    assert Clause.HIPAA_REDISCLOSURE in needed.clauses | needed.clauses_tpo
    assert needed.only_kinds <= TPO_KINDS
    assert lawful.recipient is not None
    for kind in needed.only_kinds or TPO_KINDS:
        recipient = replace(lawful.recipient, kind=kind)
        for purpose in purposes:
            assert needs_tpo_clauses(replace(lawful, family=family, recipient=recipient, purposes=(purpose,)))


def test_the_form_for_care_goes_to_everybody_who_can_receive_for_it_and_to_nobody_else() -> None:
    assert requirements(Family.TPO).only_kinds == TPO_KINDS


def test_a_citation_of_the_ethics_code_carries_its_edition() -> None:
    assert cite("payers") == "NASW Code 1.07(h) (1999; 2021)"
    assert cite("consultants") == "NASW Code 1.07(q) (1999), (v) (2021)"
    assert cite("no_searching") == "NASW Code 1.07(q) (2021)"


@pytest.mark.parametrize("edition", list(Edition))
def test_every_letter_of_an_edition_is_one_standard(edition: Edition) -> None:
    entries = table("nasw")["entries"]
    letters = [
        found for one in entries if "section" not in entries[one] and (found := letter(one, edition)) is not None
    ]
    last = {"1999": "r", "2021": "w"}[edition]
    assert sorted(letters) == [chr(number) for number in range(ord("a"), ord(last) + 1)]


def _codes(draft: StatementDraft) -> list[FindingCode]:
    found = statement.check(draft, today=draft.effective_from, policy_acknowledged=True)
    return [finding.code for finding in found]


@pytest.mark.parametrize("family", Family)
def test_a_family_is_limited_where_its_table_says_so(family: Family) -> None:
    assert family.limited is (requirements(family).revocation is Regime.LIMITED)


def test_under_hipaa_the_form_of_2_35_is_refused_until_counsel_publishes_one_of_its_own_kind(
    criminal_justice: StatementDraft, today: dt.date
) -> None:
    both = {ProgramClass.PART2_PROGRAM, ProgramClass.HIPAA_COVERED_ENTITY}
    unit = replace(criminal_justice.discloser, classes=frozenset(both))
    plain = replace(criminal_justice, discloser=unit)
    covered = replace(plain, family=Family.CRIMINAL_JUSTICE_COVERED)
    found = blocking(statement.check(plain, today=today, policy_acknowledged=True))
    assert {one.code for one in found} == {FindingCode.C03}
    assert blocking(statement.check(covered, today=today, policy_acknowledged=True)) == ()
    assert [one.code for one in published(Family.CRIMINAL_JUSTICE_COVERED, set(Family) - {covered.family})] == [
        FindingCode.S01
    ]
    assert requirements(covered.family).clauses == requirements(plain.family).clauses | {Clause.REVOCATION_IN_WRITING}
