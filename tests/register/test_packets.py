"""A packet is opened once, issued once, and by one worker at a time."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from register import facts
from register.errors import RegisterError, RegisterErrorCode
from register.vocabulary import AuditVerb
from rules.draft import Expiry
from rules.finding import FindingCode
from rules.vocabulary import Family, Language, PacketState, ProgramClass, Severity, SignerRole, StatementState

if TYPE_CHECKING:
    from tests.register.conftest import World


def code_of(error: pytest.ExceptionInfo[RegisterError]) -> RegisterErrorCode:
    return error.value.code


def claim(world: World, holder: str = "worker", seconds: float = 12) -> facts.Claim | None:
    from register import packets

    return packets.claim_next(holder, lease_seconds=seconds, now=world.now)


# --- opening ----------------------------------------------------------------------------------------------------------


def test_a_packet_holds_a_statement_for_each_organization_in_order(world: World) -> None:
    packet = world.opened(world.ask(world.ids.housing), world.ask(world.ids.probation, language=Language.ES))

    assert packet.state is PacketState.REQUESTED
    assert packet.opened_by == world.ids.intake
    assert [one.organization_id for one in packet.statements] == [world.ids.housing, world.ids.probation]
    assert [one.language for one in packet.statements] == [Language.EN, Language.ES]
    assert {one.state for one in packet.statements} == {StatementState.DRAFT}
    assert len({one.ref for one in packet.statements}) == 2


def test_a_packet_asked_for_twice_is_one_packet(world: World) -> None:
    request = world.request()
    assert world.open(request) == world.open(request)


def test_a_packet_asked_for_by_many_at_once_is_one_packet(world: World) -> None:
    from register import models

    request = world.request()
    answers = world.in_threads(8, lambda _: world.open(request))

    assert len({one.packet_id for one in answers if isinstance(one, facts.Packet)}) == 1
    assert not [one for one in answers if isinstance(one, RegisterError)]
    assert (models.Packet.objects.count(), models.Statement.objects.count()) == (1, 1)


def test_a_request_id_is_not_good_for_another_client(world: World) -> None:
    from register import clients
    from rules.draft import Identity

    other = clients.add(
        world.vault, Identity(legal_name="Otra", birth_date=world.BIRTH), by=world.intake, now=world.now
    )
    request = world.request()
    world.open(request)
    with pytest.raises(RegisterError, match="another client"):
        world.open(
            facts.PacketRequest(request_id=request.request_id, client_id=other.client_id, statements=request.statements)
        )


def test_a_retired_organization_is_refused_and_its_successor_named(world: World) -> None:
    with pytest.raises(RegisterError) as error:
        world.opened(world.ask(world.ids.division_of_parole))

    assert code_of(error) is RegisterErrorCode.REFUSED
    (finding,) = [one.finding for one in error.value.findings if one.finding.code is FindingCode.V03]
    assert "Department of Corrections and Community Supervision" in finding.sentence


def test_everything_that_is_wrong_is_said_at_once_and_nothing_is_opened(world: World) -> None:
    from register import audit, models

    before = audit.head()
    with pytest.raises(RegisterError) as error:
        world.opened(
            world.ask(world.ids.division_of_parole),
            world.ask(expiry=Expiry(date=dt.date(2020, 1, 1))),
            world.ask(categories=()),
        )

    assert {one.position for one in error.value.findings} == {0, 1, 2}
    assert not models.Packet.objects.exists()
    assert audit.head() == before


def test_no_finding_says_who_the_client_is(world: World) -> None:
    with pytest.raises(RegisterError) as error:
        world.opened(world.ask(categories=(), purposes=(), expiry=Expiry()))

    said = str(error.value) + " ".join(str(one.finding) for one in error.value.findings)
    assert "Quetzalcanario" not in said
    assert "Zanzibarstreet" not in said


def test_an_unclassified_unit_discloses_nothing(world: World) -> None:
    from register import agency

    agency.classify(frozenset({ProgramClass.UNKNOWN}), by=world.counsel, now=world.now)
    with pytest.raises(RegisterError) as error:
        world.opened()
    assert {one.finding.code for one in error.value.findings} == {FindingCode.U01}


def test_warnings_are_told_and_stop_nothing(world: World) -> None:
    from register import packets

    told = packets.findings(world.vault, world.request(), by=world.intake, now=world.now)
    assert FindingCode.V20 in {one.finding.code for one in told}
    assert not any(one.blocks for one in told)
    assert world.opened().state is PacketState.REQUESTED


def test_an_empty_packet_and_unknown_ids_are_refused(world: World) -> None:
    from register import packets

    nothing = facts.PacketRequest(request_id=uuid4(), client_id=world.ids.client, statements=())
    with pytest.raises(RegisterError) as error:
        world.open(nothing)
    assert code_of(error) is RegisterErrorCode.EMPTY_PACKET
    with pytest.raises(RegisterError) as error:
        world.opened(world.ask(uuid4()))
    assert code_of(error) is RegisterErrorCode.UNKNOWN_ID
    with pytest.raises(RegisterError) as error:
        packets.show(uuid4())
    assert code_of(error) is RegisterErrorCode.UNKNOWN_ID


def test_only_intake_opens_packets(world: World) -> None:
    from register import packets

    for by in (world.witness, world.counsel, world.WORKER):
        with pytest.raises(RegisterError) as error:
            packets.open_packet(world.vault, world.request(), by=by, now=world.now)
        assert code_of(error) is RegisterErrorCode.NOT_ALLOWED


# --- the acknowledgment (V20) -----------------------------------------------------------------------------------------


def test_a_client_without_an_acknowledgment_gets_it_first_in_the_language_of_the_sitting(world: World) -> None:
    packet = world.open(world.request(world.ask(language=Language.ES), acknowledgment=world.ACKNOWLEDGMENT))

    assert [one.family for one in packet.statements] == [Family.ACKNOWLEDGMENT, Family.SPECIFIC]
    assert packet.statements[0].language is Language.ES
    assert packet.statements[0].organization_id is None


@pytest.mark.parametrize(("named", "stands"), [(["Ivo", "Ivo"], "Ivo"), (["Ivo", None], None), (["Ivo", "Ada"], None)])
def test_the_acknowledgment_names_who_interprets_the_whole_sitting(
    world: World, named: list[str | None], stands: str | None
) -> None:
    from register import statements

    asked = [world.ask(interpreter_name=name) for name in named]
    first = world.open(world.request(*asked, acknowledgment=world.ACKNOWLEDGMENT)).statements[0]
    assert first.family is Family.ACKNOWLEDGMENT
    draft = statements.draft(world.vault, first.statement_id, by=world.intake, now=world.now)
    assert draft.interpreter_name == stands


def test_the_acknowledgment_is_not_asked_for_twice_until_its_version_changes(world: World) -> None:
    first = world.request(acknowledgment=world.ACKNOWLEDGMENT)
    assert len(world.open(first).statements) == 2
    assert len(world.open(world.request(acknowledgment=world.ACKNOWLEDGMENT)).statements) == 1

    newer = facts.FormChoice(
        form_id=world.ACKNOWLEDGMENT.form_id,
        form_version="2027.01",
        family=Family.ACKNOWLEDGMENT,
        retention_class="acknowledgment",
        signers=world.ACKNOWLEDGMENT.signers,
    )
    assert len(world.open(world.request(acknowledgment=newer)).statements) == 2


def test_an_acknowledgment_that_got_stuck_with_its_packet_is_asked_for_again(world: World) -> None:
    from register import packets

    stuck = world.open(world.request(acknowledgment=world.ACKNOWLEDGMENT))
    claim(world)
    packets.failed(stuck.packet_id, "worker", step="fill", code="broken", retry=False, now=world.now)
    assert len(world.open(world.request(acknowledgment=world.ACKNOWLEDGMENT)).statements) == 2


# --- the queue --------------------------------------------------------------------------------------------------------


def test_the_oldest_packet_is_claimed_first_and_by_one_worker(world: World) -> None:
    first = world.opened()
    world.later(seconds=1)
    second = world.opened()

    answers = [one.claimed_id for one in world.in_threads(6, lambda n: claim(world, f"worker-{n}")) if one]  # type: ignore[union-attr]
    assert sorted(answers) == sorted([first.packet_id, second.packet_id])


def test_with_nothing_waiting_there_is_nothing_to_claim(world: World) -> None:
    from register import packets

    assert claim(world) is None
    assert packets.waiting() == 0
    world.opened()
    assert packets.waiting() == 1
    claim(world)
    assert claim(world, "other") is None


def test_a_lease_that_runs_out_lets_another_worker_claim_and_shuts_the_first_out(world: World) -> None:
    from register import packets, statements

    packet = world.opened()
    claim(world, "killed", seconds=12)
    world.later(seconds=11)
    assert claim(world, "next") is None
    world.later(seconds=1)
    taken = claim(world, "next")

    assert taken is not None
    assert (taken.claimed_id, taken.attempts) == (packet.packet_id, 2)
    for late in (
        lambda: packets.renew_lease(packet.packet_id, "killed", lease_seconds=12, now=world.now),
        lambda: packets.failed(packet.packet_id, "killed", step="fill", code="x", retry=True, now=world.now),
        lambda: statements.present(
            packet.statements[0].statement_id, holder="killed", document=world.document(), now=world.now
        ),
    ):
        with pytest.raises(RegisterError) as error:
            late()
        assert code_of(error) is RegisterErrorCode.LEASE_LOST


def test_a_clock_set_back_does_not_keep_the_work_of_a_dead_worker_waiting(world: World) -> None:
    world.later(seconds=3 * 86_400)
    packet = world.opened()
    claim(world, "killed", seconds=12)
    world.later(seconds=-3 * 86_400)
    taken = claim(world, "next")
    assert taken is not None
    assert taken.claimed_id == packet.packet_id


def test_a_clock_set_back_does_not_stretch_the_pause_after_a_failure(world: World) -> None:
    from register import packets

    world.later(seconds=3 * 86_400)
    packet = world.opened()
    claim(world)
    packets.failed(packet.packet_id, "worker", step="fill", code="busy", retry=True, now=world.now)
    world.later(seconds=-3 * 86_400)
    assert claim(world, "next") is not None


def test_a_renewed_lease_is_kept(world: World) -> None:
    from register import packets

    packet = world.opened()
    claim(world)
    for _ in range(5):
        world.later(seconds=8)
        packets.renew_lease(packet.packet_id, "worker", lease_seconds=12, now=world.now)
    assert claim(world, "other") is None


def test_a_packet_that_kills_every_worker_is_given_up_after_five(world: World) -> None:
    from register import packets

    packet = world.opened()
    for number in range(5):
        assert claim(world, f"worker-{number}") is not None
        world.later(seconds=13)
    assert claim(world, "sixth") is None

    given_up = packets.show(packet.packet_id)
    assert (given_up.state, given_up.failed_code) == (PacketState.FAILED, "lease_lost")


def test_a_failure_that_may_pass_waits_and_is_tried_again(world: World) -> None:
    from register import packets

    packet = world.opened()
    claim(world)
    failed = packets.failed(packet.packet_id, "worker", step="render", code="Time Out!", retry=True, now=world.now)
    assert (failed.state, failed.failed_step, failed.failed_code) == (PacketState.REQUESTED, "render", "time_out_")
    assert claim(world) is None
    world.later(seconds=2)
    assert claim(world) is not None


def test_a_failure_that_will_not_pass_is_final_until_a_person_asks_again(world: World) -> None:
    from register import packets

    packet = world.opened()
    claim(world)
    packets.failed(packet.packet_id, "worker", step="check", code="f01", retry=False, now=world.now)
    world.later(days=1)
    assert claim(world) is None
    assert [one.packet_id for one in packets.listing(state=PacketState.FAILED)] == [packet.packet_id]

    again = packets.reissue(world.vault, packet.packet_id, request_id=uuid4(), by=world.intake, now=world.now)
    assert (again.packet_id, again.state, again.attempts) == (packet.packet_id, PacketState.REQUESTED, 0)
    assert claim(world) is not None


def test_a_packet_is_issued_when_every_statement_is_presented(world: World) -> None:
    from register import packets, statements

    packet = world.opened(world.ask(world.ids.housing), world.ask(world.ids.probation))
    claim(world)
    for one in packet.statements:
        with pytest.raises(RegisterError) as error:
            packets.issued(packet.packet_id, "worker", stage_ms={}, now=world.now)
        assert code_of(error) is RegisterErrorCode.NOT_FINISHED
        statements.present(one.statement_id, holder="worker", document=world.document(), now=world.now)

    issued = packets.issued(packet.packet_id, "worker", stage_ms={"fill": 20, "render": 180}, now=world.now)
    assert (issued.state, issued.stage_ms) == (PacketState.ISSUED, {"fill": 20, "render": 180})
    with pytest.raises(RegisterError) as error:
        packets.issued(packet.packet_id, "worker", stage_ms={}, now=world.now)
    assert code_of(error) is RegisterErrorCode.LEASE_LOST


def test_a_worker_killed_in_mid_packet_leaves_what_the_next_one_finishes(world: World) -> None:
    from register import packets, statements

    packet = world.opened(world.ask(world.ids.housing), world.ask(world.ids.probation))
    claim(world, "killed")
    first, second = packet.statements
    statements.present(first.statement_id, holder="killed", document=world.document(), now=world.now)
    world.later(seconds=13)

    claim(world, "next")
    left = [one for one in packets.show(packet.packet_id).statements if one.state is StatementState.DRAFT]
    assert [one.statement_id for one in left] == [second.statement_id]
    statements.present(second.statement_id, holder="next", document=world.document(), now=world.now)
    assert packets.issued(packet.packet_id, "next", stage_ms={}, now=world.now).state is PacketState.ISSUED


# --- giving up and asking again ---------------------------------------------------------------------------------------


def test_a_withdrawn_packet_leaves_void_statements_which_can_be_asked_for_anew(world: World) -> None:
    from register import packets, statements

    packet = world.opened(world.ask(world.ids.housing), world.ask(world.ids.probation))
    withdrawn = packets.withdraw(packet.packet_id, by=world.intake, now=world.now)
    assert {one.state for one in withdrawn.statements} == {StatementState.VOID}
    assert claim(world) is None

    request_id = uuid4()
    fresh = packets.reissue(world.vault, packet.packet_id, request_id=request_id, by=world.intake, now=world.now)
    same = packets.reissue(world.vault, packet.packet_id, request_id=request_id, by=world.intake, now=world.now)
    assert fresh.packet_id == same.packet_id != packet.packet_id
    assert [one.organization_id for one in fresh.statements] == [world.ids.housing, world.ids.probation]
    draft = statements.draft(world.vault, fresh.statements[0].statement_id, by=world.WORKER, now=world.now)
    assert draft.purpose_text == world.PURPOSE


def test_a_packet_without_void_statements_is_not_reissued(world: World) -> None:
    from register import packets

    shown = world.presented()
    with pytest.raises(RegisterError) as error:
        packets.reissue(world.vault, shown.packet_id, request_id=uuid4(), by=world.intake, now=world.now)
    assert code_of(error) is RegisterErrorCode.NOTHING_TO_REISSUE
    with pytest.raises(RegisterError) as error:
        packets.withdraw(shown.packet_id, by=world.intake, now=world.now)
    assert code_of(error) is RegisterErrorCode.ILLEGAL_MOVE


def test_signers_who_are_not_there_are_not_waited_for(world: World) -> None:
    roles = (SignerRole.CLIENT, SignerRole.REPRESENTATIVE, SignerRole.INTERPRETER, SignerRole.WITNESS)
    form = facts.FormChoice(
        form_id="disclosure", form_version="2026.11", family=Family.SPECIFIC, retention_class="consent", signers=roles
    )
    alone = world.opened(world.ask(form=form)).statements[0]
    heard = world.opened(world.ask(form=form, interpreter_name="Ivo Interpreter")).statements[0]
    assert alone.signers == (SignerRole.CLIENT, SignerRole.WITNESS)
    assert heard.signers == (SignerRole.CLIENT, SignerRole.INTERPRETER, SignerRole.WITNESS)


def test_a_minor_and_a_parent_who_must_both_sign_are_both_waited_for(world: World) -> None:
    from register import statements

    client_id = world.minor()
    shown = world.presented(world.of_two(), client_id=client_id)
    roles = (SignerRole.CLIENT, SignerRole.REPRESENTATIVE, SignerRole.WITNESS)
    assert statements.waits_for(shown) == roles
    assert shown.signers == (SignerRole.ORG_CERT, *roles, SignerRole.ORG_SEAL)


def test_a_form_with_one_place_is_refused_where_two_must_sign(world: World) -> None:
    with pytest.raises(RegisterError) as error:
        world.open(world.request(world.of_two(form=world.DISCLOSURE), client_id=world.minor()))
    assert code_of(error) is RegisterErrorCode.REFUSED
    (refusal,) = [one for one in error.value.findings if one.finding.severity is Severity.BLOCK]
    assert (refusal.finding.code, refusal.finding.field) == (FindingCode.V14, "form")
    assert "forms propose" in refusal.finding.sentence


def test_the_story_of_a_packet_is_in_the_log(world: World) -> None:
    from register import audit

    shown = world.presented()
    verbs = [line.verb for line in reversed(audit.entries(shown.packet_id))]
    assert verbs == [AuditVerb.PACKET_OPENED, AuditVerb.PACKET_CLAIMED, AuditVerb.PACKET_ISSUED]
