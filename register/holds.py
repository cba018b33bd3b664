"""Holds: why nothing a hold covers may go, however many holds there are and whatever the schedule says.

Danger: evidence destroyed because one of two holds was released, because a record came in after the hold, or because
the store was not told. Invariants: a hold stands as a row for each record, written when it is placed and when a record
comes in that it covers, in one transaction with it; a record is free when no row stands on it. Placing and releasing
take the row lock of every record they touch, so that a destruction either sees the hold or was over before.

The store is told afterwards, by `register.mirroring`: of the legal hold of each record, and in its log of what a
restore must know. Until then the register alone stands in the way of a destruction, which asks it.

That there is a hold is known to counsel only. Its words are sealed under a key of its own.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Count, QuerySet

from register import agency, audit, facts, models, sealed, staff
from register.change import compare_and_set, the
from register.errors import RegisterError, RegisterErrorCode, unknown
from register.retention_facts import Hold, HoldOn, HoldQuery, HoldWords
from register.vocabulary import AuditVerb, HoldKind, HoldScope, MachineName, StaffRole
from storage.destruction import is_code

if TYPE_CHECKING:
    from storage.vault import Vault

_WORDS, _RELEASE = "hold-words", "hold-release"
_BATCH = 500
_UPKEEP = facts.Machine(MachineName.UPKEEP)


def place(
    vault: Vault,
    *,
    kind: HoldKind,
    words: HoldWords,
    review_on: dt.date,
    records: Sequence[UUID] = (),
    client_id: UUID | None = None,
    query: HoldQuery | None = None,
    by: facts.Actor,
    now: dt.datetime,
) -> Hold:
    """Hold explicit records, everything of a client, or everything a query covers; the latter two what comes in too.

    The store is told by `mirroring.mirror`, which the caller runs next.

    Raises:
        RegisterError: NOT_ALLOWED unless counsel; UNKNOWN_ID; HOLD when the scope is not exactly one of the three, when
            a query leaves everything open, or when words or a review date to come are missing.
    """
    person = staff.require(by, StaffRole.COUNSEL)
    _require_sense(words, review_on, now, records, client_id, query)
    hold_id = uuid4()
    sealed_words = _sealed(vault, hold_id, words)
    scope = HoldScope.RECORDS if records else HoldScope.CLIENT if client_id is not None else HoldScope.QUERY
    with transaction.atomic():
        if client_id is not None:
            the(models.Client.objects.all(), "client", client_id)
        hold = models.Hold.objects.create(
            id=hold_id,
            kind=kind.value,
            scope=scope.value,
            client_id=client_id,
            query=_dump(query) if query else {},
            sealed_words=sealed_words,
            review_on=review_on,
            placed_by_id=person.staff_id,
            placed_at=now,
        )
        count = add_rows(hold, _covered(scope, records, client_id, query), now=now)
        if records and count != len(set(records)):
            raise unknown("record", "among those named")
        details: audit.Details = {"scope": scope.value, "records": count, "review_on": review_on.isoformat()}
        audit.append(person, AuditVerb.HOLD_PLACED, "hold", hold_id, details, now=now)
    return _fact(_rows().get(pk=hold_id))


def complete(
    vault: Vault,
    hold_id: UUID,
    *,
    kind: HoldKind,
    words: HoldWords,
    review_on: dt.date,
    by: facts.Actor,
    now: dt.datetime,
) -> Hold:
    """Say again what a hold says that a restore brought back from the store's log. What it stands on is unchanged.

    Raises:
        RegisterError: NOT_ALLOWED unless counsel; UNKNOWN_ID; HOLD when words or a review date to come are missing, or
            when it has its words.
    """
    person = staff.require(by, StaffRole.COUNSEL)
    _require_words(words, review_on, now)
    the(models.Hold.objects.all(), "hold", hold_id)
    sealed_words = _sealed(vault, hold_id, words)
    with transaction.atomic():
        compare_and_set(
            models.Hold.objects.filter(pk=hold_id, incomplete=True, released_at=None),
            RegisterError(RegisterErrorCode.HOLD, "This hold has its words, or is over.", "See: confide hold show"),
            kind=kind.value,
            sealed_words=sealed_words,
            review_on=review_on,
            incomplete=False,
        )
        details: audit.Details = {"review_on": review_on.isoformat()}
        audit.append(person, AuditVerb.HOLD_COMPLETED, "hold", hold_id, details, now=now)
    return _fact(_rows().get(pk=hold_id))


def capture(record: models.Record, *, now: dt.datetime) -> int:
    """Put every standing hold that covers a record that just came in on it; in the transaction that keeps it.

    Returns how many.
    """
    standing = models.Hold.objects.filter(released_at=None).exclude(scope=HoldScope.RECORDS.value)
    count = 0
    for hold in standing:
        if not covered_by(hold).filter(pk=record.pk).exists():
            continue
        _, made = models.HoldRow.objects.get_or_create(hold=hold, record=record, defaults={"placed_at": now})
        if made:
            details: audit.Details = {"hold": str(hold.pk)}
            audit.append(_UPKEEP, AuditVerb.HOLD_CAPTURED, "record", record.pk, details, now=now)
            count += 1
    return count


def release(vault: Vault, hold_id: UUID, *, reason: str, by: facts.Actor, now: dt.datetime) -> Hold:
    """Release one hold, with a reason; what another holds stays held. The store is told by `mirroring.mirror`.

    Raises:
        RegisterError: NOT_ALLOWED unless counsel; UNKNOWN_ID; HOLD without a reason, or when it was released already.
    """
    person = staff.require(by, StaffRole.COUNSEL)
    if not reason.strip():
        raise RegisterError(RegisterErrorCode.HOLD, "A release needs its reason.", "Give the reason in a line.")
    the(models.Hold.objects.all(), "hold", hold_id)
    kept = sealed.seal(vault, hold_id, _RELEASE, reason.strip().encode())
    with transaction.atomic():
        list(models.Record.objects.select_for_update().filter(hold_rows__hold=hold_id).values_list("pk", flat=True))
        compare_and_set(
            models.Hold.objects.filter(pk=hold_id, released_at=None),
            RegisterError(RegisterErrorCode.HOLD, "This hold was released already.", "See: confide hold show"),
            released_at=now,
            released_by_id=person.staff_id,
            sealed_release=kept,
        )
        freed = models.HoldRow.objects.filter(hold=hold_id, released_at=None).update(released_at=now)
        audit.append(person, AuditVerb.HOLD_RELEASED, "hold", hold_id, {"records": freed}, now=now)
    return _fact(_rows().get(pk=hold_id))


def on(record_id: UUID) -> tuple[HoldOn, ...]:
    """The holds that stand on a record, oldest first. Who destroys asks under the record's row lock."""
    rows = models.HoldRow.objects.filter(record=record_id, released_at=None).select_related("hold")
    return tuple(
        HoldOn(
            hold_id=row.hold_id,
            record_id=row.record_id,
            kind=HoldKind(row.hold.kind),
            review_on=row.hold.review_on,
            placed_at=row.placed_at,
        )
        for row in rows.order_by("placed_at", "hold_id")
    )


