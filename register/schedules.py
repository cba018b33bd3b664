"""Which retention schedule holds: proposed by one person, adopted by another, kept as it was read.

Danger: one person shortens a period and the next run destroys what was to be kept. Invariants: two distinct persons
adopt a schedule; until two distinct persons also approve the days it brought forward, the schedules before it count
beside it and nothing goes earlier than they say. Without an adopted schedule nothing is ever due.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from functools import lru_cache
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from register import audit, facts, models, staff
from register.change import compare_and_set
from register.errors import RegisterError, RegisterErrorCode, unknown
from register.retention_facts import ScheduleVersion
from register.vocabulary import AuditVerb, ScheduleState, StaffRole
from rules.retention.reading import read
from rules.retention.schedule import Schedule

APPROVERS = (StaffRole.RECORDS_OFFICER, StaffRole.COUNSEL)
_STANDING = (ScheduleState.PROPOSED.value, ScheduleState.IN_FORCE.value, ScheduleState.SUPERSEDED.value)


def propose(text: str, *, by: facts.Actor, now: dt.datetime) -> ScheduleVersion:
    """The first of two persons puts a schedule forward; again with the same text changes nothing.

    Raises:
        RegisterError: NOT_ALLOWED; SCHEDULE_VERSION when this version stands already, with another text, or when
            another took its place since.
        ScheduleError: the text is no schedule.
    """
    person = staff.require(by, *APPROVERS)
    version, digest = read(text).version, _digest(text)
    with transaction.atomic():
        row = _rows().filter(version=version, state__in=_STANDING).first()
        if row is not None and row.state == ScheduleState.SUPERSEDED.value:
            raise RegisterError(
                RegisterErrorCode.SCHEDULE_VERSION,
                f"Another schedule took the place of {version}.",
                "To go back to what it said, give the same text a version of its own.",
            )
        if row is not None and row.digest == digest:
            return _fact(row)
        if row is not None:
            raise RegisterError(
                RegisterErrorCode.SCHEDULE_VERSION,
                f"The schedule {version} is {row.state.replace('_', ' ')} already, with another text.",
                "Give it a version of its own, or withdraw the proposal first.",
            )
        row = models.ScheduleVersion.objects.create(
            version=version, digest=digest, text=text, proposed_by_id=person.staff_id, proposed_at=now
        )
        audit.append(person, AuditVerb.SCHEDULE_PROPOSED, "schedule", row.id, {"digest": digest}, now=now)
    return _fact(row)


def adopt(version: str, *, by: facts.Actor, now: dt.datetime) -> ScheduleVersion:
    """The second person puts it into force; dates are computed anew afterwards (`due.refresh`).

    Raises:
        RegisterError: NOT_ALLOWED; UNKNOWN_ID without such a proposal; SAME_PERSON; MOVED_MEANWHILE.
    """
    person = staff.require(by, *APPROVERS)
    with transaction.atomic():
        row = _proposed(version)
        _require_another(person, row.proposed_by_id, "Who proposed a schedule does not adopt it.")
        former = _rows().filter(state=ScheduleState.IN_FORCE.value).first()
        if former is not None:
            compare_and_set(
                models.ScheduleVersion.objects.filter(pk=former.pk, state=ScheduleState.IN_FORCE.value),
                state=ScheduleState.SUPERSEDED.value,
            )
        compare_and_set(
            models.ScheduleVersion.objects.filter(pk=row.pk, state=ScheduleState.PROPOSED.value),
            state=ScheduleState.IN_FORCE.value,
            previous_id=former.pk if former else None,
            adopted_by_id=person.staff_id,
            adopted_at=now,
        )
        details: audit.Details = {"digest": row.digest, "previous": str(former.pk) if former else ""}
        audit.append(person, AuditVerb.SCHEDULE_ADOPTED, "schedule", row.id, details, now=now)
    return _fact(_rows().get(pk=row.pk))


def withdraw(version: str, *, by: facts.Actor, now: dt.datetime) -> ScheduleVersion:
    """Take a proposal back; what was adopted stays.

    Raises:
        RegisterError: NOT_ALLOWED; UNKNOWN_ID without such a proposal; MOVED_MEANWHILE.
    """
    person = staff.require(by, *APPROVERS)
    with transaction.atomic():
        row = _proposed(version)
        compare_and_set(
            models.ScheduleVersion.objects.filter(pk=row.pk, state=ScheduleState.PROPOSED.value),
            state=ScheduleState.WITHDRAWN.value,
        )
        audit.append(person, AuditVerb.SCHEDULE_WITHDRAWN, "schedule", row.id, {"digest": row.digest}, now=now)
    return _fact(_rows().get(pk=row.pk))


def approve_shortening(version: str, *, by: facts.Actor, now: dt.datetime) -> ScheduleVersion:
    """Approve the days that the schedule in force brought forward: two distinct persons, one after the other.

    Raises:
        RegisterError: NOT_ALLOWED; UNKNOWN_ID unless it is in force; SAME_PERSON; SCHEDULE_VERSION when there is
            nothing left to approve.
    """
    person = staff.require(by, *APPROVERS)
    with transaction.atomic():
        row = _rows().filter(version=version, state=ScheduleState.IN_FORCE.value).first()
        if row is None:
            raise unknown("schedule in force", version)
        if row.previous_id is None or row.shortening_at is not None:
            raise RegisterError(
                RegisterErrorCode.SCHEDULE_VERSION,
                "No shortening waits for approval.",
                "See: confide retention schedules",
            )
        same = models.ScheduleVersion.objects.filter(
            pk=row.pk, shortening_first_by=row.shortening_first_by_id, shortening_by=None
        )
        if row.shortening_first_by_id is None:
            compare_and_set(same, shortening_first_by_id=person.staff_id, shortening_first_at=now)
        else:
            _require_another(person, row.shortening_first_by_id, "Who approved first does not approve again.")
            compare_and_set(same, shortening_by_id=person.staff_id, shortening_at=now)
        step = 1 if row.shortening_first_by_id is None else 2
        audit.append(person, AuditVerb.SHORTENING_APPROVED, "schedule", row.id, {"step": step}, now=now)
    return _fact(_rows().get(pk=row.pk))


def current() -> ScheduleVersion | None:
    """The schedule in force; None before two persons adopted one."""
    row = _rows().filter(state=ScheduleState.IN_FORCE.value).first()
    return _fact(row) if row else None


def counting() -> tuple[Schedule, ...]:
    """The schedule in force and those before it that still count, the newest first; empty while there is none."""
    row = _rows().filter(state=ScheduleState.IN_FORCE.value).first()
    found = []
    while row is not None:
        found.append(_parsed(row.digest, row.text))
        row = row.previous if row.shortening_at is None else None
    return tuple(found)


def proposed(version: str) -> Schedule:
    """A proposal, read.

    Raises:
        RegisterError: UNKNOWN_ID.
    """
    row = _proposed(version)
    return _parsed(row.digest, row.text)


def text(version: str) -> str:
    """The text of a schedule as it was proposed.

    Raises:
        RegisterError: UNKNOWN_ID.
    """
    row = _rows().filter(version=version).exclude(state=ScheduleState.WITHDRAWN.value).first()
    if row is None:
        raise unknown("schedule", version)
    return row.text


def listing() -> tuple[ScheduleVersion, ...]:
    """Every schedule there ever was, the newest first."""
    return tuple(_fact(row) for row in _rows().order_by("-proposed_at", "id"))


def _rows() -> QuerySet[models.ScheduleVersion]:
    return models.ScheduleVersion.objects.select_related("previous")


def _proposed(version: str) -> models.ScheduleVersion:
    row = _rows().filter(version=version, state=ScheduleState.PROPOSED.value).first()
    if row is None:
        raise unknown("proposed schedule", version)
    return row


def _require_another(person: facts.Person, first: UUID, sentence: str) -> None:
    if person.staff_id == first:
        raise RegisterError(
            RegisterErrorCode.SAME_PERSON, sentence, "Have a second records officer, or counsel, look at it."
        )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@lru_cache(maxsize=16)
def _parsed(_digest: str, text: str) -> Schedule:
    return read(text)


def _fact(row: models.ScheduleVersion) -> ScheduleVersion:
    return ScheduleVersion(
        schedule_id=row.id,
        version=row.version,
        digest=row.digest,
        state=ScheduleState(row.state),
        previous=row.previous.version if row.previous else "",
        proposed_by=row.proposed_by_id,
        proposed_at=row.proposed_at,
        adopted_by=row.adopted_by_id,
        adopted_at=row.adopted_at,
        shortening_waits=row.previous_id is not None and row.shortening_at is None,
        shortening_first_by=row.shortening_first_by_id,
    )
