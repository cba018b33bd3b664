"""Whatever is at hand, a batch at a time: memory stays flat, and a statement or a lock is for so many and no more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

_Any = TypeVar("_Any")


def batches(items: Iterable[_Any], size: int) -> Iterator[list[_Any]]:
    """The items in their order, `size` at a time."""
    left = iter(items)
    while batch := list(islice(left, size)):
        yield batch
