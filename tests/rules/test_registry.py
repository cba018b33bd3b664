"""A registry of organizations is read row by row, and nothing of it is lost or guessed."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.finding import FindingCode
from rules.registry import Entry, RegistryError, RowRefusal, read_registry
from rules.vocabulary import OrganizationKind

HEADER = "legal_name,unit,kind,address\n"


def refused(text: str) -> list[tuple[int, str, str]]:
    return [(row.line, row.column, row.code.value) for row in read_registry(text.encode())[1]]


def test_a_registry_as_a_spreadsheet_writes_it_is_read() -> None:
    text = (
        "\ufeffLegal_Name,Unit,Kind,Address\r\n"
        '"St. Joseph\'s Center",,housing,"12 Elm Street\nRochester, NY 14604"\r\n'
        "\r\n"
        "Smith County Probation,Field Office,Probation,1 Main Street; Smithville\r\n"
        "Fidelis Care,,Health Plan,\r\n"
    )
    entries, wrong = read_registry(text.encode())
    assert wrong == ()
    assert [(entry.line, entry.legal_name, entry.unit, entry.kind) for entry in entries] == [
        (2, "St. Joseph's Center", "", OrganizationKind.HOUSING),
        (5, "Smith County Probation", "Field Office", OrganizationKind.PROBATION),
        (6, "Fidelis Care", "", OrganizationKind.HEALTH_PLAN),
    ]
    assert entries[0].address == ("12 Elm Street", "Rochester, NY 14604")
    assert entries[1].address == ("1 Main Street", "Smithville")


@pytest.mark.parametrize(
    ("row", "column", "code"),
    [
        ("Monroe County Probation,Officer Ruiz,probation,", "unit", "V02"),
        ('Monroe County Probation,,probation,"attn Maria\n1 Main St"', "address", "V02"),
        ("P.O. J. Smith,,probation,", "legal_name", "V02"),
        (",,probation,", "legal_name", "V04"),
        ("N/A,,probation,", "legal_name", "V04"),
        ("Rochester City Court,,tribunal,", "kind", "O02"),
        ("Rochester City Court,,,", "kind", "O02"),
        ("Rochester City Court,Part 3,court,1 Main Street,Rochester", "", "O03"),
        ('"=HYPERLINK(""x"")",,court,', "legal_name", "O03"),
        (f"{'Very ' * 80}Long Center,,other,", "legal_name", "O03"),
    ],
)
def test_a_row_is_refused_by_its_own_rule_and_the_others_stand(row: str, column: str, code: str) -> None:
    text = f"{HEADER}First Court,,court,\n{row}\nLast Court,,court,\n"
    assert refused(text) == [(3, column, code)]
    assert [entry.legal_name for entry in read_registry(text.encode())[0]] == ["First Court", "Last Court"]


def test_everything_wrong_with_a_row_is_told_at_once() -> None:
    assert [code for _, _, code in refused(HEADER + "Officer Ruiz,TBD,police,\n")] == ["V04", "O02", "V02"]


def test_a_refusal_repeats_nothing_of_the_row() -> None:
    _, wrong = read_registry((HEADER + "Officer Quetzalcanario,,probation,\n").encode())
    assert "uetzal" not in repr(wrong)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"  \n\n", "empty"),
        (HEADER.encode(), "no organization"),
        ("legal_name,kind\nCafé,court\n".encode("latin-1"), "line 2"),
        (HEADER.encode("utf-16"), "UTF-16"),
        (b"legal_name,kind\nA\0B,court\n", "line 2"),
        (b"legal_name;kind\nA;court\n", "commas"),
        (b"name,kind\nA,court\n", "missing: legal_name"),
        (b"legal_name,kind,adress\nA,court,\n", "did you mean address"),
        (b"legal_name,kind,kind\nA,court,court\n", "twice: kind"),
        (b'legal_name,kind\nA,court\n"B,court\nC,court\n', "line 3"),
        (b'legal_name,kind\n"A"x,court\n', "line 2"),
    ],
)
def test_a_file_that_is_no_registry_says_why_and_where(data: bytes, says: str) -> None:
    with pytest.raises(RegistryError, match=says) as told:
        read_registry(data)
    assert told.value.remedy


@settings(deadline=None, max_examples=100)
@given(
    rows=st.lists(
        st.tuples(
            st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30),
            st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=10),
            st.sampled_from([*OrganizationKind, "nothing"]),
            st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_every_row_is_an_entry_or_refused_and_never_both(rows: list[tuple[str, str, str, str]]) -> None:
    sheet = io.StringIO(newline="")
    csv.writer(sheet).writerows([("legal_name", "unit", "kind", "address"), *rows])
    entries, wrong = read_registry(sheet.getvalue().encode())
    taken, left = {entry.line for entry in entries}, {row.line for row in wrong}
    assert not taken & left
    assert len(taken) + len(left) == len(rows)
    assert all(isinstance(entry, Entry) for entry in entries)
    assert all(isinstance(row, RowRefusal) and row.code in FindingCode for row in wrong)
