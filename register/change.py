"""How a row changes: compare-and-set; the caller holds one transaction around it and the line in the audit log.

Danger: two workers, or a worker and a clerk, read the same state and both act on it. Invariant: every change names the
state it starts from in the WHERE of its UPDATE; who comes second changes nothing and is told so.
"""

from __future__ import annotations

from typing import TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet

from register.errors import RegisterError, RegisterErrorCode, unknown

Row = TypeVar("Row", bound=Model)


def compare_and_set(rows: QuerySet[Row], otherwise: RegisterError | None = None, /, **values: object) -> None:
    """UPDATE exactly the one row that is still as `rows` describes it.

    Raises:
        RegisterError: `otherwise` (MOVED_MEANWHILE unless told) when the row is no longer so.
    """
    if rows.update(**values) != 1:
        raise otherwise or moved_meanwhile()


def moved_meanwhile() -> RegisterError:
    """Somebody else was faster."""
    return RegisterError(
        RegisterErrorCode.MOVED_MEANWHILE,
        "This was changed by somebody else in the meantime.",
        "Look at it again and decide anew.",
    )


def the(rows: QuerySet[Row], kind: str, given: UUID | str) -> Row:
    """The row with this id.

    Raises:
        RegisterError: UNKNOWN_ID.
    """
    row = rows.filter(pk=given).first()
    if row is None:
        raise unknown(kind, given)
    return row
