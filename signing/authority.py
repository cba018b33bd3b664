"""The organization's own certificate authority: root, time-stamp authority, OCSP responder, one-time certificates.

Danger: a certificate profile a little off verifies today and fails after thirty days, when nothing can be repaired.
The rules that keep it right were measured with the clock really moved (signing notes §2a) and none is decoration:

* signers, time-stamp authority and OCSP responder are issued by the root itself, no certificate between;
* every signer gets a certificate of 30 days over a key made for that one act, with an OCSP address in it (that may be
  unreachable: without the address pyHanko never looks at the archived answer);
* an OCSP answer's nextUpdate is one second before the certificate's notAfter, never later;
* the time-stamp certificate has neither CRL nor OCSP address, the responder's has ocsp_no_check.

Keys leave this module only through `to_parts`, as DER bytes that the caller encrypts (the room `storage`).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property

from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from signing import revocation
from signing.errors import SigningCode, SigningError
from signing.keys import LocalKey, SigningKey

ROOT_LIFE = timedelta(days=365 * 30 + 8)
STAMPER_LIFE = timedelta(days=365 * 20 + 5)
ACT_LIFE = timedelta(days=30)
BACKDATE = timedelta(minutes=5)
"""Certificates begin a little earlier, so that a stamp by a clock slightly behind ours still lies in their time."""

UNREACHABLE_OCSP = "http://ocsp.invalid/"
"""RFC 2606 §2: a name that never resolves. Nobody is told that somebody verifies a statement."""

_ACT_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
_X520_LIMIT = 64
"""X.520 upper bound of a name in a certificate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorityParts:
    """All an authority is made of, as DER bytes; the three keys are unencrypted PKCS#8: encrypt before storing."""

    root_key: bytes
    root_certificate: bytes
    stamper_key: bytes
    stamper_certificate: bytes
    responder_key: bytes
    responder_certificate: bytes
    ocsp_url: str = UNREACHABLE_OCSP

    def __repr__(self) -> str:
        return "AuthorityParts()"


@dataclass(frozen=True, slots=True, kw_only=True)
class OneTimeKey:
    """A key for one act with its certificate. Never stored: it dies with this object."""

    key: SigningKey = field(repr=False)
    certificate: asn1_x509.Certificate = field(repr=False)

    @property
    def certificate_der(self) -> bytes:
        return bytes(self.certificate.dump())

    @property
    def sha256(self) -> str:
        """SHA-256 of the certificate, hex."""
        return hashlib.sha256(self.certificate_der).hexdigest()

    @property
    def serial(self) -> str:
        """Serial number, hex."""
        return format(int(self.certificate.serial_number), "x")


