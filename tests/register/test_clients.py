"""Clients are found again by name and birth date, and by nothing else."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from register import facts
from register.errors import RegisterError, RegisterErrorCode
from register.vocabulary import AuditVerb
from rules.draft import Identity

if TYPE_CHECKING:
    from tests.register.conftest import World


def found(world: World, name: str, born: dt.date | None = None) -> list[facts.Client]:
    from register import clients

    return list(clients.find(world.vault, name, born or world.BIRTH, by=world.intake, now=world.now))


def add(world: World, name: str, born: dt.date | None = None, **told: object) -> facts.Client:
    from register import clients

    told_identity = Identity(legal_name=name, birth_date=born or world.BIRTH)
    return clients.add(world.vault, told_identity, by=world.intake, now=world.now, **told)  # type: ignore[arg-type]


@pytest.mark.parametrize("asked", ["GARCIA maria", "maría garcía lópez", "quetzalcanario", "Lopez-Garcia, María"])
def test_a_client_is_found_however_the_name_is_written(world: World, asked: str) -> None:
    assert [one.client_id for one in found(world, asked)] == [world.ids.client]


@pytest.mark.parametrize("asked", ["Garcia Mario", "Gar", "maria garcia smith"])
def test_a_name_that_is_not_the_clients_finds_nobody(world: World, asked: str) -> None:
    assert found(world, asked) == []


def test_another_birth_date_finds_nobody(world: World) -> None:
    assert found(world, world.NAME, dt.date(1987, 3, 15)) == []


def test_parts_of_two_clients_do_not_make_one(world: World) -> None:
    add(world, "Rosa Blanco")
    add(world, "Pedro Negro")
    assert found(world, "Rosa Negro") == []


def test_a_former_name_still_finds_the_client(world: World) -> None:
    from register import clients

    clients.rename(world.vault, world.ids.client, legal_name="María Verde", by=world.intake, now=world.now)

    assert [one.client_id for one in found(world, "Quetzalcanario Maria")] == [world.ids.client]
    assert [one.client_id for one in found(world, "Verde")] == [world.ids.client]
    known = clients.identity(world.vault, world.ids.client, by=world.intake, now=world.now)
    assert known == Identity(legal_name="María Verde", birth_date=world.BIRTH)


def test_two_renamings_at_once_do_not_lose_a_name(world: World) -> None:
    from register import clients

    def rename(number: int) -> facts.Client:
        name = f"Nuevo{number}"
        return clients.rename(world.vault, world.ids.client, legal_name=name, by=world.intake, now=world.now)

    answers = world.in_threads(4, rename)
    refused = [one for one in answers if isinstance(one, RegisterError)]
    assert all(one.code is RegisterErrorCode.MOVED_MEANWHILE for one in refused)
    for number, answer in enumerate(answers):
        assert bool(found(world, f"Nuevo{number}")) is not isinstance(answer, RegisterError)


def test_a_namesake_is_asked_about_and_then_taken(world: World) -> None:
    with pytest.raises(RegisterError) as error:
        add(world, "MARIA GARCIA LOPEZ Quetzalcanario")
    assert error.value.code is RegisterErrorCode.POSSIBLE_DUPLICATE
    assert world.NAME not in str(error.value)

    twin = add(world, world.NAME, allow_namesake=True)
    assert {one.client_id for one in found(world, world.NAME)} == {world.ids.client, twin.client_id}


def test_a_client_without_a_name_is_refused(world: World) -> None:
    with pytest.raises(RegisterError) as error:
        add(world, " - ")
    assert error.value.code is RegisterErrorCode.NAME_NEEDED


def test_the_tokens_go_with_the_client(world: World) -> None:
    from register import models

    models.Client.objects.get(pk=world.ids.client).delete()

    assert not models.NameToken.objects.exists()
    assert found(world, world.NAME) == []


def test_looking_at_an_identity_is_written_down_for_persons_only(world: World) -> None:
    from register import audit, clients

    clients.identity(world.vault, world.ids.client, by=world.WORKER, now=world.now)
    assert audit.entries(world.ids.client)[0].verb is AuditVerb.CLIENT_ADDED
    clients.identity(world.vault, world.ids.client, by=world.counsel, now=world.now)
    seen = audit.entries(world.ids.client)[0]
    assert (seen.verb, seen.actor) == (AuditVerb.IDENTITY_SEEN, f"staff:{world.ids.counsel}")


def test_an_administrator_does_not_see_clients(world: World) -> None:
    from register import clients

    with pytest.raises(RegisterError) as error:
        clients.identity(world.vault, world.ids.client, by=world.administrator, now=world.now)
    assert error.value.code is RegisterErrorCode.NOT_ALLOWED


def test_a_search_leaves_who_and_how_many_but_not_what_for(world: World) -> None:
    from register import audit

    found(world, "garcia")
    line = audit.entries()[0]
    assert line.verb is AuditVerb.CLIENT_SEARCHED
    assert line.details == {"found": [str(world.ids.client)]}


def test_a_wrong_id_is_a_clear_error(world: World) -> None:
    from uuid import UUID

    from register import clients

    with pytest.raises(RegisterError, match="There is no client 00000000-"):
        clients.show(UUID(int=0))
