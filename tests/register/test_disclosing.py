"""What is shared on a statement was lawful the moment it was written down, and what was shared stays written down."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from register import facts, ledger_facts, models
from register.errors import RegisterError, RegisterErrorCode
from register.vocabulary import HandoverMethod
from rules.disclosure import Wanted
from rules.vocabulary import InformationCategory, PurposeCode, StatementState

if TYPE_CHECKING:
    from tests.register.conftest import World

TOLD = facts.Handover(
    method=HandoverMethod.PAPER, received_by="Hana Housing", description="attendance of October, one page"
)


def wanted(world: World, **changes: object) -> Wanted:
    return replace(
        Wanted(
            organization_id=world.ids.housing,
            categories=frozenset({InformationCategory.ATTENDANCE}),
            purpose=PurposeCode.HOUSING_PLACEMENT,
        ),
        **changes,  # type: ignore[arg-type]
    )


def refused(error: pytest.ExceptionInfo[RegisterError]) -> list[tuple[str, str]]:
    assert error.value.code is RegisterErrorCode.REFUSED
    return [(one.finding.code.value, one.finding.field) for one in error.value.findings]


def test_what_the_statement_lets_go_is_in_the_ledger_whole_and_nobody_is_named_in_clear(world: World) -> None:
    from register import disclosing, ledger, models

    active = world.activated()
    row = disclosing.disclose(world.vault, active.statement_id, wanted(world), TOLD, by=world.intake, now=world.now)
    assert ledger.of_statement(active.statement_id) == (row,)
    assert (row.organization_id, row.method, row.written_at) == (world.ids.housing, HandoverMethod.PAPER, world.now)
    assert ledger.recipient_person(world.vault, row.disclosure_id) == "Hana Housing"
    assert ledger.description(world.vault, row.disclosure_id) == "attendance of October, one page"
    kept = models.Disclosure.objects.get(pk=row.disclosure_id)
    assert b"Hana" not in bytes(kept.sealed_recipient_person or b"")
    assert b"October" not in bytes(kept.sealed_description or b"")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"categories": frozenset({InformationCategory.DIAGNOSIS})}, "categories"),
        ({"purpose": PurposeCode.FUNDER_REPORTING}, "purpose"),
    ],
)
def test_what_the_statement_does_not_say_is_refused_and_nothing_is_written(
    world: World, change: dict[str, object], field: str
) -> None:
    from register import audit, disclosing, ledger

    active = world.activated()
    noted = audit.head()
    with pytest.raises(RegisterError) as error:
        disclosing.disclose(
            world.vault, active.statement_id, wanted(world, **change), TOLD, by=world.intake, now=world.now
        )
    assert refused(error) == [("V16", field)]
    assert ledger.of_client(world.ids.client) == ()
    assert audit.head() == noted


@pytest.mark.parametrize("missing", ["received_by", "description"])
def test_nothing_goes_before_the_ledger_can_say_who_got_what(world: World, missing: str) -> None:
    from register import disclosing, ledger

    active = world.activated()
    half = replace(TOLD, **{missing: "  "})  # type: ignore[arg-type]
    with pytest.raises(RegisterError) as error:
        disclosing.disclose(world.vault, active.statement_id, wanted(world), half, by=world.intake, now=world.now)
    assert refused(error) == [("V18", missing)]
    assert ledger.of_client(world.ids.client) == ()


def test_a_spoken_request_stops_the_next_disclosure_and_leaves_the_last_one_written(world: World) -> None:
    from register import disclosing, ledger, standing

    active = world.activated()
    before = disclosing.disclose(world.vault, active.statement_id, wanted(world), TOLD, by=world.intake, now=world.now)
    standing.suspend(active.statement_id, by=world.intake, now=world.now)
    with pytest.raises(RegisterError) as error:
        disclosing.disclose(world.vault, active.statement_id, wanted(world), TOLD, by=world.intake, now=world.now)
    assert refused(error) == [("V16", "state")]
    assert [one.field for one in disclosing.in_force(world.vault, active.statement_id, now=world.now)] == ["state"]
    assert ledger.of_statement(active.statement_id) == (before,)


def test_a_statement_for_one_time_is_used_once_though_ten_ask_at_once(world: World) -> None:
    from register import disclosing, ledger

    active = world.activated(world.ask(single_use=True))

    def share(_: int) -> ledger_facts.Disclosure:
        return disclosing.disclose(
            world.vault, active.statement_id, wanted(world), TOLD, by=world.intake, now=world.now
        )

    answers = world.in_threads(10, share)
    assert sum(isinstance(one, ledger_facts.Disclosure) for one in answers) == 1
    assert len(ledger.of_statement(active.statement_id)) == 1


def test_a_revocation_and_a_disclosure_at_once_leave_no_disclosure_after_the_revocation(world: World) -> None:
    from register import audit, disclosing, standing, statements

    active = world.activated()

    def act(number: int) -> object:
        if number == 0:
            return standing.revoke(world.vault, active.statement_id, by=world.intake, now=world.now)
        return disclosing.disclose(
            world.vault, active.statement_id, wanted(world), TOLD, by=world.intake, now=world.now
        )

    world.in_threads(6, act)
    assert statements.show(active.statement_id).state is StatementState.REVOKED
    verbs = [entry.verb.value for entry in reversed(audit.entries(limit=12))]
    last_move = max(place for place, verb in enumerate(verbs) if verb == "statement_moved")
    assert "disclosed" not in verbs[last_move:]


def test_an_organization_that_ended_receives_nothing_until_counsel_lets_its_successor(world: World) -> None:
    from register import disclosing, organizations, successors
    from rules.vocabulary import OrganizationKind

    active = world.activated()
    new = organizations.add(
        legal_name="Albany Homes Authority", kind=OrganizationKind.HOUSING, by=world.intake, now=world.now
    ).organization_id
    organizations.retire(world.ids.housing, successor_id=new, by=world.administrator, now=world.now)
    for asked in (wanted(world), wanted(world, organization_id=new)):
        with pytest.raises(RegisterError) as error:
            disclosing.disclose(world.vault, active.statement_id, asked, TOLD, by=world.intake, now=world.now)
        assert refused(error) == [("V16", "recipient")]
    with pytest.raises(RegisterError) as not_counsel:
        successors.carry_over(world.vault, world.ids.housing, new, reason="merged", by=world.intake, now=world.now)
    assert not_counsel.value.code is RegisterErrorCode.NOT_ALLOWED
    assert [one.field for one in successors.to_re_paper()] == [active.ref]
    successors.carry_over(world.vault, world.ids.housing, new, reason="merged", by=world.counsel, now=world.now)
    row = disclosing.disclose(
        world.vault, active.statement_id, wanted(world, organization_id=new), TOLD, by=world.intake, now=world.now
    )
    assert row.organization_id == new
    assert successors.to_re_paper() == ()


def test_counsel_lets_nobody_stand_in_an_organizations_place_who_did_not_take_over_its_work(world: World) -> None:
    from register import successors

    for place in (world.ids.probation, world.ids.housing, uuid4()):
        with pytest.raises(RegisterError):
            successors.carry_over(
                world.vault, world.ids.housing, place, reason="because", by=world.counsel, now=world.now
            )


def test_who_looks_at_the_ledger_is_written_down(world: World) -> None:
    from register import audit, disclosing, ledger

    active = world.activated()
    disclosing.disclose(world.vault, active.statement_id, wanted(world), TOLD, by=world.intake, now=world.now)
    (line,) = ledger.accounting(world.vault, world.ids.client, by=world.counsel, now=world.now)
    assert (line.organization, line.received_by, line.statement_ref) == (
        "Albany County Housing Authority",
        "Hana Housing",
        active.ref,
    )
    assert audit.entries(limit=1)[0].verb.value == "ledger_seen"


def test_bug_one_statement_whose_key_is_destroyed_made_the_whole_accounting_unreadable(world: World) -> None:
    """Between a statement's key and its bytes a lock of the store can lie for years; and when both are gone."""
    from register import disclosing, executing, ledger

    went, stays = world.activated(), world.activated()
    for one in (went, stays):
        disclosing.disclose(world.vault, one.statement_id, wanted(world), TOLD, by=world.intake, now=world.now)
    world.vault.destroy_owner(went.statement_id.hex, reason_code="disposal")

    def lines() -> list[tuple[str, str, str, bool]]:
        told = ledger.accounting(world.vault, world.ids.client, by=world.counsel, now=world.now)
        return [(line.statement_ref, line.organization, line.received_by, line.words_destroyed) for line in told]

    expected = {
        (went.ref, "Albany County Housing Authority", "", True),
        (stays.ref, "Albany County Housing Authority", "Hana Housing", False),
    }
    assert set(lines()) == expected
    executing.forget_statements(models.Statement.objects.filter(pk=went.statement_id))
    assert set(lines()) == expected


def test_a_machine_shares_nothing(world: World) -> None:
    from register import disclosing

    active = world.activated()
    with pytest.raises(RegisterError) as error:
        disclosing.disclose(world.vault, active.statement_id, wanted(world), TOLD, by=world.UPKEEP, now=world.now)
    assert error.value.code is RegisterErrorCode.NOT_ALLOWED


def test_the_end_of_a_statement_ends_sharing_though_upkeep_has_not_run(world: World) -> None:
    from register import disclosing

    active = world.activated()
    after = dt.datetime(2027, 5, 22, 12, 0, tzinfo=dt.UTC)
    with pytest.raises(RegisterError) as error:
        disclosing.disclose(world.vault, active.statement_id, wanted(world), TOLD, by=world.intake, now=after)
    assert refused(error) == [("V16", "expiry")]


def test_a_statement_that_is_not_there_is_told_so(world: World) -> None:
    from register import disclosing

    missing: UUID = uuid4()
    with pytest.raises(RegisterError) as error:
        disclosing.disclose(world.vault, missing, wanted(world), TOLD, by=world.intake, now=world.now)
    assert error.value.code is RegisterErrorCode.UNKNOWN_ID
