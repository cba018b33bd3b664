"""Retention dates are calendar-correct, the longest rule wins, and what is not known gives no date."""

from __future__ import annotations

import calendar
import datetime as dt
from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rules.law import needs_counsel
from rules.retention.comparing import Change, change
from rules.retention.days import FiscalYear, Period, cut_off
from rules.retention.decision import Decision, Happened, Item, MatterFacts, decide, decide_through
from rules.retention.reading import ScheduleError, files, read, shipped, shipped_file, shipped_text, uncovered
from rules.retention.schedule import OWN_CLASSES, Schedule
from rules.retention.words import Cutoff, Disposition, EventKind, EventSubject, WhyNot
from rules.vocabulary import Family, ProgramClass, StatementState

NEW_YORK = shipped("us/ny")
TODAY = dt.date(2026, 11, 25)
DAYS = st.dates(dt.date(1950, 1, 1), dt.date(2060, 12, 31))
LEAP = dt.date(2024, 2, 29)
STATEMENT = Item(
    retention_class="disclosure_statement",
    state=StatementState.EXPIRED,
    family=Family.SPECIFIC,
    programs=frozenset({ProgramClass.ETHICS_ONLY}),
    minor=False,
    happened=(
        Happened.on(EventKind.LAST_SERVICE, dt.date(2020, 3, 14)),
        Happened.on(EventKind.CONSENT_NOT_IN_EFFECT, dt.date(2019, 1, 5)),
    ),
)


# --- the calendar -----------------------------------------------------------------------------------------------------


def walked(day: dt.date, months: int, days: int) -> dt.date:
    """The same by walking: the first day that is as many months on and not before the day of the month, then on."""
    reached = day
    while True:
        passed = (reached.year - day.year) * 12 + reached.month - day.month
        if passed > months or (passed == months and reached.day >= day.day):
            break
        reached += dt.timedelta(days=1)
    for _ in range(days):
        reached += dt.timedelta(days=1)
    return reached


@settings(max_examples=60, deadline=None)
@given(DAYS, st.integers(0, 125), st.integers(0, 40))
@example(LEAP, 12, 0)
@example(LEAP, 48, 0)
@example(dt.date(2026, 1, 31), 1, 0)
@example(dt.date(2026, 12, 31), 2, 3)
def test_a_floor_ends_where_walking_day_by_day_ends(day: dt.date, months: int, days: int) -> None:
    assert Period(months, days).floor(day) == walked(day, months, days)


@given(DAYS, st.integers(0, 1300), st.integers(0, 400))
def test_a_ceiling_never_ends_after_the_floor_of_the_same_period(day: dt.date, months: int, days: int) -> None:
    period = Period(months, days)
    assert dt.timedelta(0) <= period.floor(day) - period.ceiling(day) <= dt.timedelta(days=1)


@given(DAYS, DAYS, st.integers(0, 400), st.integers(0, 40))
def test_a_later_event_never_ends_earlier(one: dt.date, other: dt.date, months: int, days: int) -> None:
    first, second = sorted((one, other))
    assert Period(months, days).floor(first) <= Period(months, days).floor(second)
    assert Period(months, days).ceiling(first) <= Period(months, days).ceiling(second)


@pytest.mark.parametrize(
    ("day", "period", "floor", "ceiling"),
    [
        (LEAP, "P1Y", dt.date(2025, 3, 1), dt.date(2025, 2, 28)),
        (LEAP, "P4Y", dt.date(2028, 2, 29), dt.date(2028, 2, 29)),
        (dt.date(2025, 2, 28), "P3Y", dt.date(2028, 2, 28), dt.date(2028, 2, 28)),
        (dt.date(2026, 1, 31), "P1M", dt.date(2026, 3, 1), dt.date(2026, 2, 28)),
        (dt.date(2026, 8, 31), "P1M", dt.date(2026, 10, 1), dt.date(2026, 9, 30)),
        (dt.date(2026, 12, 31), "P6Y", dt.date(2032, 12, 31), dt.date(2032, 12, 31)),
        (dt.date(2026, 3, 1), "P2W1D", dt.date(2026, 3, 16), dt.date(2026, 3, 16)),
        (dt.date(2026, 3, 1), "P0D", dt.date(2026, 3, 1), dt.date(2026, 3, 1)),
    ],
)
def test_days_a_month_does_not_have(day: dt.date, period: str, floor: dt.date, ceiling: dt.date) -> None:
    assert (Period.parse(period).floor(day), Period.parse(period).ceiling(day)) == (floor, ceiling)


