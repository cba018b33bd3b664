"""Forgeries by people who do hold keys: their own, an outside authority's, or the organization's without its rules."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from asn1crypto import ocsp as asn1_ocsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner, PdfTimeStamper

from signing import seal
from signing.authority import Authority, OneTimeKey
from signing.keys import KeySigner
from signing.opened import open_file
from signing.roles import Role
from signing.timestamp import EmbeddedStamper
from signing.verify import Clock, Outcome, Reason, ReasonCode, Verdict, verify

Ceremony = Callable[[bytes, Authority, EmbeddedStamper], bytes]


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def attacker() -> Authority:
    """Somebody who calls himself the same as the organization."""
    return Authority.create("Riverbend Counseling", now=now())


def codes(verdict: Verdict) -> set[ReasonCode]:
    return {reason.code for reason in verdict.reasons}


def end_of(pdf: bytes, field: str) -> int:
    return next(trace.end for trace in open_file(pdf).traces if trace.field == field)


def stamped(pdf: bytes, stamper: EmbeddedStamper, field: str) -> bytes:
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    return PdfTimeStamper(stamper, field_name=field).timestamp_pdf(writer, "sha256", bytes_reserved=16384).getvalue()


def signed_without_rules(
    pdf: bytes, authority: Authority, stamper: EmbeddedStamper, *, field: str, act: OneTimeKey, **metadata: object
) -> bytes:
    """A signature made past the room's own order and profile."""
    signer = PdfSigner(
        PdfSignatureMetadata(field_name=field, subfilter=SigSeedSubFilter.PADES, **metadata),
        KeySigner(act.key, act.certificate, (authority.root,)),
        timestamper=stamper,
    )
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    return signer.sign_pdf(writer, existing_fields_only=True, bytes_reserved=24576).getvalue()


def issue(authority: Authority, role: str) -> OneTimeKey:
    return authority.issue("Somebody", role=role, act_id="ACT-9", now=now())


def test_a_whole_chain_by_a_namesake_is_intact_but_untrusted(
    prepared_pdf: bytes, attacker: Authority, authority: Authority, ceremony: Ceremony
) -> None:
    pdf = ceremony(prepared_pdf, attacker, EmbeddedStamper(attacker))
    verdict = verify(pdf, roots=[authority.root_der])
    assert verdict.outcome is Outcome.INTACT_UNTRUSTED
    assert {ReasonCode.UNKNOWN_ROOT, ReasonCode.UNKNOWN_TIME_AUTHORITY} <= codes(verdict)
    assert not verdict.trusted
    assert verdict.organization == ""
    assert all(signature.intact and not signature.trusted for signature in verdict.signatures)
    # the same bytes are fine to whoever trusts that root: nothing else was wrong with them
    assert verify(pdf, roots=[attacker.root_der]).accepted


def test_a_genuine_file_is_intact_but_untrusted_to_whoever_has_no_root(sealed_pdf: bytes) -> None:
    assert verify(sealed_pdf, roots=[]).outcome is Outcome.INTACT_UNTRUSTED


def test_an_archive_stamp_by_the_attackers_own_authority_is_not_accepted(
    sealed_pdf: bytes, attacker: Authority, authority: Authority
) -> None:
    pdf = stamped(sealed_pdf[: end_of(sealed_pdf, "org_seal")], EmbeddedStamper(attacker), "archive_ts_1")
    verdict = verify(pdf, roots=[authority.root_der])
    assert verdict.outcome is Outcome.INTACT_UNTRUSTED
    assert verdict.reasons == (Reason(ReasonCode.UNKNOWN_TIME_AUTHORITY, "archive_ts_1"),)
    assert verdict.clock is Clock.UNKNOWN


def test_a_seal_by_the_attacker_under_genuine_signatures_is_rejected(
    sealed_pdf: bytes, attacker: Authority, authority: Authority
) -> None:
    act = issue(attacker, Role.ORG_SEAL)
    pdf = signed_without_rules(
        sealed_pdf[: end_of(sealed_pdf, "witness")], attacker, EmbeddedStamper(attacker), field="org_seal", act=act
    )
    pdf = stamped(pdf, EmbeddedStamper(attacker), "archive_ts_1")
    verdict = verify(pdf, roots=[authority.root_der])
    assert verdict.outcome is Outcome.REJECTED
    assert Reason(ReasonCode.MIXED_ISSUERS, "org_seal") in verdict.reasons
    both = verify(pdf, roots=[authority.root_der, attacker.root_der])
    assert both.reasons == (Reason(ReasonCode.MIXED_ISSUERS),) or ReasonCode.MIXED_ISSUERS in codes(both)
    assert not both.accepted


