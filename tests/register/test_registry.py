"""A whole registry goes in row by row, exactly as told, and may be handed in again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from register.errors import RegisterError, RegisterErrorCode
from rules.finding import FindingCode
from rules.registry import read_registry

if TYPE_CHECKING:
    from tests.register.conftest import World

FILE = (
    b"legal_name,unit,kind,address\n"
    b"St. Joseph's Center,,housing,12 Elm Street\n"
    b"Smith County Probation,Field Office,probation,\n"
    b"st. joseph's center,,housing,\n"
    b"Jim Smith Reentry House,,housing,\n"
)


def test_what_is_told_is_what_went_in_and_once_only(world: World) -> None:
    from register import audit, organizations, registry

    before = len(organizations.listing())
    entries, _ = read_registry(FILE)
    first = registry.take_in(entries, by=world.intake, now=world.now)
    assert [line for line, _ in first.added] == [2, 3, 5]
    assert [(row.line, row.code) for row in first.refused] == [(4, FindingCode.O01)]
    assert len(organizations.listing()) == before + 3
    assert organizations.show(first.added[0][1]).legal_name == "St. Joseph's Center"
    assert audit.check().intact
    again = registry.take_in(entries, by=world.intake, now=world.now)
    assert again.added == ()
    assert again.present == (2, 3, 5)
    assert len(organizations.listing()) == before + 3


def test_judging_writes_nothing(world: World) -> None:
    from register import organizations, registry

    before = organizations.listing()
    told = registry.judge(read_registry(FILE)[0])
    assert told.would_add == (2, 3, 5)
    assert organizations.listing() == before


def test_what_is_registered_otherwise_or_retired_is_refused_with_the_reason(world: World) -> None:
    from register import organizations, registry

    organizations.ship_examples(by=world.intake, now=world.now)
    rows = (
        b"legal_name,kind,address\n"
        b"New York State Division of Parole,parole,\n"
        b"New York State Department of Corrections and Community Supervision,court,\n"
    )
    told = registry.judge(read_registry(rows)[0])
    assert [(row.code, row.column) for row in told.refused] == [
        (FindingCode.V03, "legal_name"),
        (FindingCode.O01, "kind"),
    ]
    assert organizations.DOCCS in told.refused[0].remedy


def test_a_row_added_by_somebody_else_meanwhile_stops_its_batch_and_keeps_those_before(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from register import organizations, registry

    monkeypatch.setattr(registry, "BATCH", 1)
    entries, _ = read_registry(FILE)
    went_in: list[int] = []

    def somebody_is_quicker(batch: object) -> None:
        went_in.extend(line for line, _ in batch)  # type: ignore[attr-defined]
        if len(went_in) == 1:
            organizations.add(
                legal_name="Smith County Probation",
                unit="Field Office",
                kind=entries[1].kind,
                by=world.intake,
                now=world.now,
            )

    with pytest.raises(RegisterError) as told:
        registry.take_in(entries, by=world.intake, now=world.now, done=somebody_is_quicker)
    assert told.value.code is RegisterErrorCode.MOVED_MEANWHILE
    assert went_in == [2]
    names = [row.legal_name for row in organizations.listing()]
    assert "Jim Smith Reentry House" not in names
    assert names.count("Smith County Probation") == 1
