"""The worker's desk: one process's open site, its signing processes and its threads, made once and kept warm.

Prefect's tasks take only ids, so what they work with is found here.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

from flows.finishing import Finisher
from flows.lease import holder
from flows.site import Site, open_site

THREADS = 8


class Desk:
    """What a process that works through the register's queue needs."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.holder = holder()
        self._finishers = threading.Lock()
        self._finisher: Finisher | None = None
        self.threads = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="statement")

    @property
    def finisher(self) -> Finisher:
        """The signing processes; others take their place when the authority was renewed, without a restart."""
        authority = self.site.authority
        with self._finishers:
            former = self._finisher
            if former is not None and former.authority is authority:
                return former
            self._finisher = made = Finisher(authority, self.site.stamper, self.site.seal_key)
            if former is not None:
                former.retire()
            return made

    def close(self) -> None:
        """End the threads and processes of this desk."""
        self.threads.shutdown(cancel_futures=True)
        if self._finisher is not None:
            self._finisher.close()
        self.site.press.close()


@lru_cache(maxsize=1)
def desk() -> Desk:
    """This process's desk."""
    return Desk(open_site())
