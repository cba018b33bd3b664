"""The rehearsal: before a worker says that it is ready it does its job for nobody, so that the first client after a
start waits no longer than the tenth.

What is loaded at first use (tables, calendars, the judge of finished papers, a form opened by the filler, the signing
processes' libraries) took the first packet seconds. What is kept for each form is the filler's alone, so every form is
filled in every language, and only as many go all the way as there are processes to warm. Danger: a rehearsal that keeps
real work waiting. Invariant: it only reads the register and writes nothing anywhere; it gives way to work that waits
already; what fails in it is told and stops nothing.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from flows.desk import Desk
from flows.site import now

if TYPE_CHECKING:
    from rules.vocabulary import Language
    from templates.form import Form

PATIENCE_SECONDS = 20.0
"""How long filler and renderer, which start with the worker, are waited for."""
LOOK_AGAIN_SECONDS = 0.1
ALL_THE_WAY = 4
"""Papers rendered, searched and certified too, two for each signing process: thirty took seven seconds of a start."""

log = logging.getLogger("confide.worker")


def rehearse(here: Desk) -> int:
    """Fill every published form for a fictional client, finish some, and throw all away; returns how many were made."""
    if not _at_leisure(here):
        return 0
    wanted = [(form, language) for form in here.site.catalog for language in form.languages]
    finished = [pair for pair in wanted if pair[0].signers][:ALL_THE_WAY]
    jobs = [here.threads.submit(_document, here, *pair, finish=pair in finished) for pair in wanted]
    failures = {
        f"{form.id} {language}: {type(failure).__name__}"
        for (form, language), job in zip(wanted, jobs, strict=True)
        if (failure := job.exception()) is not None
    }
    if failures:
        # the type alone, as everywhere; the first real document will tell what is wrong, by step and code
        log.warning(
            "%d of %d forms failed in the rehearsal (%s)", len(failures), len(jobs), "; ".join(sorted(failures))
        )
    return len(jobs) - len(failures)


def _at_leisure(here: Desk) -> bool:
    """False as soon as work waits, or when no daemon answers: without them each form would start a LibreOffice."""
    from django.db import connection

    from register import packets, statements

    until = time.monotonic() + PATIENCE_SECONDS
    try:
        while packets.waiting() == 0 and statements.waiting_to_seal() == 0:
            if here.site.press.health().well:
                return True
            if time.monotonic() > until:
                return False
            time.sleep(LOOK_AGAIN_SECONDS)
    finally:
        connection.close()
    return False


def _document(here: Desk, form: Form, language: Language, *, finish: bool) -> None:
    """One form filled; with `finish` on through the steps of `flows.packet.present`, as far as nothing is kept."""
    from django.db import connection

    from flows import forms
    from register import organizations, staff
    from rules import draft as drafts
    from rules.finished import check_finished
    from rules.signers import signing_roles
    from rules.wording import fields_of
    from templates.drafting.samples import PREPARED_ON, REFERENCE, Size, sample_draft
    from templates.text import extract

    try:
        draft = drafts.load(drafts.dump(sample_draft(form, language, Size.USUAL)))
        fields = fields_of(draft, statement_ref=REFERENCE, prepared_on=PREPARED_ON)
        press = here.site.press
        filled = press.fill(forms.printed_on(form, language), fields, locale=language)
        if not finish:
            return
        pdf = press.render(filled, title=form.title[language], language=language, prepared_on=PREPARED_ON)
        found = extract(pdf)
        # its findings are nobody's: the fictional client may well be named like somebody here
        check_finished(
            found.pages,
            found.metadata,
            f"{form.id}-{REFERENCE}.pdf",
            draft=draft,
            statement_ref=REFERENCE,
            other_organizations=organizations.other_names(None),
            staff_names=staff.display_names(here.site.vault),
            asked=form.asks_for,
        )
        here.finisher.certify(pdf, labels=form.labels(language, signing_roles(form.roles, draft)), at=now())
    finally:
        connection.close()
