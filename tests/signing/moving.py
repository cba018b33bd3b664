"""The clock, and moving it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from freezegun import freeze_time


def now() -> datetime:
    """UTC, moved or not."""
    return datetime.now(UTC)


@contextmanager
def after(days: float) -> Iterator[None]:
    """The clock really moved: everything that asks for the time sees it."""
    with freeze_time(now() + timedelta(days=days), ignore=["asyncio"]):
        yield
