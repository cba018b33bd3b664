"""The root certificates that a caller trusts, and whether a certificate was issued under one of them.

Danger: names and key identifiers are chosen by whoever makes a certificate; a chain matched by them is a chain on
paper. Invariant: a certificate leads to a root by signatures alone. Dates, purposes and revocation do not matter here
(they are asked for apart), so that "whose keys" can be answered for an old file as well.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from asn1crypto import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509 import Certificate, load_der_x509_certificate
from cryptography.x509.oid import NameOID

_LONGEST_CHAIN = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Roots:
    """The root certificates that the caller trusts."""

    certificates: tuple[x509.Certificate, ...]
    by_sha256: dict[str, Certificate]

    @classmethod
    def load(cls, ders: Sequence[bytes]) -> Roots:
        """From DER bytes. Raises ValueError when one is no certificate."""
        return cls(
            certificates=tuple(x509.Certificate.load(bytes(der)) for der in ders),
            by_sha256={hashlib.sha256(der).hexdigest(): load_der_x509_certificate(bytes(der)) for der in ders},
        )

    def organization(self, sha256: str) -> str:
        """Name of the organization whose root has this digest ("" when it is none of these)."""
        root = self.by_sha256.get(sha256)
        if root is None:
            return ""
        names = root.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
        return str(names[0].value) if names else root.subject.rfc4514_string()

    def anchor(self, leaf: x509.Certificate, others: Sequence[x509.Certificate]) -> str | None:
        """SHA-256 of the root that `leaf` was issued under: by signature alone, dates do not matter here."""
        try:
            current = load_der_x509_certificate(leaf.dump())
            pool = [load_der_x509_certificate(other.dump()) for other in others]
        except ValueError:
            return None
        for _ in range(_LONGEST_CHAIN):
            for digest, root in self.by_sha256.items():
                if _issued(current, root):
                    return digest
            issuer = next((other for other in pool if other != current and _issued(current, other)), None)
            if issuer is None:
                return None
            current = issuer
        return None


def _issued(certificate: Certificate, issuer: Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True
