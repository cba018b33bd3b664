"""What `confide serve` tells a program that started it."""

from __future__ import annotations

import json
import time

import pytest

from tests.running import RunningSite

pytestmark = pytest.mark.e2e


def test_every_change_of_a_part_is_a_line_of_json_with_its_time(site: RunningSite) -> None:
    parts, until = ("filler", "renderer", "worker"), time.monotonic() + 30
    while True:  # it is told a moment after the file was written that others wait for
        states: dict[str, list[str]] = {}
        for line in (site.root / "serve.log").read_text().splitlines():
            told = json.loads(line)
            assert set(told) == {"at", "part", "state"}
            states.setdefault(told["part"], []).append(told["state"])
        if all("ready" in states.get(part, []) for part in parts) or time.monotonic() > until:
            break
        time.sleep(0.2)
    for part in parts:
        assert "ready" in states[part]
        assert len(states[part]) > 1, "it was started before it was ready"
        assert all(one != other for one, other in zip(states[part], states[part][1:], strict=False)), "changes only"
