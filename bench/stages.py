"""One document, stage by stage, with nothing else going on: what the packet's time is made of."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bench.figures import Figure, median, spread
from bench.site import TrainingSite

if TYPE_CHECKING:
    from flows.finishing import Finisher
    from register.facts import Statement

TARGETS_MS = {"fill": 20.0, "render": 220.0, "prepare+certify": 80.0, "store": 10.0}


class _Took:
    """Milliseconds of every call, by stage."""

    def __init__(self) -> None:
        self.ms: dict[str, list[float]] = {stage: [] for stage in TARGETS_MS}

    @contextmanager
    def step(self, stage: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.ms[stage].append((time.perf_counter() - began) * 1000)


def measure(site: TrainingSite, rounds: int) -> Iterator[Figure]:
    """The stages' figures: every document of one packet, `rounds` times over, after one round to warm up."""
    from flows.finishing import Finisher

    site.start()
    rows = site.packet().statements
    finisher = Finisher(site.site.authority, site.site.stamper)
    try:
        finisher.warm()
        for row in rows:
            _document(site, finisher, row, _Took())
        took = _Took()
        for _ in range(rounds):
            for row in rows:
                _document(site, finisher, row, took)
    finally:
        finisher.close()
    for stage, target in TARGETS_MS.items():
        notes = spread(took.ms[stage], "ms")
        if stage == "store":
            notes += f"; the register's row, the data key, the bytes, each synced ({site.file_system})"
        yield Figure(name=f"{stage}, a document", value=median(took.ms[stage]), unit="ms", target=target, notes=notes)


def _document(site: TrainingSite, finisher: Finisher, row: Statement, took: _Took) -> None:
    """What `flows.packet` does with one statement, timed."""
    from flows.site import now
    from flows.staging import staged
    from register import agency, statements
    from register.vocabulary import ObjectArea
    from rules.wording import fields_of

    press, language, today = site.site.press, row.language, agency.today(now())
    form = site.site.catalog.get(row.form_id)
    draft = statements.draft(site.site.vault, row.statement_id, by=site.me, now=now())
    fields = fields_of(draft, statement_ref=row.ref, prepared_on=today)
    with took.step("fill"):
        filled = press.fill(form.docx(language), fields, locale=language)
    with took.step("render"):
        pdf = press.render(filled, title=form.title[language], language=language, prepared_on=today)
    with took.step("prepare+certify"):
        certified = finisher.certify(pdf, labels=form.labels(language, row.signers), at=now())
    with took.step("store"):
        staged(site.site, certified.pdf, area=ObjectArea.WORKING, pages=row.pages)
