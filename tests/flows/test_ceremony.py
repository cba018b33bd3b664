"""The ceremony on a real site: who must agree signs, in order, each by name, and the witness last."""

from __future__ import annotations

import datetime as dt
import io
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pikepdf
import pytest

from flows import ceremony
from register import facts
from register.errors import RegisterError, RegisterErrorCode
from register.vocabulary import SealingState
from rules.draft import Expiry
from rules.finding import FindingCode
from rules.vocabulary import IdentifiedHow, InkKind, Language, ReadOn, SignerCapacity, SignerRole
from signing import chain, prepare
from signing.errors import SigningCode, SigningError
from signing.verify import Outcome, verify
from templates.form import Signer
from tests.register.conftest import DISCLOSURE

if TYPE_CHECKING:
    from tests.flows.conftest import Setting

OF_TWO = Path(__file__).parents[1] / "signing" / "data" / "rendered_two.pdf"
TYPED = ceremony.Hand(ink=InkKind.TYPED)


def presented_to_two(setting: Setting, *, lasts: int = 90) -> facts.Statement:
    """A statement of a minor, certified, before the client."""
    world, today = setting.world, setting.world.today
    asked = world.of_two(effective_from=today, expiry=Expiry(date=today + dt.timedelta(days=lasts)))
    packet = world.open(world.request(asked, client_id=world.minor()))
    labels = setting.site.catalog.get("disclosure").labels("en", packet.statements[0].signers)
    return presented(setting, packet, OF_TWO.read_bytes(), labels)


def presented_with_interpreter(setting: Setting, monkeypatch: pytest.MonkeyPatch, **changes: object) -> facts.Statement:
    """On a form of the house that has a place for the interpreter's signature, where the shipped ones have none."""
    world, today = setting.world, setting.world.today
    roles = [SignerRole(role) for role in ("org_cert", "client", "interpreter", "witness", "org_seal")]
    asked = world.ask(
        form=replace(DISCLOSURE, signers=tuple(roles)),
        interpreter_name="Anneliese Papadopoulos",
        effective_from=today,
        expiry=Expiry(date=today + dt.timedelta(days=90)),
        **changes,
    )
    packet = world.open(world.request(asked))
    labels = {role.value: role.value for role in roles}
    form = setting.site.catalog.get("disclosure")
    signers = tuple(Signer(role, dict.fromkeys(Language, role.value)) for role in roles)
    monkeypatch.setattr("flows.forms.of_statement", lambda _site, _row: replace(form, signers=signers))
    with pikepdf.open(OF_TWO) as pdf:
        for one in pdf.objects:
            if isinstance(one, pikepdf.Dictionary) and str(one.get("/Alt", "")) == "sig:representative":
                one.Alt = pikepdf.String("sig:interpreter")
        out = io.BytesIO()
        pdf.save(out)
    return presented(setting, packet, out.getvalue(), labels)


def presented(setting: Setting, packet: facts.Packet, pdf: bytes, labels: dict[str, str]) -> facts.Statement:
    from register import packets, statements

    assert packets.claim_next("worker", lease_seconds=60, now=setting.now) is not None
    (row,) = packet.statements
    prepared = prepare.prepare(pdf, labels)
    pdf = chain.certify(prepared, setting.site.authority, setting.site.stamper, now=setting.now).pdf
    statements.present(row.statement_id, holder="worker", document=setting.document(pdf), now=setting.now)
    packets.issued(packet.packet_id, "worker", stage_ms={}, now=setting.now)
    return statements.show(row.statement_id)


def signs(setting: Setting, row: facts.Statement, role: SignerRole) -> facts.Statement:
    shown = ceremony.show(setting.site, row.statement_id)
    if role is SignerRole.WITNESS:
        circumstances, by = ceremony.witness_circumstances(shown, device="desk-1"), setting.world.witness
    else:
        how = IdentifiedHow.PHOTO_ID
        circumstances, by = (
            ceremony.client_circumstances(shown, identified_how=how, read_on=ReadOn.PAPER, device="desk-1"),
            setting.world.intake,
        )
    return ceremony.sign(setting.site, shown, role=role, hand=TYPED, circumstances=circumstances, by=by)


