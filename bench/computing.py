"""What is pure computing: ten thousand statements judged, a large register searched, a record sealed. CPU time."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from bench.figures import Figure, median, spread
from bench.purposes import ORGANIZATIONS
from bench.site import TrainingSite

if TYPE_CHECKING:
    from datetime import date

    from rules.draft import StatementDraft
    from templates.drafting.samples import Size

RECORD_BYTES = 100_000
STATEMENTS = 10_000


def measure(site: TrainingSite, rounds: int) -> Iterator[Figure]:
    """The rules and the envelope, by themselves; nothing of the site is asked for."""
    del site
    from templates.drafting.samples import Size

    yield _figure("10,000 different statements judged", "s", 1.0, rounds, partial(_judging, Size.USUAL))
    yield _figure("the same with a purpose of 400 characters", "s", None, rounds, partial(_judging, Size.LONG))
    searching, sealing = _searching(), _sealing()
    yield _figure("a finished paper searched, 2,000 organizations", "s", 0.5, rounds, lambda _: searching)
    yield _figure("encryption of a 100 KB record", "ms", 0.3, rounds, lambda _: sealing, scale=1000 / 100)


def _figure(
    name: str,
    unit: str,
    target: float | None,
    rounds: int,
    ready: Callable[[int], Callable[[], object]],
    *,
    scale: float = 1.0,
) -> Figure:
    """`ready`: makes the work of a round, which is not measured."""
    took = []
    for number in range(rounds + 1):
        work = ready(number)
        began = time.process_time()
        work()
        if number:
            took.append((time.process_time() - began) * scale)
    return Figure(name=name, value=median(took), unit=unit, target=target, notes=f"{spread(took, unit)}; CPU")


def _judging(size: Size, turn: int) -> Callable[[], object]:
    """Statements of one size, in both languages, with purposes and organizations that no round before had.

    What a text was judged to be is remembered, so the same ones again would measure the memory.
    """
    from bench.purposes import organization, purpose
    from rules import statement
    from rules.vocabulary import Language
    from templates.catalog import catalog
    from templates.drafting.samples import PREPARED_ON, sample_draft

    form = catalog().get("disclosure")
    samples = [sample_draft(form, language, size) for language in Language]
    drafts = []
    for number in range(turn * STATEMENTS, (turn + 1) * STATEMENTS):
        draft = samples[number % len(samples)]
        assert draft.recipient is not None
        drafts.append(
            replace(
                draft,
                recipient=replace(draft.recipient, legal_name=organization(number)),
                purpose_text=" ".join(filter(None, (draft.purpose_text, purpose(number, draft.language)))),
            )
        )
    return lambda: [statement.check(each, today=PREPARED_ON, policy_acknowledged=True) for each in drafts]


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