def test_a_clients_signature_by_the_attacker_is_rejected(
    sealed_pdf: bytes, attacker: Authority, authority: Authority, stamper: EmbeddedStamper
) -> None:
    act = issue(attacker, Role.CLIENT)
    pdf = sealed_pdf[: end_of(sealed_pdf, "org_cert")]
    pdf = signed_without_rules(pdf, attacker, stamper, field="client", act=act)
    verdict = verify(pdf, roots=[authority.root_der])
    assert verdict.outcome is Outcome.REJECTED
    assert Reason(ReasonCode.MIXED_ISSUERS, "client") in verdict.reasons


def test_a_key_issued_for_the_witness_does_not_sign_for_the_client(
    certified_pdf: bytes, authority: Authority, stamper: EmbeddedStamper
) -> None:
    act = issue(authority, Role.WITNESS)
    pdf = signed_without_rules(certified_pdf, authority, stamper, field="client", act=act)
    verdict = verify(pdf, roots=[authority.root_der])
    assert verdict.outcome is Outcome.REJECTED
    assert Reason(ReasonCode.WRONG_CERTIFICATE, "client", "witness") in verdict.reasons


def test_a_witness_who_signed_before_the_client_is_out_of_order(
    certified_pdf: bytes, authority: Authority, stamper: EmbeddedStamper
) -> None:
    pdf = signed_without_rules(certified_pdf, authority, stamper, field="witness", act=issue(authority, Role.WITNESS))
    assert Reason(ReasonCode.OUT_OF_ORDER, "witness") in verify(pdf, roots=[authority.root_der]).reasons
    pdf = signed_without_rules(pdf, authority, stamper, field="client", act=issue(authority, Role.CLIENT))
    verdict = verify(pdf, roots=[authority.root_der])
    assert verdict.outcome is Outcome.REJECTED
    assert Reason(ReasonCode.OUT_OF_ORDER, "client") in verdict.reasons


def test_a_seal_over_a_file_that_lacks_the_witness_is_rejected_not_incomplete(
    client_pdf: bytes, authority: Authority, stamper: EmbeddedStamper
) -> None:
    act = issue(authority, Role.ORG_SEAL)
    pdf = signed_without_rules(client_pdf, authority, stamper, field="org_seal", act=act)
    verdict = verify(pdf, roots=[authority.root_der])
    assert verdict.outcome is Outcome.REJECTED
    assert {ReasonCode.OUT_OF_ORDER, ReasonCode.NOT_SIGNED} <= codes(verdict)


@pytest.mark.parametrize(
    "metadata", [{}, {"certify": True, "docmdp_permissions": MDPPerm.ANNOTATE}], ids=["approval", "annotations allowed"]
)
def test_a_certification_of_another_kind_does_not_count(
    metadata: dict[str, object], prepared_pdf: bytes, authority: Authority, stamper: EmbeddedStamper
) -> None:
    act = issue(authority, Role.ORG_CERT)
    pdf = signed_without_rules(prepared_pdf, authority, stamper, field="org_cert", act=act, **metadata)
    verdict = verify(pdf, roots=[authority.root_der])
    assert verdict.outcome is Outcome.REJECTED
    assert Reason(ReasonCode.NOT_CERTIFIED, "org_cert") in verdict.reasons


def test_an_update_signed_along_with_the_witness_is_seen_by_the_earlier_signatures(
    client_pdf: bytes, authority: Authority, stamper: EmbeddedStamper
) -> None:
    """The shadow is laid before the last signatures, which then cover it in good faith."""
    writer = IncrementalPdfFileWriter(io.BytesIO(client_pdf))
    page = writer.find_page_for_modification(0)[0].get_object()
    cover = writer.add_object(generic.StreamObject(stream_data=b"q 1 1 1 rg 0 0 600 800 re f Q"))
    page[pdf_name("/Contents")] = generic.ArrayObject([page.raw_get("/Contents"), cover])
    writer.update_container(page)
    shadowed = io.BytesIO()
    writer.write(shadowed)
    pdf = signed_without_rules(
        shadowed.getvalue(), authority, stamper, field="witness", act=issue(authority, Role.WITNESS)
    )
    pdf = signed_without_rules(pdf, authority, stamper, field="org_seal", act=issue(authority, Role.ORG_SEAL))
    pdf = stamped(pdf, stamper, "archive_ts_1")
    verdict = verify(pdf, roots=[authority.root_der])
    assert verdict.outcome is Outcome.REJECTED
    assert {reason.field for reason in verdict.reasons if reason.code is ReasonCode.CHANGED_AFTERWARDS} == {
        "org_cert",
        "client",
    }


