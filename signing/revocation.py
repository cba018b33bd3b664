"""Writes an OCSP answer (RFC 6960) that a certificate of ours is good, to be archived in the file.

Why not `cryptography`'s builder: it takes `producedAt` from the machine's clock, and every time in this room comes from
the caller, so that the decades can be tested with the clock moved.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from asn1crypto import ocsp, x509

from signing.keys import SigningKey
from signing.settled import settled


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
    certificate_id = {
        "hash_algorithm": {"algorithm": "sha1"},
        "issuer_name_hash": _sha1(issuer.subject.dump()),
        "issuer_key_hash": issuer.public_key.sha1,
        "serial_number": certificate.serial_number,
    }
    single = {
        "cert_id": settled(ocsp.CertId(certificate_id)),
        "cert_status": ocsp.CertStatus("good"),
        "this_update": this_update.replace(microsecond=0),
        "next_update": next_update.replace(microsecond=0),
    }
    data = settled(
        ocsp.ResponseData(
            {
                "responder_id": ocsp.ResponderId("by_key", responder.public_key.sha1),
                "produced_at": this_update.replace(microsecond=0),
                "responses": [settled(ocsp.SingleResponse(single))],
            }
        )
    )
    basic = ocsp.BasicOCSPResponse(
        {
            "tbs_response_data": data,
            "signature_algorithm": {"algorithm": "sha256_ecdsa"},
            "signature": key.sign(data.dump(), "sha256"),
            "certs": [responder],
        }
    )
    wrapped = {"response_type": "basic_ocsp_response", "response": settled(basic)}
    return settled(ocsp.OCSPResponse({"response_status": "successful", "response_bytes": wrapped}))


def _sha1(data: bytes) -> bytes:
    return hashlib.sha1(data, usedforsecurity=False).digest()
