"""What is pure computing: ten thousand statements judged, a large register searched, a record sealed. CPU time."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from bench.figures import Figure, median, spread
from bench.site import TrainingSite

if TYPE_CHECKING:
    from datetime import date

    from rules.draft import StatementDraft

RECORD_BYTES = 100_000
STATEMENTS = 10_000
ORGANIZATIONS = 2_000


def measure(site: TrainingSite, rounds: int) -> Iterator[Figure]:
    """The rules and the envelope, by themselves; nothing of the site is asked for."""
    del site
    yield _figure("10,000 statements judged", "s", 1.0, rounds, _judging())
    yield _figure("a finished paper searched, 2,000 organizations", "s", 0.5, rounds, _searching())
    yield _figure("encryption of a 100 KB record", "ms", 0.3, rounds, _sealing(), scale=1000 / 100)


def _figure(
    name: str, unit: str, target: float, rounds: int, work: Callable[[], object], *, scale: float = 1.0
) -> Figure:
    took = []
    for number in range(rounds + 1):
        began = time.process_time()
        work()
        if number:
            took.append((time.process_time() - began) * scale)
    return Figure(name=name, value=median(took), unit=unit, target=target, notes=f"{spread(took, unit)}; CPU")


def _judging() -> Callable[[], object]:
    from rules import statement

    draft, today = _draft()
    drafts = [
        replace(draft, purpose_text=f"To keep housing number {number} and see my family")
        for number in range(STATEMENTS)
    ]
    return lambda: [statement.check(each, today=today, policy_acknowledged=True) for each in drafts]


def _searching() -> Callable[[], object]:
    from rules.finished import check_finished
    from rules.wording import fields_of

    draft, today = _draft()
    text = " ".join(map(str, fields_of(draft, statement_ref="AAAA-BBBB-CCCC", prepared_on=today).values())) * 3
    others = [f"County {number} Family and Youth Services" for number in range(ORGANIZATIONS)]
    return lambda: check_finished(
        text, {}, "disclosure.pdf", draft=draft, statement_ref="AAAA-BBBB-CCCC", other_organizations=others
    )


def _sealing() -> Callable[[], object]:
    from storage.envelope import context_of, seal

    data, key, context = os.urandom(RECORD_BYTES), os.urandom(32), context_of("bench")
    return lambda: [seal(key, data, context) for _ in range(100)]


def _draft() -> tuple[StatementDraft, date]:
    from rules.vocabulary import Language
    from templates.catalog import catalog
    from templates.drafting.samples import PREPARED_ON, Size, sample_draft

    return sample_draft(catalog().get("disclosure"), Language.EN, Size.USUAL), PREPARED_ON
