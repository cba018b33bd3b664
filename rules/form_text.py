"""What the text of a form must and must not say, judged before there is any client.

Danger: a form that lacks a clause makes every statement on it defective (42 CFR 2.31(c)(2); 45 CFR 164.508(b)(2)), one
by one, in front of clients. Invariant: the signs of clauses are those by which a finished paper is judged
(`rules.finished`), and which clauses a family wants is data (`clauses.yaml`, `families`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from rules.folding import fold
from rules.tables import table
from rules.vocabulary import Family, Language

_NEGATED = re.compile(r"\b(?:can ?not|can't|may not|no puedo|no podre|no se puede)\b")


class Clause(StrEnum):
    """The clauses that can be recognized; their signs are in data/clauses.yaml."""

    REVOCATION_ANYTIME = "revocation_anytime"
    REVOCATION_IN_WRITING = "revocation_in_writing"
    REVOCATION_LIMITED = "revocation_limited"
    HIPAA_REDISCLOSURE = "hipaa_redisclosure"
    POTENTIAL_REDISCLOSURE = "potential_redisclosure"
    REFUSAL_CONSEQUENCES = "refusal_consequences"

    @property
    def authority(self) -> str:
        """The law that wants it."""
        return str(table("clauses")["entries"][self.value]["authority"])


@dataclass(frozen=True, slots=True)
class Stigma:
    """A word that makes a person into what happened to them."""

    word: str
    """As it stands in the folded text."""
    instead: str
    """What to write."""


def must_say(family: Family) -> tuple[Clause, ...]:
    """The clauses that the text of every form of `family` must show."""
    return _listed(family, "must")


def must_not_say(family: Family) -> tuple[Clause, ...]:
    """The clauses that no form of `family` may show."""
    return _listed(family, "must_not")


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
def signs(clause: str) -> tuple[re.Pattern[str], ...]:
    """The patterns of a clause in every language, for folded text."""
    rows = table("clauses")["entries"][str(clause)]
    return tuple(re.compile(pattern) for language in Language for pattern in rows[language.value])


def _listed(family: Family, which: str) -> tuple[Clause, ...]:
    families = table("clauses")["families"]
    rows = families.get(family.value) or (families["disclosing"] if family.discloses else {})
    return tuple(Clause(name) for name in rows.get(which, ()))


@cache
def _stigma(language: Language) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(row["sign"]), str(row["instead"])) for row in table("words")["stigma"][language.value])
