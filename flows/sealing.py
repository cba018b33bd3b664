"""Sealing: from a statement everybody signed to a record under lock, provable for decades.

Danger: a signed statement lost between the working bytes and the record, or sealed twice. Invariant: the record's
bytes are durable before the statement becomes ACTIVE by compare-and-set; they are locked, and the working bytes
destroyed, only after that. Locked earlier, the bytes of a sealer that dies could not be cleared for a year.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from flows import django_ready  # isort: skip  # noqa: F401
from flows import lease
from flows.desk import Desk, desk
from flows.runs import Stages, Step, StepFailed, told_by_code
from flows.site import now
from flows.staging import clear, staged
from register import agency, statements
from register.dates import month_end
from register.facts import Machine, Record, Statement
from register.vocabulary import MachineName, ObjectArea
from rules.vocabulary import Language, Proof
from signing import appearance
from signing.appearance import Appearance
from signing.seal import SealLevel
from storage.protocol import Area
from templates import process

WORKER = Machine(MachineName.SEALING_WORKER)
PROOF = {SealLevel.SEALED: Proof.SEALED, SealLevel.SEALED_WITHOUT_TIME: Proof.SEALED_WITHOUT_TIME}


@flow(name="sealing", persist_result=False, log_prints=False)
def sealing() -> None:
    """Seal every statement that waits for the organization's seal."""
    process.seclude()
    seal_waiting(seal_statement)


def seal_waiting(run: Callable[[str], object]) -> int:
    """Seal every waiting statement, each by `run`; returns how many."""
    return lease.worked_off(statements.claim_sealing, desk().holder, run)


@task(
    name="sealing",
    task_run_name="sealing-{statement_id}",
    persist_result=False,
    cache_policy=NO_CACHE,
    log_prints=False,
)
def seal_statement(statement_id: str) -> None:
    """One Prefect task a statement; takes and gives nothing but its opaque id."""
    with told_by_code(UUID(statement_id)):
        seal(desk(), UUID(statement_id))


def seal(here: Desk, statement_id: UUID) -> Record:
    """Seal one claimed statement and keep it as a record.

    Raises :class:`StepFailed` after writing step and code to the statement's row.
    """

    def renew() -> datetime:
        return statements.renew_sealing(statement_id, here.holder, lease_seconds=lease.LEASE_SECONDS, now=now())

    row = statements.show(statement_id)
    try:
        with lease.kept(renew):
            record = _seal(here, row)
    except StepFailed as failed:
        statements.sealing_failed(
            statement_id, here.holder, step=failed.step, code=failed.code, retry=failed.passing, now=now()
        )
        raise
    # the record is kept: should one of these fail, upkeep locks what has no lock and clears what nobody points at
    stages = Stages()
    with stages.step(Step.KEEP, statement_id):
        here.site.vault.store.protect(Area.RECORDS, record.object_id, retain_until=record.retain_until)
    with stages.step(Step.CLEAR, statement_id):
        clear(here.site, row.working_object_id or "", ObjectArea.WORKING)
    return record


def _seal(here: Desk, row: Statement) -> Record:
    site, stages, subject = here.site, Stages(), row.statement_id
    with stages.step(Step.READ, subject):
        pdf = site.vault.get(row.working_object_id or "", Area.WORKING, version_id=row.working_version_id)
    with stages.step(Step.SEAL, subject):
        moment = now()
        sealed = here.finisher.seal(pdf, appearance=_picture(row.language, moment), at=moment)
    with stages.step(Step.STORE, subject):
        document = staged(site, sealed.pdf, area=ObjectArea.RECORDS, pages=row.pages)
    with stages.step(Step.KEEP, subject):
        return statements.activate(
            subject,
            holder=here.holder,
            document=document,
            proof=PROOF[sealed.level],
            retain_until=lock_until(moment),
            now=now(),
        )


def lock_until(moment: datetime, due_on: date | None = None) -> datetime:
    """How far a record's lock reaches: a year ahead, or to the last day it must be kept where that is sooner; on to the
    end of that month (UTC), so that no date tells a birth date.

    The lock is a floor that upkeep extends; when a record is due is the retention schedule's to say (`due_on`: the
    first day it may go).
    """
    ahead = (moment + timedelta(days=366)).date()
    last = month_end(ahead if due_on is None else min(ahead, due_on - timedelta(days=1)))
    return datetime.combine(last, time(23, 59, 59), tzinfo=UTC)


def _picture(language: Language, moment: datetime) -> Appearance:
    sealer = agency.current()
    return appearance.seal(sealer.legal_name, moment.astimezone(ZoneInfo(sealer.time_zone)), language=language)
