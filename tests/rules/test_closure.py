"""What is kept on after a program ended carries the rule's own label; what no law requires is not kept on."""

from __future__ import annotations

import datetime as dt

import pytest

from rules.closure import Custody, label, may_be_kept_on


def test_the_label_is_that_of_the_rule_word_for_word() -> None:
    assert label("Return Services", "8 NYCRR 29.2(a)(3)", dt.date(2032, 11, 30)) == (
        "Records of Return Services required to be maintained under 8 NYCRR 29.2(a)(3) until a date not later than "
        "November 30, 2032"
    )


@pytest.mark.parametrize("month", range(1, 13))
def test_every_month_is_written_out(month: int) -> None:
    day = dt.date(2030, month, 1)
    assert label("P", "L", day).endswith(f"{day:%B} 1, 2030")


def test_what_has_no_law_no_date_or_whose_time_is_over_is_not_kept_on() -> None:
    until = dt.date(2032, 11, 30)
    assert may_be_kept_on(Custody(authority="8 NYCRR 29.2(a)(3)", until=until)) == ()
    assert [found.field for found in may_be_kept_on(Custody(authority=" ", until=until))] == ["authority"]
    assert [found.field for found in may_be_kept_on(Custody(authority="L", until=None))] == ["until"]
    assert may_be_kept_on(Custody(authority="L", until=until, over=True))
