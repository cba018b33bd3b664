"""A clock that jumps while people work: what was asked is done once, and no work waits for the clock to catch up."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.conftest import LOADED_SECONDS, HarmedSite, harmed
from tests.faults.moment import Moment, Moments
from tests.running import running_site

pytestmark = pytest.mark.soak

SEEN_WITHIN_SECONDS = 1
LIBRARIES = tuple(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))


class Clock:
    """The clock of a site under libfaketime: as far from the true one as `file` says."""

    def __init__(self, file: Path) -> None:
        if not LIBRARIES:
            if "CONFIDE_CI" in os.environ:
                pytest.fail("libfaketime is not installed: deploy/debian-packages ci")
            pytest.skip("libfaketime is not installed")
        self._file = file
        self.set("+0")
        self.environment = {
            "LD_PRELOAD": str(LIBRARIES[0]),
            "FAKETIME_TIMESTAMP_FILE": str(file),
            # not FAKETIME_NO_CACHE: each look at the clock would then open and read the file, twenty times as slow
            "FAKETIME_CACHE_DURATION": str(SEEN_WITHIN_SECONDS),
            # waits and time-outs go on as ever: only the time of day jumps (`moments/sitecustomize.py` sees to sleeps)
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def set(self, away: str) -> None:
        """`away` from the true time, as libfaketime reads it: `+3d`, `-2h`."""
        staged = self._file.with_suffix(".new")
        staged.write_text(away + "\n")
        staged.replace(self._file)


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> Clock:
    return Clock(tmp_path_factory.mktemp("clock") / "away")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, moments: Moments, clock: Clock) -> Iterator[HarmedSite]:
    with running_site(
        tmp_path_factory.mktemp("clocked") / "site", **moments.environment, **clock.environment
    ) as running:
        made = harmed(running)
        yield made
        made.desk.close()


def jump(clock: Clock, away: str) -> None:
    """Set the clock, and wait until every process has seen it."""
    clock.set(away)
    time.sleep(2 * SEEN_WITHIN_SECONDS)


def test_a_clock_that_jumps_a_day_ahead_in_mid_packet_issues_every_statement_once(
    site: HarmedSite, moments: Moments, clock: Clock
) -> None:
    """The lease is over at once, and somebody else's look takes the packet up while its worker lives."""
    site.back()
    moments.want(Moment("packet", "certify", "after"))
    packet_id = site.opened()
    moments.wait(LOADED_SECONDS)
    jump(clock, "+1d")
    moments.release()
    site.issued(packet_id)
    site.desk.ask("sign", packet_id=packet_id)
    site.sealed(packet_id)
    site.require_whole(packet_id)


def test_a_clock_set_back_by_an_hour_in_mid_seal_seals_every_statement_once(
    site: HarmedSite, moments: Moments, clock: Clock
) -> None:
    jump(clock, "+1d")
    site.back()
    packet_id = site.opened()
    site.issued(packet_id)
    moments.want(Moment("sealing", "store", "before"))
    site.desk.tell("sign", packet_id=packet_id)
    moments.wait(LOADED_SECONDS)
    site.desk.answer()
    jump(clock, "+23h")
    moments.release()
    site.sealed(packet_id)
    # what was signed an hour from now cannot be judged before that hour has come
    jump(clock, "+2d")
    site.require_whole(packet_id)


def test_a_clock_set_back_while_a_worker_dies_keeps_no_packet_waiting(
    site: HarmedSite, moments: Moments, clock: Clock
) -> None:
    jump(clock, "+2d")
    site.back()
    moments.want(Moment("packet", "certify", "before"))
    packet_id = site.opened()
    moments.wait(LOADED_SECONDS)
    site.running.kill("worker")
    jump(clock, "+47h")
    moments.release()
    site.issued(packet_id)
    site.desk.ask("sign", packet_id=packet_id)
    site.sealed(packet_id)
    jump(clock, "+3d")
    site.require_whole(packet_id)
