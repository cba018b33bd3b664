"""What a new schedule would change for what is kept, told before it is adopted."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from rules.retention.decision import Decision


class Change(StrEnum):
    """What becomes of one record."""

    NEWLY_DISPOSABLE = "newly_disposable"
    """It may go today, and may not by the schedule in force."""
    SHORTENED = "shortened"
    """It would go earlier, on a day that has not come."""
    EXTENDED = "extended"
    """It would go later, or would have no day any more."""
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Preview:
    """How many records a new schedule would touch, and how."""

    day: dt.date
    newly_disposable: int
    shortened: int
    extended: int
    same: int

    @property
    def shortens(self) -> bool:
        """True when its dates need the second approval before anything goes by them."""
        return bool(self.newly_disposable or self.shortened)

    @property
    def total(self) -> int:
        """Records looked at."""
        return self.newly_disposable + self.shortened + self.extended + self.same

    def __str__(self) -> str:
        return (
            f"This change would newly dispose {self.newly_disposable}, extend {self.extended}, "
            f"shorten {self.shortened}; {self.same} stay as they are."
        )


def change(now: Decision, new: Decision, day: dt.date) -> Change:
    """What becomes of one record as of `day`."""
    before, after = now.due_on or dt.date.max, new.due_on or dt.date.max
    if after == before:
        return Change.SAME
    if after > before:
        return Change.EXTENDED
    return Change.NEWLY_DISPOSABLE if new.due(day) and not now.due(day) else Change.SHORTENED


def preview(changes: Iterable[Change], day: dt.date) -> Preview:
    """The changes counted."""
    counts = Counter(changes)
    return Preview(day, *(counts[one] for one in Change))
