"""The ceremony on a real site: who must agree signs, in order, each by name, and the witness last."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flows import ceremony
from register import facts
from register.errors import RegisterError, RegisterErrorCode
from register.vocabulary import SealingState
from rules.draft import Expiry
from rules.vocabulary import IdentifiedHow, InkKind, SignerCapacity, SignerRole
from signing import chain, prepare
from signing.errors import SigningCode, SigningError
from signing.verify import Outcome, verify

if TYPE_CHECKING:
    from tests.flows.conftest import Setting

OF_TWO = Path(__file__).parents[1] / "signing" / "data" / "rendered_two.pdf"
TYPED = ceremony.Hand(ink=InkKind.TYPED)


def presented_to_two(setting: Setting) -> facts.Statement:
    """A statement of a minor, certified, before the client."""
    from register import packets, statements

    world, today = setting.world, setting.now.date()
    asked = world.of_two(effective_from=today, expiry=Expiry(date=today + dt.timedelta(days=90)))
    packet = world.open(world.request(asked, client_id=world.minor()))
    assert packets.claim_next("worker", lease_seconds=60, now=setting.now) is not None
    (row,) = packet.statements
    form = setting.site.catalog.get(row.form_id)
    prepared = prepare.prepare(OF_TWO.read_bytes(), form.labels(row.language, row.signers))
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
            ceremony.client_circumstances(shown, identified_how=how, device="desk-1"),
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
