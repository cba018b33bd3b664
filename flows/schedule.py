"""Runs the deployments of `prefect.yaml` on their schedules, in one process: `python -m flows.schedule`.

The embedded counterpart of a work pool with a worker; the same flows, the same schedules, read from the same file.
"""

from __future__ import annotations

import os
from pathlib import Path

import yaml

from templates import process

DEPLOYMENTS = Path(__file__).parent.parent / "prefect.yaml"
READY_FILE = "schedule.json"
AGENCY_ZONE = "{{ $CONFIDE_TIME_ZONE }}"
"""In prefect.yaml: the agency's own time zone."""


def zone_of(told: str) -> str:
    """The time zone of a schedule, the agency's where the file says so. The site must be established."""
    if told != AGENCY_ZONE:
        return told
    from register import agency, boot

    boot.ready()
    return agency.zone().key


def main() -> None:
    """Serve every deployment until told to stop."""
    process.seclude()
    from register.configuration import configuration

    settings = configuration()
    from flows.orchestration import environment

    # before Prefect is imported, which reads its settings once
    os.environ.update(environment(settings))
    os.chdir(DEPLOYMENTS.parent)
    from prefect import Flow, serve
    from prefect.deployments.runner import RunnerDeployment
    from prefect.flows import load_flow_from_entrypoint
    from prefect.schedules import Cron

    runnable: list[RunnerDeployment] = []
    for told in yaml.safe_load(DEPLOYMENTS.read_text())["deployments"]:
        flow: Flow[[], None] = load_flow_from_entrypoint(told["entrypoint"])
        schedules = [
            Cron(each["cron"], timezone=zone_of(each["timezone"]), slug=each["slug"])
            for each in told.get("schedules", [])
        ]
        name, description = told["name"], told["description"]
        runnable.append(RunnerDeployment.from_flow(flow, name=name, description=description, schedules=schedules))
    (settings.run / READY_FILE).write_text(str(os.getpid()))
    serve(*runnable, print_starting_message=False)


if __name__ == "__main__":
    main()
