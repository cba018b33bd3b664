"""Writes an OCSP answer (RFC 6960) that a certificate of ours is good, to be archived in the file.

Why not `cryptography`'s builder: it takes `producedAt` from the machine's clock, and every time in this room comes from
the caller, so that the decades can be tested with the clock moved.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from asn1crypto import ocsp, x509

from signing.container import fixed, integer, octets, oid, sequence, signature_algorithm, tlv
from signing.keys import SigningKey

_SHA1 = "1.3.14.3.2.26"
_BASIC_RESPONSE = "1.3.6.1.5.5.7.48.1.1"


def good(
    certificate: x509.Certificate,
    *,
    issuer: x509.Certificate,
    responder: x509.Certificate,
    key: SigningKey,
    this_update: datetime,
    next_update: datetime,
) -> ocsp.OCSPResponse:
    """The answer "good", signed by `responder`'s P-256 `key`; times are aware and cut to the second."""
    # CertID names the certificate by SHA-1: a lookup key that proves nothing, and the only one every client knows
    certificate_id = sequence(
        sequence(oid(_SHA1), tlv(0x05)),
        octets(hashlib.sha1(issuer.subject.dump(), usedforsecurity=False).digest()),
        octets(issuer.public_key.sha1),
        integer(certificate.serial_number),
    )
    status_good = tlv(0x80)
    until = tlv(0xA0, generalized_time(next_update))
    answer = sequence(certificate_id, status_good, generalized_time(this_update), until)
    responder_id = tlv(0xA2, octets(responder.public_key.sha1))
    data = sequence(responder_id, generalized_time(this_update), sequence(answer))
    signature = tlv(0x03, b"\x00", key.sign(data, "sha256"))
    certificates = tlv(0xA0, sequence(responder.dump()))
    basic = sequence(data, signature_algorithm(rsa=False), signature, certificates)
    successful = tlv(0x0A, b"\x00")
    return fixed(ocsp.OCSPResponse, sequence(successful, tlv(0xA0, sequence(oid(_BASIC_RESPONSE), octets(basic)))))


def generalized_time(moment: datetime) -> bytes:
    """DER GeneralizedTime, cut to the second."""
    return tlv(0x18, moment.astimezone(UTC).strftime("%Y%m%d%H%M%SZ").encode())
