"""Moments of a job, and how a test holds a job at one of them (see `moments/sitecustomize.py`)."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_HOOKS = Path(__file__).parent / "moments"


@dataclass(frozen=True, slots=True)
class Moment:
    """Before or after a step of a job, when it comes to it for the `time`-th time."""

    job: str
    step: str
    when: str
    times: int = 1

    def __str__(self) -> str:
        return f"{self.step}-{self.when}" + (f"-{self.times}" if self.times > 1 else "")


STATEMENTS = 4
"""Of a packet here: the privacy acknowledgment, and one for each of three organizations."""
ISSUING = (
    *(
        Moment("packet", step, when)
        for step in ("read", "fill", "render", "check", "certify", "store", "present")
        for when in ("before", "after")
    ),
    Moment("packet", "present", "after", STATEMENTS),
)
"""The last is after everything was done and before the packet is said to be issued."""
SEALING = tuple(
    Moment("sealing", step, when, times)
    for step, times in (("read", 1), ("seal", 1), ("store", 1), ("keep", 1), ("keep", 2), ("clear", 1))
    for when in ("before", "after")
)
"""`keep` comes twice for a statement: made ACTIVE, then put under lock."""


class Moments:
    """Where moments are asked for; `environment` makes the processes of a site look there."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._wanted, self._reached = folder / "wanted", folder / "reached"
        paths = [str(_HOOKS), *filter(None, [os.environ.get("PYTHONPATH")])]
        self.environment = {"FAULT_MOMENTS": str(folder), "PYTHONPATH": os.pathsep.join(paths)}

    def want(self, moment: Moment) -> None:
        staged = self._wanted.with_suffix(".new")
        staged.write_text(f"{moment.job}-{moment.step}-{moment.when} {moment.times}")
        staged.replace(self._wanted)

    def wait(self, seconds: float, unless: Callable[[], bool] = lambda: False) -> None:
        """Until the moment is reached; the job is held there until `release`."""
        until = time.monotonic() + seconds
        while not self._reached.exists():
            assert time.monotonic() < until, f"nothing came to {self._wanted.read_text()}"
            assert not unless(), f"the job ended without coming to {self._wanted.read_text()}"
            time.sleep(0.005)

    def release(self) -> None:
        self._wanted.unlink(missing_ok=True)
        self._reached.unlink(missing_ok=True)
