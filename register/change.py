"""How a row changes: compare-and-set; the caller holds one transaction around it and the line in the audit log.

Danger: two workers, or a worker and a clerk, read the same state and both act on it. Invariant: every change names the
state it starts from in the WHERE of its UPDATE; who comes second changes nothing and is told so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID

from django.db import connection
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


def insert_all(rows: Sequence[Model]) -> None:
    """INSERT rows of one model, each with its primary key, by one prepared statement.

    `bulk_create` compiles a statement of its own for every hundred, which took longer than writing them.
    """
    if not rows:
        return
    meta = type(rows[0])._meta
    fields = meta.concrete_fields
    columns, places = ", ".join(field.column for field in fields), ", ".join(["%s"] * len(fields))
    values = [[field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields] for row in rows]
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {meta.db_table} ({columns}) VALUES ({places})", values)  # noqa: S608


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
