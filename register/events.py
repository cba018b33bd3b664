"""What happened, as far as retention counts from it: recorded by a person, or with the move that it is.

Danger: a day that nobody recorded is made up, or one that was undone still counts. Invariants: one event of a kind
stands for each client, matter or statement; a later record takes the place of the earlier, a reopened case takes back
what closed it, and both leave the former row with its reason. A client's day is sealed, and stands in clear only to the
end of its month.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import QuerySet

from register import agency, audit, clients, due, facts, models, retained, sealed, staff
from register.change import compare_and_set, the
from register.dates import month_end
from register.errors import RegisterError, RegisterErrorCode, unknown
from register.retention_facts import Event, Matter
from register.vocabulary import AuditVerb, MatterKind, StaffRole, Undone
from rules.retention.words import CLOSING, RECORDED, EventKind, EventSubject
from rules.vocabulary import StatementState

if TYPE_CHECKING:
    from storage.vault import Vault

_DAY = "retention-day"
_CLIENT_DESK = (StaffRole.INTAKE, StaffRole.RECORDS_OFFICER, StaffRole.COUNSEL)
_MATTER_DESK = (StaffRole.RECORDS_OFFICER, StaffRole.COUNSEL)
_OF_STATE = {
    StatementState.EXPIRED: EventKind.CONSENT_NOT_IN_EFFECT,
    StatementState.REVOKED: EventKind.CONSENT_NOT_IN_EFFECT,
    StatementState.SUPERSEDED: EventKind.CONSENT_NOT_IN_EFFECT,
    StatementState.KNOWN_FALSE: EventKind.CONSENT_NOT_IN_EFFECT,
    StatementState.DECLINED: EventKind.STATEMENT_DECLINED,
    StatementState.VOID: EventKind.STATEMENT_VOID,
}


def record(
    vault: Vault, kind: EventKind, *, client_id: UUID, happened_on: dt.date, by: facts.Actor, now: dt.datetime
) -> Event:
    """Something happened to a client; their records' days are computed anew at once.

    Raises:
        RegisterError: NOT_ALLOWED; UNKNOWN_ID; EVENT when it is not a client's, lies in the future, or closes a case
            before the day it was last reopened.
    """
    person = staff.require(by, *_CLIENT_DESK)
    _require_recordable(kind, EventSubject.CLIENT, happened_on, now)
    clients.kept(client_id)
    event_id = uuid4()
    day = sealed.seal(vault, client_id, f"{_DAY}/{event_id}", happened_on.isoformat().encode())
    with transaction.atomic():
        _require_after_reopening(vault, kind, client_id, happened_on)
        standing = models.RetentionEvent.objects.filter(client=client_id, undone="")
        if kind is EventKind.CASE_REOPENED:
            _undo(standing.filter(kind__in=[one.value for one in CLOSING]), Undone.REOPENED, person, now)
        _undo(standing.filter(kind=kind.value), Undone.SUPERSEDED, person, now)
        row = models.RetentionEvent.objects.create(
            id=event_id,
            kind=kind.value,
            client_id=client_id,
            happened_on=month_end(happened_on),
            sealed_day=day,
            staff_id=person.staff_id,
            recorded_at=now,
        )
        audit.append(person, AuditVerb.EVENT_RECORDED, "client", client_id, {"event": kind.value}, now=now)
        due.renew_of_client(client_id, now=now)
    return _fact(row)


def record_of_matter(code: str, kind: EventKind, *, happened_on: dt.date, by: facts.Actor, now: dt.datetime) -> Event:
    """Something happened to a matter; every record's day rests on it and is computed anew by `due.refresh`.

    Raises:
        RegisterError: NOT_ALLOWED; UNKNOWN_ID; EVENT when it is not a matter's, or lies in the future.
    """
    person = staff.require(by, *_MATTER_DESK)
    _require_recordable(kind, EventSubject.MATTER, happened_on, now)
    with transaction.atomic():
        matter = _matter(code)
        standing = models.RetentionEvent.objects.filter(matter=matter, undone="")
        _undo(standing.filter(kind=kind.value), Undone.SUPERSEDED, person, now)
        row = models.RetentionEvent.objects.create(
            kind=kind.value, matter=matter, happened_on=happened_on, staff_id=person.staff_id, recorded_at=now
        )
        details: audit.Details = {"event": kind.value, "on": happened_on.isoformat()}
        audit.append(person, AuditVerb.EVENT_RECORDED, "matter", matter.id, details, now=now)
    return _fact(row)


def undo(event_id: UUID, *, by: facts.Actor, now: dt.datetime) -> Event:
    """It never happened: recorded of the wrong client, or by mistake. The row stays, and counts no more.

    Raises:
        RegisterError: NOT_ALLOWED; UNKNOWN_ID; EVENT for a statement's own; MOVED_MEANWHILE when it is undone already.
    """
    person = staff.require(by, StaffRole.RECORDS_OFFICER, StaffRole.COUNSEL)
    with transaction.atomic():
        row = the(models.RetentionEvent.objects.all(), "event", event_id)
        if row.statement_id is not None:
            raise RegisterError(
                RegisterErrorCode.EVENT,
                "What became of a statement is not undone here.",
                "The statement's own state says what holds.",
            )
        compare_and_set(
            models.RetentionEvent.objects.filter(pk=row.pk, undone=""),
            undone=Undone.CORRECTED.value,
            undone_at=now,
            undone_by_id=person.staff_id,
        )
        whose = ("client", row.client_id) if row.client_id else ("matter", row.matter_id)
        details: audit.Details = {"event": row.kind, "why": Undone.CORRECTED.value}
        audit.append(person, AuditVerb.EVENT_UNDONE, whose[0], str(whose[1]), details, now=now)
        if row.client_id is not None:
            due.renew_of_client(row.client_id, now=now)
    row.refresh_from_db()
    return _fact(row)


def reopened_by_sitting(vault: Vault, client_id: UUID, *, by: facts.Person, now: dt.datetime) -> None:
    """A new packet for a client whose case was closed: it goes on. Inside the transaction that opens the packet."""
    closed = models.RetentionEvent.objects.filter(client=client_id, undone="", kind__in=[one.value for one in CLOSING])
    if closed.exists():
        record(vault, EventKind.CASE_REOPENED, client_id=client_id, happened_on=agency.today(now), by=by, now=now)


def note_move(row: models.Statement, target: StatementState, *, by: facts.Actor, now: dt.datetime) -> None:
    """The event that a move of a statement is, and the day it changes; only inside the move's transaction."""
    kind = _OF_STATE.get(target)
    if kind is not None:
        person = by if isinstance(by, facts.Person) else None
        models.RetentionEvent.objects.create(
            kind=kind.value,
            statement_id=row.pk,
            happened_on=agency.today(now),
            staff_id=person.staff_id if person else None,
            machine="" if isinstance(by, facts.Person) else by.name.value,
            recorded_at=now,
        )
    due.renew_of_statement(row.pk, now=now)


