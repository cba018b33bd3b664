"""Organizational ties endure: what was retired says who came after."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from register import facts
from register.errors import RegisterError, RegisterErrorCode
from rules.vocabulary import OrganizationKind

if TYPE_CHECKING:
    from tests.register.conftest import World


def add(world: World, name: str, **told: object) -> facts.Organization:
    from register import organizations

    given: dict[str, object] = {"kind": OrganizationKind.OTHER, "by": world.intake, "now": world.now}
    return organizations.add(legal_name=name, **{**given, **told})  # type: ignore[arg-type]


def test_the_division_of_parole_resolves_to_doccs(world: World) -> None:
    from register import organizations

    old = organizations.show(world.ids.division_of_parole)
    assert old.retired_on == dt.date(2011, 4, 1)
    assert organizations.resolve(old.organization_id).organization_id == world.ids.doccs
    doccs = organizations.recipient(world.ids.doccs)
    assert doccs.predecessors == (organizations.DIVISION_OF_PAROLE,)
    assert organizations.recipient(old.organization_id).successor_name == doccs.legal_name


def test_the_examples_are_shipped_once(world: World) -> None:
    from register import organizations

    before = organizations.listing(including_retired=True)
    organizations.ship_examples(by=world.intake, now=world.now)
    assert organizations.listing(including_retired=True) == before


def test_a_line_of_successors_is_followed_to_its_end(world: World) -> None:
    from register import organizations

    first, second, third = (add(world, name) for name in ("First Agency", "Second Agency", "Third Agency"))
    organizations.retire(first.organization_id, successor_id=second.organization_id, by=world.intake, now=world.now)
    organizations.retire(second.organization_id, successor_id=third.organization_id, by=world.intake, now=world.now)

    assert organizations.resolve(first.organization_id).legal_name == "Third Agency"
    assert organizations.show(third.organization_id).predecessors == ("First Agency", "Second Agency")


def test_an_organization_that_ended_without_a_successor_is_refused(world: World) -> None:
    from register import organizations

    gone = add(world, "Gone Agency")
    organizations.retire(gone.organization_id, successor_id=None, by=world.intake, now=world.now)

    with pytest.raises(RegisterError, match="nobody is named") as error:
        organizations.resolve(gone.organization_id)
    assert error.value.code is RegisterErrorCode.ORGANIZATION_RETIRED


def test_nothing_succeeds_itself_even_by_a_detour(world: World) -> None:
    from register import organizations

    one, two = add(world, "One Agency"), add(world, "Two Agency")
    organizations.retire(one.organization_id, successor_id=two.organization_id, by=world.intake, now=world.now)

    for successor in (two.organization_id, one.organization_id):
        with pytest.raises(RegisterError) as error:
            organizations.retire(two.organization_id, successor_id=successor, by=world.intake, now=world.now)
        assert error.value.code is RegisterErrorCode.SUCCESSOR


def test_an_organization_is_retired_once_and_says_who_came_after(world: World) -> None:
    from register import organizations

    with pytest.raises(RegisterError, match="Corrections and Community Supervision") as error:
        organizations.retire(world.ids.division_of_parole, successor_id=None, by=world.intake, now=world.now)
    assert error.value.code is RegisterErrorCode.ORGANIZATION_RETIRED


@pytest.mark.parametrize(
    "name", ["Officer Smith, Division of Parole", "Albany Probation, attn: Jane Doe", "Hon. Maria Jones Court"]
)
def test_a_name_that_holds_a_person_is_refused(world: World, name: str) -> None:
    with pytest.raises(RegisterError) as error:
        add(world, name)
    assert error.value.code is RegisterErrorCode.NAMES_A_PERSON


@pytest.mark.parametrize(
    "named",
    [
        {"revocation_desk": "attn Maria Lopez, 1 Pier Street, Albany, NY 12207"},
        {"unit": "Intake - Maria Lopez"},
        {"address": ("c/o Maria Lopez", "1 Pier Street")},
    ],
)
def test_our_own_organization_is_named_without_any_person_of_it_either(world: World, named: dict[str, Any]) -> None:
    from register import agency

    desk = "Records desk, 1 Pier Street"
    told: dict[str, Any] = {"unit": "Intake", "address": ("1 Pier Street",), "revocation_desk": desk}
    given: dict[str, Any] = {"legal_name": "Harbor", "phone": "", "time_zone": "America/New_York", "training": True}
    with pytest.raises(RegisterError) as error:
        agency.establish(world.vault, **{**given, **told, **named}, by=world.administrator, now=world.now)
    assert error.value.code is RegisterErrorCode.NAMES_A_PERSON
    assert "Attn." in error.value.remedy
    with pytest.raises(RegisterError) as error:
        agency.establish(world.vault, **{**given, **told}, by=world.administrator, now=world.now)
    assert error.value.code is RegisterErrorCode.ALREADY_ESTABLISHED, "of persons there was nothing to say"


def test_the_same_organization_is_not_registered_twice(world: World) -> None:
    add(world, "Twice Agency")
    with pytest.raises(RegisterError) as error:
        add(world, "Twice  Agency ")
    assert error.value.code is RegisterErrorCode.ORGANIZATION_EXISTS
    assert add(world, "Twice Agency", unit="North Office").unit == "North Office"


def test_a_finished_statement_may_name_the_receivers_former_names_but_nobody_elses(world: World) -> None:
    from register import organizations

    names = organizations.other_names(world.ids.doccs)
    assert organizations.DIVISION_OF_PAROLE not in names
    assert organizations.DOCCS not in names
    assert "Albany County Housing Authority" in names


def test_counsel_does_not_keep_the_list_of_organizations(world: World) -> None:
    with pytest.raises(RegisterError) as error:
        add(world, "Quiet Agency", by=world.counsel)
    assert error.value.code is RegisterErrorCode.NOT_ALLOWED
