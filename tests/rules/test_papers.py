"""Papers that share nothing: each says what its law wants, of the right client and program, or is refused."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from uuid import UUID

import pytest

from rules.draft import GroupTerms, Revocable, Revoked, StatementDraft
from rules.finding import FindingCode
from rules.finished import check_finished
from rules.notices import not_guaranteed, redisclosure_notice
from rules.papers import REVOCABLE_STATES, may_accompany, words_in_force
from rules.statement import check
from rules.vocabulary import Family, GroupKind, InformationCategory, Language, ProgramClass, StatementState
from rules.wording import fields_of
from tests.notices import new_yorks_notice

TODAY = dt.date(2026, 11, 22)
REF = "K7QF-2M9D-XR4T"


def codes(draft: StatementDraft) -> list[tuple[FindingCode, str]]:
    return [(one.code, one.field) for one in check(draft, today=TODAY, policy_acknowledged=True)]


@pytest.fixture
def revocation(acknowledgment: StatementDraft, lawful: StatementDraft) -> StatementDraft:
    assert lawful.recipient is not None
    named = Revoked(
        family=Family.SPECIFIC,
        state=StatementState.ACTIVE,
        signed_on=dt.date(2026, 10, 2),
        organization_id=lawful.recipient.organization_id,
    )
    return replace(acknowledgment, family=Family.REVOCATION, about=REF, recipient=lawful.recipient, revoked=named)


@pytest.fixture
def patient_notice(acknowledgment: StatementDraft) -> StatementDraft:
    agency = replace(
        acknowledgment.discloser,
        classes=frozenset({ProgramClass.PART2_PROGRAM}),
        phone="585 555 0100",
        email="privacy@secondchance.example",
        notice_effective_on=TODAY,
    )
    return replace(acknowledgment, family=Family.PATIENT_NOTICE, discloser=agency)


def test_a_revocation_names_the_organization_of_its_statement_and_no_other(revocation: StatementDraft) -> None:
    assert codes(revocation) == []
    assert revocation.recipient is not None
    other = replace(revocation.recipient, organization_id=UUID(int=9))
    assert codes(replace(revocation, recipient=other)) == [(FindingCode.R01, "recipient")]


@pytest.mark.parametrize("state", StatementState)
def test_only_what_is_in_force_can_be_revoked(revocation: StatementDraft, state: StatementState) -> None:
    assert revocation.revoked is not None
    found = codes(replace(revocation, revoked=replace(revocation.revoked, state=state)))
    assert found == ([] if state in REVOCABLE_STATES else [(FindingCode.R01, "about")])


def test_nobody_revokes_what_is_not_theirs_or_what_permits_nothing(revocation: StatementDraft) -> None:
    assert codes(replace(revocation, revoked=None)) == [(FindingCode.R01, "about")]
    assert revocation.revoked is not None
    read = replace(revocation, recipient=None, revoked=replace(revocation.revoked, family=Family.ACKNOWLEDGMENT))
    assert codes(read) == [(FindingCode.R01, "about")]


def test_a_revocation_may_name_a_retired_organization(revocation: StatementDraft) -> None:
    assert revocation.recipient is not None
    assert codes(replace(revocation, recipient=replace(revocation.recipient, retired=True))) == []


def test_an_early_revocation_prints_from_when_the_statement_lets_itself_be_revoked(revocation: StatementDraft) -> None:
    assert revocation.revoked is not None
    early = replace(
        revocation.revoked, family=Family.CRIMINAL_JUSTICE, revocable=Revocable(dt.date(2027, 6, 1), "my case closes")
    )
    told = fields_of(replace(revocation, revoked=early), statement_ref=REF, prepared_on=TODAY)["about"]
    assert told["limited"] is True
    assert told["revocable_from"] == "June 1, 2027, or earlier if this happens first: my case closes"


def test_a_group_agreement_says_what_for_and_names_nobody(acknowledgment: StatementDraft) -> None:
    paper = replace(acknowledgment, family=Family.GROUP_AGREEMENT)
    assert codes(paper) == [(FindingCode.V04, "group")]
    terms = GroupTerms(kind=GroupKind.GROUP, keeps_private=True, name="Tuesday evening")
    assert codes(replace(paper, group=terms)) == []
    assert codes(replace(paper, group=replace(terms, name="Tuesdays with Mr. Okafor"))) == [
        (FindingCode.V02, "group.name")
    ]


def test_the_patient_notice_is_for_part_2_programs_alone(patient_notice: StatementDraft) -> None:
    assert codes(patient_notice) == []
    for other in (ProgramClass.ETHICS_ONLY, ProgramClass.PART2_LAWFUL_HOLDER, ProgramClass.UNKNOWN):
        agency = replace(patient_notice.discloser, classes=frozenset({other}))
        assert (FindingCode.C05, "discloser.classes") in codes(replace(patient_notice, discloser=agency))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": ""}, "discloser.email"),
        ({"phone": " "}, "discloser.email"),
        ({"notice_effective_on": None}, "discloser.notice_effective_on"),
        ({"notice_effective_on": TODAY + dt.timedelta(days=1)}, "discloser.notice_effective_on"),
    ],
)
def test_a_patient_notice_without_contact_or_day_is_no_notice(
    patient_notice: StatementDraft, change: dict[str, object], field: str
) -> None:
    agency = replace(patient_notice.discloser, **change)  # type: ignore[arg-type]
    assert codes(replace(patient_notice, discloser=agency)) == [(FindingCode.V04, field)]


def test_the_notice_to_the_receiving_organization_is_asked_for_in_no_packet(lawful: StatementDraft) -> None:
    paper = replace(lawful, family=Family.ACCOMPANYING_NOTICE)
    assert (FindingCode.S06, "form_id") in codes(paper)


@pytest.mark.parametrize("state", StatementState)
def test_the_notice_goes_with_statements_in_force_of_a_part_2_unit_only(
    lawful: StatementDraft, state: StatementState
) -> None:
    assert bool(may_accompany(lawful, state)) is (state is not StatementState.ACTIVE)
    plain = replace(lawful, discloser=replace(lawful.discloser, classes=frozenset({ProgramClass.ETHICS_ONLY})))
    assert may_accompany(plain, StatementState.ACTIVE)


def finished(draft: StatementDraft, text: str) -> list[tuple[FindingCode, str]]:
    found = check_finished(
        text, {"Title": "A paper"}, f"{REF}.pdf", draft=draft, statement_ref=REF, other_organizations=()
    )
    return [(one.code, one.field) for one in found]


def test_the_notice_carries_the_words_of_the_rule_and_names_no_client(lawful: StatementDraft) -> None:
    paper = replace(lawful, family=Family.ACCOMPANYING_NOTICE)
    fields = fields_of(paper, statement_ref=REF, prepared_on=TODAY)
    labels = [row["label"] for row in (*fields["categories"], *fields["purposes"])]
    said = "\n".join([REF, paper.discloser.legal_name, fields["organization"]["name"], *labels, fields["expires"]])
    notice = redisclosure_notice(1).text
    assert "\n".join(fields["notice"]) == notice
    assert finished(paper, f"{said}\n{notice}") == []
    assert finished(paper, f"{said}\n{notice.replace('testimony', 'a testimony')}") == [(FindingCode.F03, "notice")]
    named = finished(paper, f"{said}\n{notice}\nFor: {paper.identity.legal_name}")
    assert named == [(FindingCode.F02, "text")]


def test_the_states_notice_goes_with_hiv_information_of_any_unit(lawful: StatementDraft) -> None:
    hiv = replace(lawful, family=Family.HIV, categories=(InformationCategory.HIV_INFORMATION,))
    state = new_yorks_notice()
    for unit in (ProgramClass.PART2_PROGRAM, ProgramClass.ETHICS_ONLY):
        signed = replace(hiv, discloser=replace(hiv.discloser, classes=frozenset({unit})))
        assert may_accompany(signed, StatementState.ACTIVE) == ()
        paper = replace(signed, family=Family.ACCOMPANYING_NOTICE)
        fields = fields_of(paper, statement_ref=REF, prepared_on=TODAY)
        labels = [row["label"] for row in (*fields["categories"], *fields["purposes"])]
        said = "\n".join([REF, paper.discloser.legal_name, fields["organization"]["name"], *labels, fields["expires"]])
        federal = "\n".join(fields["notice"])
        assert (federal == "") is (unit is ProgramClass.ETHICS_ONLY)
        assert fields["state_notice"] == state
        assert finished(paper, f"{said}\n{federal}\n{state}") == []
        assert finished(paper, f"{said}\n{federal}\n{state.replace('jail', 'prison')}") == [
            (FindingCode.F03, "state_notice")
        ]
        if federal:
            assert finished(paper, f"{said}\n{state}") == [(FindingCode.F03, "notice")]


def test_a_release_of_hiv_information_without_the_states_words_is_no_release(lawful: StatementDraft) -> None:
    hiv = replace(lawful, family=Family.HIV, categories=(InformationCategory.HIV_INFORMATION,))
    state = new_yorks_notice()
    assert list(words_in_force(hiv, f"It is so: {state}")) == []
    assert [one.field for one in words_in_force(hiv, state.replace("any further", "further"))] == ["state_notice"]
    assert list(words_in_force(lawful, "")) == []


@pytest.mark.parametrize("language", Language)
def test_a_finished_group_agreement_says_word_for_word_that_nobody_can_guarantee_it(
    acknowledgment: StatementDraft, language: Language
) -> None:
    terms = GroupTerms(kind=GroupKind.FAMILY, keeps_private=False)
    paper = replace(acknowledgment, family=Family.GROUP_AGREEMENT, group=terms, language=language)
    kind = fields_of(paper, statement_ref=REF, prepared_on=TODAY)["group"]["kind"]
    said = "\n".join([REF, paper.discloser.legal_name, paper.identity.legal_name, kind])
    assert finished(paper, f"{said}\n{not_guaranteed(language).text}") == []
    assert finished(paper, said) == [(FindingCode.F03, "not_guaranteed")]


def test_what_a_revocation_must_say_is_looked_for_on_the_paper(revocation: StatementDraft) -> None:
    assert revocation.recipient is not None
    fields = fields_of(revocation, statement_ref="X", prepared_on=TODAY)["about"]
    said = "\n".join(
        [
            "9DXK-22AB-7QRT",
            revocation.discloser.legal_name,
            revocation.discloser.revocation_desk,
            revocation.identity.legal_name,
            revocation.recipient.legal_name,
            fields["allowed"],
        ]
    )
    paper = replace(revocation, about="9DXK-22AB-7QRT")
    assert finished(paper, f"{said}\n{REF}") == []
    assert finished(paper, f"{said}\n{REF}".replace("9DXK", "9DXX")) == [(FindingCode.F03, "about")]
