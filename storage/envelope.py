"""The envelope: bytes sealed under one data key for one purpose, opened by that key for that purpose or not at all.

Danger: AES-GCM alone does not commit to its key, so one ciphertext can be made to open under two keys to two documents;
and a nonce used twice under one key gives both away.
Invariant: every envelope has a key of its own (HKDF-SHA512 of the data key and a fresh 32-byte salt), so the nonce can
be zero; 32 more bytes of the same derivation are written into the header and compared before anything is decrypted;
header and context are authenticated. NIST SP 800-38D (GCM), RFC 5869 (HKDF); suites are told apart by one byte.

    magic 4 | suite 1 | salt 32 | commitment 32 | AES-256-GCM ciphertext | tag 16        85 bytes more than the clear
    text
"""

from __future__ import annotations

import hmac
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from storage.errors import Tampered

_MAGIC = b"CFEV"
_SUITE_HKDF_SHA512_AES256_GCM = b"\x01"
_PREFIX = _MAGIC + _SUITE_HKDF_SHA512_AES256_GCM
_SALT = slice(len(_PREFIX), len(_PREFIX) + 32)
_COMMITMENT = slice(_SALT.stop, _SALT.stop + 32)
_HEADER_SIZE = _COMMITMENT.stop
_ONE_MESSAGE_NONCE = bytes(12)
_INFO = b"confide/envelope/1"

OVERHEAD = _HEADER_SIZE + 16
"""Bytes an envelope is longer than what it holds."""


def seal(data_key: bytes, plaintext: bytes, context: bytes) -> bytes:
    """Seal bytes under a 32-byte data key. `context` says what they are (see `context_of`); it is bound, not stored."""
    salt = secrets.token_bytes(32)
    key, commitment = _derive(data_key, salt)
    header = _PREFIX + salt + commitment
    return header + AESGCM(key).encrypt(_ONE_MESSAGE_NONCE, plaintext, header + context)


def unseal(data_key: bytes, sealed: bytes, context: bytes) -> bytes:
    """The sealed bytes in clear. Raises Tampered for another key, another context or any changed, missing or added
    byte.
    """
    if len(sealed) < OVERHEAD or sealed[: len(_PREFIX)] != _PREFIX:
        raise Tampered
    key, commitment = _derive(data_key, sealed[_SALT])
    if not hmac.compare_digest(commitment, sealed[_COMMITMENT]):
        raise Tampered
    try:
        view = memoryview(sealed)
        return AESGCM(key).decrypt(_ONE_MESSAGE_NONCE, view[_HEADER_SIZE:], sealed[:_HEADER_SIZE] + context)
    except InvalidTag:
        raise Tampered from None


def context_of(*parts: str) -> bytes:
    """Bytes that name a purpose without ambiguity: no two lists of parts give the same."""
    encoded = [part.encode() for part in parts]
    return b"".join(len(part).to_bytes(4, "big") + part for part in encoded)


def _derive(data_key: bytes, salt: bytes) -> tuple[bytes, bytes]:
    if len(data_key) != 32:
        raise ValueError("a data key has 32 bytes")
    output = HKDF(algorithm=SHA512(), length=64, salt=salt, info=_INFO).derive(data_key)
    return output[:32], output[32:]