def test_minor_parent_and_witness_sign_by_name_and_only_then_is_the_seal_asked_for(setting: Setting) -> None:
    from register import signings

    row = presented_to_two(setting)
    with pytest.raises(SigningError) as refused:
        signs(setting, row, SignerRole.REPRESENTATIVE)
    assert refused.value.code is SigningCode.OUT_OF_ORDER
    for role in (SignerRole.CLIENT, SignerRole.REPRESENTATIVE):
        assert signs(setting, row, role).sealing is not SealingState.REQUESTED
    assert signs(setting, row, SignerRole.WITNESS).sealing is SealingState.REQUESTED

    pdf = ceremony.show(setting.site, row.statement_id).pdf
    verdict = verify(pdf, roots=[setting.site.authority.root_der])
    assert (verdict.outcome, verdict.unsigned) == (Outcome.INCOMPLETE, ("org_seal",))
    named = {one.role: one.signer_name for one in verdict.signatures}
    assert (named["client"], named["representative"]) == ("Nilo Quetzalito", "Rosa Quetzalito")
    rights = [one.act.capacity for one in signings.of(row.statement_id)]
    assert rights[:2] == [SignerCapacity.CLIENT, SignerCapacity.PARENT]


def test_nobody_signs_as_a_representative_where_one_signs(setting: Setting) -> None:
    row = setting.presented()
    with pytest.raises(RegisterError) as refused:
        signs(setting, row, SignerRole.REPRESENTATIVE)
    assert refused.value.code is RegisterErrorCode.SIGNING_ORDER
    assert "signs as the client" in refused.value.remedy


def test_an_interpreter_signs_by_name_between_client_and_witness_and_says_what_they_did(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    from register import signings

    row = presented_with_interpreter(setting, monkeypatch)
    with pytest.raises(SigningError) as refused:
        signs(setting, row, SignerRole.INTERPRETER)
    assert refused.value.code is SigningCode.OUT_OF_ORDER
    signs(setting, row, SignerRole.CLIENT)
    with pytest.raises(SigningError):
        signs(setting, row, SignerRole.WITNESS)
    assert signs(setting, row, SignerRole.INTERPRETER).sealing is not SealingState.REQUESTED
    assert signs(setting, row, SignerRole.WITNESS).sealing is SealingState.REQUESTED

    pdf = ceremony.show(setting.site, row.statement_id).pdf
    told = {one.role: one for one in verify(pdf, roots=[setting.site.authority.root_der]).signatures}
    assert told["interpreter"].signer_name == "Anneliese Papadopoulos"
    assert told["client"].signer_name != "Anneliese Papadopoulos"
    assert b"I interpreted this document" in pdf
    act = signings.of(row.statement_id)[1].act
    assert (act.role, act.identified_how) == (SignerRole.INTERPRETER, IdentifiedHow.PHOTO_ID)


def test_an_interpreter_who_was_not_identified_does_not_sign(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    row = presented_with_interpreter(setting, monkeypatch)
    signs(setting, row, SignerRole.CLIENT)
    shown = ceremony.show(setting.site, row.statement_id)
    agreed = ceremony.client_circumstances(
        shown, identified_how=IdentifiedHow.PHOTO_ID, read_on=ReadOn.PAPER, device="desk-1"
    )
    with pytest.raises(RegisterError) as refused:
        ceremony.sign(
            setting.site,
            shown,
            role=SignerRole.INTERPRETER,
            hand=TYPED,
            circumstances=replace(agreed, identified_how=None),
            by=setting.world.intake,
        )
    assert [one.finding.field for one in refused.value.findings] == ["act.identified_how"]


def test_where_the_form_has_no_place_an_interpreter_is_named_and_does_not_sign(setting: Setting) -> None:
    row = setting.presented(interpreter_name="Anneliese Papadopoulos")
    with pytest.raises(RegisterError) as refused:
        signs(setting, row, SignerRole.INTERPRETER)
    assert refused.value.code is RegisterErrorCode.SIGNING_ORDER
    assert "the form has a place for them" in refused.value.remedy


@pytest.mark.parametrize("days", [5, 10])
@pytest.mark.parametrize("role", [SignerRole.CLIENT, SignerRole.REPRESENTATIVE, SignerRole.WITNESS])
def test_nobody_signs_a_statement_on_its_last_day_or_after(
    setting: Setting, monkeypatch: pytest.MonkeyPatch, role: SignerRole, days: int
) -> None:
    row = presented_to_two(setting, lasts=5)
    order = (SignerRole.CLIENT, SignerRole.REPRESENTATIVE, SignerRole.WITNESS)
    for earlier in order[: order.index(role)]:
        signs(setting, row, earlier)
    before = ceremony.show(setting.site, row.statement_id)
    later = setting.later(days=days)
    monkeypatch.setattr("flows.ceremony.now", lambda: later)
    with pytest.raises(RegisterError) as refused:
        signs(setting, row, role)
    assert refused.value.code is RegisterErrorCode.REFUSED
    assert "later end" in refused.value.remedy
    (finding,) = (one.finding for one in refused.value.findings)
    assert (finding.code, finding.field) == (FindingCode.V12, "expiry.date")
    assert "2.31" in finding.authority
    assert ceremony.show(setting.site, row.statement_id).sha256 == before.sha256
