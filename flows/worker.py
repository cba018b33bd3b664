"""The worker: a process that stays warm, wakes by the bell, and looks into the register by itself every second.

`python -m flows.worker`. Light at the top: the signing processes import this module again when they start.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import signal
import threading
from types import FrameType

from templates import process

LOOK_SECONDS = 1.0
RECONNECT_SECONDS = 2.0
READY_FILE = "worker.json"

log = logging.getLogger("confide.worker")


def main() -> None:
    """Run until told to stop."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    for noisy in ("httpx", "pikepdf", "prefect", "botocore"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    process.seclude()
    signal.signal(signal.SIGTERM, _leave)

    from register.configuration import configuration

    settings = configuration()
    from flows.orchestration import environment

    # before Prefect is imported, which reads its settings once
    os.environ.update(environment(settings))
    from flows.desk import desk
    from flows.rehearsal import rehearse

    here = desk()
    # first of all: what waits already is worked on while the rest warms up
    threading.Thread(target=_look_forever, name="look", daemon=True).start()
    here.finisher.warm()
    rehearse(here)
    # loaded before the worker says that it is ready, so that it hears the bell from then on
    importlib.import_module("prefect.task_worker")
    ready = settings.run / READY_FILE
    ready.write_text(json.dumps({"pid": os.getpid(), "holder": here.holder}))
    try:
        _listen_forever()
    finally:
        ready.unlink(missing_ok=True)


def _leave(_signal: int, _frame: FrameType | None) -> None:
    # work in hand is under a lease that runs out, so leaving at once loses nothing
    log.info("told to stop")
    os._exit(0)


def _look_forever() -> None:
    from django.db import connection

    from flows.queue import look

    over = threading.Event()
    while not over.wait(LOOK_SECONDS):
        try:
            look()
        except Exception as failure:  # noqa: BLE001 - a worker that stops looking loses every later request
            # the type alone: a message may quote a client
            log.error("look failed: %s", type(failure).__name__)
        finally:
            connection.close()


def _listen_forever() -> None:
    import asyncio

    from prefect.task_worker import TaskWorker

    from flows.queue import wake

    async def listen() -> None:
        worker = TaskWorker(wake, limit=2)
        # it made a copy under a key of its own, which the bell does not know, and which would keep every result
        worker.tasks = [wake]
        worker.handle_sigterm = _leave  # type: ignore[method-assign,assignment]
        await worker.astart()

    pause = threading.Event()
    while not pause.wait(0):
        try:
            asyncio.run(listen())
        except Exception as failure:  # noqa: BLE001 - Prefect may be down for hours; the look goes on meanwhile
            log.warning("Prefect does not answer (%s); looking into the register only", type(failure).__name__)
        pause.wait(RECONNECT_SECONDS)


if __name__ == "__main__":
    main()