@given(st.integers(0, 99), st.integers(0, 11), st.integers(0, 300))
def test_a_period_is_read_as_it_is_written(years: int, months: int, days: int) -> None:
    period = Period(12 * years + months, days)
    assert Period.parse(str(period)) == period


@pytest.mark.parametrize("text", ["", "P", "6Y", "P6", "P-1Y", "P1.5Y", "PT5M", "P6Y ", "6 years", "P1Y\n", "P١Y"])
def test_what_is_no_period_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ValueError, match=r"^not an ISO 8601 period of whole days$"):
        Period.parse(text)


@given(DAYS, st.dates(dt.date(2000, 1, 1), dt.date(2000, 12, 31)))
def test_a_fiscal_year_ends_once_a_year_and_never_before_the_day(day: dt.date, ends: dt.date) -> None:
    fiscal = FiscalYear(ends.month, ends.day)
    end = cut_off(day, Cutoff.FISCAL_YEAR, fiscal)
    assert dt.timedelta(0) <= end - day <= dt.timedelta(days=366)
    assert end.month == ends.month
    assert end.day == min(ends.day, calendar.monthrange(end.year, end.month)[1])
    assert cut_off(end, Cutoff.FISCAL_YEAR, fiscal) == end


@given(DAYS)
def test_a_calendar_years_end_is_that_of_fiscal_years_that_end_with_it(day: dt.date) -> None:
    assert cut_off(day, Cutoff.CALENDAR_YEAR, FiscalYear(6, 30)) == cut_off(day, Cutoff.FISCAL_YEAR, FiscalYear(12, 31))


# --- what ships -------------------------------------------------------------------------------------------------------


def due(item: Item, schedule: Schedule = NEW_YORK, day: dt.date = TODAY) -> tuple[dt.date | None, WhyNot | None]:
    decision = decide(schedule, item, day=day)
    return decision.due_on, decision.why_not


def with_events(item: Item, **on: dt.date) -> Item:
    fresh = tuple(Happened.on(EventKind(kind), day) for kind, day in on.items())
    kept = tuple(one for one in item.happened if one.event.value not in on)
    return replace(item, happened=kept + fresh)


def test_six_years_after_last_service_and_the_day_after() -> None:
    assert due(STATEMENT) == (dt.date(2026, 3, 15), None)


def test_a_minors_record_is_kept_to_the_later_of_both() -> None:
    served_at_ten = with_events(
        replace(STATEMENT, minor=True), age_18=dt.date(2028, 3, 14), age_21=dt.date(2031, 3, 14)
    )
    assert due(served_at_ten) == (dt.date(2032, 3, 15), None)
    served_at_seventeen = with_events(
        replace(STATEMENT, minor=True), age_18=dt.date(2021, 3, 14), age_21=dt.date(2024, 3, 14)
    )
    assert due(served_at_seventeen) == (dt.date(2026, 3, 15), None)


def test_a_client_whose_age_nobody_knows_has_no_day() -> None:
    assert due(replace(STATEMENT, minor=None)) == (None, WhyNot.MISSING_EVENT)


def test_a_unit_nobody_classified_keeps_by_every_rule() -> None:
    part2 = frozenset({ProgramClass.PART2_PROGRAM})
    discharged = with_events(STATEMENT, discharge=dt.date(2021, 6, 1))
    assert due(discharged) == (dt.date(2026, 3, 15), None)
    for programs in (part2, frozenset({ProgramClass.UNKNOWN}), frozenset[ProgramClass]()):
        assert due(replace(discharged, programs=programs)) == (dt.date(2027, 6, 2), None)


def test_an_award_waits_for_its_report_and_for_an_audit_that_was_opened() -> None:
    award = MatterFacts(code="bja-1", funder="federal_award")

    def under(**on: dt.date) -> Item:
        happened = tuple(Happened.on(EventKind(kind), day) for kind, day in on.items())
        return replace(STATEMENT, matters=(replace(award, happened=happened),))

    report = dt.date(2025, 9, 30)
    assert due(under()) == (None, WhyNot.MISSING_EVENT)
    assert due(under(final_report_submitted=report)) == (dt.date(2028, 10, 1), None)
    assert due(under(final_report_submitted=report, audit_opened=report)) == (None, WhyNot.MISSING_EVENT)
    closed = dt.date(2030, 1, 31)
    audited = under(final_report_submitted=report, audit_opened=report, audit_closed=closed)
    assert due(audited) == (dt.date(2030, 2, 1), None)
    other = replace(STATEMENT, matters=(replace(award, funder="a foundation"),))
    assert due(other) == due(STATEMENT)


