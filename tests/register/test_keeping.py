"""Bytes are accounted for, records only gain proof, and what leaves is written down first."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from register import facts
from register.errors import RegisterError, RegisterErrorCode
from register.vocabulary import CopyMethod, HandoverMethod, ObjectArea, ObjectState
from rules.vocabulary import DisclosureBasis, InformationCategory, Proof, PurposeCode

if TYPE_CHECKING:
    from tests.register.conftest import World


# --- objects ----------------------------------------------------------------------------------------------------------


def test_bytes_staged_by_a_worker_that_died_are_found(world: World) -> None:
    from register import objects

    object_id = objects.stage(ObjectArea.WORKING, now=world.now)
    assert objects.orphans(older_than=world.now) == ()
    (orphan,) = objects.orphans(older_than=world.later(hours=1))
    assert (orphan.object_id, orphan.state) == (object_id, ObjectState.STAGED)

    objects.retire(object_id, now=world.now)
    objects.retire(object_id, now=world.now)
    assert objects.orphans(older_than=world.later(hours=1)) == ()
    assert objects.show(object_id).state is ObjectState.GONE


def test_an_object_that_is_pointed_at_is_not_retired(world: World) -> None:
    from register import objects, records

    shown, active = world.presented(), world.activated()
    record = records.of(active.statement_id)
    assert record is not None
    for object_id in (shown.working_object_id, record.object_id):
        with pytest.raises(RegisterError) as error:
            objects.retire(str(object_id), now=world.now)
        assert error.value.code is RegisterErrorCode.OBJECT_STATE


def test_retired_bytes_are_never_published_again(world: World) -> None:
    from register import objects, packets, statements

    packet, document = world.opened(), world.document()
    objects.retire(document.object_id, now=world.now)
    packets.claim_next("worker", lease_seconds=60, now=world.now)
    with pytest.raises(RegisterError) as error:
        statements.present(packet.statements[0].statement_id, holder="worker", document=document, now=world.now)
    assert error.value.code is RegisterErrorCode.OBJECT_STATE


def test_the_register_knows_its_own_objects(world: World) -> None:
    from register import objects

    assert objects.known(objects.stage(ObjectArea.RECORDS, now=world.now))
    assert not objects.known("e" * 32)


# --- records ----------------------------------------------------------------------------------------------------------


def test_a_record_sealed_without_time_gains_its_stamp_in_the_same_object(world: World) -> None:
    from dataclasses import replace

    from register import records, statements

    active = world.activated(proof=Proof.SEALED_WITHOUT_TIME)
    (before,) = records.each(proof=Proof.SEALED_WITHOUT_TIME)
    stamped = replace(world.document(ObjectArea.RECORDS), object_id=before.object_id, version_id="later")
    after = records.upgrade(before.record_id, document=stamped, proof=Proof.SEALED, now=world.now)

    assert (after.object_id, after.version_id, after.proof) == (before.object_id, "later", Proof.SEALED)
    assert after.superseded_object_id is None
    assert statements.show(active.statement_id).proof is Proof.SEALED
    assert list(records.each(proof=Proof.SEALED_WITHOUT_TIME)) == []


def test_a_record_moved_to_a_new_object_frees_the_old_one(world: World) -> None:
    from register import objects, records

    world.activated()
    (before,) = records.each()
    after = records.upgrade(
        before.record_id, document=world.document(ObjectArea.RECORDS), proof=Proof.SEALED, now=world.now
    )
    assert after.superseded_object_id == before.object_id
    assert before.object_id in {one.object_id for one in objects.orphans(older_than=world.later(seconds=1))}


def test_a_record_never_loses_proof(world: World) -> None:
    from register import records

    world.activated()
    (record,) = records.each()
    with pytest.raises(RegisterError) as error:
        records.upgrade(
            record.record_id,
            document=world.document(ObjectArea.RECORDS),
            proof=Proof.SEALED_WITHOUT_TIME,
            now=world.now,
        )
    assert error.value.code is RegisterErrorCode.PROOF


def test_a_lock_only_grows(world: World) -> None:
    from register import records

    world.activated()
    (record,) = records.each()
    assert record.retain_until is not None
    longer = records.extend(record.record_id, retain_until=record.retain_until + dt.timedelta(days=1), now=world.now)
    assert longer.retain_until == dt.datetime(2027, 12, 31, 23, 59, 59, tzinfo=dt.UTC)
    with pytest.raises(RegisterError) as error:
        records.extend(record.record_id, retain_until=record.retain_until, now=world.now)
    assert error.value.code is RegisterErrorCode.MOVED_MEANWHILE


# --- ledger -----------------------------------------------------------------------------------------------------------


def test_what_leaves_is_in_the_ledger_and_the_receiving_person_is_sealed(world: World) -> None:
    from register import ledger, models

    active = world.activated()
    row = ledger.enter(
        world.vault,
        client_id=world.ids.client,
        statement_id=active.statement_id,
        organization_id=world.ids.housing,
        categories=(InformationCategory.ATTENDANCE,),
        basis=DisclosureBasis.CONSENT,
        purpose=PurposeCode.HOUSING_PLACEMENT,
        told=facts.Handover(method=HandoverMethod.PAPER, received_by="Hana Housing", description="one page"),
        by=world.intake,
        now=world.now,
    )
    assert ledger.of_client(world.ids.client) == (row,)
    assert ledger.recipient_person(world.vault, row.disclosure_id) == "Hana Housing"
    kept = models.Disclosure.objects.get(pk=row.disclosure_id).sealed_recipient_person
    assert kept is not None
    assert b"Hana" not in bytes(kept)


def test_a_statement_of_another_client_is_no_basis(world: World) -> None:
    from register import clients, ledger
    from rules.draft import Identity

    other = clients.add(
        world.vault, Identity(legal_name="Otra", birth_date=world.BIRTH), by=world.intake, now=world.now
    )
    active = world.activated()
    with pytest.raises(RegisterError) as error:
        ledger.enter(
            world.vault,
            client_id=other.client_id,
            statement_id=active.statement_id,
            organization_id=world.ids.housing,
            categories=(),
            basis=DisclosureBasis.CONSENT,
            purpose=PurposeCode.HOUSING_PLACEMENT,
            told=facts.Handover(method=HandoverMethod.PAPER, received_by="Hana Housing", description="one page"),
            by=world.intake,
            now=world.now,
        )
    assert error.value.code is RegisterErrorCode.UNKNOWN_ID
    assert ledger.of_client(other.client_id) == ()


def test_a_machine_discloses_nothing(world: World) -> None:
    from register import ledger

    with pytest.raises(RegisterError) as error:
        ledger.copy_given(world.activated().statement_id, method=CopyMethod.PAPER, by=world.UPKEEP, now=world.now)
    assert error.value.code is RegisterErrorCode.NOT_ALLOWED


def test_the_clients_copy_is_written_down_with_the_document_it_was(world: World) -> None:
    from register import ledger

    active = world.activated()
    given = ledger.copy_given(active.statement_id, method=CopyMethod.FILE, by=world.intake, now=world.now)
    assert given.document_sha256 == active.document_sha256
    assert ledger.copies_of(active.statement_id) == (given,)


def test_a_draft_has_no_copy(world: World) -> None:
    from register import ledger

    with pytest.raises(RegisterError) as error:
        ledger.copy_given(
            world.opened().statements[0].statement_id, method=CopyMethod.PAPER, by=world.intake, now=world.now
        )
    assert error.value.code is RegisterErrorCode.NOT_FINISHED


def test_unknown_ids_are_clear_errors_everywhere(world: World) -> None:
    from register import ledger, objects, records, signings, standing, statements

    for ask in (
        lambda: statements.show(uuid4()),
        lambda: statements.draft(world.vault, uuid4(), by=world.WORKER, now=world.now),
        lambda: standing.suspend(uuid4(), by=world.intake, now=world.now),
        lambda: signings.of(uuid4()),
        lambda: records.show(uuid4()),
        lambda: objects.show("d" * 32),
        lambda: ledger.of_client(uuid4()),
        lambda: ledger.recipient_person(world.vault, uuid4()),
    ):
        with pytest.raises(RegisterError) as error:
            ask()
        assert error.value.code is RegisterErrorCode.UNKNOWN_ID
