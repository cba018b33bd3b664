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
    ("accepted", "refused"),
    [("organizations_accept", "individuals_refuse"), ("heldout_organizations", "heldout_individuals")],
)
def test_its_figures_are_those_measured(accepted: str, refused: str, lines: Callable[[str], list[str]]) -> None:
    organizations, people = lines(accepted), lines(refused)
    wrong = sum(bool(individuals_in(line)) for line in organizations)
    missed = sum(not individuals_in(line) for line in people)
    said = f"{len(organizations)} organizations, {wrong} refused; {len(people)} lines with people, {missed} missed"
    assert said in " ".join(PAGE.split())
