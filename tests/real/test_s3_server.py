"""What a mock of S3 says yes to and a server must refuse: locks, parts, checksums, keys, links, credentials, age.

Danger: a rule of ours that rests on the server, proven on a mock that does not keep it (moto 5.2 accepts nearly every
refused request below). Invariant: each is asked of a real server, and looked at afterwards.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from storage.address import S3Address
from storage.errors import StoreDenied, StoreUnfit
from storage.protocol import Area
from storage.s3 import S3Store
from tests.deploy.template import template
from tests.real.ceph import RECORDS_KEY, Ceph, User, shared_ceph

pytestmark = pytest.mark.real

LIFECYCLE_DAY_SECONDS = 4
FORBIDDEN = 403


@pytest.fixture(scope="module")
def s3(ceph: Ceph) -> Any:
    return ceph.client("s3", ceph.user("owner"))


@pytest.fixture(scope="module")
def bucket(s3: Any) -> str:
    return new_bucket(s3)


def new_bucket(s3: Any) -> str:
    name = f"b{uuid.uuid4().hex}"
    s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    return name


def put(s3: Any, bucket: str, **more: Any) -> dict[str, Any]:
    """A new object, as the parameters that name it."""
    key = uuid.uuid4().hex
    return {
        "Bucket": bucket,
        "Key": key,
        "VersionId": s3.put_object(Bucket=bucket, Key=key, Body=b"sealed", **more)["VersionId"],
    }


def lock(mode: str = "GOVERNANCE", *, seconds: float) -> dict[str, Any]:
    return {"ObjectLockMode": mode, "ObjectLockRetainUntilDate": soon(seconds)}


def soon(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def code_of(refusal: pytest.ExceptionInfo[ClientError]) -> str:
    return str(refusal.value.response["Error"]["Code"])


# ── locks ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "wanted",
    [
        {"Mode": "COMPLIANCE", "RetainUntilDate": soon(0)},
        {"Mode": "GOVERNANCE", "RetainUntilDate": soon(3600)},
        {},
    ],
    ids=["shortened", "made GOVERNANCE", "cleared"],
)
def test_a_compliance_lock_is_weakened_by_nobody(s3: Any, bucket: str, wanted: dict[str, Any]) -> None:
    where = put(s3, bucket, **lock("COMPLIANCE", seconds=8))
    if wanted.get("Mode") == "COMPLIANCE":
        wanted = {**wanted, "RetainUntilDate": soon(3)}
    with pytest.raises(ClientError) as refusal:
        s3.put_object_retention(Retention=wanted, BypassGovernanceRetention=True, **where)
    assert code_of(refusal) in ("AccessDenied", "MalformedXML")
    with pytest.raises(ClientError):
        s3.delete_object(BypassGovernanceRetention=True, **where)


def test_a_governance_lock_is_shortened_only_by_bypass(s3: Any, bucket: str) -> None:
    where = put(s3, bucket, **lock(seconds=3600))
    shorter = {"Mode": "GOVERNANCE", "RetainUntilDate": soon(60)}
    with pytest.raises(ClientError) as refusal:
        s3.put_object_retention(Retention=shorter, **where)
    assert code_of(refusal) == "AccessDenied"
    s3.put_object_retention(Retention=shorter, BypassGovernanceRetention=True, **where)
    assert s3.get_object_retention(**where)["Retention"]["RetainUntilDate"] < soon(61)


def test_a_lock_that_is_over_before_it_begins_is_refused(s3: Any, bucket: str) -> None:
    with pytest.raises(ClientError):
        put(s3, bucket, **lock(seconds=-60))


@pytest.mark.parametrize("half", [{"ObjectLockMode": "GOVERNANCE"}, {"ObjectLockRetainUntilDate": soon(3600)}])
def test_half_a_lock_is_none_and_is_refused(s3: Any, bucket: str, half: dict[str, Any]) -> None:
    with pytest.raises(ClientError):
        put(s3, bucket, **half)


def test_a_bucket_that_is_closed_to_the_public_takes_no_policy_that_opens_it(s3: Any) -> None:
    bucket = new_bucket(s3)
    closed = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=closed)
    everybody = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [everybody]})
    with pytest.raises(ClientError) as refusal:
        s3.put_bucket_policy(Bucket=bucket, Policy=policy)
    assert code_of(refusal) == "AccessDenied"


def test_a_bucket_with_object_lock_never_stops_keeping_versions(s3: Any, bucket: str) -> None:
    with pytest.raises(ClientError) as refusal:
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    assert code_of(refusal) == "InvalidBucketState"


def test_a_lock_told_to_an_upload_in_parts_is_lost_on_ceph_so_confide_puts_in_one_piece(s3: Any, bucket: str) -> None:
    key = uuid.uuid4().hex
    upload = s3.create_multipart_upload(Bucket=bucket, Key=key, **lock(seconds=3600))["UploadId"]
    part = s3.upload_part(Bucket=bucket, Key=key, UploadId=upload, PartNumber=1, Body=b"one part")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    s3.complete_multipart_upload(Bucket=bucket, Key=key, UploadId=upload, MultipartUpload=parts)
    assert "ObjectLockMode" not in s3.head_object(Bucket=bucket, Key=key), (
        "Ceph keeps it now: say so in docs/storage.md"
    )
    whole = put(s3, bucket, **lock(seconds=3600))
    assert s3.head_object(**whole)["ObjectLockMode"] == "GOVERNANCE"
    assert not _sources_with("multipart_upload(", "upload_part", "upload_file")


def test_a_batch_tells_what_it_refused_in_an_answer_of_status_200(s3: Any, bucket: str) -> None:
    free, kept = put(s3, bucket), put(s3, bucket, **lock(seconds=3600))
    named = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in (free, kept)]
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": named})
    assert [one["Key"] for one in answer["Deleted"]] == [free["Key"]]
    assert [(one["Key"], one["Code"]) for one in answer["Errors"]] == [(kept["Key"], "AccessDenied")]


def test_a_batch_of_more_than_a_thousand_is_refused(s3: Any, bucket: str) -> None:
    with pytest.raises(ClientError):
        s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": f"{n:032x}"} for n in range(1001)]})


# ── bytes and keys ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_bytes_that_are_not_those_of_the_md5_are_refused(s3: Any, bucket: str) -> None:
    wrong = base64.b64encode(hashlib.md5(b"other", usedforsecurity=False).digest()).decode()
    with pytest.raises(ClientError) as refusal:
        put(s3, bucket, ContentMD5=wrong)
    assert code_of(refusal) == "BadDigest"


def test_a_name_of_more_than_1024_bytes_is_refused(s3: Any, bucket: str) -> None:
    with pytest.raises(ClientError) as refusal:
        s3.put_object(Bucket=bucket, Key="k" * 1025, Body=b"sealed")
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 404)
    assert s3.list_object_versions(Bucket=bucket, Prefix="k" * 100).get("Versions", []) == []


def test_what_was_put_under_a_client_s_own_key_is_read_with_no_other_and_not_without(ceph: Ceph, bucket: str) -> None:
    s3 = ceph.client("s3", ceph.user("owner"), tls=True)
    own, other = ({"SSECustomerAlgorithm": "AES256", "SSECustomerKey": os.urandom(32)} for _ in range(2))
    where = put(s3, bucket, **own)
    assert s3.get_object(**where, **own)["Body"].read() == b"sealed"
    for key in ({}, other):
        with pytest.raises(ClientError):
            s3.get_object(**where, **key)


def test_mfa_is_asked_of_whoever_turns_mfa_on(s3: Any) -> None:
    wanted = {"Status": "Enabled", "MFADelete": "Enabled"}
    bucket = new_bucket(s3)
    with pytest.raises(ClientError) as refusal:
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration=wanted)
    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == FORBIDDEN
    assert s3.get_bucket_versioning(Bucket=bucket).get("MFADelete") != "Enabled"


def test_the_server_encrypts_with_a_key_it_has_and_refuses_one_it_has_not(s3: Any, bucket: str) -> None:
    put(s3, bucket, ServerSideEncryption="aws:kms", SSEKMSKeyId=RECORDS_KEY)
    with pytest.raises(ClientError):
        put(s3, bucket, ServerSideEncryption="aws:kms", SSEKMSKeyId=RECORDS_KEY[:-4] + "0000")


def test_what_lies_on_the_server_s_disk_is_encrypted(ceph: Ceph, s3: Any) -> None:
    bucket = new_bucket(s3)
    canary = f"Canary Quillfeather {uuid.uuid4().hex}".encode()
    encrypted = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": RECORDS_KEY}
    s3.put_object(Bucket=bucket, Key="open", Body=canary)
    s3.put_object(Bucket=bucket, Key="closed", Body=canary, **encrypted)
    found = [name for name, data in ceph.on_disk(bucket).items() if canary in data]
    assert found, "the bytes were not looked for where they lie"
    assert all(name.endswith("_open") for name in found)


# ── who comes, and how ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def address(ceph: Ceph, bucket: str) -> S3Address:
    return S3Address(bucket=bucket, endpoint=ceph.https, region="us-east-1", ca_bundle=ceph.authority)


def opened(address: S3Address, user: User, patch: pytest.MonkeyPatch) -> S3Store:
    patch.setenv("AWS_ACCESS_KEY_ID", user.access_key)
    patch.setenv("AWS_SECRET_ACCESS_KEY", user.secret_key)
    return S3Store(address)


@pytest.mark.parametrize("wrong", ["access_key", "secret_key"])
def test_wrong_credentials_are_refused_and_never_repeated_in_the_refusal(
    ceph: Ceph, address: S3Address, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    user = replace(ceph.user("owner"), **{wrong: "AKIDNOBODYKNOWS"})
    with pytest.raises(StoreDenied) as refusal:
        opened(address, user, monkeypatch).get(Area.RECORDS, uuid.uuid4().hex)
    for secret in (user.access_key, user.secret_key):
        assert secret not in f"{refusal.value.sentence}{refusal.value.remedy}"


def test_another_account_is_refused(ceph: Ceph, address: S3Address, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StoreDenied):
        opened(address, ceph.user("stranger"), monkeypatch).put(Area.WORKING, uuid.uuid4().hex, b"x")


def test_a_server_whose_certificate_is_not_trusted_gets_no_request(
    ceph: Ceph, address: S3Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = ceph.user("owner")
    with pytest.raises(StoreUnfit, match="certificate"):
        opened(replace(address, ca_bundle=None), owner, monkeypatch).put(Area.WORKING, uuid.uuid4().hex, b"x")
    opened(address, owner, monkeypatch).put(Area.WORKING, uuid.uuid4().hex, b"x")


def fetched(url: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:  # noqa: S310  # loopback
            return int(answer.status), answer.read()
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, b""


def test_a_link_is_good_for_whoever_has_it_until_it_ends_and_a_changed_one_never(ceph: Ceph, bucket: str) -> None:
    """What a link is, and why Confide makes none (docs/aws.md). An older signature would know no longest time."""
    s3 = ceph.client("s3", ceph.user("owner"), signature_version="s3v4")
    one, other = put(s3, bucket), put(s3, bucket)
    link = s3.generate_presigned_url("get_object", Params=one, ExpiresIn=2)
    assert [fetched(link)[0] for _ in range(2)] == [200, 200]
    assert fetched(link.replace(one["Key"], other["Key"]))[0] == FORBIDDEN
    assert fetched(link[:-1] + ("0" if link[-1] != "0" else "1"))[0] == FORBIDDEN
    longest = s3.generate_presigned_url("get_object", Params=one, ExpiresIn=8 * 86400)
    assert fetched(longest)[0] == FORBIDDEN
    time.sleep(4)
    assert fetched(link)[0] == FORBIDDEN


def test_confide_makes_no_links() -> None:
    assert not _sources_with("presigned")


def _sources_with(*words: str) -> list[Path]:
    """Our own modules that say one of these words, aborting uploads of others aside."""
    rooms = ("storage", "flows", "register", "cli", "signing", "templates", "rules")
    sources = [path for room in rooms for path in (Path(__file__).parents[2] / room).rglob("*.py")]
    assert len(sources) > 100
    texts = {path: path.read_text(encoding="utf-8") for path in sources}
    return [path for path, text in texts.items() if any(word in text for word in words)]


# ── age ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def quick_days(ceph: Ceph, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ceph]:
    """A server of its own that takes some seconds for a day (`ceph` is asked for so that absence is told the same)."""
    place = tmp_path_factory.mktemp("quick-days")
    with shared_ceph(place, lifecycle_day_seconds=LIFECYCLE_DAY_SECONDS) as server:
        yield server


def test_age_never_takes_what_is_locked_or_held_and_the_template_s_rules_take_no_version_at_all(
    quick_days: Ceph,
) -> None:
    s3 = quick_days.client("s3", quick_days.user("owner"))
    rules = template().resource("RecordsBucket")["Properties"]["LifecycleConfiguration"]["Rules"]
    ours, hostile = new_bucket(s3), new_bucket(s3)
    uploads = {}
    kept = {bucket: _aged(s3, bucket) for bucket in (ours, hostile)}
    for bucket in (ours, hostile):
        uploads[bucket] = s3.create_multipart_upload(Bucket=bucket, Key="unfinished")["UploadId"]
    s3.put_bucket_lifecycle_configuration(Bucket=ours, LifecycleConfiguration={"Rules": [_rule(one) for one in rules]})
    sweeping = {"ID": "sweep", "Status": "Enabled", "Filter": {"Prefix": ""}}
    sweeping |= {"NoncurrentVersionExpiration": {"NoncurrentDays": 1}, "Expiration": {"Days": 1}}
    s3.put_bucket_lifecycle_configuration(Bucket=hostile, LifecycleConfiguration={"Rules": [sweeping]})

    until = time.monotonic() + 40 * LIFECYCLE_DAY_SECONDS
    while _versions(s3, hostile) & kept[hostile]["free"] or s3.list_multipart_uploads(Bucket=ours).get("Uploads"):
        assert time.monotonic() < until, "the rules were never applied"
        time.sleep(1)
    time.sleep(4 * LIFECYCLE_DAY_SECONDS)  # days enough for what is locked to be taken, if age could

    assert _versions(s3, hostile) >= kept[hostile]["locked"] | kept[hostile]["held"]
    assert not _versions(s3, hostile) & kept[hostile]["free"]
    assert _versions(s3, ours) == set().union(*kept[ours].values()), "our rules destroy no version, locked or not"


def _aged(s3: Any, bucket: str) -> dict[str, set[str]]:
    """Version ids of objects under a lock, under a hold, and under neither; each with a newer version over it."""
    kinds: dict[str, dict[str, Any]] = {
        "locked": lock("COMPLIANCE", seconds=3600),
        "held": {"ObjectLockLegalHoldStatus": "ON"},
        "free": {},
    }
    found = {}
    for kind, more in kinds.items():
        ids = [s3.put_object(Bucket=bucket, Key=kind, Body=b"x", **more)["VersionId"] for _ in range(2)]
        found[kind] = set(ids)
    return found


def _versions(s3: Any, bucket: str) -> set[str]:
    return {str(one["VersionId"]) for one in s3.list_object_versions(Bucket=bucket).get("Versions", ())}


def _rule(told: dict[str, Any]) -> dict[str, Any]:
    """A rule of the template as the API takes it."""
    said: dict[str, Any] = {"ID": told["Id"], "Status": told["Status"], "Filter": {"Prefix": ""}}
    if "AbortIncompleteMultipartUpload" in told:
        said["AbortIncompleteMultipartUpload"] = told["AbortIncompleteMultipartUpload"]
    else:
        said["Expiration"] = {"ExpiredObjectDeleteMarker": told["ExpiredObjectDeleteMarker"]}
    return said
