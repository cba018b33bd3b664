"""What must run runs: started in order, started again when it ends, and gone with its parent."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from flows import supervisor
from flows.supervisor import Part, Supervisor, status

PROJECT = Path(__file__).parents[2]
SECONDS = 30.0
SLEEPS = "import time; time.sleep(600)"
DEAF = (
    "import signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); open(sys.argv[1], 'w'); time.sleep(600)"
)


def part(name: str, program: str, *given: str, **more: object) -> Part:
    told: dict[str, object] = {"ready": lambda: True, **more}
    return Part(name=name, command=(sys.executable, "-c", program, *given), **told)  # type: ignore[arg-type]


def until(holds: Callable[[], object]) -> None:
    end = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


@contextmanager
def running(root: Path, *parts: Part, environment: Mapping[str, str] | None = None) -> Iterator[Supervisor]:
    (root / "run").mkdir(exist_ok=True)
    supervised = Supervisor(parts, environment=environment or {}, logs=root / "log", run=root / "run")
    thread = threading.Thread(target=supervised.run)
    thread.start()
    try:
        yield supervised
    finally:
        supervised.stop()
        thread.join(SECONDS)
        assert not thread.is_alive()


def pids(root: Path) -> dict[str, int]:
    try:
        told: dict[str, int] = json.loads((root / "run" / "serve.json").read_text())["pids"]
    except OSError:
        return {}
    return told


def test_a_part_waits_for_those_it_needs(tmp_path: Path) -> None:
    open_door = threading.Event()
    first = part("first", SLEEPS, ready=open_door.is_set)
    with running(tmp_path, first, part("second", SLEEPS, after=("first",))) as supervised:
        until(lambda: supervised.states()["first"] == "starting")
        assert supervised.states()["second"] == "waiting"
        open_door.set()
        until(lambda: set(supervised.states().values()) == {"ready"})
        until(lambda: status(tmp_path / "run") == {"first": "ready", "second": "ready"})
    assert status(tmp_path / "run") == {}


def test_a_part_that_is_killed_is_started_again(tmp_path: Path) -> None:
    with running(tmp_path, part("worker", SLEEPS)) as supervised:
        until(lambda: pids(tmp_path).get("worker"))
        before = pids(tmp_path)["worker"]
        os.kill(before, signal.SIGKILL)
        until(lambda: pids(tmp_path).get("worker", before) != before)
        until(lambda: supervised.states()["worker"] == "ready")


def test_a_supervisor_that_cannot_write_down_how_things_stand_keeps_them_running(tmp_path: Path) -> None:
    in_the_way = tmp_path / "run" / "serve.new"
    in_the_way.mkdir(parents=True)  # whatever is staged there fails, as on a full disk
    with running(tmp_path, part("long", SLEEPS)) as supervised:
        until(lambda: supervised.states()["long"] == "ready")
        assert pids(tmp_path) == {}
        in_the_way.rmdir()
        until(lambda: "long" in pids(tmp_path))


def test_a_part_that_ends_at_once_is_started_ever_more_slowly(tmp_path: Path) -> None:
    line = "open(__import__('sys').argv[1], 'a').write('x')"
    with running(tmp_path, part("broken", line, str(tmp_path / "starts"), ready=lambda: False)):
        time.sleep(1.5)
    assert 1 <= len((tmp_path / "starts").read_text()) <= 3


def test_stop_kills_what_does_not_hear_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "STOP_SECONDS", 0.3)
    with running(tmp_path, part("deaf", DEAF, str(tmp_path / "deaf"))):
        until((tmp_path / "deaf").exists)
        until(lambda: pids(tmp_path).get("deaf"))
        deaf = pids(tmp_path)["deaf"]
    assert not psutil.pid_exists(deaf)


def test_children_end_with_a_supervisor_that_was_killed(tmp_path: Path) -> None:
    program = """
import sys
from pathlib import Path
from flows.supervisor import Part, Supervisor
root = Path(sys.argv[1])
(root / "run").mkdir()
sleeps = Part(name="child", command=(sys.executable, "-c", "import time; time.sleep(600)"), ready=lambda: True)
Supervisor([sleeps], environment={}, logs=root / "log", run=root / "run").run()
"""
    parent = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], cwd=PROJECT)
    until(lambda: pids(tmp_path).get("child"))
    child = psutil.Process(pids(tmp_path)["child"])
    parent.kill()
    parent.wait()
    child.wait(SECONDS)
    assert status(tmp_path / "run") == {}, "what a dead supervisor wrote is not believed"


def test_what_a_part_prints_goes_to_its_own_log_for_nobody_elses_eyes(tmp_path: Path) -> None:
    told = "import os; print(os.environ['TOLD'], flush=True); import time; time.sleep(600)"
    former = os.umask(0o077)  # as `confide` sets it before anything
    try:
        with running(tmp_path, part("speaks", told), environment={"TOLD": "a word"}):
            log = tmp_path / "log" / "speaks.log"
            until(lambda: log.exists() and "a word" in log.read_text())
    finally:
        os.umask(former)
    assert log.stat().st_mode & 0o777 == 0o600
    assert log.parent.stat().st_mode & 0o777 == 0o700
