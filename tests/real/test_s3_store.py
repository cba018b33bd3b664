"""The S3 store on a real server: the same contract, and everything that a green test on moto would be a lie about."""

from __future__ import annotations

import json
import os
import sys
import time
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.real.ceph import RECORDS_KEY, Ceph

# the contract is a module beside the tests of its room
sys.path.insert(0, str(Path(__file__).parent.parent / "storage"))
pytest.register_assert_rewrite("contract")

from contract import Opened  # noqa: E402 - after the path above
from s3_contract import S3Contract  # noqa: E402
from s3_servers import new_bucket  # noqa: E402

from storage import s3, s3_requests, trial  # noqa: E402
from storage.address import S3Address  # noqa: E402
from storage.errors import (  # noqa: E402
    Damaged,
    DigestRefused,
    Held,
    Locked,
    LockRefused,
    StorageError,
    StoreDenied,
    StoreUnfit,
)
from storage.findings import OF_S3_ALONE, Check, Level  # noqa: E402
from storage.protocol import Area  # noqa: E402
from storage.s3 import S3Store  # noqa: E402

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def ceph_store(by_https: S3Address) -> S3Store:
    """In a bucket of its own, for all the tests here."""
    return S3Store(new_bucket(by_https))


class TestS3StoreOnCeph(S3Contract):
    @pytest.fixture
    def opened(self, ceph_store: S3Store) -> Opened:
        return Opened(
            store=ceph_store,
            another=lambda: S3Store(ceph_store.address),
            now=lambda: datetime.now(UTC),
            wait=lambda seconds: time.sleep(seconds.total_seconds()),
        )


@pytest.fixture
def key() -> str:
    return uuid.uuid4().hex


def later(seconds: float = 3600) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def version(store: S3Store, key: str) -> dict[str, Any]:
    """The latest version of a record, as requests name it."""
    return {"Key": store.name(Area.RECORDS, key), "VersionId": store.stat(Area.RECORDS, key)[-1].version_id}


def test_the_server_passes_its_trial(ceph_store: S3Store) -> None:
    found = trial.require(ceph_store)
    assert {finding.check for finding in found} == OF_S3_ALONE | {Check.LOCK}
    assert [finding for finding in found if finding.level is not Level.OK] == []
    assert any("does not look at a SHA-256" in finding.sentence for finding in found), "as Ceph 16 is"


def test_a_bucket_without_object_lock_is_not_trusted(by_https: S3Address) -> None:
    with pytest.raises(StoreUnfit, match="keeps no versions"):
        trial.require(S3Store(new_bucket(by_https, lock=False)))


def test_the_server_itself_refuses_to_shorten_a_lock_or_end_it(ceph_store: S3Store, key: str) -> None:
    ceph_store.put(Area.RECORDS, key, b"record", retain_until=later())
    this = version(ceph_store, key)
    for until in (later(60), later(3599)):
        with pytest.raises(StoreDenied):
            ceph_store.requests.ask(
                "put_object_retention", Retention={"Mode": "GOVERNANCE", "RetainUntilDate": until}, **this
            )
    with pytest.raises(StoreDenied):
        ceph_store.requests.ask("delete_object", **this)
    assert ceph_store.get(Area.RECORDS, key) == b"record"
    ceph_store.destroy(Area.RECORDS, key, bypass_lock=True)


def test_the_server_itself_passes_no_hold_in_one_request_or_in_a_batch(ceph_store: S3Store, key: str) -> None:
    ceph_store.put(Area.RECORDS, key, b"record")
    ceph_store.protect(Area.RECORDS, key, hold=True)
    this = version(ceph_store, key)
    with pytest.raises(StoreDenied):
        ceph_store.requests.ask("delete_object", BypassGovernanceRetention=True, **this)
    answer = ceph_store.requests.ask("delete_objects", Delete={"Objects": [this]}, BypassGovernanceRetention=True)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200, "a refusal all the same:"
    assert [each["Code"] for each in answer["Errors"]] == ["AccessDenied"]
    ceph_store.protect(Area.RECORDS, key, hold=False)
    ceph_store.destroy(Area.RECORDS, key)


