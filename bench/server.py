"""An S3 server to measure against, where it is installed, and a bucket on it for both sides of a comparison."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.site import TrainingSite
from storage.address import S3Address
from storage.s3 import S3Store


@contextmanager
def s3_server(site: TrainingSite) -> Iterator[Any]:
    """A running Ceph; None, with the packages to install on stderr, where there is none."""
    from tests.real.ceph import absent, shared_ceph

    if remedy := absent():
        print(f"  no S3 server to measure against: {remedy}", file=sys.stderr)
        yield None
        return
    with shared_ceph(site.folder / "ceph") as ceph:
        yield ceph


def new_bucket(ceph: Any, *, tls: bool = True) -> tuple[Any, S3Store]:
    """A new bucket with Object Lock: plain boto3's client of it, and our store; credentials by boto3's own chain."""
    owner = ceph.user("bench")
    os.environ.update(AWS_ACCESS_KEY_ID=owner.access_key, AWS_SECRET_ACCESS_KEY=owner.secret_key)
    address = S3Address(
        bucket=f"bench-{secrets.token_hex(8)}",
        endpoint=ceph.https if tls else ceph.http,
        ca_bundle=Path(ceph.authority) if tls else None,
    )
    plain = ceph.client("s3", owner, tls=tls)
    plain.create_bucket(Bucket=address.bucket, ObjectLockEnabledForBucket=True)
    return plain, S3Store(address)
