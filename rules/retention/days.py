"""The calendar of retention: periods, ends of years, and the day after.

Policy, stated once. A day that a month does not have (29 February in a common year, the 31st of a short month): a floor
(keep *at least*) runs to the first day of the next month, so that nothing goes a day early; a ceiling (destroy *by*)
ends on the last day of the month, so that nothing stays a day too long. A floor that ends on a day lets the record go
on the day *after*. All days are the agency's own calendar days.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from dataclasses import dataclass

from rules.retention.words import Cutoff

_PERIOD = re.compile(r"P(?=\d)(?:(\d{1,3})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,5})D)?", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """An ISO 8601 period of whole years, months, weeks and days."""

    months: int
    """Years count as twelve."""
    days: int
    """Weeks count as seven."""

    @classmethod
    def parse(cls, text: str) -> Period:
        """`P6Y`, `P1Y6M`, `P30D`, `P0D`. Raises `ValueError` (without the text) for anything else."""
        found = _PERIOD.fullmatch(text)
        if found is None:
            raise ValueError("not an ISO 8601 period of whole days")
        years, months, weeks, days = (int(part or 0) for part in found.groups())
        return cls(12 * years + months, 7 * weeks + days)

    def __str__(self) -> str:
        years, months = divmod(self.months, 12)
        parts = [f"{count}{unit}" for count, unit in ((years, "Y"), (months, "M"), (self.days, "D")) if count]
        return "P" + ("".join(parts) or "0D")

    def floor(self, day: dt.date) -> dt.date:
        """The last day that belongs to the period when it begins on `day`, kept at least."""
        year, month = _month(day, self.months)
        last = calendar.monthrange(year, month)[1]
        if day.day <= last:
            reached = dt.date(year, month, day.day)
        else:
            reached = dt.date(year, month, last) + dt.timedelta(days=1)
        return reached + dt.timedelta(days=self.days)

    def ceiling(self, day: dt.date) -> dt.date:
        """The last day on which a period that begins on `day` may still run."""
        year, month = _month(day, self.months)
        last = calendar.monthrange(year, month)[1]
        return dt.date(year, month, min(day.day, last)) + dt.timedelta(days=self.days)


@dataclass(frozen=True, slots=True)
class FiscalYear:
    """The day an agency's fiscal year ends on; the last of February is written 2, 29."""

    month: int = 12
    day: int = 31

    @classmethod
    def parse(cls, text: str) -> FiscalYear:
        """`06-30`. Raises `ValueError` for no day of a year."""
        month, _, day = text.partition("-")
        dt.date(2000, int(month), int(day))  # a leap year: knows every day there is
        return cls(int(month), int(day))

    def __str__(self) -> str:
        return f"{self.month:02}-{self.day:02}"

    def end(self, day: dt.date) -> dt.date:
        """The last day of the fiscal year that `day` lies in."""
        this = self._in(day.year)
        return this if day <= this else self._in(day.year + 1)

    def _in(self, year: int) -> dt.date:
        return dt.date(year, self.month, min(self.day, calendar.monthrange(year, self.month)[1]))


def cut_off(day: dt.date, cutoff: Cutoff, fiscal: FiscalYear) -> dt.date:
    """The day a period begins to run for an event on `day`."""
    if cutoff is Cutoff.CALENDAR_YEAR:
        return dt.date(day.year, 12, 31)
    return fiscal.end(day) if cutoff is Cutoff.FISCAL_YEAR else day


def day_after(day: dt.date) -> dt.date:
    """The first day on which what was kept to the end of `day` may go."""
    return day + dt.timedelta(days=1)


def _month(day: dt.date, months: int) -> tuple[int, int]:
    years, month = divmod(day.month - 1 + months, 12)
    return day.year + years, month + 1
