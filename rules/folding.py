"""Folds text so that the same words compare equal however they were typed, printed or extracted.

Danger: a name hides behind a ligature, a soft hyphen or a line break, and a search that misses it says "absent".
Invariant: both sides of every comparison in the rules go through the same fold.
"""

from __future__ import annotations

import re
import unicodedata

_INVISIBLE = dict.fromkeys(
    [0x00AD, 0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2060, 0xFEFF, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
)
_DASHES = dict.fromkeys([0x2010, 0x2011, 0x2012, 0x2013, 0x2014, 0x2015, 0x2212], "-")
_QUOTES = {0x2018: "'", 0x2019: "'", 0x02BC: "'", 0x00B4: "'", 0x0060: "'", 0x201C: '"', 0x201D: '"'}
_PLAIN = {**_INVISIBLE, **_DASHES, **_QUOTES}
# of a whole paper few characters are not plain: only those are looked up one by one
_NOT_PLAIN = re.compile("[" + "".join(map(re.escape, map(chr, _PLAIN))) + "]")
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")
_SPACE = re.compile(r"\s+")
_BROKEN_WORD = re.compile(r"(?<=\w)-[ \t]*\r?\n[ \t]*(?=\w)")


def plain(text: str) -> str:
    """NFKC, straight quotes and dashes, invisible characters gone; case, accents and line breaks kept."""
    # pdfium marks a hyphen at a line's end with U+0002 or U+FFFE
    text = text.replace("\ufffe", "-").replace("\x02", "-")
    return _NOT_PLAIN.sub(_made_plain, unicodedata.normalize("NFKC", text))


def _made_plain(found: re.Match[str]) -> str:
    return _PLAIN[ord(found.group())] or ""


def _without_accents(found: re.Match[str]) -> str:
    return "".join(sign for sign in found.group() if not unicodedata.combining(sign))


def one_line(text: str) -> str:
    """`plain`, with every run of white space one blank."""
    return _SPACE.sub(" ", plain(text)).strip()


def fold(text: str) -> str:
    """`one_line`, without case and accents: what is compared."""
    if text.isascii():
        # the one character of `_PLAIN` that is ASCII; split knows the same white space
        return " ".join(text.replace("`", "'").split()).casefold()
    decomposed = unicodedata.normalize("NFD", one_line(text).casefold())
    return unicodedata.normalize("NFC", _BEYOND_ASCII.sub(_without_accents, decomposed))


def unbroken(text: str) -> str:
    """Extracted text with words that were broken by a hyphen over a line's end put together ("Proba-\\ntion")."""
    return _BROKEN_WORD.sub("", plain(text))
