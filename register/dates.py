"""Days as they may stand in clear.

A minor's end date tells the birth date (consent that ends at eighteen), so a date about a client stands in clear only
rounded up to the end of its month; the exact one is sealed with the draft.
"""

from __future__ import annotations

import calendar
import datetime as dt


def month_end(day: dt.date) -> dt.date:
    """The last day of the month of `day`."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def month_end_instant(moment: dt.datetime) -> dt.datetime:
    """The last whole second (UTC) of the month of an aware instant: never earlier than it."""
    utc = moment.astimezone(dt.UTC)
    if utc.microsecond:
        utc = utc.replace(microsecond=0) + dt.timedelta(seconds=1)
    return dt.datetime.combine(month_end(utc.date()), dt.time(23, 59, 59), tzinfo=dt.UTC)