def test_a_persons_signature_in_an_archive_field_is_of_the_wrong_kind(
    sealed_pdf: bytes, authority: Authority, stamper: EmbeddedStamper
) -> None:
    act = issue(authority, Role.CLIENT)
    pdf = signed_without_rules(sealed_pdf, authority, stamper, field="archive_ts_2", act=act)
    verdict = verify(pdf, roots=[authority.root_der])
    assert verdict.outcome is Outcome.REJECTED
    assert Reason(ReasonCode.WRONG_KIND, "archive_ts_2") in verdict.reasons


def test_an_archive_stamp_out_of_its_number_is_rejected(
    sealed_pdf: bytes, authority: Authority, stamper: EmbeddedStamper
) -> None:
    verdict = verify(stamped(sealed_pdf, stamper, "archive_ts_3"), roots=[authority.root_der])
    assert Reason(ReasonCode.OUT_OF_ORDER, "archive_ts_3") in verdict.reasons


def _with_answers(
    witnessed_pdf: bytes,
    authority: Authority,
    stamper: EmbeddedStamper,
    monkeypatch: pytest.MonkeyPatch,
    answers: Callable[[Authority, bytes], asn1_ocsp.OCSPResponse],
) -> bytes:
    """Sealed and archived with other revocation answers than the organization's own."""
    monkeypatch.setattr(Authority, "status", lambda self, der, *, now: answers(self, der))
    pdf = seal.seal(witnessed_pdf, authority, stamper, appearance=None, now=now()).pdf
    monkeypatch.undo()
    return pdf


def _answer(issuer: Authority, responder: Authority, der: bytes, **status: object) -> asn1_ocsp.OCSPResponse:
    parts = responder.to_parts()
    certificate = x509.load_der_x509_certificate(der)
    moment = now().replace(microsecond=0)
    settings = {
        "cert_status": ocsp.OCSPCertStatus.GOOD,
        "revocation_time": None,
        "revocation_reason": None,
        "this_update": moment,
        "next_update": certificate.not_valid_after_utc - timedelta(seconds=1),
        **status,
    }
    own = x509.load_der_x509_certificate(parts.responder_certificate)
    key = serialization.load_der_private_key(parts.responder_key, None)
    answer = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            cert=certificate,
            issuer=x509.load_der_x509_certificate(issuer.root_der),
            algorithm=hashes.SHA256(),
            **settings,  # type: ignore[arg-type]
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, own)
        .certificates([own])
        .sign(key, hashes.SHA256())  # type: ignore[arg-type]
    )
    return asn1_ocsp.OCSPResponse.load(answer.public_bytes(serialization.Encoding.DER))


def test_the_harness_of_answers_makes_an_accepted_file_when_they_are_good(
    witnessed_pdf: bytes, authority: Authority, stamper: EmbeddedStamper, monkeypatch: pytest.MonkeyPatch
) -> None:
    pdf = _with_answers(witnessed_pdf, authority, stamper, monkeypatch, lambda self, der: _answer(self, self, der))
    assert verify(pdf, roots=[authority.root_der]).reasons == ()


def test_a_revoked_certificate_is_said_to_be_revoked(
    witnessed_pdf: bytes, authority: Authority, stamper: EmbeddedStamper, monkeypatch: pytest.MonkeyPatch
) -> None:
    revoked = {
        "cert_status": ocsp.OCSPCertStatus.REVOKED,
        "revocation_time": now().replace(microsecond=0) - timedelta(minutes=2),
        "revocation_reason": x509.ReasonFlags.key_compromise,
    }
    pdf = _with_answers(
        witnessed_pdf, authority, stamper, monkeypatch, lambda self, der: _answer(self, self, der, **revoked)
    )
    verdict = verify(pdf, roots=[authority.root_der])
    assert verdict.outcome is Outcome.REJECTED
    assert Reason(ReasonCode.REVOKED, "client") in verdict.reasons


