"""The signing work of the flows, in processes of its own, because it is computing and Python computes one thread at a
time.

Danger: a child that outlives the worker keeps the organization's keys in memory. Invariant: children come from a
clean fork server, get the keys once when they start, and each watches the worker and ends with it. The fork server
alone does not see to that: its children hold the very pipe whose end it waits for.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from templates import process

if TYPE_CHECKING:
    from signing.appearance import Appearance
    from signing.authority import Authority
    from signing.chain import Signed
    from signing.keys import SigningKey
    from signing.seal import Sealed
    from signing.timestamp import Stamper

_PR_SET_PDEATHSIG = 1
_Result = TypeVar("_Result")
_keys: tuple[Authority, Stamper, SigningKey | None]


class Finisher:
    """A small pool of processes that certify and seal. Threads may share it."""

    def __init__(
        self, authority: Authority, stamper: Stamper, seal_key: SigningKey | None = None, processes: int | None = None
    ) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["signing.chain", "signing.seal", "signing.prepare", "flows.finishing"])
        self._keys = (authority, stamper, seal_key)
        self._count = processes or min(2, os.cpu_count() or 1)
        self._lock = threading.Lock()
        self._pool = self._made()

    def warm(self) -> None:
        """Start every process and load what they need, before the first client waits for it."""
        for waiting in [self._pool.submit(_ready) for _ in range(self._count)]:
            waiting.result()

    def certify(self, pdf: bytes, *, labels: Mapping[str, str], at: datetime) -> Signed:
        """Place every signature field and certify as the organization; raises what `signing` raises."""
        return self._run(_certify, pdf, dict(labels), at)

    def seal(self, pdf: bytes, *, appearance: Appearance, at: datetime) -> Sealed:
        """Seal, archive-stamp; raises what `signing` raises."""
        return self._run(_seal, pdf, appearance, at)

    @property
    def authority(self) -> Authority:
        """Whose certificates it makes."""
        return self._keys[0]

    def retire(self) -> None:
        """Let what is in hand come to its end, take nothing more."""
        self._pool.shutdown(wait=False)

    def close(self) -> None:
        """End the processes."""
        self._pool.shutdown(cancel_futures=True)

    def _made(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(self._count, self._context, initializer=_start, initargs=self._keys)

    def _run(self, work: Callable[..., _Result], *given: object) -> _Result:
        pool = self._pool
        try:
            return pool.submit(work, *given).result()
        except BrokenProcessPool:
            # one killed process breaks a pool for good: make another, once for all threads that saw it
            with self._lock:
                if self._pool is pool:
                    pool.shutdown(wait=False, cancel_futures=True)
                    self._pool = self._made()
            return self._pool.submit(work, *given).result()


def _start(authority: Authority, stamper: Stamper, seal_key: SigningKey | None) -> None:
    global _keys
    process.seclude()
    # the kernel counts the fork server as this process's parent; the worker itself is watched by the thread
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    threading.Thread(target=_end_with_worker, name="worker's end", daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _keys = (authority, stamper, seal_key)


def _end_with_worker() -> None:
    worker = multiprocessing.parent_process()
    if worker is not None:
        worker.join()
    os._exit(0)


def _ready() -> int:
    return os.getpid()


def _certify(pdf: bytes, labels: dict[str, str], at: datetime) -> Signed:
    from signing.chain import certify
    from signing.prepare import prepare

    authority, stamper, key = _keys
    return certify(prepare(pdf, labels), authority, stamper, now=at, key=key)


def _seal(pdf: bytes, appearance: Appearance, at: datetime) -> Sealed:
    from signing.seal import seal

    authority, stamper, key = _keys
    return seal(pdf, authority, stamper, appearance=appearance, now=at, key=key)
