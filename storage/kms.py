"""AWS KMS as the keeper of the master key: the one secret that this machine does not have at rest.

Danger: a key service that answers "no" while everything else works looks like lost keys; one whose log tells whose
records are read is a leak of its own.
Invariant: KMS is asked once when a process starts, never for a record; the encryption context, which CloudTrail shows
in clear, holds one random id and nothing else; the answer is taken only from the key that was named when the master key
was wrapped; every state of a KMS key has its own code and remedy.

Measured against moto, which wraps and binds contexts as AWS does but serves disabled and dying keys all the same; those
states are tested with botocore's Stubber. No real AWS was at hand.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from storage.errors import KeyServiceError, KeyServiceUnavailable, StorageCode, WrongMasterKey

_Answer = TypeVar("_Answer")

_REFUSALS: dict[str, tuple[StorageCode, str, str]] = {
    "DisabledException": (
        StorageCode.KEY_DISABLED,
        "The KMS key that wraps the master key is disabled.",
        "Enable it (aws kms enable-key). If somebody disabled it on purpose, ask why first.",
    ),
    "KMSInvalidStateException": (
        StorageCode.KEY_PENDING_DELETION,
        "The KMS key that wraps the master key is pending deletion or in another state in which it cannot be used.",
        "Cancel the deletion now (aws kms cancel-key-deletion, then enable-key); or recover with the recovery shares "
        "(confide keys recover).",
    ),
    "NotFoundException": (
        StorageCode.KEY_UNKNOWN,
        "KMS knows no such key in this account and region.",
        "Check the key's ARN, AWS_REGION and the account. If the key was deleted: confide keys recover.",
    ),
    "AccessDeniedException": (
        StorageCode.KEY_SERVICE_REFUSED,
        "KMS does not let this role use the key that wraps the master key.",
        "Allow kms:Decrypt (start), kms:GenerateDataKey and kms:Encrypt (init, rotate) to this role on that key.",
    ),
    "InvalidKeyUsageException": (
        StorageCode.KEY_SERVICE_REFUSED,
        "This KMS key does not encrypt: it was made for something else.",
        "Name a symmetric key with the usage ENCRYPT_DECRYPT.",
    ),
}
_WRONG = frozenset({"IncorrectKeyException", "InvalidCiphertextException"})


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A secret that KMS wrapped."""

    ciphertext: bytes
    key_arn: str
    """The key that wrapped it, as KMS names it: what an alias points at may change."""


class AwsKms:
    """One symmetric KMS key, by id, ARN or alias. Region and credentials come as boto3 finds them; an ARN's region
    wins.
    """

    def __init__(self, key: str) -> None:
        self.key = key

    def generate(self, context: Mapping[str, str]) -> tuple[bytes, Wrapped]:
        """32 new secret bytes, in clear and wrapped. Raises KeyServiceError."""
        told = _asked(
            lambda: self._client.generate_data_key(KeyId=self.key, KeySpec="AES_256", EncryptionContext=dict(context))
        )
        return told["Plaintext"], Wrapped(told["CiphertextBlob"], told["KeyId"])

    def wrap(self, secret: bytes, context: Mapping[str, str]) -> Wrapped:
        """A given secret wrapped, as when it comes back from recovery shares. Raises KeyServiceError."""
        told = _asked(lambda: self._client.encrypt(KeyId=self.key, Plaintext=secret, EncryptionContext=dict(context)))
        return Wrapped(told["CiphertextBlob"], told["KeyId"])

    def unwrap(self, ciphertext: bytes, context: Mapping[str, str]) -> bytes:
        """The secret again, only by this very key and context. Raises KeyServiceError or WrongMasterKey."""
        told = _asked(
            lambda: self._client.decrypt(KeyId=self.key, CiphertextBlob=ciphertext, EncryptionContext=dict(context))
        )
        secret: bytes = told["Plaintext"]
        return secret

    @cached_property
    def _client(self) -> Any:
        import boto3
        from botocore.config import Config

        settings = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 4})
        parts = self.key.split(":")
        region = parts[3] if self.key.startswith("arn:") and len(parts) > 5 else None
        return boto3.client("kms", region_name=region, config=settings)


def credentials_at_rest() -> Path | None:
    """Where long-lived AWS credentials lie on this machine's disk; None where a role gives short-lived ones.

    Credentials in the environment came from a file as well (a unit, a profile), of which the home stands for the disk.
    """
    file = Path(os.environ.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials").expanduser()
    if file.is_file():
        return file
    in_environment = "AWS_SECRET_ACCESS_KEY" in os.environ and "AWS_SESSION_TOKEN" not in os.environ
    return Path("/") if in_environment else None


def _asked(call: Callable[[], _Answer]) -> _Answer:
    """KMS's answer, with every refusal as ours. The service's own texts are dropped: they quote principals and ARNs."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return call()
    except ClientError as refused:
        name = str(refused.response.get("Error", {}).get("Code", ""))
    except BotoCoreError as failed:
        # no network, no credentials, no region: the type says which
        raise KeyServiceUnavailable(f"cannot be reached ({type(failed).__name__})") from None
    if name in _WRONG:
        raise WrongMasterKey
    if name in _REFUSALS:
        raise KeyServiceError(*_REFUSALS[name])
    raise KeyServiceUnavailable(f"does not serve us now ({name})")
