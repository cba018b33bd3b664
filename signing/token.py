"""The organization's key on a PKCS#11 token: a smart card, an HSM, or SoftHSM2 in the tests.

Danger: a wrong PIN tried again and again locks the token for good; a session shared by threads or carried over a fork
answers one caller with another's signature. Invariants: a PIN is tried once a process, and a refusal is remembered;
one session a process, one signature at a time; whatever the token answers, the caller verifies.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from functools import cached_property
from pathlib import Path
from typing import Any

from signing.errors import KeyUnavailable, SigningCode, SigningError
from signing.keys import is_rsa, largest_signature


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPlace:
    """Where a key is, in the words of RFC 7512."""

    module: Path
    """The token's PKCS#11 library."""
    token: str
    """Label of the token."""
    object: str = ""
    """Label of the key pair; may be empty where `id` is given."""
    id: bytes = b""


@dataclass(slots=True)
class _Session:
    """One process's login to one token."""

    session: Any
    lock: threading.Lock = field(default_factory=threading.Lock)


# a token knows one login a process, whichever of its keys is used
_sessions: dict[tuple[int, Path, str], _Session | SigningError] = {}
_opening = threading.Lock()


class TokenKey:
    """A key pair on a token, used but never read. A `SigningKey`; may cross processes, its login does not."""

    def __init__(self, place: TokenPlace, pin: str) -> None:
        self._place = place
        self._pin = pin

    @property
    def remote(self) -> bool:
        return True

    @cached_property
    def public_key_der(self) -> bytes:
        """Raises SigningError, also for a key of a kind that is not accepted."""
        from pkcs11 import KeyType, ObjectClass
        from pkcs11.util.ec import encode_ec_public_key
        from pkcs11.util.rsa import encode_rsa_public_key

        with self._logged_in() as login, _told():
            public = login.session.get_key(object_class=ObjectClass.PUBLIC_KEY, **self._searched())
            if public.key_type is KeyType.RSA:
                return _spki_of_rsa(encode_rsa_public_key(public))
            if public.key_type is KeyType.EC:
                return bytes(encode_ec_public_key(public))
        raise SigningError(
            SigningCode.KEY_UNFIT, "The key on the token is of a kind that is not accepted.", "Use an EC or RSA key."
        )

    @property
    def signature_size(self) -> int:
        return largest_signature(self.public_key_der)

    def sign(self, data: bytes, digest: str) -> bytes:
        """Raises SigningError; KeyUnavailable where another try may succeed."""
        from pkcs11 import Mechanism
        from pkcs11.util.ec import encode_ecdsa_signature

        if digest != "sha256":
            raise ValueError("a token signs with SHA-256 here")
        rsa = is_rsa(self.public_key_der)
        with self._logged_in() as login, _told():
            if rsa:
                return bytes(self._private(login).sign(data, mechanism=Mechanism.SHA256_RSA_PKCS))
            # plain ECDSA over our own digest: every token has it, few have ECDSA_SHA256
            raw = self._private(login).sign(hashlib.sha256(data).digest(), mechanism=Mechanism.ECDSA)
            return bytes(encode_ecdsa_signature(raw))

    def ends(self) -> datetime | None:
        """The end date the token gives the key (CKA_END_DATE); None without one."""
        from pkcs11 import Attribute
        from pkcs11.exceptions import PKCS11Error

        with self._logged_in() as login, _told():
            try:
                end: date | None = self._private(login)[Attribute.END_DATE]
            except (PKCS11Error, ValueError):  # a key without an end: refused by some tokens, an empty date on others
                return None
        return datetime.combine(end, time(), UTC) if end else None

    def __reduce__(self) -> tuple[type[TokenKey], tuple[TokenPlace, str]]:
        return (TokenKey, (self._place, self._pin))

    def __repr__(self) -> str:
        return f"TokenKey({self._place.token}/{self._place.object or self._place.id.hex()})"

    def _searched(self) -> dict[str, Any]:
        return ({"label": self._place.object} if self._place.object else {}) | (
            {"id": self._place.id} if self._place.id else {}
        )

    @contextmanager
    def _logged_in(self) -> Iterator[_Session]:
        whose = (os.getpid(), self._place.module, self._place.token)
        with _opening:
            login = _sessions.get(whose)
            if login is None:
                try:
                    login = self._open()
                except SigningError as refused:
                    if refused.code is SigningCode.KEY_REFUSED:
                        _sessions[whose] = refused
                    raise
                _sessions[whose] = login
        if isinstance(login, SigningError):
            raise login
        with login.lock:
            try:
                yield login
            except KeyUnavailable:
                # pulled out and put in again: the next call logs in anew
                _sessions.pop(whose, None)
                raise

    def _open(self) -> _Session:
        import pkcs11

        with _told():
            library = pkcs11.lib(str(self._place.module))
            return _Session(library.get_token(token_label=self._place.token).open(user_pin=self._pin))

    def _private(self, login: _Session) -> Any:
        from pkcs11 import ObjectClass

        return login.session.get_key(object_class=ObjectClass.PRIVATE_KEY, **self._searched())


@contextmanager
def _told() -> Iterator[None]:
    """The token's refusals as ours."""
    from pkcs11 import exceptions as refused

    try:
        yield
    except (refused.PinIncorrect, refused.PinInvalid, refused.PinLenRange, refused.PinExpired) as problem:
        raise SigningError(
            SigningCode.KEY_REFUSED,
            "The token does not accept this PIN. It was tried once.",
            "Correct the file that pin-source names, then start again; most tokens lock after a few wrong tries.",
        ) from problem
    except refused.PinLocked as problem:
        raise SigningError(
            SigningCode.KEY_REFUSED,
            "The token has locked its PIN after wrong tries.",
            "Unlock it with the security officer's PIN.",
        ) from problem
    except (refused.NoSuchKey, refused.MultipleObjectsReturned) as problem:
        raise SigningError(
            SigningCode.KEY_NOT_FOUND,
            "The token holds no such key pair, or several.",
            "Check object and id in the setting (pkcs11-tool --list-objects, or softhsm2-util).",
        ) from problem
    except (refused.NoSuchToken, refused.MultipleTokensReturned) as problem:
        raise SigningError(
            SigningCode.KEY_NOT_FOUND,
            "There is no such token, or several of that name.",
            "Check token in the setting, and that it is plugged in.",
        ) from problem
    except (refused.PKCS11Error, RuntimeError, OSError) as problem:
        raise KeyUnavailable(f"the token answers {type(problem).__name__}") from problem


def _spki_of_rsa(public_key: bytes) -> bytes:
    from asn1crypto.keys import PublicKeyInfo, RSAPublicKey

    return bytes(PublicKeyInfo.wrap(RSAPublicKey.load(public_key), "rsa").dump())
