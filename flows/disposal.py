"""Disposal: what nobody may keep any longer is destroyed, key by key and byte by byte, so that it can be shown.

Danger: this module destroys. A record destroyed by mistake is gone for ever; one that is told as destroyed and is not
makes the certificate a lie. The one rule that keeps it safe: nothing is destroyed on what was known before. Each batch
is judged anew under the register's lock, where nobody can place a hold meanwhile, and its keys are destroyed before the
lock is given back; its bytes are removed afterwards and looked for again, and only what was not found is written down.

Boundaries of one batch, each durable before the next:
    look      what the store protects, while the batch before goes  (no lock)
    plan      the batch's name, in its rows                         (register)
    decide    holds, dates, approvals; intent in the log; keys      (under the register's lock)
    remove    uploads, every version, markers                       (no lock)
    verify    listed again, and tried to read
    settle    done in the log, then in the rows

Killed anywhere, the same call goes on. The monthly deployment only proposes; a person starts an execution.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from uuid import UUID

from prefect import flow

from flows import django_ready  # isort: skip  # noqa: F401
from flows.lease import holder
from flows.runs import Stages, Step
from flows.site import Site, now, open_site
from register import agency, boot, disposal, disposal_list, executing, remains
from register.disposal_facts import Evaluated, Run
from register.errors import RegisterError, RegisterErrorCode
from register.executing import Decided, Hold, Work
from register.facts import Actor
from rules.disposal import RunState, Why
from storage import disposal as bytes_of
from storage.errors import StorageCode, StorageError
from storage.protocol import Area

BATCH = 200
"""Records of one batch: some hundredths of a second under the register's lock."""
LEASE_SECONDS = 60.0
"""After this a killed run is free; longer than any batch takes on a store that answers."""

WHY = {
    StorageCode.LOCKED: Why.LOCKED,
    StorageCode.HELD: Why.STORE_HELD,
    StorageCode.STILL_PRESENT: Why.STILL_PRESENT,
}
Progress = Callable[[int, str], None]


