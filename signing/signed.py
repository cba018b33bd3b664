"""Whether a signature container holds: the right content, the right certificate, the right signature.

Danger: a signature that is only looked at, not computed, lets anything pass. Invariant: nothing is believed of a
container before the signature over its attributes was verified with the key of the certificate those attributes name.
This judges one container and no chain; who stands behind the certificate is for the caller.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from asn1crypto import cms, x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


class NotSoundError(ValueError):
    """A container that does not hold; the text completes "… cannot be relied on: "."""


def certificates_in(signed: cms.SignedData) -> list[x509.Certificate]:
    """The certificates that came with a container."""
    return [one.chosen for one in signed["certificates"] if isinstance(one.chosen, x509.Certificate)]


def content_of(signed: cms.SignedData) -> bytes:
    """The content kept inside a container."""
    return bytes(signed["encap_content_info"]["content"].contents)


def check(signed: cms.SignedData, *, content_type: str, digest: Callable[[str], bytes]) -> x509.Certificate:
    """The certificate behind a container that holds (RFC 5652 §5.4, RFC 5035 §3).

    `digest` gives the hash of the content by the named algorithm (`sha256`, `sha384`, `sha512`).
    Raises NotSoundError, or ValueError and its like on bad DER.
    """
    certificate = _signer_of(signed)
    signer = signed["signer_infos"][0]
    attributes = {attribute["type"].native: attribute["values"] for attribute in signer["signed_attrs"]}
    algorithm = signer["digest_algorithm"]["algorithm"].native
    if algorithm not in _HASHES:
        raise NotSoundError("it uses a hash that is not accepted")
    if attributes["message_digest"][0].native != digest(algorithm):
        raise NotSoundError("its signature does not fit")
    if attributes["content_type"][0].native != content_type:
        raise NotSoundError("its signature does not fit")
    if not _names(attributes, certificate):
        raise NotSoundError("its signature names another certificate")
    _verify(signer, certificate, signer["signed_attrs"].untag().dump(), algorithm)
    return certificate


def _signer_of(signed: cms.SignedData) -> x509.Certificate:
    if len(signed["signer_infos"]) != 1:
        raise NotSoundError("its answer has not exactly one signer")
    sid = signed["signer_infos"][0]["sid"]
    for certificate in certificates_in(signed):
        if sid.name == "issuer_and_serial_number":
            if (
                certificate.issuer.dump() == sid.chosen["issuer"].dump()
                and certificate.serial_number == sid.chosen["serial_number"].native
            ):
                return certificate
        elif certificate.key_identifier == sid.chosen.native:
            return certificate
    raise NotSoundError("its certificate is missing")


def _names(attributes: dict[str, cms.SetOfAny], certificate: x509.Certificate) -> bool:
    """The signed attributes name the certificate by its hash, so that nobody swaps it."""
    der = certificate.dump()
    if "signing_certificate_v2" in attributes:
        first = attributes["signing_certificate_v2"][0]["certs"][0]
        name = first["hash_algorithm"]["algorithm"].native
        return bool(first["cert_hash"].native == hashlib.new(name, der).digest())
    if "signing_certificate" in attributes:  # RFC 2634: SHA-1, still what many time-stamp authorities send
        first = attributes["signing_certificate"][0]["certs"][0]
        return bool(first["cert_hash"].native == hashlib.sha1(der, usedforsecurity=False).digest())
    return False


def _verify(signer: cms.SignerInfo, certificate: x509.Certificate, data: bytes, digest: str) -> None:
    algorithm = signer["signature_algorithm"]
    hashed = _HASHES.get(digest if algorithm.signature_algo == "rsassa_pkcs1v15" else algorithm.hash_algo)
    if hashed is None:
        raise NotSoundError("it uses a hash that is not accepted")
    key = serialization.load_der_public_key(certificate.public_key.dump())
    signature = signer["signature"].native
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, data, ec.ECDSA(hashed))
        elif isinstance(key, rsa.RSAPublicKey) and algorithm.signature_algo == "rsassa_pss":
            pss = padding.PSS(padding.MGF1(hashed), algorithm["parameters"]["salt_length"].native)
            key.verify(signature, data, pss, hashed)
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, data, padding.PKCS1v15(), hashed)
        else:
            raise NotSoundError("it uses a kind of key that is not accepted")
    except (InvalidSignature, UnsupportedAlgorithm) as error:
        raise NotSoundError("its signature does not fit") from error
