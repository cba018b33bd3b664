"""Columns whose values come from a closed list, and the constraint that holds the database to it."""

from __future__ import annotations

from enum import StrEnum

from django.db import models


def one_of(column: str, words: type[StrEnum]) -> models.CheckConstraint:
    """A check that `column` holds a member of `words`: a typing error in SQL is refused by the database itself."""
    return models.CheckConstraint(
        condition=models.Q(**{f"{column}__in": [word.value for word in words]}),
        name=f"%(class)s_{column}_is_a_word",
    )
