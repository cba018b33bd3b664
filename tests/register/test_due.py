"""Each record has the day the schedule gives it, or none and a reason; never a day somebody guessed."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from register import facts
from register.errors import RegisterError, RegisterErrorCode
from register.vocabulary import HandoverMethod, MatterKind, VoidReason
from rules.draft import Identity
from rules.retention.reading import read, shipped_text
from rules.retention.words import Disposition, EventKind, WhyNot
from rules.vocabulary import DisclosureBasis, PurposeCode

if TYPE_CHECKING:
    from tests.register.conftest import World

CLOSED = dt.date(2026, 11, 10)
"""The client's last service; in clear it is 30 November."""
DUE = dt.date(2032, 12, 1)
"""Six years after that month's end, and the day after."""
SHORT = """\
version: "2027.1"
rules:
  HOUSE-ALL:
    series: everything
    selector: {classes: [disclosure_statement, acknowledgment, disclosure_ledger]}
    keep: [{event: last_service, period: P1Y}, {event: disclosed, period: P1Y, only_if: disclosed}]
    authority: a contract
    version: "1"
    jurisdiction: house
    effective_from: 2026-01-01
"""


def day(world: World, record_id: object, as_of: dt.date = DUE) -> tuple[dt.date | None, WhyNot | None]:
    from register import due

    decision = due.answer(record_id, as_of).decision  # type: ignore[arg-type]
    return decision.due_on, decision.why_not


def ended(world: World) -> object:
    """A record whose statement was revoked and whose client was last served on CLOSED."""
    from register import standing

    record = world.record()
    standing.revoke(world.vault, record.statement_id, by=world.intake, now=world.now)
    world.happened(EventKind.LAST_SERVICE, CLOSED)
    return record.record_id


def test_without_an_adopted_schedule_nothing_is_ever_due(world: World) -> None:
    from register import due

    record_id = ended(world)
    assert day(world, record_id, dt.date(2090, 1, 1)) == (None, WhyNot.NO_SCHEDULE)
    assert due.listing(dt.date(2090, 1, 1)) == ()


def test_a_record_is_due_the_day_after_the_longest_rule_ends(world: World) -> None:
    from register import due

    world.adopted()
    record_id = ended(world)
    assert day(world, record_id) == (DUE, None)
    assert due.listing(DUE - dt.timedelta(days=1)) == ()
    (found,) = due.listing(DUE)
    assert (found.record_id, found.due_on, found.disposition, found.held) == (
        record_id,
        DUE,
        Disposition.DESTROY,
        False,
    )
    decision = due.answer(found.record_id, DUE).decision
    assert {line.rule for line in decision.winning} == {"NY-CLIENT", "NY-OASAS-CASE"}, "ties are named"
    assert found.version == "2026.11"


def test_a_statement_in_force_of_a_client_who_is_served_is_no_exception(world: World) -> None:
    from register import due

    world.adopted()
    record = world.record()
    assert day(world, record.record_id) == (None, WhyNot.IN_EFFECT)
    assert due.exceptions(world.now.date()) == ()
    world.happened(EventKind.LAST_SERVICE, CLOSED)
    assert day(world, record.record_id) == (None, WhyNot.MISSING_EVENT), "nobody is served, and it is still in force"


def test_a_missing_event_is_an_exception_and_never_the_day_it_was_kept(world: World) -> None:
    from register import due, standing

    world.adopted()
    record = world.record()
    standing.revoke(world.vault, record.statement_id, by=world.intake, now=world.now)
    far = dt.date(2099, 1, 1)
    assert day(world, record.record_id, far) == (None, WhyNot.MISSING_EVENT)
    assert due.listing(far) == ()
    (found,) = due.exceptions(far)
    assert (found.record_id, found.why_not) == (record.record_id, WhyNot.MISSING_EVENT)
    missing = due.answer(record.record_id, far).decision.missing
    assert {one.event for one in missing} == {EventKind.LAST_SERVICE}


def test_a_reopened_case_resets_the_clock(world: World) -> None:
    world.adopted()
    record_id = ended(world)
    world.later(days=30)
    world.happened(EventKind.CASE_REOPENED, dt.date(2026, 12, 20))
    assert day(world, record_id) == (None, WhyNot.MISSING_EVENT)
    with pytest.raises(RegisterError) as before:
        world.happened(EventKind.LAST_SERVICE, dt.date(2026, 12, 19))
    assert before.value.code is RegisterErrorCode.EVENT
    world.happened(EventKind.LAST_SERVICE, dt.date(2026, 12, 21))
    assert day(world, record_id) == (dt.date(2033, 1, 1), None)


def test_a_new_sitting_reopens_the_case_by_itself(world: World) -> None:
    from register import events

    world.adopted()
    record_id = ended(world)
    world.opened()
    assert day(world, record_id) == (None, WhyNot.MISSING_EVENT)
    assert [one.kind for one in events.of_client(world.ids.client) if not one.undone] == [EventKind.CASE_REOPENED]