def silent(done: int, note: str) -> None:
    """Nobody watches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Executed:
    """What an execution came to."""

    run: Run
    destroyed: int
    """Rows that this call brought to their end."""
    stopped: bool
    """The store stopped answering; what is left waits for the next call."""


@flow(name="disposal", persist_result=False, log_prints=False)
def disposal_proposal() -> None:
    """Once a month: freeze a list of what is due, for people to answer and approve. Destroys nothing."""
    site = open_site()
    for run in disposal.listing(RunState.APPROVING, RunState.APPROVED):
        disposal.lapse(run.run_id, now=now())
    try:
        propose(site, by=disposal.MACHINE)
    except RegisterError as nothing:
        if nothing.code is not RegisterErrorCode.DISPOSAL:
            raise


def location(site: Site) -> str:
    """Where records lie, as a list and a certificate say it."""
    address = site.configuration.s3
    return f"{address.url if address else 'directory store'} ({Area.RECORDS})"


def evaluate(
    site: Site, as_of: date | None = None, *, limit: int = disposal_list.LARGEST, step: Progress = silent
) -> Evaluated:
    """What a run would hold; writes nothing but days that had to be computed anew."""
    moment = now()
    return disposal_list.evaluate(
        as_of or agency.today(moment),
        location=location(site),
        now=moment,
        limit=limit,
        step=lambda done: step(done, f"{done} records"),
    )


def propose(
    site: Site, as_of: date | None = None, *, by: Actor, limit: int = disposal_list.LARGEST, step: Progress = silent
) -> Run:
    """Freeze the list of what is due. Raises `RegisterError`."""
    return disposal.propose(evaluate(site, as_of, limit=limit, step=step), by=by, now=now())


def execute(
    site: Site, run_id: UUID, *, by: Actor, break_glass: bool = False, batch: int = BATCH, step: Progress = silent
) -> Executed:
    """Destroy what an approved run may destroy now, or go on with what was begun.

    Raises `RegisterError` (DISPOSAL, CLOCK, NOT_ALLOWED, LEASE_LOST), :class:`flows.runs.StepFailed`.
    """
    with in_hand(site, run_id, by=by, break_glass=break_glass) as hold:
        worker = _Worker(site, hold, batch, step)
        worker.go_on()
        worker.go_through()
        if not worker.stopped:
            remains.erase(site.vault, run_id, hold=hold, now=now())
    run = executing.end(hold, now=now())
    if run.clients_erased:
        boot.sweep()
    else:
        boot.checkpoint()
    return Executed(run=run, destroyed=worker.destroyed, stopped=worker.stopped)


@contextmanager
def in_hand(site: Site, run_id: UUID, *, by: Actor, break_glass: bool = False) -> Iterator[Hold]:
    """An approved run in the hands of this process alone. The caller ends it; where it fails, it is ended here.

    Raises `RegisterError` as `executing.claim`.
    """
    hold = executing.claim(
        run_id,
        holder(),
        lease_seconds=LEASE_SECONDS,
        store=location(site),
        software=version("confide"),
        by=by,
        now=now(),
        break_glass=break_glass,
    )
    try:
        yield hold
    except BaseException:
        # Ctrl-C too: whoever comes next need not wait for the lease; what is half done is found by the next call
        with suppress(Exception):
            executing.end(hold, now=now())
        raise


class _Worker:
    """One process at work on one run, while its lease lasts."""

    def __init__(self, site: Site, hold: Hold, batch: int, step: Progress) -> None:
        self._site, self._hold, self._batch, self._step = site, hold, batch, step
        self._stages = Stages()
        self._destroyer = site.destroyer(break_glass=hold.bypass_lock)
        self.destroyed = 0
        self.stopped = False

    def go_on(self) -> None:
        """What an earlier call, or its death, left behind: intents without an end, bytes without a key."""
        for batch in executing.interrupted(self._hold):
            with self._stages.step(Step.SETTLE, self._hold.run_id):
                executing.settle(self._site.vault, self._hold, batch, now=now())
        after = ""
        while works := executing.erased(self._hold, after=after, limit=self._batch):
            after = works[-1].object_id
            self._remove(works, swept=False)

    def go_through(self) -> None:
        """Every row whose end is open, once, in the order of the store.

        While bytes of one batch are removed the store is asked already what it protects of the next: both take long on
        S3, and nothing is decided on the answer before that batch's turn.
        """
        with ThreadPoolExecutor(1, thread_name_prefix="look") as ahead:
            works = executing.waiting(self._hold, after="", limit=self._batch)
            looking = ahead.submit(self._look, works)
            while works:
                decided = self._decide(works, looking.result())
                if self.stopped:
                    return
                works = executing.waiting(self._hold, after=works[-1].object_id, limit=self._batch)
                looking = ahead.submit(self._look, works)
                if decided.gone:
                    self._remove(decided.gone, swept=decided.swept)

    def _look(self, works: tuple[Work, ...]) -> dict[str, Why]:
        """What the store protects of them, or cannot tell of."""
        vault, ids = self._site.vault, [work.object_id for work in works]
        with self._stages.step(Step.LOOK, self._hold.run_id):
            protected = bytes_of.look(vault.store, ids, bypass_lock=self._hold.bypass_lock, now=vault.now())
            return {key: _why(error) for key, error in protected.items()}

    def _decide(self, works: tuple[Work, ...], refused: Mapping[str, Why]) -> Decided:
        hold, vault, subject = self._hold, self._site.vault, self._hold.run_id
        if len(refused) == len(works) and set(refused.values()) == {Why.STORE}:
            self.stopped = True  # it answers for none of them: the next batch would only wait as long
        with self._stages.step(Step.PLAN, subject):
            batch = executing.plan(hold, works, now=now())
        with self._stages.step(Step.DECIDE, subject):
            return executing.decide(vault, hold, batch, refused=refused, now=now())

    def _remove(self, works: tuple[Work, ...], *, swept: bool) -> None:
        hold, vault, subject = self._hold, self._site.vault, self._hold.run_id
        ids = [work.object_id for work in works]
        with self._stages.step(Step.REMOVE, subject):
            told = bytes_of.remove(self._destroyer, ids, bypass_lock=hold.bypass_lock)
        with self._stages.step(Step.VERIFY, subject):
            left = {key: _why(error) for key, error in bytes_of.unreadable(vault, ids).items()}
            left |= {key: _why(error) for key, error in told.items() if isinstance(error, StorageError)}
        gone = tuple(work for work in works if work.object_id not in left)
        with self._stages.step(Step.SETTLE, subject):
            if gone:
                bytes_of.finish(vault, [item for work in gone for item in work.keys], swept=swept)
                executing.destroyed(hold, gone, now=now())
            if left:
                locked = [key for key, why in left.items() if why is Why.LOCKED]
                until = bytes_of.locked_until(vault.store, locked, now=vault.now())
                executing.failed(
                    hold,
                    {w.item_id: left[w.object_id] for w in works if w.object_id in left},
                    {w.item_id: until[w.object_id] for w in works if w.object_id in until},
                    now=now(),
                )
        self.destroyed += len(gone)
        self._step(self.destroyed, f"{self.destroyed} destroyed")


def _why(error: StorageError) -> Why:
    return WHY.get(error.code, Why.STORE)


def resume_unfinished(site: Site) -> tuple[str, ...]:
    """Batches whose intent nobody brought to an end: a process that died while it erased a client, say.

    What kept its key is taken back, what lost it is finished. Runs in hand are left to whoever holds them: their rows
    know the batch. Reads the whole log; for upkeep. Returns the ids of what was settled.
    """
    settled: list[str] = []
    for entry in site.vault.log.unfinished():
        if entry.value and not executing.is_planned(entry.value):
            settled += executing.settle_unplanned(site.vault, entry.value, entry.items, now=now())
    return tuple(settled)
