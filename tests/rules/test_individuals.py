"""People are told from organizations: measured on two lists, and on what surrounds a name."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.individuals import individuals_in, individuals_in_file_name

Lines = Callable[[str], list[str]]


def test_the_lists_are_long_enough_to_measure_by(lines: Lines) -> None:
    assert len(set(lines("organizations_accept"))) >= 300
    assert len(set(lines("individuals_refuse"))) >= 300


def test_organizations_pass_at_99_percent(lines: Lines) -> None:
    names = lines("organizations_accept")
    refused = [name for name in names if individuals_in(name)]
    assert len(refused) <= len(names) // 100, refused


def test_individuals_are_found_at_99_percent(lines: Lines) -> None:
    texts = lines("individuals_refuse")
    missed = [text for text in texts if not individuals_in(text)]
    assert len(missed) <= len(texts) // 100, missed


@pytest.mark.parametrize(
    "name",
    [
        "St. Joseph's Center",
        "Smith County Probation",
        "Jim Smith Reentry House",
        "Dr. Martin Luther King Jr. Center",
        "Judge Rotenberg Educational Center",
        "Monroe County Office of Probation",
    ],
)
def test_names_given_by_the_owner_pass(name: str) -> None:
    assert individuals_in(name) == ()


@pytest.mark.parametrize(
    "text", ["P.O. J. Smith", "Oficial Ruiz", "Judge Lee's court", "attn Maria", "Officer Ángel Ruiz"]
)
def test_people_given_by_the_owner_do_not_pass(text: str) -> None:
    assert individuals_in(text)


@pytest.mark.parametrize("letter", list("abcde"))
def test_an_organization_that_is_refused_passes_with_its_legal_form(letter: str, lines: Lines) -> None:
    refused = [name for name in lines(f"fresh_organizations_{letter}") if individuals_in(name)]
    assert [name for name in refused if individuals_in(f"{name}, Inc.")] == []


@pytest.mark.parametrize(
    "text",
    [
        "Abebe Tesfaye",
        "Park Ji-hoon",
        "Chen Guowei",
        "Osman, Fadumo",
        "Rochester Parole / Cifarelli",
        "Badge #2281",
        "x4471 Marchetti",
        "so Aziz knows",
        "Kou at intake",
        "keisha at parole",
        "my p.o. is jessica",
        "until Krzysztof Maccini says so",
        "mi oficial se llama Vidal",
    ],
)
def test_people_are_found_without_a_title_or_a_known_name(text: str) -> None:
    assert individuals_in(text)


@pytest.mark.parametrize(
    "name",
    [
        "Edward Jones",
        "Fred Meyer Pharmacy",
        "Dolph Briscoe Unit",
        "George C. Wallace State",
        "Tommy Hilfiger Outlet",
        "P.S. 112 José Celso Barbosa",
        "Ruiz, Ortega & Bell, Attorneys at Law",
        "Parks and Recreation Department",
        "SS. Peter and Paul",
        "Dona Ana County Detention",
    ],
)
def test_namesakes_and_brands_pass(name: str) -> None:
    assert individuals_in(name) == ()


def test_ordinary_purposes_pass(lines: Lines) -> None:
    refused = [text for text in lines("purposes_accept") if individuals_in(text)]
    assert refused == []


@settings(deadline=None, max_examples=200)
@given(
    organization=st.sampled_from(["Monroe County Probation", "Division of Parole", "Rochester City Court"]),
    joint=st.sampled_from([", ", " - ", " / ", ": ", "\n", "; "]),
    person=st.sampled_from(
        ["Officer Ruiz", "PO Smith", "Judge Lee", "Ms. Garcia", "Maria Lopez", "Jueza Martínez", "Sr. Gómez"]
    ),
)
def test_a_person_after_an_organization_is_found(organization: str, joint: str, person: str) -> None:
    assert individuals_in(organization) == ()
    assert individuals_in(f"{organization}{joint}{person}")
    assert individuals_in(f"{organization} ({person})")


@settings(deadline=None, max_examples=200)
@given(text=st.text(max_size=80))
def test_any_text_is_answered(text: str) -> None:
    assert isinstance(individuals_in(text), tuple)
    assert isinstance(individuals_in_file_name(text), tuple)


@pytest.mark.parametrize(
    "disguise",
    ["Of\ufb01cer Ruiz", "O\ufb03cer Ruiz", "Offi\u00adcer Ruiz", "Officer\u00a0Ruiz", "Officer\u200b Ruiz"],
)
def test_ligatures_and_invisible_signs_hide_nobody(disguise: str) -> None:
    assert individuals_in(disguise)


@pytest.mark.parametrize(
    "name",
    [
        "disclosure-K7QF-2M9D-XR4T.pdf",
        "disclosure-supervision-K7QF-2M9D-XR4T.pdf",
        "privacy-acknowledgment-AB12-CD34-EF56.pdf",
    ],
)
def test_our_own_file_names_pass(name: str) -> None:
    assert individuals_in_file_name(name) == ()


@pytest.mark.parametrize(
    "name",
    [
        "statement_officer_smith.pdf",
        "Maria-Lopez.pdf",
        "maria_lopez_parole.pdf",
        "LopezMaria.pdf",
        "Judge Lee.pdf",
        "for-PO-Smith.PDF",
    ],
)
def test_people_in_file_names_are_found(name: str) -> None:
    assert individuals_in_file_name(name)
