"""The one place where pyHanko's coroutines are run.

Danger: pyHanko's synchronous wrappers raise inside a running event loop (Prefect, an async web server), and a loop
kept between threads is a race. Invariant: each call gets a loop of its own, in this thread or, when a loop already runs
here, in a short-lived one.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run `coroutine` to its end and return its value; exceptions pass through unchanged."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    return _run_aside(coroutine)


def _run_aside(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run in a thread of its own: this thread's loop is busy running us."""
    context = contextvars.copy_context()
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="signing") as thread:
        return thread.submit(context.run, asyncio.run, coroutine).result()
