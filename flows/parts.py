"""Everything that must run on a host, and how each part says that it is ready."""

from __future__ import annotations

import sys
from collections.abc import Callable

from flows.prefect_server import server
from flows.schedule import READY_FILE as SCHEDULE_READY
from flows.supervisor import Part
from flows.worker import READY_FILE as WORKER_READY
from register.configuration import Configuration


def parts(configuration: Configuration, *, port: int) -> tuple[Part, ...]:
    """The parts of a site, all on this host. `port`: where Prefect's server listens on loopback."""
    schedule = Part(
        name="schedule",
        command=(sys.executable, "-m", "flows.schedule"),
        ready=(configuration.run / SCHEDULE_READY).exists,
        after=("prefect", "worker"),
    )
    (configuration.run / SCHEDULE_READY).unlink(missing_ok=True)
    return (server(configuration, port=port), *worker_parts(configuration), schedule)


def worker_parts(configuration: Configuration) -> tuple[Part, ...]:
    """What a further host runs: it works off the queue that all share, and keeps no server and no schedule."""
    run = configuration.run
    python = (sys.executable, "-m")
    (run / WORKER_READY).unlink(missing_ok=True)
    return (
        Part(
            name="filler",
            command=(*python, "templates.filler", "--socket", str(run / "filler.sock"), "--with-parent"),
            ready=_answers(configuration, "filler"),
        ),
        Part(
            name="renderer",
            command=(*python, "templates.renderer", "--socket", str(run / "renderer.sock"), "--with-parent"),
            ready=_answers(configuration, "renderer"),
        ),
        Part(
            name="worker",
            command=(*python, "flows.worker"),
            ready=(run / WORKER_READY).exists,
            # a heap for each of its dozen threads would keep what each once needed at most
            environment={"MALLOC_ARENA_MAX": "2"},
        ),
    )


def _answers(configuration: Configuration, part: str) -> Callable[[], bool]:
    from templates.press import Press

    press = Press(configuration.run)
    return lambda: bool(getattr(press.health(), part))
