"""A name is found however it is written, and nothing of it can be read from its tokens."""

from __future__ import annotations

import datetime as dt
import random
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from register.names import birth_token, index_parts, name_token, query_parts

ANY_PACE = settings(deadline=None)
LETTERS = st.text(st.characters(codec="utf-8", categories=("Lu", "Ll")), min_size=1, max_size=12)
NAMES = st.lists(LETTERS, min_size=1, max_size=4).map(" ".join)
PLAIN = st.lists(st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1), min_size=1, max_size=4)


@ANY_PACE
@given(PLAIN, st.randoms(use_true_random=False))
def test_order_case_accents_and_punctuation_make_no_difference(parts: list[str], chance: random.Random) -> None:
    shuffled = list(parts)
    chance.shuffle(shuffled)
    accented = [
        unicodedata.normalize("NFC", "".join(c + chance.choice(["", "\u0301", "\u0308"]) for c in part.swapcase()))
        for part in shuffled
    ]
    written = chance.choice([" ", ", ", "-", " . ", "  "]).join(accented)
    assert query_parts(written) == query_parts(" ".join(parts))


@ANY_PACE
@given(NAMES)
def test_normalizing_twice_changes_nothing(name: str) -> None:
    once = query_parts(name)
    assert query_parts(" ".join(once)) == once


@ANY_PACE
@given(st.text(max_size=60))
def test_whatever_somebody_types_finds_what_was_typed_the_same_way(name: str) -> None:
    assert query_parts(name) <= index_parts(name)


@ANY_PACE
@given(NAMES)
def test_both_unicode_spellings_are_one_name(name: str) -> None:
    assert query_parts(unicodedata.normalize("NFD", name)) == query_parts(unicodedata.normalize("NFC", name))


@pytest.mark.parametrize(
    ("registered", "asked"),
    [
        ("María García-López", "GARCIA maria"),
        ("María García-López", "lopez, garcia"),
        ("María García-López", "garcialopez"),
        ("Seán O’Brien", "sean obrien"),
        ("Seán O’Brien", "O'BRIEN"),
        ("Seán O’Brien", "o brien"),
        ("Łukasz Strauß", "lukasz strauss"),
        ("Søren Ångström", "soren angstrom"),
        ("İbrahim Işık", "ibrahim isik"),
        ("Jean-Luc d'Arc", "darc jean luc"),
        ("Ana María de la Cruz", "de la cruz ana"),
        ("Иван Йорданов", "йорданов ИВАН"),
    ],
)
def test_ways_people_write_one_name(registered: str, asked: str) -> None:
    assert query_parts(asked) <= index_parts(registered)


@pytest.mark.parametrize(("registered", "asked"), [("María García", "Gar"), ("Ana", "Anna"), ("García", "Garcías")])
def test_a_part_is_matched_whole(registered: str, asked: str) -> None:
    assert not query_parts(asked) <= index_parts(registered)


@pytest.mark.parametrize("nothing", ["", "  ", "-", "'’", "…!?", "\u0301"])
def test_what_holds_no_letter_is_no_name(nothing: str) -> None:
    assert query_parts(nothing) == frozenset()


def test_tokens_of_two_sites_have_nothing_in_common() -> None:
    born = dt.date(1987, 3, 14)
    assert name_token(b"a" * 32, "maria") != name_token(b"b" * 32, "maria")
    assert birth_token(b"a" * 32, born) != birth_token(b"b" * 32, born)
    assert len(name_token(b"a" * 32, "maria")) == 32


def test_a_name_that_reads_like_a_birth_date_has_another_token() -> None:
    key = b"k" * 32
    assert name_token(key, "1987-03-14") != birth_token(key, dt.date(1987, 3, 14))
