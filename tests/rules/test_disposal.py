"""What a disposal run may do, asked of the rules alone: every combination, and an independent reading of the same."""

from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from rules import disposal
from rules.disposal import APPROVAL_LASTS, WAYS, Answer, Approval, Refusal, RunState, Why

NOW = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)
LIST = "a" * 64
PEOPLE = st.integers(0, 4)
AGES = st.sampled_from(
    [dt.timedelta(0), dt.timedelta(days=29), APPROVAL_LASTS, dt.timedelta(days=31), dt.timedelta(-1)]
)
APPROVALS = st.lists(
    st.builds(lambda who, age, which: Approval(who, NOW - age, which), PEOPLE, AGES, st.sampled_from([LIST, "b" * 64])),
    max_size=5,
)


@given(
    answer=st.sampled_from([None, *Answer]),
    approvals=APPROVALS,
    preparer=st.none() | PEOPLE,
    answered_by=st.none() | PEOPLE,
    due=st.booleans(),
    held=st.booleans(),
    gone=st.booleans(),
    received=st.booleans(),
)
def test_a_record_goes_only_when_everything_that_must_hold_does(
    answer: Answer | None,
    approvals: list[Approval],
    preparer: int | None,
    answered_by: int | None,
    due: bool,
    held: bool,
    gone: bool,
    received: bool,
) -> None:
    why = disposal.why_not(
        answer=answer,
        list_sha256=LIST,
        approvals=approvals,
        preparer=preparer,
        answered_by=answered_by,
        due=due,
        held=held,
        gone=gone,
        received=received,
        now=NOW,
    )
    others = {
        one.person
        for one in approvals
        if one.list_sha256 == LIST
        and dt.timedelta(0) <= NOW - one.at <= dt.timedelta(days=30)
        and one.person not in (preparer, answered_by)
    }
    judged = len(others) >= 2 and due and not held and not gone
    may = answer is Answer.DESTROY or (answer is Answer.TRANSFER and received)
    assert (why is None) is (judged and may)
    may_be_handed_over = judged and answer is Answer.TRANSFER and not received
    assert (why is Why.NOT_RECEIVED) is may_be_handed_over, "only what nothing but the receipt keeps"


@given(PEOPLE, st.booleans(), st.none() | PEOPLE, st.frozensets(PEOPLE), st.frozensets(PEOPLE))
def test_nobody_acts_twice_whatever_roles_they_hold(
    person: int, entitled: bool, preparer: int | None, answered: frozenset[int], approved: frozenset[int]
) -> None:
    refusal = disposal.may_approve(person, entitled=entitled, preparer=preparer, answered=answered, approved=approved)
    involved = person == preparer or person in answered | approved
    assert (refusal is None) is (entitled and not involved)
    if not entitled:
        assert refusal is Refusal.NOT_ENTITLED


def test_no_way_leads_out_of_an_end_and_none_to_executing_past_the_second_approval() -> None:
    for end in (RunState.EXECUTED, RunState.LAPSED, RunState.WITHDRAWN):
        assert not [way for way in WAYS if way[0] is end]
        assert end not in disposal.STANDING
    assert [source for source, target in WAYS if target is RunState.EXECUTING] == [RunState.APPROVED]
    assert [source for source, target in WAYS if target is RunState.APPROVED] == [RunState.APPROVING]
    assert (RunState.EXECUTING, RunState.WITHDRAWN) not in WAYS, "what was begun is brought to its end"


def test_only_what_another_try_may_pass_is_tried_again() -> None:
    passing = {Why.NOT_RECEIVED, Why.LOCKED, Why.STORE_HELD, Why.STORE, Why.STILL_PRESENT}
    assert {why for why in Why if why.passing} == passing


@given(st.lists(st.frozensets(st.sampled_from(["records_officer", "counsel", "deputy", "intake"])), max_size=5))
def test_a_house_can_fill_a_duty_when_some_way_of_giving_out_its_parts_does(staff: list[frozenset[str]]) -> None:
    import itertools

    (duty,) = (each for each in disposal.DUTIES if each.name == "a disposal run")
    able = any(
        all(not part or part & staff[person] for part, person in zip(duty.parts, order, strict=True))
        for order in itertools.permutations(range(len(staff)), len(duty.parts))
    )
    assert (disposal.unfilled(duty, dict(enumerate(staff))) == 0) is able
