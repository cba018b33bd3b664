"""Recovery shares: the master key as sheets of words, m of which bring it back and m-1 of which tell nothing.

Danger: a share that is mistyped on the worst day, or that a program prints into a log while complaining about it.
Invariant: shares are SLIP-39 (Shamir over GF(256), a checksum of three words in every share), made and read by the
reference implementation. Every refusal names the number of the share and never one of its words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from storage.errors import BadShare, WrongShares
from storage.master import MasterKey

if TYPE_CHECKING:
    from shamir_mnemonic.share import Share

_WORDS = 33  # of a 32-byte secret
_MAX_SHARES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedShare:
    """What one share tells about itself; enough to see that it belongs, not what it holds."""

    set_id: int
    """The same for all shares of one splitting."""
    number: int
    """Which share of the set it is, from 1."""
    needed: int
    """How many shares bring the key back."""


def split(master: MasterKey, *, needed: int, shares: int) -> list[str]:
    """Sheets of 33 words each, `needed` of which give the master key again. Raises WrongShares for impossible
    numbers.
    """
    if not 2 <= needed <= shares <= _MAX_SHARES:
        raise WrongShares(
            "Recovery needs at least 2 of at most 16 shares.",
            "Choose for example 2 of 3, or 3 of 5; one person alone must never hold enough.",
        )
    from shamir_mnemonic import generate_mnemonics

    sheets: list[str] = generate_mnemonics(1, [(needed, shares)], master.reveal())[0]
    if combine(sheets[-needed:]) != master:
        raise WrongShares("The shares just made do not give the key again.", "Do not use them; report this.")
    return sheets


def check(words: str, *, number: int = 1) -> CheckedShare:
    """Read one share by itself. `number` is its place in what the person gave, for the refusal. Raises BadShare."""
    share = _read(words, number)
    return CheckedShare(set_id=share.identifier, number=share.index + 1, needed=share.member_threshold)


def combine(sheets: Sequence[str]) -> MasterKey:
    """The master key from enough shares of one set. Raises BadShare or WrongShares."""
    shares = [_read(words, number) for number, words in enumerate(sheets, start=1)]
    if not shares:
        raise WrongShares("No recovery share was given.", "Type the words of the shares, one share after the other.")
    for number, share in enumerate(shares, start=1):
        if share.common_parameters() != shares[0].common_parameters():
            raise BadShare(number, "belongs to another set than the first")
        if any(share.index == earlier.index for earlier in shares[: number - 1]):
            raise BadShare(number, "was given twice")
    needed = shares[0].member_threshold
    if len(shares) < needed:
        raise WrongShares(
            f"{needed} recovery shares are needed, {len(shares)} were given.",
            "Bring the holders of more shares together.",
        )
    from shamir_mnemonic import combine_mnemonics

    with _without_words("The shares do not fit together."):
        secret = combine_mnemonics([share.mnemonic() for share in shares[:needed]])
    return MasterKey(secret)


def confirm(master: MasterKey, sheets: Sequence[str]) -> None:
    """That these shares, as typed back by their holders, give this key. Raises BadShare or WrongShares."""
    if combine(sheets) != master:
        raise WrongShares(
            "These shares give a key, but not the one of this installation.", "Use the sheets that were written last."
        )


def _read(words: str, number: int) -> Share:
    from shamir_mnemonic.share import Share
    from shamir_mnemonic.utils import MnemonicError
    from shamir_mnemonic.wordlist import WORD_INDEX_MAP

    listed = words.split()
    for place, word in enumerate(listed, start=1):
        if word.lower() not in WORD_INDEX_MAP:
            raise BadShare(number, f"has a word that is not in the list: word {place}")
    if len(listed) != _WORDS:
        raise BadShare(number, f"has {len(listed)} words and should have {_WORDS}")
    try:
        return Share.from_mnemonic(" ".join(listed))
    except MnemonicError:
        # the library's message quotes the first words of the share: it goes no further, nor does the chain
        mistyped = BadShare(number, "has a wrong or misplaced word: its checksum does not fit")
    raise mistyped


@contextmanager
def _without_words(sentence: str) -> Iterator[None]:
    from shamir_mnemonic.utils import MnemonicError

    try:
        yield
    except MnemonicError:
        refusal = WrongShares(sentence, "Check that all shares were written on the same day for this installation.")
    else:
        return
    raise refusal
