"""Who may not, cannot: each role of deploy/aws/records.cfn.yaml tried on a real S3 server under that file's policy."""

from __future__ import annotations

import contextlib
import json
import ssl
import urllib.request
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.deploy.template import DUTIES
from tests.real.aws_roles import ENCRYPTED, Guarded, guarded_bucket
from tests.real.ceph import OTHER_KEY, RECORDS_KEY, Ceph

pytestmark = pytest.mark.real

Act = Callable[[Any, Guarded], object]


@pytest.fixture(scope="module")
def guarded(ceph: Ceph) -> Guarded:
    return guarded_bucket(ceph)


def in_days(days: float) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


def locked(days: float = 10) -> dict[str, Any]:
    return {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": in_days(days)}


def refused(act: Callable[[], Any]) -> bool:
    """Whether the server says no; any other failure is one of the test."""
    try:
        answer = act()
    except ClientError as failed:
        code = failed.response["Error"]["Code"]
        assert code in ("AccessDenied", "403"), code
        return True
    errors = answer.get("Errors", ()) if isinstance(answer, dict) else ()
    assert {error["Code"] for error in errors} <= {"AccessDenied"}
    return bool(errors)


def _get(area: str) -> Act:
    def act(s3: Any, at: Guarded) -> object:
        key, version = at.put(area)
        latest = refused(lambda: s3.get_object(Bucket=at.bucket, Key=key))
        named = refused(lambda: s3.get_object(Bucket=at.bucket, Key=key, VersionId=version))
        assert latest is named
        return named

    return act


def _put(area: str) -> Act:
    return lambda s3, at: refused(
        lambda: s3.put_object(Bucket=at.bucket, Key=f"{area}/{uuid.uuid4().hex}", Body=b"x", **ENCRYPTED)
    )


def _destroy(area: str, *, batch: bool, bypass: bool = False, **put: Any) -> Act:
    def act(s3: Any, at: Guarded) -> object:
        key, version = at.put(area, **put)
        more = {"BypassGovernanceRetention": True} if bypass else {}
        if batch:
            one = {"Objects": [{"Key": key, "VersionId": version}]}
            no = refused(lambda: s3.delete_objects(Bucket=at.bucket, Delete=one, **more))
        else:
            no = refused(lambda: s3.delete_object(Bucket=at.bucket, Key=key, VersionId=version, **more))
        left = at.owner.list_object_versions(Bucket=at.bucket, Prefix=key).get("Versions", [])
        assert bool(left) is no, "the answer is not what happened"
        return no

    return act


def _hide(s3: Any, at: Guarded) -> object:
    key, _ = at.put()
    return refused(lambda: s3.delete_object(Bucket=at.bucket, Key=key))


def _hold(status: str) -> Act:
    def act(s3: Any, at: Guarded) -> object:
        key, version = at.put()
        return refused(
            lambda: s3.put_object_legal_hold(Bucket=at.bucket, Key=key, VersionId=version, LegalHold={"Status": status})
        )

    return act


def _relock(days: float, *, bypass: bool = False) -> Act:
    def act(s3: Any, at: Guarded) -> object:
        key, version = at.put(**locked(10))
        until = {"Mode": "GOVERNANCE", "RetainUntilDate": in_days(days)}
        more = {"BypassGovernanceRetention": True} if bypass else {}
        return refused(
            lambda: s3.put_object_retention(Bucket=at.bucket, Key=key, VersionId=version, Retention=until, **more)
        )

    return act


def _bucket(operation: str, **more: Any) -> Act:
    return lambda s3, at: refused(lambda: getattr(s3, operation)(Bucket=at.bucket, **more))


BREAKS_NOTHING: dict[str, tuple[Act, set[str]]] = {
    "put working bytes": (_put("working"), {"Writer", "Desk"}),
    "put a record": (_put("records"), {"Writer", "Desk"}),
    "put into the log": (_put("log"), {"Writer", "Desk"}),
    "put beside the areas": (_put("elsewhere"), set()),
    # whoever put an object may get it on Ceph, whose objects have owners; on AWS the bucket owns all
    "get a record": (_get("records"), {"Writer", "Reader", "Desk"}),
    "get working bytes": (_get("working"), {"Writer", "Reader", "Desk"}),
    "list versions": (_bucket("list_object_versions"), {"Holder", "Disposer", "BreakGlass", "Reconciler", "Desk"}),
    "list objects": (_bucket("list_objects_v2"), {"Reconciler", "Desk"}),
    "list uploads": (_bucket("list_multipart_uploads"), {"Disposer", "BreakGlass", "Desk"}),
    "destroy working bytes": (_destroy("working", batch=False), {"Disposer", "Desk"}),
    "destroy working bytes in a batch": (_destroy("working", batch=True), {"Disposer", "Desk"}),
    "destroy a record without a lock": (_destroy("records", batch=False), {"Disposer", "BreakGlass"}),
    "destroy a record without a lock in a batch": (_destroy("records", batch=True), {"Disposer", "BreakGlass"}),
    "destroy a locked record": (_destroy("records", batch=False, **locked()), set()),
    "destroy a locked record in a batch": (_destroy("records", batch=True, **locked()), set()),
    "destroy a locked record by bypass": (_destroy("records", batch=False, bypass=True, **locked()), {"BreakGlass"}),
    "the same in a batch": (_destroy("records", batch=True, bypass=True, **locked()), {"BreakGlass"}),
    "destroy an entry of the log": (_destroy("log", batch=False), set()),
    "destroy an entry of the log in a batch": (_destroy("log", batch=True, bypass=True), set()),
    "hide a record": (_hide, set()),
    "place a hold": (_hold("ON"), {"Holder", "Desk"}),
    "lift a hold": (_hold("OFF"), {"Holder", "Desk"}),
    "lengthen a lock": (_relock(20), {"Writer", "Holder", "Desk"}),
    "shorten a lock": (_relock(5), set()),
    "shorten a lock by bypass": (_relock(5, bypass=True), set()),
    "read the policy": (_bucket("get_bucket_policy"), set()),
    "change the policy": (_bucket("put_bucket_policy", Policy='{"Version":"2012-10-17","Statement":[]}'), set()),
    "remove the policy": (_bucket("delete_bucket_policy"), set()),
    "suspend versioning": (_bucket("put_bucket_versioning", VersioningConfiguration={"Status": "Suspended"}), set()),
    "remove the bucket": (_bucket("delete_bucket"), set()),
}


@pytest.mark.parametrize("what", BREAKS_NOTHING)
def test_each_role_may_do_its_duty_and_nothing_else(guarded: Guarded, what: str) -> None:
    act, may = BREAKS_NOTHING[what]
    could = {duty for duty in DUTIES if not act(guarded.clients[duty], guarded)}
    assert could == may


def test_a_stranger_with_an_account_on_the_server_may_nothing(guarded: Guarded) -> None:
    stranger = guarded.ceph.client("s3", guarded.ceph.user("stranger"), tls=True)
    for what, (act, _) in BREAKS_NOTHING.items():
        assert act(stranger, guarded), what


def test_a_hold_stops_break_glass_too(guarded: Guarded) -> None:
    key, version = guarded.put(**locked())
    where = {"Bucket": guarded.bucket, "Key": key, "VersionId": version}
    guarded.clients["Holder"].put_object_legal_hold(LegalHold={"Status": "ON"}, **where)
    glass = guarded.clients["BreakGlass"]
    assert refused(lambda: glass.delete_object(BypassGovernanceRetention=True, **where))
    guarded.clients["Holder"].put_object_legal_hold(LegalHold={"Status": "OFF"}, **where)
    assert not refused(lambda: glass.delete_object(BypassGovernanceRetention=True, **where))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"ServerSideEncryption": "AES256"},
        {"ServerSideEncryption": "aws:kms"},
        {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": OTHER_KEY},
    ],
    ids=["no header", "AES256", "no key", "another key"],
)
def test_nobody_puts_anything_that_is_not_encrypted_with_the_records_key(
    guarded: Guarded, headers: dict[str, str]
) -> None:
    for who, s3 in {"the owner": guarded.owner, **guarded.clients}.items():
        key = f"records/{uuid.uuid4().hex}"
        assert refused(lambda: s3.put_object(Bucket=guarded.bucket, Key=key, Body=b"x", **headers)), who  # noqa: B023
    right, _ = guarded.put()
    assert guarded.clients["Reader"].get_object(Bucket=guarded.bucket, Key=right)["SSEKMSKeyId"] == RECORDS_KEY