class Authority:
    """Issues certificates and OCSP answers. Immutable, thread-safe, picklable (it carries its keys with it)."""

    def __init__(self, parts: AuthorityParts) -> None:
        self._parts = parts

    @classmethod
    def create(cls, organization: str, *, now: datetime, ocsp_url: str = UNREACHABLE_OCSP) -> Authority:
        """Make a new authority for `organization` (its legal name), valid 30 years from `now` (aware)."""
        start = aware(now) - BACKDATE
        key = LocalKey.generate()
        name = _name(organization=organization, common_name=f"{_clip(organization, 59)} Root")
        builder = (
            _builder(name, name, key.public_key_der, start, start + ROOT_LIFE)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(_key_usage(key_cert_sign=True, crl_sign=True), critical=True)
        )
        root = builder.sign(key.private, hashes.SHA256())
        stamper = _end_entity(key, root, "Time stamps", start, timestamping=True)
        responder = _end_entity(key, root, "Certificate status", start, timestamping=False)
        return cls(
            AuthorityParts(
                root_key=key.to_der(),
                root_certificate=_der(root),
                stamper_key=stamper[0].to_der(),
                stamper_certificate=_der(stamper[1]),
                responder_key=responder[0].to_der(),
                responder_certificate=_der(responder[1]),
                ocsp_url=ocsp_url,
            )
        )

    def renewed(self, *, now: datetime) -> Authority:
        """The same root with a new time-stamp authority and responder, for the years when the old ones run out."""
        start = aware(now) - BACKDATE
        stamper = _end_entity(self._root_key, self._root, "Time stamps", start, timestamping=True)
        responder = _end_entity(self._root_key, self._root, "Certificate status", start, timestamping=False)
        return Authority(
            AuthorityParts(
                root_key=self._parts.root_key,
                root_certificate=self._parts.root_certificate,
                stamper_key=stamper[0].to_der(),
                stamper_certificate=_der(stamper[1]),
                responder_key=responder[0].to_der(),
                responder_certificate=_der(responder[1]),
                ocsp_url=self._parts.ocsp_url,
            )
        )

    def to_parts(self) -> AuthorityParts:
        """The DER bytes, for a caller that encrypts and stores them."""
        return self._parts

    @classmethod
    def from_parts(cls, parts: AuthorityParts) -> Authority:
        """Load an authority and check that its parts belong together. Raises SigningError."""
        authority = cls(parts)
        try:
            for certificate, key in (
                (authority._root, authority._root_key),
                (authority._stamper, authority.stamper_key),
                (authority._responder, authority._responder_key),
            ):
                certificate.verify_directly_issued_by(authority._root)
                if _spki(certificate) != key.public_key_der:
                    raise ValueError("key and certificate differ")
        except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm) as error:
            raise SigningError(
                SigningCode.AUTHORITY_INVALID,
                "The organization's signing authority cannot be loaded.",
                "Restore it from the backup of the keys.",
            ) from error
        return authority

    def __reduce__(self) -> tuple[type[Authority], tuple[AuthorityParts]]:
        return (Authority, (self._parts,))

    def __repr__(self) -> str:
        return f"Authority(root_sha256={hashlib.sha256(self.root_der).hexdigest()[:16]})"

    @property
    def organization(self) -> str:
        """The organization's name, as in the root certificate (at most 64 bytes)."""
        return str(self._root.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value)

    @property
    def root_der(self) -> bytes:
        """The root certificate, DER: what a verifier elsewhere must trust."""
        return self._parts.root_certificate

    @cached_property
    def root(self) -> asn1_x509.Certificate:
        return _loaded(self._parts.root_certificate)

    @cached_property
    def stamper_certificate(self) -> asn1_x509.Certificate:
        return _loaded(self._parts.stamper_certificate)

    @cached_property
    def responder_certificate(self) -> asn1_x509.Certificate:
        return _loaded(self._parts.responder_certificate)

    @cached_property
    def stamper_key(self) -> LocalKey:
        return LocalKey.load(self._parts.stamper_key)

    @cached_property
    def _root_key(self) -> LocalKey:
        return LocalKey.load(self._parts.root_key)

    @cached_property
    def _responder_key(self) -> LocalKey:
        return LocalKey.load(self._parts.responder_key)

    @cached_property
    def _root(self) -> x509.Certificate:
        return x509.load_der_x509_certificate(self._parts.root_certificate)

    @cached_property
    def _stamper(self) -> x509.Certificate:
        return x509.load_der_x509_certificate(self._parts.stamper_certificate)

    @cached_property
    def _responder(self) -> x509.Certificate:
        return x509.load_der_x509_certificate(self._parts.responder_certificate)

    def issue(self, name: str, *, role: str, act_id: str, now: datetime, key: SigningKey | None = None) -> OneTimeKey:
        """Certify one act: a new P-256 key (or the organization's own `key`), 30 days from `now`, from the root itself.

        The subject says who (`name`, clipped to 64 bytes), as what (`role`) and in which act.
        """
        if act_id and not _ACT_ID.fullmatch(act_id):
            raise SigningError(
                SigningCode.TEXT_UNPRINTABLE,
                "The number of this act cannot be written into a certificate.",
                "Use up to 64 letters, digits and hyphens.",
            )
        start = aware(now) - BACKDATE
        signing_key = key or LocalKey.generate()
        subject = _name(organization=self.organization, common_name=name, title=role, serial=act_id)
        builder = (
            _builder(subject, self._root.subject, signing_key.public_key_der, start, start + ACT_LIFE)
            .add_extension(_authority_key(self._root), critical=False)
            .add_extension(_key_usage(digital_signature=True, content_commitment=True), critical=True)
            .add_extension(
                x509.AuthorityInformationAccess(
                    [
                        x509.AccessDescription(
                            AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(self._parts.ocsp_url)
                        )
                    ]
                ),
                critical=False,
            )
        )
        certificate = builder.sign(self._root_key.private, hashes.SHA256())
        return OneTimeKey(key=signing_key, certificate=_loaded(_der(certificate)))

    def issued(self, certificate_der: bytes) -> bool:
        """True when the root really signed this certificate."""
        try:
            x509.load_der_x509_certificate(certificate_der).verify_directly_issued_by(self._root)
        except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
            return False
        return True

    def status(self, certificate_der: bytes, *, now: datetime) -> asn1_ocsp.OCSPResponse:
        """An OCSP answer "good" for a certificate of ours, made now, to be archived in the file.

        Raises SigningError when the certificate is not ours or its thirty days are over: an answer made later would
        prove nothing (RFC 6960 §2.4; signing notes §2a).
        """
        moment = aware(now).replace(microsecond=0)
        if not self.issued(certificate_der):
            raise SigningError(
                SigningCode.FOREIGN_CERTIFICATE,
                "A signature in this document was made with a certificate of someone else.",
                "Seal only documents that were signed here.",
            )
        certificate = x509.load_der_x509_certificate(certificate_der)
        last = certificate.not_valid_after_utc - timedelta(seconds=1)
        if moment >= last:
            raise window_closed()
        return revocation.good(
            _loaded(certificate_der),
            issuer=self.root,
            responder=self.responder_certificate,
            key=self._responder_key,
            this_update=moment,
            next_update=last,
        )


