"""A disk without room: nothing gives up, nothing is half done, and everything goes on once there is room."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.conftest import LOADED_SECONDS, HarmedSite, harmed
from tests.faults.moment import Moment, Moments
from tests.running import running_site

DISK = "size=150m"


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A file system of its own, small enough to fill."""
    place = tmp_path_factory.mktemp("disk")
    command = ["mount", "-t", "tmpfs", "-o", DISK, "tmpfs", str(place)]
    mounted = subprocess.run(command, capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("mounting a small disk needs root")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.fixture(scope="module")
def site(disk: Path, moments: Moments) -> Iterator[HarmedSite]:
    with running_site(disk / "site", **moments.environment) as running:
        made = harmed(running)
        yield made
        made.desk.close()


@contextmanager
def full(disk: Path) -> Iterator[None]:
    """No byte is free while the block runs."""
    filler = disk / "filler"
    descriptor = os.open(filler, os.O_WRONLY | os.O_CREAT)
    try:
        for size in (1 << 20, 4096, 1):
            try:
                while True:
                    os.write(descriptor, bytes(size))
            except OSError:
                continue
        yield
    finally:
        os.close(descriptor)
        filler.unlink()


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(Moment("packet", "store", "before"), id="issuing", marks=pytest.mark.e2e),
        pytest.param(Moment("sealing", "store", "before"), id="sealing", marks=pytest.mark.soak),
        pytest.param(Moment("sealing", "keep", "before"), id="activating", marks=pytest.mark.soak),
    ],
)
def test_work_that_meets_a_full_disk_is_done_once_there_is_room(
    site: HarmedSite, moments: Moments, disk: Path, moment: Moment
) -> None:
    site.back()
    moments.want(moment)
    packet_id = site.opened()
    if moment.job == "sealing":
        site.issued(packet_id)
        site.desk.tell("sign", packet_id=packet_id)
    moments.wait(LOADED_SECONDS)
    if moment.job == "sealing":
        site.desk.answer()
    with full(disk):
        moments.release()
        time.sleep(3)
    site.issued(packet_id)
    if moment.job == "packet":
        site.desk.ask("sign", packet_id=packet_id)
    site.sealed(packet_id)
    site.require_whole(packet_id)


@pytest.mark.e2e
def test_the_supervisor_outlives_a_full_disk_and_starts_what_ended_meanwhile(site: HarmedSite, disk: Path) -> None:
    site.back()
    with full(disk):
        site.running.kill("worker")
        time.sleep(3)
        assert site.running.serving is not None
        assert site.running.serving.poll() is None
        told = site.running.confide("doctor", as_admin=False, code=11)
        assert [each["what"] for each in told if each["what"] == "room"]
    site.back()
    packet_id = site.opened()
    site.issued(packet_id)
    site.desk.ask("sign", packet_id=packet_id)
    site.sealed(packet_id)
    site.require_whole(packet_id)
