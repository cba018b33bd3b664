"""`prefect.yaml` deploys the same flows onto work pools, and a pool's worker runs them."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

from tests.running import PROJECT, RunningSite

pytestmark = pytest.mark.e2e


def prefect(site: RunningSite, *words: str) -> str:
    surroundings = {
        "PREFECT_API_URL": (site.home / "run" / "prefect.url").read_text(),
        "PREFECT_API_AUTH_STRING": (site.keys / "prefect-auth").read_text(),
        "PREFECT_HOME": str(site.root / "prefect-client"),
        "CONFIDE_ROOT": str(PROJECT),
        "CONFIDE_TIME_ZONE": "America/New_York",
        "DO_NOT_TRACK": "1",
    }
    ran = subprocess.run(
        [sys.executable, "-m", "prefect", *words],
        cwd=PROJECT,
        env=site.env | surroundings,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_a_pool_runs_the_nights_work_from_prefect_yaml(site: RunningSite) -> None:
    site.wait_ready(("prefect",))
    prefect(site, "work-pool", "create", "confide", "--type", "process", "--overwrite")
    prefect(site, "--no-prompt", "deploy", "--all")
    deployed = json.loads(prefect(site, "deployment", "ls", "--output", "json"))
    jobs = ("packet:packet", "sealing:sealing", "upkeep:upkeep", "disposal:disposal_proposal")
    flows = {"flows/{}.py:{}".format(*job.split(":")) for job in jobs}
    assert {row["entrypoint"] for row in deployed if row["work_pool_name"] == "confide"} == flows

    prefect(site, "deployment", "run", "upkeep/nightly")
    prefect(site, "worker", "start", "--pool", "confide", "--run-once")
    until = time.monotonic() + 120
    while (states := states_of(site)) and "COMPLETED" not in states:
        assert "FAILED" not in states
        assert time.monotonic() < until, states
        time.sleep(1)
    assert "COMPLETED" in states


def states_of(site: RunningSite) -> set[str]:
    return {run["state_type"] for run in json.loads(prefect(site, "flow-run", "ls", "--output", "json"))}
