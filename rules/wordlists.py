"""Big lists of single words, asked whether a word is among them.

Danger: a hundred thousand words as a set of Python cost ten times their letters in every process that judges a name,
and a worker's memory is counted. Invariant: a list is one text, its words in order, one a line; a lookup looks at a
few hundred letters of it, and no word that is asked for is kept.
"""

from __future__ import annotations

from bisect import bisect_right

_STRETCH = 512
"""Letters between two words of the index."""


class WordList:
    """The words of a text of sorted lines; `in` tells whether a word is among them."""

    __slots__ = ("_firsts", "_starts", "_text")

    def __init__(self, text: str) -> None:
        """`text`: words in the order of their code points, each with a line's end; nothing else."""
        self._text = f"\n{text}"
        """Every word between two line ends."""
        starts = [0]
        while (end := self._text.find("\n", starts[-1] + _STRETCH)) >= 0 and end + 1 < len(self._text):
            starts.append(end)
        self._starts = (*starts, len(self._text) - 1)
        """Line ends, each before the first word of a stretch; the last ends the text."""
        self._firsts = [self._text[at + 1 : self._text.find("\n", at + 1)] for at in starts]

    def __contains__(self, word: str) -> bool:
        stretch = bisect_right(self._firsts, word) - 1
        if stretch < 0 or "\n" in word:
            return False
        return self._text.find(f"\n{word}\n", self._starts[stretch], self._starts[stretch + 1] + 1) >= 0

    def __len__(self) -> int:
        return self._text.count("\n") - 1
