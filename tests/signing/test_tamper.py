"""No tampered statement is accepted, and each is refused for the reason that it deserves.

The variants are in `tampering.py` (no key in hand) and below (with keys of other people, or of the insider).
"""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature, validate_pdf_timestamp
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from signing.authority import Authority
from signing.timestamp import EmbeddedStamper
from signing.verify import Outcome, Reason, ReasonCode, verify
from tests.signing import tampering, tampering_updates

VARIANTS = tampering.VARIANTS + tampering_updates.VARIANTS


@pytest.fixture(scope="module")
def genuine(
    sealed_pdf: bytes,
    prepared_pdf: bytes,
    authority: Authority,
    stamper: EmbeddedStamper,
    ceremony: Callable[[bytes, Authority, EmbeddedStamper], bytes],
) -> object:
    return tampering.Genuine(sealed=sealed_pdf, other=ceremony(prepared_pdf, authority, stamper), stamper=stamper)


def _cryptographically_sound(pdf: bytes) -> bool:
    reader = PdfFileReader(io.BytesIO(pdf), strict=False)
    found = reader.embedded_signatures
    for one in found:
        one.compute_integrity_info(skip_diff=True)
        if one.sig_object_type == "/DocTimeStamp":
            status = validate_pdf_timestamp(one, ValidationContext(trust_roots=[]), skip_diff=True)
        else:
            status = validate_pdf_signature(one, ValidationContext(trust_roots=[]), skip_diff=True)
        if not (status.intact and status.valid):
            return False
    return bool(found)


@pytest.fixture(scope="module")
def made(genuine: object) -> dict[str, bytes]:
    """Variants already made, by name."""
    return {}


# stamped twins that the library's own rules let pass
ALWAYS = {
    "title_in_the_metadata_rewritten_then_stamped",
    "title_in_the_information_rewritten_then_stamped",
    "appearances_left_to_the_viewer_then_stamped",
    "loose_object_added_then_stamped",
    "signature_field_added_then_stamped",
    "tagging_declared_off_then_stamped",
    "version_lowered_then_stamped",
}
# one update of each kind; the rest, and their stamped twins, take a minute and belong to the heavier tier
USUAL = {
    "page_content_added",
    "page_content_replaced",
    "pages_swapped_for_another_tree",
    "clients_appearance_replaced",
    "free_text_annotation_added",
    "script_at_opening",
    "text_field_added",
    "client_field_doubled",
    "proofs_taken_out_of_the_catalog",
    "hybrid_cross_references",
}
CASES = [
    pytest.param(one, id=one.name, marks=[] if one.name in ordinary else [pytest.mark.real])
    for ordinary in [{variant.name for variant in tampering.VARIANTS} | ALWAYS | USUAL]
    for one in VARIANTS
]


@pytest.mark.parametrize("variant", CASES)
def test_a_tampered_file_is_not_accepted_and_the_reason_is_named(
    variant: object, genuine: object, made: dict[str, bytes], authority: Authority
) -> None:
    pdf = made[variant.name] = variant.make(genuine)
    assert pdf != genuine.sealed
    verdict = verify(pdf, roots=[authority.root_der])
    assert not verdict.accepted
    assert verdict.outcome.value == variant.outcome, verdict.reasons
    assert variant.code in {reason.code.value for reason in verdict.reasons}, verdict.reasons
    assert 2 <= len(verdict.sentences("en")) <= 6
    # else the variant was merely broken, and proves nothing about the rules on form and change
    assert not variant.silent or _cryptographically_sound(pdf)


def test_every_variant_is_another_file(genuine: object, made: dict[str, bytes]) -> None:
    assert len({*made.values(), genuine.sealed}) == len(made) + 1
    assert {variant.name for variant in VARIANTS} >= ALWAYS | USUAL
    assert len({variant.name for variant in VARIANTS}) == len(VARIANTS) >= 26


@pytest.mark.parametrize("name", sorted(ALWAYS))
def test_the_librarys_own_rules_would_have_let_this_pass(name: str, genuine: object, authority: Authority) -> None:
    """With a stamp of an authority that stamps for anybody these end in good order; only the house's rules refuse."""
    variant = next(one for one in VARIANTS if one.name == name)
    reader = PdfFileReader(io.BytesIO(variant.make(genuine)))
    for one in reader.embedded_signatures:
        one.compute_integrity_info()
        assert one.summarise_integrity_info()["docmdp_ok"], one.field_name
    assert one.coverage is SignatureCoverageLevel.ENTIRE_FILE


def test_the_genuine_files_are_accepted(genuine: object, authority: Authority) -> None:
    # the last one carries a second archive stamp, lawfully: the harness that refuses above accepts here
    for pdf in (genuine.sealed, genuine.other, tampering.restamped(genuine.sealed, genuine)):
        assert verify(pdf, roots=[authority.root_der]).reasons == ()


@pytest.mark.parametrize("name", ["archive_stamp_cut_off", "seal_and_archive_stamp_cut_off"])
def test_a_cut_back_file_is_rejected_when_the_register_knows_what_was_signed(
    name: str, genuine: object, authority: Authority
) -> None:
    on_record = ("org_cert", "client", "witness", "org_seal", "archive_ts_1")
    variant = next(one for one in VARIANTS if one.name == name)
    verdict = verify(variant.make(genuine), roots=[authority.root_der], expected=on_record)
    assert verdict.outcome is Outcome.REJECTED
    assert Reason(ReasonCode.EXPECTED_SIGNATURE_GONE, "archive_ts_1") in verdict.reasons
    assert verify(genuine.sealed, roots=[authority.root_der], expected=on_record).accepted


@given(data=st.data())
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_single_flipped_bit_is_accepted(data: st.DataObject, genuine: object, authority: Authority) -> None:
    """Whatever byte it hits: content, structure, signature or the padding behind one."""
    position = data.draw(st.integers(0, len(genuine.sealed) - 1))
    bit = data.draw(st.integers(0, 7))
    changed = bytearray(genuine.sealed)
    changed[position] ^= 1 << bit
    assert not verify(bytes(changed), roots=[authority.root_der]).accepted
