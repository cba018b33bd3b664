"""How a client is found again: names cut into parts, each part a keyed hash.

Danger: a search that needs the exact spelling misses the client, and they are entered twice; a search index in clear is
a list of clients. Invariant: accents, case, order and punctuation make no difference; nothing of a name can be read
from a token without the site's search key.

A part is matched whole ("Gar" does not find García): a prefix index would give the names away letter by letter.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import re
import unicodedata

_PLAIN = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h", "ŋ": "n"}
)
"""Letters that Unicode does not take apart into a letter and an accent."""
_APOSTROPHES = re.compile(r"['’‘ʼ`´ʻ＇]")


def query_parts(name: str) -> frozenset[str]:
    """The parts somebody looks for: what stands between spaces and hyphens; apostrophes join (O'Brien is obrien)."""
    return frozenset(_words(_APOSTROPHES.sub("", _fold(name))))


def index_parts(name: str) -> frozenset[str]:
    """The parts a name is found by: those of a query, and those of other ways to write it.

    O'Brien is found as obrien and as o + brien; García-López as garcia + lopez and as garcialopez.
    """
    folded = _fold(name)
    split = _words(_APOSTROPHES.sub(" ", folded))
    joined = [part for word in folded.split() if (part := "".join(_words(word)))]
    return query_parts(name) | frozenset(split) | frozenset(joined)


def name_token(search_key: bytes, part: str) -> bytes:
    """32 bytes that stand for one normalized name part."""
    return hmac.digest(search_key, b"name\0" + part.encode(), hashlib.sha256)


def birth_token(search_key: bytes, birth_date: dt.date) -> bytes:
    """32 bytes that stand for a birth date."""
    return hmac.digest(search_key, b"birth\0" + birth_date.isoformat().encode(), hashlib.sha256)


def _fold(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text).casefold().translate(_PLAIN)
    # casefolding may bring accents of its own (the dotted capital I), hence once more
    return "".join(c for c in unicodedata.normalize("NFKD", folded) if not unicodedata.category(c).startswith("M"))


def _words(folded: str) -> list[str]:
    return re.findall(r"[^\W_]+", folded)