def cover_statement(row: models.Statement) -> bool:
    """Whether a standing hold covers a statement that never became a record: what was declined is evidence too.

    It has no day it was kept on, so a query's days leave it covered.
    """
    for hold in models.Hold.objects.filter(released_at=None).exclude(scope=HoldScope.RECORDS.value):
        query = _load(hold.query) if hold.scope == HoldScope.QUERY.value else HoldQuery(client_id=hold.client_id)
        wanted = (
            (query.retention_class, row.retention_class),
            (query.form_id, row.form_id),
            (query.organization_id, row.organization_id),
            (query.client_id, row.client_id),
        )
        if all(want is None or want == has for want, has in wanted):
            return True
    return False


def may_know(by: facts.Actor) -> bool:
    """Whether this person may be told that there is a hold."""
    return isinstance(by, facts.Person) and StaffRole.COUNSEL in staff.require(by).roles


def show(hold_id: UUID, *, by: facts.Actor) -> Hold:
    """One hold.

    Raises:
        RegisterError: NOT_ALLOWED unless counsel; UNKNOWN_ID.
    """
    staff.require(by, StaffRole.COUNSEL)
    return _fact(the(_rows(), "hold", hold_id))


def listing(*, by: facts.Actor, released: bool = False) -> tuple[Hold, ...]:
    """Every standing hold, the next review first; with `released` those that were released too.

    Raises:
        RegisterError: NOT_ALLOWED unless counsel.
    """
    staff.require(by, StaffRole.COUNSEL)
    rows = _rows().order_by("review_on", "placed_at", "id")
    return tuple(_fact(row) for row in (rows if released else rows.filter(released_at=None)))


