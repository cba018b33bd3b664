"""The long lists of words: in order, folded, each named by its table; and looked up as if they were sets."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.folding import fold
from rules.tables import TABLES, table, word_list
from rules.wordlists import WordList

DATA = Path(__file__).parents[2] / "rules" / "data"
LISTS = [(name, words) for name in TABLES for words in table(name).get("lists", ())]


def test_every_list_is_named_by_a_table_that_says_where_it_is_from() -> None:
    assert {f"{name}/{words}.txt" for name, words in LISTS} == {
        path.relative_to(DATA).as_posix() for path in DATA.rglob("*.txt")
    }
    with pytest.raises(KeyError):
        word_list("gazetteer", "words")


@pytest.mark.parametrize(("name", "words"), LISTS)
def test_a_list_has_folded_words_in_order_one_a_line(name: str, words: str) -> None:
    text = (DATA / name / f"{words}.txt").read_text(encoding="ascii")
    lines = text.splitlines()
    assert lines == sorted(set(lines))
    assert text.endswith("\n")
    assert all(line and line == fold(line) and len(line.split()) == 1 for line in lines)
    assert len(word_list(name, words)) == len(lines)
    assert all(line in word_list(name, words) for line in lines)


@given(
    words=st.sets(st.text(alphabet="ab'-z", min_size=1, max_size=6)),
    asked=st.lists(st.text(alphabet="ab'-zé\n", max_size=6)),
)
def test_a_list_holds_its_words_and_no_others(words: set[str], asked: list[str]) -> None:
    listed = WordList("".join(f"{word}\n" for word in sorted(words)))
    assert len(listed) == len(words)
    assert all(word in listed for word in words)
    assert [word in listed for word in asked] == [word in words for word in asked]


def test_a_list_longer_than_a_stretch_holds_no_part_of_a_word_nor_two_words() -> None:
    words = sorted(f"{first}{last}" for first in ("ab", "cd", "x") for last in range(1, 400))
    listed = WordList("".join(f"{word}\n" for word in words))
    assert all(word in listed for word in words)
    assert not any(word in listed for word in ("", "a", "ab", "ab1\nab10", "\n", "zz", "x400", "\ud800"))
