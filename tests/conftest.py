"""What tests of several rooms share: real servers, started once a run, and what to do where they are not installed."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.real.ceph import Ceph, absent, shared_ceph


def missing(what: str, remedy: str) -> None:
    """Skip, or fail where nothing may be missing (CONFIDE_CI=1)."""
    message = f"{what} is not installed: {remedy}"
    if os.environ.get("CONFIDE_CI") == "1":
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session")
def ceph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ceph]:
    """A real S3 server (Ceph RGW) on loopback, one for all the workers of a run. Takes 12 s to start: mark `real`.

    Buckets are nobody's but yours: give each a name of its own (`uuid4`), and users too where a policy names them.
    """
    if remedy := absent():
        missing("Ceph's S3 server", remedy)
    # xdist gives each worker a directory of its own under that of the run
    run = tmp_path_factory.getbasetemp()
    place = run.parent if os.environ.get("PYTEST_XDIST_WORKER") else run
    with shared_ceph(place / "ceph") as server:
        yield server
