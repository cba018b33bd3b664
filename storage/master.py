"""The master key: the one secret that must be kept apart from the data, and from which or under which all others stand.

Danger: whoever has this key and a copy of keys and data reads everything; whoever loses it without recovery shares
loses everything.
Invariant: it is never printed, never pickled, and never part of a backup; `custody` says where it is kept. Nothing is
derived from it and nothing but small keys is wrapped by it (RFC 5869 makes the wrapping key itself), so that it can be
changed without touching a record or a row: what needs a key of its own has a random one, sealed in the vault. Callers
that only wrap take a `KeyWrapper`.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from storage.errors import MasterKeyExists, UnsafePlace, WrongMasterKey
from storage.places import private_directory, publish, read_secret

_MAGIC = b"CONFIDE MASTER KEY 1\n"
_WRAPPED = b"\x01"


class KeyWrapper(Protocol):
    """Whatever can wrap a key: the master key here, a key service elsewhere.

    `context` holds opaque ids only: a key service writes it into its own log in clear.
    """

    @property
    def key_id(self) -> str:
        """Public name of the wrapping key; differs whenever the key does."""

    def wrap(self, secret: bytes, context: Mapping[str, str]) -> bytes:
        """The secret, readable only with this key and this context."""

    def unwrap(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        """The secret again. Raises WrongMasterKey for another key, another context or changed bytes."""


class MasterKey:
    """32 secret bytes, and what may be done with them. A `KeyWrapper`."""

    __slots__ = ("_key_id", "_secret", "_wrapping")

    def __init__(self, secret: bytes) -> None:
        if len(secret) != 32:
            raise ValueError("a master key has 32 bytes")
        self._secret = secret
        self._wrapping = AESGCM(self._derived(b"wrap"))
        self._key_id = self._derived(b"key id").hex()[:16]

    @classmethod
    def generate(cls) -> MasterKey:
        """A new key, kept nowhere yet."""
        return cls(secrets.token_bytes(32))

    @classmethod
    def create(cls, path: Path) -> MasterKey:
        """Make a new key and its file (0400, directory 0700). Raises MasterKeyExists; never overwrites."""
        return cls.generate().save(path)

    def save(self, path: Path) -> MasterKey:
        """Write this key to a new file, as after combining recovery shares. Raises MasterKeyExists or UnsafePlace."""
        private_directory(path.parent)
        try:
            publish(path, _MAGIC + self._secret + hashlib.sha256(self._secret).digest()[:8])
        except FileExistsError:
            raise MasterKeyExists from None
        return self

    @classmethod
    def load(cls, path: Path) -> MasterKey:
        """Read the key file. Raises UnsafePlace for wrong modes, owners, links or content; FileNotFoundError when
        absent.
        """
        content = read_secret(path)
        secret, check = content[len(_MAGIC) : -8], content[-8:]
        if not content.startswith(_MAGIC) or len(secret) != 32 or hashlib.sha256(secret).digest()[:8] != check:
            raise UnsafePlace(f"{path} is not a master key.", "Bring the file back, or combine the recovery shares.")
        return cls(secret)

    @property
    def key_id(self) -> str:
        """16 hex characters that name this key without telling it."""
        return self._key_id

    def wrap(self, secret: bytes, context: Mapping[str, str]) -> bytes:
        nonce = secrets.token_bytes(12)
        head = _WRAPPED + bytes.fromhex(self._key_id)
        return head + nonce + self._wrapping.encrypt(nonce, secret, head + _canonical(context))

    def unwrap(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        head, nonce, body = wrapped[:9], wrapped[9:21], wrapped[21:]
        if head != _WRAPPED + bytes.fromhex(self._key_id) or len(body) < 16:
            raise WrongMasterKey
        try:
            return self._wrapping.decrypt(nonce, body, head + _canonical(context))
        except InvalidTag:
            raise WrongMasterKey from None

    def reveal(self) -> bytes:
        """The secret itself, for the making of recovery shares and for nothing else."""
        return self._secret

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MasterKey) and hmac.compare_digest(self._secret, other._secret)

    def __hash__(self) -> int:
        return hash(self._key_id)

    def __repr__(self) -> str:
        return f"<MasterKey {self._key_id}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a master key is never pickled: open it in the process that needs it")

    def _derived(self, label: bytes) -> bytes:
        return HKDF(algorithm=SHA512(), length=32, salt=None, info=b"confide/master/1/" + label).derive(self._secret)


def wrapped_by(wrapped: bytes) -> str:
    """The `key_id` of the master key that wrapped these bytes; empty when they are nothing wrapped."""
    return wrapped[1:9].hex() if wrapped.startswith(_WRAPPED) else ""


def _canonical(context: Mapping[str, str]) -> bytes:
    return json.dumps(dict(context), sort_keys=True, separators=(",", ":")).encode()