def test_a_disclosure_is_accounted_for_six_years_before_its_statement_goes(world: World) -> None:
    from register import ledger

    world.adopted()
    record_id = ended(world)
    world.later(days=400)
    from register import due

    ledger.enter(
        world.vault,
        client_id=world.ids.client,
        statement_id=due.answer(record_id, DUE).statement_id,  # type: ignore[arg-type]
        organization_id=world.ids.housing,
        categories=(),
        basis=DisclosureBasis.CONSENT,
        purpose=PurposeCode.HOUSING_PLACEMENT,
        told=facts.Handover(method=HandoverMethod.PAPER, received_by="Hana Housing", description="one page"),
        by=world.intake,
        now=world.now,
    )
    told = world.now.date()
    assert day(world, record_id) == (told.replace(year=told.year + 6) + dt.timedelta(days=1), None)
    (winner,) = due.answer(record_id, DUE).decision.winning  # type: ignore[arg-type]
    assert (winner.rule, winner.of) == ("US-ACCOUNTING", "disclosure_ledger")
    assert due.listing(DUE) == ()


def test_a_minors_record_waits_for_one_year_past_twenty_one(world: World) -> None:
    from register import clients

    born = dt.date(2012, 6, 15)
    child = clients.add(world.vault, Identity(legal_name="Kit Young", birth_date=born), by=world.intake, now=world.now)
    from register import models

    row = models.Client.objects.get(pk=child.client_id)
    assert row.of_age_on == dt.date(2030, 6, 30), "to the month: no date tells a birth date"
    world.adopted()
    record_id = ended(world)
    models.Statement.objects.update(client=child.client_id)
    models.RetentionEvent.objects.exclude(client=None).update(client=child.client_id)
    assert day(world, record_id) == (dt.date(2034, 7, 1), None), "the end of June 2033, a year on, and the day after"


def test_a_client_added_before_anybody_asked_keeps_both_rules_until_the_birth_date_is_read(world: World) -> None:
    from register import clients, models

    world.adopted()
    models.Client.objects.update(age="unread", of_age_on=None)
    record_id = ended(world)
    assert day(world, record_id) == (None, WhyNot.MISSING_EVENT)
    assert clients.read_ages(world.vault, now=world.now) == 1
    assert day(world, record_id) == (DUE, None)
    assert clients.read_ages(world.vault, now=world.now) == 0


def test_a_matter_brings_its_funders_rule_to_what_was_kept_in_its_time(world: World) -> None:
    from register import due, events

    world.adopted()
    record_id = ended(world)
    events.add_matter(
        code="bja-2026-04",
        kind=MatterKind.AWARD,
        funder="federal_award",
        covers_from=dt.date(2026, 1, 1),
        covers_to=dt.date(2027, 12, 31),
        by=world.officer,
        now=world.now,
    )
    assert due.listing(dt.date(2090, 1, 1)) == (), "every stored day rests on what holds no more"
    assert due.stale(world.now.date()) == due.refresh(now=world.now) == 1
    assert day(world, record_id) == (None, WhyNot.MISSING_EVENT)
    world.later(days=3000)
    reported = dt.date(2031, 2, 28)
    events.record_of_matter(
        "bja-2026-04", EventKind.FINAL_REPORT_SUBMITTED, happened_on=reported, by=world.officer, now=world.now
    )
    assert day(world, record_id) == (dt.date(2034, 3, 1), None)
    events.record_of_matter(
        "bja-2026-04", EventKind.AUDIT_OPENED, happened_on=reported, by=world.officer, now=world.now
    )
    assert day(world, record_id) == (None, WhyNot.MISSING_EVENT), "an audit that is open"


def test_declined_statements_go_by_a_class_of_their_own(world: World) -> None:
    from register import due, statements

    world.adopted()
    shown = world.presented()
    statements.decline(shown.statement_id, by=world.intake, now=world.now)
    year = dt.date(world.now.year + 1, world.now.month, world.now.day)
    assert due.declined(year) == ()
    assert due.declined(year + dt.timedelta(days=1)) == (shown.statement_id,)


def test_a_void_statement_leaves_its_event(world: World) -> None:
    from register import events, statements

    shown = world.presented()
    statements.void(shown.statement_id, reason=VoidReason.WRONG_CONTENT, by=world.intake, now=world.now)
    (event,) = events.of_statement(shown.statement_id)
    assert event.kind is EventKind.STATEMENT_VOID


def test_an_event_of_tomorrow_or_of_another_subject_is_refused(world: World) -> None:
    for kind, when in (
        (EventKind.LAST_SERVICE, world.now.date() + dt.timedelta(days=1)),
        (EventKind.FINAL_REPORT_SUBMITTED, CLOSED),
        (EventKind.AGE_21, CLOSED),
        (EventKind.CONSENT_NOT_IN_EFFECT, CLOSED),
    ):
        with pytest.raises(RegisterError) as refused:
            world.happened(kind, when)
        assert refused.value.code is RegisterErrorCode.EVENT


