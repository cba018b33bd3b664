"""Keeping a lease alive while its job runs.

Danger: a job slower than its lease would be taken up by a second worker. Invariant: a living worker renews every few
seconds; a killed one stops renewing, and the register gives its work to the next.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connection

from register.errors import RegisterError

LEASE_SECONDS = 12.0
"""After this a killed worker's job is free; with the worker's look every second it is taken up within twenty."""
RENEW_SECONDS = 4.0


@contextmanager
def kept(renew: Callable[[], object]) -> Iterator[None]:
    """Call `renew` every few seconds until the block ends. A lost lease ends the renewing; the job's own compare-and-
    set then refuses what comes too late.
    """
    over = threading.Event()

    def keep() -> None:
        try:
            while not over.wait(RENEW_SECONDS):
                renew()
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
