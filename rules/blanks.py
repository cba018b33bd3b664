"""Tells an entry from what only stands in for one: placeholders (V04) and events nobody could observe (V06, V09).

Danger: "TBD" or "when appropriate" on a signed paper makes the consent deficient on its face (42 CFR 2.31(c)).
Invariant: what is named here is refused in every field, in both languages.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from rules.folding import fold
from rules.tables import table

_PLACEHOLDER = re.compile(
    r"\{\{|\}\}|\{%|%\}|\{#|_{3,}|\.{4,}|\?{3,}"
    r"|[<\[](?:insert|name|date|client|organization|address|nombre|fecha|cliente|organizacion)[^<>\[\]]{0,40}[>\]]"
    r"|\bx{3,}\b|\bt\.?b\.?[da]\b\.?|\bn/a\b|\blorem ipsum\b|\bplaceholder\b|\basdf\b|\bfill me\b"
    # whole entries only: "to help me fill out forms" and "for my claim to be decided" are purposes
    r"|^\W*(?:to be (?:determined|decided|announced|filled)|fill (?:in|out)|por (?:definir|determinar)|no aplica)\W*$"
)
_WHOLE = frozenset(
    [
        "none",
        "null",
        "nil",
        "unknown",
        "undefined",
        "test",
        "name",
        "na",
        "n.a.",
        "n.a",
        "ninguno",
        "ninguna",
        "nombre",
        "desconocido",
        "desconocida",
        "s/d",
        "-",
        "--",
        "---",
        ".",
        "..",
        "...",
    ]
)
_LONGEST = max(map(len, _WHOLE))
_SIGNS = (
    *("{", "}", "___", "....", "???", "<", "[", "xxx", "tbd", "tba", "tb.", "t.b"),
    *("to be ", "por de", "n/a", "fill ", "lorem", "placeholder", "asdf", "no ap"),
)
"""Each text that `_PLACEHOLDER` finds holds one of these. A search for each of them is a fraction of one pattern's."""


def is_placeholder(text: str) -> bool:
    """True when a field holds something that only stands in for a value ("N/A", "___", "{{name}}", "TBD")."""
    lowered = text.strip().lower()
    return bool(lowered) and (lowered in _WHOLE or _PLACEHOLDER.search(lowered) is not None)


def placeholders_among(entries: Iterable[tuple[str, str]]) -> list[str]:
    """The fields, of (field, text) pairs, that hold a placeholder.

    A glance at all texts together comes first: hardly any shows a sign, and the pattern costs more than all else.
    """
    filled = [entry for entry in entries if entry[1]]
    together = "\n".join([text for _, text in filled]).lower()
    short = [text for _, text in filled if len(text) <= _LONGEST or text[0].isspace() or text[-1].isspace()]
    signed = [sign for sign in _SIGNS if sign in together]
    if not signed and _WHOLE.isdisjoint([text.strip().lower() for text in short]):
        return []
    return [field for field, text in filled if is_placeholder(text)]


def is_vague(event: str, *, for_tpo: bool = False) -> bool:
    """True when nobody could tell from a file that the event happened; "end of the treatment" is one but for TPO."""
    folded = fold(event)
    if not folded:
        return True
    if _pattern("tpo_only").search(folded):
        return not for_tpo
    return _pattern("en").search(folded) is not None or _pattern("es").search(folded) is not None


@cache
def _pattern(group: str) -> re.Pattern[str]:
    """The patterns of one group of data/clauses.yaml, as one."""
    return re.compile("|".join(f"(?:{pattern})" for pattern in table("clauses")["vague_events"][group]))
