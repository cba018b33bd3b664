"""A statement moves one way, and its bytes move with it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from register import facts
from register.errors import RegisterError, RegisterErrorCode
from register.vocabulary import AuditVerb, ObjectArea, ObjectState, SealingState, VoidReason
from rules.draft import Expiry
from rules.vocabulary import Proof, SignerRole, StatementState

if TYPE_CHECKING:
    from tests.register.conftest import World


def code_of(error: pytest.ExceptionInfo[RegisterError]) -> RegisterErrorCode:
    return error.value.code


def seal(world: World, holder: str = "sealer", **told: object) -> facts.Record:
    from register import statements

    claim = statements.claim_sealing(holder, lease_seconds=12, now=world.now)
    assert claim is not None
    given: dict[str, object] = {
        "holder": holder,
        "document": world.document(ObjectArea.RECORDS),
        "proof": Proof.SEALED,
        "retain_until": world.now + dt.timedelta(days=366),
        "now": world.now,
    }
    return statements.activate(claim.claimed_id, **{**given, **told})  # type: ignore[arg-type]


# --- presenting -------------------------------------------------------------------------------------------------------


def test_presenting_publishes_the_bytes_in_the_same_step(world: World) -> None:
    from register import objects

    shown = world.presented()

    assert (shown.state, shown.proof, shown.revision) == (StatementState.PRESENTED, Proof.NONE, 1)
    assert shown.working_object_id is not None
    stored = objects.show(shown.working_object_id)
    assert (stored.state, stored.version_id) == (ObjectState.LIVE, shown.working_version_id)
    assert objects.orphans(older_than=world.later(days=1)) == ()


def test_presenting_the_same_document_again_changes_nothing(world: World) -> None:
    from register import packets, statements

    packet, document = world.opened(), world.document()
    packets.claim_next("worker", lease_seconds=12, now=world.now)
    statement_id = packet.statements[0].statement_id
    once = statements.present(statement_id, holder="worker", document=document, now=world.now)
    assert statements.present(statement_id, holder="worker", document=document, now=world.now) == once


def test_bytes_that_were_never_staged_are_not_published(world: World) -> None:
    from register import packets, statements

    packet = world.opened()
    packets.claim_next("worker", lease_seconds=12, now=world.now)
    stranger = facts.Document(
        object_id="f" * 32, version_id="1", sealed_sha256="0" * 64, size=1, document_sha256="0" * 64, pages=1
    )
    with pytest.raises(RegisterError) as error:
        statements.present(packet.statements[0].statement_id, holder="worker", document=stranger, now=world.now)
    assert code_of(error) is RegisterErrorCode.OBJECT_STATE
    assert packets.show(packet.packet_id).statements[0].state is StatementState.DRAFT


def test_a_statement_is_found_by_its_printed_reference_however_it_is_read_out(world: World) -> None:
    from register import models, statements

    shown = world.presented()
    models.Statement.objects.filter(pk=shown.statement_id).update(ref="K7QF-2M0D-1R4T")
    for read_out in ("K7QF-2M0D-1R4T", "k7qf 2mod lr4t", "K7QF2MODIR4T"):
        assert statements.by_ref(read_out).statement_id == shown.statement_id
    with pytest.raises(RegisterError) as error:
        statements.by_ref("AAAA-BBBB-CCCC")
    assert code_of(error) is RegisterErrorCode.UNKNOWN_ID


def test_a_draft_comes_back_as_it_was_judged_and_looking_is_written_down(world: World) -> None:
    from register import audit, statements

    packet = world.opened()
    statement_id = packet.statements[0].statement_id
    draft = statements.draft(world.vault, statement_id, by=world.intake, now=world.now)
    assert (draft.identity.legal_name, draft.purpose_text) == (world.NAME, world.PURPOSE)
    assert draft.recipient is not None
    assert draft.recipient.legal_name == "Albany County Housing Authority"
    assert audit.entries(statement_id)[0].verb is AuditVerb.DRAFT_SEEN


def test_a_draft_moved_to_another_row_does_not_open(world: World) -> None:
    from register import models, statements
    from storage.errors import StorageError

    one, two = (world.opened().statements[0].statement_id for _ in range(2))
    blob = models.Statement.objects.get(pk=one).sealed_draft
    models.Statement.objects.filter(pk=two).update(sealed_draft=blob)
    with pytest.raises(StorageError):
        statements.draft(world.vault, two, by=world.WORKER, now=world.now)


# --- ends before it began ---------------------------------------------------------------------------------------------


def test_a_declined_statement_keeps_its_bytes_until_its_time_is_over(world: World) -> None:
    from register import objects, statements

    shown = world.presented()
    declined = statements.decline(shown.statement_id, by=world.intake, now=world.now)
    assert (declined.state, declined.working_object_id) == (StatementState.DECLINED, shown.working_object_id)
    assert objects.orphans(older_than=world.later(days=40)) == ()
    assert statements.declined(ended_before=world.now) == (shown.statement_id,)

    assert statements.release_working(shown.statement_id, by=world.UPKEEP, now=world.now) == shown.working_object_id
    assert [one.object_id for one in objects.orphans(older_than=world.now)] == [shown.working_object_id]


def test_a_void_statement_sets_its_bytes_free_at_once(world: World) -> None:
    from register import objects, statements

    shown = world.presented()
    statements.void(shown.statement_id, reason=VoidReason.NEVER_SIGNED, by=world.UPKEEP, now=world.now)
    assert [one.object_id for one in objects.orphans(older_than=world.later(seconds=1))] == [shown.working_object_id]


def test_bytes_of_a_statement_that_may_still_be_sealed_are_not_released(world: World) -> None:
    from register import statements

    with pytest.raises(RegisterError) as error:
        statements.release_working(world.presented().statement_id, by=world.UPKEEP, now=world.now)
    assert code_of(error) is RegisterErrorCode.ILLEGAL_MOVE


def test_upkeep_finds_what_nobody_signed_and_what_some_signed(world: World) -> None:
    from register import statements

    unsigned, signed = world.presented(), world.signed(world.presented(), SignerRole.CLIENT)
    world.later(days=31)
    assert statements.never_signed(presented_before=world.now) == (unsigned.statement_id,)
    assert statements.part_signed(presented_before=world.now) == (signed.statement_id,)
    assert statements.part_signed(presented_before=world.now - dt.timedelta(days=32)) == ()


def test_the_days_of_a_part_signed_statement_run_from_when_it_was_presented(world: World) -> None:
    from register import statements

    shown, presented_at = world.presented(), world.now
    world.later(days=15)
    signed = world.signed(shown, SignerRole.CLIENT)
    world.later(days=6)
    twenty_days_back = world.now - dt.timedelta(days=20)
    assert presented_at < twenty_days_back < presented_at + dt.timedelta(days=15)
    assert statements.part_signed(presented_before=twenty_days_back) == (signed.statement_id,)


def test_a_part_signed_document_is_stamped_once_unless_somebody_signed_meanwhile(world: World) -> None:
    from register import statements

    signed = world.signed(world.presented(), SignerRole.CLIENT)
    world.later(days=20)
    stamped = statements.replace_working(
        signed.statement_id,
        expected_revision=signed.revision,
        document=world.document(),
        by=world.UPKEEP,
        now=world.now,
    )
    assert stamped.document_sha256 != signed.document_sha256
    assert statements.part_signed(presented_before=world.now) == ()
    with pytest.raises(RegisterError) as error:
        statements.replace_working(
            signed.statement_id,
            expected_revision=signed.revision,
            document=world.document(),
            by=world.UPKEEP,
            now=world.now,
        )
    assert code_of(error) is RegisterErrorCode.MOVED_MEANWHILE


# --- sealing ----------------------------------------------------------------------------------------------------------


def test_a_statement_waits_for_its_seal_once_everybody_signed(world: World) -> None:
    from register import statements

    shown = world.presented()
    assert statements.waiting_to_seal() == 0
    with pytest.raises(RegisterError) as error:
        statements.request_sealing(shown.statement_id, by=world.UPKEEP, now=world.now)
    assert code_of(error) is RegisterErrorCode.NOT_FINISHED
    world.signed(world.signed(shown, SignerRole.CLIENT), SignerRole.WITNESS)
    assert statements.waiting_to_seal() == 1


def test_a_sealed_statement_is_active_its_record_kept_and_its_working_bytes_free(world: World) -> None:
    from register import objects, records, statements

    ready = world.all_signed()
    record = seal(world)

    active = statements.show(ready.statement_id)
    assert (active.state, active.proof, active.sealing) == (
        StatementState.ACTIVE,
        Proof.SEALED,
        SealingState.SEALED,
    )
    assert active.working_object_id is None
    assert record.superseded_object_id == ready.working_object_id
    assert records.of(ready.statement_id) == records.show(record.record_id)
    assert active.document_sha256 == record.document_sha256
    assert ready.working_object_id in {one.object_id for one in objects.orphans(older_than=world.later(seconds=1))}
    assert record.object_id not in {one.object_id for one in objects.orphans(older_than=world.now)}
    assert {one.object_id for one in objects.live(ObjectArea.RECORDS)} == {record.object_id}


def test_a_lock_is_written_down_rounded_up_to_the_months_end(world: World) -> None:
    world.all_signed()
    record = seal(world, retain_until=dt.datetime(2027, 11, 24, 8, 30, 1, 5, tzinfo=dt.UTC))
    assert record.retain_until == dt.datetime(2027, 11, 30, 23, 59, 59, tzinfo=dt.UTC)


@pytest.mark.parametrize("proof", [Proof.NONE, Proof.PARTIAL])
def test_what_is_not_sealed_is_no_record(world: World, proof: Proof) -> None:
    from register import records

    ready = world.all_signed()
    with pytest.raises(RegisterError) as error:
        seal(world, proof=proof)
    assert code_of(error) is RegisterErrorCode.PROOF
    assert records.of(ready.statement_id) is None


def test_a_record_that_cannot_be_kept_leaves_the_statement_as_it_was(world: World) -> None:
    from register import audit, records, statements

    ready = world.all_signed()
    with pytest.raises(RegisterError) as error:
        seal(world, document=world.document(ObjectArea.WORKING))
    assert code_of(error) is RegisterErrorCode.OBJECT_STATE

    after = statements.show(ready.statement_id)
    assert (after.state, after.working_object_id) == (StatementState.PRESENTED, ready.working_object_id)
    assert records.of(ready.statement_id) is None
    assert audit.check().intact


def test_a_sealer_whose_lease_ran_out_comes_too_late(world: World) -> None:
    from register import statements

    ready = world.all_signed()
    first = statements.claim_sealing("killed", lease_seconds=12, now=world.now)
    assert first is not None
    world.later(seconds=12)
    seal(world, "next")

    with pytest.raises(RegisterError) as error:
        statements.activate(
            ready.statement_id,
            holder="killed",
            document=world.document(ObjectArea.RECORDS),
            proof=Proof.SEALED,
            retain_until=None,
            now=world.now,
        )
    assert code_of(error) is RegisterErrorCode.LEASE_LOST


def test_many_sealers_at_once_make_one_record(world: World) -> None:
    from register import models, statements

    ready = world.all_signed()
    claim = statements.claim_sealing("sealer", lease_seconds=60, now=world.now)
    assert claim is not None

    def activate(_: int) -> facts.Record:
        return statements.activate(
            ready.statement_id,
            holder="sealer",
            document=world.document(ObjectArea.RECORDS),
            proof=Proof.SEALED,
            retain_until=None,
            now=world.now,
        )

    answers = world.in_threads(5, activate)
    assert sum(isinstance(one, facts.Record) for one in answers) == 1
    assert models.Record.objects.count() == 1


def test_a_sealing_that_failed_for_good_waits_for_a_person(world: World) -> None:
    from register import statements

    ready = world.all_signed()
    statements.claim_sealing("sealer", lease_seconds=12, now=world.now)
    statements.sealing_failed(ready.statement_id, "sealer", step="seal", code="broken", retry=False, now=world.now)
    assert [one.statement_id for one in statements.sealing_stuck()] == [ready.statement_id]
    assert statements.claim_sealing("sealer", lease_seconds=12, now=world.later(days=1)) is None

    statements.request_sealing(ready.statement_id, by=world.intake, now=world.now)
    assert seal(world).statement_id == ready.statement_id


def test_a_statement_declined_while_it_is_being_sealed_is_not_activated(world: World) -> None:
    from register import statements

    ready = world.all_signed()
    statements.claim_sealing("sealer", lease_seconds=12, now=world.now)
    statements.decline(ready.statement_id, by=world.intake, now=world.now)
    with pytest.raises(RegisterError) as error:
        statements.activate(
            ready.statement_id,
            holder="sealer",
            document=world.document(ObjectArea.RECORDS),
            proof=Proof.SEALED,
            retain_until=None,
            now=world.now,
        )
    assert code_of(error) is RegisterErrorCode.LEASE_LOST
    assert statements.show(ready.statement_id).state is StatementState.DECLINED


# --- dates ------------------------------------------------------------------------------------------------------------


def test_a_date_stands_in_clear_only_rounded_up_and_ends_the_statement_on_the_day_after(world: World) -> None:
    from register import statements

    active = world.activated(world.ask(expiry=Expiry(date=dt.date(2027, 5, 20))))
    assert active.expires_on == dt.date(2027, 5, 31)
    for day, due in ((dt.date(2027, 4, 30), False), (dt.date(2027, 5, 20), False), (dt.date(2027, 5, 21), True)):
        assert (statements.due_to_expire(world.vault, today=day) == (active.statement_id,)) is due

    assert statements.expire(active.statement_id, by=world.UPKEEP, now=world.now).state is StatementState.EXPIRED
    assert statements.due_to_expire(world.vault, today=dt.date(2030, 1, 1)) == ()


def test_a_day_begins_at_the_agencys_midnight(world: World) -> None:
    from register import agency

    assert agency.today(dt.datetime(2026, 11, 24, 4, 59, tzinfo=dt.UTC)) == dt.date(2026, 11, 23)
    assert agency.today(dt.datetime(2026, 11, 24, 5, 0, tzinfo=dt.UTC)) == dt.date(2026, 11, 24)
