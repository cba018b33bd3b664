"""What docs/rules.md shows is what the rules do."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from rules.finding import FindingCode
from rules.individuals import individuals_in

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


@pytest.mark.parametrize(
    ("name", "tuned", "should_be_found"),
    [
        ("organizations_accept", None, False),
        ("individuals_refuse", None, True),
        ("purposes_accept", None, False),
        ("heldout_organizations", "organizations_accept", False),
        ("heldout_individuals", "individuals_refuse", True),
    ],
)
def test_its_figures_are_those_measured(
    name: str, tuned: str | None, should_be_found: bool, lines: Callable[[str], list[str]]
) -> None:
    """And a held-out list counts as fresh only what the list that made the check does not hold."""
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{name}` |"))
    measured, known = lines(name), set(lines(tuned)) if tuned else set[str]()
    fresh = [line for line in measured if line not in known]
    wrong = sum(bool(individuals_in(line)) is not should_be_found for line in fresh)
    assert f" {len(measured)}" in row
    assert f"{wrong or 'none'} {'missed' if should_be_found else 'refused'}" in row
    if tuned:
        assert f"of which {len(measured) - len(fresh)} stand" in row
        assert f"**{len(fresh)} fresh**" in row