def test_an_event_that_was_a_mistake_counts_no_more(world: World) -> None:
    from register import events

    world.adopted()
    record_id = ended(world)
    (event,) = events.of_client(world.ids.client)
    assert events.day_of(world.vault, event.event_id) == CLOSED
    assert event.happened_on == dt.date(2026, 11, 30), "in clear only to the month"
    events.undo(event.event_id, by=world.officer, now=world.now)
    assert day(world, record_id) == (None, WhyNot.MISSING_EVENT)
    with pytest.raises(RegisterError) as again:
        events.undo(event.event_id, by=world.officer, now=world.now)
    assert again.value.code is RegisterErrorCode.MOVED_MEANWHILE


# --- schedules --------------------------------------------------------------------------------------------------------


def test_one_person_alone_adopts_no_schedule(world: World) -> None:
    from register import schedules

    schedules.propose(SHORT, by=world.officer, now=world.now)
    with pytest.raises(RegisterError) as alone:
        schedules.adopt("2027.1", by=world.officer, now=world.now)
    assert alone.value.code is RegisterErrorCode.SAME_PERSON
    with pytest.raises(RegisterError) as unfit:
        schedules.adopt("2027.1", by=world.administrator, now=world.now)
    assert unfit.value.code is RegisterErrorCode.NOT_ALLOWED
    assert schedules.current() is None


def test_bug_a_schedule_that_another_replaced_was_proposed_again_with_success_and_could_not_be_adopted(
    world: World,
) -> None:
    from register import schedules

    world.adopted(SHORT)
    assert schedules.propose(SHORT, by=world.officer, now=world.now).state.value == "in_force", "again is no harm"
    world.adopted()
    with pytest.raises(RegisterError, match="took the place") as refused:
        schedules.propose(SHORT, by=world.officer, now=world.now)
    assert refused.value.code is RegisterErrorCode.SCHEDULE_VERSION


def test_shortening_never_disposes_by_itself(world: World) -> None:
    from register import due, schedules

    world.adopted()
    record_id = ended(world)
    soon = dt.date(2027, 12, 1)
    told = due.compare(read(SHORT), as_of=soon)
    assert (told.newly_disposable, told.extended, told.shortened, told.shortens) == (1, 0, 0, True)
    assert due.compare(read(SHORT), as_of=CLOSED).shortened == 1
    world.adopted(SHORT)
    assert day(world, record_id, soon) == (DUE, None), "the schedule before it still counts"
    assert due.listing(soon) == ()

    schedules.approve_shortening("2027.1", by=world.officer, now=world.now)
    assert day(world, record_id, soon) == (DUE, None), "one person is not enough"
    with pytest.raises(RegisterError) as twice:
        schedules.approve_shortening("2027.1", by=world.officer, now=world.now)
    assert twice.value.code is RegisterErrorCode.SAME_PERSON
    schedules.approve_shortening("2027.1", by=world.counsel, now=world.now)
    assert due.refresh(now=world.now) == 1
    assert day(world, record_id, soon) == (soon, None)
    assert [one.record_id for one in due.listing(soon)] == [record_id]


def test_a_longer_schedule_holds_at_once(world: World) -> None:
    from register import due

    world.adopted()
    record_id = ended(world)
    longer = SHORT.replace("P1Y", "P9Y")
    assert due.compare(read(longer), as_of=DUE).extended == 1
    world.adopted(longer)
    assert day(world, record_id) == (dt.date(2035, 12, 1), None)


def test_a_class_that_no_rule_covered_before_needs_the_approval_too(world: World) -> None:
    narrow = SHORT.replace("[disclosure_statement, acknowledgment, disclosure_ledger]", "[something_else]")
    world.adopted(narrow)
    record_id = ended(world)
    assert day(world, record_id) == (None, WhyNot.NO_RULE)
    world.adopted(SHORT.replace('version: "2027.1"', 'version: "2027.2"'))
    assert day(world, record_id) == (None, WhyNot.SHORTENING)


def test_a_floor_above_a_ceiling_is_an_exception_and_no_day(world: World) -> None:
    from register import due

    ordered = shipped_text("us/ny") + (
        "  COURT-1: {series: an order, selector: {classes: [disclosure_statement]}, authority: an order,"
        " destroy_by: [{event: last_service, period: P2Y}], version: '1', jurisdiction: house,"
        " effective_from: 2026-01-01}\n"
    )
    world.adopted(ordered)
    record_id = ended(world)
    assert day(world, record_id) == (None, WhyNot.CONFLICT)
    decision = due.answer(record_id, DUE).decision  # type: ignore[arg-type]
    assert decision.destroy_by == dt.date(2028, 11, 1), "counted from the first day the month leaves open"


def test_the_list_goes_on_where_it_stopped(world: World) -> None:
    from register import due, models

    world.adopted(SHORT)
    for _ in range(3):
        world.record()
    world.happened(EventKind.LAST_SERVICE, CLOSED)
    far = dt.date(2090, 1, 1)
    whole = due.listing(far)
    assert len(whole) == 3
    first = due.listing(far, limit=2)
    assert first + due.listing(far, after=first[-1]) == whole
    due.disposed(models.Record.objects.filter(pk=whole[0].record_id), at=world.now)
    due.refresh(now=world.now)
    assert due.listing(far) == whole[1:]
    assert day(world, whole[0].record_id) == (None, WhyNot.DISPOSED)
