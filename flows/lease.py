"""Keeping a lease alive while its job runs.

Danger: a job slower than its lease would be taken up by a second worker. Invariant: a living worker renews every few
seconds; a killed one stops renewing, and the register gives its work to the next.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Protocol
from uuid import uuid4

from django.db import Error as DatabaseFailure
from django.db import connection

from flows.runs import StepFailed
from flows.site import now
from register.errors import RegisterError, RegisterErrorCode
from register.facts import Claim

LEASE_SECONDS = 12.0
"""After this a killed worker's job is free; with the worker's look every second it is taken up within twenty."""
RENEW_SECONDS = 4.0

log = logging.getLogger("confide.worker")


class ClaimNext(Protocol):
    """A queue of the register: the job that waits longest, leased to `holder`; None when none waits."""

    def __call__(self, holder: str, *, lease_seconds: float, now: datetime) -> Claim | None: ...


def holder() -> str:
    """Name of this process as a lease tells it; the random part tells two lives of one process number apart."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"


def worked_off(claim_next: ClaimNext, holder: str, run: Callable[[str], object]) -> int:
    """Claim job after job and hand each id to `run`; returns how many. One that fails does not stop the next."""
    count = 0
    while claim := claim_next(holder, lease_seconds=LEASE_SECONDS, now=now()):
        count += 1
        try:
            run(str(claim.claimed_id))
        except StepFailed:
            # written to the job's row with step and code; `confide packet show` explains it
            continue
        except RegisterError as lost:
            # another worker holds the job by now, and its compare-and-set was the one that counted
            if lost.code is not RegisterErrorCode.LEASE_LOST:
                raise
    return count


@contextmanager
def kept(renew: Callable[[], object]) -> Iterator[None]:
    """Call `renew` every few seconds until the block ends. A lost lease ends the renewing; the job's own compare-and-
    set then refuses what comes too late. A register that does not answer is asked again: it may be back in time.
    """
    over = threading.Event()

    def keep() -> None:
        try:
            while not over.wait(RENEW_SECONDS):
                try:
                    renew()
                except DatabaseFailure as failure:
                    # the kind alone: its message names server, role and address
                    log.warning("lease not renewed: %s", type(failure).__name__)
        except RegisterError:
            return
        finally:
            connection.close()

    thread = threading.Thread(target=keep, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
