"""Locks follow the record's date, the store follows the holds, what was declined goes when its time is over."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows import erasure
from flows.duties import kept, retaining
from flows.found import Kind
from flows.sealing import lock_until
from register.retention_facts import HoldWords
from register.vocabulary import HoldKind
from rules.retention.words import EventKind
from storage.protocol import Area
from tests.flows.conftest import Setting, found, kinds
from tests.flows.test_duties import damage
from tests.flows.test_erasure import months_on, turned

NOON = dt.time(17, tzinfo=dt.UTC)


@given(
    st.integers(1_767_225_600, 2_208_988_800).map(lambda second: dt.datetime.fromtimestamp(second, dt.UTC)),
    st.none() | st.integers(1, 4000),
)
def test_a_lock_ends_with_a_month_never_before_the_last_day_of_a_record_nor_13_months_ahead(
    moment: dt.datetime, days: int | None
) -> None:
    due_on = None if days is None else moment.date() + dt.timedelta(days=days)
    until = lock_until(moment, due_on)
    assert (until + dt.timedelta(seconds=1)).day == 1
    assert until <= moment + dt.timedelta(days=366 + 31)
    year = (moment + dt.timedelta(days=366)).date()
    if due_on is None or due_on > year:
        assert until.date() >= year
    else:
        assert due_on - dt.timedelta(days=1) <= until.date() < due_on + dt.timedelta(days=31)


def dated(setting: Setting, due_on: dt.date | None) -> UUID:
    """A record with this date, as `register.due` would have stored it."""
    from register import models

    record = setting.kept()
    models.Record.objects.filter(pk=record.record_id).update(due_on=due_on, due_why_not="" if due_on else "no_schedule")
    return record.record_id


def locks(setting: Setting, record_id: UUID) -> dt.datetime | None:
    from register import records

    record = records.show(record_id)
    (version,) = setting.site.vault.store.stat(Area.RECORDS, record.object_id)
    assert version.retain_until == record.retain_until
    return version.retain_until


def hold(setting: Setting, record_id: UUID, *, review_on: dt.date | None = None) -> UUID:
    from register import holds

    placed = holds.place(
        setting.site.vault,
        kind=HoldKind.LITIGATION,
        words=HoldWords(matter="a suit", authority="a letter"),
        review_on=review_on or setting.now.date() + dt.timedelta(days=90),
        records=[record_id],
        by=setting.world.counsel,
        now=setting.now,
    )
    return placed.hold_id


def test_a_lock_is_extended_no_further_than_the_last_day_a_record_must_be_kept(setting: Setting) -> None:
    from register import models

    due_on = dt.date(setting.now.year + 1, setting.now.month, 1) + dt.timedelta(days=120)
    record_id = dated(setting, due_on)
    last = lock_until(setting.now, None)
    for days in range(30, 900, 30):
        list(kept.extend_locks(setting.site, setting.later(days=days), False))
        until = locks(setting, record_id)
        assert until is not None
        assert until >= last, "never shorter"
        last = until
    assert last.date() < due_on + dt.timedelta(days=31)
    assert last.date() >= due_on - dt.timedelta(days=1)
    moved = due_on + dt.timedelta(days=900)
    models.Record.objects.filter(pk=record_id).update(due_on=moved)
    list(kept.extend_locks(setting.site, setting.later(days=900), False))
    assert locks(setting, record_id) == lock_until(setting.later(days=900), moved), "an event moved the date"


def test_a_record_whose_date_has_passed_gets_no_longer_lock_unless_it_is_held(setting: Setting) -> None:
    passed = setting.now.date() + dt.timedelta(days=60)
    free, held = dated(setting, passed), dated(setting, passed)
    hold(setting, held)
    before = locks(setting, free)
    later = setting.later(days=200)
    told = list(kept.extend_locks(setting.site, later, False))
    assert [(each.subject, each.detail) for each in told] == [("records", "1")], "on whom a hold stands is not told"
    assert locks(setting, free) == before
    assert locks(setting, held) == lock_until(later)


def test_the_store_is_told_of_a_hold_and_of_its_end_and_a_review_that_is_over_is_told_a_person(
    setting: Setting,
) -> None:
    from register import holds

    record = setting.kept()
    hold_id = hold(setting, record.record_id, review_on=setting.now.date() + dt.timedelta(days=5))
    assert kinds(list(retaining.tell_store(setting.site, setting.now, True))) == [Kind.HOLD_MIRRORED]
    assert not setting.site.vault.store.stat(Area.RECORDS, record.object_id)[0].held, "a dry run tells nobody"
    assert kinds(list(retaining.tell_store(setting.site, setting.now, False))) == [Kind.HOLD_MIRRORED]
    assert setting.site.vault.store.stat(Area.RECORDS, record.object_id)[0].held
    assert list(retaining.tell_store(setting.site, setting.now, False)) == []
    assert list(retaining.tell_reviews(setting.site, setting.now, False)) == []
    (over,) = retaining.tell_reviews(setting.site, setting.later(days=7), False)
    assert (over.kind, over.subject) == (Kind.HOLD_REVIEW, str(hold_id))
    assert over.remedy
    holds.release(setting.site.vault, hold_id, reason="settled", by=setting.world.counsel, now=setting.later(days=8))
    assert kinds(list(retaining.tell_store(setting.site, setting.now, False))) == [Kind.HOLD_MIRRORED]
    assert not setting.site.vault.store.stat(Area.RECORDS, record.object_id)[0].held


def test_what_was_declined_is_destroyed_after_its_classs_time_and_not_before(setting: Setting) -> None:
    from register import objects, statements

    setting.world.adopted()
    row = setting.presented()
    statements.decline(row.statement_id, by=setting.world.intake, now=setting.now)
    assert list(retaining.clear_declined(setting.site, setting.later(days=360), False)) == []
    later = setting.later(days=368)
    assert kinds(list(retaining.clear_declined(setting.site, later, True))) == [Kind.DECLINED_CLEARED]
    assert setting.site.vault.store.stat(Area.WORKING, row.working_object_id or "")
    assert kinds(list(retaining.clear_declined(setting.site, later, False))) == [Kind.DECLINED_CLEARED]
    assert not setting.site.vault.store.stat(Area.WORKING, row.working_object_id or "")
    assert objects.show(row.working_object_id or "").state == "gone"
    assert list(retaining.clear_declined(setting.site, later, False)) == []


def test_days_that_rest_on_what_holds_no_more_are_worked_out_anew(setting: Setting) -> None:
    from register import records, standing

    record = setting.kept()
    setting.world.adopted()
    standing.revoke(setting.site.vault, record.statement_id, by=setting.world.intake, now=setting.now)
    setting.world.happened(EventKind.LAST_SERVICE, setting.world.today)
    list(retaining.compute_days(setting.site, setting.now, False))
    (found_,) = records.lockable(below=setting.later(days=9000), kept_since=setting.now)
    assert found_.due_on is not None
    assert list(retaining.compute_days(setting.site, setting.now, True)) == []


def test_no_epoch_ends_while_a_record_under_hold_is_not_whole_here(setting: Setting) -> None:
    record = setting.kept()
    hold(setting, record.record_id)
    path = setting.file_of(record.object_id)
    whole = path.read_bytes()
    damage(setting, record)
    turned(setting, months_on(setting, 1))
    over = months_on(setting, 1, 20)
    told = turned(setting, over)
    assert [(each.kind, each.detail) for each in told] == [(Kind.EPOCH_WAITS, "hold")]
    assert erasure.erasure_of(setting.site, setting.now).effective_at is None
    path.write_bytes(whole)
    assert kinds(turned(setting, over + dt.timedelta(days=1))) == [Kind.EPOCH_ENDED], "mended from a backup"


def test_a_record_that_is_not_held_keeps_no_epoch(setting: Setting) -> None:
    damage(setting, setting.kept())
    turned(setting, months_on(setting, 1))
    assert kinds(turned(setting, months_on(setting, 1, 20))) == [Kind.EPOCH_ENDED]


@pytest.mark.parametrize("duty", ["extend_locks", "prove"])
def test_what_a_disposal_run_had_is_neither_locked_nor_looked_for(setting: Setting, duty: str) -> None:
    from register import due, models

    due.disposed(models.Record.objects.filter(pk=setting.kept().record_id), at=setting.now)
    assert found(setting, duty, setting.later(days=400)) == []
