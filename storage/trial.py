"""An S3 server tried before it is trusted: what records need is done to it, not read from its documentation.

Danger: MinIO, Garage, Ceph and the rest all answer 200; some ignore a lock, a checksum or a key they were given, and
nobody knows until the day it mattered. Invariant: each check tries the thing itself with a probe of its own and looks
at what came of it, past our own code that would refuse first; what could not be tried is a problem, never a pass; a
store that lacks what records need is refused when it is first opened (`require`), and told by `confide doctor` after.

Probes are opaque: random names in the working area, and for the lock, which is waited for, in a place of its own beside
the areas, where a role that never destroys a record may take its probe away again.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from storage.errors import DigestRefused, LockRefused, NotFound, StorageError, StoreDenied, StoreUnfit
from storage.findings import Check, Finding, Level
from storage.protocol import Area, LockMode
from storage.s3 import S3Store
from storage.s3_answers import word_of

LOCK_PROBES = "probe"
"""Where locks are tried: under the store's prefix, beside the areas."""
_LOCK_SECONDS = 5
"""Longer than the requests that must meet it, on a slow line too."""
_PATIENCE_SECONDS = _LOCK_SECONDS + 5
_CLOCKS_APART = timedelta(seconds=30)
_WRONG_MD5 = base64.b64encode(hashlib.md5(b"other bytes", usedforsecurity=False).digest()).decode()
_WRONG_SHA256 = base64.b64encode(hashlib.sha256(b"other bytes").digest()).decode()
_NO_SUCH_KEY = "00000000-0000-4000-8000-000000000000"
_SLOW_CLASSES = frozenset({"GLACIER", "DEEP_ARCHIVE"})
_BUCKET = "Make a bucket with Object Lock on and no default retention; docs/storage.md says how."
_SERVER = "Use another server: no setting of Confide can make up for it."


def tried(store: S3Store) -> tuple[Finding, ...]:
    """Every check of the server and the bucket; takes some ten seconds. A check that fails says so, and stops no other.

    Where the bucket cannot be reached at all there is one finding: why.
    """
    try:
        store.requests.ask("list_object_versions", Prefix=store.name(Area.WORKING, _fresh()), MaxKeys=1)
    except StorageError as closed:
        return (Finding(check=Check.WAY, level=Level.PROBLEM, sentence=closed.sentence, remedy=closed.remedy),)
    return tuple(
        finding
        for check, look in (
            (Check.WAY, way),
            (Check.VERSIONS, versions),
            (Check.LOCK, locks),
            (Check.DIGEST, digests),
            (Check.ENCRYPTION, encryption),
            (Check.LIFECYCLE, lifecycle),
            (Check.CONDITION, condition),
        )
        for finding in _found(check, look, store)
    )


def require(store: S3Store) -> tuple[Finding, ...]:
    """As `tried`; raises StoreUnfit, with everything that is wrong, for a store that records must not be given to."""
    found = tried(store)
    wrong = [finding for finding in found if finding.level is Level.PROBLEM]
    if wrong:
        sentences = " ".join(dict.fromkeys(finding.sentence for finding in wrong))
        remedies = " ".join(dict.fromkeys(finding.remedy for finding in wrong))
        raise StoreUnfit(f"This store is not trusted with records. {sentences}", remedies)
    return found


def way(store: S3Store) -> Iterator[Finding]:
    """Whether requests are encrypted on their way, and whether both clocks say the same."""
    if store.address.encrypted_on_the_way:
        yield _ok(Check.WAY, "The store is reached by https.")
    elif store.address.on_this_machine:
        yield _note(
            Check.WAY,
            "The store is reached by http, on this machine alone.",
            "Use https as soon as it moves elsewhere.",
        )
    else:
        yield _problem(
            Check.WAY,
            "The store is reached by http: whoever listens can take the requests and repeat them.",
            "Give an https:// address in CONFIDE_S3_ENDPOINT.",
        )
    apart = abs(_server_time(store) - datetime.now(UTC))
    if apart > _CLOCKS_APART:
        yield _note(
            Check.WAY,
            f"The clocks of this machine and of the store are {apart.total_seconds():.0f} seconds apart.",
            "Set this machine's clock by a time server: at a quarter of an hour the store refuses every request.",
        )


