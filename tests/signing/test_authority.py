"""The organization's authority: what it issues, what it refuses, how it is kept."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime, timedelta

import pytest
from asn1crypto import x509
from cryptography import x509 as cx
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import chain, seal
from signing.authority import ACT_LIFE, Authority, AuthorityParts
from signing.errors import SigningCode, SigningError
from signing.keys import KeySigner, LocalKey, SigningKey
from signing.timestamp import EmbeddedStamper


def now() -> datetime:
    return datetime.now(UTC)


def certificate(value: x509.Certificate) -> cx.Certificate:
    return cx.load_der_x509_certificate(value.dump())


def has(value: cx.Certificate, kind: type[cx.ExtensionType]) -> bool:
    return any(isinstance(extension.value, kind) for extension in value.extensions)


def test_every_certificate_comes_from_the_root_itself(authority: Authority) -> None:
    root = cx.load_der_x509_certificate(authority.root_der)
    act = authority.issue("A", role="client", act_id="1", now=now())
    for one in (authority.stamper_certificate, authority.responder_certificate, act.certificate):
        certificate(one).verify_directly_issued_by(root)


def test_a_one_time_certificate_lives_thirty_days_and_names_an_address_for_its_status(authority: Authority) -> None:
    act = certificate(authority.issue("A", role="client", act_id="1", now=now()).certificate)
    assert act.not_valid_after_utc - act.not_valid_before_utc == ACT_LIFE == timedelta(days=30)
    assert act.not_valid_before_utc < now()
    access = act.extensions.get_extension_for_class(cx.AuthorityInformationAccess).value
    assert [str(one.access_location.value) for one in access] == ["http://ocsp.invalid/"]
    usage = act.extensions.get_extension_for_class(cx.KeyUsage).value
    assert usage.digital_signature
    assert usage.content_commitment
    assert not usage.key_cert_sign
    assert isinstance(act.public_key(), ec.EllipticCurvePublicKey)


def test_no_two_acts_share_a_key(authority: Authority) -> None:
    keys = {authority.issue("A", role="client", act_id="1", now=now()).key.public_key_der for _ in range(5)}
    assert len(keys) == 5


def test_the_time_stamp_certificate_declares_no_revocation_and_outlives_the_acts_by_decades(
    authority: Authority,
) -> None:
    stamper = certificate(authority.stamper_certificate)
    assert not has(stamper, cx.AuthorityInformationAccess)
    assert not has(stamper, cx.CRLDistributionPoints)
    usage = stamper.extensions.get_extension_for_class(cx.ExtendedKeyUsage)
    assert usage.critical
    assert list(usage.value) == [ExtendedKeyUsageOID.TIME_STAMPING]
    assert stamper.not_valid_after_utc - now() > timedelta(days=365 * 20)
    root = cx.load_der_x509_certificate(authority.root_der)
    assert root.not_valid_after_utc - now() > timedelta(days=365 * 30)


def test_the_responder_needs_no_status_of_its_own(authority: Authority) -> None:
    assert has(certificate(authority.responder_certificate), cx.OCSPNoCheck)


def test_an_answer_ends_one_second_before_the_certificate(authority: Authority) -> None:
    act = authority.issue("A", role="client", act_id="1", now=now())
    moment = now()
    answer = authority.status(act.certificate_der, now=moment)
    single = answer["response_bytes"]["response"].parsed["tbs_response_data"]["responses"][0]
    assert single["cert_status"].name == "good"
    assert single["this_update"].native == moment.replace(microsecond=0)
    assert act.certificate.not_valid_after - single["next_update"].native == timedelta(seconds=1)


def test_there_is_no_answer_about_a_strangers_certificate(authority: Authority) -> None:
    stranger = Authority.create("Riverbend Counseling", now=now())  # same name, another key
    act = stranger.issue("A", role="client", act_id="1", now=now())
    assert not authority.issued(act.certificate_der)
    with pytest.raises(SigningError) as refused:
        authority.status(act.certificate_der, now=now())
    assert refused.value.code is SigningCode.FOREIGN_CERTIFICATE


def test_there_is_no_answer_about_a_certificate_that_has_run_out(authority: Authority) -> None:
    act = authority.issue("A", role="client", act_id="1", now=now())
    with pytest.raises(SigningError) as refused:
        authority.status(act.certificate_der, now=now() + timedelta(days=30))
    assert refused.value.code is SigningCode.WINDOW_CLOSED


def test_an_authority_is_the_same_after_it_was_kept_as_bytes(authority: Authority) -> None:
    again = Authority.from_parts(authority.to_parts())
    assert again.root_der == authority.root_der
    assert again.organization == "Riverbend Counseling"
    act = again.issue("A", role="client", act_id="1", now=now())
    assert authority.issued(act.certificate_der)
    child = pickle.loads(pickle.dumps(authority))  # noqa: S301  # our own bytes
    assert child.root_der == authority.root_der


def test_no_key_is_ever_printed(authority: Authority) -> None:
    for text in (repr(authority), repr(authority.to_parts()), repr(LocalKey.generate()), str(authority)):
        assert len(text) < 60
        assert "x30" not in text


@pytest.mark.parametrize("part", ["root_key", "stamper_key", "responder_key", "root_certificate"])
def test_parts_that_do_not_belong_together_are_not_loaded(part: str, authority: Authority) -> None:
    parts = authority.to_parts()
    other = Authority.create("Riverbend Counseling", now=now()).to_parts()
    mixed = {name: getattr(other if name == part else parts, name) for name in AuthorityParts.__slots__}
    with pytest.raises(SigningError) as refused:
        Authority.from_parts(AuthorityParts(**mixed))
    assert refused.value.code is SigningCode.AUTHORITY_INVALID


def test_rubbish_is_no_authority(authority: Authority) -> None:
    parts = authority.to_parts()
    for name in AuthorityParts.__slots__[:-1]:
        broken = {other: getattr(parts, other) for other in AuthorityParts.__slots__} | {name: b"rubbish"}
        with pytest.raises(SigningError) as refused:
            Authority.from_parts(AuthorityParts(**broken))
        assert refused.value.code is SigningCode.AUTHORITY_INVALID


def test_a_renewed_authority_has_the_same_root_and_a_younger_stamper(authority: Authority) -> None:
    later = now() + timedelta(days=365 * 15)
    renewed = authority.renewed(now=later)
    assert renewed.root_der == authority.root_der
    stamper = certificate(renewed.stamper_certificate)
    assert stamper.not_valid_after_utc == cx.load_der_x509_certificate(authority.root_der).not_valid_after_utc


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1).filter(str.strip))
def test_any_printable_name_finds_its_way_into_a_certificate(name: str) -> None:
    act = ANY.issue(name, role="client", act_id="X" * 64, now=now())
    clean = " ".join(name.split())
    common = str(act.certificate.subject.native["common_name"])
    assert common == clean or (len(clean.encode()) > 64 and clean.startswith(common.removesuffix("…").rstrip()))


@pytest.mark.parametrize("act_id", ["X" * 65, "Rosa Núñez", "a b", "…"])
def test_an_act_is_named_by_an_opaque_number_only(act_id: str, authority: Authority) -> None:
    with pytest.raises(SigningError) as refused:
        authority.issue("A", role="client", act_id=act_id, now=now())
    assert act_id not in str(refused.value)


ANY = Authority.create("Any", now=datetime.now(UTC))


class FarKey:
    """A key on a device: counts how often it is asked."""

    def __init__(self, local: LocalKey) -> None:
        self.local, self.asked = local, 0

    @property
    def remote(self) -> bool:
        return True

    @property
    def public_key_der(self) -> bytes:
        return self.local.public_key_der

    @property
    def signature_size(self) -> int:
        return self.local.signature_size

    def sign(self, data: bytes, digest: str) -> bytes:
        self.asked += 1
        return self.local.sign(data, digest)


@pytest.mark.parametrize("kind", ["rsa", "p256", "p384"])
def test_the_organization_can_certify_and_seal_with_a_key_of_its_own_on_a_device(
    kind: str, prepared_pdf: bytes, authority: Authority, stamper: EmbeddedStamper
) -> None:
    private = {
        "rsa": lambda: rsa.generate_private_key(65537, 2048),
        "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
        "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    }[kind]()
    far = FarKey(LocalKey(private))
    assert isinstance(far, SigningKey)
    signed = chain.certify(prepared_pdf, authority, stamper, now=now(), key=far)
    assert signed.stamped
    assert far.asked == 1
    assert seal.deadlines(signed.pdf).window_ends is not None


def test_a_dry_run_does_not_touch_the_key(authority: Authority) -> None:
    import asyncio

    act = authority.issue("A", role="client", act_id="1", now=now())
    far = FarKey(LocalKey.generate())
    signer = KeySigner(far, act.certificate)
    size = len(asyncio.run(signer.async_sign_raw(b"x", "sha256", dry_run=True)))
    assert far.asked == 0
    for _ in range(20):
        assert len(far.local.sign(b"x", "sha256")) <= size


def test_a_key_of_another_kind_is_refused() -> None:
    with pytest.raises(SigningError):
        LocalKey.load(b"rubbish")
    with pytest.raises(SigningError):
        LocalKey.load_pkcs12(b"rubbish", b"secret")


def test_a_key_comes_out_of_a_pkcs12_file() -> None:
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

    key = ec.generate_private_key(ec.SECP256R1())
    data = pkcs12.serialize_key_and_certificates(b"seal", key, None, None, BestAvailableEncryption(b"secret"))
    assert LocalKey.load_pkcs12(data, b"secret").public_key_der == LocalKey(key).public_key_der
    with pytest.raises(SigningError):
        LocalKey.load_pkcs12(data, b"wrong")
