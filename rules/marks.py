"""Contact marks: "attn", "c/o", "cc:", a badge, a contact person. They bind a paper to somebody whatever name follows.

Part of `rules.individuals`; judges folded text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rules.names import Lexicon

_MARKS = re.compile(
    r"""\b(?:attn|atn|att?'n|atte)\b[.:]? | \batt[.:] | \battention\s*: | \b(?:to|for)\ the\ attention\ of\b | \bfao\b
    | \bc\s?/\s?o\b | \bin\ care\ of\s+(?!the\b|a\b) | \bcare\ of\s*:
    | \bb?c\.?c\.?\s*: | \bc/c\b | \bpoc\s*: | ^copy\s*: | (?:^|,\ )at\.\  | \bc\.c\.
    | ^b?c\.?c\.?\s+(?=[a-z]) | ^%\s?(?=[a-z]) | ^copy\ to\s+(?!the\b|my\b|me\b) | \bpoint\ of\ contact\b\s*[:-]
    | \bcon\ copia\ a\b | \batencion\s*: | \ba\s?/\s?c\b | \bal\ cuidado\ de\b
    | \b(?:badge|shield|placa)\s*(?:\#|no\.?|num(?:ber|ero|\.)?|:)?\s*\#?\d
    | \bcontact(?:o)?(?:\ person)?\s*:\s*\S | \bpersona\ de\ contacto\b""",
    re.VERBOSE,
)
_MARKS_BEFORE_NAMES = re.compile(
    r"(?:^(?:attention|atencion|care of|contact|contacto)|\bask for|\bla atencion de(?: la| el| los)?)\s+([a-z']+)"
)


def contact_marks(folded: str, lexicon: Lexicon) -> Iterator[str]:
    """Every mark in folded text, with a little of what follows it."""
    mark = _MARKS.search(folded)
    if mark is not None:
        yield folded[mark.start() : mark.end() + 24].strip()
    before_name = _MARKS_BEFORE_NAMES.search(folded)
    if before_name is not None:
        called = before_name.group(1)
        if called in lexicon.given or called in lexicon.named_titles:
            yield before_name.group()
