"""The log of everything that changed: append-only, each row bound to the one before it by its hash.

The database itself refuses to change or delete a row (triggers, below); who goes around the triggers breaks the chain.
"""

from __future__ import annotations

import re
from typing import Any

from django.db import models

from register.models.columns import one_of
from register.vocabulary import AuditVerb


class AuditEntry(models.Model):
    """One line of the log."""

    seq = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    actor = models.CharField(max_length=64)
    verb = models.CharField(max_length=32)
    object_type = models.CharField(max_length=16)
    object_id = models.CharField(max_length=36, db_index=True)
    details = models.JSONField(default=dict)
    prev_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = (one_of("verb", AuditVerb),)


APPEND_ONLY = """
CREATE TRIGGER audit_no_update BEFORE UPDATE ON register_auditentry
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON register_auditentry
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
"""
FREE_AGAIN = "DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete;"


def append_only_again(apps: object, schema_editor: Any) -> None:
    """The last step of every migration that alters this table: SQLite makes it anew then, and drops its triggers."""
    if schema_editor.connection.vendor == "sqlite":
        for trigger in ("audit_no_update", "audit_no_delete"):
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {trigger}")
        for statement in re.findall(r"CREATE TRIGGER.*?END;", APPEND_ONLY, re.DOTALL):
            schema_editor.execute(statement)
