"""Certificates: names, extensions and dates by `cryptography`'s builder, the signature by whoever holds the key.

Why not the builder's own `sign`: it wants the private key in this process, and the key of a certificate authority may
lie on a token or in a key service. So the builder writes a draft under a key of no meaning, the draft's algorithm is
exchanged for the issuer's, and the issuer signs those bytes. Invariant: what comes back from outside this process is
verified against the issuer's public key before anybody sees the certificate.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from signing.container import children, sequence, signature_algorithm, tlv
from signing.errors import SigningCode, SigningError
from signing.keys import SigningKey, is_rsa, require_genuine

_X520_LIMIT = 64
"""X.520 upper bound of a name in a certificate."""


def issue(builder: x509.CertificateBuilder, key: SigningKey, public_key_der: bytes) -> asn1_x509.Certificate:
    """The certificate of `builder`, signed by the issuer's `key`, whose public half must be `public_key_der`.

    Raises SigningError when the key does not answer, or answers with another key's signature.
    """
    draft = builder.sign(_draft_key(), hashes.SHA256()).tbs_certificate_bytes
    version, serial, _, *rest = children(draft)
    algorithm = signature_algorithm(rsa=is_rsa(public_key_der))
    to_sign = sequence(version, serial, algorithm, *rest)
    signature = key.sign(to_sign, "sha256")
    if key.remote:
        require_genuine(public_key_der, to_sign, signature, "sha256")
    # parsed from bytes, not built: a built asn1crypto object is encoded again on every dump (twice the time)
    return asn1_x509.Certificate.load(sequence(to_sign, algorithm, tlv(0x03, b"\x00", signature)))


def builder(
    subject: x509.Name, issuer: x509.Name, public_key_der: bytes, start: datetime, end: datetime
) -> x509.CertificateBuilder:
    """A certificate begun: who, by whom, over which key, from when to when. Raises SigningError for a foreign kind."""
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


def name(*, organization: str, common_name: str, title: str = "", serial: str = "") -> x509.Name:
    """A name of what is given, each part clipped to what a certificate may hold."""
    pairs = (
        (NameOID.ORGANIZATION_NAME, organization),
        (NameOID.TITLE, title),
        (NameOID.SERIAL_NUMBER, serial),
        (NameOID.COMMON_NAME, common_name),
    )
    return x509.Name([x509.NameAttribute(oid, clip(text, _X520_LIMIT)) for oid, text in pairs if text.strip()])


def clip(text: str, limit: int) -> str:
    """At most `limit` bytes of UTF-8 (`cryptography` counts X.520's 64 characters as bytes)."""
    text = " ".join(text.split())
    if len(text.encode()) <= limit:
        return text
    while len(text.encode()) > limit - len("…".encode()):
        text = text[:-1]
    return text.rstrip() + "…"


def authority_key(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    """Which key issued, by the issuer's own name for it."""
    ski = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(ski)


def key_usage(
    *,
    digital_signature: bool = False,
    content_commitment: bool = False,
    key_cert_sign: bool = False,
    crl_sign: bool = False,
) -> x509.KeyUsage:
    """What a key may be used for; nothing that is not named."""
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


def public_key_of(certificate: x509.Certificate) -> bytes:
    """SubjectPublicKeyInfo, DER."""
    return certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


@cache
def _draft_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())
