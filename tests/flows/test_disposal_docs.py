"""The commands of docs/disposal.md are run as they stand, in order, by the people they name."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.flows.disposing import records as disposing
from tests.register.conftest import _built, _light_passwords, world  # noqa: F401 - fixtures are found by name
from tests.running import PROJECT

if TYPE_CHECKING:
    from tests.register.conftest import World

pytestmark = pytest.mark.real
PAGE = (PROJECT / "docs" / "disposal.md").read_text(encoding="utf-8")


def commands() -> list[list[str]]:
    blocks = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if line.startswith("$ confide ")]
    return [shlex.split(line)[2:] for line in lines]


def test_the_commands_of_the_page_work_as_they_stand(world: World, tmp_path: Path) -> None:  # noqa: F811 - the fixture
    from django.db import connection

    from flows import authority

    records = disposing(world)
    kept = records.kept(2)
    settings = world.settings
    master = records.site.vault.keyring.epochs._wrapper.master  # type: ignore[attr-defined]
    authority.create(settings, master, organization="Harbor Reentry Services", now=world.now)
    connection.close()
    world.vault.keyring.close()
    (tmp_path / "password").write_text(world.PASSWORD + "\n")
    (tmp_path / "destroy.yaml").write_text(yaml.safe_dump({"answer": "destroy"}))
    env = os.environ | world.environment | {"CONFIDE_OUT": str(tmp_path / "out")}
    known: dict[str, str] = {}
    told: list[Any] = []
    for words in commands():
        given = [known.get(word, word) for word in words]
        ran = subprocess.run(
            [sys.executable, "-m", "cli.main", *given, "--json"], cwd=tmp_path,
            env=env | {"PYTHONPATH": str(PROJECT)}, capture_output=True, text=True,
        )  # fmt: skip
        assert ran.returncode == 0, (given, ran.stdout, ran.stderr)
        told.append(json.loads(ran.stdout))
        if given[1:2] == ["propose"] and "--dry-run" not in given:
            known = {"RUN": told[-1]["ref"]}
            assert told[-1]["list_sha256"] == told[0]["list_sha256"], (
                "the list that was told is the list that was frozen"
            )
        if given[1:2] == ["show"]:
            known["SHOWN"] = told[-1]["run"]["shown_sha256"] if "run" in told[-1] else ""
    (path,) = (tmp_path / "out").iterdir()
    assert path.read_bytes().startswith(b"%PDF")
    assert told[-1][0]["outcomes"] == {"destroyed": len(kept)}
    for word in world.NAME.split():
        assert word not in json.dumps(told, ensure_ascii=False)