@pytest.mark.parametrize(("hold", "refusal"), [(True, Held), (False, Locked)])
def test_what_is_protected_between_the_look_and_the_deed_is_kept_and_named(
    ceph_store: S3Store, key: str, monkeypatch: pytest.MonkeyPatch, hold: bool, refusal: type[StorageError]
) -> None:
    ceph_store.put(Area.RECORDS, key, b"record", retain_until=None if hold else later())
    if hold:
        ceph_store.protect(Area.RECORDS, key, hold=True)
    look, looks = S3Store._refuse_protected, []

    def blind_at_first(self: S3Store, *asked: Any) -> None:
        looks.append(asked)
        if len(looks) > 1:
            look(self, *asked)

    monkeypatch.setattr(S3Store, "_refuse_protected", blind_at_first)
    with pytest.raises(refusal):
        ceph_store.destroy(Area.RECORDS, key, bypass_lock=hold)
    assert len(looks) == 2
    monkeypatch.undo()
    assert ceph_store.get(Area.RECORDS, key) == b"record"
    ceph_store.protect(Area.RECORDS, key, hold=False)
    ceph_store.destroy(Area.RECORDS, key, bypass_lock=True)


def test_versioning_of_a_bucket_with_locks_is_never_suspended(ceph_store: S3Store) -> None:
    with pytest.raises(StorageError):
        ceph_store.requests.ask("put_bucket_versioning", VersioningConfiguration={"Status": "Suspended"})
    assert ceph_store.requests.ask("get_bucket_versioning")["Status"] == "Enabled"


def test_the_server_itself_refuses_a_lock_that_has_ended(ceph_store: S3Store, key: str) -> None:
    name = ceph_store.name(Area.RECORDS, key)
    with pytest.raises(LockRefused):
        ceph_store.requests.ask(
            "put_object", Key=name, Body=b"", ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=later(-3600)
        )
    assert ceph_store.stat(Area.RECORDS, key) == ()


def test_large_bytes_are_put_in_one_piece_and_locked(ceph_store: S3Store, key: str) -> None:
    """In parts they would be without their lock: Ceph 16, as moto, forgets the lock that an upload began with."""
    data = os.urandom(9_000_000)  # from 8 MB on boto3's own upload functions would cut it up
    ceph_store.put(Area.RECORDS, key, data, retain_until=later())
    found = ceph_store.requests.ask("head_object", **version(ceph_store, key))
    assert "-" not in found["ETag"], "an entity tag with a hyphen is that of parts"
    assert ceph_store.get(Area.RECORDS, key) == data
    with pytest.raises(Locked):
        ceph_store.destroy(Area.RECORDS, key)
    ceph_store.destroy(Area.RECORDS, key, bypass_lock=True)


def test_an_upload_that_was_left_over_goes_with_its_key_and_no_other(ceph_store: S3Store, key: str) -> None:
    name, ask = ceph_store.name(Area.RECORDS, key), ceph_store.requests.ask
    ceph_store.put(Area.RECORDS, key, b"record")
    left = ask("create_multipart_upload", Key=name)
    ask("upload_part", PartNumber=1, Body=b"left over", Key=name, UploadId=left["UploadId"])
    neighbour = ask("create_multipart_upload", Key=name + "0" * 32)["UploadId"]
    assert len(ceph_store.destroy(Area.RECORDS, key).version_ids) == 1
    open_uploads = ask("list_multipart_uploads", Prefix=name).get("Uploads", ())
    assert [each["UploadId"] for each in open_uploads] == [neighbour]
    ask("abort_multipart_upload", Key=name + "0" * 32, UploadId=neighbour)


def test_a_delete_marker_hides_nothing_and_goes_with_the_rest(ceph_store: S3Store, key: str) -> None:
    ceph_store.put(Area.RECORDS, key, b"record")
    ceph_store.requests.ask("delete_object", Key=ceph_store.name(Area.RECORDS, key))
    assert ceph_store.get(Area.RECORDS, key) == b"record"
    assert len(ceph_store.stat(Area.RECORDS, key)) == 1
    assert key in set(ceph_store.list(Area.RECORDS))
    assert len(ceph_store.destroy(Area.RECORDS, key).version_ids) == 1
    listed = ceph_store.requests.ask("list_object_versions", Prefix=ceph_store.name(Area.RECORDS, key))
    assert not listed.get("Versions")
    assert not listed.get("DeleteMarkers")


