"""Nothing goes on a statement that does not let it go now, and what goes carries what it must."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from uuid import UUID

import pytest

from rules.disclosure import (
    Item,
    Known,
    LedgerLine,
    Signed,
    Wanted,
    accompanied,
    may_disclose,
    to_re_paper,
    written_down,
)
from rules.draft import Discloser, StatementDraft
from rules.finding import FindingCode
from rules.notices import redisclosure_notice
from rules.vocabulary import DisclosureBasis, InformationCategory, ProgramClass, PurposeCode, StatementState
from tests.notices import new_yorks_notice

OTHER = UUID(int=9)
ATTENDED = frozenset({InformationCategory.ATTENDANCE})
NOON = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)
ACTIVE = Known(state=StatementState.ACTIVE)


def unit_of(*classes: ProgramClass) -> Discloser:
    return Discloser(legal_name="Ours", revocation_desk="Front desk", classes=frozenset(classes))


def wanted(draft: StatementDraft) -> Wanted:
    assert draft.recipient is not None
    return Wanted(
        organization_id=draft.recipient.organization_id,
        categories=frozenset({InformationCategory.ATTENDANCE}),
        purpose=PurposeCode.HOUSING_PLACEMENT,
    )


def test_what_the_statement_says_may_go_while_it_is_active(lawful: StatementDraft, today: dt.date) -> None:
    assert may_disclose(lawful, ACTIVE, wanted(lawful), today=today) == ()


@pytest.mark.parametrize("state", [state for state in StatementState if state is not StatementState.ACTIVE])
def test_nothing_goes_in_any_other_state(state: StatementState, lawful: StatementDraft, today: dt.date) -> None:
    found = may_disclose(lawful, replace(ACTIVE, state=state), wanted(lawful), today=today)
    assert [(finding.code, finding.field) for finding in found] == [(FindingCode.V16, "state")]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"organization_id": OTHER}, "recipient"),
        ({"categories": frozenset({InformationCategory.DIAGNOSIS})}, "categories"),
        ({"categories": frozenset()}, "categories"),
        ({"purpose": PurposeCode.FUNDER_REPORTING}, "purpose"),
    ],
)
def test_another_organization_more_information_or_another_purpose_is_refused(
    change: dict[str, object], field: str, lawful: StatementDraft, today: dt.date
) -> None:
    asked = replace(wanted(lawful), **change)  # type: ignore[arg-type]
    assert [finding.field for finding in may_disclose(lawful, ACTIVE, asked, today=today)] == [field]


def test_an_end_that_came_ends_it_whatever_its_state_says(lawful: StatementDraft) -> None:
    assert lawful.expiry.date is not None
    last = lawful.expiry.date
    assert may_disclose(lawful, ACTIVE, wanted(lawful), today=last) == ()
    after = may_disclose(lawful, ACTIVE, wanted(lawful), today=last + dt.timedelta(days=1))
    assert [finding.field for finding in after] == ["expiry"]
    happened = may_disclose(lawful, replace(ACTIVE, end_event_happened=True), wanted(lawful), today=last)
    assert [finding.field for finding in happened] == ["expiry"]


def test_a_single_use_is_used_once(lawful: StatementDraft, today: dt.date) -> None:
    once = replace(lawful, single_use=True)
    assert may_disclose(once, ACTIVE, wanted(once), today=today) == ()
    again = may_disclose(once, replace(ACTIVE, disclosures_before=1), wanted(once), today=today)
    assert [finding.field for finding in again] == ["single_use"]


def test_a_successor_receives_only_when_counsel_let_it(lawful: StatementDraft, today: dt.date) -> None:
    asked = replace(wanted(lawful), organization_id=OTHER)
    approved = replace(ACTIVE, approved_successors=frozenset({OTHER}))
    assert may_disclose(lawful, ACTIVE, asked, today=today)
    assert may_disclose(lawful, approved, asked, today=today) == ()


def test_everything_never_holds_what_needs_a_form_of_its_own(lawful: StatementDraft, today: dt.date) -> None:
    whole = replace(lawful, categories=(InformationCategory.ENTIRE_RECORD,))
    assert may_disclose(whole, ACTIVE, wanted(whole), today=today) == ()
    asked = replace(wanted(whole), categories=frozenset({InformationCategory.HIV_INFORMATION}))
    assert [finding.field for finding in may_disclose(whole, ACTIVE, asked, today=today)] == ["categories"]


def test_records_from_outside_the_period_stay(lawful: StatementDraft, today: dt.date) -> None:
    kept = replace(lawful, records_from=dt.date(2026, 1, 1))
    assert may_disclose(kept, ACTIVE, wanted(kept), today=today)
    inside = replace(wanted(kept), records_from=dt.date(2026, 2, 1))
    assert may_disclose(kept, ACTIVE, inside, today=today) == ()


def test_an_unclassified_unit_discloses_nothing(lawful: StatementDraft, today: dt.date) -> None:
    unknown = replace(lawful, discloser=replace(lawful.discloser, classes=frozenset({ProgramClass.UNKNOWN})))
    assert FindingCode.U01 in {f.code for f in may_disclose(unknown, ACTIVE, wanted(unknown), today=today)}


def test_every_item_of_part_2_records_carries_the_notice_and_the_consent() -> None:
    notice = redisclosure_notice().text
    whole = Item("letter", notice, True)
    part2 = unit_of(ProgramClass.PART2_PROGRAM)
    assert accompanied([whole], part2, by_consent=True, categories=ATTENDED) == ()
    old = "prohibits unauthorized disclosure of these records"
    bare = [Item("letter", notice, False), Item("call", "", True), Item("attachment", old, True)]
    found = accompanied(bare, part2, by_consent=True, categories=ATTENDED)
    assert [finding.field for finding in found] == ["items.letter", "items.call", "items.attachment"]
    assert {finding.code for finding in found} == {FindingCode.V17}


def test_the_notice_is_on_no_paper_that_is_no_part_2_record() -> None:
    item = Item("letter", redisclosure_notice().text, True)
    plain = unit_of(ProgramClass.ETHICS_ONLY)
    assert accompanied([item], plain, by_consent=True, categories=ATTENDED)
    assert accompanied([Item("letter", "", False)], plain, by_consent=True, categories=ATTENDED) == ()


@pytest.mark.parametrize(
    "unit", [ProgramClass.PART2_PROGRAM, ProgramClass.HIPAA_COVERED_ENTITY, ProgramClass.ETHICS_ONLY]
)
def test_hiv_information_goes_with_the_states_notice_and_nothing_else_does(unit: ProgramClass) -> None:
    federal = redisclosure_notice(2).text if unit is ProgramClass.PART2_PROGRAM else ""
    state = new_yorks_notice()
    for said, category, right in (
        (f"{federal}\n{state}", InformationCategory.HIV_INFORMATION, True),
        (federal, InformationCategory.HIV_INFORMATION, False),
        (f"{federal}\n{state.replace('jail', 'prison')}", InformationCategory.HIV_INFORMATION, False),
        (federal, InformationCategory.ATTENDANCE, True),
        (f"{federal}\n{state}", InformationCategory.ATTENDANCE, False),
    ):
        found = accompanied([Item("call", said, True)], unit_of(unit), by_consent=True, categories={category})
        assert [(one.code, one.field) for one in found] == ([] if right else [(FindingCode.V17, "items.call")])


def line(**changes: object) -> LedgerLine:
    whole = LedgerLine(
        written_at=NOON,
        happened_at=NOON + dt.timedelta(minutes=1),
        basis=DisclosureBasis.CONSENT,
        organization="Rochester Housing Authority",
        received_by="the desk",
        description="attendance",
        purpose="housing",
    )
    return replace(whole, **changes)  # type: ignore[arg-type]


def test_the_ledger_is_written_first_but_for_what_cannot_wait() -> None:
    assert written_down(line()) == ()
    late = NOON - dt.timedelta(minutes=5)
    assert [finding.field for finding in written_down(line(happened_at=late))] == ["written_at"]
    assert written_down(line(happened_at=late, basis=DisclosureBasis.MEDICAL_EMERGENCY)) == ()
    assert [finding.field for finding in written_down(line(received_by=" "))] == ["received_by"]


def test_a_changed_organization_is_reported_for_every_statement_in_force_on_it() -> None:
    rows = [Signed(f"REF-{state}", OTHER, state) for state in StatementState]
    rows.append(Signed("REF-elsewhere", UUID(int=1), StatementState.ACTIVE))
    found = to_re_paper(rows, {OTHER})
    assert [finding.field for finding in found] == ["REF-active", "REF-suspended", "REF-revocation_requested"]
    assert {finding.code for finding in found} == {FindingCode.V22}
