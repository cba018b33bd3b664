"""The words and word lists by which `rules.individuals` tells people from organizations.

Danger: two ways of cutting a text into words find two sets of names. Invariant: everything that looks for people cuts
with `words_of` and looks up in one `Lexicon`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from rules.folding import fold, plain
from rules.tables import table

_ABBREVIATIONS = (
    (re.compile(r"\bS\.\s?P\.\s?O\.?(?=\W|$)|\bs\.p\.o\.?(?=\W|$)"), "SPO"),
    (re.compile(r"\bP\.\s?O\.?(?=\W|$)|\bp\.o\.?(?=\W|$)"), "PO"),
    (re.compile(r"\bA\.\s?D\.\s?A\.?(?=\W|$)"), "ADA"),
    (re.compile(r"\bD\.\s?A\.(?=\W|$)"), "DA"),
    (re.compile(r"\b([A-Z])\.([A-Z])\.(?=\s*[A-Z][a-z])"), r"\1. \2. "),
    (re.compile(r"\bOff\.(?=\s)"), "Officer"),
)
_TOKEN = re.compile(r"[^\W\d_]+(?:['&/.-][^\W\d_]+)*'?|\d[\w-]*|\s-+\s|[^\w\s]|\n", re.UNICODE)
_BREAKS = frozenset(',;:/()[]|\n%#*+=<>"')
_MARK_WORDS = frozenset({"attn", "atn", "att", "attention", "fao", "care", "cc", "copia", "atencion", "cuidado"})
_MARK_WORDS |= {"contact", "contacto", "ask", "off"}


@dataclass(frozen=True, slots=True)
class Word:
    """One token: as written, folded without its possessive, and where it stands."""

    text: str
    folded: str
    start: int
    end: int
    possessive: bool

    @property
    def is_word(self) -> bool:
        return self.text[0].isalpha()

    @property
    def is_initial(self) -> bool:
        return len(self.text) == 1 and self.text.isupper()

    @property
    def breaks(self) -> bool:
        return self.text in _BREAKS or self.text.strip("-") == "" or self.text.isspace()


class Lexicon:
    """The word lists, as sets."""

    def __init__(self, rows: Mapping[str, Any]) -> None:
        def words(name: str) -> frozenset[str]:
            return frozenset(fold(str(rows[name])).split())

        self.officials = words("officials")
        self.dignities = words("dignities")
        self.titles = self.officials | self.dignities
        self.credentials = words("credentials")
        self.roles = words("roles")
        self.monuments = words("monuments")
        self.hard_monuments = words("hard_monuments")
        self.heads_before = words("heads_before")
        self.offices = words("offices")
        self.legal_forms = words("legal_forms")
        self.saints = words("saints")
        self.given = words("given")
        self.surnames = words("surnames")
        self.names = self.given | self.surnames
        self.common = words("common") | self.monuments | self.offices | self.legal_forms | self.saints | self.titles
        seconds = rows["second_words"]
        self.second_words = {str(word): frozenset(map(str, before)) for word, before in seconds.items()}
        self.triggers = self.titles | self.given | self.credentials | _MARK_WORDS


@cache
def lexicon_of_names() -> Lexicon:
    return Lexicon(table("names"))


def words_of(text: str) -> list[Word]:
    """The tokens of `text`, abbreviated titles made one word ("P. O." is "PO")."""
    text = plain(text)
    for pattern, full in _ABBREVIATIONS:
        text = pattern.sub(full, text)
    words = []
    for match in _TOKEN.finditer(text):
        raw = match.group()
        if raw == ".":
            continue
        folded = fold(raw)
        possessive = folded.endswith(("'s", "'"))
        if possessive:
            folded = folded.removesuffix("s").removesuffix("'")
        words.append(Word(raw, folded, match.start(), match.end(), possessive))
    return words
