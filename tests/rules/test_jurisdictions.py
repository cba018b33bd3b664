"""A state is a folder of data: adding one changes no code and nothing for the others."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from rules import notices, signers, statement
from rules.draft import StatementDraft
from rules.finding import FindingCode
from rules.jurisdictions import Jurisdiction, Service, jurisdiction, known
from rules.law import needs_counsel
from rules.vocabulary import Family, InformationCategory, MinorBasis, ProgramClass, SignerCapacity

EXAMPLE = """\
verified_on: null
source: an example
needs_counsel: true
name: Example State
minors:
  services:
    substance_use_treatment: {alone_from: 14, alone_on_finding: false, authority: Example Code 1}
"""


@pytest.fixture
def example(tmp_path: Path) -> Jurisdiction:
    """A second state, below the shipped federal table."""
    federal = Path(statement.__file__).parent / "data" / "jurisdictions" / "us" / "law.yaml"
    (tmp_path / "us" / "ex").mkdir(parents=True)
    (tmp_path / "us" / "law.yaml").write_bytes(federal.read_bytes())
    (tmp_path / "us" / "ex" / "law.yaml").write_text(EXAMPLE)
    assert known(tmp_path) == ("us", "us/ex")
    return jurisdiction("us/ex", tmp_path)


def test_federal_law_and_new_york_are_shipped_and_wait_for_counsel() -> None:
    assert known() == ("us", "us/ny")
    assert {row.table for row in needs_counsel()} >= {"jurisdictions/us", "jurisdictions/us/ny"}


def test_a_state_says_what_differs_and_inherits_the_rest(example: Jurisdiction) -> None:
    assert example.majority == jurisdiction("us").majority
    assert example.minors[Service.OTHER] == jurisdiction("us").minors[Service.OTHER]
    assert example.minors[Service.SUBSTANCE_USE_TREATMENT].alone_from == 14


def test_a_jurisdiction_without_a_table_is_none() -> None:
    with pytest.raises(LookupError):
        jurisdiction("us/atlantis")


@pytest.mark.parametrize(
    ("age", "basis", "right"),
    [
        (15, MinorBasis.MAY_CONSENT_ALONE, True),
        (15, MinorBasis.PARENT_MUST_JOIN, False),
        (13, MinorBasis.MAY_CONSENT_ALONE, False),
        (13, MinorBasis.PARENT_MUST_JOIN, True),
    ],
)
def test_who_signs_for_a_minor_follows_the_states_own_table(
    age: int,
    basis: MinorBasis,
    right: bool,
    example: Jurisdiction,
    lawful: StatementDraft,
    of_two: StatementDraft,
    today: dt.date,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(signers, "jurisdiction", lambda code: {"us/ex": example}[code])
    draft = replace(
        of_two if basis is MinorBasis.PARENT_MUST_JOIN else lawful,
        discloser=replace(lawful.discloser, jurisdiction="us/ex"),
        identity=replace(lawful.identity, birth_date=today.replace(year=today.year - age)),
        minor_basis=basis,
    )
    found = [finding.code for finding in statement.check(draft, today=today, policy_acknowledged=True)]
    assert found == ([] if right else [FindingCode.V14])


@pytest.mark.parametrize(
    "classes", [{ProgramClass.PART2_PROGRAM}, {ProgramClass.ETHICS_ONLY}, {ProgramClass.UNKNOWN}, set()]
)
@pytest.mark.parametrize("state", ["us/ny", "us/ex"])
def test_what_may_be_chosen_of_a_minor_is_what_v14_lets_stand_at_every_age(
    state: str,
    classes: set[ProgramClass],
    example: Jurisdiction,
    of_two: StatementDraft,
    today: dt.date,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(signers, "jurisdiction", lambda code: {"us/ex": example, "us/ny": jurisdiction("us/ny")}[code])
    unit = replace(of_two.discloser, jurisdiction=state, classes=frozenset(classes))
    alone = replace(of_two, capacity=SignerCapacity.CLIENT, representative_name=None, authority=None)
    for age in range(22):
        born = today.replace(year=today.year - age)
        may = signers.choices(born, unit, today)
        signed_by = {MinorBasis.MAY_CONSENT_ALONE: alone, MinorBasis.PARENT_MUST_JOIN: of_two}
        stands = [
            basis
            for basis, draft in signed_by.items()
            if not list(
                signers.fitting_signers(
                    replace(
                        draft, identity=replace(draft.identity, birth_date=born), discloser=unit, minor_basis=basis
                    ),
                    today,
                )
            )
        ]
        assert may.minor == (age < 18)
        assert list(may.bases) == (stands if may.minor else []), age
        assert SignerCapacity.PARENT in may.capacities or not may.minor
        assert SignerCapacity.PARENT not in may.capacities or may.minor
        # what nobody classified counts as Part 2 where that protects, and not where it lets somebody sign for another
        assert may.beside is (may.minor and classes != {ProgramClass.ETHICS_ONLY})
        assert (SignerCapacity.PROGRAM_DIRECTOR in may.capacities) is (
            not may.minor and classes == {ProgramClass.PART2_PROGRAM}
        )


@pytest.fixture
def released(lawful: StatementDraft) -> StatementDraft:
    """HIV information, on the form that New York wants for it."""
    return replace(lawful, family=Family.HIV, categories=(InformationCategory.HIV_INFORMATION,))


def codes(draft: StatementDraft, today: dt.date) -> set[FindingCode]:
    return {finding.code for finding in statement.check(draft, today=today, policy_acknowledged=True)}


def test_hiv_information_is_refused_where_the_tables_hold_no_release_and_nothing_else_is(
    example: Jurisdiction,
    released: StatementDraft,
    lawful: StatementDraft,
    today: dt.date,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for room in (statement, notices, signers):
        monkeypatch.setattr(room, "jurisdiction", lambda code: example if code == "us/ex" else jurisdiction(code))
    assert codes(released, today) == set()
    elsewhere = replace(lawful.discloser, jurisdiction="us/ex")
    assert codes(replace(released, discloser=elsewhere), today) == {FindingCode.S01}
    assert codes(replace(lawful, discloser=elsewhere), today) == codes(lawful, today) == set()
    assert notices.state_notice_for(released.categories, "us/ex") is None
    assert notices.in_writing_within("us/ex") == 0


def test_a_state_brings_its_own_notice_on_hiv_information(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    federal = Path(statement.__file__).parent / "data" / "jurisdictions" / "us" / "law.yaml"
    (tmp_path / "us" / "ex").mkdir(parents=True)
    (tmp_path / "us" / "law.yaml").write_bytes(federal.read_bytes())
    own = """
hiv:
  authority: Example Code 2
  verified_on: null
  needs_counsel: true
  notice:
    version: "1"
    authority: Example Code 3
    verified_on: null
    needs_counsel: true
    in_writing_within: 3
    statement: Example says that you keep this to yourself.
"""
    (tmp_path / "us" / "ex" / "law.yaml").write_text(EXAMPLE + own)
    monkeypatch.setattr(notices, "jurisdiction", lambda code: jurisdiction(code, tmp_path))
    notice = notices.state_notice_for((InformationCategory.HIV_INFORMATION,), "us/ex")
    assert notice is not None
    assert (notice.text, notice.authority) == ("Example says that you keep this to yourself.", "Example Code 3")
    assert notices.in_writing_within("us/ex") == 3