def versions(store: S3Store) -> Iterator[Finding]:
    """Whether the bucket keeps versions and locks, and locks nothing by itself."""
    try:
        told = store.requests.ask("get_bucket_versioning")
        if told.get("Status") != "Enabled":
            yield _problem(Check.VERSIONS, "The bucket keeps no versions.", _BUCKET)
            return
        nothing = frozenset({"ObjectLockConfigurationNotFoundError", "ObjectLockConfigurationNotFound"})
        lock = store.requests.ask_unless(nothing, "get_object_lock_configuration").get("ObjectLockConfiguration", {})
        if lock.get("ObjectLockEnabled") != "Enabled":
            yield _problem(Check.VERSIONS, "The bucket has no Object Lock.", _BUCKET)
            return
        if lock.get("Rule"):
            yield _problem(
                Check.VERSIONS,
                "The bucket has a default retention, which would lock working bytes too.",
                "Remove the default retention: every record is given a lock of its own.",
            )
            return
    except StoreDenied:
        yield _note(
            Check.VERSIONS,
            "This role may not read how the bucket keeps versions and locks; both are tried all the same.",
            "Allow it s3:GetBucketVersioning and s3:GetBucketObjectLockConfiguration.",
        )
    name = store.name(Area.WORKING, _fresh())
    ids = [_put(store, name, data).get("VersionId") for data in (b"first", b"second")]
    try:
        if None in ids or "null" in ids or _body(store, name, ids[0]) != b"first":
            yield _problem(Check.VERSIONS, "A second put took away the first.", _BUCKET)
        else:
            yield _ok(Check.VERSIONS, "The bucket keeps versions; a second put leaves the first.")
    finally:
        _removed(store, name)


def locks(store: S3Store) -> Iterator[Finding]:
    """Lock a probe for some seconds; try to destroy it, to shorten its lock, to destroy it under a hold; see it go."""
    name = f"{store.address.prefix}{LOCK_PROBES}/{_fresh()}"
    until = _server_time(store) + timedelta(seconds=_LOCK_SECONDS)
    mode = word_of(store.address.lock)
    lock = {"ObjectLockMode": mode, "ObjectLockRetainUntilDate": until}
    version = {"Key": name, "VersionId": _put(store, name, b"probe", **lock).get("VersionId")}
    sooner = {"Mode": mode, "RetainUntilDate": until - timedelta(seconds=_LOCK_SECONDS - 2)}
    ask, wrong = store.requests.ask, list[str]()
    try:
        if not _refused((StoreDenied,), lambda: ask("delete_object", **version)) or not _is_there(store, version):
            wrong.append("a locked record can be deleted")
        elif not _refused((StoreDenied, LockRefused), lambda: ask("put_object_retention", Retention=sooner, **version)):
            wrong.append("a running lock can be shortened by anybody")
        if _is_there(store, version):
            passing = {**version, "BypassGovernanceRetention": True}
            if store.address.lock is LockMode.COMPLIANCE and not (
                _refused((StoreDenied,), lambda: ask("delete_object", **passing)) and _is_there(store, version)
            ):
                wrong.append("a COMPLIANCE lock ends for a role that ends softer ones")
        if _is_there(store, version):
            ask("put_object_legal_hold", LegalHold={"Status": "ON"}, **version)
            if not _refused((StoreDenied,), lambda: ask("delete_object", **passing)) or not _is_there(store, version):
                wrong.append("a record under a hold can be deleted")
    finally:
        with suppress(StorageError):
            store.requests.ask("put_object_legal_hold", LegalHold={"Status": "OFF"}, **version)
        gone = _removed(store, name, seconds=_PATIENCE_SECONDS)
    if wrong:
        yield _problem(Check.LOCK, f"The locks of this store are worth nothing: {'; '.join(wrong)}.", _SERVER)
    elif not gone:
        yield _note(
            Check.LOCK,
            "Locks and holds work; the probe could not be removed when its lock had run out.",
            f"Allow this role s3:DeleteObjectVersion under {LOCK_PROBES}/, and there alone, as records.cfn.yaml does.",
        )
    else:
        yield _ok(
            Check.LOCK,
            "Locks and holds work, kept by the server: a lock of five seconds was neither passed nor shortened.",
        )
    if store.address.lock is LockMode.COMPLIANCE:
        protection = store.effective_protection
        yield _note(Check.LOCK, f"COMPLIANCE. {protection.sentence}", "What follows is said in docs/disposal.md.")


