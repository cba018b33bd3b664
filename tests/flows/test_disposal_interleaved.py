"""Under any interleaving of what people, crashes and the store do, no record goes that must not, and none is told as
gone that is not.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from register.errors import RegisterError
from rules.disposal import Answer, Outcome, RunState
from rules.retention.words import EventKind
from storage.errors import StoreUnavailable
from storage.protocol import Area
from tests.flows.as_it_stood import AsItStood, closed, reopened
from tests.flows.disposing import Records
from tests.flows.disposing import records as disposing
from tests.flows.test_disposal import hold
from tests.flows.transferring import Transferring
from tests.register.conftest import _built, _light_passwords, world  # noqa: F401 - fixtures are found by name

if TYPE_CHECKING:
    from tests.register.conftest import World

RECORDS = 3
WHICH = st.integers(0, RECORDS - 1)
WHO = st.integers(0, 3)


class Died(BaseException):
    """As sudden as a kill, between two steps."""


def machine(
    records: Records, house: Transferring, before: AsItStood, kept: tuple[Any, ...], went: list[UUID]
) -> type[RuleBasedStateMachine]:
    """The machine over one site, brought back to `before` for every example; `went` is told what was destroyed."""

    class Interleaved(RuleBasedStateMachine):
        @initialize(ready=st.booleans())
        def begin(self, ready: bool) -> None:
            closed(records)
            before.bring_back()
            reopened(records)
            self.run_id: UUID | None = None
            self.later = dt.timedelta(0)
            self.held: set[UUID] = set()
            self.approved_by: set[UUID] = set()
            self.destroy: set[UUID] = set()
            self.gone: set[UUID] = set()
            self.reopened = False
            self.received: set[UUID] = set()
            if ready:
                self.run_id = records.approved().run_id
                self.approved_by = {records.world.counsel.staff_id, records.deputy.staff_id}
                self.answers_from_rows()

        def teardown(self) -> None:
            closed(records)

        def now(self) -> dt.datetime:
            return dt.datetime.now(dt.UTC) + self.later

        @rule()
        def propose(self) -> None:
            if self.quietly(lambda: setattr(self, "run_id", records.proposed().run_id)):
                self.approved_by = set()
            self.answers_from_rows()

        @precondition(lambda self: self.run_id)
        @rule(which=WHICH, answer=st.sampled_from(list(Answer)))
        def answer(self, which: int, answer: Answer) -> None:
            from register import disposal

            more: dict[Answer, dict[str, Any]] = {
                Answer.RETAIN: {"retain_until": (self.now() + dt.timedelta(9)).date(), "reason": "r"},
                Answer.TRANSFER: {"successor": house.successor},
            }
            self.quietly(
                lambda: disposal.answer(
                    records.world.vault, self.run_id, [kept[which].record_id], answer, by=records.world.officer,
                    now=self.now(), **more.get(answer, {}),
                )
            )  # fmt: skip
            self.answers_from_rows()

        @precondition(lambda self: self.run_id)
        @rule(who=WHO)
        def approve(self, who: int) -> None:
            from register import disposal

            people = (records.world.officer, records.world.counsel, records.deputy, records.board)
            run = disposal.show(self.run_id)
            if self.quietly(
                lambda: disposal.approve(run.run_id, shown_sha256=run.shown_sha256, by=people[who], now=self.now())
            ):
                self.approved_by.add(people[who].staff_id)

        @precondition(lambda self: self.run_id)
        @rule(which=WHICH)
        def exclude(self, which: int) -> None:
            from register import disposal

            self.quietly(
                lambda: disposal.exclude(
                    records.world.vault, self.run_id, [kept[which].record_id], reason="r", by=records.world.counsel,
                    now=self.now(),
                )
            )  # fmt: skip
            self.answers_from_rows()

        @rule(which=WHICH)
        def hold(self, which: int) -> None:
            if self.quietly(lambda: hold(records, kept[which])):
                self.held.add(kept[which].record_id)

        @rule()
        def reopen_the_case(self) -> None:
            """From then on nothing of the client is due."""
            if self.quietly(lambda: records.world.happened(EventKind.CASE_REOPENED, records.world.today)):
                self.reopened = True

        @rule(days=st.sampled_from([1, 31]))
        def time_passes(self, days: int) -> None:
            self.later += dt.timedelta(days=days)

        @precondition(lambda self: self.run_id)
        @rule(right=st.booleans())
        def hand_over(self, right: bool) -> None:
            """Handed over to the successor; its receipt is recorded, or one of another archive."""
            from flows import disposal as flow
            from flows import transfer
            from register import agency, disposal, models

            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(transfer, "now", self.now)
                patch.setattr(flow, "now", self.now)
                run, done = disposal.show(self.run_id), list[Any]()
                if not self.quietly(lambda: done.append(house.handed_over(run, uuid4().hex))):
                    return
            row = models.DisposalTransfer.objects.get(pk=done[0].transfer.transfer_id)
            went_out = set(row.lines.values_list("record_id", flat=True))
            assert not went_out & self.held, "a hold stops it"
            assert not self.reopened, "not due"
            assert len(self.approved_by - {records.world.officer.staff_id}) == 2, "approved by fewer than two"
            digest = row.archive_sha256 if right else "0" * 64
            told = {"archive_sha256": digest, "sums_sha256": row.sums_sha256, "now": self.now()}
            day = agency.today(self.now())
            if self.quietly(lambda: house.record(run, received_on=day, **told)):
                assert right
                self.received |= went_out

        @precondition(lambda self: self.run_id)
        @rule(dies_at=st.integers(0, 12), store=st.booleans(), batch=st.integers(1, RECORDS))
        def execute(self, dies_at: int, store: bool, batch: int) -> None:
            """Executed; at one of its steps the process dies, or the store does not answer when bytes are removed."""
            from flows import disposal
            from flows.runs import Stages

            steps = [0]
            original = Stages.step

            def step(stages: Stages, name: Any, subject: Any) -> Any:
                steps[0] += 1
                if steps[0] == dies_at:
                    raise Died
                return original(stages, name, subject)

            def refuse(*_: object) -> Any:
                raise StoreUnavailable("delete")

            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(Stages, "step", step)
                patch.setattr(disposal, "now", self.now)
                if store:
                    patch.setattr(records.site.vault.store, "_remove", refuse)
                self.quietly(lambda: disposal.execute(records.site, self.run_id, by=records.world.officer, batch=batch))
            self.later += dt.timedelta(minutes=2)

        @invariant()
        def nothing_went_that_must_not_and_nothing_is_told_that_is_not(self) -> None:
            from register import disposal, disposal_rows, models

            if not hasattr(self, "reopened"):
                return
            vault = records.site.vault
            told = {one.record_id: one for one in disposal_rows.items(self.run_id)} if self.run_id else {}
            for record in kept:
                lost = vault.keyring.is_destroyed(record.object_id)
                if lost and record.record_id not in self.gone:
                    self.gone.add(record.record_id)
                    went.append(record.record_id)
                    assert record.record_id not in self.held, "held"
                    assert not self.reopened, "not due"
                    assert len(self.approved_by - {records.world.officer.staff_id}) == 2, "approved by fewer than two"
                    assert record.record_id in self.destroy | self.received, "not answered destroy, nor received"
                row = models.Record.objects.get(pk=record.record_id)
                assert (row.destroyed_at is None) or lost
                if record.record_id in told and told[record.record_id].outcome in (
                    Outcome.DESTROYED,
                    Outcome.TRANSFERRED,
                ):
                    assert lost
                    assert row.statement_id is not None
                    assert vault.keyring.is_destroyed(row.statement_id.hex), "what the register held about it"
                    assert not vault.store.stat(Area.RECORDS, record.object_id)
                if not lost:
                    assert vault.get(record.object_id, Area.RECORDS, version_id=record.version_id)
            if self.run_id and disposal.show(self.run_id).state is RunState.EXECUTED:
                assert disposal.show(self.run_id).unsettled == 0

        def answers_from_rows(self) -> None:
            from register import disposal_rows

            if self.run_id:
                rows = disposal_rows.items(self.run_id)
                self.destroy = {one.record_id for one in rows if one.answer is Answer.DESTROY} | self.gone

        def quietly(self, act: Any) -> bool:
            """What the house refuses is an answer too."""
            try:
                act()
            except (RegisterError, Died):
                return False
            return True

    return Interleaved


@pytest.mark.parametrize(
    "examples",
    [pytest.param(150, marks=pytest.mark.soak), pytest.param(8, marks=pytest.mark.real)],
    ids=["many", "few"],
)
def test_under_any_interleaving_nothing_goes_that_must_not(
    world: World,  # noqa: F811
    examples: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("storage.archive.ITERATIONS", 1)
    records = disposing(world)
    kept = records.kept(RECORDS)
    closed(records)
    before = AsItStood(world)
    reopened(records)
    went: list[UUID] = []
    interleaved = machine(records, Transferring(records, tmp_path), before, kept, went)
    by_the_book: Any = interleaved()
    by_the_book.begin(ready=True)
    by_the_book.execute(dies_at=0, store=False, batch=RECORDS)
    by_the_book.nothing_went_that_must_not_and_nothing_is_told_that_is_not()
    by_the_book.teardown()
    assert len(went) == RECORDS, "a machine that never destroys proves nothing"
    run_state_machine_as_test(
        interleaved,
        settings=settings(
            max_examples=examples, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
    before.remove()
    reopened(records)
