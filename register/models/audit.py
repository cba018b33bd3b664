"""The log of everything that changed: append-only, each row bound to the one before it by its hash.

The database itself refuses to change or delete a row (triggers, below); who goes around the triggers breaks the chain.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

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


APPEND_ONLY = {
    "sqlite": """
CREATE TRIGGER audit_no_update BEFORE UPDATE ON register_auditentry
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON register_auditentry
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
""",
    "postgresql": """
CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$;
CREATE TRIGGER audit_no_update BEFORE UPDATE ON register_auditentry
FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER audit_no_delete BEFORE DELETE ON register_auditentry
FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON register_auditentry
FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
""",
}
FREE_AGAIN = {
    "sqlite": "DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete;",
    "postgresql": "DROP FUNCTION audit_is_append_only CASCADE;",
}
"""By the engine's name in Django; each a script of several statements."""


def run_script(scripts: Mapping[str, str]) -> Callable[[Any, BaseDatabaseSchemaEditor], None]:
    """For a migration: run the script of the engine that is being laid out."""

    def run(_apps: Any, editor: BaseDatabaseSchemaEditor) -> None:
        engine = editor.connection.vendor
        statements = editor.connection.ops.prepare_sql_script(scripts[engine])
        for statement in [scripts[engine]] if engine == "postgresql" else statements:
            editor.execute(statement, params=None)

    return run


def append_only_again(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """The last step of every migration that alters this table: SQLite makes it anew then, and drops its triggers."""
    if schema_editor.connection.vendor == "sqlite":
        for trigger in ("audit_no_update", "audit_no_delete"):
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {trigger}")
        run_script(APPEND_ONLY)(apps, schema_editor)
