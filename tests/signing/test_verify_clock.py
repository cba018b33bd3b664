"""Whose clock a file rests on: the organization's own, an outside authority's, or both."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from asn1crypto import cms, tsp
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.signers.pdf_signer import PdfTimeStamper
from pyhanko.sign.validation import DocumentSecurityStore

from signing import seal
from signing.authority import Authority
from signing.timestamp import EmbeddedStamper
from signing.verify import Clock, Outcome, Reading, ReasonCode, verify
from tests.signing.moving import after, now

Ceremony = Callable[[bytes, Authority, EmbeddedStamper], bytes]


@pytest.fixture(scope="module")
def outside() -> Authority:
    """A time-stamp authority of somebody else."""
    return Authority.create("Clockwork Trust", now=now())


@pytest.fixture(scope="module")
def stamped_outside(prepared_pdf: bytes, authority: Authority, outside: Authority, ceremony: Ceremony) -> bytes:
    return ceremony(prepared_pdf, authority, EmbeddedStamper(outside))


def test_times_of_an_authority_under_another_root_are_independent(
    stamped_outside: bytes, authority: Authority, outside: Authority
) -> None:
    for days in (0, 400):
        with after(days):
            verdict = verify(stamped_outside, roots=[authority.root_der, outside.root_der])
            assert (verdict.reasons, verdict.clock) == ((), Clock.INDEPENDENT)
    assert any("independent authority" in sentence for sentence in verdict.sentences())
    assert "Clockwork Trust" in verdict.time_authority


@pytest.mark.parametrize("days", [0, 400])
def test_without_that_authoritys_root_the_file_is_intact_but_untrusted(
    days: int, stamped_outside: bytes, authority: Authority
) -> None:
    with after(days):
        verdict = verify(stamped_outside, roots=[authority.root_der])
    assert (verdict.outcome, verdict.clock) == (Outcome.INTACT_UNTRUSTED, Clock.UNKNOWN)
    assert {reason.code for reason in verdict.reasons} == {ReasonCode.UNKNOWN_TIME_AUTHORITY}
    assert verdict.trusted
    assert "cannot tell when" in verdict.sentences("en")[0]
    assert "cuándo" in verdict.sentences("es")[0]


def test_one_stamp_of_the_organizations_own_makes_the_clock_its_own(
    stamped_outside: bytes, authority: Authority, outside: Authority, stamper: EmbeddedStamper
) -> None:
    pdf = seal.renew(stamped_outside, authority, stamper, now=now())
    verdict = verify(pdf, roots=[authority.root_der, outside.root_der])
    assert (verdict.accepted, verdict.clock) == (True, Clock.OWN)


def test_own_stamps_under_an_independent_archive_stamp_are_a_mixed_clock(
    sealed_pdf: bytes, authority: Authority, outside: Authority
) -> None:
    pdf = seal.renew(sealed_pdf, authority, EmbeddedStamper(outside), now=now())
    verdict = verify(pdf, roots=[authority.root_der, outside.root_der])
    assert (verdict.accepted, verdict.clock) == (True, Clock.MIXED)
    assert any("independent authority" in sentence and "itself" in sentence for sentence in verdict.sentences())


def test_judging_at_the_proven_time_is_done_on_request_and_said(sealed_pdf: bytes, authority: Authority) -> None:
    """Twenty-one years on the stamp authority's certificate has run out; its archived proof held when it was made."""
    with after(365.25 * 21):
        verdict = verify(sealed_pdf, roots=[authority.root_der], reading=Reading.PROVEN_TIME)
    assert verdict.accepted
    assert verdict.reading is Reading.PROVEN_TIME
    assert any("not at today's date" in sentence for sentence in verdict.sentences())


# --- an authority as they are sold: with an issuing certificate between, and revocation addresses --------------------


class _SoldStamper(EmbeddedStamper):
    """Sends the issuing certificate along in every token."""

    issuing: bytes = b""
    revocation: asn1_ocsp.OCSPResponse
    """An answer that it was revoked, for those who ask."""

    @property
    def token_room(self) -> int:
        return 6 * 1024

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        answer = tsp.TimeStampResp.load((await super().async_request_tsa_response(req)).dump())
        answer["time_stamp_token"]["content"]["certificates"].append(
            cms.CertificateChoices("certificate", asn1_x509.Certificate.load(self.issuing))
        )
        return tsp.TimeStampResp.load(answer.dump(force=True))


def _issued(
    name: str, issuer: x509.Certificate, issuer_key: object, *extensions: x509.ExtensionType
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now() - timedelta(minutes=5))
        .not_valid_after(now() + timedelta(days=365 * 11))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()), critical=False)
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=not isinstance(extension, _ADDRESSES))
    return key, builder.sign(issuer_key, hashes.SHA256())  # type: ignore[arg-type]


_ADDRESSES = (x509.CRLDistributionPoints, x509.AuthorityInformationAccess)


def _addresses() -> tuple[x509.ExtensionType, ...]:
    place = x509.UniformResourceIdentifier("http://revocation.invalid/")
    ocsp_at = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, place)
    lists_at = x509.DistributionPoint(full_name=[place], relative_name=None, reasons=None, crl_issuer=None)
    return x509.CRLDistributionPoints([lists_at]), x509.AuthorityInformationAccess([ocsp_at])


