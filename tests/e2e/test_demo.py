"""`make demo` is the first thing anybody runs: `confide demo` in an empty place, and once more."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.running import PROJECT

pytestmark = pytest.mark.e2e


def demo(root: Path) -> dict[str, Any]:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("CONFIDE_", "PREFECT_"))}
    places = {
        f"CONFIDE_{name}": str(root / folder) for name, folder in (("HOME", "var"), ("KEYS", "keys"), ("OUT", "out"))
    }
    ran = subprocess.run(
        [sys.executable, "-m", "cli.main", "demo", "--json"],
        cwd=PROJECT, env=env | places, capture_output=True, text=True, timeout=500,
    )  # fmt: skip
    assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}"
    told: dict[str, Any] = json.loads(ran.stdout)
    return told


def accepted(told: dict[str, Any], root: Path) -> None:
    """Every statement is in force, its proof accepted, and the client's copy private and outside of the data."""
    for row in told["statements"]:
        assert (row["state"], row["verdict"]) == ("active", "accepted")
        copy = Path(row["copy"])
        assert copy.parent == root / "out" / "demo"
        assert copy.read_bytes().startswith(b"%PDF-")
        assert copy.stat().st_mode & 0o777 == 0o600


def test_the_demo_seals_four_papers_in_an_empty_place_and_a_further_sitting_when_run_again(tmp_path: Path) -> None:
    # what an interrupted demo left: one sheet of the recovery shares, and a password nobody was given
    sheets = tmp_path / "keys" / "demo-shares"
    sheets.mkdir(parents=True, mode=0o700)
    sheets.parent.chmod(0o700)
    (sheets / "share-1-of-3.txt").write_text("cut off")
    (tmp_path / "keys" / "demo-password").write_text("never used")

    first = demo(tmp_path)
    assert first["site"] == "made"
    assert Counter(row["form"] for row in first["statements"]) == {
        "privacy-acknowledgment": 1, "disclosure-supervision": 1, "disclosure": 2,
    }  # fmt: skip
    assert sorted(row["language"] for row in first["statements"]) == ["en", "en", "en", "es"]
    accepted(first, tmp_path)

    again = demo(tmp_path)
    assert again["site"] == "used_again"
    assert again["packet_id"] != first["packet_id"]
    assert [row["form"] for row in again["statements"]] == ["disclosure-supervision", "disclosure", "disclosure"]
    accepted(again, tmp_path)
    copies = {row["copy"] for row in (*first["statements"], *again["statements"])}
    assert len(copies) == 7, "no copy of the first sitting was written over"
