"""A glance spares most texts the long look, and never says "nobody" of a text in which that finds somebody."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bench.purposes import purpose
from rules.glance import names_nobody, plainly_said
from rules.individuals import individuals_in, long_look
from rules.vocabulary import Language
from tests.rules.sentences import sentences

Lines = Callable[[str], list[str]]
LISTS = sorted(path.stem for path in (Path(__file__).parent / "data").glob("*.txt"))


@pytest.mark.parametrize("name", LISTS)
def test_of_no_text_on_any_list_the_glance_says_nobody_where_the_long_look_finds_somebody(
    name: str, lines: Lines
) -> None:
    assert [text for text in lines(name) if plainly_said(text) and long_look(text)] == []


def test_of_no_sentence_made_up_the_glance_says_nobody_where_the_long_look_finds_somebody() -> None:
    said = list(sentences(4000, seed=7))
    assert [text for text in said if plainly_said(text) and long_look(text)] == []
    assert sum(map(plainly_said, said)) > 400, "else this test shows little"


def test_half_of_what_clients_write_needs_no_long_look(lines: Lines) -> None:
    written = lines("purposes_accept")
    assert sum(map(names_nobody, written)) > 0.5 * len(written)
    for language in Language:
        made = [purpose(number, language) for number in range(200)]
        assert sum(map(names_nobody, made)) > 0.95 * len(made)


@pytest.mark.parametrize(
    "text",
    [
        *("I want to plan visits with my son Dashiell at home", "to tell my officer Zoraya that I came today"),
        *("please call my sister. Zoraya knows all about it", "I report to Ofic. Zoraya at the office there"),
        *(
            "we met at the office. J. Cifarelli signs for all",
            "to finish the course, parole officer, Zoraya, so be it",
        ),
        *("until mi hija, Zoraya, me diga que ya se puede", "the Commissioner of Social Services Corinda Crossdale"),
        *("my file goes to the desk of Zoraya at intake", "I'm asking that keisha at parole gets it today"),
        *("so Zoraya knows that I was here every week", "the clinic, on Monday, JSC decides about my case"),
        *("attn the records desk of the court in town", "my sister's kid, and zoraya's caseload at parole"),
    ],
)
def test_the_glance_leaves_to_the_long_look_where_somebody_may_stand(text: str) -> None:
    assert not plainly_said(text) or not long_look(text)
    assert individuals_in(text) == (() if names_nobody(text) else long_look(text))
