"""Tells an entry from what only stands in for one: placeholders (V04) and events nobody could observe (V06, V09).

Danger: "TBD" or "when appropriate" on a signed paper makes the consent deficient on its face (42 CFR 2.31(c)).
Invariant: what is named here is refused in every field, in both languages.
"""

from __future__ import annotations

import re
from functools import cache

from rules.folding import fold
from rules.tables import table

_PLACEHOLDER = re.compile(
    r"\{\{|\}\}|\{%|%\}|\{#|_{3,}|\.{4,}|\?{3,}|[<\[](?:insert|name|date|client|organization|address|nombre|fecha|cliente|organizacion)[^<>\[\]]{0,40}[>\]]"
    r"|\bx{3,}\b|\bt\.?b\.?[da]\b\.?|\bto be (?:determined|decided|announced|filled)\b|\bpor (?:definir|determinar)\b"
    r"|\bn/a\b|\bfill (?:in|out|me)\b|\blorem ipsum\b|\bplaceholder\b|\basdf\b|\bno aplica\b"
    r"|^(?:none|null|nil|unknown|undefined|test|name|na|n\.a\.?|ninguno|ninguna|nombre|desconocid[oa]|s/d|-+|\.+)$",
    re.IGNORECASE,
)


def is_placeholder(text: str) -> bool:
    """True when a field holds something that only stands in for a value ("N/A", "___", "{{name}}", "TBD")."""
    return bool(text.strip()) and _PLACEHOLDER.search(text.strip()) is not None


def is_vague(event: str, *, for_tpo: bool = False) -> bool:
    """True when nobody could tell from a file that the event happened; "end of the treatment" is one but for TPO."""
    folded = fold(event)
    if not folded:
        return True
    if any(pattern.search(folded) for pattern in _vague("tpo_only")):
        return not for_tpo
    return any(pattern.search(folded) for pattern in (*_vague("en"), *_vague("es")))


@cache
def _vague(group: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern) for pattern in table("clauses")["vague_events"][group])
