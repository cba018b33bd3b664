"""Recovery shares: any m of n bring the master key back, fewer tell nothing, and no refusal shows a word."""

from __future__ import annotations

import random
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.errors import BadShare, StorageError, WrongShares
from storage.master import MasterKey
from storage.recovery import check, combine, confirm, split

KEY = MasterKey(bytes(range(32)))
SHEETS = split(KEY, needed=3, shares=5)


@settings(max_examples=15, deadline=None)
@given(st.data(), st.binary(min_size=32, max_size=32))
def test_any_m_of_n_bring_the_key_back_and_m_less_one_do_not(data: st.DataObject, secret: bytes) -> None:
    shares = data.draw(st.integers(2, 7))
    needed = data.draw(st.integers(2, shares))
    key = MasterKey(secret)
    sheets = split(key, needed=needed, shares=shares)
    chosen = data.draw(st.permutations(sheets))[:needed]
    assert combine(chosen) == key
    with pytest.raises(WrongShares, match=f"{needed} recovery shares are needed, {needed - 1} were given"):
        combine(chosen[:-1]) if needed > 1 else None


def test_every_choice_of_three_of_five_gives_the_key() -> None:
    assert all(combine(chosen) == KEY for chosen in combinations(SHEETS, 3))


def test_more_shares_than_needed_do_no_harm() -> None:
    assert combine(SHEETS) == KEY


def test_case_and_line_breaks_do_not_matter() -> None:
    typed = [sheet.upper().replace(" ", "\n", 9) for sheet in SHEETS[:3]]
    assert combine(typed) == KEY


def test_a_share_tells_which_it_is() -> None:
    told = [check(sheet) for sheet in SHEETS]
    assert [share.number for share in told] == [1, 2, 3, 4, 5]
    assert {share.needed for share in told} == {3}
    assert len({share.set_id for share in told}) == 1


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2), st.integers(0, 32), st.integers(0, 10**6))
def test_one_wrong_word_is_found_in_the_share_that_has_it(which: int, place: int, seed: int) -> None:
    words = SHEETS[which].split()
    others = [word for sheet in SHEETS for word in sheet.split() if word != words[place]]
    words[place] = random.Random(seed).choice(others)
    typed = [*SHEETS[:3]]
    typed[which] = " ".join(words)
    with pytest.raises(BadShare) as caught:
        combine(typed)
    assert caught.value.number == which + 1
    assert f"Recovery share {which + 1} " in caught.value.sentence


@pytest.mark.parametrize(
    "spoil",
    [
        lambda words: [*words[:8], "zzyzx", *words[9:]],
        lambda words: words[:-1],
        lambda words: [*words, words[0]],
        lambda words: [*words[:8], words[9], words[8], *words[10:]],
        lambda words: [],
    ],
    ids=["no such word", "one short", "one too many", "two exchanged", "nothing"],
)
def test_a_refusal_never_shows_a_word_not_even_as_its_cause(spoil: object) -> None:
    assert callable(spoil)
    words = spoil(SHEETS[1].split())
    with pytest.raises(BadShare) as caught:
        combine([SHEETS[0], " ".join(words), SHEETS[2]])
    error: BaseException | None = caught.value
    assert caught.value.number == 2
    while error is not None:
        # "should" is one of the thousand words of a share too
        said = str(error).lower().replace("wrong or misplaced word", "").replace("words and should have", "")
        assert not [word for word in [*words[:12], "zzyzx"] if len(word) > 5 and word in said]
        error = error.__cause__ or error.__context__


def test_shares_of_two_splittings_do_not_mix() -> None:
    other = split(KEY, needed=3, shares=5)
    with pytest.raises(BadShare, match="Recovery share 3 belongs to another set"):
        combine([SHEETS[0], SHEETS[1], other[2]])


def test_the_same_share_twice_is_told() -> None:
    with pytest.raises(BadShare, match="Recovery share 2 was given twice"):
        combine([SHEETS[0], SHEETS[0], SHEETS[1]])


@pytest.mark.parametrize(("needed", "shares"), [(1, 1), (1, 3), (4, 3), (2, 17), (0, 0)])
def test_impossible_or_lonely_splittings_are_refused(needed: int, shares: int) -> None:
    with pytest.raises(WrongShares):
        split(KEY, needed=needed, shares=shares)


def test_confirming_needs_the_key_of_this_installation() -> None:
    confirm(KEY, SHEETS[2:])
    with pytest.raises(WrongShares):
        confirm(MasterKey(bytes(32)), SHEETS[2:])
    with pytest.raises(StorageError):
        confirm(KEY, [])
