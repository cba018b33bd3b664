"""The queue is the register's rows; this is how a process works it off.

`wake` is the Prefect background task the bell calls: without parameters, because it only says that there is work. With
Prefect down the same work is done unrecorded, for the row, not Prefect, remembers it.
"""

from __future__ import annotations

import logging
from contextlib import ExitStack

from django.db import connection
from prefect import task
from prefect.context import SyncClientContext

from flows import django_ready  # isort: skip  # noqa: F401
from flows.bell import TASK_KEY, prefect_answers
from flows.desk import desk
from flows.packet import issue_packet, issue_waiting
from flows.sealing import seal_statement, seal_waiting
from flows.site import now
from register import packets, statements

log = logging.getLogger("confide.worker")


class WorkInterrupted(Exception):
    """The register could not be worked off to its end; the worker's own look goes on with it."""


@task(name="wake", log_prints=False)
def wake() -> None:
    """Work off what waits in the register. Raises WorkInterrupted, which says the kind of failure and no more."""
    try:
        work(recorded=True)
    except Exception as failure:  # noqa: BLE001 - the border to Prefect, which keeps an exception's message
        raise WorkInterrupted(type(failure).__name__) from None
    finally:
        # Prefect's threads live as long as the worker: one may not sit on a connection that the server ended
        connection.close()


# Prefect derives the key from the source by default; the bell, which does not import this, must know it
wake.task_key = TASK_KEY


def work(*, recorded: bool) -> int:
    """Issue every waiting packet and seal every waiting statement; returns how many. `recorded`: as Prefect runs."""
    with ExitStack() as held:
        if recorded:
            try:
                # one client for all of it: making one reads every root certificate of the machine, a tenth of a second
                held.enter_context(SyncClientContext.get_or_create())
            except Exception as gone:  # noqa: BLE001 - Prefect went away since it was asked; the work does not wait for it
                log.warning("Prefect does not answer (%s); working unrecorded", type(gone).__name__)
                recorded = False
        issued = issue_waiting(issue_packet if recorded else issue_packet.fn)
        sealed = seal_waiting(seal_statement if recorded else seal_statement.fn)
    return issued + sealed


def look() -> int:
    """Give back what dead workers left, then work off what waits: what the bell missed is found here."""
    packets.release_expired(now=now())
    statements.release_expired_sealing(now=now())
    if packets.waiting() == 0 and statements.waiting_to_seal() == 0:
        return 0
    return work(recorded=prefect_answers(desk().site.configuration))
