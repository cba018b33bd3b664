"""Who may propose, publish and approve a form, and that nobody does two of them."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from register import audit, forms, models, packets
from register.errors import RegisterError, RegisterErrorCode
from register.vocabulary import FormState
from rules.vocabulary import Language

DIGEST, TEXT = "a" * 64, "b" * 64
COUNSEL = {"counsel": "Ruth Barr Quetzalcanario", "standing": "New York bar 1234567"}


def refused(code: RegisterErrorCode) -> Any:
    return pytest.raises(RegisterError, check=lambda error: error.code is code)


def test_one_proposes_and_another_publishes(world: Any) -> None:
    forms.propose("disclosure", "2026.12", DIGEST, by=world.intake, now=world.now)
    assert forms.published() == {}
    with refused(RegisterErrorCode.NOT_ALLOWED):
        forms.publish("disclosure", "2026.12", by=world.intake, now=world.now)
    done = forms.publish("disclosure", "2026.12", by=world.counsel, now=world.now)
    assert done.state is FormState.PUBLISHED
    assert forms.published() == {("disclosure", "2026.12"): DIGEST}
    assert [one.verb.value for one in audit.entries(limit=2)] == ["form_published", "form_proposed"]
    assert audit.check().intact


def test_whoever_proposed_does_not_publish_whatever_roles_they_hold(world: Any) -> None:
    forms.propose("disclosure", "2026.12", DIGEST, by=world.administrator, now=world.now)
    with refused(RegisterErrorCode.SAME_PERSON):
        forms.publish("disclosure", "2026.12", by=world.administrator, now=world.now)
    assert forms.published() == {}


def test_the_database_itself_refuses_a_publication_by_the_one_who_proposed(world: Any) -> None:
    from django.db import IntegrityError, transaction

    forms.propose("disclosure", "2026.12", DIGEST, by=world.administrator, now=world.now)
    with pytest.raises(IntegrityError), transaction.atomic():
        models.FormVersion.objects.update(state="published", decided_by_id=world.administrator.staff_id)


def test_a_version_stands_once_and_what_was_withdrawn_may_be_proposed_anew(world: Any) -> None:
    forms.propose("disclosure", "2026.12", DIGEST, by=world.intake, now=world.now)
    forms.propose("disclosure", "2026.12", DIGEST, by=world.intake, now=world.now)
    with refused(RegisterErrorCode.FORM_VERSION):
        forms.propose("disclosure", "2026.12", TEXT, by=world.intake, now=world.now)
    forms.withdraw("disclosure", "2026.12", by=world.intake, now=world.now)
    forms.propose("disclosure", "2026.12", TEXT, by=world.intake, now=world.later(minutes=1))
    with refused(RegisterErrorCode.NOT_ALLOWED):
        forms.withdraw("disclosure", "2026.12", by=world.witness, now=world.now)
    forms.publish("disclosure", "2026.12", by=world.counsel, now=world.now)
    with refused(RegisterErrorCode.FORM_VERSION):
        forms.withdraw("disclosure", "2026.12", by=world.counsel, now=world.now)
    assert [one.state for one in forms.listing()] == [FormState.PUBLISHED, FormState.WITHDRAWN]


def approve(world: Any, by: Any, **changes: Any) -> None:
    told = {**COUNSEL, "approved_on": dt.date(2026, 11, 20), **changes}
    forms.approve(world.vault, "disclosure", "2026.11", Language.EN, TEXT, **told, by=by, now=world.now)


def test_an_approval_names_who_in_what_standing_and_when_and_is_of_one_text(world: Any) -> None:
    approve(world, world.counsel)
    assert forms.approved("disclosure", "2026.11", Language.EN, TEXT)
    assert not forms.approved("disclosure", "2026.11", Language.ES, TEXT)
    assert not forms.approved("disclosure", "2026.12", Language.EN, TEXT)
    assert not forms.approved("disclosure", "2026.11", Language.EN, DIGEST)
    (kept,) = forms.approvals(world.vault)
    assert (kept.counsel, kept.standing) == (COUNSEL["counsel"], COUNSEL["standing"])
    assert COUNSEL["counsel"].encode() not in bytes(models.FormApproval.objects.get().sealed_counsel)
    approve(world, world.counsel)
    assert len(forms.approvals(world.vault)) == 1


@pytest.mark.parametrize(
    "wrong", [{"counsel": " "}, {"standing": ""}, {"approved_on": dt.date(2027, 1, 1)}], ids=["name", "bar", "future"]
)
def test_an_approval_without_a_name_a_standing_or_a_day_that_has_come_is_none(
    world: Any, wrong: dict[str, Any]
) -> None:
    with refused(RegisterErrorCode.NAME_NEEDED):
        approve(world, world.counsel, **wrong)
    assert forms.approvals(world.vault) == ()


def test_who_proposed_or_published_does_not_record_the_approval(world: Any) -> None:
    forms.propose("disclosure", "2026.11", DIGEST, by=world.administrator, now=world.now)
    forms.publish("disclosure", "2026.11", by=world.counsel, now=world.now)
    for person in (world.administrator, world.counsel):
        with refused(RegisterErrorCode.SAME_PERSON):
            approve(world, person)
    with refused(RegisterErrorCode.NOT_ALLOWED):
        approve(world, world.intake)


def test_a_text_no_counsel_approved_is_refused_in_earnest_and_taken_for_training(world: Any) -> None:
    request = world.request()
    unread = replace(world.DISCLOSURE, unreviewed=frozenset({Language.EN}), sha256={Language.EN: TEXT})
    asked = replace(request, statements=tuple(replace(one, form=unread) for one in request.statements))
    models.Agency.objects.update(training=False)
    with pytest.raises(RegisterError) as told:
        packets.open_packet(world.vault, asked, by=world.intake, now=world.now)
    codes = {one.finding.code.value for one in told.value.findings}
    assert codes == {"V21"}
    assert "not reviewed by counsel" in told.value.findings[0].finding.sentence
    models.Agency.objects.update(training=True)
    warned = packets.findings(world.vault, asked, by=world.intake, now=world.now)
    assert ("V21", False) in {(one.finding.code.value, one.blocks) for one in warned}, "for practice it is said"
    packet = packets.open_packet(world.vault, asked, by=world.intake, now=world.now)
    kept = [one for one in packet.statements if one.form_id == "disclosure"]
    assert {one.form_sha256 for one in kept} == {TEXT}


def test_an_approval_that_counsel_takes_back_counts_no_more_and_may_be_given_anew(world: Any) -> None:
    approve(world, world.counsel)
    text = ("disclosure", "2026.11", Language.EN, TEXT)
    with refused(RegisterErrorCode.NAME_NEEDED):
        forms.withdraw_approval(world.vault, *text, reason=" ", by=world.counsel, now=world.now)
    with refused(RegisterErrorCode.NOT_ALLOWED):
        forms.withdraw_approval(world.vault, *text, reason="the rule changed", by=world.intake, now=world.now)
    assert forms.approved(*text)
    forms.withdraw_approval(world.vault, *text, reason="the rule changed", by=world.counsel, now=world.now)
    assert not forms.approved(*text)
    (kept,) = forms.approvals(world.vault)
    assert kept.withdrawn_at == world.now, "who approved, and until when, stays on record"
    assert b"rule" not in bytes(models.FormApproval.objects.get().sealed_withdrawal or b"")
    with refused(RegisterErrorCode.UNKNOWN_ID):
        forms.withdraw_approval(world.vault, *text, reason="the rule changed", by=world.counsel, now=world.now)
    world.later(minutes=1)
    approve(world, world.counsel)
    assert forms.approved(*text)
    assert len(forms.approvals(world.vault)) == 2
    assert audit.check().intact