def test_what_depends_on_it_goes_first() -> None:
    told = Item(retention_class="disclosure_ledger", happened=(Happened.on(EventKind.DISCLOSED, dt.date(2023, 2, 28)),))
    decision = decide(NEW_YORK, replace(STATEMENT, dependents=(told,)), day=TODAY)
    assert decision.due_on == dt.date(2029, 3, 1)
    assert [line.rule for line in decision.winning] == ["US-ACCOUNTING"]
    untold = replace(told, happened=())
    assert due(replace(STATEMENT, dependents=(untold,))) == (None, WhyNot.MISSING_EVENT)


def test_a_further_state_is_a_further_file_and_one_without_has_the_rules_above_it(tmp_path: Path) -> None:
    packaged = resources.files("rules") / "retention"
    for name in files():
        (tmp_path / f"{name}.yaml").write_bytes((packaged / f"{name}.yaml").read_bytes())
    example_state = {
        **shipped_file("us.ny"),
        "jurisdiction": "us/ex",
        "rules": {"EX-CLIENT": {**shipped_file("us.ny")["rules"]["NY-CLIENT"], "authority": "an example's code"}},
    }
    (tmp_path / "us.ex.yaml").write_text(yaml.safe_dump(example_state))
    assert files(tmp_path) == ("us", "us.ex", "us.ny", "house")
    there, here, bare = (
        {rule.code for rule in read(shipped_text(code, tmp_path)).rules} for code in ("us/ex", "us/ny", "us/bare")
    )
    assert there == bare | {"EX-CLIENT"}
    assert bare < here
    assert "EX-CLIENT" not in here
    with pytest.raises(LookupError):
        shipped_text("atlantis", tmp_path)


def test_ties_are_named_and_the_most_careful_end_wins() -> None:
    text = yaml.safe_load(shipped_text("us/ny"))
    text["rules"]["FUNDER-1"] = {
        **text["rules"]["NY-CLIENT"],
        "disposition": "transfer",
    }
    decision = decide(read(yaml.safe_dump(text)), STATEMENT, day=TODAY)
    assert {line.rule for line in decision.winning} == {"NY-CLIENT", "FUNDER-1"}
    assert decision.disposition is Disposition.TRANSFER


def test_certificates_are_permanent_and_manifests_have_a_day() -> None:
    assert due(Item(retention_class="disposal_certificate")) == (None, WhyNot.PERMANENT)
    completed = Happened.on(EventKind.COMPLETED, LEAP)
    assert due(Item(retention_class="disposal_manifest", happened=(completed,))) == (dt.date(2030, 3, 2), None)
    assert due(Item(retention_class="audit_log")) == (None, WhyNot.MISSING_EVENT)
    assert due(Item(retention_class="no_such_class")) == (None, WhyNot.NO_RULE)


def test_what_was_declined_or_void_has_a_class() -> None:
    declined = Item(retention_class="declined", happened=(Happened.on(EventKind.STATEMENT_DECLINED, TODAY),))
    assert due(declined) == (dt.date(2027, 11, 26), None)
    void = Item(retention_class="void", happened=(Happened.on(EventKind.STATEMENT_VOID, TODAY),))
    assert due(void) == (TODAY + dt.timedelta(days=1), None)


def test_every_class_of_the_forms_and_our_own_has_a_rule() -> None:
    from templates.catalog import catalog

    classes = {*OWN_CLASSES, *(form.retention_class for form in catalog())}
    assert uncovered(NEW_YORK, classes) == ()
    assert uncovered(NEW_YORK, {"poems"}) == ("poems",)


def test_a_form_of_every_family_and_state_is_kept_by_some_rule_or_says_what_is_missing() -> None:
    for family in Family:
        for state in StatementState:
            item = replace(STATEMENT, family=family, state=state, happened=())
            assert due(item)[1] in (WhyNot.MISSING_EVENT, WhyNot.IN_EFFECT), (family, state)


def test_what_ships_waits_for_counsel_and_says_so() -> None:
    told = {(row.table, row.row) for row in needs_counsel()}
    assert {(f"retention/{name}", "") for name in files()} <= told
    assert ("retention/us", "rules.US-MANAGED-CARE") in told, "from memory"
    assert ("retention/us.ny", "rules.NY-CLIENT") not in told, "found at its source"
    for name in files():
        for code, rule in shipped_file(name)["rules"].items():
            assert rule["authority"], code
            assert rule.get("verified_on") is not None or rule["needs_counsel"], code


