"""Keys that sign, wherever they live.

A `SigningKey` is all that this room asks of a key: its public half and a raw signature. A local key, a PKCS#12 file, a
PKCS#11 token (`token`) and a key in AWS KMS (`kms`) fit behind it alike; certificates are always issued by the
organization's own root over `public_key_der`, so a key needs to know nothing of certificates. Intentionally absent:
export, storage, passwords.

Why not pyHanko's SimpleSigner: it parses and checks an RSA key again for every raw signature (170 ms against 46 ms).
Invariants: a dry run never touches the key, so a remote key is never called (or billed) for a size estimate; what a
device or a service answers is verified before it goes into a file.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Protocol, runtime_checkable

from asn1crypto import cms, x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from pyhanko.sign.signers.pdf_cms import Signer
from pyhanko.sign.timestamps import TimeStamper
from pyhanko_certvalidator.registry import CertificateStore, SimpleCertificateStore

from signing.container import DATA, fixed, signature_container, signed_attributes
from signing.errors import SigningCode, SigningError

# pyHanko's constructor has no types; named here with the ones it has
_store: Callable[[list[x509.Certificate]], CertificateStore] = SimpleCertificateStore.from_certs

_HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}


@runtime_checkable
class SigningKey(Protocol):
    """A private key that can sign; see the module's docstring."""

    @property
    def remote(self) -> bool:
        """True when a signature takes the network or a device (it is then made off the event loop)."""
        ...

    @property
    def public_key_der(self) -> bytes:
        """SubjectPublicKeyInfo, DER."""
        ...

    @property
    def signature_size(self) -> int:
        """Most bytes a raw signature can take."""
        ...

    def sign(self, data: bytes, digest: str) -> bytes:
        """Hash `data` with `digest` (`sha256`, `sha384`, `sha512`) and sign; ECDSA as DER, RSA as PKCS#1 v1.5."""
        ...


@runtime_checkable
class Ending(Protocol):
    """A key whose keeper may stop serving it on a day that is known."""

    def ends(self) -> datetime | None:
        """That day; None when none is set. Raises SigningError when it cannot be asked."""
        ...


class LocalKey:
    """A key in memory, parsed and checked once: P-256/P-384 or RSA."""

    def __init__(self, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> None:
        self._key = key
        self._public = key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    @classmethod
    def generate(cls) -> LocalKey:
        """A new P-256 key."""
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def load(cls, pkcs8: bytes) -> LocalKey:
        """Read an unencrypted PKCS#8 DER key. Raises SigningError when it is not EC or RSA."""
        try:
            key = serialization.load_der_private_key(pkcs8, password=None)
        except (ValueError, TypeError):
            raise _unusable_key() from None
        if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
            raise _unusable_key()
        return cls(key)

    @classmethod
    def load_pkcs12(cls, data: bytes, passphrase: bytes | None) -> LocalKey:
        """The key of a PKCS#12 file; its certificates are ignored (ours come from our root). Raises SigningError."""
        from cryptography.hazmat.primitives.serialization import pkcs12

        try:
            key = pkcs12.load_key_and_certificates(data, passphrase)[0]
        except ValueError:
            raise _unusable_key() from None
        if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
            raise _unusable_key()
        return cls(key)

    @property
    def remote(self) -> bool:
        return False

    @property
    def public_key_der(self) -> bytes:
        return self._public

    @property
    def private(self) -> ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey:
        """The key itself, for `cryptography`'s certificate builders."""
        return self._key

    @property
    def signature_size(self) -> int:
        return largest_signature(self._public)

    def to_der(self) -> bytes:
        """Unencrypted PKCS#8 DER; only for a caller that encrypts it."""
        return self._key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def sign(self, data: bytes, digest: str) -> bytes:
        algorithm = _HASHES[digest]()
        if isinstance(self._key, rsa.RSAPrivateKey):
            return self._key.sign(data, padding.PKCS1v15(), algorithm)
        return self._key.sign(data, ec.ECDSA(algorithm))

    def __repr__(self) -> str:
        return "LocalKey()"


class KeySigner(Signer):
    """pyHanko's view of a `SigningKey` with the certificate issued over it."""

    def __init__(
        self, key: SigningKey, certificate: x509.Certificate, chain: tuple[x509.Certificate, ...] = ()
    ) -> None:
        self._key = key
        self._certificates = (certificate, *chain)
        super().__init__(signing_cert=certificate, cert_registry=_store(list(chain)))

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        """Sign the encoded signed attributes; a dry run only answers with bytes of the right length."""
        if dry_run:
            return bytes(self._key.signature_size)
        if not self._key.remote:
            return self._key.sign(data, digest_algorithm)
        signature = await asyncio.to_thread(self._key.sign, data, digest_algorithm)
        require_genuine(self._certificates[0].public_key.dump(), data, signature, digest_algorithm)
        return signature

    async def async_sign(
        self,
        data_digest: bytes,
        digest_algorithm: str,
        dry_run: bool = False,
        use_pades: bool = True,
        timestamper: TimeStamper | None = None,
        signed_attr_settings: object = None,
        is_pdf_sig: bool = True,
        encap_content_info: object = None,
    ) -> cms.ContentInfo:
        """A PAdES signature over a document's SHA-256 `data_digest`, with a time stamp by `timestamper` if given."""
        attributes = signed_attributes(DATA, data_digest, self._certificates[0])
        signature = await self.async_sign_raw(attributes, digest_algorithm, dry_run)
        token = None
        if timestamper is not None:
            answer = await timestamper.async_timestamp(hashlib.sha256(signature).digest(), "sha256")
            token = answer.dump()
        container = signature_container(
            content_type=DATA,
            content=None,
            certificates=self._certificates,
            attributes=attributes,
            signature=signature,
            token=token,
        )
        return fixed(cms.ContentInfo, container)


def is_rsa(public_key_der: bytes) -> bool:
    """Whether a SubjectPublicKeyInfo is of an RSA key."""
    return isinstance(serialization.load_der_public_key(public_key_der), rsa.RSAPublicKey)


def largest_signature(public_key_der: bytes) -> int:
    """Most bytes a raw signature by this key can take. Raises SigningError for a key that is neither EC nor RSA."""
    key = serialization.load_der_public_key(public_key_der)
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size // 8
    if isinstance(key, ec.EllipticCurvePublicKey):
        return 2 * ((key.key_size + 7) // 8) + 9
    raise _unusable_key()


def require_genuine(public_key_der: bytes, data: bytes, signature: bytes, digest: str) -> None:
    """Refuse a signature that is not by this key over this data: a device may hold another key than it is named for.

    Raises SigningError.
    """
    key, algorithm = serialization.load_der_public_key(public_key_der), _HASHES[digest]()
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, data, padding.PKCS1v15(), algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, data, ec.ECDSA(algorithm))
        else:
            raise _unusable_key()
    except InvalidSignature:
        raise SigningError(
            SigningCode.KEY_UNTRUE,
            "The token or key service signed with another key than the certificate is for; nothing was kept.",
            "Name the key that the authority was set up with (confide keys list), and ask who changed it.",
        ) from None


def _unusable_key() -> SigningError:
    return SigningError(
        SigningCode.AUTHORITY_INVALID,
        "The signing key cannot be read.",
        "Give an EC (P-256 or P-384) or RSA key, and check its passphrase.",
    )