def words(vault: Vault, hold_id: UUID, *, by: facts.Actor, now: dt.datetime) -> HoldWords:
    """What a hold says, in clear; that somebody looked is written down.

    Raises:
        RegisterError: NOT_ALLOWED unless counsel; UNKNOWN_ID.
    """
    person = staff.require(by, StaffRole.COUNSEL)
    row = the(models.Hold.objects.all(), "hold", hold_id)
    with transaction.atomic():
        audit.append(person, AuditVerb.HOLD_SEEN, "hold", hold_id, now=now)
    told = {"matter": "", "authority": ""}  # of a hold that came back from the log, until somebody completes it
    if row.sealed_words:
        told = json.loads(sealed.open_sealed(vault, hold_id, _WORDS, row.sealed_words))
    reason = sealed.open_sealed(vault, hold_id, _RELEASE, row.sealed_release).decode() if row.sealed_release else ""
    return HoldWords(matter=told["matter"], authority=told["authority"], release_reason=reason)


def records_of(hold_id: UUID, *, by: facts.Actor) -> tuple[UUID, ...]:
    """The records a hold stands on, or stood on until it was released.

    Raises:
        RegisterError: NOT_ALLOWED unless counsel; UNKNOWN_ID.
    """
    staff.require(by, StaffRole.COUNSEL)
    row = the(models.Hold.objects.all(), "hold", hold_id)
    return tuple(row.rows.order_by("record_id").values_list("record_id", flat=True))


def to_review(today: dt.date) -> tuple[tuple[UUID, dt.date], ...]:
    """Standing holds whose review date has passed: id and date, for upkeep and doctor."""
    rows = models.Hold.objects.filter(released_at=None, incomplete=False, review_on__lt=today).order_by(
        "review_on", "id"
    )
    return tuple(rows.values_list("id", "review_on"))


def to_complete() -> tuple[tuple[UUID, dt.datetime], ...]:
    """Holds that a restore brought back from the store's log without what they say, and since when they stand."""
    rows = models.Hold.objects.filter(released_at=None, incomplete=True).order_by("placed_at", "id")
    return tuple(rows.values_list("id", "placed_at"))


def released_since() -> tuple[UUID, ...]:
    """Holds that stand again after a restore, and of which the log says that somebody released them."""
    rows = models.Hold.objects.filter(released_at=None, released_since=True).order_by("placed_at", "id")
    return tuple(rows.values_list("id", flat=True))


# --- which records a hold covers --------------------------------------------------------------------------------------


def covered_by(hold: models.Hold) -> QuerySet[models.Record]:
    """The records that a client's or a query's hold covers now, whether a row says so already or not."""
    query = _load(hold.query) if hold.scope == HoldScope.QUERY.value else None
    return _covered(HoldScope(hold.scope), (), hold.client_id, query)


def add_rows(hold: models.Hold, covered: QuerySet[models.Record], *, now: dt.datetime, logged: bool = False) -> int:
    """A row for each of these records that has none of this hold, under the records' row locks; returns how many.

    `logged`: the store's log knows of them already.
    """
    without = covered.exclude(pk__in=models.HoldRow.objects.filter(hold=hold).values("record"))
    locked = list(without.select_for_update().order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(locked), _BATCH):
        models.HoldRow.objects.bulk_create(
            models.HoldRow(hold=hold, record_id=pk, placed_at=now, logged=logged)
            for pk in locked[start : start + _BATCH]
        )
    return len(locked)


