"""Stops a job of a site under test at a chosen step, so that harm comes at that very moment and not by luck.

Python imports this by itself in every process whose PYTHONPATH names this folder. Where `FAULT_MOMENTS` names a folder
too, `flows.runs.Stages.step` looks there before and after each step: a file `wanted` that holds `packet-fill-before 1`
is renamed to `reached` by the first thread that comes to that moment for the given time, which then waits until
`reached` is gone. The product knows nothing of it.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import os
import select
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

HOOKED = "flows.runs"
_lock = threading.Lock()
_passed: Counter[str] = Counter()


def _pause(folder: Path, moment: str) -> None:
    wanted, reached = folder / "wanted", folder / "reached"
    try:
        asked, _, times = wanted.read_text().partition(" ")
    except FileNotFoundError:
        return
    if asked != moment:
        return
    with _lock:
        _passed[moment] += 1
        if _passed[moment] != int(times):
            return
        _passed.clear()
        wanted.rename(reached)
    while reached.exists():
        time.sleep(0.005)


def _hook(module: ModuleType, folder: Path) -> None:
    original = module.Stages.step

    @contextmanager
    def around(inner: AbstractContextManager[None], moment: str) -> Iterator[None]:
        _pause(folder, f"{moment}-before")
        with inner:
            yield
        _pause(folder, f"{moment}-after")

    def step(self: Any, step: str, subject: Any) -> AbstractContextManager[None]:
        job = sys._getframe(1).f_globals["__name__"].rpartition(".")[2]
        return around(original(self, step, subject), f"{job}-{step}")

    module.Stages.step = step


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the one module as everybody does, and hooks it once it is loaded."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> Any:
        if name != HOOKED:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            execute, folder = spec.loader.exec_module, self._folder

            def hooked(module: ModuleType) -> None:
                execute(module)
                _hook(module, folder)

            spec.loader.exec_module = hooked  # type: ignore[method-assign]
        return spec


def _sleep(seconds: float) -> None:
    select.select([], [], [], seconds)


if "FAKETIME_TIMESTAMP_FILE" in os.environ:
    # time.sleep asks for a moment of the monotonic clock (clock_nanosleep, TIMER_ABSTIME), which libfaketime 0.9.10
    # answers with EINVAL where it is told to leave that clock alone: every process would end at its first pause
    time.sleep = _sleep
if "FAULT_MOMENTS" in os.environ:
    sys.meta_path.insert(0, _Finder(Path(os.environ["FAULT_MOMENTS"])))
