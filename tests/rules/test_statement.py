"""Each defect of a statement is found, by its own rule and no other; what changes nothing changes nothing."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules import statement
from rules.draft import Authority, Expiry, Revocable, StatementDraft
from rules.finding import Finding, FindingCode, blocking
from rules.signers import both_sign, signer_name, signing_roles, signs_as
from rules.vocabulary import (
    CRIMINAL_JUSTICE_KINDS,
    TPO_PURPOSES,
    AuthorityPaper,
    Family,
    InformationCategory,
    Language,
    MinorBasis,
    OrganizationKind,
    ProgramClass,
    PurposeCode,
    Severity,
    SignerCapacity,
    SignerRole,
)
from rules.wording import fields_of

Bend = Callable[[StatementDraft], StatementDraft]


def findings(draft: StatementDraft, today: dt.date, *, acknowledged: bool = True) -> tuple[Finding, ...]:
    return statement.check(draft, today=today, policy_acknowledged=acknowledged)


def to(draft: StatementDraft, **changes: object) -> StatementDraft:
    assert draft.recipient is not None
    return replace(draft, recipient=replace(draft.recipient, **changes))


def by(draft: StatementDraft, **changes: object) -> StatementDraft:
    return replace(draft, discloser=replace(draft.discloser, **changes))


def client(draft: StatementDraft, **changes: object) -> StatementDraft:
    return replace(draft, identity=replace(draft.identity, **changes))


def mandate(draft: StatementDraft, **changes: object) -> StatementDraft:
    assert draft.mandate is not None
    return replace(draft, mandate=replace(draft.mandate, **changes))


def test_a_lawful_statement_has_no_findings(
    lawful: StatementDraft, criminal_justice: StatementDraft, acknowledgment: StatementDraft, today: dt.date
) -> None:
    assert findings(lawful, today) == ()
    assert findings(criminal_justice, today) == ()
    assert findings(acknowledgment, today, acknowledged=False) == ()


SEEN = Authority(
    paper=AuthorityPaper.BIRTH_RECORD,
    issued_by="Monroe County Department of Health",
    reference="2010-00417",
    seen_on=dt.date(2026, 11, 20),
)


ORDINARY_DEFECTS: dict[str, tuple[Bend, str, str]] = {
    "no organization": (lambda d: replace(d, recipient=None), "V01", "recipient"),
    "an officer as organization": (lambda d: to(d, legal_name="P.O. J. Smith"), "V02", "recipient.legal_name"),
    "an officer in the unit": (lambda d: to(d, unit="Officer Ruiz"), "V02", "recipient.unit"),
    "an officer in the address": (lambda d: to(d, address=("attn Maria",)), "V02", "recipient.address"),
    "an officer in the purpose": (lambda d: replace(d, purpose_text="For Judge Lee's court"), "V02", "purpose_text"),
    "a name and no more beside an event of many words": (
        lambda d: replace(
            d,
            purpose_text="Abebe Tesfaye",
            expiry=Expiry(event="when the lease at the housing program is signed or the application is denied"),
        ),
        "V02",
        "purpose_text",
    ),
    "an officer in the end": (
        lambda d: replace(d, expiry=Expiry(event="Judge Lee closes the case")),
        "V02",
        "expiry.event",
    ),
    "a retired organization": (
        lambda d: to(d, retired=True, successor_name="DOCCS"),
        "V03",
        "recipient.organization_id",
    ),
    "no client's name": (lambda d: client(d, legal_name=" "), "V04", "identity.legal_name"),
    "a placeholder for a client": (lambda d: client(d, legal_name="{{ client }}"), "V04", "identity.legal_name"),
    "a client born tomorrow": (lambda d: client(d, birth_date=dt.date(2026, 11, 23)), "V04", "identity.birth_date"),
    "no name of our own": (lambda d: by(d, legal_name=""), "V04", "discloser.legal_name"),
    "no organization's name": (lambda d: to(d, legal_name=""), "V04", "recipient.legal_name"),
    "N/A for a unit": (lambda d: to(d, unit="N/A"), "V04", "recipient.unit"),
    "blanks for a purpose": (lambda d: replace(d, purpose_text="for ____"), "V04", "purpose_text"),
    "xxx for a number": (lambda d: client(d, case_number="xxx"), "V04", "identity.case_number"),
    "TBD for an address": (lambda d: to(d, address=("TBD",)), "V04", "recipient.address"),
    "no categories": (lambda d: replace(d, categories=()), "V04", "categories"),
    "no purpose": (lambda d: replace(d, purposes=()), "V04", "purposes"),
    "at request, unasked": (lambda d: replace(d, purposes=(PurposeCode.CLIENT_REQUEST,)), "V04", "purposes"),
    "records that end before they start": (
        lambda d: replace(d, records_from=dt.date(2026, 2, 1), records_to=dt.date(2026, 1, 1)),
        "V04",
        "records_from",
    ),
    "nowhere to revoke": (lambda d: by(d, revocation_desk=" "), "V05", "discloser.revocation_desk"),
    "revocable only later": (lambda d: replace(d, revocable=Revocable(dt.date(2027, 1, 1))), "V05", "revocable"),
    "no end": (lambda d: replace(d, expiry=Expiry()), "V09", "expiry"),
    "an end nobody sees": (lambda d: replace(d, expiry=Expiry(event="when appropriate")), "V09", "expiry.event"),
    "the end of the treatment": (
        lambda d: replace(d, expiry=Expiry(event="end of the treatment")),
        "V09",
        "expiry.event",
    ),
    "counseling notes among others": (
        lambda d: replace(d, categories=(InformationCategory.COUNSELING_NOTES, InformationCategory.PROGRESS)),
        "V10",
        "categories",
    ),
    "counseling notes on this form": (
        lambda d: replace(d, categories=(InformationCategory.COUNSELING_NOTES,)),
        "S01",
        "categories",
    ),
    "HIV on this form": (lambda d: replace(d, categories=(InformationCategory.HIV_INFORMATION,)), "S01", "categories"),
    "already over": (lambda d: replace(d, expiry=Expiry(dt.date(2026, 11, 22))), "V12", "expiry.date"),
    "over before it starts": (
        lambda d: replace(d, effective_from=dt.date(2027, 4, 1)),
        "V12",
        "expiry.date",
    ),
    "everything, without a reason": (
        lambda d: replace(d, categories=(InformationCategory.ENTIRE_RECORD,)),
        "V13",
        "everything_justification",
    ),
    "a representative without a name": (
        lambda d: replace(
            d, capacity=SignerCapacity.GUARDIAN, authority=replace(SEEN, paper=AuthorityPaper.COURT_ORDER)
        ),
        "V14",
        "representative_name",
    ),
    "a parent for a grown client": (
        lambda d: replace(d, capacity=SignerCapacity.PARENT, representative_name="Rosa Ríos", authority=SEEN),
        "V14",
        "capacity",
    ),
    "a representative without a paper": (
        lambda d: replace(d, capacity=SignerCapacity.PERSONAL_REPRESENTATIVE, representative_name="Rosa Ríos"),
        "V14",
        "authority",
    ),
    "a birth record for a guardian": (
        lambda d: replace(d, capacity=SignerCapacity.GUARDIAN, representative_name="Rosa Ríos", authority=SEEN),
        "V14",
        "authority.paper",
    ),
    "a paper nobody has seen yet": (
        lambda d: replace(
            d,
            capacity=SignerCapacity.GUARDIAN,
            representative_name="Rosa Ríos",
            authority=replace(SEEN, paper=AuthorityPaper.LETTERS, seen_on=dt.date(2200, 1, 1)),
        ),
        "V14",
        "authority.seen_on",
    ),
    "a paper issued by a judge": (
        lambda d: replace(
            d,
            capacity=SignerCapacity.GUARDIAN,
            representative_name="Rosa Ríos",
            authority=replace(SEEN, paper=AuthorityPaper.LETTERS, issued_by="Judge Lee's court"),
        ),
        "V02",
        "authority.issued_by",
    ),
    "a paper though the client signs": (lambda d: replace(d, authority=SEEN), "V14", "authority"),
    "a director for housing": (
        lambda d: replace(
            d,
            capacity=SignerCapacity.PROGRAM_DIRECTOR,
            representative_name="Rosa Ríos",
            authority=replace(SEEN, paper=AuthorityPaper.DIRECTORS_FINDING),
        ),
        "V14",
        "capacity",
    ),
    "a minor nobody decided about": (lambda d: client(d, birth_date=dt.date(2010, 1, 1)), "V14", "minor_basis"),
    "nobody classified the unit": (
        lambda d: by(d, classes=frozenset({ProgramClass.UNKNOWN})),
        "U01",
        "discloser.classes",
    ),
    "no class at all": (lambda d: by(d, classes=frozenset()), "U01", "discloser.classes"),
    "an exchange": (lambda d: to(d, kind=OrganizationKind.INTERMEDIARY), "S02", "recipient.kind"),
}

CRIMINAL_JUSTICE_DEFECTS: dict[str, tuple[Bend, str, str]] = {
    "not under Part 2": (lambda d: by(d, classes=frozenset({ProgramClass.ETHICS_ONLY})), "C01", "family"),
    "only a lawful holder": (lambda d: by(d, classes=frozenset({ProgramClass.PART2_LAWFUL_HOLDER})), "C01", "family"),
    "under HIPAA too": (
        lambda d: by(d, classes=frozenset({ProgramClass.PART2_PROGRAM, ProgramClass.HIPAA_COVERED_ENTITY})),
        "C03",
        "family",
    ),
    "an order for another program": (lambda d: mandate(d, this_program=False), "C02", "mandate.this_program"),
    "no order": (lambda d: replace(d, mandate=None), "V06", "mandate"),
    "an order by nobody": (lambda d: mandate(d, body=" "), "V06", "mandate"),
    "an order without a number": (lambda d: mandate(d, reference=""), "V06", "mandate"),
    "ordered by a judge": (lambda d: mandate(d, body="Judge Lee's court"), "V02", "mandate.body"),
    "no period": (lambda d: replace(d, expiry=Expiry()), "V06", "expiry"),
    "a period nobody sees": (lambda d: replace(d, expiry=Expiry(event="as long as needed")), "V06", "expiry"),
    "never revocable": (lambda d: replace(d, revocable=None), "V06", "revocable"),
    "revocable when ready": (
        lambda d: replace(d, revocable=Revocable(event="when I am ready")),
        "V06",
        "revocable.event",
    ),
    "revocable after the case": (
        lambda d: replace(d, revocable=Revocable(dt.date(2027, 6, 2))),
        "V06",
        "revocable.from_date",
    ),
    "nowhere to bring it": (lambda d: by(d, revocation_desk=""), "V05", "discloser.revocation_desk"),
    "nobody classified the unit": (
        lambda d: by(d, classes=frozenset({ProgramClass.UNKNOWN})),
        "U01",
        "discloser.classes",
    ),
}


@pytest.mark.parametrize("name", ORDINARY_DEFECTS)
def test_one_defect_gives_its_one_finding(name: str, lawful: StatementDraft, today: dt.date) -> None:
    bend, code, field = ORDINARY_DEFECTS[name]
    (found,) = blocking(findings(bend(lawful), today))
    assert (found.code.value, found.field) == (code, field)


@pytest.mark.parametrize("name", CRIMINAL_JUSTICE_DEFECTS)
def test_one_defect_of_a_criminal_justice_statement_gives_its_one_finding(
    name: str, criminal_justice: StatementDraft, today: dt.date
) -> None:
    bend, code, field = CRIMINAL_JUSTICE_DEFECTS[name]
    (found,) = blocking(findings(bend(criminal_justice), today))
    assert (found.code.value, found.field) == (code, field)


def test_two_defects_give_two_findings(lawful: StatementDraft, today: dt.date) -> None:
    bends = [ORDINARY_DEFECTS["no end"][0], ORDINARY_DEFECTS["a retired organization"][0]]
    draft = lawful
    for bend in bends:
        draft = bend(draft)
    assert {found.code for found in blocking(findings(draft, today))} == {FindingCode.V09, FindingCode.V03}


def test_a_retired_organization_is_refused_by_naming_its_successor(lawful: StatementDraft, today: dt.date) -> None:
    retired = to(lawful, legal_name="Division of Parole", retired=True, successor_name="Community Supervision")
    (found,) = blocking(findings(retired, today))
    assert "Community Supervision" in found.sentence


@pytest.mark.parametrize("kind", sorted(CRIMINAL_JUSTICE_KINDS))
@pytest.mark.parametrize("purpose", [PurposeCode.TREATMENT, PurposeCode.PAYMENT, PurposeCode.HEALTH_CARE_OPERATIONS])
def test_criminal_justice_never_receives_for_treatment_payment_or_operations(
    kind: OrganizationKind, purpose: PurposeCode, lawful: StatementDraft, today: dt.date
) -> None:
    draft = to(replace(lawful, purposes=(purpose,)), kind=kind)
    assert [found.code for found in findings(draft, today)] == [FindingCode.V07]


def test_no_end_is_lawful_for_treatment_payment_and_operations_only(lawful: StatementDraft, today: dt.date) -> None:
    draft = to(replace(lawful, purposes=(PurposeCode.TREATMENT,), expiry=Expiry()), kind=OrganizationKind.TREATMENT)
    assert findings(draft, today) == ()
    assert findings(replace(draft, expiry=Expiry(event="End of the treatment")), today) == ()
    mixed = replace(draft, purposes=(PurposeCode.TREATMENT, PurposeCode.SERVICE_COORDINATION))
    assert [found.code for found in findings(mixed, today)] == [FindingCode.V09]


@pytest.mark.parametrize("classes", [{ProgramClass.HIPAA_COVERED_ENTITY}, {ProgramClass.ETHICS_ONLY}])
@pytest.mark.parametrize("end", [Expiry(), Expiry(event="no end"), Expiry(event="End of the treatment")])
def test_outside_part_2_care_needs_an_end_like_everything_else(
    classes: set[ProgramClass], end: Expiry, lawful: StatementDraft, today: dt.date
) -> None:
    unit = replace(lawful.discloser, classes=frozenset(classes))
    care = replace(lawful, discloser=unit, purposes=(PurposeCode.TREATMENT,), expiry=end)
    assert [found.code for found in findings(to(care, kind=OrganizationKind.TREATMENT), today)] == [FindingCode.V09]


@pytest.mark.parametrize("purpose", sorted(TPO_PURPOSES))
@pytest.mark.parametrize(
    ("family", "category"),
    [
        (Family.HIV, InformationCategory.HIV_INFORMATION),
        (Family.COUNSELING_NOTES, InformationCategory.COUNSELING_NOTES),
    ],
)
def test_what_goes_on_a_form_of_its_own_has_an_end_whatever_it_is_for(
    family: Family, category: InformationCategory, purpose: PurposeCode, lawful: StatementDraft, today: dt.date
) -> None:
    own = to(
        replace(lawful, family=family, categories=(category,), purposes=(purpose,)), kind=OrganizationKind.TREATMENT
    )
    assert FindingCode.V09 not in [found.code for found in findings(own, today)]
    for end in (Expiry(), Expiry(event="none")):
        assert FindingCode.V09 in [found.code for found in findings(replace(own, expiry=end), today)]


def test_a_criminal_justice_form_goes_to_criminal_justice_only(
    criminal_justice: StatementDraft, today: dt.date
) -> None:
    codes = {found.code for found in blocking(findings(to(criminal_justice, kind=OrganizationKind.HOUSING), today))}
    assert codes == {FindingCode.C04}


def test_at_my_own_request_is_enough_when_the_client_asks(lawful: StatementDraft, today: dt.date) -> None:
    assert findings(replace(lawful, purposes=(), initiated_by_client=True), today) == ()
    asked = replace(lawful, purposes=(PurposeCode.CLIENT_REQUEST,), initiated_by_client=True)
    assert findings(asked, today) == ()


def test_everything_with_a_reason_is_warned_about(lawful: StatementDraft, today: dt.date) -> None:
    draft = replace(
        lawful, categories=(InformationCategory.ENTIRE_RECORD,), everything_justification="The appeal needs it"
    )
    (found,) = findings(draft, today)
    assert (found.code, found.severity) == (FindingCode.V13, Severity.WARN)


def test_a_long_life_is_warned_about(lawful: StatementDraft, criminal_justice: StatementDraft, today: dt.date) -> None:
    (found,) = findings(replace(lawful, expiry=Expiry(dt.date(2027, 11, 23))), today)
    assert (found.code, found.severity) == (FindingCode.V12, Severity.WARN)
    assert findings(replace(lawful, expiry=Expiry(dt.date(2027, 11, 22))), today) == ()
    (found,) = findings(replace(criminal_justice, expiry=Expiry(dt.date(2027, 6, 2))), today)
    assert (found.code, found.severity) == (FindingCode.V12, Severity.WARN)


def test_an_unacknowledged_policy_is_warned_about(lawful: StatementDraft, today: dt.date) -> None:
    (found,) = findings(lawful, today, acknowledged=False)
    assert (found.code, found.severity) == (FindingCode.V20, Severity.WARN)
    assert "1999" in found.authority


def test_a_purpose_that_seldom_suits_is_warned_about(lawful: StatementDraft, today: dt.date) -> None:
    (found,) = findings(replace(lawful, purposes=(PurposeCode.SUPERVISION,)), today)
    assert (found.code, found.severity) == (FindingCode.P01, Severity.WARN)


def test_a_legal_proceeding_stands_alone_and_on_its_own_form(lawful: StatementDraft, today: dt.date) -> None:
    court = to(lawful, kind=OrganizationKind.COURT)
    both = replace(court, purposes=(PurposeCode.LEGAL_PROCEEDING, PurposeCode.SUPERVISION))
    assert [found.code for found in findings(both, today)] == [FindingCode.V11]
    alone = replace(court, purposes=(PurposeCode.LEGAL_PROCEEDING,))
    assert [found.code for found in findings(alone, today)] == [FindingCode.S01]
    named = replace(alone, family=Family.LEGAL_PROCEEDING, purpose_text="Monroe County Court, docket 2025-0113")
    assert findings(named, today) == ()


def test_an_acknowledgment_names_no_organization(
    acknowledgment: StatementDraft, lawful: StatementDraft, today: dt.date
) -> None:
    (found,) = findings(replace(acknowledgment, recipient=lawful.recipient), today)
    assert found.code is FindingCode.V01


def test_an_unclassified_unit_may_still_take_an_acknowledgment(acknowledgment: StatementDraft, today: dt.date) -> None:
    assert findings(by(acknowledgment, classes=frozenset({ProgramClass.UNKNOWN})), today) == ()


@pytest.mark.parametrize(
    ("basis", "capacity", "name", "right"),
    [
        (MinorBasis.MAY_CONSENT_ALONE, SignerCapacity.CLIENT, None, True),
        (MinorBasis.MAY_CONSENT_ALONE, SignerCapacity.PARENT, "Rosa Ríos", False),
        (MinorBasis.PARENT_MUST_JOIN, SignerCapacity.PARENT, "Rosa Ríos", True),
        (MinorBasis.PARENT_MUST_JOIN, SignerCapacity.GUARDIAN, "Rosa Ríos", True),
        (MinorBasis.PARENT_MUST_JOIN, SignerCapacity.CLIENT, None, False),
    ],
)
def test_who_signs_for_a_minor_follows_what_was_recorded(
    basis: MinorBasis, capacity: SignerCapacity, name: str | None, right: bool, lawful: StatementDraft, today: dt.date
) -> None:
    outside = by(client(lawful, birth_date=dt.date(2010, 1, 1)), classes=frozenset({ProgramClass.ETHICS_ONLY}))
    paper = AuthorityPaper.COURT_ORDER if capacity is SignerCapacity.GUARDIAN else AuthorityPaper.BIRTH_RECORD
    seen = None if name is None else replace(SEEN, paper=paper)
    minor = replace(outside, minor_basis=basis, capacity=capacity, representative_name=name, authority=seen)
    assert [found.code for found in findings(minor, today)] == ([] if right else [FindingCode.V14])


def test_minor_and_parent_both_sign_where_the_law_wants_the_parent_too(of_two: StatementDraft, today: dt.date) -> None:
    both = of_two
    assert findings(both, today) == ()
    assert both_sign(both)
    assert signing_roles(SignerRole, both) == tuple(role for role in SignerRole if role is not SignerRole.INTERPRETER)
    assert signs_as(both, SignerRole.CLIENT) is SignerCapacity.CLIENT
    assert signs_as(both, SignerRole.REPRESENTATIVE) is SignerCapacity.PARENT
    assert signer_name(both, SignerRole.CLIENT) == both.identity.legal_name
    assert signer_name(both, SignerRole.REPRESENTATIVE) == "Rosa Ríos"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"minor_basis": MinorBasis.MAY_CONSENT_ALONE}, id="the minor alone decides"),
        pytest.param({"minor_basis": None}, id="nobody recorded who must agree"),
        pytest.param({"capacity": SignerCapacity.CLIENT, "authority": None}, id="the minor alone would sign"),
        pytest.param({"authority": None}, id="nobody saw a paper"),
        pytest.param({"representative_name": " "}, id="nobody is named"),
        pytest.param({"capacity": SignerCapacity.PROGRAM_DIRECTOR}, id="a director is no parent"),
    ],
)
def test_of_two_who_must_sign_neither_is_left_out(
    change: dict[str, Any], of_two: StatementDraft, today: dt.date
) -> None:
    assert {found.code for found in blocking(findings(replace(of_two, **change), today))} == {FindingCode.V14}


def test_outside_part_2_and_on_papers_that_share_nothing_one_signs(
    of_two: StatementDraft, acknowledgment: StatementDraft, today: dt.date
) -> None:
    outside = by(of_two, classes=frozenset({ProgramClass.ETHICS_ONLY}))
    assert findings(outside, today) == ()
    paper = replace(client(acknowledgment, birth_date=dt.date(2010, 1, 1)), minor_basis=MinorBasis.PARENT_MUST_JOIN)
    for alone in (outside, paper):
        assert not both_sign(alone)
        assert SignerRole.REPRESENTATIVE not in signing_roles(SignerRole, alone)


def test_nobody_joins_a_client_who_is_of_age(lawful: StatementDraft, of_two: StatementDraft, today: dt.date) -> None:
    guarded = replace(
        of_two,
        identity=lawful.identity,
        capacity=SignerCapacity.GUARDIAN,
        authority=replace(SEEN, paper=AuthorityPaper.COURT_ORDER),
    )
    (found,) = findings(guarded, today)
    assert (found.code, found.field) == (FindingCode.V14, "minor_basis")
    assert findings(replace(guarded, minor_basis=None), today) == ()


def test_a_director_signs_for_payment_alone_and_for_a_client_of_age(lawful: StatementDraft, today: dt.date) -> None:
    finding = replace(SEEN, paper=AuthorityPaper.DIRECTORS_FINDING, issued_by=lawful.discloser.legal_name)
    signed = to(
        replace(
            lawful,
            family=Family.PAYER,
            categories=(InformationCategory.BILLING,),
            purposes=(PurposeCode.PAYMENT,),
            capacity=SignerCapacity.PROGRAM_DIRECTOR,
            representative_name="Rosa Ríos",
            authority=finding,
        ),
        kind=OrganizationKind.PAYER,
    )
    assert findings(signed, today) == ()
    outside = by(signed, classes=frozenset({ProgramClass.ETHICS_ONLY}))
    more = replace(signed, purposes=(PurposeCode.PAYMENT, PurposeCode.BENEFITS_ENROLLMENT))
    child = replace(client(signed, birth_date=dt.date(2012, 1, 1)), minor_basis=MinorBasis.MAY_CONSENT_ALONE)
    for wrong in (outside, more, child):
        assert FindingCode.V14 in {found.code for found in blocking(findings(wrong, today))}


def test_the_paper_that_shows_the_right_to_sign_is_printed(lawful: StatementDraft, today: dt.date) -> None:
    guarded = replace(
        lawful,
        capacity=SignerCapacity.GUARDIAN,
        representative_name="Rosa Ríos",
        authority=replace(SEEN, paper=AuthorityPaper.LETTERS, issued_by="Monroe County Surrogate's Court"),
    )
    assert findings(guarded, today) == ()
    printed = fields_of(guarded, statement_ref="K7QF-2M9D-XR4T", prepared_on=today)["signer"]["capacity_label"]
    assert printed.endswith("letters issued by the court: Monroe County Surrogate's Court, 2010-00417")


def test_a_minor_may_acknowledge_the_policies(acknowledgment: StatementDraft, today: dt.date) -> None:
    assert findings(client(acknowledgment, birth_date=dt.date(2010, 1, 1)), today) == ()


def test_a_client_comes_of_age_on_the_eighteenth_birthday(lawful: StatementDraft) -> None:
    leap = client(lawful, birth_date=dt.date(2008, 2, 29))
    lawful_later = replace(leap, expiry=Expiry(dt.date(2026, 9, 1)), effective_from=dt.date(2026, 2, 1))
    assert findings(lawful_later, dt.date(2026, 2, 28)) != ()
    assert findings(lawful_later, dt.date(2026, 3, 1)) == ()


def test_a_person_may_stand_in_the_fields_that_are_a_persons(lawful: StatementDraft, today: dt.date) -> None:
    draft = replace(
        client(lawful, legal_name="Mr. Officer Ruiz", also_known_as=("Judge Lee",)),
        capacity=SignerCapacity.GUARDIAN,
        representative_name="Dr. Jane Smith",
        authority=replace(SEEN, paper=AuthorityPaper.LETTERS),
        interpreter_name="Ms. Kim Lee",
    )
    assert findings(draft, today) == ()


def test_no_finding_repeats_what_was_typed(
    lawful: StatementDraft, criminal_justice: StatementDraft, today: dt.date
) -> None:
    typed = ("Ríos", "Smith", "Ruiz", "Maria", "{{", "2025-0113", "1990")
    for start, defects in ((lawful, ORDINARY_DEFECTS), (criminal_justice, CRIMINAL_JUSTICE_DEFECTS)):
        for bend, _, _ in defects.values():
            for found in findings(bend(start), today):
                assert not any(word in str(found) for word in typed), found
                assert found.sentence.endswith(".")
                assert found.authority


# --- what changes nothing ---------------------------------------------------------------------------------------------

_PLAIN = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)


@_PLAIN
@given(
    language=st.sampled_from(Language),
    days=st.integers(1, 365),
    categories=st.sets(
        st.sampled_from(
            sorted(
                set(InformationCategory)
                - {
                    InformationCategory.ENTIRE_RECORD,
                    InformationCategory.HIV_INFORMATION,
                    InformationCategory.COUNSELING_NOTES,
                }
            )
        ),
        min_size=1,
    ),
    classes=st.sets(st.sampled_from(sorted(set(ProgramClass) - {ProgramClass.UNKNOWN})), min_size=1),
    phone=st.from_regex(r"\A585 555 01\d\d\Z"),
    predecessors=st.sampled_from([(), ("Division of Parole",)]),
)
def test_a_lawful_statement_stays_lawful_under_changes_that_do_not_matter(
    language: Language,
    days: int,
    categories: set[InformationCategory],
    classes: set[ProgramClass],
    phone: str,
    predecessors: tuple[str, ...],
    lawful: StatementDraft,
    today: dt.date,
) -> None:
    draft = replace(
        to(by(lawful, classes=frozenset(classes), phone=phone), predecessors=predecessors),
        language=language,
        categories=tuple(sorted(categories)),
        expiry=Expiry(today + dt.timedelta(days=days)),
    )
    assert findings(draft, today) == ()


@_PLAIN
@given(
    # whoever is born tomorrow will have been born the day after
    name=st.sampled_from(sorted(set(ORDINARY_DEFECTS) - {"a client born tomorrow"})),
    language=st.sampled_from(Language),
    days=st.integers(0, 90),
)
def test_a_defect_stays_a_defect_in_every_language_and_on_every_day(
    name: str, language: Language, days: int, lawful: StatementDraft, today: dt.date
) -> None:
    bend, code, _ = ORDINARY_DEFECTS[name]
    found = blocking(findings(replace(bend(lawful), language=language), today + dt.timedelta(days=days)))
    assert code in {finding.code.value for finding in found}


@_PLAIN
@given(ends=st.dates(dt.date(2020, 1, 1), dt.date(2040, 1, 1)))
def test_a_statement_never_ends_on_or_before_the_day_it_is_made(
    ends: dt.date, lawful: StatementDraft, today: dt.date
) -> None:
    stopped = bool(blocking(findings(replace(lawful, expiry=Expiry(ends)), today)))
    assert stopped == (ends <= today)


@_PLAIN
@given(
    revocable=st.dates(dt.date(2026, 1, 1), dt.date(2030, 1, 1)),
    final=st.dates(dt.date(2026, 12, 1), dt.date(2030, 1, 1)),
)
def test_criminal_justice_is_revocable_by_the_final_disposition(
    revocable: dt.date, final: dt.date, criminal_justice: StatementDraft, today: dt.date
) -> None:
    draft = mandate(replace(criminal_justice, revocable=Revocable(revocable)), final_disposition_expected=final)
    assert bool(blocking(findings(draft, today))) == (revocable > final)


@_PLAIN
@given(text=st.text(max_size=60))
def test_no_text_makes_the_rules_fall(text: str, lawful: StatementDraft, today: dt.date) -> None:
    draft = to(replace(lawful, purpose_text=text, expiry=Expiry(event=text)), legal_name=text, unit=text)
    for found in findings(client(draft, legal_name=text), today):
        assert isinstance(found.code, FindingCode)


def test_bug_a_client_s_statement_was_remembered_after_it_was_judged(lawful: StatementDraft, today: dt.date) -> None:
    draft = replace(lawful, purpose_text="To keep the flat that nobody else asked for")
    before = sys.getrefcount(draft)
    statement.check(draft, today=today, policy_acknowledged=True)
    assert sys.getrefcount(draft) == before