def _covered(
    scope: HoldScope, records: Sequence[UUID], client_id: UUID | None, query: HoldQuery | None
) -> QuerySet[models.Record]:
    rows = models.Record.objects.filter(destroyed_at=None)
    if scope is HoldScope.RECORDS:
        return rows.filter(pk__in=list(records))
    if scope is HoldScope.CLIENT:
        return rows.filter(statement__client=client_id)
    if query is None:
        return rows.none()
    wanted = {
        "retention_class": query.retention_class,
        "statement__form_id": query.form_id,
        "statement__organization": query.organization_id,
        "statement__client": query.client_id,
        "kept_at__gte": _moment(query.kept_from, dt.time.min),
        "kept_at__lte": _moment(query.kept_to, dt.time.max),
    }
    return rows.filter(**{name: value for name, value in wanted.items() if value is not None})


def _moment(day: dt.date | None, at: dt.time) -> dt.datetime | None:
    return dt.datetime.combine(day, at, tzinfo=agency.zone()) if day is not None else None


def _require_sense(
    words: HoldWords,
    review_on: dt.date,
    now: dt.datetime,
    records: Sequence[UUID],
    client_id: UUID | None,
    query: HoldQuery | None,
) -> None:
    scopes = sum((bool(records), client_id is not None, query is not None))
    if scopes != 1 or (query is not None and query.open):
        raise RegisterError(
            RegisterErrorCode.HOLD,
            "A hold covers records, a client, or what a query finds: one of the three, and never everything at once.",
            "Name records, or a client, or at least one word of a query.",
        )
    if query is not None and not all(is_code(word) for word in _dump(query).values()):
        # it goes into the store's log, in clear
        raise RegisterError(
            RegisterErrorCode.HOLD,
            "A query finds by codes, ids and days; a form's id and a retention class are written without spaces.",
            "See: confide forms list",
        )
    _require_words(words, review_on, now)


def _require_words(words: HoldWords, review_on: dt.date, now: dt.datetime) -> None:
    if not words.matter.strip() or not words.authority.strip():
        raise RegisterError(
            RegisterErrorCode.HOLD, "A hold says what it is about and what it rests on.", "Give matter and authority."
        )
    if review_on <= agency.today(now):
        raise RegisterError(
            RegisterErrorCode.HOLD, "The day of its review must lie ahead.", "Give the day somebody looks at it again."
        )


def _sealed(vault: Vault, hold_id: UUID, words: HoldWords) -> bytes:
    told = {"matter": words.matter.strip(), "authority": words.authority.strip()}
    return sealed.seal(vault, hold_id, _WORDS, json.dumps(told, ensure_ascii=False).encode())


def _dump(query: HoldQuery) -> dict[str, str]:
    return {name: str(value) for name, value in asdict(query).items() if value is not None}


def _load(told: dict[str, str]) -> HoldQuery:
    ids = {name: UUID(told[name]) for name in ("organization_id", "client_id") if name in told}
    days = {name: dt.date.fromisoformat(told[name]) for name in ("kept_from", "kept_to") if name in told}
    plain = {name: told[name] for name in ("retention_class", "form_id") if name in told}
    return HoldQuery(**plain, **ids, **days)  # type: ignore[arg-type]  # each group has its type


def _rows() -> QuerySet[models.Hold]:
    return models.Hold.objects.annotate(count=Count("rows"))


def _fact(row: models.Hold) -> Hold:
    return Hold(
        hold_id=row.id,
        kind=HoldKind(row.kind),
        scope=HoldScope(row.scope),
        client_id=row.client_id,
        query=_load(row.query),
        records=getattr(row, "count"),  # noqa: B009  annotated by `_rows`
        review_on=row.review_on,
        placed_by=row.placed_by_id,
        placed_at=row.placed_at,
        released_by=row.released_by_id,
        released_at=row.released_at,
        incomplete=row.incomplete,
        released_since=row.released_since,
    )
