"""The words and word lists by which `rules.individuals` tells people from organizations.

Danger: two ways of cutting a text into words find two sets of names. Invariant: everything that looks for people cuts
with `words_of` and looks up in one `Lexicon`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from rules.folding import fold, plain
from rules.tables import table

_ABBREVIATIONS = (
    (re.compile(r"\bU\.\s?S\.\s?P\.\s?O\.?(?=\W|$)"), "USPO"),
    (re.compile(r"\bS\.\s?P\.\s?O\.?(?=\W|$)|\bs\.p\.o\.?(?=\W|$)"), "SPO"),
    (re.compile(r"\bP\.\s?O\.(?=[A-Z][a-z])|\bPO[.-](?=[A-Z][a-z])"), "PO "),
    (re.compile(r"\bP\.\s?O\.?(?=\W|$)|\bp\.o\.?(?=\W|$)|\bP/O\b"), "PO"),
    (re.compile(r"\b(?:Of|Ofic)\.(?=\s[A-Z])"), "Oficial"),
    (re.compile(r"\bA\.\s?D\.\s?A\.?(?=\W|$)"), "ADA"),
    (re.compile(r"\bD\.\s?A\.(?=\W|$)"), "DA"),
    (re.compile(r"\b([A-Z])\.([A-Z])\.(?=\s*[A-Z][a-z])"), r"\1. \2. "),
    (re.compile(r"\bOff\.(?=\s)"), "Officer"),
)
_TOKEN = re.compile(r"[^\W\d_]+(?:['&.-][^\W\d_]+)*'?|\d[\w-]*|\s-+\s|[^\w\s]|\n", re.UNICODE)
_BREAKS = frozenset(',;:/()[]|\n%#*+=<>@"')
PARTICLES = frozenset(
    {"de", "la", "las", "los", "del", "van", "der", "den", "von", "di", "da", "al", "el", "bin", "ter"}
)
"""Small words inside names: "De La Cruz", "van der Berg"."""
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
        return self.text in _BREAKS or self.text.strip("- \t") == "" or self.text.isspace()


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
        self.states = words("states")
        self.lone_surnames = words("lone_surnames")
        self.names = self.given | self.surnames
        self.common = words("common") | self.monuments | self.offices | self.legal_forms | self.saints | self.titles
        seconds = rows["second_words"]
        self.second_words = {str(word): frozenset(map(str, before)) for word, before in seconds.items()}
        self.triggers = self.titles | self.given | self.credentials | self.lone_surnames | _MARK_WORDS


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
        head, hyphen, rest = raw.partition("-")
        if hyphen and rest[:1].isupper() and fold(head) in lexicon_of_names().titles:
            # "Officer-Ruiz"
            words.append(Word(head, fold(head), match.start(), match.end(), False))
            raw, folded = rest, fold(rest)
        possessive = folded.endswith(("'s", "'"))
        if possessive:
            folded = folded.removesuffix("s").removesuffix("'")
        words.append(Word(raw, folded, match.start(), match.end(), possessive))
    return words


def looks_like_name(word: Word, lexicon: Lexicon) -> bool:
    """True for a capitalized word that is no word of organizations, an initial, or a particle ("de", "van")."""
    if not word.is_word or not word.text[0].isupper():
        return False
    if word.is_initial or word.folded in PARTICLES:
        return True
    return not is_common(word.folded, lexicon)


def is_common(folded: str, lexicon: Lexicon) -> bool:
    """True for a word of organizations or of the language, its plural and its compounds too."""
    return (
        folded in lexicon.common
        or folded.removesuffix("s") in lexicon.common
        or all(part in lexicon.common for part in re.split(r"[-/&.]", folded) if part)
    )


def parts_of(words: Sequence[Word]) -> list[list[Word]]:
    """The words between breaks; empty parts left out."""
    parts: list[list[Word]] = [[]]
    for word in words:
        if word.breaks:
            parts.append([])
        else:
            parts[-1].append(word)
    return [part for part in parts if part]
