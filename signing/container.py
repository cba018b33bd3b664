"""The signature container (CMS, RFC 5652; CAdES attributes, RFC 5035) written as DER, level by level.

Why by hand: asn1crypto encodes a structure built in memory anew at every level of nesting (a token took 300 ms), and a
value whose length ends in the byte 0x80 it takes for one of unknown length and encodes again each time, so that one
signature in fifty took two seconds (measured). Its leaves (names, certificates) are used as the bytes they were issued
with. Invariant: DER only — lengths minimal, sets sorted — because a signature is over bytes, not over meaning.
"""

from __future__ import annotations

import functools
import hashlib
from typing import TypeVar

from asn1crypto import core, x509
from asn1crypto.parser import parse, peek

V = TypeVar("V", bound=core.Asn1Value)

_FIXED: dict[type[core.Asn1Value], type[core.Asn1Value]] = {}

DATA = "1.2.840.113549.1.7.1"
SIGNED_DATA = "1.2.840.113549.1.7.2"
TST_INFO = "1.2.840.113549.1.9.16.1.4"
_CONTENT_TYPE = "1.2.840.113549.1.9.3"
_MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
_SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"
_SIGNATURE_TIME_STAMP = "1.2.840.113549.1.9.16.2.14"
_SHA256 = "2.16.840.1.101.3.4.2.1"
_ECDSA_SHA256 = "1.2.840.10045.4.3.2"
_RSA_SHA256 = "1.2.840.113549.1.1.11"


def tlv(tag: int, *parts: bytes) -> bytes:
    """One value: tag, length, and `parts` put together as its content."""
    content = b"".join(parts)
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    size = (length.bit_length() + 7) // 8
    return bytes((tag, 0x80 | size)) + length.to_bytes(size, "big") + content


def sequence(*parts: bytes) -> bytes:
    return tlv(0x30, *parts)


def set_of(*parts: bytes) -> bytes:
    return tlv(0x31, *sorted(parts))


def octets(data: bytes) -> bytes:
    return tlv(0x04, data)


def integer(value: int) -> bytes:
    return tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


@functools.cache
def oid(dotted: str) -> bytes:
    return bytes(core.ObjectIdentifier(dotted).dump())


def children(der: bytes) -> list[bytes]:
    """The values inside a constructed value, each as its own DER. Raises ValueError."""
    content = parse(der, strict=True)[4]
    found = []
    while content:
        size = peek(content)
        found.append(content[:size])
        content = content[size:]
    return found


def fixed(kind: type[V], der: bytes) -> V:
    """`der` read as `kind`, whose `dump` answers with exactly those bytes. Raises ValueError."""
    if kind not in _FIXED:
        _FIXED[kind] = type(kind.__name__, (kind,), {"dump": lambda self, force=False: self.der})
    value: V = _FIXED[kind].load(der, strict=True)
    value.der = der
    return value


def sha256_algorithm() -> bytes:
    return sequence(oid(_SHA256))


def signature_algorithm(*, rsa: bool) -> bytes:
    """AlgorithmIdentifier of a signature over SHA-256: RSA PKCS#1 v1.5, or ECDSA."""
    return sequence(oid(_RSA_SHA256), tlv(0x05)) if rsa else sequence(oid(_ECDSA_SHA256))


def signed_attributes(content_type: str, digest: bytes, certificate: x509.Certificate) -> bytes:
    """What is signed (ETSI EN 319 122-1 §5): kind of content, its SHA-256, and which certificate signs."""
    return set_of(
        _attribute(_CONTENT_TYPE, oid(content_type)),
        _attribute(_MESSAGE_DIGEST, octets(digest)),
        _attribute(_SIGNING_CERTIFICATE_V2, _named(certificate)),
    )


def signature_container(
    *,
    content_type: str,
    content: bytes | None,
    certificates: tuple[x509.Certificate, ...],
    attributes: bytes,
    signature: bytes,
    token: bytes | None = None,
) -> bytes:
    """The finished container as DER.

    `content`: kept inside, None when it is elsewhere (a PDF); `certificates`: the signer's first; `attributes`: as
    `signed_attributes` wrote them; `token`: the time stamp over `signature`.
    """
    signer = certificates[0]
    algorithm = signature_algorithm(rsa=signer.public_key.algorithm == "rsa")
    unsigned = b"" if token is None else tlv(0xA1, _attribute(_SIGNATURE_TIME_STAMP, token))
    info = sequence(
        integer(1),
        sequence(signer.issuer.dump(), integer(signer.serial_number)),
        sha256_algorithm(),
        tlv(0xA0, *children(attributes)),
        algorithm,
        octets(signature),
        unsigned,
    )
    inside = b"" if content is None else tlv(0xA0, octets(content))
    signed = sequence(
        integer(1 if content_type == DATA else 3),
        set_of(sha256_algorithm()),
        sequence(oid(content_type), inside),
        tlv(0xA0, *sorted(certificate.dump() for certificate in certificates)),
        set_of(info),
    )
    return sequence(oid(SIGNED_DATA), tlv(0xA0, signed))


def _attribute(kind: str, value: bytes) -> bytes:
    return sequence(oid(kind), set_of(value))


def _named(certificate: x509.Certificate) -> bytes:
    """ESSCertIDv2 (RFC 5035 §4); its hash is SHA-256 when none is named."""
    issuer = sequence(tlv(0xA4, certificate.issuer.dump()))
    serial = integer(certificate.serial_number)
    identifier = sequence(octets(hashlib.sha256(certificate.dump()).digest()), sequence(issuer, serial))
    return sequence(sequence(identifier))
