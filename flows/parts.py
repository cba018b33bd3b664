"""Everything that must run on one machine, and how each part says that it is ready."""

from __future__ import annotations

import sys
from collections.abc import Callable

from flows.bell import prefect_answers
from flows.schedule import READY_FILE as SCHEDULE_READY
from flows.supervisor import Part
from flows.worker import READY_FILE as WORKER_READY
from register.configuration import Configuration


def parts(configuration: Configuration, *, port: int) -> tuple[Part, ...]:
    """The parts of a site on one machine. `port`: where Prefect's server listens on loopback."""
    run = configuration.run
    python = (sys.executable, "-m")
    for stale in (WORKER_READY, SCHEDULE_READY):
        (run / stale).unlink(missing_ok=True)
    return (
        Part(
            name="prefect",
            command=(*python, "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port), "--no-ui"),
            ready=lambda: prefect_answers(configuration),
        ),
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
        Part(name="worker", command=(*python, "flows.worker"), ready=(run / WORKER_READY).exists),
        Part(
            name="schedule",
            command=(*python, "flows.schedule"),
            ready=(run / SCHEDULE_READY).exists,
            after=("prefect", "worker"),
        ),
    )


def _answers(configuration: Configuration, part: str) -> Callable[[], bool]:
    from templates.press import Press

    press = Press(configuration.run)
    return lambda: bool(getattr(press.health(), part))
