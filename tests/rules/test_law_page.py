"""docs/law.md names tests that exist, for every clause of the advisory and of the code of ethics."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "law.md").read_text(encoding="utf-8")


def test_every_test_that_the_page_names_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)
    assert len(named) >= 25
    for file, test in named:
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        assert test in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, f"{file}::{test}"


def test_every_clause_has_its_row() -> None:
    letters = re.findall(r"^\| \(([a-z])\)", PAGE, re.MULTILINE)
    assert letters == [chr(number) for number in range(ord("a"), ord("r") + 1)]
    paragraphs = re.findall(r"^\| ¶(\d[a-e]?) ", PAGE, re.MULTILINE)
    assert paragraphs == ["1", "2a", "2b", "2c", "2d", "2e", "3", "4", "5", "6", "7"]
