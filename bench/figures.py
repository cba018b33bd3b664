"""A figure: what was measured, against what was promised.

Invariant: a figure is a median of several measurements on the real parts, and says how many; one that has no target
is information, never a pass.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Bound(StrEnum):
    """Which side of its target a figure must be on."""

    AT_MOST = "≤"
    AT_LEAST = "≥"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the table."""

    name: str
    value: float
    unit: str
    target: float | None = None
    """In `unit`; None where nothing was promised."""
    bound: Bound = Bound.AT_MOST
    notes: str = ""

    @property
    def holds(self) -> bool | None:
        """Whether the promise is kept; None where there is none."""
        if self.target is None:
            return None
        return self.value <= self.target if self.bound is Bound.AT_MOST else self.value >= self.target

    @property
    def promised(self) -> str:
        """The target as a person writes it."""
        return "—" if self.target is None else f"{self.bound} {written(self.target)} {self.unit}"

    @property
    def measured(self) -> str:
        """The value as a person writes it."""
        return f"{written(self.value)} {self.unit}"

    def as_data(self) -> dict[str, object]:
        """As it stands in results.json."""
        value = round(self.value, 3)
        return {"name": self.name, "value": value, "unit": self.unit, "target": self.target, "holds": self.holds}


def written(number: float) -> str:
    """Three figures, no more than a reading is worth."""
    if number >= 100:
        return f"{number:.0f}"
    return f"{number:.1f}" if number >= 10 else f"{number:.2f}"


def median(values: Sequence[float]) -> float:
    """The median of what was measured."""
    return float(statistics.median(values))


def spread(values: Sequence[float], unit: str) -> str:
    """How many there were and between what they lay, for the notes."""
    return f"n={len(values)}, {written(min(values))}–{written(max(values))} {unit}"
