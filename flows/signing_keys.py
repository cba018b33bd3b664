"""The organization's own signing keys, opened where the settings say they are.

    file:/etc/confide/seal.p12?pin-source=/etc/confide/seal.pass          a PKCS#12 file
    pkcs11:token=org;object=seal?module-path=/usr/lib/x.so&pin-source=…   a key on a token, in the words of RFC 7512
    awskms:arn:aws:kms:…                                                  a key in AWS KMS

Danger: a PIN or passphrase in a setting is in every process list and every crash report. Invariant: it comes from a
file of mode 0400 in a directory of mode 0700, or from a person who is asked; a setting that holds one is refused, and
no error repeats a setting.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, unquote_to_bytes

from storage.errors import StorageError
from storage.places import read_secret

if TYPE_CHECKING:
    from signing.keys import SigningKey

Ask = Callable[[str], str]
"""Asks a person at a terminal for a PIN or passphrase; is told for what."""

_SAFE_PINS = "Write it into a file of mode 0400 in a directory of mode 0700, and name that with pin-source."


class Setting(StrEnum):
    """Which key."""

    SEAL = "CONFIDE_SEAL_KEY"
    CA = "CONFIDE_CA_KEY"


class KeySettingError(Exception):
    """A setting that says where a signing key is cannot be followed."""

    code = "key_setting"

    def __init__(self, setting: Setting, what: str, remedy: str) -> None:
        self.sentence = f"{setting}: {what}"
        self.remedy = remedy
        super().__init__(f"{self.sentence} {remedy}")


def signing_key(setting: Setting, told: str, ask: Ask | None = None) -> SigningKey | None:
    """The key a setting names; None for an empty one. A token or service is not asked before it must sign.

    Raises KeySettingError; SigningError for a file that does not open with its passphrase.
    """
    scheme, _, rest = told.partition(":")
    if not told:
        return None
    if scheme == "awskms" and rest:
        from signing.kms import KmsKey

        return KmsKey(rest)
    if scheme == "file" and rest.startswith("/"):
        return _from_file(setting, rest, ask)
    if scheme == "pkcs11" and rest:
        return _on_token(setting, rest, ask)
    raise KeySettingError(
        setting,
        "this names no place for a key that is known.",
        "Use file:/absolute/path.p12, pkcs11:token=…;object=…?module-path=… or awskms:ARN (docs/keys.md).",
    )


def _from_file(setting: Setting, rest: str, ask: Ask | None) -> SigningKey:
    from signing.keys import LocalKey

    path, _, query = rest.partition("?")
    passphrase = _pin(setting, _queried(setting, query), ask, "passphrase").encode()
    return LocalKey.load_pkcs12(_secret(setting, Path(unquote(path))), passphrase or None)


def _on_token(setting: Setting, rest: str, ask: Ask | None) -> SigningKey:
    from signing.token import TokenKey, TokenPlace

    path, _, query = rest.partition("?")
    named = dict(part.partition("=")[::2] for part in path.split(";") if part)
    queried = _queried(setting, query)
    module = queried.get("module-path", "")
    if not named.get("token") or not (named.get("object") or named.get("id")) or not module.startswith("/"):
        raise KeySettingError(
            setting,
            "a key on a token needs token, object or id, and the absolute module-path.",
            "pkcs11:token=org;object=seal?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=/…/pin",
        )
    place = TokenPlace(
        module=Path(module),
        token=unquote(named["token"]),
        object=unquote(named.get("object", "")),
        id=unquote_to_bytes(named.get("id", "")),
    )
    return TokenKey(place, _pin(setting, queried, ask, "PIN"))


def _queried(setting: Setting, query: str) -> dict[str, str]:
    told = {name: values[0] for name, values in parse_qs(query).items()}
    if "pin-value" in told:
        raise KeySettingError(setting, "a PIN or passphrase stands in the setting itself.", f"Change it. {_SAFE_PINS}")
    return told


def _pin(setting: Setting, queried: dict[str, str], ask: Ask | None, what: str) -> str:
    source = queried.get("pin-source", "").removeprefix("file:")
    if source:
        return _secret(setting, Path(source)).decode().split("\n", 1)[0]
    if ask is not None:
        return ask(f"{what} for {setting}")
    raise KeySettingError(setting, f"its {what} is in no file, and there is nobody to ask.", _SAFE_PINS)


def _secret(setting: Setting, path: Path) -> bytes:
    try:
        return read_secret(path)
    except FileNotFoundError:
        raise KeySettingError(setting, f"there is no file {path}.", "Correct the path.") from None
    except StorageError as unsafe:
        raise KeySettingError(setting, unsafe.sentence, unsafe.remedy) from None
