"""Kill a process, with SIGKILL, at its n-th step that matters.

The child is forked, so it needs no arguments and sees what the test sees. Steps are the calls of `os` that change the
disk and every SQL statement. A test asks for step 1, 2, 3 … until the child comes through, and looks at the damage.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NoReturn

import psycopg
import pytest

every_step = pytest.mark.parametrize("stride", [pytest.param(1, marks=pytest.mark.soak), 7], ids=["all", "some"])
"""For long acts: every seventh step in the quick tier, every single one in the soak tier."""

_CALLS = ("open", "write", "fsync", "link", "unlink", "replace", "rename", "mkdir", "chmod")


def dies_at(act: Callable[[], object], step: int) -> bool:
    """Run `act` in a forked child that is killed at this step; False when it came through before."""
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        _run_and_die(act, step)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0, "the child failed by itself: run the act without killing it"
    return False


def _run_and_die(act: Callable[[], object], step: int) -> NoReturn:
    left = step

    def count(*_: object) -> None:
        nonlocal left
        left -= 1
        if left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def before(*args: Any, **kwargs: Any) -> Any:
            count()
            return call(*args, **kwargs)

        return before

    for name in _CALLS:
        setattr(os, name, counted(getattr(os, name)))
    connect = sqlite3.connect

    def traced(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*args, **kwargs)
        connection.set_trace_callback(count)
        return connection

    # what a connection executes it has a cursor execute
    psycopg.Cursor.execute = counted(psycopg.Cursor.execute)  # type: ignore[method-assign]
    sqlite3.connect = traced  # type: ignore[assignment]  # in this child only, which never returns
    code = 1
    with suppress(BaseException):
        act()
        code = 0
    os._exit(code)
