"""What Prefect is told to run is what is there, takes no parameters, and can carry nothing but ids."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.register.conftest import _built, _light_passwords, world  # noqa: F401 - fixtures are found by name

if TYPE_CHECKING:
    from tests.register.conftest import World

DEPLOYMENTS = yaml.safe_load((Path(__file__).parents[2] / "prefect.yaml").read_text())["deployments"]


def flow_of(deployment: dict[str, Any]) -> Any:
    path, _, name = deployment["entrypoint"].partition(":")
    return getattr(importlib.import_module(path.removesuffix(".py").replace("/", ".")), name)


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda each: each["entrypoint"])
def test_every_deployment_is_a_flow_that_takes_nothing_and_keeps_nothing(deployment: dict[str, Any]) -> None:
    from prefect import Flow

    flow = flow_of(deployment)
    assert isinstance(flow, Flow)
    assert inspect.signature(flow.fn).parameters == {}
    assert flow.persist_result is False
    assert flow.log_prints is False


def test_a_flow_and_its_deployments_name_are_unique() -> None:
    names = [(flow_of(each).name, each["name"]) for each in DEPLOYMENTS]
    assert len(set(names)) == len(names)


def test_tasks_take_opaque_ids_and_nothing_else() -> None:
    from prefect import Task

    from flows import packet, queue, sealing

    tasks = [each for module in (packet, sealing, queue) for each in vars(module).values() if isinstance(each, Task)]
    assert {task.name for task in tasks} == {"packet", "sealing", "wake"}
    for task in tasks:
        parameters = inspect.signature(task.fn).parameters
        assert all(name.endswith("_id") and str(each.annotation) == "str" for name, each in parameters.items())
        assert not task.persist_result
        assert not task.log_prints


def test_prefects_own_reader_takes_the_file_with_its_schedules(tmp_path: Path) -> None:
    from prefect.cli.deploy._models import PrefectYamlModel

    read = PrefectYamlModel.model_validate(yaml.safe_load((Path(__file__).parents[2] / "prefect.yaml").read_text()))
    assert len(read.deployments or ()) == len(DEPLOYMENTS)


def test_the_embedded_schedules_are_those_of_the_file_in_the_agencys_time_zone(world: World) -> None:  # noqa: F811
    from prefect.schedules import Cron

    from flows.schedule import zone_of

    crons = [
        Cron(each["cron"], timezone=zone_of(each["timezone"]), slug=each["slug"])
        for deployment in DEPLOYMENTS
        for each in deployment.get("schedules", [])
    ]
    assert {(one.slug, one.timezone) for one in crons} == {
        ("nightly", "America/New_York"),
        ("monthly", "America/New_York"),
    }
