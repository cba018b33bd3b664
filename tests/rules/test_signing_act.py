"""The bytes signed are the bytes shown, all of them, to someone who chose to sign on a screen."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.finding import FindingCode
from rules.statement import SigningAct, check_signing

IN_FORCE = "2026.11"
DOCUMENT = b"%PDF-1.7 three pages"
GOOD = SigningAct(
    shown_sha256=hashlib.sha256(DOCUMENT).hexdigest(),
    pages=3,
    pages_viewed=frozenset({1, 2, 3}),
    electronic_records_version=IN_FORCE,
    paper_offered=True,
)


def codes(act: SigningAct, document: bytes = DOCUMENT) -> list[FindingCode]:
    found = check_signing(act, to_sign=document, electronic_records_current=IN_FORCE)
    return [finding.code for finding in found]


def test_a_lawful_act_has_no_findings() -> None:
    assert codes(GOOD) == []


@given(st.binary(max_size=64))
def test_bytes_that_were_not_shown_are_not_signed(other: bytes) -> None:
    assert codes(GOOD, other) == ([] if other == DOCUMENT else [FindingCode.V15])


@pytest.mark.parametrize(
    "act",
    [
        replace(GOOD, electronic_records_version=None),
        replace(GOOD, electronic_records_version="2019.01"),
        replace(GOOD, pages_viewed=frozenset({1, 3})),
        replace(GOOD, pages_viewed=frozenset()),
        replace(GOOD, pages=0, pages_viewed=frozenset()),
        replace(GOOD, paper_offered=False),
    ],
)
def test_each_missing_part_of_a_free_choice_is_found(act: SigningAct) -> None:
    assert codes(act) == [FindingCode.V19]


@pytest.mark.parametrize(("told", "allowed"), [("4071", True), (" 4071 ", True), ("4072", False), ("", False)])
def test_who_agrees_to_electronic_records_shows_that_they_can_read_one(told: str, allowed: bool) -> None:
    act = replace(GOOD, access_code=told)
    found = check_signing(act, to_sign=DOCUMENT, electronic_records_current=IN_FORCE, access_code="4071")
    assert [(one.code, one.field) for one in found] == ([] if allowed else [(FindingCode.V19, "act.access_code")])
