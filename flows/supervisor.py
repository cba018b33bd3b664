"""Keeps everything that must run running: one parent, a child a process, restarted when it ends.

Danger: a child left behind by a killed parent holds sockets and keys in memory; a parent that gives up takes everything
down. Invariant: every child asks the kernel to die with its parent; stop means stop: terminate, wait, kill; and a full
disk, which the parent meets when it writes down how things stand, is waited out.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

STATUS_FILE = "serve.json"
LOG_LIMIT_BYTES = 5_000_000
STOP_SECONDS = 8.0
POLL_SECONDS = 0.1
BACKOFF_SECONDS = (0.2, 1.0, 3.0, 10.0)
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One process that must run."""

    name: str
    command: Sequence[str]
    ready: Callable[[], bool]
    """Asks the process itself whether it can work now."""
    after: tuple[str, ...] = ()
    """Parts that must be ready first."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """What this process alone is told."""


@dataclass(slots=True)
class _Running:
    part: Part
    process: subprocess.Popen[bytes] | None = None
    ready: bool = False
    restarts: int = 0
    start_not_before: float = 0.0
    started_at: float = field(default=0.0)


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Supervisor:
    """Starts `parts` in the order their needs allow, restarts what ends, and stops all together.

    `environment` goes to every child; each child's output goes to `<logs>/<name>.log`, mode 0600.
    """

    def __init__(self, parts: Sequence[Part], *, environment: Mapping[str, str], logs: Path, run: Path) -> None:
        self._all = {part.name: _Running(part) for part in parts}
        self._environment = {**os.environ, **environment}
        self._logs = logs
        self._status = run / STATUS_FILE
        self._stopping = False
        logs.mkdir(mode=0o700, parents=True, exist_ok=True)

    def stop(self, *_signal: object) -> None:
        """Ask the loop to end; safe in a signal handler."""
        self._stopping = True

    def run(self, on_change: Callable[[Mapping[str, str]], None] | None = None) -> None:
        """Supervise until stopped. `on_change` hears each part's state as it changes."""
        known: dict[str, str] = {}
        try:
            while not self._stopping:
                self._tend()
                states = self.states()
                if states != known and self._written(states):
                    known = states
                    if on_change is not None:
                        on_change(states)
                time.sleep(POLL_SECONDS)
        finally:
            self._end_all()
            self._status.unlink(missing_ok=True)

    def states(self) -> dict[str, str]:
        """`waiting`, `starting`, `ready` or `down`, by part."""
        return {name: self._state(running) for name, running in self._all.items()}

    def _state(self, running: _Running) -> str:
        if running.ready:
            return "ready"
        if running.process is not None:
            return "starting"
        return "down" if running.restarts else "waiting"

    def _tend(self) -> None:
        now = time.monotonic()
        for running in self._all.values():
            if running.process is None:
                if now >= running.start_not_before and all(self._all[name].ready for name in running.part.after):
                    self._try(running, now)
            elif running.process.poll() is not None:
                self._ended(running, now)
            elif not running.ready:
                running.ready = running.part.ready()

    def _try(self, running: _Running, now: float) -> None:
        try:
            self._start(running)
        except OSError:  # no room for its log, or no memory for a process: the same as one that ended at once
            self._ended(running, now)

    def _start(self, running: _Running) -> None:
        log = self._logs / f"{running.part.name}.log"
        if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
            log.replace(log.with_suffix(".log.1"))
        with log.open("ab") as out:
            running.process = subprocess.Popen(
                list(running.part.command),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**self._environment, **running.part.environment},
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )
        running.started_at = time.monotonic()

    def _ended(self, running: _Running, now: float) -> None:
        if now - running.started_at > 60:
            running.restarts = 0
        wait = BACKOFF_SECONDS[min(running.restarts, len(BACKOFF_SECONDS) - 1)]
        running.process, running.ready = None, False
        running.restarts += 1
        running.start_not_before = now + wait

    def _end_all(self) -> None:
        living = [running.process for running in self._all.values() if running.process is not None]
        for process in living:
            process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in living:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                # the whole session: a child that ignores the signal may have children of its own
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def _written(self, states: Mapping[str, str]) -> bool:
        """Write down who runs; False when the disk has no room for it just now."""
        try:
            self._write(states)
        except OSError:
            return False
        return True

    def _write(self, states: Mapping[str, str]) -> None:
        pids = {name: running.process.pid for name, running in self._all.items() if running.process is not None}
        staged = self._status.with_suffix(".new")
        staged.write_text(json.dumps({"pid": os.getpid(), "parts": states, "pids": pids}))
        staged.replace(self._status)


def status(run: Path) -> dict[str, str]:
    """The parts and their states as the living supervisor of `run` wrote them; empty when none lives."""
    try:
        told = json.loads((run / STATUS_FILE).read_text())
        os.kill(told["pid"], 0)
    except (OSError, ValueError, KeyError):
        return {}
    parts: dict[str, str] = told["parts"]
    return parts