def aware(now: datetime) -> datetime:
    """`now` in UTC. Raises SigningError when it has no time zone."""
    if now.tzinfo is None:
        raise SigningError(SigningCode.NAIVE_TIME, "A time without a time zone was given.", "Give times in UTC.")
    return now.astimezone(UTC)


def window_closed() -> SigningError:
    """The refusal for signatures that can no longer be proven."""
    return SigningError(
        SigningCode.WINDOW_CLOSED,
        "The thirty days in which this signature could be archived are over.",
        "Void this statement and let it be signed anew.",
    )


def _end_entity(
    issuer_key: LocalKey, issuer: x509.Certificate, what: str, start: datetime, *, timestamping: bool
) -> tuple[LocalKey, x509.Certificate]:
    key = LocalKey.generate()
    organization = str(issuer.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value)
    end = min(start + STAMPER_LIFE, issuer.not_valid_after_utc)
    subject = _name(organization=organization, common_name=f"{_clip(organization, 62 - len(what))}: {what}")
    builder = (
        _builder(subject, issuer.subject, key.public_key_der, start, end)
        .add_extension(_authority_key(issuer), critical=False)
        .add_extension(_key_usage(digital_signature=True), critical=True)
    )
    if timestamping:  # RFC 3161 §2.3: exactly this purpose, critical
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    else:
        builder = builder.add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), critical=False
        ).add_extension(x509.OCSPNoCheck(), critical=False)
    return key, builder.sign(issuer_key.private, hashes.SHA256())


def _builder(
    subject: x509.Name, issuer: x509.Name, public_key_der: bytes, start: datetime, end: datetime
) -> x509.CertificateBuilder:
    public_key = serialization.load_der_public_key(public_key_der)
    if not isinstance(public_key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
        raise SigningError(
            SigningCode.AUTHORITY_INVALID, "The signing key is of a kind that is not accepted.", "Use an EC or RSA key."
        )
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _name(*, organization: str, common_name: str, title: str = "", serial: str = "") -> x509.Name:
    pairs = (
        (NameOID.ORGANIZATION_NAME, organization),
        (NameOID.TITLE, title),
        (NameOID.SERIAL_NUMBER, serial),
        (NameOID.COMMON_NAME, common_name),
    )
    return x509.Name([x509.NameAttribute(oid, _clip(text, _X520_LIMIT)) for oid, text in pairs if text.strip()])


def _clip(text: str, limit: int) -> str:
    """At most `limit` bytes of UTF-8 (`cryptography` counts X.520's 64 characters as bytes)."""
    text = " ".join(text.split())
    if len(text.encode()) <= limit:
        return text
    while len(text.encode()) > limit - len("…".encode()):
        text = text[:-1]
    return text.rstrip() + "…"


def _authority_key(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    ski = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(ski)


def _key_usage(
    *,
    digital_signature: bool = False,
    content_commitment: bool = False,
    key_cert_sign: bool = False,
    crl_sign: bool = False,
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=content_commitment,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


def _spki(certificate: x509.Certificate) -> bytes:
    return certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _loaded(der: bytes) -> asn1_x509.Certificate:
    """Parsed from bytes, not built: a built asn1crypto object is encoded again on every dump (twice the time)."""
    return asn1_x509.Certificate.load(der)