# --- properties of the decision ---------------------------------------------------------------------------------------

EVENTS = st.lists(
    st.builds(
        lambda kind, first, wide: Happened(kind, first, first + dt.timedelta(days=wide)),
        st.sampled_from([one for one in EventKind if one.subject in (EventSubject.CLIENT, EventSubject.STATEMENT)]),
        DAYS,
        st.sampled_from([0, 0, 27]),
    ),
    max_size=8,
).map(tuple)
ITEMS = st.builds(
    Item,
    retention_class=st.sampled_from(["disclosure_statement", "acknowledgment", "hospital_record", "declined"]),
    state=st.sampled_from(StatementState),
    family=st.sampled_from(Family),
    programs=st.sets(st.sampled_from(ProgramClass)).map(frozenset),
    minor=st.sampled_from([None, True, False]),
    happened=EVENTS,
)


@given(ITEMS)
def test_a_day_is_never_earlier_than_any_rule_that_applies_says(item: Item) -> None:
    decision = decide(NEW_YORK, item, day=TODAY)
    if decision.due_on is None:
        assert decision.why_not is not None
        return
    assert not decision.missing
    for rule in NEW_YORK.rules:
        alone = decide(replace(NEW_YORK, rules=(rule,)), item, day=TODAY)
        if alone.why_not is not WhyNot.NO_RULE:
            assert alone.due_on is not None
            assert alone.due_on <= decision.due_on


@given(ITEMS)
def test_without_an_event_that_a_rule_counts_from_there_is_no_day(item: Item) -> None:
    decision = decide(NEW_YORK, item, day=TODAY)
    for line in decision.counted:
        rule = NEW_YORK.rule(line.rule)
        assert rule is not None
        if any(one.event is line.event and one.only_if is None for one in rule.keep):
            fewer = replace(item, happened=tuple(one for one in item.happened if one.event is not line.event))
            without = decide(NEW_YORK, fewer, day=TODAY)
            assert (without.due_on, without.why_not) in ((None, WhyNot.MISSING_EVENT), (None, WhyNot.IN_EFFECT))


@given(ITEMS, DAYS)
def test_a_further_disclosure_only_ever_keeps_longer(item: Item, day: dt.date) -> None:
    told = Item(retention_class="disclosure_ledger", happened=(Happened.on(EventKind.DISCLOSED, day),))
    before, after = (decide(NEW_YORK, one, day=TODAY).due_on for one in (item, replace(item, dependents=(told,))))
    if before is None:
        assert after is None
    else:
        assert after is not None
        assert after >= before
        assert after > Period.parse("P6Y").floor(day)


SHORTER = read(shipped_text("us/ny").replace("P6Y", "P2Y").replace("'2026.11'", "'2027.1'"))
LONGER = read(shipped_text("us/ny").replace("P6Y", "P9Y").replace("'2026.11'", "'2028.1'"))


@given(ITEMS, st.permutations([NEW_YORK, SHORTER, LONGER]))
def test_a_shortening_that_nobody_approved_lets_nothing_go_earlier(item: Item, order: list[Schedule]) -> None:
    through = decide_through(order, item, day=TODAY)
    each = [decide(one, item, day=TODAY) for one in order]
    if any(one.due_on is None for one in each):
        assert through.due_on is None
    else:
        assert through.due_on == max(one.due_on for one in each if one.due_on)


@given(ITEMS)
def test_a_change_is_what_the_two_days_say(item: Item) -> None:
    def between(now: Schedule, new: Schedule) -> Change:
        told: tuple[Decision, Decision] = (decide(now, item, day=TODAY), decide(new, item, day=TODAY))
        return change(*told, TODAY)

    assert between(NEW_YORK, NEW_YORK) is Change.SAME
    assert between(NEW_YORK, LONGER) in (Change.SAME, Change.EXTENDED)
    assert between(NEW_YORK, SHORTER) is not Change.EXTENDED