def test_a_marker_alone_is_no_object_and_is_cleared(ceph_store: S3Store, key: str) -> None:
    ceph_store.put(Area.WORKING, key, b"draft")
    ceph_store.requests.ask("delete_object", Key=ceph_store.name(Area.WORKING, key))
    (only,) = ceph_store.stat(Area.WORKING, key)
    ceph_store.requests.ask("delete_object", Key=ceph_store.name(Area.WORKING, key), VersionId=only.version_id)
    assert ceph_store.stat(Area.WORKING, key) == ()
    assert key not in set(ceph_store.list(Area.WORKING))
    assert ceph_store.destroy(Area.WORKING, key).version_ids == ()
    listed = ceph_store.requests.ask("list_object_versions", Prefix=ceph_store.name(Area.WORKING, key))
    assert not listed.get("DeleteMarkers")


def test_listings_and_batches_go_on_past_the_first_page(
    ceph_store: S3Store, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3, "PAGE", 3)
    put = [ceph_store.put(Area.WORKING, key, bytes([n])).version_id for n in range(8)]
    others = {uuid.uuid4().hex for _ in range(4)}
    for other in others:
        ceph_store.put(Area.WORKING, other, b"draft")
    assert [found.version_id for found in ceph_store.stat(Area.WORKING, key)] == put
    listed = list(ceph_store.list(Area.WORKING))
    assert {key, *others} <= set(listed)
    assert len(listed) == len(set(listed))
    assert list(ceph_store.destroy(Area.WORKING, key).version_ids) == put
    for other in others:
        ceph_store.destroy(Area.WORKING, other)


def test_a_batch_of_more_than_a_thousand_is_refused_by_the_server(ceph_store: S3Store) -> None:
    assert s3.PAGE == 1000
    batch = [{"Key": f"working/{n:032x}", "VersionId": "absent"} for n in range(1001)]
    with pytest.raises(StorageError):
        ceph_store.requests.ask("delete_objects", Delete={"Objects": batch})


def test_bytes_changed_on_their_way_are_refused_by_their_digest(ceph_store: S3Store, key: str) -> None:
    def exchange(request: Any, **_: Any) -> None:
        request.body = b"other"

    client = ceph_store.requests.client()
    client.meta.events.register("before-send.s3.PutObject", exchange)
    try:
        with pytest.raises(StorageError) as refused:
            ceph_store.put(Area.RECORDS, key, b"bytes")
    finally:
        client.meta.events.unregister("before-send.s3.PutObject", exchange)
    assert isinstance(refused.value, DigestRefused), refused.value
    assert ceph_store.stat(Area.RECORDS, key) == ()


def test_bytes_that_are_not_the_ones_put_are_damaged(ceph_store: S3Store, key: str) -> None:
    ceph_store.requests.ask(
        "put_object",
        Key=ceph_store.name(Area.RECORDS, key),
        Body=b"rotten",
        Metadata={"sha256": "0" * 64},
        **ceph_store.encryption(),
    )
    with pytest.raises(Damaged):
        ceph_store.get(Area.RECORDS, key)
    ceph_store.destroy(Area.RECORDS, key)


def test_nothing_beside_the_bytes_tells_of_them(ceph_store: S3Store, key: str) -> None:
    put = ceph_store.put(Area.RECORDS, key, b"sealed bytes")
    found = ceph_store.requests.ask("head_object", **version(ceph_store, key))
    assert found["Metadata"] == {"sha256": put.sha256}
    assert found["ContentType"] == "binary/octet-stream"
    assert (found["ServerSideEncryption"], found["SSEKMSKeyId"]) == ("aws:kms", RECORDS_KEY)
    assert ceph_store.requests.ask("get_object_tagging", **version(ceph_store, key))["TagSet"] == []
    ceph_store.destroy(Area.RECORDS, key)


def test_bytes_of_another_program_have_no_sha256_and_none_is_guessed(ceph_store: S3Store, key: str) -> None:
    name = ceph_store.name(Area.WORKING, key)
    ceph_store.requests.ask("put_object", Key=name, Body=b"by hand", **ceph_store.encryption())
    (found,) = ceph_store.stat(Area.WORKING, key)
    assert found.sha256 is None
    assert ceph_store.get(Area.WORKING, key) == b"by hand"
    ceph_store.destroy(Area.WORKING, key)


