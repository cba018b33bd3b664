"""`confide serve`: one command for everything that must run."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from cli.doors import opened
from cli.exit_code import ExitCode
from cli.failure import CommandError
from cli.output import json_option

if TYPE_CHECKING:
    from register.configuration import Configuration


@click.command()
@click.option(
    "--worker-only",
    is_flag=True,
    help="A further host of a site on PostgreSQL: filler, renderer and worker, no Prefect server and no schedules.",
)
@json_option
def serve(worker_only: bool, as_json: bool) -> None:
    """Start everything that must run, and keep it running until you stop it (Ctrl-C, SIGTERM).

    Prefect's server on loopback, the filler, the renderer, the worker and the schedules; whatever ends is started
    again. Their logs are in the run directory's neighbour log/. With --json, a line for each change of a part's state:
    waiting, starting, ready, down; and stopped for each at the end.
    """
    site = opened()
    from flows.orchestration import announce, environment, forget, free_port
    from flows.parts import parts, worker_parts
    from flows.supervisor import Supervisor, status

    configuration = site.configuration
    if status(configuration.run):
        raise CommandError(ExitCode.CONFLICT, "Confide is running already.", "Stop that one first.")
    # unwrap the keys once, so that a missing or foreign key stops here and not in five places
    _ = site.authority
    configuration.run.mkdir(mode=0o700, parents=True, exist_ok=True)
    if worker_only:
        _require_shared(configuration)
        forget(configuration)
        needed = worker_parts(configuration)
    else:
        port = free_port()
        announce(configuration, port)
        needed = parts(configuration, port=port)
    supervisor = Supervisor(
        needed,
        environment={"CONFIDE_HOME": str(configuration.home), "CONFIDE_KEYS": str(configuration.keys)}
        | environment(configuration),
        logs=configuration.home / "log",
        run=configuration.run,
    )
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, supervisor.stop)
    supervisor.run(on_change=_tell_in_json() if as_json else _tell(total=len(needed)))
    if as_json:
        for part in needed:
            _line(part.name, "stopped")
    else:
        click.echo("Stopped.", err=True)


def _require_shared(configuration: Configuration) -> None:
    """A worker whose queue, keys or records no other host sees would wait for ever, or lose what it makes."""
    if not (configuration.on_postgresql and configuration.keyring_on_postgresql):
        raise CommandError(
            ExitCode.CONFLICT,
            "A further host needs the register and keyring that the first host uses; here they are files of SQLite.",
            "Set CONFIDE_DATABASE_URL and CONFIDE_KEYRING_URL to PostgreSQL on every host (docs/flows.md).",
        )


def _tell_in_json() -> Callable[[Mapping[str, str]], None]:
    known: dict[str, str] = {}

    def change(states: Mapping[str, str]) -> None:
        for name, state in states.items():
            if known.get(name) != state:
                known[name] = state
                _line(name, state)

    return change


def _line(part: str, state: str) -> None:
    click.echo(json.dumps({"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "part": part, "state": state}))


def _tell(total: int) -> Callable[[Mapping[str, str]], None]:
    told: set[str] = set()

    def change(states: Mapping[str, str]) -> None:
        for name, state in states.items():
            if state == "ready" and name not in told:
                told.add(name)
                click.echo(f"  {name} ready", err=True)
            elif state in ("down", "starting") and name in told:
                told.discard(name)
                click.echo(f"  {name} ended and is started again", err=True)
        if len(told) == total and all(state == "ready" for state in states.values()):
            click.echo("Confide is running.", err=True)

    return change
