"""The organization's key in AWS KMS: a signature for a call, and never the key itself.

Danger: an algorithm or message form that KMS accepts and no verifier does (a digest hashed twice) makes signatures that
fail years later. Invariants: the message goes as it is (`MessageType=RAW`; signed attributes and certificates are far
under KMS's 4096 bytes), KMS hashes it, and the caller verifies what comes back; only RSA PKCS#1 v1.5 and ECDSA on
P-256, both with SHA-256; every refusal has its own code, and none repeats the service's words, which name people.

Measured against moto, which signs as AWS does (RAW; its DIGEST hashes again), and botocore's Stubber for the states of
a key. No real AWS was at hand.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

from signing.errors import KeyUnavailable, SigningCode, SigningError
from signing.keys import is_rsa, largest_signature

_Answer = TypeVar("_Answer")

_SPECS = ("RSA_2048", "RSA_3072", "RSA_4096", "ECC_NIST_P256")
_LONGEST_MESSAGE = 4096

_REFUSALS: dict[str, tuple[SigningCode, str, str]] = {
    "DisabledException": (
        SigningCode.KEY_DISABLED,
        "The organization's signing key in KMS is disabled.",
        "Enable it (aws kms enable-key). If somebody disabled it on purpose, ask why first.",
    ),
    "KMSInvalidStateException": (
        SigningCode.KEY_PENDING_DELETION,
        "The organization's signing key in KMS is pending deletion, or in another state in which it cannot be used.",
        "Cancel the deletion (aws kms cancel-key-deletion, then enable-key), or name another key.",
    ),
    "NotFoundException": (
        SigningCode.KEY_NOT_FOUND,
        "KMS knows no such signing key in this account and region.",
        "Check the key's ARN, AWS_REGION and the account.",
    ),
    "AccessDeniedException": (
        SigningCode.KEY_REFUSED,
        "KMS does not let this role use the organization's signing key.",
        "Allow kms:Sign, kms:GetPublicKey and kms:DescribeKey to this role on that key.",
    ),
}


class KmsKey:
    """An asymmetric KMS key of the usage SIGN_VERIFY, by id, ARN or alias. A `SigningKey`; may cross processes."""

    def __init__(self, key: str) -> None:
        self._key = key

    @property
    def remote(self) -> bool:
        return True

    @cached_property
    def public_key_der(self) -> bytes:
        """Asked once. Raises SigningError, also for a key of another kind or usage."""
        told = _asked(lambda: self._client.get_public_key(KeyId=self._key))
        if (
            told.get("KeyUsage") != "SIGN_VERIFY"
            or told.get("KeySpec", told.get("CustomerMasterKeySpec")) not in _SPECS
        ):
            raise SigningError(
                SigningCode.KEY_UNFIT,
                "This KMS key cannot sign for the organization: it has another usage or kind.",
                "Make one with the usage SIGN_VERIFY and the spec RSA_2048, RSA_3072, RSA_4096 or ECC_NIST_P256.",
            )
        return bytes(told["PublicKey"])

    @property
    def signature_size(self) -> int:
        return largest_signature(self.public_key_der)

    def sign(self, data: bytes, digest: str) -> bytes:
        """One call. Raises SigningError; KeyUnavailable where another try may succeed."""
        if digest != "sha256" or len(data) > _LONGEST_MESSAGE:
            raise ValueError("KMS signs up to 4096 bytes with SHA-256 here")
        algorithm = "RSASSA_PKCS1_V1_5_SHA_256" if is_rsa(self.public_key_der) else "ECDSA_SHA_256"
        told = _asked(
            lambda: self._client.sign(KeyId=self._key, Message=data, MessageType="RAW", SigningAlgorithm=algorithm)
        )
        return bytes(told["Signature"])

    def ends(self) -> datetime | None:
        """When the key stops by itself (imported material, or a deletion that is planned); None when it does not."""
        told = _asked(lambda: self._client.describe_key(KeyId=self._key))["KeyMetadata"]
        ends: datetime | None = told.get("DeletionDate") or told.get("ValidTo")
        return ends

    def __reduce__(self) -> tuple[type[KmsKey], tuple[str]]:
        return (KmsKey, (self._key,))

    def __repr__(self) -> str:
        return f"KmsKey({self._key})"

    @cached_property
    def _client(self) -> Any:
        import boto3
        from botocore.config import Config

        settings = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 4})
        parts = self._key.split(":")
        region = parts[3] if self._key.startswith("arn:") and len(parts) > 5 else None
        return boto3.client("kms", region_name=region, config=settings)


def _asked(call: Callable[[], _Answer]) -> _Answer:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return call()
    except ClientError as refused:
        name = str(refused.response.get("Error", {}).get("Code", ""))
    except BotoCoreError as failed:
        raise KeyUnavailable(f"KMS cannot be reached ({type(failed).__name__})") from None
    if name in _REFUSALS:
        raise SigningError(*_REFUSALS[name])
    raise KeyUnavailable(f"KMS does not serve us now ({name})")
