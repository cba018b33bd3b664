"""The audit log is whole, or says where it is not."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from register import audit_facts, facts
from register.vocabulary import AuditVerb, MachineName

if TYPE_CHECKING:
    from tests.register.conftest import World

UPKEEP = facts.Machine(MachineName.UPKEEP)
NOW = dt.datetime(2026, 11, 23, 15, 0, tzinfo=dt.UTC)


def execute(statement: str) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement)


def without_triggers() -> None:
    from django.db import connection

    from register.models.audit import FREE_AGAIN

    for statement in connection.ops.prepare_sql_script(FREE_AGAIN[connection.vendor]):
        execute(statement)


def test_after_a_day_of_work_the_log_is_whole(world: World) -> None:
    from register import audit

    world.activated()
    verdict = audit.check()
    head = audit.head()

    assert verdict.intact
    assert head is not None
    assert verdict.entries == head.seq > 15
    assert audit.check(head, anchors=[head.hash]).intact


@pytest.mark.parametrize(
    "statement", ["UPDATE register_auditentry SET actor = 'staff:x'", "DELETE FROM register_auditentry WHERE seq = 3"]
)
def test_the_database_itself_refuses_to_change_or_delete_a_line(world: World, statement: str) -> None:
    from django.db.utils import IntegrityError

    from register import audit

    with pytest.raises(IntegrityError, match="append-only"):
        execute(statement)
    assert audit.check().intact


@pytest.mark.parametrize(
    "edit",
    [
        "actor = 'staff:x'",
        'details = \'{"kind": "court"}\'',
        "at = '2026-11-23 15:00:01'",
        "verb = 'client_added'",
        "object_id = 'x'",
    ],
)
def test_an_edited_line_is_found(world: World, edit: str) -> None:
    from register import audit

    without_triggers()
    execute(f"UPDATE register_auditentry SET {edit} WHERE seq = 7")  # noqa: S608  # fixed texts above

    verdict = audit.check()
    assert not verdict.intact
    assert verdict.first_broken == 7
    assert verdict.reason == "a line was changed"


def test_a_deleted_line_is_found(world: World) -> None:
    from register import audit

    without_triggers()
    execute("DELETE FROM register_auditentry WHERE seq = 5")

    assert audit.check() == audit_facts.AuditVerdict(
        intact=False, entries=4, first_broken=5, reason="a line is missing"
    )


def test_a_log_cut_at_its_end_is_found_by_a_head_noted_earlier(world: World) -> None:
    from register import audit

    noted = audit.head()
    without_triggers()
    execute("DELETE FROM register_auditentry WHERE seq > 8")

    assert audit.check().intact  # what is left is whole in itself
    assert audit.check(noted).reason == "the log was cut since its head was noted"


def test_a_log_rewritten_from_the_start_is_found_by_a_head_noted_earlier(world: World) -> None:
    from register import audit, models

    noted = audit.head()
    assert noted is not None
    without_triggers()
    previous = audit.FIRST_PREVIOUS
    for entry in models.AuditEntry.objects.order_by("seq"):
        entry.prev_hash = previous
        entry.actor = "staff:nobody"
        entry.hash = previous = audit._hash(entry)
        models.AuditEntry.objects.filter(seq=entry.seq).update(
            actor=entry.actor, prev_hash=entry.prev_hash, hash=entry.hash
        )

    assert audit.check().intact
    assert audit.check(noted).reason == "the log was rewritten since its head was noted"
    assert audit.check(anchors=[noted.hash]).reason == "the log was cut or rewritten since its head was anchored"


@pytest.mark.parametrize("told", ["María García", "María", "a purpose in words", "1987/03/14"])
def test_a_detail_that_could_be_personal_is_refused(world: World, told: str) -> None:
    from django.db import transaction

    from register import audit

    with transaction.atomic(), pytest.raises(ValueError, match="an id, a code"):
        audit.append(UPKEEP, AuditVerb.CLIENT_ADDED, "client", uuid4(), {"name": told}, now=NOW)


def test_a_line_is_written_only_with_the_change_it_tells_of(world: World) -> None:
    from django.db import transaction

    from register import audit

    with pytest.raises(transaction.TransactionManagementError):
        audit.append(UPKEEP, AuditVerb.CLIENT_ADDED, "client", uuid4(), now=NOW)


def test_a_line_without_a_time_zone_is_refused(world: World) -> None:
    from register import audit

    with pytest.raises(ValueError, match="aware"):
        audit.append(UPKEEP, AuditVerb.CLIENT_ADDED, "client", uuid4(), now=NOW.replace(tzinfo=None))


def test_lines_written_by_many_threads_at_once_make_one_chain(world: World) -> None:
    from django.db import transaction

    from register import audit

    before = audit.check().entries

    def write(number: int) -> None:
        for _ in range(5):
            with transaction.atomic():
                audit.append(UPKEEP, AuditVerb.OBJECT_GONE, "object", f"{number}", now=NOW)

    world.in_threads(6, write)

    assert audit.check() == audit_facts.AuditVerdict(intact=True, entries=before + 30, first_broken=None, reason="")
