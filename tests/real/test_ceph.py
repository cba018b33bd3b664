"""The S3 server that the tests bring up: is it what it says, is it alone, and does it ever stay behind?"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from botocore.exceptions import ClientError, SSLError

from tests.conftest import missing
from tests.real.ceph import OTHER_KEY, RECORDS_KEY, Ceph, absent, shared_ceph

DAEMONS = ("ceph-mon", "ceph-osd", "radosgw")
HOLDER = """
import signal, sys, time
from pathlib import Path
from tests.real.ceph import shared_ceph
# a run in the background of a shell inherits that this signal is ignored
signal.signal(signal.SIGINT, signal.default_int_handler)
with shared_ceph(Path(sys.argv[1])) as ceph:
    print(ceph.folder, flush=True)
    time.sleep(600)
"""


@pytest.mark.real
def test_it_answers_by_http_and_by_https_and_encrypts_with_the_key_named(ceph: Ceph) -> None:
    owner = ceph.user("owner")
    for tls in (False, True):
        s3, bucket = ceph.client("s3", owner, tls=tls), f"b{uuid.uuid4().hex}"
        s3.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
        for key in (RECORDS_KEY, OTHER_KEY):
            s3.put_object(Bucket=bucket, Key="k", Body=b"bytes", ServerSideEncryption="aws:kms", SSEKMSKeyId=key)
            told = s3.get_object(Bucket=bucket, Key="k")
            assert told["Body"].read() == b"bytes"
            assert told["SSEKMSKeyId"] == key


@pytest.mark.real
def test_its_certificate_is_not_trusted_by_itself(ceph: Ceph) -> None:
    import boto3

    owner = ceph.user("owner")
    s3 = boto3.client(
        "s3",
        endpoint_url=ceph.https,
        region_name="us-east-1",
        aws_access_key_id=owner.access_key,
        aws_secret_access_key=owner.secret_key,
    )
    with pytest.raises(SSLError):
        s3.list_buckets()


@pytest.mark.real
def test_it_listens_on_loopback_alone(ceph: Ceph) -> None:
    daemons = _daemons(ceph.folder)
    heard = [port for one in daemons for port in one.net_connections("inet") if port.status == psutil.CONN_LISTEN]
    assert len(daemons) == 3
    assert heard
    assert {port.laddr.ip for port in heard} == {"127.0.0.1"}


@pytest.mark.real
def test_a_user_asked_for_twice_is_the_same_and_a_wrong_secret_is_refused(ceph: Ceph) -> None:
    from dataclasses import replace

    user = ceph.user("twice")
    assert ceph.user("twice") == user
    ceph.client("s3", user).list_buckets()
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        ceph.client("s3", replace(user, secret_key="wrong")).list_buckets()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    if remedy := absent():
        missing("Ceph's S3 server", remedy)
    return tmp_path / "ceph"


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(signal.SIGINT, marks=pytest.mark.real),
        pytest.param(signal.SIGTERM, marks=pytest.mark.soak),
        pytest.param(signal.SIGKILL, marks=pytest.mark.soak),
    ],
)
def test_two_runs_share_one_server_and_the_last_to_die_takes_it_along(place: Path, number: signal.Signals) -> None:
    first, second = _holder(place), _holder(place)
    folder = _said(first)
    assert _said(second) == folder
    first.send_signal(number)
    first.wait(30)
    time.sleep(1)
    assert len(_daemons(folder)) == 3, "the second still uses it"
    second.send_signal(number)
    second.wait(30)
    _until_gone(folder)
    with shared_ceph(place) as again:
        assert again.folder != folder
        again.client("s3", again.user("owner")).list_buckets()
    _until_gone(again.folder)


def _holder(place: Path) -> subprocess.Popen[str]:
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", HOLDER, str(place)]
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def _said(holder: subprocess.Popen[str]) -> Path:
    assert holder.stdout is not None
    with holder.stdout as said:
        return Path(said.readline().strip())


def _daemons(folder: Path) -> list[psutil.Process]:
    own = str(folder / "ceph.conf")
    return [
        one
        for one in psutil.process_iter(["name", "cmdline"])
        if own in (one.info["cmdline"] or []) and one.info["name"] in DAEMONS
    ]


def _until_gone(folder: Path) -> None:
    until = time.monotonic() + 60
    while folder.exists() or _daemons(folder):
        assert time.monotonic() < until, "the server stayed behind"
        time.sleep(0.1)
