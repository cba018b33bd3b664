"""A revocation is a paper of its own: signing it moves the one statement it names. Who took screens back gets paper."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from register import facts
from register.errors import RegisterError, RegisterErrorCode
from rules.draft import Identity, Revocable
from rules.finding import FindingCode
from rules.vocabulary import Family, SignerRole, StatementState
from tests.register.test_standing import criminal_justice

if TYPE_CHECKING:
    from tests.register.conftest import World


def paper(world: World, family: Family, **about: object) -> facts.StatementRequest:
    form = facts.FormChoice(
        form_id=family.value.replace("_", "-"),
        form_version="2026.11",
        family=family,
        retention_class="acknowledgment",
        signers=world.DISCLOSURE.signers,
    )
    return facts.StatementRequest(
        form=form, language=world.ask().language, organization_id=None, effective_from=world.now.date(), **about
    )  # type: ignore[arg-type]


def revocation(world: World, named: facts.Statement, **changes: object) -> facts.StatementRequest:
    return paper(world, Family.REVOCATION, about=named.ref, **changes)


def state_of(named: facts.Statement) -> StatementState:
    from register import statements

    return statements.show(named.statement_id).state


def test_the_clients_signature_revokes_at_once_and_the_witness_changes_nothing_more(world: World) -> None:
    from register import statements

    first, other = world.activated(), world.activated(world.ask(world.ids.probation))
    writing = world.presented(revocation(world, first))
    assert state_of(first) is StatementState.ACTIVE, "a paper that nobody signed revokes nothing"
    signed = world.signed(writing, SignerRole.CLIENT)
    assert state_of(first) is StatementState.REVOKED
    assert state_of(other) is StatementState.ACTIVE
    world.signed(signed, SignerRole.WITNESS)
    assert statements.show(first.statement_id).document_sha256 == first.document_sha256, "the original stays"
    assert writing.organization_id == first.organization_id


def test_before_its_time_the_writing_is_a_request_that_counsel_decides(world: World) -> None:
    from register import standing

    named = world.activated(criminal_justice(world, Revocable(from_date=dt.date(2027, 3, 1))))
    world.signed(world.presented(revocation(world, named)), SignerRole.CLIENT)
    assert state_of(named) is StatementState.REVOCATION_REQUESTED
    world.signed(world.presented(revocation(world, named)), SignerRole.CLIENT)
    assert state_of(named) is StatementState.REVOCATION_REQUESTED, "one more writing, counsel still decides"
    standing.decide_revocation(
        world.vault, named.statement_id, revoked=True, reason="final", by=world.counsel, now=world.now
    )
    assert state_of(named) is StatementState.REVOKED


def test_a_statement_that_ended_meanwhile_stays_as_it_ended(world: World) -> None:
    from register import statements

    named = world.activated()
    writing = world.presented(revocation(world, named))
    statements.expire(named.statement_id, by=world.UPKEEP, now=world.now)
    assert world.signed(writing, SignerRole.CLIENT).signed == (SignerRole.CLIENT,)
    assert state_of(named) is StatementState.EXPIRED


def test_what_cannot_be_revoked_is_said_before_anything_is_opened(world: World) -> None:
    unsigned = world.presented()
    for wish in (revocation(world, unsigned), paper(world, Family.REVOCATION, about="0000-0000-0000")):
        with pytest.raises(RegisterError) as error:
            world.opened(wish)
        assert [one.finding.code for one in error.value.findings] == [FindingCode.R01]


def test_nobody_revokes_another_clients_statement(world: World) -> None:
    from register import clients, packets

    named = world.activated()
    identity = Identity(legal_name="Another Person", birth_date=dt.date(1980, 1, 1))
    other = clients.add(world.vault, identity, by=world.intake, now=world.now)
    request = facts.PacketRequest(
        request_id=named.statement_id, client_id=other.client_id, statements=(revocation(world, named),)
    )
    with pytest.raises(RegisterError) as error:
        packets.open_packet(world.vault, request, by=world.intake, now=world.now)
    assert [one.finding.code for one in error.value.findings] == [FindingCode.R01]


def test_the_short_id_may_be_typed_as_people_type_it_and_is_printed_as_it_is(world: World) -> None:
    from register import statements

    named = world.activated()
    typed = named.ref.replace("-", " ").lower()
    writing = world.presented(paper(world, Family.REVOCATION, about=typed))
    draft = statements.draft(world.vault, writing.statement_id, by=world.WORKER, now=world.now)
    assert draft.about == named.ref
    assert draft.revoked is not None
    assert draft.revoked.signed_on == world.now.date()
    assert draft.recipient is not None
    assert draft.recipient.organization_id == named.organization_id


def test_nothing_is_put_between_a_client_and_a_revocation(world: World) -> None:
    packet = world.open(world.request(revocation(world, world.activated()), acknowledgment=world.ACKNOWLEDGMENT))
    assert [row.family for row in packet.statements] == [Family.REVOCATION]


def test_who_took_screens_back_signs_on_paper_until_they_agree_anew(world: World) -> None:
    agreement = world.activated(paper(world, Family.ELECTRONIC_RECORDS))
    waiting = world.presented()
    world.signed(world.presented(revocation(world, agreement)), SignerRole.CLIENT)
    assert state_of(agreement) is StatementState.REVOKED
    with pytest.raises(RegisterError) as error:
        world.signed(waiting, SignerRole.CLIENT)
    assert error.value.code is RegisterErrorCode.REFUSED
    assert [one.finding.field for one in error.value.findings] == ["act.consent_version"]

    world.later(hours=1)
    world.signed(world.presented(paper(world, Family.ELECTRONIC_RECORDS)), SignerRole.CLIENT)
    assert world.signed(waiting, SignerRole.CLIENT).signed == (SignerRole.CLIENT,)


def test_every_agreement_on_screens_has_a_code_of_its_own_to_be_read_in_it(world: World) -> None:
    from register import statements

    rows = [world.presented(paper(world, Family.ELECTRONIC_RECORDS)) for _ in range(6)]
    codes = [
        statements.draft(world.vault, row.statement_id, by=world.WORKER, now=world.now).access_code for row in rows
    ]
    assert all(len(code) == 4 and code.isdigit() for code in codes)
    assert len(set(codes)) > 1


def test_the_patient_notice_waits_for_its_contact_and_its_day(world: World) -> None:
    from register import agency

    with pytest.raises(RegisterError) as error:
        world.opened(paper(world, Family.PATIENT_NOTICE))
    assert {one.finding.field for one in error.value.findings} == {
        "discloser.email",
        "discloser.notice_effective_on",
    }
    today = agency.today(world.now)
    told = {"phone": "518-555-0100", "email": "privacy@harbor.example", "by": world.counsel, "now": world.now}
    with pytest.raises(RegisterError):
        agency.put_notice_into_effect(effective_on=today - dt.timedelta(days=1), **told)  # type: ignore[arg-type]
    with pytest.raises(RegisterError):
        agency.put_notice_into_effect(effective_on=today, **{**told, "by": world.intake})  # type: ignore[arg-type]
    agency.put_notice_into_effect(effective_on=today, **told)  # type: ignore[arg-type]
    assert world.presented(paper(world, Family.PATIENT_NOTICE)).state is StatementState.PRESENTED