def test_answers_of_somebody_elses_responder_prove_nothing(
    witnessed_pdf: bytes,
    authority: Authority,
    attacker: Authority,
    stamper: EmbeddedStamper,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pdf = _with_answers(witnessed_pdf, authority, stamper, monkeypatch, lambda self, der: _answer(self, attacker, der))
    verdict = verify(pdf, roots=[authority.root_der])
    assert verdict.outcome is Outcome.REJECTED
    assert codes(verdict) == {ReasonCode.NOT_PROVABLE}


def test_answers_for_the_last_signer_only_leave_the_others_unproven(
    witnessed_pdf: bytes, authority: Authority, stamper: EmbeddedStamper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What pyHanko's own shortcut for B-LTA writes (signing notes §1b); it shows only after a month, or here."""
    seals: list[bytes] = []

    def only_the_seal(self: Authority, der: bytes) -> asn1_ocsp.OCSPResponse:
        seals.append(der)
        return _answer(self, self, der)

    whole = _with_answers(witnessed_pdf, authority, stamper, monkeypatch, only_the_seal)
    last = seals[-1]
    again = whole[: end_of(whole, "org_seal")]

    def others_left_out(self: Authority, der: bytes) -> asn1_ocsp.OCSPResponse:
        return _answer(self, self, last)

    monkeypatch.setattr(Authority, "status", lambda self, der, *, now: others_left_out(self, der))
    pdf = seal.upgrade(again, authority, stamper, now=now()).pdf
    monkeypatch.undo()
    verdict = verify(pdf, roots=[authority.root_der])
    assert {reason.field for reason in verdict.reasons if reason.code is ReasonCode.NOT_PROVABLE} == {
        "org_cert",
        "client",
        "witness",
    }


def test_a_root_that_borrows_name_and_key_identifier_is_still_another_root(
    prepared_pdf: bytes, authority: Authority, ceremony: Ceremony
) -> None:
    """Names and identifiers are chosen by whoever makes a certificate; only the signature counts."""
    imposter = Authority.create("Riverbend Counseling", now=now())
    parts = imposter.to_parts()
    key = serialization.load_der_private_key(parts.root_key, None)
    genuine = x509.load_der_x509_certificate(authority.root_der)
    forged = (
        x509.CertificateBuilder()
        .subject_name(genuine.subject)
        .issuer_name(genuine.subject)
        .public_key(key.public_key())  # type: ignore[arg-type]
        .serial_number(genuine.serial_number)
        .not_valid_before(genuine.not_valid_before_utc)
        .not_valid_after(genuine.not_valid_after_utc)
    )
    for extension in genuine.extensions:
        forged = forged.add_extension(extension.value, extension.critical)
    root = forged.sign(key, hashes.SHA256())  # type: ignore[arg-type]
    borrowed = Authority(replace(parts, root_certificate=root.public_bytes(serialization.Encoding.DER))).renewed(
        now=now()
    )
    pdf = ceremony(prepared_pdf, borrowed, EmbeddedStamper(borrowed))
    assert verify(pdf, roots=[borrowed.root_der]).accepted
    verdict = verify(pdf, roots=[authority.root_der])
    assert verdict.outcome is Outcome.INTACT_UNTRUSTED
    assert ReasonCode.UNKNOWN_ROOT in codes(verdict)


def _stamping_with_a_signers_key(authority: Authority) -> EmbeddedStamper:
    act = issue(authority, Role.CLIENT)
    parts = replace(authority.to_parts(), stamper_key=act.key.to_der(), stamper_certificate=act.certificate_der)
    return EmbeddedStamper(Authority(parts))


def test_a_signers_own_key_does_not_make_time(
    certified_pdf: bytes, sealed_pdf: bytes, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It leads to the right root, but was not made for time stamps."""
    monkeypatch.setattr("signing.timestamp._check_certificate", lambda certificate, moment: None)
    clock = _stamping_with_a_signers_key(authority)
    early = signed_without_rules(certified_pdf, authority, clock, field="client", act=issue(authority, Role.CLIENT))
    late = stamped(sealed_pdf[: end_of(sealed_pdf, "org_seal")], clock, "archive_ts_1")
    for pdf, field in ((early, "client"), (late, "archive_ts_1")):
        verdict = verify(pdf, roots=[authority.root_der])
        assert verdict.outcome is Outcome.REJECTED
        assert (ReasonCode.STAMP_NOT_VALID, field) in {(reason.code, reason.field) for reason in verdict.reasons}
