"""The signing processes: another takes the place of one that was killed, and none outlives the worker."""

from __future__ import annotations

import ctypes
import datetime as dt
import os
import resource
import signal
import subprocess
import sys

import psutil
import pytest

from flows.finishing import Finisher
from signing.authority import Authority
from signing.timestamp import EmbeddedStamper
from tests.flows.conftest import LABELS, PAPER
from tests.running import PROJECT

WORKER = """
import datetime as dt, sys, time
from flows.finishing import Finisher
from signing.authority import Authority
from signing.timestamp import EmbeddedStamper

if __name__ == "__main__":
    authority = Authority.create("Nobody", now=dt.datetime.now(dt.UTC))
    finisher = Finisher(authority, EmbeddedStamper(authority), processes=2)
    finisher.warm()
    print("warm", flush=True)
    time.sleep(600)
"""


def test_no_process_with_the_organizations_keys_outlives_a_killed_worker() -> None:
    worker = subprocess.Popen([sys.executable, "-c", WORKER], cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    assert worker.stdout is not None
    assert worker.stdout.readline() == "warm\n"
    made_by_it = psutil.Process(worker.pid).children(recursive=True)
    assert len(made_by_it) >= 3, "a fork server and two that sign"
    worker.kill()
    worker.wait()
    worker.stdout.close()
    _, living = psutil.wait_procs(made_by_it, timeout=30)
    assert [each for each in living if each.status() != psutil.STATUS_ZOMBIE] == []


DUMPABLE = "import ctypes, resource; print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), *resource.getrlimit(4))"
"""prctl(PR_GET_DUMPABLE) and RLIMIT_CORE."""
DOORS = {
    "the worker": ("flows.worker", "register.configuration", "configuration"),
    "the schedules": ("flows.schedule", "register.configuration", "configuration"),
    "a verb of the terminal": ("cli.main", "cli.main", "confide"),
}


def dumpable() -> tuple[int, tuple[int, int]]:
    """What this process, one that signs, says of itself."""
    return ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), resource.getrlimit(resource.RLIMIT_CORE)


def test_a_signing_process_leaves_no_core_file_and_shows_nobody_its_memory(authority: Authority) -> None:
    finisher = Finisher(authority, EmbeddedStamper(authority), processes=1)
    try:
        assert finisher._run(dumpable) == (0, (0, 0))
    finally:
        finisher.close()


@pytest.mark.parametrize("door", DOORS)
def test_whoever_holds_keys_leaves_no_core_file_and_shows_nobody_its_memory(door: str) -> None:
    """Each is stopped at the first thing it does after."""
    module, where, what = DOORS[door]
    program = (
        f"import {module} as door, {where} as stop\n"
        f"def told(*_, **__): {DUMPABLE}; raise SystemExit\n"
        f"stop.{what} = type('Stop', (), {{'main': told, '__call__': told}})()\n"
        "door.main()"
    )
    ran = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert ran.stdout == "0 0 0\n"


def test_a_signing_process_that_is_killed_is_replaced_and_the_document_certified(authority: Authority) -> None:
    finisher = Finisher(authority, EmbeddedStamper(authority), processes=1)
    try:
        finisher.warm()
        (child,) = finisher._pool._processes
        os.kill(child, signal.SIGKILL)
        signed = finisher.certify(PAPER.read_bytes(), labels=LABELS, at=dt.datetime.now(dt.UTC))
        assert signed.stamped
        assert signed.pdf.startswith(b"%PDF")
    finally:
        finisher.close()
