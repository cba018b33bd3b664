"""The audit log: every change leaves a line, and every line is bound to the one before it.

Danger: who did what is argued about years later, with a log that somebody could have edited. Invariants: a line is
written in the same transaction as the change it tells of; lines are never updated or deleted (the database refuses);
each carries the hash of the one before, so that an edit or a gap shows. Whoever rewrites the whole chain is found out
by a head that was kept elsewhere (`head`, stamped into the store's log every day).

Details hold ids, codes, counts and hashes; a text with a space or a capital is refused, because that is what personal
data looks like.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Collection, Mapping, Sequence
from typing import TypeAlias
from uuid import UUID

from django.db import connection, transaction

from register import audit_facts, facts, models
from register.change import insert_all
from register.vocabulary import AuditVerb

Detail: TypeAlias = str | int | bool | None
Details: TypeAlias = Mapping[str, Detail | tuple[str, ...]]

_OPAQUE = re.compile(r"[a-z0-9_.:\-]{0,80}")
FIRST_PREVIOUS = "0" * 64
"""What the first line names as the hash before it."""


def append(
    by: facts.Actor,
    verb: AuditVerb,
    object_type: str,
    object_id: UUID | str,
    details: Details | None = None,
    *,
    now: dt.datetime,
) -> None:
    """Write one line; only inside the transaction of the change it tells of.

    Raises:
        ValueError: a naive time, or a detail that could be personal data.
        TransactionManagementError: outside a transaction.
    """
    append_all(by, verb, object_type, [(object_id, details or {})], now=now)


def append_all(
    by: facts.Actor,
    verb: AuditVerb,
    object_type: str,
    lines: Sequence[tuple[UUID | str, Details]],
    *,
    now: dt.datetime,
) -> None:
    """Write one line for each of many objects, as `append`, with one look at the end of the log and one statement."""
    if now.tzinfo is None:
        raise ValueError("times in the register are aware")
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("an audit line belongs to the transaction of its change")
    last = models.AuditEntry.objects.order_by("-seq").values_list("seq", "hash").first()
    seq, previous = last if last else (0, FIRST_PREVIOUS)
    entries = []
    for object_id, details in lines:
        seq += 1
        entry = models.AuditEntry(
            seq=seq,
            at=now,
            actor=actor_name(by),
            verb=verb.value,
            object_type=object_type,
            object_id=str(object_id),
            details={name: _opaque(value) for name, value in details.items()},
            prev_hash=previous,
        )
        entry.hash = previous = _hash(entry)
        entries.append(entry)
    insert_all(entries)


def opaque(word: str) -> bool:
    """True for what a detail of the log may be: an id, a code, a count, a hash; never empty."""
    return bool(word) and _OPAQUE.fullmatch(word) is not None


def actor_name(by: facts.Actor) -> str:
    """How an actor is written in the log: an opaque id of staff, or the name of the machine."""
    return f"staff:{by.staff_id}" if isinstance(by, facts.Person) else f"machine:{by.name.value}"


def head() -> audit_facts.Head | None:
    """The last line; keep it elsewhere and give it to `check` later. None while the log is empty."""
    last = models.AuditEntry.objects.order_by("-seq").values_list("seq", "hash").first()
    return audit_facts.Head(*last) if last else None


def check(known_head: audit_facts.Head | None = None, *, anchors: Collection[str] = ()) -> audit_facts.AuditVerdict:
    """Read the whole log and say whether it is whole.

    Args:
        known_head: a head noted earlier; the log must still hold that very line.
        anchors: hashes of heads noted earlier, of which only the hash was kept; the log must still hold each.
    """
    previous, expected = FIRST_PREVIOUS, 1
    met_known_head, missing = known_head is None, set(anchors)
    for entry in models.AuditEntry.objects.order_by("seq").iterator(chunk_size=1000):
        if entry.seq != expected:
            return _broken(expected, "a line is missing")
        if entry.prev_hash != previous:
            return _broken(entry.seq, "a line does not follow the one before it")
        if entry.hash != _hash(entry):
            return _broken(entry.seq, "a line was changed")
        if known_head is not None and entry.seq == known_head.seq:
            if entry.hash != known_head.hash:
                return _broken(entry.seq, "the log was rewritten since its head was noted")
            met_known_head = True
        missing.discard(entry.hash)
        previous, expected = entry.hash, expected + 1
    if not met_known_head:
        return _broken(expected, "the log was cut since its head was noted")
    if missing:
        return _broken(expected, "the log was cut or rewritten since its head was anchored")
    return audit_facts.AuditVerdict(intact=True, entries=expected - 1, first_broken=None, reason="")


def entries(object_id: UUID | str | None = None, *, limit: int = 100) -> tuple[audit_facts.AuditEntry, ...]:
    """The newest lines first, of one object or of all."""
    rows = models.AuditEntry.objects.order_by("-seq")
    if object_id is not None:
        rows = rows.filter(object_id=str(object_id))
    return tuple(
        audit_facts.AuditEntry(
            seq=row.seq,
            at=row.at,
            actor=row.actor,
            verb=AuditVerb(row.verb),
            object_type=row.object_type,
            object_id=row.object_id,
            details=row.details,
            hash=row.hash,
        )
        for row in rows[:limit]
    )


def _broken(seq: int, reason: str) -> audit_facts.AuditVerdict:
    return audit_facts.AuditVerdict(intact=False, entries=seq - 1, first_broken=seq, reason=reason)


def _opaque(value: Detail | tuple[str, ...]) -> object:
    if isinstance(value, tuple):
        return [_opaque(part) for part in value]
    if isinstance(value, str) and not _OPAQUE.fullmatch(value):
        raise ValueError("a detail of the audit log is an id, a code, a count or a hash")
    return str(value) if isinstance(value, str) else value


def _hash(entry: models.AuditEntry) -> str:
    line = [
        entry.seq,
        entry.at.astimezone(dt.UTC).isoformat(timespec="microseconds"),
        entry.actor,
        entry.verb,
        entry.object_type,
        entry.object_id,
        entry.details,
        entry.prev_hash,
    ]
    return hashlib.sha256(json.dumps(line, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
