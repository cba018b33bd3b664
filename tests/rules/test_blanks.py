"""An entry is told from what stands in for one, and an event anyone can see from one nobody can."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.blanks import is_placeholder, is_vague, placeholders_among

PIECES = (
    *("t", "b", "d", "a", ".", "{", "}", "%", "#", "_", "?", "x", "n/a", "to be ", "determined", "por ", "definir"),
    *("fill ", "me", "in", "no ", "aplica", "<", "name", "[", "]", ">", "lorem ", "ipsum", "placeholder", "asdf", " "),
)
"""What placeholders are made of."""


@pytest.mark.parametrize(
    "text",
    [
        "N/A",
        "n/a",
        "TBD",
        "t.b.d.",
        "___",
        "to be determined",
        "{{ name }}",
        "{% if %}",
        "xxx",
        "XXXX",
        "???",
        "....",
        "-",
        "[insert name]",
        "<client name>",
        "unknown",
        "None",
        "Lorem ipsum dolor",
        "por definir",
        "Fill in",
        "asdf",
        "ninguno",
    ],
)
def test_placeholders_are_seen(text: str) -> None:
    assert is_placeholder(text)
    assert placeholders_among([("a", "Real"), ("b", text)]) == ["b"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "To help me fill out my housing application",
        "For my claim to be decided",
        "Nadia Naranjo",
        "<Reyes> & Co",
        "Xavier Xu",
        "O'Neill",
        "St. Joseph's Center",
        "«yo»",
        "Unknown Soldier Post 5",
        "Tabita Tbilisi",
        "No aplica a nadie más",
    ],
)
def test_entries_pass(text: str) -> None:
    assert not is_placeholder(text)
    assert placeholders_among([("a", text)]) == []


@pytest.mark.parametrize(
    "event",
    [
        "when appropriate",
        "when I am ready",
        "Until further notice",
        "as needed",
        "as long as necessary",
        "someday",
        "never",
        "when the program decides",
        "when my counselor thinks so",
        "at the discretion of staff",
        "when I no longer need help",
        "cuando sea necesario",
        "hasta nuevo aviso",
        "cuando yo quiera",
        "cuando el programa lo decida",
        "mientras",
        "",
        " ",
    ],
)
def test_events_nobody_could_see_are_vague(event: str) -> None:
    assert is_vague(event)


@pytest.mark.parametrize(
    "event",
    [
        "The court closes my case",
        "When the court decides my case",
        "The day I move in",
        "I finish the program",
        "When my restitution is satisfied",
        "30 days after I leave Jennifer House",
        "My parole ends",
        "I turn 21",
        "El tribunal cierra mi caso",
        "Cuando el tribunal decida mi caso",
        "El día que me mude",
        "Termino el programa",
    ],
)
def test_events_a_clerk_can_see_pass(event: str) -> None:
    assert not is_vague(event)


@pytest.mark.parametrize("event", ["End of the treatment", "end of treatment.", "none", "Fin del tratamiento"])
def test_the_end_of_the_treatment_is_an_end_for_treatment_only(event: str) -> None:
    assert is_vague(event)
    assert not is_vague(event, for_tpo=True)


@given(pieces=st.lists(st.sampled_from(PIECES), max_size=6))
def test_the_glance_at_all_texts_misses_no_placeholder(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert placeholders_among([("a", text)]) == (["a"] if is_placeholder(text) else [])