def test_nobody_begins_an_upload_in_parts_without_that_key(guarded: Guarded) -> None:
    for s3 in (guarded.owner, guarded.clients["Writer"]):
        assert refused(lambda: s3.create_multipart_upload(Bucket=guarded.bucket, Key="records/parts"))  # noqa: B023


def test_http_is_refused_to_everybody_where_https_is_allowed(guarded: Guarded) -> None:
    key, _ = guarded.put()
    for duty, user in {**guarded.users, "the owner": guarded.ceph.user("owner")}.items():
        plain = guarded.ceph.client("s3", user)
        put = {"Bucket": guarded.bucket, "Key": f"records/{uuid.uuid4().hex}", "Body": b"x"}
        assert refused(lambda: plain.get_object(Bucket=guarded.bucket, Key=key)), duty  # noqa: B023
        assert refused(lambda: plain.put_object(**put, **ENCRYPTED)), duty  # noqa: B023
        assert refused(lambda: plain.list_object_versions(Bucket=guarded.bucket)), duty  # noqa: B023


def test_the_owner_himself_destroys_no_record_ends_no_lock_and_touches_no_hold(guarded: Guarded) -> None:
    for what in (
        "destroy a record without a lock",
        "destroy a record without a lock in a batch",
        "destroy a locked record by bypass",
        "the same in a batch",
        "destroy an entry of the log",
        "hide a record",
        "lift a hold",
        "shorten a lock by bypass",
    ):
        assert BREAKS_NOTHING[what][0](guarded.owner, guarded), what


