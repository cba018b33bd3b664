"""The disposal run while it is executed: who works on it, what is decided under the lock, what is written down.

Danger: a held or not-due record destroyed because the list was approved a week ago; a run that two processes execute;
a crash after which nobody knows what is gone. Invariants: one lease a run, renewed in every transaction here; a batch
is named in the rows before its intent is written; `decide` reads holds, dates and approvals under the register's write
lock and the records' row locks, and keys are destroyed before it gives them back; a row is told as destroyed only after
its bytes were looked for and not found.

A crash between the keyring's commit and the register's is resumed as destroyed (`settle`): what lost its key is gone,
what kept it is judged anew.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import F, Q, QuerySet

from register import audit, disposal, disposal_rows, due, facts, judging, models, receipts, staff
from register.change import compare_and_set, the
from register.disposal_facts import OPEN_ENDED, Run
from register.errors import RegisterError, RegisterErrorCode
from register.leases import FARTHEST, lost
from register.vocabulary import AuditVerb, ObjectState, StaffRole
from rules.disposal import Answer, Outcome, RunState, Why
from storage import disposal as bytes_of
from storage.destruction import Item
from storage.keyring_facts import KeyScope

if TYPE_CHECKING:
    from storage.vault import Vault

REASON = "disposal"
BACKWARDS = dt.timedelta(minutes=5)
"""A clock this far behind the last line of the audit log was set back: no date can be trusted then."""
ENDS = {Answer.DESTROY: Outcome.DESTROYED, Answer.TRANSFER: Outcome.TRANSFERRED}
"""What becomes of a row whose keys and bytes are gone, by its answer."""
_STARTERS = (StaffRole.RECORDS_OFFICER, StaffRole.COUNSEL, StaffRole.DEPUTY, StaffRole.BREAK_GLASS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A process's lease on a run."""

    run_id: UUID
    holder: str
    seconds: float
    bypass_lock: bool
    """Started by the break-glass role: locks of the store end early for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One row at work."""

    item_id: int
    record_id: UUID
    object_id: str
    statement_id: UUID | None

    @property
    def keys(self) -> tuple[Item, ...]:
        """What is destroyed of it: the record's key, and that of the statement's own fields."""
        record = bytes_of.record_item(self.object_id)
        return (record, bytes_of.owner_item(self.statement_id.hex)) if self.statement_id else (record,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What became of a batch under the lock."""

    gone: tuple[Work, ...]
    """Their keys are destroyed."""
    swept: bool


def claim(
    run_id: UUID,
    holder: str,
    *,
    lease_seconds: float,
    store: str,
    software: str,
    by: facts.Actor,
    now: dt.datetime,
    break_glass: bool = False,
) -> Hold:
    """Take a run into hand: an approved one begins, one whose lease is over goes on.

    A person starts it; the machine only goes on with what a person started.

    Raises:
        RegisterError: NOT_ALLOWED; SAME_PERSON when who ends locks has prepared, answered or approved; UNKNOWN_ID;
            DISPOSAL when it is neither approved nor begun, or somebody works on it; CLOCK.
    """
    if isinstance(by, facts.Person):
        person = staff.require(by, StaffRole.BREAK_GLASS) if break_glass else staff.require(by, *_STARTERS)
    require_clock(now)
    disposal.lapse(run_id, now=now)  # stays so, whatever is refused below
    with transaction.atomic():
        run = the(models.DisposalRun.objects.all(), "disposal run", run_id)
        if break_glass and isinstance(by, facts.Person):
            _require_uninvolved(run, person.staff_id)
        until = now + dt.timedelta(seconds=lease_seconds)
        rows = models.DisposalRun.objects.filter(pk=run.pk)
        begin = run.state == RunState.APPROVED.value and isinstance(by, facts.Person)
        if begin:
            _leave_out(run)
            compare_and_set(
                rows.filter(state=RunState.APPROVED.value),
                state=RunState.EXECUTING.value,
                lease_holder=holder,
                lease_until=until,
                begun_at=now,
                store=store,
                software=software,
            )
            audit.append(by, AuditVerb.DISPOSAL_BEGUN, "disposal", run.pk, {"bypass": break_glass}, now=now)
        elif run.state == RunState.EXECUTING.value:
            free = Q(lease_until=None) | Q(lease_until__lte=now) | Q(lease_until__gt=now + FARTHEST)
            compare_and_set(
                rows.filter(free, state=RunState.EXECUTING.value),
                RegisterError(
                    RegisterErrorCode.DISPOSAL,
                    f"The run {run.ref} is being executed now by another process.",
                    "Watch it with: confide disposal show. A process that died is replaced after a minute.",
                ),
                lease_holder=holder,
                lease_until=until,
            )
            if break_glass:
                audit.append(by, AuditVerb.DISPOSAL_BEGUN, "disposal", run.pk, {"bypass": True}, now=now)
        else:
            raise RegisterError(
                RegisterErrorCode.DISPOSAL,
                f"The run {run.ref} is {run.state}; only an approved one is executed.",
                "Look at it: confide disposal show",
            )
    return Hold(run_id=run_id, holder=holder, seconds=lease_seconds, bypass_lock=break_glass)


def require_clock(now: dt.datetime) -> None:
    """Refuse to decide by a clock that was set back: an approval that ran out would live again.

    Raises:
        RegisterError: CLOCK.
    """
    last = models.AuditEntry.objects.order_by("-seq").values_list("at", flat=True).first()
    if last is not None and now < last - BACKWARDS:
        raise RegisterError(
            RegisterErrorCode.CLOCK,
            "This machine's clock is behind the last line of the audit log: it was set back.",
            "Set it right (NTP), then do the same again. Nothing was destroyed.",
        )


def interrupted(hold: Hold) -> tuple[str, ...]:
    """Batches that a crash may have cut off."""
    rows = _items(hold.run_id).filter(outcome__in=OPEN_ENDED).exclude(batch="")
    return tuple(rows.order_by("batch").values_list("batch", flat=True).distinct())


def settle(vault: Vault, hold: Hold, batch: str, *, now: dt.datetime) -> int:
    """Find out what became of an interrupted batch; returns how many of its rows had lost their keys.

    Raises:
        RegisterError: LEASE_LOST.
    """
    with transaction.atomic():
        renew(hold, now)
        rows = tuple(_work(_items(hold.run_id).filter(outcome__in=OPEN_ENDED, batch=batch)))
        intent = vault.log.intent_of(batch)
        lost = bytes_of.lost_their_keys(vault, intent.items) if intent else frozenset()
        gone = [row for row in rows if row.keys[0] in lost]
        if gone and intent is not None:
            _erase(hold, gone, batch, at=now, bypass_lock=intent.bypass_lock, now=now)
        elif intent is not None:
            bytes_of.withdraw(vault, intent.items, batch=batch)
        _items(hold.run_id).filter(outcome__in=OPEN_ENDED, batch=batch).update(batch="")
    return len(gone)


def waiting(hold: Hold, *, after: str, limit: int) -> tuple[Work, ...]:
    """The next rows whose end is open, in the order of their places in the store."""
    rows = _items(hold.run_id).filter(outcome__in=OPEN_ENDED, object_key__gt=after).order_by("object_key")
    return tuple(_work(rows[:limit]))


def erased(hold: Hold, *, after: str, limit: int) -> tuple[Work, ...]:
    """The next rows whose keys are gone and whose bytes may not be."""
    rows = _items(hold.run_id).filter(outcome=Outcome.ERASED.value, object_key__gt=after).order_by("object_key")
    return tuple(_work(rows[:limit]))


def plan(hold: Hold, works: Sequence[Work], *, now: dt.datetime) -> str:
    """Name a batch in its rows, before anything is decided; returns its opaque id.

    Raises:
        RegisterError: LEASE_LOST.
    """
    batch = uuid4().hex
    with transaction.atomic():
        renew(hold, now)
        _items(hold.run_id).filter(pk__in=[one.item_id for one in works], outcome__in=OPEN_ENDED).update(batch=batch)
    return batch


def decide(vault: Vault, hold: Hold, batch: str, *, refused: Mapping[str, Why], now: dt.datetime) -> Decided:
    """Judge every row of a batch as things stand now, and destroy the keys of those that may go.

    Args:
        refused: what the store protects, by object id, as it was found before.

    Raises:
        RegisterError: LEASE_LOST, CLOCK; StorageError when log or keyring cannot be written: nothing was destroyed
            that `settle` will not find.
    """
    with transaction.atomic():
        run = renew(hold, now)
        require_clock(now)
        rows = list(judging.rows().filter(run=hold.run_id, batch=batch, outcome__in=OPEN_ENDED).order_by("object_key"))
        going = []
        for judged in judging.judge(run, rows, now=now):
            why = judged.why or refused.get(judged.object_id)
            if why is None:
                going.append(
                    Work(
                        item_id=judged.item_id,
                        record_id=judged.record_id,
                        object_id=judged.object_id,
                        statement_id=judged.statement_id,
                    )
                )
            else:
                outcome = Outcome.FAILED if why.passing else Outcome.OUT
                _items(hold.run_id).filter(pk=judged.item_id).update(outcome=outcome.value, why=why.value, batch="")
        if not going:
            return Decided(gone=(), swept=True)
        done = bytes_of.condemn(
            vault,
            [item for work in going for item in work.keys],
            batch=batch,
            reason_code=REASON,
            bypass_lock=hold.bypass_lock,
            still_ours=lambda: renew(hold, now),
        )
        _erase(hold, going, batch, at=done.at, bypass_lock=hold.bypass_lock, now=now)
    return Decided(gone=tuple(going), swept=done.swept)


def destroyed(hold: Hold, works: Sequence[Work], *, now: dt.datetime) -> None:
    """Write down that keys and bytes of these rows are gone, after that was seen; what named anybody goes from them.

    Raises:
        RegisterError: LEASE_LOST.
    """
    ids = [one.item_id for one in works]
    with transaction.atomic():
        renew(hold, now)
        rows = _items(hold.run_id).filter(pk__in=ids, outcome=Outcome.ERASED.value)
        done = sum(
            rows.filter(answer=answer.value).update(outcome=outcome.value, destroyed_at=now, why="", stays_until=None)
            for answer, outcome in ENDS.items()
        )
        if done != len(ids):
            raise lost()
        # by the rows: a statement that names two hundred records each time is what a run spends its day on
        ended = _items(hold.run_id).filter(pk__in=ids)
        objects = models.Object.objects.filter(pk__in=ended.values("object_key"))
        objects.exclude(state=ObjectState.GONE.value).update(state=ObjectState.GONE.value, gone_at=now)
        forget_statements(models.Statement.objects.filter(record__disposal_items__in=ids))
        run = str(hold.run_id)
        lines = [(one.record_id, {"run": run, "object": one.object_id}) for one in works]
        audit.append_all(disposal.MACHINE, AuditVerb.RECORD_DESTROYED, "record", lines, now=now)


def failed(hold: Hold, whys: Mapping[int, Why], until: Mapping[int, dt.datetime], *, now: dt.datetime) -> None:
    """Note why the bytes of rows could not be removed now; their keys are gone, they are tried again.

    `until`: how long the store locks them, where it said so.

    Raises:
        RegisterError: LEASE_LOST.
    """
    with transaction.atomic():
        renew(hold, now)
        for item_id, why in whys.items():
            _items(hold.run_id).filter(pk=item_id).update(why=why.value, stays_until=until.get(item_id))


def end(hold: Hold, *, now: dt.datetime) -> Run:
    """Give the run back: EXECUTED when every row came to its end, else to be gone on with.

    Raises:
        RegisterError: LEASE_LOST.
    """
    with transaction.atomic():
        renew(hold, now)
        free = {"lease_holder": "", "lease_until": None}
        rows = models.DisposalRun.objects.filter(pk=hold.run_id, lease_holder=hold.holder)
        if _items(hold.run_id).filter(outcome__in=[*OPEN_ENDED, Outcome.ERASED.value]).exists():
            compare_and_set(rows, lost(), **free)
        else:
            compare_and_set(rows, lost(), state=RunState.EXECUTED.value, ended_at=now, **free)
            audit.append(disposal.MACHINE, AuditVerb.DISPOSAL_EXECUTED, "disposal", hold.run_id, now=now)
    return disposal.show(hold.run_id)


def forget_statements(statements: QuerySet[models.Statement]) -> None:
    """Take from the rows of statements whatever was sealed about somebody; only in the transaction that destroys."""
    models.Statement.objects.filter(pk__in=statements.values("pk")).update(sealed_draft=b"")
    models.Move.objects.filter(statement__in=statements.values("pk")).update(sealed_reason=None)
    told = models.Disclosure.objects.filter(statement__in=statements.values("pk"))
    told.update(sealed_recipient_person=None, sealed_description=None)


def _erase(
    hold: Hold, works: Sequence[Work], batch: str, *, at: dt.datetime, bypass_lock: bool, now: dt.datetime
) -> None:
    """Keys are destroyed: the rows say so, and the records are never due again."""
    rows = _items(hold.run_id).filter(pk__in=[one.item_id for one in works])
    for record_id, transfer_id in _received(rows).items():
        rows.filter(record_id=record_id).update(transfer_id=transfer_id)
    rows.update(outcome=Outcome.ERASED.value, why="", batch=batch, erased_at=at, bypass_lock=bypass_lock)
    due.disposed(models.Record.objects.filter(pk__in=[one.record_id for one in works]), at=at)
    run = models.DisposalRun.objects.filter(pk=hold.run_id)
    run.filter(first_key_at=None).update(first_key_at=at)
    run.filter(Q(last_key_at=None) | Q(last_key_at__lt=at)).update(last_key_at=at)
    # one line for the batch: the log in the store names its records, and each gets a line of its own when it is gone
    details: audit.Details = {"batch": batch, "rows": len(works)}
    audit.append(disposal.MACHINE, AuditVerb.RECORD_ERASED, "disposal", hold.run_id, details, now=now)


def _received(rows: QuerySet[models.DisposalItem]) -> Mapping[UUID, UUID]:
    """Of these, record to transfer where a receipt let it go."""
    transferred = list(rows.filter(answer=Answer.TRANSFER.value))
    records = models.Record.objects.filter(pk__in=[row.record_id for row in transferred])
    return receipts.received(transferred, dict(records.values_list("pk", "document_sha256"))) if transferred else {}


def _leave_out(run: models.DisposalRun) -> None:
    """Rows that were not answered *destroy*, or *transfer* to somebody, are out from the first moment."""
    rows = run.items.filter(outcome=Outcome.WAITING.value)
    for answer, why in (("", Why.UNANSWERED), (Answer.RETAIN, Why.RETAINED), (Answer.TRANSFER, Why.TRANSFERRED)):
        rows.filter(answer=str(answer), successor=None).update(outcome=Outcome.OUT.value, why=why.value)


def _require_uninvolved(run: models.DisposalRun, staff_id: UUID) -> None:
    if staff_id in {run.prepared_by_id, *disposal_rows.answerers(run), *disposal_rows.approvers(run)}:
        raise RegisterError(
            RegisterErrorCode.SAME_PERSON,
            "Who prepared, answered or approved a run does not end its locks.",
            "Have another person do it, who holds the role break_glass.",
        )


def renew(hold: Hold, now: dt.datetime) -> models.DisposalRun:
    """The run, while the lease is ours, kept for another while."""
    rows = models.DisposalRun.objects.filter(pk=hold.run_id, state=RunState.EXECUTING.value, lease_holder=hold.holder)
    compare_and_set(rows, lost(), lease_until=now + dt.timedelta(seconds=hold.seconds))
    return rows.get()


def _items(run_id: UUID) -> QuerySet[models.DisposalItem]:
    return models.DisposalItem.objects.filter(run_id=run_id)


def _work(rows: QuerySet[models.DisposalItem]) -> Iterator[Work]:
    found = rows.annotate(statement_id=F("record__statement_id")).values_list(
        "pk", "record_id", "object_key", "statement_id"
    )
    for pk, record_id, object_key, statement_id in found:
        yield Work(item_id=pk, record_id=record_id, object_id=object_key, statement_id=statement_id)


def is_planned(batch: str) -> bool:
    """True while a row knows this batch and its end is open: the run's own execution settles it."""
    rows = models.DisposalItem.objects.filter(batch=batch)
    return rows.filter(outcome__in=[*OPEN_ENDED, Outcome.ERASED.value]).exists()


def settle_unplanned(vault: Vault, batch: str, items: Sequence[Item], *, now: dt.datetime) -> tuple[str, ...]:
    """End an intent that no row waits for; returns the ids of what it named.

    Under the register's lock: whoever wrote it is dead, or waits for the lock and will find it ended.
    """
    from register import remains

    with transaction.atomic():
        if is_planned(batch):
            return ()
        lost_keys = bytes_of.lost_their_keys(vault, items)
        living = [item for item in items if item not in lost_keys]
        if living:
            bytes_of.withdraw(vault, living, batch=batch)
        owners = [UUID(item.object_id) for item in lost_keys if item.scope is KeyScope.OWNER]
        clients = models.Client.objects.filter(pk__in=owners, erased_at=None).values_list("pk", flat=True)
        if clients:
            remains.forget(list(clients), at=now, now=now)
    if lost_keys:
        bytes_of.finish(vault, [item for item in items if item in lost_keys], swept=False)
    return tuple(item.object_id for item in items)