def digests(store: S3Store) -> Iterator[Finding]:
    """Whether the server compares what arrives with the digest that was sent: what a put rests on."""
    name = store.name(Area.WORKING, _fresh())
    by_md5 = _put_refused(store, (DigestRefused,), name, ContentMD5=_WRONG_MD5)
    by_sha256 = _put_refused(store, (DigestRefused,), name, ChecksumSHA256=_WRONG_SHA256)
    _removed(store, name)
    if not by_md5:
        yield _problem(Check.DIGEST, "The store takes bytes with a wrong checksum (Content-MD5).", _SERVER)
    elif not by_sha256:
        yield _ok(
            Check.DIGEST,
            "The store refuses bytes with a wrong MD5. It does not look at a SHA-256 beside them: Confide does.",
        )
    else:
        yield _ok(Check.DIGEST, "The store refuses bytes with a wrong MD5 or SHA-256.")


def encryption(store: S3Store) -> Iterator[Finding]:
    """Whether the server says that it encrypts, and with the key it was told."""
    name, key = store.name(Area.WORKING, _fresh()), store.address.kms_key
    try:
        _put(store, name, b"probe")
        told = store.requests.ask("head_object", Key=name)
        if key is None:
            if told.get("ServerSideEncryption"):
                yield _ok(Check.ENCRYPTION, f"The server encrypts too ({told['ServerSideEncryption']}).")
            else:
                yield _note(
                    Check.ENCRYPTION,
                    "The server does not encrypt by itself; what Confide puts there is sealed before it leaves.",
                    "Set CONFIDE_S3_KMS_KEY where the server has a key service.",
                )
            return
        # an alias is answered with the key behind it
        same = ":alias/" in key or key.startswith("alias/") or str(told.get("SSEKMSKeyId", "")).endswith(key)
        if told.get("ServerSideEncryption") != "aws:kms" or not same:
            yield _problem(Check.ENCRYPTION, "The server does not encrypt with the key it was told.", _SERVER)
            return
        unknown = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": _NO_SUCH_KEY}
        if not _put_refused(store, (StoreDenied,), name, **unknown):
            yield _problem(
                Check.ENCRYPTION,
                "The server says it encrypted with a key that does not exist: it only says so.",
                _SERVER,
            )
            return
        yield _ok(Check.ENCRYPTION, "The server encrypts with the key it was told, and refuses one that it has not.")
    finally:
        _removed(store, name)


def lifecycle(store: S3Store) -> Iterator[Finding]:
    """Whether a rule of the bucket would delete what Confide keeps, or move it out of reach."""
    try:
        told = store.requests.ask_unless(
            frozenset({"NoSuchLifecycleConfiguration", "NotImplemented"}), "get_bucket_lifecycle_configuration"
        )
    except StoreDenied:
        yield _note(
            Check.LIFECYCLE,
            "This role may not read the bucket's lifecycle rules.",
            "Make sure yourself that no rule expires objects or versions under this prefix.",
        )
        return
    harmful = [rule for rule in told.get("Rules", ()) if _is_harmful(rule, store.address.prefix)]
    if harmful:
        yield _problem(
            Check.LIFECYCLE,
            f"{len(harmful)} lifecycle rule(s) of the bucket delete objects by age, or move them to an archive.",
            "Keep only rules that abort uploads and clear expired delete markers.",
        )
    else:
        yield _ok(Check.LIFECYCLE, "No lifecycle rule touches what is kept.")


