"""However people act on the statements of one client: ends are final, each statement goes alone, what was relied on
stays written down."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from uuid import UUID

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from register import facts, ledger_facts
from register.errors import RegisterError, RegisterErrorCode
from register.vocabulary import HandoverMethod
from rules.disclosure import Wanted
from rules.draft import Expiry
from rules.lifecycle import DISCLOSABLE, TERMINAL, may
from rules.vocabulary import InformationCategory, PurposeCode, StatementState

if TYPE_CHECKING:
    from tests.register.conftest import World

Step = Callable[["World", UUID], object]
TOLD = facts.Handover(method=HandoverMethod.SPOKEN, received_by="Hana Housing", description="that he came")


def _share(world: World, statement_id: UUID) -> object:
    from register import disclosing, statements

    row = statements.show(statement_id)
    assert row.organization_id is not None
    purpose = PurposeCode.SUPERVISION if row.organization_id == world.ids.probation else PurposeCode.HOUSING_PLACEMENT
    wanted = Wanted(
        organization_id=row.organization_id,
        categories=frozenset({InformationCategory.ATTENDANCE}),
        purpose=purpose,
    )
    return disclosing.disclose(world.vault, statement_id, wanted, TOLD, by=world.intake, now=world.now)


def _suspend(world: World, statement_id: UUID) -> object:
    from register import standing

    return standing.suspend(statement_id, by=world.intake, now=world.now)


def _resume(world: World, statement_id: UUID) -> object:
    from register import standing

    return standing.resume(world.vault, statement_id, reason="a note", by=world.intake, now=world.now)


def _revoke(world: World, statement_id: UUID) -> object:
    from register import standing

    return standing.revoke(world.vault, statement_id, reason="a letter", by=world.intake, now=world.now)


def _decide(world: World, statement_id: UUID, *, revoked: bool) -> object:
    from register import standing

    return standing.decide_revocation(
        world.vault, statement_id, revoked=revoked, reason="so it is", by=world.counsel, now=world.now
    )


def _false(world: World, statement_id: UUID) -> object:
    from register import standing

    return standing.mark_known_false(world.vault, statement_id, reason="a forgery", by=world.counsel, now=world.now)


def _ended(world: World, statement_id: UUID) -> object:
    from register import standing

    return standing.mark_ended(world.vault, statement_id, reason="the lease is signed", by=world.intake, now=world.now)


STEPS: dict[str, Step] = {
    "share": _share,
    "suspend": _suspend,
    "resume": _resume,
    "revoke": _revoke,
    "counsel revokes": lambda world, which: _decide(world, which, revoked=True),
    "counsel lets stand": lambda world, which: _decide(world, which, revoked=False),
    "known false": _false,
    "ended": _ended,
}


# every step is a few writes to a real database: a failing sequence is told as it is, not made shorter for minutes
_FEW = settings(
    max_examples=6,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@_FEW
@given(steps=st.lists(st.tuples(st.integers(0, 1), st.sampled_from(sorted(STEPS))), min_size=8, max_size=20))
def test_ends_are_final_each_statement_goes_alone_and_what_was_relied_on_stands(
    steps: list[tuple[int, str]], world: World
) -> None:
    from register import ledger, statements
    from tests.register.test_standing import criminal_justice_by_event

    event = Expiry(event="the day the lease is signed")
    ids = [
        world.activated(world.ask(expiry=event)).statement_id,
        world.activated(criminal_justice_by_event(world)).statement_id,
    ]
    states = [StatementState.ACTIVE, StatementState.ACTIVE]
    shared: list[tuple[ledger_facts.Disclosure, ...]] = [(), ()]
    for place, step in steps:
        before = states[place]
        world.later(seconds=1)
        try:
            STEPS[step](world, ids[place])
        except RegisterError as refused:
            code = refused.code
        else:
            code = None
        assert code in (None, RegisterErrorCode.ILLEGAL_MOVE, RegisterErrorCode.REFUSED)
        assert code is None or step != "share" or before not in DISCLOSABLE
        rows = [statements.show(one) for one in ids]
        assert [row.state for number, row in enumerate(rows) if number != place] == [
            state for number, state in enumerate(states) if number != place
        ], "what is done to one statement is done to no other"
        states[place] = rows[place].state
        assert states[place] is before or may(before, states[place])
        if before in TERMINAL:
            assert states[place] is before
        told = [ledger.of_statement(one) for one in ids]
        assert all(now[: len(then)] == then for then, now in zip(shared, told, strict=True)), "the ledger only grows"
        assert len(told[place]) == len(shared[place]) + (step == "share" and before in DISCLOSABLE)
        shared = told