@given(DAYS, st.integers(0, 60), st.integers(0, 60), st.integers(0, 27))
def test_where_floor_and_ceiling_cross_there_is_no_day(day: dt.date, least: int, most: int, wide: int) -> None:
    text = f"""
version: "1"
rules:
  LEAST: {{series: a, selector: {{}}, keep: [{{event: last_service, period: P{least}M}}], authority: a,
          version: "1", jurisdiction: house, effective_from: 2000-01-01}}
  MOST: {{series: a, selector: {{}}, destroy_by: [{{event: last_service, period: P{most}M}}], authority: a,
         version: "1", jurisdiction: house, effective_from: 2000-01-01}}
"""
    happened = Happened(EventKind.LAST_SERVICE, day, day + dt.timedelta(days=wide))
    decision = decide(read(text), Item(retention_class="x", happened=(happened,)), day=dt.date(2026, 1, 1))
    may_go, must_go = Period(least, 0).floor(happened.last) + dt.timedelta(days=1), Period(most, 0).ceiling(day)
    assert decision.destroy_by == must_go
    if must_go < may_go:
        assert (decision.due_on, decision.why_not) == (None, WhyNot.CONFLICT)
    else:
        assert (decision.due_on, decision.why_not) == (may_go, None)


def test_a_rule_holds_from_its_first_day_to_its_last() -> None:
    text = yaml.safe_load(shipped_text("us/ny"))
    text["rules"]["NY-CLIENT"]["effective_to"] = dt.date(2026, 11, 25)
    for code in [code for code in text["rules"] if code not in ("NY-CLIENT", "US-HIPAA-DOC")]:
        del text["rules"][code]
    schedule = read(yaml.safe_dump(text))
    assert due(STATEMENT, schedule, dt.date(2026, 11, 25)) == (dt.date(2026, 3, 15), None)
    assert due(STATEMENT, schedule, dt.date(2026, 11, 26)) == (dt.date(2025, 1, 6), None)
    assert due(STATEMENT, schedule, dt.date(2025, 12, 31)) == (None, WhyNot.NO_RULE)


# --- reading ----------------------------------------------------------------------------------------------------------


def places(text: str) -> set[str]:
    with pytest.raises(ScheduleError) as refused:
        read(text)
    return {problem.path for problem in refused.value.problems}


RULE = "R: {series: a, selector: {classes: [x]}, keep: [{event: last_service, period: P1Y}], authority: a, version: '1', jurisdiction: house, effective_from: 2026-01-01}"  # noqa: E501


@pytest.mark.parametrize(
    ("change_of", "to", "where"),
    [
        ("period: P1Y", "period: 1Y", "rules.R.keep.0.period"),
        ("event: last_service", "event: birthday", "rules.R.keep.0.event"),
        ("event: last_service", "event: audit_closed", "rules.R"),
        ("authority: a", "authority: ''", "rules.R.authority"),
        ("version: '1'", "version: 1.0", "rules.R.version"),
        ("effective_from: 2026-01-01", "effective_from: soon", "rules.R.effective_from"),
        ("effective_from: 2026-01-01", "effective_from: 2026-01-01, effective_to: 2025-01-01", "rules.R.effective_to"),
        ("classes: [x]", "classes: x", "rules.R.selector.classes"),
        ("classes: [x]", "families: [novel]", "rules.R.selector.families"),
        ("classes: [x]", "minor: perhaps", "rules.R.selector.minor"),
        ("series: a", "series: a, disposition: burn", "rules.R.disposition"),
        ("series: a", "series: a, disposition: permanent", "rules.R"),
        ("series: a", "series: a, destroy_by: [{event: last_service, period: P6M}]", "rules.R.destroy_by"),
        ("keep: [{event: last_service, period: P1Y}]", "combine: latest", "rules.R.keep"),
        ("series: a", "series: a, keeps: x", "rules.R.keeps"),
    ],
)
def test_what_is_wrong_with_a_rule_is_told_by_its_place(change_of: str, to: str, where: str) -> None:
    assert len(read(f"version: '1'\nrules:\n  {RULE}\n").rules) == 1
    assert where in places(f"version: '1'\nrules:\n  {RULE.replace(change_of, to)}\n")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- a",
        "a: [",
        "version: '1'",
        "version: '1'\nrules: {}",
        "rules: 7",
        "a: 2026-02-31",
        "? [a]\n: b",
        "&a [*a]",
    ],
)
def test_what_is_no_schedule_is_refused(text: str) -> None:
    assert places(text)


def test_a_rule_that_stands_twice_is_refused_and_not_silently_the_last() -> None:
    assert places(f"version: '1'\nrules:\n  {RULE}\n  {RULE.replace('P1Y', 'P0D')}\n") == {"line 3"}


@settings(max_examples=50)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.dates(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["series", "keep", "event", "period", "x"]), inner)
        ),
        max_leaves=12,
    )
)
def test_whatever_a_rule_says_it_is_read_or_refused_and_nothing_else(told: object) -> None:
    text = yaml.safe_dump({"version": "1", "rules": {"R": told}})
    with pytest.raises(ScheduleError):
        read(text)
