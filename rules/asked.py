"""Finds who stands where only a person can: asked for, at an extension, before "knows" or "at intake".

Danger both ways, as in `rules.individuals`. Invariant: the phrase alone names nobody; what stands in it must be of some
list of names, or of no language, town or brand, and an organization's word never counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rules.names import is_common, is_unknown, lexicon_of_names, may_be_somebody, words_of

_ASKED = re.compile(
    r"""\b(?:[Aa]sk\ for|[Ss]p(?:eak|oke)\ (?:to|with)|[Tt]alk\ (?:to|with)|[Ss]upervised\ by
        |[Pp]regunt(?:ar|e)\ por|[Hh]ablar?\ con)
    \ ["'(]?(?:[Bb]ig\ |[Ll]ittle\ )?([A-Z][\w'-]*[a-z])(?=["')]?(?:$|[,.;]|\ [a-z]|\ \d))""",
    re.VERBOSE,
)
_AT_EXTENSION = re.compile(
    r"\b(?:[Xx]|[Ee]xt\.?|[Ee]xtensi[oó]n)\s?\d{2,6}\b[\s,:(-]*([A-Z][\w'-]*[a-z])(?=\)?$|[,.;])"
)
_DESKS = r"(?:intake|records|reception|parole|probation|DSS|DHS|front\ desk|court|desk)\b"
_SPOKEN_OF = re.compile(
    rf"""(?:^[Pp]er\ |\bper\ |\b[Ss]ee\ |
        \b(?:[Aa]ssigned|[Ss]end|[Ss]ent|[Rr]eports?|[Ff]ax|[Ll]etter|[Dd]eliver|[Gg]ive[ns]?)\ to\ )
    ([A-Z][\w'-]*[a-z])(?=$|[,.;]|\ (?:at|in|from|on|by|every|when|before)\b)
    |\b(?:name\ is|named|se\ llama)\ ([A-Z][\w'-]*[a-z])(?=$|[,.;]|\ [a-z])
    |\b([A-Z][\w'-]*[a-z])(?=\ (?:knows|says|sees|signs|sepa|diga|firme|tells|decides|decida)\b)
    |(?:^|\bfor\ |\bwith\ )([A-Z][\w'-]*[a-z])(?=\ (?:at|in|from|with)\ (?:the\ )?{_DESKS})
    """,
    re.VERBOSE,
)
"""Where only a person can stand, whatever the name: "so Aziz knows", "Kou at intake", "per Sobo"."""


def asked_for(text: str) -> Iterator[str]:
    """Who is asked for, or answers at an extension: ask for "Chico", x4471 Marchetti."""
    lexicon = lexicon_of_names()
    for pattern in (_ASKED, _AT_EXTENSION, _SPOKEN_OF):
        for match in pattern.finditer(text):
            named = words_of(next(group for group in match.groups() if group))[0]
            folded = named.folded
            known = folded in lexicon.given_words or folded in lexicon.names or folded in lexicon.surname_words
            if pattern is _SPOKEN_OF:
                known = may_be_somebody(named, lexicon)
            if not is_common(folded, lexicon) and (known or (pattern is not _SPOKEN_OF and is_unknown(named, lexicon))):
                yield match.group()
