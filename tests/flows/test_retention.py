"""What retention owes every night is done, told by counts, and never on whom a hold stands."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from flows.duties import retaining as duties
from flows.examination import Level, Line, _retention
from flows.found import Found, Kind
from flows.site import Site
from register.retention_facts import Hold, HoldQuery
from register.vocabulary import MatterKind
from storage.errors import KeyDestroyed, StoreUnavailable
from storage.protocol import Area
from tests.register.test_due import SHORT, ended
from tests.register.test_holds import REVIEW, place, released

if TYPE_CHECKING:
    from uuid import UUID

    from tests.register.conftest import World


@pytest.fixture
def site(world: World) -> Site:
    opened = Site(world.settings)
    opened.vault = world.vault
    return opened


def done(duty: Iterator[Found]) -> list[tuple[Kind, str]]:
    return [(one.kind, one.detail) for one in duty]


def test_days_are_computed_anew_when_what_they_rest_on_changed(world: World, site: Site) -> None:
    from register import due, events

    world.adopted()
    ended(world)
    assert done(duties.compute_days(site, world.now, dry=True)) == []
    events.add_matter(
        code="contract-1",
        kind=MatterKind.CONTRACT,
        funder="medicaid",
        covers_from=dt.date(2020, 1, 1),
        covers_to=None,
        by=world.officer,
        now=world.now,
    )
    assert done(duties.compute_days(site, world.now, dry=True)) == [(Kind.DAY_COMPUTED, "1")]
    assert due.stale(world.now.date()) == 1, "a dry run changes nothing"
    assert done(duties.compute_days(site, world.now, dry=False)) == [(Kind.DAY_COMPUTED, "1")]
    assert done(duties.compute_days(site, world.now, dry=False)) == []


def test_what_is_past_its_last_day_is_told_unless_a_hold_keeps_it(world: World, site: Site) -> None:
    most = SHORT.replace("authority:", "destroy_by: [{event: last_service, period: P2Y}]\n    authority:")
    world.adopted(most)
    record_id = ended(world)
    later = dt.datetime(2028, 12, 1, 12, tzinfo=dt.UTC)
    assert (Kind.KEPT_TOO_LONG, "1") in done(duties.compute_days(site, later, dry=False))
    place(world, records=[record_id])  # type: ignore[list-item]
    assert done(duties.compute_days(site, later, dry=False)) == []


def test_a_store_that_was_down_is_told_of_a_hold_the_next_night(
    world: World,
    site: Site,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record = world.record()
    hold = place(world, client_id=world.ids.client)
    assert done(duties.tell_store(site, world.now, dry=True)) == [(Kind.HOLD_MIRRORED, "1")]
    with monkeypatch.context() as down:

        def refuse(*_: object, **__: object) -> None:
            raise StoreUnavailable("connection refused")

        down.setattr(site.vault.store, "protect", refuse)
        (found,) = duties.tell_store(site, world.now, dry=False)
        assert found.kind is Kind.HOLD_UNTOLD
        assert str(record.record_id) not in repr(found)
    assert done(duties.tell_store(site, world.now, dry=False)) == [(Kind.HOLD_MIRRORED, "1")]
    assert done(duties.tell_store(site, world.now, dry=False)) == []
    released(world, hold)
    assert done(duties.tell_store(site, world.now, dry=False)) == [(Kind.HOLD_MIRRORED, "1")]
    assert {version.held for version in site.vault.store.stat(Area.RECORDS, record.object_id)} == {False}


def test_an_overdue_review_is_told_by_upkeep_and_doctor(
    world: World, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = place(world, client_id=world.ids.client)
    after = dt.datetime.combine(REVIEW, dt.time(12), tzinfo=dt.UTC) + dt.timedelta(days=1)
    assert done(duties.tell_reviews(site, world.now, dry=False)) == []
    (found,) = duties.tell_reviews(site, after, dry=True)
    assert (found.kind, found.subject, found.detail) == (Kind.HOLD_REVIEW, str(hold.hold_id), "2027-05-01")
    monkeypatch.setattr("flows.site.now", lambda: after)
    (told,) = [line for line in _retention(site) if line.level is Level.PROBLEM]
    assert str(hold.hold_id) in told.sentence


def test_doctor_tells_what_waits_for_people(world: World, site: Site) -> None:
    from register import schedules

    def told() -> str:
        lines: list[Line] = list(_retention(site))
        return " ".join(line.sentence for line in lines)

    assert "nothing is ever due" in told()
    world.adopted()
    world.record()
    ended(world)
    assert "1 records have no day: missing event" in told()
    schedules.propose(SHORT, by=world.officer, now=world.now)
    assert "2027.1 waits for a second person" in told()
    schedules.adopt("2027.1", by=world.counsel, now=world.now)
    assert "waits for two persons" in told()
    assert "must be computed anew" in told()


def declined(world: World) -> tuple[UUID, str]:
    from register import statements

    shown = world.presented()
    statements.decline(shown.statement_id, by=world.intake, now=world.now)
    assert shown.working_object_id is not None
    return shown.statement_id, shown.working_object_id


def test_a_declined_paper_goes_when_its_class_is_over_and_not_under_a_hold(world: World, site: Site) -> None:
    world.adopted()
    _, object_id = declined(world)
    later = world.now + dt.timedelta(days=366)
    holds: list[Hold] = [
        place(world, client_id=world.ids.client),
        place(world, query=HoldQuery(organization_id=world.ids.housing)),
    ]
    elsewhere = place(world, query=HoldQuery(organization_id=world.ids.probation))
    for hold in holds:
        assert done(duties.clear_declined(site, later, dry=False)) == []
        released(world, hold)
    assert done(duties.clear_declined(site, world.now, dry=False)) == [], "its year is not over"
    assert done(duties.clear_declined(site, later, dry=True)) == [(Kind.DECLINED_CLEARED, "")]
    assert done(duties.clear_declined(site, later, dry=False)) == [(Kind.DECLINED_CLEARED, "")]
    with pytest.raises(KeyDestroyed):
        site.vault.get(object_id, Area.WORKING)
    assert done(duties.clear_declined(site, later, dry=False)) == []
    assert elsewhere.records == 0


def test_a_hold_placed_after_the_look_keeps_a_declined_paper(world: World, site: Site) -> None:
    from register import due, statements

    world.adopted()
    statement_id, object_id = declined(world)
    later = world.now + dt.timedelta(days=366)
    assert due.declined(later.date()) == (statement_id,)
    place(world, client_id=world.ids.client)
    assert statements.release_working(statement_id, by=world.UPKEEP, now=later) is None
    assert statements.show(statement_id).working_object_id == object_id
