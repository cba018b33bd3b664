"""What the text of a form must and must not say, judged before there is any client.

Danger: a form that lacks a clause makes every statement on it defective (42 CFR 2.31(c)(2); 45 CFR 164.508(b)(2)), one
by one, in front of clients. Invariant: the signs of clauses are those by which a finished paper is judged
(`rules.finished`), and which clauses a family wants is data (`rules.families`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from rules.families import Clause, requirements
from rules.folding import fold
from rules.tables import table
from rules.vocabulary import Family, Language

_NEGATED = re.compile(r"\b(?:can ?not|can't|may not|no puedo|no podre|no se puede)\b")


@dataclass(frozen=True, slots=True)
class Stigma:
    """A word that makes a person into what happened to them."""

    word: str
    """As it stands in the folded text."""
    instead: str
    """What to write."""


def must_say(family: Family) -> frozenset[Clause]:
    """The clauses that the text of every form of `family` must show."""
    return requirements(family).clauses


def must_not_say(family: Family) -> frozenset[Clause]:
    """The clauses that no form of `family` may show."""
    return requirements(family).never


def clauses_in(text: str) -> frozenset[Clause]:
    """The clauses whose signs `text` shows; a sign is not a judgment of the words."""
    return frozenset(clause for clause in Clause if found(clause, text))


def found(clause: Clause, text: str) -> tuple[re.Match[str], ...]:
    """Where `text` (any case, in English or Spanish) shows the sign of `clause`; a negated one does not count.

    The matches are into `fold(text)`.
    """
    folded = fold(text)
    matches = (match for sign in signs(clause) for match in sign.finditer(folded))
    return tuple(match for match in matches if clause is not Clause.REVOCATION_ANYTIME or not negated(match))


def stigma_in(text: str, language: Language) -> Iterator[Stigma]:
    """Every word of stigma in `text`."""
    folded = fold(text)
    for sign, instead in _stigma(language):
        for match in sign.finditer(folded):
            yield Stigma(match.group(), instead)


def negated(match: re.Match[str]) -> bool:
    """True for "I cannot cancel this at any time before …"."""
    return _NEGATED.search(match.string[max(0, match.start() - 14) : match.end()]) is not None


@cache
def signs(clause: Clause) -> tuple[re.Pattern[str], ...]:
    """The patterns of a clause in every language, for folded text."""
    rows = table("clauses")["entries"][clause.value]
    return tuple(re.compile(pattern) for language in Language for pattern in rows[language.value])


@cache
def _stigma(language: Language) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(row["sign"]), str(row["instead"])) for row in table("words")["stigma"][language.value])