@pytest.fixture(scope="module")
def sold(outside: Authority) -> _SoldStamper:
    root = x509.load_der_x509_certificate(outside.root_der)
    root_key = serialization.load_der_private_key(outside.to_parts().root_key, None)
    usage = root.extensions.get_extension_for_class(x509.KeyUsage).value
    middle_key, middle = _issued(
        "Issuing", root, root_key, x509.BasicConstraints(ca=True, path_length=0), usage, *_addresses()
    )
    purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
    key, certificate = _issued("Sold stamps", middle, middle_key, purpose, *_addresses())
    form = (serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    parts = replace(
        outside.to_parts(),
        stamper_key=key.private_bytes(*form),
        stamper_certificate=certificate.public_bytes(serialization.Encoding.DER),
    )
    stamper = _SoldStamper(Authority(parts))
    stamper.issuing = middle.public_bytes(serialization.Encoding.DER)
    stamper.revocation = _revocation_of(certificate, middle, middle_key)
    return stamper


def _revocation_of(
    certificate: x509.Certificate, issuer: x509.Certificate, key: ec.EllipticCurvePrivateKey
) -> asn1_ocsp.OCSPResponse:
    moment = now().replace(microsecond=0) - timedelta(seconds=2)
    answer = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            cert=certificate,
            issuer=issuer,
            algorithm=hashes.SHA256(),
            cert_status=ocsp.OCSPCertStatus.REVOKED,
            this_update=moment,
            next_update=moment + timedelta(days=7),
            revocation_time=moment - timedelta(minutes=1),
            revocation_reason=x509.ReasonFlags.key_compromise,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, issuer)
        .sign(key, hashes.SHA256())
    )
    return asn1_ocsp.OCSPResponse.load(answer.public_bytes(serialization.Encoding.DER))


def test_an_authority_with_revocation_addresses_is_accepted_offline_and_the_gap_is_said(
    prepared_pdf: bytes, authority: Authority, outside: Authority, sold: EmbeddedStamper, ceremony: Ceremony
) -> None:
    pdf = ceremony(prepared_pdf, authority, sold)
    for days in (0, 3653):
        with after(days):
            verdict = verify(pdf, roots=[authority.root_der, outside.root_der])
        assert verdict.reasons == (), days
        assert verdict.clock is Clock.INDEPENDENT
        assert any("could not be asked offline" in sentence for sentence in verdict.sentences("en"))
        assert any("no se pudo preguntar" in sentence for sentence in verdict.sentences("es"))
    with after(365 * 12):
        assert not verify(pdf, roots=[authority.root_der, outside.root_der]).accepted
    own = verify(pdf, roots=[authority.root_der])
    assert own.outcome is Outcome.INTACT_UNTRUSTED


def test_a_stamp_by_an_authority_that_the_file_itself_shows_revoked_does_not_hold(
    sealed_pdf: bytes, authority: Authority, outside: Authority, sold: _SoldStamper
) -> None:
    roots = [authority.root_der, outside.root_der]
    stamping = PdfTimeStamper(sold, field_name="archive_ts_2")
    verdicts = []
    for answers in ([], [sold.revocation]):
        writer = IncrementalPdfFileWriter(io.BytesIO(sealed_pdf))
        DocumentSecurityStore.supply_dss_in_writer(writer, None, certs=[], ocsps=answers)
        verdicts.append(verify(stamping.timestamp_pdf(writer, "sha256").getvalue(), roots=roots))
    assert verdicts[0].reasons == ()
    assert (ReasonCode.STAMP_NOT_VALID, "archive_ts_2") in {(r.code, r.field) for r in verdicts[1].reasons}
    assert verdicts[1].outcome is Outcome.REJECTED


def test_an_answer_given_later_tells_on_the_stamps_inside_signatures_too(
    prepared_pdf: bytes,
    authority: Authority,
    outside: Authority,
    sold: _SoldStamper,
    stamper: EmbeddedStamper,
    ceremony: Ceremony,
) -> None:
    pdf = ceremony(prepared_pdf, authority, sold)
    verdicts = []
    for answers in ([], [sold.revocation]):
        writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
        DocumentSecurityStore.supply_dss_in_writer(writer, None, certs=[], ocsps=answers)
        stamped = PdfTimeStamper(stamper, field_name="archive_ts_2").timestamp_pdf(writer, "sha256").getvalue()
        verdicts.append(verify(stamped, roots=[authority.root_der, outside.root_der]))
    assert verdicts[0].reasons == ()
    assert {("client", ReasonCode.STAMP_NOT_VALID), ("archive_ts_1", ReasonCode.STAMP_NOT_VALID)} <= {
        (reason.field, reason.code) for reason in verdicts[1].reasons
    }


def test_outside_stamps_renewed_in_time_hold_after_their_certificates_ran_out(
    prepared_pdf: bytes,
    authority: Authority,
    outside: Authority,
    ceremony: Ceremony,
) -> None:
    """Nobody archives revocation data about an outside authority; the next stamp shows that it was in force."""
    pdf = ceremony(prepared_pdf, authority, EmbeddedStamper(outside))
    roots = [authority.root_der, outside.root_der]
    with after(6939):
        newer = outside.renewed(now=now())
        renewed = seal.renew(pdf, authority, EmbeddedStamper(newer), now=now())
        assert verify(renewed, roots=roots).reasons == ()
    with after(365.25 * 25):
        assert verify(renewed, roots=roots).reasons == ()
        assert not verify(pdf, roots=roots).accepted
    with after(365.25 * 20 + 10):  # stamped a week too late, past the room's own refusal
        late = outside.renewed(now=now())
        writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
        stamping = PdfTimeStamper(EmbeddedStamper(late), field_name="archive_ts_2")
        verdict = verify(stamping.timestamp_pdf(writer, "sha256").getvalue(), roots=roots)
        assert (ReasonCode.STAMP_NOT_VALID, "archive_ts_1") in {(r.code, r.field) for r in verdict.reasons}
