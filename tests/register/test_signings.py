"""A signature is taken on what was shown, by who may give it, in the order of the form."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from register import facts
from register.errors import RegisterError, RegisterErrorCode
from register.vocabulary import StaffRole
from rules.vocabulary import Family, IdentifiedHow, Proof, ReadOn, SignerCapacity, SignerRole, StatementState
from tests.register.test_revocation import paper

if TYPE_CHECKING:
    from tests.register.conftest import World


def refused(
    world: World, shown: facts.Statement, role: SignerRole = SignerRole.CLIENT, **changes: object
) -> RegisterError:
    from register import objects, signings, statements

    before, document = statements.show(shown.statement_id), world.document()
    by = world.witness if role is SignerRole.WITNESS else world.intake
    with pytest.raises(RegisterError) as error:
        signings.record(
            world.vault,
            world.act(shown, role, **changes),
            document,
            consent_in_force="2026.11",
            staff=by,
            now=world.now,
        )
    assert statements.show(shown.statement_id) == before
    assert objects.show(document.object_id).state == "staged"
    return error.value


def test_the_client_signs_then_the_witness_and_each_act_is_kept(world: World) -> None:
    from register import signings

    shown = world.presented()
    once = world.signed(shown, SignerRole.CLIENT)
    twice = world.signed(once, SignerRole.WITNESS)

    assert (once.proof, once.signed, once.signed_at) == (Proof.PARTIAL, (SignerRole.CLIENT,), world.now)
    assert twice.signed == (SignerRole.CLIENT, SignerRole.WITNESS)
    client, witness = signings.of(shown.statement_id)
    assert client.act == world.act(shown, SignerRole.CLIENT)
    assert (client.act.shown_sha256, client.resulting_sha256) == (shown.document_sha256, once.document_sha256)
    assert witness.act.shown_sha256 == once.document_sha256
    assert (client.staff_id, witness.staff_id) == (world.ids.intake, world.ids.witness)


def test_the_witness_does_not_sign_before_the_client(world: World) -> None:
    assert refused(world, world.presented(), SignerRole.WITNESS).code is RegisterErrorCode.SIGNING_ORDER


def test_minor_parent_and_witness_sign_in_this_order_each_in_their_own_right(world: World) -> None:
    from register import signings, statements
    from register.vocabulary import SealingState

    shown = world.presented(world.of_two(), client_id=world.minor())
    assert refused(world, shown, SignerRole.REPRESENTATIVE).code is RegisterErrorCode.SIGNING_ORDER
    wrong = refused(world, shown, SignerRole.CLIENT, capacity=SignerCapacity.PARENT)
    assert wrong.code is RegisterErrorCode.NOT_WHAT_WAS_SHOWN

    once = world.signed(shown, SignerRole.CLIENT)
    assert refused(world, once, SignerRole.WITNESS).code is RegisterErrorCode.SIGNING_ORDER
    wrong = refused(world, once, SignerRole.REPRESENTATIVE)
    assert wrong.code is RegisterErrorCode.NOT_WHAT_WAS_SHOWN
    for missing in ({"consent_version": ""}, {"paper_offered": False}, {"identified_how": None}):
        error = refused(world, once, SignerRole.REPRESENTATIVE, capacity=SignerCapacity.PARENT, **missing)
        assert error.code is RegisterErrorCode.REFUSED

    twice = world.signed(once, SignerRole.REPRESENTATIVE, capacity=SignerCapacity.PARENT)
    assert twice.sealing is not SealingState.REQUESTED
    assert statements.waits_for(twice) == (SignerRole.WITNESS,)
    done = world.signed(twice, SignerRole.WITNESS, capacity=SignerCapacity.PARENT)
    assert done.sealing is SealingState.REQUESTED
    client, parent, _ = signings.of(shown.statement_id)
    assert (client.act.capacity, parent.act.capacity) == (SignerCapacity.CLIENT, SignerCapacity.PARENT)


def test_nobody_signs_twice_and_nobody_signs_for_the_organization(world: World) -> None:
    once = world.signed(world.presented(), SignerRole.CLIENT)
    assert refused(world, once, SignerRole.CLIENT).code is RegisterErrorCode.SIGNING_ORDER
    assert refused(world, once, SignerRole.ORG_SEAL).code is RegisterErrorCode.SIGNING_ORDER


def test_a_document_that_changed_since_it_was_shown_is_not_signed(world: World) -> None:
    from register import statements

    shown = world.signed(world.presented(), SignerRole.CLIENT)
    statements.replace_working(
        shown.statement_id,
        expected_revision=shown.revision,
        document=world.document(),
        by=world.UPKEEP,
        now=world.now,
    )
    assert refused(world, shown, SignerRole.WITNESS).code is RegisterErrorCode.NOT_WHAT_WAS_SHOWN


def test_another_document_than_the_one_shown_is_not_signed(world: World) -> None:
    error = refused(world, world.presented(), shown_sha256="00" * 32)
    assert error.code is RegisterErrorCode.NOT_WHAT_WAS_SHOWN


@pytest.mark.parametrize(
    ("missing", "field"),
    [
        ({"viewed_pages": 1}, "act.viewed_pages"),
        ({"read_on": None}, "act.read_on"),
        ({"read_on": ReadOn.FILE}, "act.read_on"),
        ({"consent_version": ""}, "act.consent_version"),
        ({"consent_version": "2020.01"}, "act.consent_version"),
        ({"paper_offered": False}, "act.paper_offered"),
        ({"identified_how": None}, "act.identified_how"),
    ],
)
def test_what_makes_an_electronic_signature_valid_is_asked_for(
    world: World, missing: dict[str, object], field: str
) -> None:
    error = refused(world, world.presented(), **missing)
    assert error.code is RegisterErrorCode.REFUSED
    assert [one.finding.field for one in error.findings] == [field]


def test_who_read_on_a_screen_read_the_very_bytes_that_were_put_into_a_file_for_it(world: World) -> None:
    from register import signings

    shown = world.presented()
    signings.shown_in_a_file(shown.statement_id, "00" * 32, by=world.intake, now=world.now)
    error = refused(world, shown, read_on=ReadOn.FILE)
    assert [one.finding.field for one in error.findings] == ["act.read_on"], "other bytes were shown"
    signings.shown_in_a_file(shown.statement_id, shown.document_sha256, by=world.intake, now=world.now)
    world.signed(shown, SignerRole.CLIENT, read_on=ReadOn.FILE)
    (act,) = signings.of(shown.statement_id)
    assert act.act.read_on is ReadOn.FILE


def test_the_agreement_to_read_on_screens_is_not_signed_by_who_read_it_on_paper(world: World) -> None:
    shown = world.presented(paper(world, Family.ELECTRONIC_RECORDS))
    error = refused(world, shown, read_on=ReadOn.PAPER)
    assert [one.finding.field for one in error.findings] == ["act.read_on"]


def test_a_witness_proves_herself_by_signing_in_and_needs_no_consent_to_screens(world: World) -> None:
    from register import signings

    once = world.signed(world.presented(), SignerRole.CLIENT)
    act = world.act(once, SignerRole.WITNESS, identified_how=None, consent_version="", paper_offered=False)
    done = signings.record(
        world.vault, act, world.document(), consent_in_force="2026.11", staff=world.witness, now=world.now
    )
    assert SignerRole.WITNESS in done.signed


def test_only_a_witness_witnesses(world: World) -> None:
    from register import signings

    once = world.signed(world.presented(), SignerRole.CLIENT)
    with pytest.raises(RegisterError) as error:
        signings.record(
            world.vault,
            world.act(once, SignerRole.WITNESS),
            world.document(),
            consent_in_force="2026.11",
            staff=world.intake,
            now=world.now,
        )
    assert error.value.code is RegisterErrorCode.NOT_ALLOWED


@pytest.mark.parametrize("name", ["GARCIA-LOPEZ Quetzalcanario, Maria", "Ivo Interpreter"])
def test_nobody_witnesses_their_own_signature(world: World, name: str) -> None:
    from register import signings, staff

    once = world.signed(world.presented(world.ask(interpreter_name="Ivo Interpreter")), SignerRole.CLIENT)
    hired = staff.add(
        world.vault,
        username="double",
        display_name=name,
        roles=frozenset({StaffRole.WITNESS}),
        password=world.PASSWORD,
        by=world.administrator,
        now=world.now,
    )
    with pytest.raises(RegisterError) as error:
        signings.record(
            world.vault,
            world.act(once, SignerRole.WITNESS),
            world.document(),
            consent_in_force="2026.11",
            staff=world.person(hired.staff_id),
            now=world.now,
        )
    assert error.value.code is RegisterErrorCode.SAME_PERSON
    assert "Quetzalcanario" not in str(error.value)


def test_nobody_signs_in_another_right_than_the_one_printed(world: World) -> None:
    error = refused(world, world.presented(), capacity=SignerCapacity.GUARDIAN)
    assert error.code is RegisterErrorCode.NOT_WHAT_WAS_SHOWN


def test_a_void_or_declined_statement_is_not_signed(world: World) -> None:
    from register import statements

    shown = world.presented()
    statements.decline(shown.statement_id, by=world.intake, now=world.now)
    assert refused(world, shown).code is RegisterErrorCode.ILLEGAL_MOVE


def test_of_many_hands_that_sign_the_same_revision_one_is_taken(world: World) -> None:
    from register import models, signings, statements

    shown = world.presented()

    def sign(_: int) -> facts.Statement:
        act = world.act(shown, SignerRole.CLIENT, identified_how=IdentifiedHow.KNOWN_PERSONALLY)
        return signings.record(
            world.vault, act, world.document(), consent_in_force="2026.11", staff=world.intake, now=world.now
        )

    answers = world.in_threads(6, sign)
    assert sum(isinstance(one, facts.Statement) for one in answers) == 1
    assert models.Signing.objects.count() == 1
    assert statements.show(shown.statement_id).state is StatementState.PRESENTED
