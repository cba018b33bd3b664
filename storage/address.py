"""Where an S3 store is, as one setting says it: parsed once at the door, then trusted.

Danger: a bucket named almost right is another bucket, and bytes put there are found by nobody.
Invariant: an address is taken whole or refused whole; there are no credentials in it (boto3 finds those by its own
chain: environment, profile, role of the machine).

Standard library only: every verb of the terminal door reads its settings through this.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from storage.errors import StoreUnfit
from storage.protocol import LockMode

SCHEME = "s3"
_BUCKET = re.compile(r"[a-z0-9](?:[a-z0-9-]|\.(?=[a-z0-9])){1,61}[a-z0-9]\Z")
_PREFIX = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9_.-]{0,63}/?){0,8}\Z")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
COMPLIANCE_ACCEPTED = "compliance-ciphertext-stays"
"""The setting for COMPLIANCE locks: it cannot be written without saying what follows from it."""
_LOCKS = {
    None: LockMode.GOVERNANCE,
    LockMode.GOVERNANCE.value: LockMode.GOVERNANCE,
    COMPLIANCE_ACCEPTED: LockMode.COMPLIANCE,
}
_CONSEQUENCE = (
    "COMPLIANCE locks end for nobody before their day, more than a year ahead: where a court orders destruction, the "
    "keys are destroyed and the ciphertext stays, and no setting takes such a lock back.",
    f"Leave CONFIDE_S3_LOCK unset. Where counsel decided otherwise: CONFIDE_S3_LOCK={COMPLIANCE_ACCEPTED}",
)
_NO_SUCH_LOCK = (
    "There is no such lock.",
    f"Leave CONFIDE_S3_LOCK unset, or give governance or {COMPLIANCE_ACCEPTED}.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Address:
    """One bucket, the part of it that is ours, and how its server is reached."""

    bucket: str
    prefix: str = ""
    """Empty, or ends with a slash; areas lie under it."""
    endpoint: str | None = None
    """URL of a server that is not Amazon's; None is AWS, by https."""
    region: str | None = None
    """None: what boto3's own chain says, or us-east-1."""
    kms_key: str | None = None
    """Id or ARN of the key the *server* encrypts with (SSE-KMS); None leaves that to the bucket."""
    ca_bundle: Path | None = None
    """Root certificates (PEM) of an endpoint whose certificate no public authority issued."""
    profile: str | None = None
    """The profile boto3 takes its credentials from, where one duty has a role of its own; None: boto3's own chain."""
    lock: LockMode = LockMode.GOVERNANCE
    """How hard the locks of records are."""

    @property
    def url(self) -> str:
        """The address as it stands in the setting."""
        return f"{SCHEME}://{self.bucket}/{self.prefix}".rstrip("/")

    @property
    def encrypted_on_the_way(self) -> bool:
        """Whether requests go by https."""
        return self.endpoint is None or self.endpoint.startswith("https://")

    @property
    def on_this_machine(self) -> bool:
        """Whether the endpoint is this machine itself, so that nobody listens between."""
        return self.endpoint is not None and urlsplit(self.endpoint).hostname in _LOOPBACK


def parse(
    url: str,
    *,
    endpoint: str | None = None,
    region: str | None = None,
    kms_key: str | None = None,
    ca_bundle: Path | None = None,
    lock: str | None = None,
) -> S3Address:
    """The address that `s3://bucket[/prefix]` and its companions name. Raises StoreUnfit for what is none, and for
    COMPLIANCE locks until the setting says in words what follows from them.
    """
    split = urlsplit(url)
    prefix = split.path.strip("/")
    if split.scheme != SCHEME or split.query or split.fragment or _BUCKET.match(split.netloc) is None:
        raise StoreUnfit("The address of the store is not s3://bucket or s3://bucket/prefix.", "Correct CONFIDE_STORE.")
    if _PREFIX.match(prefix) is None:
        raise StoreUnfit(
            "The prefix of the store is made of letters, digits, hyphens, dots and slashes.", "Correct CONFIDE_STORE."
        )
    if endpoint is not None and (urlsplit(endpoint).scheme not in ("http", "https") or not urlsplit(endpoint).hostname):
        raise StoreUnfit("The endpoint of the store is not an http(s) URL.", "Correct CONFIDE_S3_ENDPOINT.")
    if endpoint is not None and urlsplit(endpoint).username is not None:
        raise StoreUnfit(
            "The endpoint of the store carries a name or password.",
            "Give credentials to boto3 by its own chain (AWS_ACCESS_KEY_ID, a profile, a role), never in a setting.",
        )
    if ca_bundle is not None and not ca_bundle.is_file():
        raise StoreUnfit(f"There is no file {ca_bundle}.", "Correct CONFIDE_S3_CA_BUNDLE.")
    if lock not in _LOCKS:
        raise StoreUnfit(*(_CONSEQUENCE if lock == LockMode.COMPLIANCE else _NO_SUCH_LOCK))
    return S3Address(
        bucket=split.netloc,
        prefix=f"{prefix}/" if prefix else "",
        endpoint=endpoint,
        region=region,
        kms_key=kms_key,
        ca_bundle=ca_bundle,
        lock=_LOCKS[lock],
    )
