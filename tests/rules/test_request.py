"""A request is read whole or refused whole, with every problem told and no value repeated."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.draft import Expiry, Revocable
from rules.request import MAX_STATEMENTS, RequestError, parse_request
from rules.vocabulary import InformationCategory, Language, MandateKind

CLIENT = "f515d9fa-fb82-42be-8180-5cf3568d2257"
ORGANIZATION = "6f1c2a52-0c9b-4f7e-9d3e-0a1b2c3d4e5f"


def request(**changes: Any) -> dict[str, Any]:
    statement = {
        "form": "disclosure-supervision",
        "organization": ORGANIZATION,
        "categories": ["attendance", "progress"],
        "purposes": ["supervision"],
        "expires": "2027-03-03",
        "revocable_from": {"event": "The court closes my case"},
        "mandate": {
            "kind": "probation_condition",
            "body": "Monroe County Court",
            "reference": "2025-0113",
            "ordered_on": "2026-01-05",
            "this_program": True,
        },
    }
    return {"client": CLIENT, "language": "es", "statements": [{**statement, **changes}]}


def paths(asked: dict[str, Any]) -> list[str]:
    with pytest.raises(RequestError) as refused:
        parse_request(asked)
    return [problem.path for problem in refused.value.problems]


def test_a_request_is_read() -> None:
    asked = parse_request(request())
    (wish,) = asked.statements
    assert asked.client_id == UUID(CLIENT)
    assert wish.language is Language.ES
    assert wish.categories == (InformationCategory.ATTENDANCE, InformationCategory.PROGRESS)
    assert wish.expiry == Expiry(dt.date(2027, 3, 3))
    assert wish.revocable == Revocable(None, "The court closes my case")
    assert wish.mandate is not None
    assert wish.mandate.kind is MandateKind.PROBATION_CONDITION


def test_a_statement_may_have_a_language_of_its_own() -> None:
    assert parse_request(request(language="en")).statements[0].language is Language.EN


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"categories": ["attendence"]}, "statements.0.categories.0"),
        ({"expires": "2027-02-30"}, "statements.0.expires.date"),
        ({"expires": {"date": 20270303}}, "statements.0.expires.date"),
        ({"expires_on": "2027-03-03"}, "statements.0.expires_on"),
        ({"organization": "Monroe County"}, "statements.0.organization"),
        ({"form": "../etc/passwd"}, "statements.0.form"),
        ({"mandate": {"kind": "probation_condition"}}, "statements.0.mandate.body"),
        ({"categories": ["progress", "progress"]}, "statements.0"),
        ({"purpose_text": 7}, "statements.0.purpose_text"),
        ({"representative_name": "a\u0000b"}, "statements.0.representative_name"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(changes: dict[str, Any], path: str) -> None:
    assert path in paths(request(**changes))


def test_every_problem_is_told_at_once() -> None:
    assert len(paths(request(categories=["x"], purposes=["y"], expires="z"))) == 3


def test_a_near_miss_is_answered_with_the_right_word() -> None:
    with pytest.raises(RequestError) as refused:
        parse_request(request(expiress="2027-03-03"))
    assert "Did you mean expires?" in str(refused.value)


def test_no_value_and_no_stray_name_is_repeated() -> None:
    asked = request(
        **{
            "Ana Ríos": 1,
            "categories": ["Ana Ríos"],
            "expires": "Ana Ríos",
            "organization": "Ana Ríos",
            "purposes": "Ana Ríos",
        }
    )
    with pytest.raises(RequestError) as refused:
        parse_request(asked)
    assert "Ana" not in str(refused.value)
    assert "Ana" not in repr(refused.value.problems)


def test_a_sitting_has_at_least_one_statement_and_not_too_many() -> None:
    one = request()["statements"][0]
    assert paths({"client": CLIENT, "statements": []}) == ["statements"]
    assert paths({"client": CLIENT, "statements": [one] * (MAX_STATEMENTS + 1)}) == ["statements"]


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["client", "language", "statements", "mandate"]), _VALUES))
def test_anything_else_is_refused_in_words(asked: dict[str, Any]) -> None:
    with pytest.raises(RequestError) as refused:
        parse_request(asked)
    assert all(problem.sentence and problem.remedy for problem in refused.value.problems)
