"""A receipt counts for the very archive, opened, from somebody else, on a day that can be; and for nothing else."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.closure import Custody
from rules.transfer import NoReceipt, Receipt, Sent, may_be_handed_over, why_no_receipt

TODAY = dt.date(2026, 11, 25)
DIGESTS = st.sampled_from(["a" * 64, "b" * 64, "A" * 64, f" {'a' * 64}\n", "a" * 63, ""])
DAYS = st.integers(-3, 3).map(lambda days: TODAY + dt.timedelta(days=days))
PEOPLE = st.integers(0, 2)


@given(DIGESTS, DIGESTS, PEOPLE, PEOPLE, DAYS, DAYS)
def test_a_receipt_counts_only_when_all_that_it_says_is_so(
    archive: str, sums: str, hander: int, recorder: int, handed_on: dt.date, received_on: dt.date
) -> None:
    sent = Sent(by=hander, on=handed_on, archive_sha256="a" * 64, sums_sha256="b" * 64)
    told = Receipt(recorded_by=recorder, on=received_on, archive_sha256=archive, sums_sha256=sums)
    why = why_no_receipt(sent, told, today=TODAY)
    counts = (
        archive.strip().lower() == "a" * 64
        and sums.strip().lower() == "b" * 64
        and hander != recorder
        and handed_on <= received_on <= TODAY
    )
    assert (why is None) is counts
    if archive.strip().lower() != "a" * 64:
        assert why is NoReceipt.ANOTHER_ARCHIVE


def test_an_archive_whose_digest_nobody_wrote_down_is_confirmed_by_nothing() -> None:
    sent = Sent(by=1, on=TODAY, archive_sha256="", sums_sha256="")
    told = Receipt(recorded_by=2, on=TODAY, archive_sha256="", sums_sha256="")
    assert why_no_receipt(sent, told, today=TODAY) is NoReceipt.ANOTHER_ARCHIVE


LAW = "8 NYCRR 29.2(a)(3)"


@pytest.mark.parametrize(
    ("authority", "until", "last_day", "wrong"),
    [
        (LAW, dt.date(2033, 6, 30), None, []),
        (LAW, dt.date(2033, 6, 30), dt.date(2033, 6, 30), []),
        (" ", dt.date(2033, 6, 30), None, ["authority"]),
        (LAW, None, None, ["until"]),
        (LAW, TODAY, None, ["until"]),
        (LAW, dt.date(2033, 6, 30), dt.date(2033, 6, 29), ["until"]),
    ],
)
def test_a_successor_keeps_records_under_a_law_to_a_day_to_come_and_no_longer_than_any_rule_allows(
    authority: str, until: dt.date | None, last_day: dt.date | None, wrong: list[str]
) -> None:
    found = may_be_handed_over(Custody(authority=authority, until=until), today=TODAY, last_day=last_day)
    assert [one.field for one in found] == wrong
    assert all(one.authority for one in found)
