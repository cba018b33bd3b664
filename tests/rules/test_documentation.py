"""What docs/rules.md shows is what the rules do."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from rules.finding import FindingCode
from rules.individuals import individuals_in

LISTS = [
    "organizations_accept",
    "individuals_refuse",
    "purposes_accept",
    "heldout_organizations",
    "heldout_individuals",
    *(f"fresh_{of}_{letter}" for letter in "abcdefg" for of in ("organizations", "individuals")),
    "fresh_purposes_g",
]
"""Oldest first."""
PAGE = (Path(__file__).parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")


def test_its_examples_run_as_they_stand() -> None:
    names: dict[str, object] = {}
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) >= 4
    for block in blocks:
        exec(compile(block, "docs/rules.md", "exec"), names)  # noqa: S102  our own page


def test_it_names_every_code() -> None:
    spans = {f"{letter}0{number}" for letter, last in (("C", 4), ("F", 6), ("O", 3)) for number in range(1, last + 1)}
    named = set(re.findall(r"\b[VUCSPFOLR]\d\d\b", PAGE)) | spans | {"V17"}
    assert named >= {code.value for code in FindingCode}


@pytest.mark.parametrize("name", LISTS)
def test_its_figures_are_those_measured(name: str, lines: Callable[[str], list[str]]) -> None:
    """Every list in tests/rules/data has its row, which says what the check makes of it now."""
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{name}` |"))
    measured, should_be_found = lines(name), "individuals" in name
    wrong = sum(bool(individuals_in(line)) is not should_be_found for line in measured)
    assert f"| {len(measured)} |" in row
    assert f"| {wrong or 'none'} {'missed' if should_be_found else 'refused'} |" in row


@pytest.mark.parametrize("name", [name for name in LISTS if name.startswith("fresh")])
def test_a_fresh_list_held_nothing_that_an_older_one_does(name: str, lines: Callable[[str], list[str]]) -> None:
    """And its row says what the first look told; later ones flatter."""
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{name}` |"))
    assert re.search(r"\| \*\*\d+ (?:missed|refused)\*\* \(\d+\.\d %\)", row)
    older = {line for other in LISTS[: LISTS.index(name)] for line in lines(other)}
    assert older.isdisjoint(lines(name))
