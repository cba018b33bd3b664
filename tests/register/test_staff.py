"""Who works here proves it, and may do what they may do now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from register import facts
from register.errors import RegisterError, RegisterErrorCode
from register.vocabulary import MachineName, StaffRole

if TYPE_CHECKING:
    from tests.register.conftest import World

WRONG = "not the right sentence"


def refused(world: World, password: str, username: str = "intake") -> RegisterErrorCode:
    from register import staff

    with pytest.raises(RegisterError) as error:
        staff.authenticate(username, password, now=world.now)
    return error.value.code


def test_the_right_password_makes_a_person_with_their_roles(world: World) -> None:
    from register import staff

    person = staff.authenticate(" Intake ", world.PASSWORD, now=world.now)
    assert person == facts.Person(world.ids.intake, "intake", frozenset({StaffRole.INTAKE}))


def test_five_wrong_passwords_close_the_account_for_fifteen_minutes(world: World) -> None:
    from register import staff

    for _ in range(5):
        assert refused(world, WRONG) is RegisterErrorCode.BAD_CREDENTIALS
    assert refused(world, WRONG) is RegisterErrorCode.LOCKED_OUT
    world.later(minutes=14, seconds=59)
    assert refused(world, world.PASSWORD) is RegisterErrorCode.LOCKED_OUT
    world.later(seconds=1)
    assert staff.authenticate("intake", world.PASSWORD, now=world.now).staff_id == world.ids.intake


def test_guessing_in_parallel_does_not_get_more_tries(world: World) -> None:
    from register import staff

    world.in_threads(8, lambda _: staff.authenticate("intake", WRONG, now=world.now))

    assert refused(world, world.PASSWORD) is RegisterErrorCode.LOCKED_OUT


def test_a_right_password_wipes_the_count(world: World) -> None:
    from register import staff

    for _ in range(3):
        for _ in range(4):
            refused(world, WRONG)
        staff.authenticate("intake", world.PASSWORD, now=world.now)


def test_an_administrator_opens_a_closed_account_with_a_new_password(world: World) -> None:
    from register import staff

    for _ in range(5):
        refused(world, WRONG)
    staff.reset(world.ids.intake, password="another long sentence", by=world.administrator, now=world.now)

    assert staff.authenticate("intake", "another long sentence", now=world.now)
    assert refused(world, world.PASSWORD) is RegisterErrorCode.BAD_CREDENTIALS


def test_nobody_and_a_wrong_password_are_answered_alike(world: World) -> None:
    from register import staff

    staff.retire(world.ids.witness, by=world.administrator, now=world.now)
    codes = {refused(world, WRONG), refused(world, WRONG, "nobody"), refused(world, world.PASSWORD, "witness")}
    assert codes == {RegisterErrorCode.BAD_CREDENTIALS}


def test_who_was_retired_since_signing_in_may_do_nothing(world: World) -> None:
    from register import staff

    person = world.intake
    staff.retire(world.ids.intake, by=world.administrator, now=world.now)

    with pytest.raises(RegisterError) as error:
        staff.require(person, StaffRole.INTAKE)
    assert error.value.code is RegisterErrorCode.NOT_ALLOWED


def test_roles_a_person_claims_are_not_believed(world: World) -> None:
    from register import staff

    boasting = facts.Person(world.ids.intake, "intake", frozenset(StaffRole))
    with pytest.raises(RegisterError, match="administrator"):
        staff.require(boasting, StaffRole.ADMINISTRATOR)


@pytest.mark.parametrize("name", list(MachineName))
def test_no_machine_counts_as_a_person(world: World, name: MachineName) -> None:
    from register import staff

    with pytest.raises(RegisterError):
        staff.require(facts.Machine(name))
    with pytest.raises(RegisterError):
        staff.require_or_setup(facts.Machine(name), StaffRole.ADMINISTRATOR)


def test_the_last_administrator_stays(world: World) -> None:
    from register import staff

    with pytest.raises(RegisterError) as error:
        staff.retire(world.ids.administrator, by=world.administrator, now=world.now)
    assert error.value.code is RegisterErrorCode.LAST_ADMINISTRATOR


def add(world: World, by: facts.Actor, **told: object) -> facts.Staff:
    from register import staff

    given: dict[str, object] = {
        "username": "new",
        "display_name": "Nora New",
        "roles": frozenset({StaffRole.INTAKE}),
        "password": "a good long sentence",
    }
    return staff.add(world.vault, by=by, now=world.now, **{**given, **told})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"password": "short"}, RegisterErrorCode.WEAK_PASSWORD),
        ({"password": "123456789012345"}, RegisterErrorCode.WEAK_PASSWORD),
        ({"username": "INTAKE"}, RegisterErrorCode.USERNAME_TAKEN),
        ({"display_name": " "}, RegisterErrorCode.NAME_NEEDED),
        ({"roles": frozenset()}, RegisterErrorCode.NAME_NEEDED),
    ],
)
def test_a_half_told_account_is_refused(world: World, told: dict[str, object], code: RegisterErrorCode) -> None:
    with pytest.raises(RegisterError) as error:
        add(world, world.administrator, **told)
    assert error.value.code is code


def test_only_an_administrator_adds_staff_and_set_up_only_the_first(world: World) -> None:
    for by in (world.intake, facts.Machine(MachineName.SETUP)):
        with pytest.raises(RegisterError) as error:
            add(world, by)
        assert error.value.code is RegisterErrorCode.NOT_ALLOWED
    assert add(world, world.administrator).username == "new"


def test_the_printed_name_is_sealed_and_comes_back(world: World) -> None:
    from register import models, staff

    assert staff.display_name(world.vault, world.ids.witness) == "Wilma Witness"
    assert set(staff.display_names(world.vault)) >= {"Ines Intake", "Carl Counsel"}
    assert b"Wilma" not in bytes(models.Staff.objects.get(pk=world.ids.witness).sealed_display_name)


def test_passwords_are_hashed_with_argon2_at_full_cost() -> None:
    from django.conf import settings
    from django.contrib.auth.hashers import Argon2PasswordHasher

    assert settings.PASSWORD_HASHERS == ["django.contrib.auth.hashers.Argon2PasswordHasher"]
    assert Argon2PasswordHasher.memory_cost >= 64 * 1024
