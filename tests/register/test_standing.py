"""What was given can be taken back, and what ended stays ended."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from register import facts
from register.errors import RegisterError, RegisterErrorCode
from register.vocabulary import VoidReason
from rules.draft import Expiry, Mandate, Revocable
from rules.vocabulary import (
    Family,
    InformationCategory,
    MandateKind,
    PurposeCode,
    StatementState,
)

if TYPE_CHECKING:
    from tests.register.conftest import World

REASON = "she said the landlord is her cousin"


def criminal_justice(world: World, revocable: Revocable) -> facts.StatementRequest:
    form = facts.FormChoice(
        form_id="disclosure-supervision",
        form_version="2026.11",
        family=Family.CRIMINAL_JUSTICE,
        retention_class="consent",
        signers=world.DISCLOSURE.signers,
    )
    return world.ask(
        world.ids.probation,
        form=form,
        categories=(InformationCategory.ATTENDANCE,),
        purposes=(PurposeCode.SUPERVISION,),
        purpose_text="",
        expiry=Expiry(date=dt.date(2027, 5, 20)),
        revocable=revocable,
        mandate=Mandate(
            kind=MandateKind.PROBATION_CONDITION,
            body="Albany County Court",
            reference="IND-2026-114",
            ordered_on=dt.date(2026, 10, 1),
            final_disposition_expected=dt.date(2027, 6, 30),
            this_program=True,
        ),
    )


def criminal_justice_by_event(world: World) -> facts.StatementRequest:
    """One that may be revoked from an event on, and ends with another."""
    return replace(
        criminal_justice(world, Revocable(event="the probation case closes")),
        expiry=Expiry(event="the probation case closes"),
    )


def test_a_spoken_request_suspends_and_only_the_client_takes_it_back_in_writing(world: World) -> None:
    from register import standing

    active = world.activated()
    assert standing.suspend(active.statement_id, by=world.intake, now=world.now).state is StatementState.SUSPENDED
    again = standing.resume(world.vault, active.statement_id, reason=REASON, by=world.intake, now=world.now)
    assert again.state is StatementState.ACTIVE
    assert standing.reasons(world.vault, active.statement_id) == (REASON,)


def test_a_reason_is_asked_for_where_one_is_needed(world: World) -> None:
    from register import standing, statements

    active = world.activated()
    with pytest.raises(RegisterError):
        standing.mark_known_false(world.vault, active.statement_id, reason="  ", by=world.intake, now=world.now)
    assert statements.show(active.statement_id).state is StatementState.ACTIVE


def test_any_writing_revokes_at_once(world: World) -> None:
    from register import standing

    active = world.activated()
    revoked = standing.revoke(world.vault, active.statement_id, by=world.intake, now=world.now)
    assert (revoked.state, revoked.ended_at) == (StatementState.REVOKED, world.now)


def test_a_criminal_justice_statement_not_yet_revocable_waits_for_counsel(world: World) -> None:
    from register import standing

    active = world.activated(criminal_justice(world, Revocable(from_date=dt.date(2027, 3, 1))))
    asked = standing.revoke(world.vault, active.statement_id, by=world.intake, now=world.now)
    assert asked.state is StatementState.REVOCATION_REQUESTED

    with pytest.raises(RegisterError) as error:
        standing.decide_revocation(
            world.vault, active.statement_id, revoked=True, reason=REASON, by=world.intake, now=world.now
        )
    assert error.value.code is RegisterErrorCode.NOT_ALLOWED
    decided = standing.decide_revocation(
        world.vault, active.statement_id, revoked=False, reason=REASON, by=world.counsel, now=world.now
    )
    assert decided.state is StatementState.ACTIVE


def test_a_criminal_justice_statement_is_revoked_once_its_day_has_come(world: World) -> None:
    from register import standing

    active = world.activated(criminal_justice(world, Revocable(from_date=dt.date(2027, 3, 1))))
    day = dt.datetime(2027, 3, 1, 12, 0, tzinfo=dt.UTC)
    assert standing.revoke(world.vault, active.statement_id, by=world.intake, now=day).state is StatementState.REVOKED


def test_whether_an_event_happened_is_for_counsel_to_find(world: World) -> None:
    from register import standing

    event = "the probation case closes"
    active = world.activated(criminal_justice(world, Revocable(event=event)))
    day = dt.datetime(2027, 3, 1, 12, 0, tzinfo=dt.UTC)
    asked = standing.revoke(world.vault, active.statement_id, by=world.intake, now=day)
    assert asked.state is StatementState.REVOCATION_REQUESTED


ENDS: list[tuple[StatementState, Callable[[World, facts.Statement], facts.Statement]]] = []


def _end(state: StatementState) -> Callable[[Callable[[World, facts.Statement], facts.Statement]], None]:
    return lambda how: ENDS.append((state, how))


@_end(StatementState.REVOKED)
def _revoked(world: World, active: facts.Statement) -> facts.Statement:
    from register import standing

    return standing.revoke(world.vault, active.statement_id, by=world.intake, now=world.now)


@_end(StatementState.EXPIRED)
def _expired(world: World, active: facts.Statement) -> facts.Statement:
    from register import statements

    return statements.expire(active.statement_id, by=world.UPKEEP, now=world.now)


@_end(StatementState.SUPERSEDED)
def _superseded(world: World, active: facts.Statement) -> facts.Statement:
    from register import standing

    world.later(hours=1)
    newer = world.activated()
    return standing.supersede(active.statement_id, newer_id=newer.statement_id, by=world.intake, now=world.now)


@_end(StatementState.KNOWN_FALSE)
def _known_false(world: World, active: facts.Statement) -> facts.Statement:
    from register import standing

    return standing.mark_known_false(world.vault, active.statement_id, reason=REASON, by=world.counsel, now=world.now)


@pytest.mark.parametrize(("state", "end"), ENDS, ids=[state.value for state, _ in ENDS])
def test_nothing_comes_back_from_an_end(
    world: World, state: StatementState, end: Callable[[World, facts.Statement], facts.Statement]
) -> None:
    from register import audit, standing, statements

    active = world.activated()
    assert end(world, active).state is state
    noted = audit.head()
    given = {"by": world.counsel, "now": world.now}
    for move in (
        lambda: standing.suspend(active.statement_id, **given),
        lambda: standing.resume(world.vault, active.statement_id, reason=REASON, **given),
        lambda: standing.revoke(world.vault, active.statement_id, **given),
        lambda: standing.decide_revocation(world.vault, active.statement_id, revoked=False, reason=REASON, **given),
        lambda: statements.void(active.statement_id, reason=VoidReason.WRONG_CONTENT, **given),
        lambda: statements.decline(active.statement_id, **given),
        lambda: statements.expire(active.statement_id, **given),
    ):
        with pytest.raises(RegisterError) as error:
            move()
        assert error.value.code is RegisterErrorCode.ILLEGAL_MOVE
    assert statements.show(active.statement_id).state is state
    assert audit.head() == noted


def test_two_people_who_decide_at_once_are_told_apart(world: World) -> None:
    from register import standing

    active = world.activated()

    def decide(number: int) -> facts.Statement:
        if number % 2:
            return standing.revoke(world.vault, active.statement_id, by=world.intake, now=world.now)
        return standing.mark_known_false(
            world.vault, active.statement_id, reason=REASON, by=world.counsel, now=world.now
        )

    answers = world.in_threads(6, decide)
    assert sum(isinstance(one, facts.Statement) for one in answers) == 1
    refused = {one.code for one in answers if isinstance(one, RegisterError)}
    assert refused <= {RegisterErrorCode.MOVED_MEANWHILE, RegisterErrorCode.ILLEGAL_MOVE}
