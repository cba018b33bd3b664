"""What went in an emergency stands written as 42 CFR 2.51(c) wants it, or is refused with the paragraph."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from rules.emergency import Emergency, EmergencyGround, documented, dump, load
from rules.finding import blocking

NOW = dt.datetime(2026, 11, 26, 15, 0, tzinfo=dt.UTC)
TOLD = Emergency(
    ground=EmergencyGround.CONSENT_UNOBTAINABLE,
    to_medical_personnel=True,
    affiliation="Albany General Hospital, emergency department",
    disclosed_by="Ines Intake",
    nature="found unconscious after an overdose",
)


def found(told: Emergency = TOLD, *, to: str = "Dr. Meda Kelso", at: dt.datetime = NOW) -> list[tuple[str, str, str]]:
    told_of = documented(told, received_by=to, happened_at=at, written_at=NOW)
    assert blocking(told_of) == told_of
    return [(one.code.value, one.field, one.authority) for one in told_of]


@pytest.mark.parametrize("ground", list(EmergencyGround))
def test_a_whole_record_on_any_ground_stands_however_late_it_is_written(ground: EmergencyGround) -> None:
    assert found(replace(TOLD, ground=ground), at=NOW - dt.timedelta(days=3)) == []


@pytest.mark.parametrize(("lacks", "paragraph"), [("affiliation", "(1)"), ("disclosed_by", "(2)"), ("nature", "(4)")])
def test_each_fact_of_the_rule_is_wanted_and_told_by_its_paragraph(lacks: str, paragraph: str) -> None:
    assert found(replace(TOLD, **{lacks: "  "})) == [("V18", lacks, f"42 CFR 2.51(c){paragraph}")]


def test_who_received_it_is_named_and_the_time_has_come() -> None:
    assert found(to=" ") == [("V18", "received_by", "42 CFR 2.51(c)(1)")]
    assert found(at=NOW + dt.timedelta(minutes=1)) == [("V18", "happened_at", "42 CFR 2.51(c)(3)")]


def test_what_went_on_no_ground_of_the_rule_or_to_somebody_else_is_no_emergency() -> None:
    assert [(code, field) for code, field, _ in found(replace(TOLD, ground=None))] == [("V16", "ground")]
    told = replace(TOLD, to_medical_personnel=False)
    assert [(code, field) for code, field, _ in found(told)] == [("V16", "to_medical_personnel")]


def test_everything_wrong_is_told_at_once() -> None:
    nothing = Emergency(ground=None, to_medical_personnel=False, affiliation="", disclosed_by="", nature="")
    assert len(found(nothing, to="", at=NOW + dt.timedelta(days=1))) == 7


def test_what_is_kept_is_read_back_and_the_repr_tells_nobody() -> None:
    assert load(dump(TOLD)) == TOLD
    assert "Ines" not in repr(TOLD)
    assert "overdose" not in repr(TOLD)
    with pytest.raises(ValueError, match="no emergency's") as refused:
        load(b'{"ground": "overdose"}')
    assert "overdose" not in str(refused.value)