@pytest.mark.parametrize("half", [(), ("s3:GetObjectRetention",), ("s3:GetObjectLegalHold",)])
def test_a_role_that_may_not_read_locks_is_refused_and_never_told_that_there_is_none(
    ceph: Ceph, ceph_store: S3Store, key: str, half: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    ceph_store.put(Area.RECORDS, key, b"record")
    bucket, reader = ceph_store.address.bucket, ceph.user("blind")
    arn = f"arn:aws:s3:::{bucket}"
    allowed = ["s3:ListBucketVersions", "s3:GetObject", "s3:GetObjectVersion", *half]
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": [reader.arn]},
        "Action": allowed,
        "Resource": [arn, f"{arn}/*"],
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    ceph_store.requests.ask("put_bucket_policy", Policy=policy)
    try:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", reader.access_key)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", reader.secret_key)
        blind = S3Store(ceph_store.address)
        assert blind.get(Area.RECORDS, key) == b"record"
        with pytest.raises(StoreDenied):
            blind.stat(Area.RECORDS, key)
        with pytest.raises(StoreDenied):
            blind.destroy(Area.RECORDS, key)
        many = [key, *(uuid.uuid4().hex for _ in range(2))]
        for other in many[1:]:
            ceph_store.put(Area.RECORDS, other, b"record")
        told = blind.stat_each(Area.RECORDS, many)
        assert {type(one) for one in told.values()} == {StoreDenied}
    finally:
        ceph_store.requests.ask("delete_bucket_policy")
    for other in many[1:]:
        ceph_store.destroy(Area.RECORDS, other)
    assert len(ceph_store.destroy(Area.RECORDS, key).version_ids) == 1


def test_of_many_records_the_held_and_the_locked_are_told_among_those_that_nothing_protects(
    ceph_store: S3Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One request for each that has a lock and no hold; what the server leaves out is asked for until it answered."""
    keys = sorted(uuid.uuid4().hex for _ in range(40))
    for number, key in enumerate(keys):
        ceph_store.put(Area.RECORDS, key, b"record", retain_until=later() if number % 3 else None)
    held = keys[5::7]
    for key in held:
        ceph_store.protect(Area.RECORDS, key, hold=True)
    asked: list[str] = []
    ask = ceph_store.requests.ask_unless

    def counted(nothing: frozenset[str], operation: str, **parameters: Any) -> Any:
        asked.append(operation)
        return ask(nothing, operation, **parameters)

    monkeypatch.setattr(ceph_store.requests, "ask_unless", counted)
    told = ceph_store.stat_each(Area.RECORDS, keys)
    monkeypatch.undo()
    assert {key for key, (one,) in told.items() if one.held} == set(held)
    assert {key for key, (one,) in told.items() if one.retain_until} == {k for n, k in enumerate(keys) if n % 3}
    assert asked.count("head_object") == len(keys)
    assert len(asked) <= len(keys) + 2 * s3_requests.AT_ONCE
    for key in keys:
        if key in held:
            ceph_store.protect(Area.RECORDS, key, hold=False)
        ceph_store.destroy(Area.RECORDS, key, bypass_lock=True)


def test_who_has_no_key_gets_nothing(ceph_store: S3Store, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ceph_store.put(Area.RECORDS, key, b"record")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(StoreDenied, match="does not accept these credentials"):
        S3Store(ceph_store.address).get(Area.RECORDS, key)
    ceph_store.destroy(Area.RECORDS, key)


def test_a_certificate_of_nobody_known_is_refused_with_the_setting_to_use(ceph_store: S3Store, key: str) -> None:
    with pytest.raises(StoreUnfit) as refused:
        S3Store(replace(ceph_store.address, ca_bundle=None)).get(Area.RECORDS, key)
    assert "CONFIDE_S3_CA_BUNDLE" in refused.value.remedy


def test_a_child_process_has_a_connection_of_its_own(ceph_store: S3Store, key: str) -> None:
    ceph_store.put(Area.WORKING, key, b"draft")
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = 0 if all(ceph_store.get(Area.WORKING, key) == b"draft" for _ in range(20)) else 2
        finally:
            os._exit(status)
    assert all(ceph_store.get(Area.WORKING, key) == b"draft" for _ in range(20))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    ceph_store.destroy(Area.WORKING, key)
