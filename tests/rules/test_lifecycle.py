"""A statement's states: nothing comes back from an end, and each statement goes its own way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.lifecycle import (
    DISCLOSABLE,
    PACKET_WAYS,
    TERMINAL,
    TRANSITIONS,
    Actor,
    Transition,
    Trigger,
    may,
    may_by,
    packet_may,
    reachable,
    ways,
)
from rules.vocabulary import PacketState, StatementState

S = StatementState


@given(st.sampled_from(sorted(TERMINAL)), st.sampled_from(StatementState))
def test_no_way_leads_out_of_an_end(end: StatementState, anywhere: StatementState) -> None:
    assert not may(end, anywhere)
    assert reachable(end) == frozenset()


@given(st.lists(st.sampled_from(TRANSITIONS), max_size=40))
def test_however_things_happen_an_end_stays_an_end(happenings: list[Transition]) -> None:
    state, ended = S.DRAFT, False
    for way in happenings:
        if way.source is state:
            assert not ended
            state = way.target
        ended = ended or state in TERMINAL
        if ended:
            assert state in TERMINAL
            assert state not in DISCLOSABLE


def test_every_state_can_be_reached_and_every_other_left() -> None:
    assert reachable(S.DRAFT) == frozenset(StatementState) - {S.DRAFT}
    for state in set(StatementState) - TERMINAL:
        assert reachable(state) & TERMINAL


def test_a_draft_is_never_active_without_being_presented() -> None:
    assert not may(S.DRAFT, S.ACTIVE)
    assert [way.source for way in TRANSITIONS if way.trigger is Trigger.SEALED] == [S.PRESENTED]


def test_information_goes_on_an_active_statement_only() -> None:
    assert frozenset({S.ACTIVE}) == DISCLOSABLE


def test_only_counsel_turns_a_requested_revocation_back_and_says_why() -> None:
    (way,) = ways(S.REVOCATION_REQUESTED, S.ACTIVE)
    assert way.actors == {Actor.COUNSEL}
    assert way.needs_reason
    assert not may_by(S.REVOCATION_REQUESTED, S.ACTIVE, Actor.STAFF)
    assert not may_by(S.REVOCATION_REQUESTED, S.ACTIVE, Actor.SYSTEM)


def test_a_spoken_request_stops_disclosure_and_a_writing_ends_it() -> None:
    assert may_by(S.ACTIVE, S.SUSPENDED, Actor.STAFF)
    assert S.SUSPENDED not in DISCLOSABLE
    assert may_by(S.SUSPENDED, S.REVOKED, Actor.CLIENT)
    assert may_by(S.ACTIVE, S.REVOKED, Actor.CLIENT)


def test_only_the_client_takes_a_spoken_request_back() -> None:
    assert ways(S.SUSPENDED, S.ACTIVE)[0].actors == {Actor.CLIENT}


@pytest.mark.parametrize("way", TRANSITIONS, ids=lambda way: f"{way.source}-{way.target}-{way.trigger}")
def test_every_way_names_who_may_and_by_what_authority(way: Transition) -> None:
    assert way.actors
    assert way.authority
    assert "<" not in way.cited


def test_an_issued_packet_is_never_issued_again() -> None:
    assert not any(source in (PacketState.ISSUED, PacketState.WITHDRAWN) for source, _ in PACKET_WAYS)
    assert packet_may(PacketState.ISSUING, PacketState.REQUESTED)
    assert not packet_may(PacketState.REQUESTED, PacketState.ISSUED)
