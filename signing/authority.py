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
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from signing import certificates, revocation
from signing.certificates import public_key_of
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


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorityParts:
    """All an authority is made of, as DER bytes; the three keys are unencrypted PKCS#8: encrypt before storing."""

    root_key: bytes
    """Empty when the root's key lives elsewhere, on a token or in a key service."""
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

    def __init__(self, parts: AuthorityParts, *, ca_key: SigningKey | None = None) -> None:
        self._parts = parts
        self._ca_key = ca_key

    @classmethod
    def create(
        cls, organization: str, *, now: datetime, ocsp_url: str = UNREACHABLE_OCSP, ca_key: SigningKey | None = None
    ) -> Authority:
        """Make a new authority for `organization` (its legal name), valid 30 years from `now` (aware).

        `ca_key`: its root's key, where that lies elsewhere; without it one is made. Raises SigningError.
        """
        start = aware(now) - BACKDATE
        key = ca_key or LocalKey.generate()
        name = certificates.name(organization=organization, common_name=f"{certificates.clip(organization, 59)} Root")
        root = _root_certificate(key, name, start, start + ROOT_LIFE)
        kept = key.to_der() if isinstance(key, LocalKey) and ca_key is None else b""
        return cls(_parts(key, root, start, kept_key=kept, ocsp_url=ocsp_url), ca_key=ca_key)

    def renewed(self, *, now: datetime) -> Authority:
        """The same root with a new time-stamp authority and responder, for the years when the old ones run out."""
        return self._anew(self._parts.root_certificate, now)

    def prolonged(self, *, now: datetime) -> Authority:
        """The same root, key and name, with a certificate that ends 30 years from `now`, and new services under it.

        It begins when the old one began: whoever trusts it verifies what was signed under the old one, and whoever
        still trusts the old one verifies what is signed now, until that one's end. Not for a root whose key was
        stolen, which nothing prolongs.
        """
        begun, end = self._root.not_valid_before_utc, aware(now) - BACKDATE + ROOT_LIFE
        return self._anew(_root_certificate(self._root_key, self._root.subject, begun, end), now)

    def _anew(self, root_der: bytes, now: datetime) -> Authority:
        parts = _parts(
            self._root_key,
            root_der,
            aware(now) - BACKDATE,
            kept_key=self._parts.root_key,
            ocsp_url=self._parts.ocsp_url,
        )
        return Authority(parts, ca_key=self._ca_key)

    def to_parts(self) -> AuthorityParts:
        """The DER bytes, for a caller that encrypts and stores them."""
        return self._parts

    @classmethod
    def from_parts(cls, parts: AuthorityParts, *, ca_key: SigningKey | None = None) -> Authority:
        """Load an authority and check that its parts belong together. Raises SigningError.

        `ca_key`: the root's key where it is not among the parts. It is not asked now; what it issues is verified.
        """
        if not parts.root_key and ca_key is None:
            raise SigningError(
                SigningCode.KEY_NOT_FOUND,
                "The key of the certificate authority is kept elsewhere, and no setting says where.",
                "Set CONFIDE_CA_KEY as it was at confide init.",
            )
        authority = cls(parts, ca_key=None if parts.root_key else ca_key)
        try:
            pairs = [(authority._stamper, authority.stamper_key), (authority._responder, authority._responder_key)]
            authority._root.verify_directly_issued_by(authority._root)
            if parts.root_key:
                pairs.append((authority._root, LocalKey.load(parts.root_key)))
            for certificate, key in pairs:
                certificate.verify_directly_issued_by(authority._root)
                if public_key_of(certificate) != key.public_key_der:
                    raise ValueError("key and certificate differ")
        except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm) as error:
            raise SigningError(
                SigningCode.AUTHORITY_INVALID,
                "The organization's signing authority cannot be loaded.",
                "Restore it from the backup of the keys.",
            ) from error
        return authority

    def __reduce__(self) -> tuple[object, ...]:
        return (_authority, (self._parts, self._ca_key))

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

    @property
    def ca_key(self) -> SigningKey | None:
        """The root's key where it lives elsewhere; None when it is among the parts."""
        return self._ca_key

    @cached_property
    def root(self) -> asn1_x509.Certificate:
        return asn1_x509.Certificate.load(self._parts.root_certificate)

    @cached_property
    def stamper_certificate(self) -> asn1_x509.Certificate:
        return asn1_x509.Certificate.load(self._parts.stamper_certificate)

    @cached_property
    def responder_certificate(self) -> asn1_x509.Certificate:
        return asn1_x509.Certificate.load(self._parts.responder_certificate)

    @cached_property
    def stamper_key(self) -> LocalKey:
        return LocalKey.load(self._parts.stamper_key)

    @cached_property
    def _root_key(self) -> SigningKey:
        return self._ca_key or LocalKey.load(self._parts.root_key)

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
        subject = certificates.name(organization=self.organization, common_name=name, title=role, serial=act_id)
        builder = (
            certificates.builder(subject, self._root.subject, signing_key.public_key_der, start, start + ACT_LIFE)
            .add_extension(certificates.authority_key(self._root), critical=False)
            .add_extension(certificates.key_usage(digital_signature=True, content_commitment=True), critical=True)
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
        certificate = certificates.issue(builder, self._root_key, public_key_of(self._root))
        return OneTimeKey(key=signing_key, certificate=certificate)

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
            asn1_x509.Certificate.load(certificate_der),
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


def _authority(parts: AuthorityParts, ca_key: SigningKey | None) -> Authority:
    return Authority(parts, ca_key=ca_key)


def _parts(root_key: SigningKey, root_der: bytes, start: datetime, *, kept_key: bytes, ocsp_url: str) -> AuthorityParts:
    """An authority's parts with a new time-stamp authority and a new responder, whose keys always live here.

    Here, because they sign five times a statement, and because they are cheap to replace: what they vouch for stays
    good when the next ones take their place. The root's key may live elsewhere; `kept_key` is empty then.
    """
    root = x509.load_der_x509_certificate(root_der)
    stamper_key, stamper = _end_entity(root_key, root, "Time stamps", start, timestamping=True)
    responder_key, responder = _end_entity(root_key, root, "Certificate status", start, timestamping=False)
    return AuthorityParts(
        root_key=kept_key,
        root_certificate=root_der,
        stamper_key=stamper_key.to_der(),
        stamper_certificate=stamper,
        responder_key=responder_key.to_der(),
        responder_certificate=responder,
        ocsp_url=ocsp_url,
    )


def _root_certificate(key: SigningKey, name: x509.Name, start: datetime, end: datetime) -> bytes:
    builder = (
        certificates.builder(name, name, key.public_key_der, start, end)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(certificates.key_usage(key_cert_sign=True, crl_sign=True), critical=True)
    )
    return bytes(certificates.issue(builder, key, key.public_key_der).dump())


def _end_entity(
    issuer_key: SigningKey, issuer: x509.Certificate, what: str, start: datetime, *, timestamping: bool
) -> tuple[LocalKey, bytes]:
    key = LocalKey.generate()
    organization = str(issuer.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value)
    end = min(start + STAMPER_LIFE, issuer.not_valid_after_utc)
    subject = certificates.name(
        organization=organization, common_name=f"{certificates.clip(organization, 62 - len(what))}: {what}"
    )
    builder = (
        certificates.builder(subject, issuer.subject, key.public_key_der, start, end)
        .add_extension(certificates.authority_key(issuer), critical=False)
        .add_extension(certificates.key_usage(digital_signature=True), critical=True)
    )
    if timestamping:  # RFC 3161 §2.3: exactly this purpose, critical
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    else:
        builder = builder.add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), critical=False
        ).add_extension(x509.OCSPNoCheck(), critical=False)
    return key, bytes(certificates.issue(builder, issuer_key, public_key_of(issuer)).dump())
