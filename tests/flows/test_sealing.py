"""Sealing in one process: the record, its lock and its working bytes, and what a sealer that dies leaves behind."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows import sealing
from flows.found import Kind
from flows.sealing import lock_until
from register.vocabulary import ObjectArea
from rules.vocabulary import Proof, SignerRole, StatementState
from signing.seal import seal
from storage.protocol import Area
from tests.flows.conftest import SilentStamper, found, kinds

if TYPE_CHECKING:
    from tests.flows.conftest import Setting

MOMENTS = st.integers(0, 64 * 366 * 86400).map(
    lambda seconds: dt.datetime(2026, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=seconds)
)


class Died(BaseException):
    """As sudden as a kill: nothing between here and the test may catch it."""


def desk(setting: Setting) -> SimpleNamespace:
    """A sealer's desk without processes of its own."""

    def sealed(pdf: bytes, *, appearance: object, at: dt.datetime) -> object:
        return seal(pdf, setting.site.authority, setting.site.stamper, appearance=appearance, now=at)

    return SimpleNamespace(site=setting.site, holder="sealer", finisher=SimpleNamespace(seal=sealed))


def claimed(setting: Setting) -> UUID:
    from register import statements

    row = setting.signed(setting.presented(), SignerRole.CLIENT, setting.papers.by_client)
    setting.signed(row, SignerRole.WITNESS, setting.papers.by_both)
    claim = statements.claim_sealing("sealer", lease_seconds=60, now=setting.now)
    assert claim is not None
    return claim.claimed_id


def test_a_sealed_statement_is_a_record_under_lock_and_its_working_bytes_are_gone(setting: Setting) -> None:
    from register import objects, statements

    statement_id = claimed(setting)
    working = statements.show(statement_id).working_object_id or ""
    record = sealing.seal(desk(setting), statement_id)
    assert statements.show(statement_id).state is StatementState.ACTIVE
    (version,) = setting.site.vault.store.stat(Area.RECORDS, record.object_id)
    assert version.retain_until == record.retain_until == lock_until(setting.now)
    assert not setting.site.vault.store.stat(Area.WORKING, working)
    assert objects.show(working).state == "gone"
    assert found(setting, "clear_orphans", setting.later(days=2)) == []
    assert found(setting, "reconcile") == []


def test_what_a_sealer_staged_before_it_died_is_cleared_in_the_night(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    from register import objects, statements

    def dies(*_: object, **__: object) -> None:
        raise Died

    statement_id = claimed(setting)
    with monkeypatch.context() as patched:
        patched.setattr(statements, "activate", dies)
        with pytest.raises(Died):
            sealing.seal(desk(setting), statement_id)
    (left,) = objects.orphans(older_than=setting.later(hours=1))
    assert left.area is ObjectArea.RECORDS

    assert kinds(found(setting, "clear_orphans", setting.later(hours=2))) == [Kind.ORPHAN_CLEARED]
    assert not setting.site.vault.store.stat(Area.RECORDS, left.object_id)
    assert sealing.seal(desk(setting), statement_id).proof is Proof.SEALED, "its lease holds still"


def test_what_a_sealer_kept_before_it_died_is_locked_and_tidied_in_the_night(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    from register import records

    def dies(*_: object, **__: object) -> None:
        raise Died

    statement_id = claimed(setting)
    with monkeypatch.context() as patched:
        patched.setattr(setting.site.vault.store, "protect", dies)
        with pytest.raises(Died):
            sealing.seal(desk(setting), statement_id)
    record = records.of(statement_id)
    assert record is not None
    assert kinds(found(setting, "extend_locks")) == [Kind.EXTENDED]
    assert found(setting, "reconcile") == []
    assert kinds(found(setting, "clear_orphans", setting.later(hours=2))) == [Kind.ORPHAN_CLEARED]


def test_with_the_time_stamp_authority_silent_a_statement_is_in_force_without_proof_of_time(setting: Setting) -> None:
    from register import statements

    statement_id = claimed(setting)
    setting.site.stamper = SilentStamper()
    assert sealing.seal(desk(setting), statement_id).proof is Proof.SEALED_WITHOUT_TIME
    assert statements.show(statement_id).state is StatementState.ACTIVE


def test_two_sealers_of_one_statement_make_one_record(setting: Setting) -> None:
    from register import statements
    from register.errors import RegisterError

    statement_id = claimed(setting)
    taken = statements.claim_sealing("another", lease_seconds=60, now=setting.later(minutes=2))
    assert taken is not None
    with pytest.raises(RegisterError):
        sealing.seal(desk(setting), statement_id)
    other = desk(setting)
    other.holder = "another"
    assert sealing.seal(other, statement_id).proof is Proof.SEALED
    assert kinds(found(setting, "clear_orphans", setting.later(hours=2))) == [Kind.ORPHAN_CLEARED]


@given(MOMENTS)
def test_a_lock_ends_with_a_month_at_least_a_year_and_less_than_fourteen_months_ahead(moment: dt.datetime) -> None:
    until = lock_until(moment)
    assert until.tzinfo is dt.UTC
    assert (until + dt.timedelta(seconds=1)).day == 1
    assert (until.hour, until.minute, until.second, until.microsecond) == (23, 59, 59, 0)
    try:
        year_ahead = moment.replace(year=moment.year + 1)
    except ValueError:  # 29 February
        year_ahead = moment.replace(year=moment.year + 1, month=3, day=1)
    assert until >= year_ahead
    months = (until.year - moment.year) * 12 + until.month - moment.month
    assert 12 <= months < 14


@given(MOMENTS, MOMENTS)
def test_all_that_is_sealed_in_one_month_gets_at_most_two_dates_whoever_the_client_is(
    one: dt.datetime, other: dt.datetime
) -> None:
    """The lock is made from the moment alone, and so coarsely that no day can be read from it."""
    other = one.replace(day=1 + other.day % 28, hour=other.hour, minute=other.minute)
    assert abs((lock_until(one) - lock_until(other)).days) <= 31
