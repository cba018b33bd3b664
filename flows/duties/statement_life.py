"""What time does to statements that are not records yet, and to those in force."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from uuid import UUID

from flows.found import Found, Kind
from flows.site import Site
from flows.staging import clear, staged
from register import agency, statements
from register.facts import Machine
from register.vocabulary import MachineName, ObjectArea, VoidReason
from signing.authority import ACT_LIFE
from signing.errors import StampUnavailable
from signing.seal import deadlines
from signing.seal import stamp_part_signed as archive
from storage.errors import StorageError, StoreDenied, StoreUnavailable
from storage.protocol import Area

UPKEEP = Machine(MachineName.UPKEEP)
STAMP_AFTER = timedelta(days=20)
"""After presentation, when the organization certified the paper: ten days before that certificate ends, time enough for
a time-stamp authority that is down for a week."""
NEVER_SIGNED_AFTER = ACT_LIFE
"""The certification has run out by then; for its last two days nobody could begin to sign (`signing.opened`)."""


def expire(site: Site, moment: datetime, dry: bool) -> Iterator[Found]:
    """Statements whose date has come: no disclosure rests on them from here on (42 CFR 2.31(c)(1))."""
    for statement_id in statements.due_to_expire(site.vault, today=agency.today(moment)):
        if not dry:
            statements.expire(statement_id, by=UPKEEP, now=moment)
        yield Found(kind=Kind.EXPIRED, subject=str(statement_id))


def void_over(site: Site, moment: datetime, dry: bool) -> Iterator[Found]:
    """Statements whose date came before everybody had signed: sealed now, they would be in force until the night."""
    over = statements.over_unsigned(site.vault, today=agency.today(moment))
    yield from _void(site, over, VoidReason.OVER_UNSIGNED, moment, dry)


def void_never_signed(site: Site, moment: datetime, dry: bool) -> Iterator[Found]:
    """Statements nobody signed while it could be proven: the certification is over."""
    waiting = statements.never_signed(presented_before=moment - NEVER_SIGNED_AFTER)
    yield from _void(site, waiting, VoidReason.NEVER_SIGNED, moment, dry)


def _void(
    site: Site, statement_ids: Iterable[UUID], reason: VoidReason, moment: datetime, dry: bool
) -> Iterator[Found]:
    for statement_id in statement_ids:
        if not dry:
            row = statements.show(statement_id)
            statements.void(statement_id, reason=reason, by=UPKEEP, now=moment)
            if row.working_object_id:
                clear(site, row.working_object_id, ObjectArea.WORKING)
        yield Found(kind=Kind.VOIDED, subject=str(statement_id))


def stamp_part_signed(site: Site, moment: datetime, dry: bool) -> Iterator[Found]:
    """Statements signed by some: their proof is archived before it runs out; the others may sign later.

    What was archived once and signed by a further person waits until that signature is old: a stamp takes a place, and
    a document has few.
    """
    for statement_id in statements.part_signed(presented_before=moment - STAMP_AFTER):
        row = statements.show(statement_id)
        working = row.working_object_id or ""
        try:
            pdf = site.vault.get(working, Area.WORKING, version_id=row.working_version_id)
        except (StoreUnavailable, StoreDenied):
            raise
        except StorageError as broken:  # one that cannot be read keeps no other from its stamp
            yield Found(kind=Kind.DAMAGED, subject=str(statement_id), detail=str(broken.code))
            continue
        ends = deadlines(pdf).window_ends
        if ends is None or ends - moment > ACT_LIFE - STAMP_AFTER:
            continue
        if ends <= moment:
            yield Found(kind=Kind.WINDOW_CLOSED, subject=str(statement_id))
            continue
        if dry:
            yield Found(kind=Kind.STAMPED, subject=str(statement_id))
            continue
        try:
            stamped = archive(pdf, site.authority, site.stamper, now=moment)
        except StampUnavailable as silent:
            yield Found(kind=Kind.WITHOUT_TIME, subject=str(statement_id), detail=str(silent.code))
            continue
        document = staged(site, stamped, area=ObjectArea.WORKING, pages=row.pages)
        statements.replace_working(
            statement_id, expected_revision=row.revision, document=document, by=UPKEEP, now=moment
        )
        clear(site, working, ObjectArea.WORKING)
        yield Found(kind=Kind.STAMPED, subject=str(statement_id))
