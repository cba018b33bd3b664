"""The measures of reading: easy from hard, and the forms that ship."""

from __future__ import annotations

import pytest

from rules.notices import redisclosure_notice
from templates.lint.reading import grade, perspicuity, spanish_syllables, syllables


def test_the_measure_of_reading_grade_knows_easy_from_hard() -> None:
    assert grade("The cat sat on the mat. It was glad.") < 2
    assert grade("Notwithstanding any provision herein, authorization constitutes irrevocable acquiescence.") > 15
    assert grade(redisclosure_notice(1).text) > 15


def test_the_spanish_measure_knows_easy_from_hard() -> None:
    assert perspicuity("El gato come pan. La casa es de mi tío. Yo voy a ir.") > 80
    hard = "La confidencialidad extraordinariamente comprometida imposibilitaría institucionalmente la divulgación."
    assert perspicuity(hard) < 15


@pytest.mark.parametrize(
    ("word", "count"),
    [
        ("organización", 5),
        ("oír", 2),
        ("aéreo", 4),
        ("ciudad", 2),
        ("que", 1),
        ("guerra", 2),
        ("y", 1),
        ("muy", 1),
        ("yo", 1),
        ("ley", 1),
        ("día", 2),
        ("pingüino", 3),
        ("caos", 2),
        ("Uruguay", 3),
    ],
)
def test_spanish_syllables_are_counted_as_they_are_spoken(word: str, count: int) -> None:
    assert spanish_syllables(word) == count


@pytest.mark.parametrize(("word", "count"), [("make", 1), ("table", 2), ("shared", 1), ("wanted", 2), ("idea", 2)])
def test_english_syllables_are_counted_by_the_vowels_that_are_heard(word: str, count: int) -> None:
    assert syllables(word) == count


def test_a_text_without_words_has_no_measure() -> None:
    with pytest.raises(ValueError, match="words"):
        grade("... 123")
