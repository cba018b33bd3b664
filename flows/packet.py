"""The packet: from requested rows in the register to statements that lie before the client, filled, checked and
certified.

Danger: a statement issued twice, or one that names the wrong organization. Invariant: a packet is worked on under a
lease; each statement moves DRAFT → PRESENTED by compare-and-set together with the publication of its bytes; and the
finished PDF itself is searched before the organization certifies it. A worker killed anywhere leaves rows that the
next worker finishes and staged bytes that upkeep clears.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import connection
from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from flows import django_ready  # isort: skip  # noqa: F401
from flows import forms, lease
from flows.desk import Desk, desk
from flows.finished import refuse_wrong_names
from flows.runs import Stages, Step, StepFailed, told_by_code
from flows.site import now
from flows.staging import staged
from register import agency, packets, statements
from register.facts import Machine, Packet, Statement
from register.vocabulary import MachineName, ObjectArea
from rules.vocabulary import StatementState
from rules.wording import fields_of
from templates import process
from templates.errors import FormError

if TYPE_CHECKING:
    from templates.form import Form

WORKER = Machine(MachineName.PACKET_WORKER)


@flow(name="packet", persist_result=False, log_prints=False)
def packet() -> None:
    """Issue every packet that waits in the register."""
    process.seclude()
    issue_waiting(issue_packet)


def issue_waiting(run: Callable[[str], object]) -> int:
    """Issue every waiting packet, each by `run`; returns how many."""
    return lease.worked_off(packets.claim_next, desk().holder, run)


@task(name="packet", task_run_name="packet-{packet_id}", persist_result=False, cache_policy=NO_CACHE, log_prints=False)
def issue_packet(packet_id: str) -> None:
    """One Prefect task a packet; takes and gives nothing but its opaque id."""
    with told_by_code(UUID(packet_id)):
        issue(desk(), UUID(packet_id))


def issue(here: Desk, packet_id: UUID) -> Packet:
    """Bring every statement of a claimed packet before the client, in parallel.

    Raises :class:`StepFailed` after writing step and code to the packet's row; a step that another try may pass puts
    the packet back into the queue.
    """
    stages, asked = Stages(), packets.show(packet_id)

    def renew() -> datetime:
        return packets.renew_lease(packet_id, here.holder, lease_seconds=lease.LEASE_SECONDS, now=now())

    with lease.kept(renew):
        waiting = [row for row in asked.statements if row.state is StatementState.DRAFT]
        jobs = [here.threads.submit(_in_thread, here, stages, asked, row) for row in waiting]
        failures = [failure for job in jobs if isinstance(failure := job.exception(), StepFailed)]
        if failures:
            worst = min(failures, key=lambda failure: failure.passing)
            packets.failed(packet_id, here.holder, step=worst.step, code=worst.code, retry=worst.passing, now=now())
            raise worst
        return packets.issued(packet_id, here.holder, stage_ms=stages.ms, now=now())


def present(here: Desk, stages: Stages, asked: Packet, row: Statement) -> Statement:
    """One statement's story: read, fill, render, search what came out, certify, keep, present."""
    site, subject = here.site, row.statement_id
    with stages.step(Step.READ, subject):
        draft = statements.draft(site.vault, subject, by=WORKER, now=now())
        form = _form_asked_on(here, row)
        # the sitting's day, not the worker's: a second try must print the same bytes
        prepared_on = agency.today(asked.opened_at)
        fields = fields_of(draft, statement_ref=row.ref, prepared_on=prepared_on, logo=agency.logo())
    with stages.step(Step.FILL, subject):
        filled = site.press.fill(forms.printed_on(form, row.language), fields, locale=row.language)
    with stages.step(Step.RENDER, subject):
        title = form.title[row.language]
        pdf = site.press.render(filled, title=title, language=row.language, prepared_on=prepared_on, values=fields)
    with stages.step(Step.CHECK, subject):
        pages = refuse_wrong_names(site, row, form, draft, pdf)
    with stages.step(Step.CERTIFY, subject):
        certified = here.finisher.certify(pdf, labels=form.labels(row.language, row.signers), at=now())
    with stages.step(Step.STORE, subject):
        document = staged(site, certified.pdf, area=ObjectArea.WORKING, pages=pages)
    with stages.step(Step.PRESENT, subject):
        return statements.present(subject, holder=here.holder, document=document, now=now())


def _form_asked_on(here: Desk, row: Statement) -> Form:
    """The very text the statement was asked on: another would be another document than the rules judged."""
    try:
        form = here.site.catalog.version(row.form_id, row.form_version)
    except FormError as error:
        raise StepFailed(Step.READ, "form_changed", row.statement_id, passing=False) from error
    if row.form_sha256 and form.sha256(row.language) != row.form_sha256:
        raise StepFailed(Step.READ, "form_changed", row.statement_id, passing=False)
    return form


def _in_thread(here: Desk, stages: Stages, asked: Packet, row: Statement) -> Statement:
    try:
        return present(here, stages, asked, row)
    except BaseException:
        # the thread stays, and keeps its connection for the next statement: but not one that may be broken
        connection.close()
        raise