def condition(store: S3Store) -> Iterator[Finding]:
    """Whether a put that must not replace anything is refused: nothing here rests on it, and it tells servers apart."""
    name = store.name(Area.WORKING, _fresh())
    try:
        _put(store, name, b"first")
        if _put_refused(store, (StoreUnfit,), name, IfNoneMatch="*"):
            yield _ok(
                Check.CONDITION, "A put under the condition that nothing is there yet is refused where something is."
            )
        else:
            yield _ok(
                Check.CONDITION,
                "The store ignores conditions on a put. Confide needs none: every put is a version of its own.",
            )
    finally:
        _removed(store, name)


def _found(check: Check, look: Callable[[S3Store], Iterator[Finding]], store: S3Store) -> list[Finding]:
    try:
        return list(look(store))
    except StorageError as failure:
        return [_problem(check, f"This could not be tried. {failure.sentence}", failure.remedy)]


def _put(store: S3Store, name: str, data: bytes, **more: Any) -> Mapping[str, Any]:
    # S3 takes no lock without a digest, and a policy may take no put without its encryption
    md5 = base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()
    return store.requests.ask("put_object", Key=name, Body=data, **{"ContentMD5": md5, **store.encryption(), **more})


def _put_refused(store: S3Store, by: tuple[type[StorageError], ...], name: str, **more: Any) -> bool:
    return _refused(by, lambda: _put(store, name, b"probe", **more))


def _refused(by: tuple[type[StorageError], ...], what: Callable[[], object]) -> bool:
    """Whether the server refuses this in the way expected; what fails in another way was not tried, and is raised."""
    try:
        what()
    except by:
        return True
    return False


def _is_there(store: S3Store, version: Mapping[str, Any]) -> bool:
    try:
        store.requests.ask("head_object", **version)
    except NotFound:
        return False
    return True


def _body(store: S3Store, name: str, version_id: Any) -> bytes:
    read: bytes = store.requests.ask("get_object", Key=name, VersionId=version_id)["Body"].read()
    return read


def _removed(store: S3Store, name: str, *, seconds: float = 2) -> bool:
    """Remove every version of a probe, waiting for its lock; whether the store lists none any more."""
    until = time.monotonic() + seconds
    while True:
        listed = store.requests.ask("list_object_versions", Prefix=name)
        left = [each for kind in ("Versions", "DeleteMarkers") for each in listed.get(kind, ())]
        if not left:
            return True
        if time.monotonic() > until:
            return False
        for each in left:
            with suppress(StoreDenied):
                store.requests.ask("delete_object", Key=name, VersionId=each["VersionId"])
        time.sleep(0.2)


def _server_time(store: S3Store) -> datetime:
    answer = store.requests.ask("list_object_versions", Prefix=store.name(Area.WORKING, _fresh()), MaxKeys=1)
    said = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    return parsedate_to_datetime(said).astimezone(UTC) if said else datetime.now(UTC)


def _is_harmful(rule: Mapping[str, Any], ours: str) -> bool:
    if rule.get("Status") != "Enabled":
        return False
    where = rule.get("Filter", {})
    theirs = where.get("Prefix") or where.get("And", {}).get("Prefix") or rule.get("Prefix") or ""
    if not (theirs.startswith(ours) or ours.startswith(theirs)):
        return False
    expires = {"Days", "Date"} & set(rule.get("Expiration", {})) or rule.get("NoncurrentVersionExpiration")
    moves = [*rule.get("Transitions", ()), *rule.get("NoncurrentVersionTransitions", ())]
    return bool(expires) or any(move.get("StorageClass") in _SLOW_CLASSES for move in moves)


def _fresh() -> str:
    return secrets.token_hex(32)


def _ok(check: Check, sentence: str) -> Finding:
    return Finding(check=check, level=Level.OK, sentence=sentence)


def _note(check: Check, sentence: str, remedy: str) -> Finding:
    return Finding(check=check, level=Level.NOTE, sentence=sentence, remedy=remedy)


def _problem(check: Check, sentence: str, remedy: str) -> Finding:
    return Finding(check=check, level=Level.PROBLEM, sentence=sentence, remedy=remedy)