def of_client(client_id: UUID) -> tuple[Event, ...]:
    """What was recorded of a client, undone or not, oldest first.

    Raises:
        RegisterError: UNKNOWN_ID.
    """
    row = the(models.Client.objects.all(), "client", client_id)
    return _facts(row.retention_events.all())


def of_statement(statement_id: UUID) -> tuple[Event, ...]:
    """What became of a statement.

    Raises:
        RegisterError: UNKNOWN_ID.
    """
    row = the(models.Statement.objects.all(), "statement", statement_id)
    return _facts(row.retention_events.all())


def of_matter(code: str) -> tuple[Event, ...]:
    """What was recorded of a matter, undone or not, oldest first.

    Raises:
        RegisterError: UNKNOWN_ID.
    """
    return _facts(_matter(code).events.all())


def day_of(vault: Vault, event_id: UUID) -> dt.date:
    """The day itself, for whoever may see the client.

    Raises:
        RegisterError: UNKNOWN_ID.
    """
    row = the(models.RetentionEvent.objects.all(), "event", event_id)
    if row.client_id is None or row.sealed_day is None:
        return row.happened_on
    kept = sealed.open_sealed(vault, row.client_id, f"{_DAY}/{row.id}", row.sealed_day)
    return dt.date.fromisoformat(kept.decode())


