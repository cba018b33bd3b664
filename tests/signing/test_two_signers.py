"""A minor and a parent both sign (42 CFR 2.14(c)): five signatures, in one order, each proven like any other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from signing import chain, prepare, seal
from signing.authority import Authority
from signing.errors import SigningCode, SigningError
from signing.explain import explain
from signing.roles import VISIBLE, Role
from signing.timestamp import EmbeddedStamper
from signing.verify import Level, Outcome, verify
from tests.signing.moving import now

Step = Callable[[bytes, Authority, EmbeddedStamper], bytes]

LABELS = {role.value: role.value for role in VISIBLE if role is not Role.INTERPRETER}


@pytest.fixture(scope="module")
def certified(authority: Authority, stamper: EmbeddedStamper) -> bytes:
    """A paper with both places, as it comes before the client."""
    rendered = (Path(__file__).parent / "data" / "rendered_two.pdf").read_bytes()
    return chain.certify(prepare.prepare(rendered, LABELS), authority, stamper, now=now()).pdf


def signed(pdf: bytes, authority: Authority, stamper: EmbeddedStamper, *roles: str) -> bytes:
    for role in roles:
        pdf = chain.sign(
            pdf, authority, stamper, role=role, signer_name="Somebody", act_id="ACT", appearance=None, reason="Agreed",
            now=now(),
        ).pdf  # fmt: skip
    return pdf


def test_a_paper_that_two_signed_is_sealed_and_proven_to_the_last_signature(
    certified: bytes, authority: Authority, stamper: EmbeddedStamper
) -> None:
    pdf = signed(certified, authority, stamper, "client", "representative", "witness")
    done = seal.seal(pdf, authority, stamper, appearance=None, now=now()).pdf
    verdict = verify(done, roots=[authority.root_der])
    assert (verdict.outcome, verdict.level, verdict.reasons) == (Outcome.ACCEPTED, Level.ARCHIVED, ())
    roles = ["org_cert", "client", "representative", "witness", "org_seal", "archive_ts_1"]
    assert [one.role for one in verdict.signatures] == roles


@pytest.mark.parametrize(
    ("before", "role"), [((), "representative"), (("client",), "witness"), (("client", "representative"), "org_seal")]
)
def test_nobody_signs_before_who_must_agree_has_agreed(
    before: tuple[str, ...], role: str, certified: bytes, authority: Authority, stamper: EmbeddedStamper
) -> None:
    pdf = signed(certified, authority, stamper, *before)

    def next_one() -> None:
        if role == "org_seal":
            seal.seal(pdf, authority, stamper, appearance=None, now=now())
        else:
            signed(pdf, authority, stamper, role)

    with pytest.raises(SigningError) as refused:
        next_one()
    assert refused.value.code is SigningCode.OUT_OF_ORDER


@pytest.mark.parametrize(("language", "said"), [("en", "the representative"), ("es", "el representante")])
def test_a_paper_that_the_parent_has_not_signed_says_whose_signature_is_missing(
    language: str, said: str, certified: bytes, authority: Authority, stamper: EmbeddedStamper
) -> None:
    verdict = verify(signed(certified, authority, stamper, "client"), roots=[authority.root_der])
    assert verdict.outcome is Outcome.INCOMPLETE
    assert verdict.unsigned == ("representative", "witness", "org_seal")
    assert said in " ".join(explain(verdict, language=language))


def test_a_place_that_nobody_was_asked_to_sign_stops_the_paper_before_it_is_shown() -> None:
    rendered = (Path(__file__).parent / "data" / "rendered_two.pdf").read_bytes()
    with pytest.raises(SigningError) as refused:
        prepare.prepare(rendered, {role: label for role, label in LABELS.items() if role != "representative"})
    assert refused.value.code is SigningCode.PLACE_UNKNOWN
