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
from signing.errors import SigningCode, SigningError, StampUnavailable
from signing.seal import stamp_part_signed as archive
from storage.protocol import Area

UPKEEP = Machine(MachineName.UPKEEP)
NEVER_SIGNED_AFTER = timedelta(days=30)
STAMP_AFTER = timedelta(days=20)
"""Ten days before the first signer's certificate ends: time enough for an authority that is down for a week."""


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
    """Statements the client never signed in thirty days: the certification's own certificate is over by then."""
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
    """Statements signed by some: their proof is archived before it runs out; the others may sign later."""
    for statement_id in statements.part_signed(signed_before=moment - STAMP_AFTER):
        if dry:
            yield Found(kind=Kind.STAMPED, subject=str(statement_id))
            continue
        row = statements.show(statement_id)
        working = row.working_object_id or ""
        pdf = site.vault.get(working, Area.WORKING, version_id=row.working_version_id)
        try:
            stamped = archive(pdf, site.authority, site.stamper, now=moment)
        except StampUnavailable as silent:
            yield Found(kind=Kind.WITHOUT_TIME, subject=str(statement_id), detail=str(silent.code))
        except SigningError as refused:
            if refused.code is SigningCode.WINDOW_CLOSED:
                yield Found(kind=Kind.WINDOW_CLOSED, subject=str(statement_id))
            elif refused.code is not SigningCode.NOTHING_TO_ARCHIVE:
                raise
        else:
            document = staged(site, stamped, area=ObjectArea.WORKING, pages=row.pages)
            statements.replace_working(
                statement_id, expected_revision=row.revision, document=document, by=UPKEEP, now=moment
            )
            clear(site, working, ObjectArea.WORKING)
            yield Found(kind=Kind.STAMPED, subject=str(statement_id))