def add_matter(
    *,
    code: str,
    kind: MatterKind,
    funder: str,
    covers_from: dt.date,
    covers_to: dt.date | None,
    by: facts.Actor,
    now: dt.datetime,
) -> Matter:
    """An award, a contract: records kept from `covers_from` to `covers_to` belong to it, and its funder's rules hold.

    Raises:
        RegisterError: NOT_ALLOWED; MATTER when the code is taken or no code, or the days are the wrong way round.
    """
    person = staff.require(by, *_MATTER_DESK)
    if not audit.opaque(code) or not audit.opaque(funder) or (covers_to is not None and covers_to < covers_from):
        raise RegisterError(
            RegisterErrorCode.MATTER,
            "A matter needs a code and a funder in small letters, digits and hyphens, and days in their order.",
            "Write it like bja-2026-04; its title is nobody's business here.",
        )
    with transaction.atomic():
        if models.Matter.objects.filter(code=code).exists():
            raise RegisterError(RegisterErrorCode.MATTER, "This code is taken.", "Choose another.")
        row = models.Matter.objects.create(
            code=code,
            kind=kind.value,
            funder=funder,
            covers_from=covers_from,
            covers_to=covers_to,
            added_by_id=person.staff_id,
            added_at=now,
        )
        audit.append(person, AuditVerb.MATTER_ADDED, "matter", row.id, {"code": code, "funder": funder}, now=now)
    return retained.matter_fact(row)


def matters() -> tuple[Matter, ...]:
    """Every matter, by code."""
    return tuple(retained.matter_fact(row) for row in models.Matter.objects.order_by("code"))


def _matter(code: str) -> models.Matter:
    row = models.Matter.objects.filter(code=code).first()
    if row is None:
        raise unknown("matter", code)
    return row


def _require_recordable(kind: EventKind, subject: EventSubject, happened_on: dt.date, now: dt.datetime) -> None:
    if kind not in RECORDED or kind.subject is not subject:
        known = ", ".join(sorted(one.value for one in RECORDED if one.subject is subject))
        raise RegisterError(
            RegisterErrorCode.EVENT, f"That is not recorded of a {subject.value}.", f"Use one of: {known}."
        )
    if happened_on > agency.today(now):
        raise RegisterError(
            RegisterErrorCode.EVENT, "That day has not come.", "Record it once it happened; no day is assumed."
        )


def _require_after_reopening(vault: Vault, kind: EventKind, client_id: UUID, happened_on: dt.date) -> None:
    if kind not in CLOSING:
        return
    reopened = models.RetentionEvent.objects.filter(
        client=client_id, kind=EventKind.CASE_REOPENED.value, undone=""
    ).first()
    if reopened is not None and happened_on < day_of(vault, reopened.id):
        raise RegisterError(
            RegisterErrorCode.EVENT,
            "The case was reopened after that day.",
            "Give the day it was closed again, or undo the reopening first.",
        )


def _undo(rows: QuerySet[models.RetentionEvent], why: Undone, person: facts.Person, now: dt.datetime) -> None:
    rows.update(undone=why.value, undone_at=now, undone_by_id=person.staff_id)


def _facts(rows: QuerySet[models.RetentionEvent]) -> tuple[Event, ...]:
    return tuple(_fact(row) for row in rows.order_by("recorded_at", "id"))


def _fact(row: models.RetentionEvent) -> Event:
    return Event(
        event_id=row.id,
        kind=EventKind(row.kind),
        client_id=row.client_id,
        matter_id=row.matter_id,
        statement_id=row.statement_id,
        happened_on=row.happened_on,
        recorded_at=row.recorded_at,
        undone=Undone(row.undone) if row.undone else None,
    )
