"""A site of the register's tests, used through the terminal door in this process: real verbs, database and vault."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from cli.failure import report
from cli.main import confide
from tests.register.conftest import PASSWORD, World, _built, _light_passwords, world  # noqa: F401 - found by name


@dataclass(frozen=True, slots=True)
class Terminal:
    """What somebody at the terminal does and sees."""

    world: World
    room: Path

    def run(self, *words: str, by: str = "", told: object = None, code: int = 0) -> str:
        """Run a verb as `by`, `told` handed in as a file; gives what it printed, refusals included."""
        arguments = list(words)
        if by:
            password = self.room / "password"
            password.write_text(f"{PASSWORD}\n")
            arguments += ["--as", by, "--password-file", str(password)]
        if told is not None:
            file = self.room / "told.yaml"
            file.write_text(yaml.safe_dump(told, allow_unicode=True))
            arguments += ["--from", str(file)]
        ran = CliRunner().invoke(confide, arguments)
        status, said = ran.exit_code, ran.output
        if isinstance(ran.exception, Exception):
            status = int(report(ran.exception, as_json="--json" in words))
        assert status == code, (words, status, said, ran.exception)
        return said

    def told(self, *words: str, by: str = "", told: object = None) -> Any:
        """The same in JSON."""
        return json.loads(self.run(*words, "--json", by=by, told=told))


@pytest.fixture
def terminal(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:  # noqa: F811
    from register import boot
    from register.configuration import configuration

    for name, value in {**world.environment, "CONFIDE_OUT": str(tmp_path / "out")}.items():
        monkeypatch.setenv(name, value)
    configuration.cache_clear()
    monkeypatch.setattr(boot, "open_vault", lambda: world.vault)
    room = tmp_path / "room"
    room.mkdir()
    yield Terminal(world, room)
    configuration.cache_clear()
