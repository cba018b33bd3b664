"""S3 stores for tests: a bucket of its own on whichever server, opened as Confide opens it."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from storage.address import S3Address
from storage.s3 import S3Store
from storage.s3_requests import Requests

FAKE = {
    "AWS_ACCESS_KEY_ID": "AKIATEST",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}
"""Credentials that open nothing anywhere; a profile of the developer's own is never used."""


@contextmanager
def moto_bucket(monkeypatch: pytest.MonkeyPatch, *, lock: bool = True) -> Iterator[S3Address]:
    """A new bucket on moto, in this process. What moto proves and what it does not stands in docs/storage.md."""
    from moto import mock_aws

    for name, value in FAKE.items():
        monkeypatch.setenv(name, value)
    _without_retention_queries(monkeypatch)
    with mock_aws():
        yield new_bucket(S3Address(bucket="unnamed", prefix="site/", region="us-east-1"), lock=lock)


def new_bucket(where: S3Address, *, lock: bool = True) -> S3Address:
    """The same address with a bucket made for this test, with Object Lock unless told."""
    address = replace(where, bucket=f"confide-test-{uuid.uuid4().hex[:16]}")
    S3Store(address).requests.ask("create_bucket", ObjectLockEnabledForBucket=lock)
    return address


def _without_retention_queries(monkeypatch: pytest.MonkeyPatch) -> None:
    """moto 5.2 does not know GetObjectRetention and answers 500; its HEAD tells every lock there is."""
    ask_unless = Requests.ask_unless

    def asked(self: Requests, nothing: frozenset[str], operation: str, **parameters: Any) -> Mapping[str, Any]:
        if operation == "get_object_retention":
            return {}
        return ask_unless(self, nothing, operation, **parameters)

    monkeypatch.setattr(Requests, "ask_unless", asked)
