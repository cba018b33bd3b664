"""A disposal run from list to end: nothing goes that is held, not due, or wanted gone by fewer than two others."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from flows.found import Kind
from register.errors import RegisterError, RegisterErrorCode
from rules.disposal import Answer, Outcome, RunState, Why
from storage.errors import KeyDestroyed
from storage.protocol import Area
from tests.flows.conftest import DUTY
from tests.flows.disposing import Records
from tests.flows.disposing import records as disposing
from tests.register.conftest import _built, _light_passwords, world  # noqa: F401 - fixtures are found by name

if TYPE_CHECKING:
    from register import facts
    from storage.protocol import Store
    from tests.register.conftest import World


@pytest.fixture
def records(world: World) -> Records:  # noqa: F811 - the fixture
    return disposing(world)


def outcomes(run_id: UUID) -> dict[UUID, tuple[Outcome, Why | None]]:
    from register import disposal_rows

    return {item.record_id: (item.outcome, item.why) for item in disposal_rows.items(run_id)}


def is_gone(records: Records, record: facts.Record) -> bool:
    vault = records.site.vault
    with pytest.raises(KeyDestroyed):
        vault.get(record.object_id, Area.RECORDS)
    return not vault.store.stat(Area.RECORDS, record.object_id)


def is_whole(records: Records, record: facts.Record) -> bool:
    return bool(records.site.vault.get(record.object_id, Area.RECORDS, version_id=record.version_id))


def test_a_run_goes_from_list_to_end(records: Records) -> None:
    kept = records.kept(3)
    run = records.approved()
    assert (run.state, run.rows, run.outcomes[Outcome.WAITING]) == (RunState.APPROVED, 3, 3)
    run = records.executed(run)
    assert run.state is RunState.EXECUTED
    assert run.outcomes == {Outcome.DESTROYED: 3}
    assert all(is_gone(records, record) for record in kept)
    assert records.site.vault.log.unfinished() == ()
    from register import audit

    assert audit.check().intact


@pytest.mark.real
def test_the_certificate_is_sealed_counts_what_went_and_names_nobody(records: Records) -> None:
    from flows.certificate import certificate
    from register.vocabulary import CertificateStage
    from templates.text import extract

    records.kept(2)
    run = records.executed(records.approved())
    first, pdf = certificate(records.site, run.run_id, by=records.world.officer)
    assert first.stage is CertificateStage.KEYS_DESTROYED
    text = "\n".join(extract(pdf).pages)
    for said in (run.ref, run.list_sha256[:40], "Keys destroyed", "pending", "HOUSE-ALL", "counsel nobody"[:7]):
        assert said in text
    for word in records.world.NAME.split():
        assert word not in text
    again, same = certificate(records.site, run.run_id, by=records.world.officer)
    assert (again, same) == (first, pdf)


def test_a_certificate_whose_kept_bytes_are_not_those_that_were_sealed_is_not_handed_out(records: Records) -> None:
    from dataclasses import replace

    from flows.certificate import certificate
    from flows.site import now
    from register import certificates
    from register.vocabulary import CertificateStage, ObjectArea
    from rules.vocabulary import Proof

    records.kept(1)
    run = records.executed(records.approved())
    sealed = records.world.document(ObjectArea.RECORDS, b"%PDF of a certificate")
    by = records.world.officer
    certificates.issue(
        run.run_id, CertificateStage.KEYS_DESTROYED, replace(sealed, document_sha256="0" * 64), proof=Proof.SEALED,
        manifest=None, effective_on=None, retain_until=None, by=by, now=now(),
    )  # fmt: skip
    with pytest.raises(RegisterError) as other:
        certificate(records.site, run.run_id, by=by)
    assert other.value.code is RegisterErrorCode.NOT_WHAT_WAS_SHOWN
    assert run.ref in other.value.sentence


def test_a_copy_of_what_was_destroyed_is_refused_in_plain_words(records: Records) -> None:
    from flows.egress import own_copy
    from register.vocabulary import CopyMethod

    (record,) = records.kept(1)
    records.executed(records.approved())
    assert record.statement_id is not None
    with pytest.raises(RegisterError) as gone:
        own_copy(records.site, record.statement_id, method=CopyMethod.FILE, by=records.world.intake)
    assert gone.value.code is RegisterErrorCode.DISPOSAL
    assert "was destroyed on" in gone.value.sentence


# --- the list and its answers -----------------------------------------------------------------------------------------


def test_a_list_says_the_same_whenever_it_is_asked_the_same_and_names_nobody(records: Records) -> None:
    import json

    from flows import disposal
    from register import disposal as register
    from register import disposal_rows
    from register.disposal_list import list_sha256

    records.kept(2)
    one, two = disposal.evaluate(records.site), disposal.evaluate(records.site)
    assert one.list_sha256 == two.list_sha256
    assert register.listing() == (), "looking freezes nothing"
    run = records.proposed()
    assert run.list_sha256 == one.list_sha256
    told = [item.line for item in disposal_rows.items(run.run_id)]
    assert list_sha256(told) == run.list_sha256
    assert {line["rule"] for line in told} == {"HOUSE-ALL"}
    assert not [word for word in records.world.NAME.split() if word in json.dumps(told)]


def test_what_is_not_due_or_held_is_on_no_list(records: Records) -> None:
    from flows import disposal

    (first,) = records.kept(1)
    hold(records, first)
    found = disposal.evaluate(records.site)
    assert (found.candidates, found.held) == ((), 1)
    with pytest.raises(RegisterError) as nothing:
        records.proposed()
    assert nothing.value.code is RegisterErrorCode.DISPOSAL


def test_rows_without_an_answer_or_answered_retain_are_out_whatever_is_approved_afterwards(records: Records) -> None:
    from flows.site import now
    from register import disposal

    kept = records.kept(4)
    run = records.proposed()
    gone, later, elsewhere, silent = kept
    records.answered(run, [gone.record_id])
    until = (now() + dt.timedelta(days=90)).date()
    disposal.answer(
        records.world.vault, run.run_id, [later.record_id], Answer.RETAIN, retain_until=until, reason="an appeal",
        by=records.world.officer, now=now(),
    )  # fmt: skip
    records.answered(run, [elsewhere.record_id], Answer.TRANSFER)
    for person in (records.world.counsel, records.board):
        run = disposal.approve(run.run_id, shown_sha256=disposal.show(run.run_id).shown_sha256, by=person, now=now())
    with pytest.raises(RegisterError) as late:
        records.answered(run, [silent.record_id])
    assert late.value.code is RegisterErrorCode.DISPOSAL
    run = records.executed(run)
    assert outcomes(run.run_id) == {
        gone.record_id: (Outcome.DESTROYED, None),
        later.record_id: (Outcome.OUT, Why.RETAINED),
        elsewhere.record_id: (Outcome.FAILED, Why.NOT_RECEIVED),
        silent.record_id: (Outcome.OUT, Why.UNANSWERED),
    }
    assert is_gone(records, gone)
    assert all(is_whole(records, record) for record in (later, elsewhere, silent))
    assert disposal.reason(records.world.vault, run.run_id, later.record_id, by=records.world.officer) == "an appeal"
    again = records.proposed()
    assert set(outcomes(again.run_id)) == {silent.record_id}, "the others wait for a day, and for a receipt"


def test_a_record_is_on_one_standing_list_only_and_comes_back_when_that_is_withdrawn(records: Records) -> None:
    from flows.site import now
    from register import disposal

    records.kept(1)
    run = records.proposed()
    with pytest.raises(RegisterError):
        records.proposed()
    disposal.withdraw(run.run_id, by=records.world.officer, now=now())
    assert records.proposed().rows == 1


# --- approvals --------------------------------------------------------------------------------------------------------


def test_who_prepared_answered_or_approved_does_not_approve_and_nobody_without_the_role(records: Records) -> None:
    from flows.site import now
    from register import disposal

    records.kept(1)
    run = records.proposed()
    records.answered(run)

    def refused(person: facts.Person) -> RegisterErrorCode:
        with pytest.raises(RegisterError) as no:
            disposal.approve(run.run_id, shown_sha256=disposal.show(run.run_id).shown_sha256, by=person, now=now())
        return no.value.code

    assert refused(records.world.officer) is RegisterErrorCode.SAME_PERSON
    assert refused(records.world.administrator) is RegisterErrorCode.NOT_ALLOWED
    disposal.approve(
        run.run_id, shown_sha256=disposal.show(run.run_id).shown_sha256, by=records.world.counsel, now=now()
    )
    assert refused(records.world.counsel) is RegisterErrorCode.SAME_PERSON
    with pytest.raises(RegisterError) as another:
        disposal.approve(run.run_id, shown_sha256="0" * 64, by=records.deputy, now=now())
    assert another.value.code is RegisterErrorCode.NOT_WHAT_WAS_SHOWN
    with pytest.raises(RegisterError):
        records.executed(disposal.show(run.run_id))
    assert disposal.show(run.run_id).state is RunState.APPROVING, "approved by one, and not executed"


def test_what_was_answered_otherwise_since_it_was_shown_is_not_approved(records: Records) -> None:
    from flows.site import now
    from register import disposal

    first, second = records.kept(2)
    run = records.proposed()
    records.answered(run, [first.record_id])
    seen = disposal.show(run.run_id)
    records.answered(run, [second.record_id])
    with pytest.raises(RegisterError) as another:
        disposal.approve(run.run_id, shown_sha256=seen.shown_sha256, by=records.world.counsel, now=now())
    assert another.value.code is RegisterErrorCode.NOT_WHAT_WAS_SHOWN
    seen = disposal.show(run.run_id)
    assert disposal.approve(
        run.run_id, shown_sha256=seen.shown_sha256, by=records.world.counsel, now=now()
    ).state is RunState.APPROVING  # fmt: skip
    disposal.exclude(
        records.site.vault, run.run_id, [first.record_id], reason="asked for", by=records.deputy, now=now()
    )
    with pytest.raises(RegisterError):
        disposal.approve(run.run_id, shown_sha256=seen.shown_sha256, by=records.board, now=now())
    approved = disposal.approve(
        run.run_id, shown_sha256=disposal.show(run.run_id).shown_sha256, by=records.board, now=now()
    )
    assert approved.state is RunState.APPROVED
    assert approved.shown_sha256 == "", "nobody approves it any more"


def test_an_approval_runs_out_after_thirty_days_and_its_rows_come_back(
    records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    (record,) = records.kept(1)
    run = records.approved()
    at(records, monkeypatch, dt.timedelta(days=30, minutes=1))
    with pytest.raises(RegisterError):
        records.executed(run)
    from register import disposal

    assert disposal.show(run.run_id).state is RunState.LAPSED
    assert is_whole(records, record)
    assert records.proposed().rows == 1


def test_a_clock_that_was_set_back_does_not_bring_an_approval_to_life_again(
    records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows.site import now
    from register import staff

    (record,) = records.kept(1)
    run = records.approved()
    staff.authenticate("counsel", records.world.PASSWORD, now=now() + dt.timedelta(days=40))  # a line of the log
    with pytest.raises(RegisterError) as back:
        records.executed(run)
    assert back.value.code is RegisterErrorCode.CLOCK
    assert is_whole(records, record)


# --- execution --------------------------------------------------------------------------------------------------------


def test_a_hold_placed_after_the_approval_keeps_its_record_and_stops_no_other(records: Records) -> None:
    kept = records.kept(3)
    run = records.approved()
    hold(records, kept[1])
    run = records.executed(run)
    assert outcomes(run.run_id)[kept[1].record_id] == (Outcome.OUT, Why.HELD)
    assert is_whole(records, kept[1])
    assert run.outcomes == {Outcome.DESTROYED: 2, Outcome.OUT: 1}


def test_a_hold_placed_between_two_batches_is_seen_by_the_second(
    records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    from register import executing

    kept = sorted(records.kept(2), key=lambda record: record.object_id)
    run = records.approved()
    plan, planned = executing.plan, []

    def placed_meanwhile(*given: object, **more: object) -> str:
        planned.append(given)
        if len(planned) == 2:
            hold(records, kept[1])
        return plan(*given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(executing, "plan", placed_meanwhile)
    run = records.executed(run, batch=1)
    assert [outcomes(run.run_id)[one.record_id][0] for one in kept] == [Outcome.DESTROYED, Outcome.OUT]
    assert is_whole(records, kept[1])


def test_a_version_locked_longer_than_the_register_says_waits_and_only_break_glass_ends_it(records: Records) -> None:
    locked, free = records.kept(2)
    store = records.site.vault.store
    store.protect(Area.RECORDS, locked.object_id, retain_until=dt.datetime.now(dt.UTC) + dt.timedelta(days=9))
    run = records.executed(records.approved())
    assert (run.state, run.unsettled) == (RunState.EXECUTING, 1)
    assert outcomes(run.run_id)[locked.record_id] == (Outcome.FAILED, Why.LOCKED)
    assert is_whole(records, locked)
    assert is_gone(records, free)
    with pytest.raises(RegisterError) as officer:
        records.executed(run, break_glass=True)
    assert officer.value.code is RegisterErrorCode.NOT_ALLOWED
    from flows import disposal

    done = disposal.execute(records.site, run.run_id, by=records.glass, break_glass=True).run
    assert done.state is RunState.EXECUTED
    assert is_gone(records, locked)


def test_a_hold_of_the_store_is_passed_by_nobody(records: Records) -> None:
    from flows import disposal

    (record,) = records.kept(1)
    records.site.vault.store.protect(Area.RECORDS, record.object_id, hold=True)
    run = records.executed(records.approved())
    run = disposal.execute(records.site, run.run_id, by=records.glass, break_glass=True).run
    assert outcomes(run.run_id)[record.record_id] == (Outcome.FAILED, Why.STORE_HELD)
    assert is_whole(records, record)


def test_a_store_that_is_down_costs_nothing_and_the_same_call_goes_on(
    records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    from storage.errors import StoreUnavailable

    kept = records.kept(3)
    run = records.approved()
    store = records.site.vault.store
    with monkeypatch.context() as down:
        down.setattr(store, "stat", raises(StoreUnavailable("stat")))
        run = records.executed(run, batch=2)
    assert run.outcomes == {Outcome.FAILED: 2, Outcome.WAITING: 1}, "it stopped at the first batch that had no answer"
    assert all(is_whole(records, record) for record in kept)
    with monkeypatch.context() as down:
        down.setattr(store, "_remove", raises(StoreUnavailable("delete")))
        run = records.executed(run)
    assert run.outcomes == {Outcome.ERASED: 3}, "keys are gone, bytes are not: not told as destroyed"
    assert run.state is RunState.EXECUTING
    run = records.executed(run)
    assert (run.state, run.outcomes) == (RunState.EXECUTED, {Outcome.DESTROYED: 3})


def test_of_two_executions_at_once_one_proceeds(records: Records) -> None:
    from flows import disposal

    records.kept(1)
    run = records.approved()
    told = records.world.in_threads(
        2, lambda _: disposal.execute(records.site, run.run_id, by=records.world.officer).run.state
    )
    assert RunState.EXECUTED in told
    assert [one.code for one in told if isinstance(one, RegisterError)] in ([], [RegisterErrorCode.DISPOSAL])
    from register import disposal as register

    assert register.show(run.run_id).outcomes == {Outcome.DESTROYED: 1}


def test_whoever_lost_the_lease_decides_nothing_any_more(records: Records) -> None:
    from flows.site import now
    from register import executing

    (record,) = records.kept(1)
    run = records.approved()
    claimed = {"lease_seconds": 60.0, "store": "s", "software": "1", "by": records.world.officer}
    slow = executing.claim(run.run_id, "slow", now=now(), **claimed)  # type: ignore[arg-type]
    works = executing.waiting(slow, after="", limit=9)
    batch = executing.plan(slow, works, now=now())
    executing.claim(run.run_id, "quick", now=now() + dt.timedelta(seconds=61), **claimed)  # type: ignore[arg-type]
    with pytest.raises(RegisterError) as lost:
        executing.decide(records.world.vault, slow, batch, refused={}, now=now())
    assert lost.value.code is RegisterErrorCode.LEASE_LOST
    assert is_whole(records, record)


# --- what is left -----------------------------------------------------------------------------------------------------


def test_of_a_client_with_nothing_kept_only_an_id_is_left_and_ledger_and_audit_stay_readable(records: Records) -> None:
    from register import audit, clients, models, reading

    (record,) = records.kept(1)
    vault, client_id = records.world.vault, records.world.ids.client
    statement = models.Statement.objects.get(pk=record.statement_id)
    draft = bytes(statement.sealed_draft)
    run = records.executed(records.approved())
    assert run.clients_erased == 1
    row = models.Client.objects.get(pk=client_id)
    assert (bytes(row.sealed_identity), bytes(row.birth_token), row.name_tokens.count()) == (b"", b"", 0)
    statement.sealed_draft = draft  # as an older copy of the database has it
    with pytest.raises(KeyDestroyed):
        reading.open_draft(vault, statement)
    with pytest.raises(KeyDestroyed):
        vault.open_field(client_id.hex, "identity", b"x" * 100)
    found = clients.find(vault, records.world.NAME, records.world.BIRTH, by=records.world.intake, now=records.world.now)
    assert found == ()
    assert audit.check().intact
    assert next(entry.verb for entry in audit.entries(client_id)) == "client_erased"


def test_a_client_of_whom_something_is_kept_keeps_a_name(records: Records) -> None:
    from flows.site import now
    from register import clients, disposal

    kept = records.kept(2)
    run = records.proposed()
    records.answered(run, [kept[0].record_id])
    for person in (records.world.counsel, records.deputy):
        disposal.approve(run.run_id, shown_sha256=disposal.show(run.run_id).shown_sha256, by=person, now=now())
    run = records.executed(disposal.show(run.run_id))
    assert (run.clients_erased, run.outcomes[Outcome.DESTROYED]) == (0, 1)
    identity = clients.identity_of(records.world.vault, records.world.ids.client)
    assert identity.legal_name == records.world.NAME


def hold(records: Records, record: facts.Record) -> None:
    from flows.site import now
    from register import holds
    from register.retention_facts import HoldWords
    from register.vocabulary import HoldKind

    holds.place(
        records.world.vault,
        kind=HoldKind.LITIGATION,
        words=HoldWords(matter="a matter", authority="a letter"),
        review_on=(now() + dt.timedelta(days=90)).date(),
        records=[record.record_id],
        by=records.world.counsel,
        now=now(),
    )


def raises(error: Exception) -> Callable[..., object]:
    def refuse(*_: object, **__: object) -> object:
        raise error

    return refuse


def at(records: Records, monkeypatch: pytest.MonkeyPatch, later: dt.timedelta) -> None:
    """The clock of flows, so much later."""
    from flows import disposal

    moment = dt.datetime.now(dt.UTC) + later
    monkeypatch.setattr(disposal, "now", lambda: moment)


def of_run(records: Records, moment: dt.datetime) -> list[tuple[Kind, str, str]]:
    """What the night tells of runs that were left in the middle."""
    return [(one.kind, one.subject, one.detail) for one in DUTY["tell_stuck"](records.site, moment, False)]


def test_where_the_store_locks_bytes_whose_keys_are_gone_the_run_says_until_when(
    records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lock nobody may end (COMPLIANCE), or one that came meanwhile: the ciphertext stays to its date."""
    from flows.certificate import _fields
    from flows.erasure import erasure_of
    from flows.site import now
    from register import disposal_rows
    from storage import disposal as bytes_of
    from templates.papers import destruction_certificate

    first, second, third = records.kept(3)
    month = [now().replace(microsecond=0) + dt.timedelta(days=days) for days in (30, 400)]
    run, remove = records.approved(), bytes_of.remove

    def locked_meanwhile(store: Store, ids: Sequence[str], *, bypass_lock: bool) -> object:
        for record, until in zip((first, second), month, strict=True):
            store.protect(Area.RECORDS, record.object_id, retain_until=until)
        return remove(store, ids, bypass_lock=bypass_lock)

    with monkeypatch.context() as patch:
        patch.setattr(bytes_of, "remove", locked_meanwhile)
        run = records.executed(run)
    assert run.outcomes == {Outcome.ERASED: 2, Outcome.DESTROYED: 1}
    assert (run.locked, run.stays_until, run.reasons) == (2, month[1], {Why.LOCKED: 2})
    until = {item.record_id: item.stays_until for item in disposal_rows.items(run.run_id)}
    assert until == {first.record_id: month[0], second.record_id: month[1], third.record_id: None}

    assert run.last_key_at is not None
    reach = erasure_of(records.site, run.last_key_at)
    told = _fields(records.site, run, destruction_certificate(), reach, now())["run"]
    assert isinstance(told, dict)
    day = month[1].astimezone(ZoneInfo("America/New_York"))
    assert (told["locked"], told["unremoved"]) == ("2 records", "")
    assert (told["destroyed"], told["erased"]) == ("1", "2 records"), "what is still there was not destroyed"
    begun = run.begun_at
    assert begun is not None
    assert of_run(records, begun + dt.timedelta(days=2)) == [], "nothing to be done before the last day"
    assert of_run(records, month[1] + dt.timedelta(seconds=1)) == [(Kind.RUN_UNFINISHED, str(run.run_id), "2")]
    assert not list(DUTY["reconcile"](records.site, begun, False)), "its run tells of them"
    assert str(day.day) in told["locked_until"]
    assert str(day.year) in told["locked_until"]
    later = _fields(records.site, run, destruction_certificate(), reach, month[1] + dt.timedelta(seconds=1))["run"]
    assert isinstance(later, dict)
    assert (later["locked"], later["unremoved"]) == ("", "2 records"), "no day of the past is promised"
    monkeypatch.setattr(records.site.vault.store, "_clock", lambda: month[1] + dt.timedelta(seconds=1))
    run = records.executed(run)
    assert (run.state, run.outcomes) == (RunState.EXECUTED, {Outcome.DESTROYED: 3})
    assert (run.locked, run.stays_until) == (0, None)
