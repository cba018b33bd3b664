"""The page about the register does what it says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from register import boot

if TYPE_CHECKING:
    from tests.register.conftest import World

PAGE = Path(__file__).parents[2] / "docs" / "register.md"


def test_the_example_on_the_page_runs(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.opened()
    monkeypatch.setattr(boot, "open_vault", lambda: world.vault)
    (example,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    exec(compile(example, str(PAGE), "exec"), {"password": world.PASSWORD})  # noqa: S102  # our own page


def test_every_verb_the_page_names_is_there() -> None:
    import importlib

    boot.ready()
    (table,) = re.findall(r"^\| module \| verbs \|\n\|---\|---\|\n((?:\|.*\n)+)", PAGE.read_text(), re.MULTILINE)
    for names, verbs in re.findall(r"^\| (`.*?) \| (.*?) \|$", table, re.MULTILINE):
        modules = [importlib.import_module(f"register.{name}") for name in re.findall(r"`(\w+)`", names)]
        for verb in re.findall(r"[a-z_]+", re.sub(r"\(.*?\)|working bytes", "", verbs)):
            assert any(hasattr(module, verb) for module in modules), f"{names}: {verb}"