# ── what of the policy this server cannot show ──────────────────────────────────────────────────────────────────────


def test_ceph_passes_over_conditions_it_does_not_know_so_these_are_proven_nowhere(guarded: Guarded) -> None:
    """When a newer server refuses one of these, docs/aws.md may say so, and this test goes."""
    compliance = {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": datetime.now(UTC) + timedelta(seconds=2)}
    denied = {statement["Sid"] for statement in guarded.policy["Statement"]}
    assert {"DenyLocksNobodyCanEnd", "DenyLocksTooLong", "DenyLinks"} <= denied
    guarded.put(**compliance)
    guarded.put(**locked(4000))
    assert _by_a_link(guarded) == HTTPStatus.OK
    assert _by_principal_arn_alone(guarded), "Ceph knows aws:PrincipalArn now: in_words_of_ceph can go"


def _by_a_link(guarded: Guarded) -> int:
    """What a link to an object answers."""
    key, _ = guarded.put()
    link = guarded.clients["Reader"].generate_presigned_url("get_object", Params={"Bucket": guarded.bucket, "Key": key})
    trusted = ssl.create_default_context(cafile=str(guarded.ceph.authority))
    with urllib.request.urlopen(link, timeout=20, context=trusted) as answer:  # noqa: S310  # loopback
        return int(answer.status)


def _by_principal_arn_alone(guarded: Guarded) -> bool:
    """Whether a Deny by aws:PrincipalArn lets everybody pass."""
    owner, bucket = guarded.owner, f"b{uuid.uuid4().hex}"
    owner.create_bucket(Bucket=bucket)
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
        "Condition": {"ArnNotEquals": {"aws:PrincipalArn": [guarded.users["Reader"].arn]}},
    }
    owner.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    owner.put_object(Bucket=bucket, Key="k", Body=b"x")
    with contextlib.suppress(ClientError):
        owner.get_object(Bucket=bucket, Key="k")
        return True
    return False
