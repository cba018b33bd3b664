"""Many rows, a page at a time: memory stays flat, and no query is open while somebody works on what it told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from django.db.models import Model, QuerySet

_Row = TypeVar("_Row", bound=Model)


def pages(rows: QuerySet[_Row], size: int) -> Iterator[list[_Row]]:
    """The rows, ascending by primary key, `size` at a time; a page is read when it is asked for.

    What comes in meanwhile may or may not be seen, and nothing is seen twice.
    """
    page = list(rows.order_by("pk")[:size])
    while page:
        yield page
        page = list(rows.filter(pk__gt=page[-1].pk).order_by("pk")[:size])
