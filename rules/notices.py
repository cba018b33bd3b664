"""Texts that must be printed word for word, with their versions; and the detection of texts that are no longer law.

Danger: the notice of 42 CFR 2.32 is the one most often copied from before 2024 or spliced from two editions; and
printed on papers that are no Part 2 record it brands every client. Invariants: a text is compared as a whole, white
space aside; the notice accompanies consented disclosures of Part 2 records only (`notice_belongs`), and the state's own
those of HIV information only (`state_notice_for`), whoever's records they are.

The texts are data (data/notices.yaml; a state's in data/jurisdictions) with `verified_on` and `needs_counsel`.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from rules.folding import fold, one_line
from rules.jurisdictions import jurisdiction
from rules.tables import table
from rules.vocabulary import InformationCategory, Language, ProgramClass

NOT_GUARANTEED_VERSION = "1999"
"""Edition of the NASW Code whose sentence is printed; later ones have the same words."""

REDISCLOSURE_VERSION = "2024"
"""Edition of the notice of 42 CFR 2.32 in force."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A text to print as it is."""

    text: str
    version: str
    authority: str
    verified_on: dt.date
    needs_counsel: bool


def redisclosure_notice(number: int = 1) -> Notice:
    """Statement 1 (long) or 2 (short) of 42 CFR 2.32(a), 2024 text. Raises `ValueError` for any other number."""
    if number not in (1, 2):
        raise ValueError("42 CFR 2.32(a) has statements 1 and 2")
    row = table("notices")["redisclosure"]
    return _notice(row, row[f"statement_{number}"], REDISCLOSURE_VERSION)


def not_guaranteed(language: Language) -> Notice:
    """That no one can guarantee that all honor a group's agreement (NASW 1.07(f)): a sentence of every such paper."""
    row = table("notices")["not_guaranteed"]
    return _notice(row, row[language.value], NOT_GUARANTEED_VERSION)


def redisclosure_paragraphs() -> tuple[str, ...]:
    """Statement 1 of 42 CFR 2.32(a) as a paper prints it, paragraph by paragraph."""
    return tuple(redisclosure_notice(1).text.split("\n"))


def carries_not_guaranteed(text: str, language: Language) -> bool:
    """True when `text` holds the sentence of `not_guaranteed`, word for word, white space aside."""
    return carries(text, not_guaranteed(language))


def state_redisclosure_notice(code: str) -> Notice | None:
    """The notice that the law of the jurisdiction `code` wants with HIV information; its release promises it.

    None where that law has no release. For "us/ny": 10 NYCRR 63.5(b).
    """
    release = jurisdiction(code).hiv
    return None if release is None else _as_notice(release["notice"], release["notice"]["statement"])


def in_writing_within(code: str) -> int:
    """Days in which the notice of `state_redisclosure_notice` follows in writing when it was read out."""
    release = jurisdiction(code).hiv
    return 0 if release is None else int(release["notice"]["in_writing_within"])


def notice_belongs(classes: Iterable[ProgramClass], *, by_consent: bool) -> bool:
    """True when the notice of 42 CFR 2.32 must go with a disclosure: consented, and of Part 2 records."""
    part2 = {ProgramClass.PART2_PROGRAM, ProgramClass.PART2_LAWFUL_HOLDER}
    return by_consent and not part2.isdisjoint(classes)


def state_notice_for(categories: Iterable[InformationCategory], code: str) -> Notice | None:
    """The state's notice that must go with a disclosure: what goes is, or may be, HIV information. Else None."""
    return state_redisclosure_notice(code) if InformationCategory.HIV_INFORMATION in categories else None


def carries(text: str, notice: Notice) -> bool:
    """True when `text` holds a notice word for word, white space aside."""
    return one_line(notice.text) in one_line(text)


def carries_redisclosure_notice(text: str) -> bool:
    """True when `text` holds statement 1 or 2 of the edition in force, word for word, white space aside."""
    return any(carries(text, redisclosure_notice(number)) for number in (1, 2))


def superseded_in(text: str) -> tuple[str, ...]:
    """Which superseded wordings `text` holds, by edition; spliced texts show here too. Empty is good."""
    folded = fold(text)
    return tuple(edition for edition, pattern in _superseded() if pattern.search(folded))


@dataclass(frozen=True, slots=True)
class Altered:
    """Where a text that sets out to be the notice in force leaves its words."""

    stands: str
    """What stands there, a few words; "" when it breaks off."""
    wanted: str
    """What the rule says there."""


def altered(text: str) -> Altered | None:
    """Where `text` begins statement 1 or 2 of the notice in force and does not go on word for word; None: nowhere."""
    said = one_line(text)
    for number, opening in _OPENINGS.items():
        notice = one_line(redisclosure_notice(number).text)
        for begun in re.finditer(opening, said, re.IGNORECASE):
            at = begun.start()
            if said[at : at + len(notice)] != notice:
                return _first_difference(said[at:].split(), notice.split())
    return None


def is_verbatim(text: str) -> bool:
    """True when `text` is a piece, or the whole, of a notice in force: words that nobody may choose."""
    said = one_line(text)
    return bool(said) and any(said in one_line(redisclosure_notice(number).text) for number in _OPENINGS)


_OPENINGS = {
    1: r"\bthis record which has been disclosed to you\b",
    2: r"\b42 CFR part 2 prohibits unauthorized (?:use|disclosure)\b",
}
"""How somebody who writes the notice begins, by the number of the statement."""
_AROUND = 3


def _first_difference(said: list[str], wanted: list[str]) -> Altered:
    pairs = enumerate(zip(said, wanted, strict=False))
    at = next((number for number, (one, other) in pairs if one != other), min(len(said), len(wanted)))
    start = max(at - _AROUND, 0)
    return Altered(" ".join(said[start : at + _AROUND]), " ".join(wanted[start : at + _AROUND]))


def _notice(row: Mapping[str, Any], text: str, version: str) -> Notice:
    if row["version"] != version:
        raise ValueError(f"data/notices.yaml holds version {row['version']}, the rules expect {version}")
    return _as_notice(row, text)


def _as_notice(row: Mapping[str, Any], text: str) -> Notice:
    return Notice(
        text=text.strip(),
        version=str(row["version"]),
        authority=row["authority"],
        verified_on=row["verified_on"],
        needs_counsel=bool(row["needs_counsel"]),
    )


@cache
def _superseded() -> tuple[tuple[str, re.Pattern[str]], ...]:
    rows = table("notices")["redisclosure"]["superseded"]
    return tuple((edition, re.compile(pattern)) for edition, pattern in rows.items())
