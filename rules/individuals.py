"""Finds people where only organizations belong: V02, the finished paper, file names.

Danger both ways: a missed officer's name puts a person on a paper that must outlast them; a false alarm on
"Dr. Martin Luther King Jr. Center" teaches clerks to work around the check. Invariant: the two lists in
tests/rules/data are told apart at 99 % or better, and whatever is found is returned as it was written.

How: contact marks ("attn", "c/o", "cc:") always count. A title counts when a name follows it, unless an institution
named after that person follows the name ("Judge Rotenberg Educational Center"). A given name with a surname counts
under the same exception. Words are data (data/names.yaml), in English and Spanish.

Source: advisory, paragraph 2 ("organizational affiliation, not individuals").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from rules.folding import fold, plain
from rules.names import PARTICLES, Lexicon, Word, is_common, lexicon_of_names, looks_like_name, parts_of, words_of

_MARKS = re.compile(
    r"""\b(?:attn|atn|att?'n)\b[.:]? | \batt[.:] | \battention\s*: | \b(?:to|for)\ the\ attention\ of\b | \bfao\b
    | \bc\s?/\s?o\b | \bin\ care\ of\s+(?!the\b|a\b) | \bcare\ of\s*: | \bc\.?c\.?\s*: | \bc\.c\.
    | ^c\.?c\.?\s+(?=[a-z])
    | \bcon\ copia\ a\b | \batencion\s*: | \ba\s?/\s?c\b | \bal\ cuidado\ de\b
    | \bcontact(?:o)?(?:\ person)?\s*:\s*\S | \bpersona\ de\ contacto\b""",
    re.VERBOSE,
)
_MARKS_BEFORE_NAMES = re.compile(
    r"(?:^(?:attention|atencion|care of|contact|contacto)|\bask for|\bla atencion de(?: la| el| los)?)\s+([a-z']+)"
)
_FOLDED_WORD = re.compile(r"[a-z']+")
_INITIAL = re.compile(r"\b[^\W\d_]\s?[./]|\b[A-Z]\b(?!')|\bOf\.|\ufb03|\ufb01")
_DRIVE_WORDS = frozenset({"dr"})
_JOINING = frozenset({"of", "the", "and", "for", "de", "del", "la", "los", "y", "&"})
_SUFFIXES = frozenset({"jr", "ii", "iii", "iv"})
_TITLE_TAILS = re.compile(
    r"de (?:la )?(?:probatoria|probation|parole|casos?|cumplimiento"
    r"|libertad (?:condicional|bajo palabra|supervisada|a prueba))|socio ?penal"
    r"|(?:superior|municipal|estatal|auxiliar|interin[oa]|adjunt[oa]|presidente|presidenta|i|ii|iii)"
)
_JUDGE_AFTER = re.compile(r"\b[A-Z][\w'-]+,\s+(?:A\.?)?(?:J\.(?:S\.C\.?|C\.C\.?)?|JJ\.|JSC|JCC|J\.?F\.?C\.?)(?=\W|$)")
_ALWAYS_NAMED = frozenset({"mr", "mrs", "ms", "sra", "srta"})
_UPPER_ONLY = frozenset({"da", "ada", "po", "ing", "det", "lic"})
_COMPASS = frozenset("nsew")


def individuals_in(text: str) -> tuple[str, ...]:
    """The places in `text` where a person seems to be named, as written; empty when there are none.

    Meant for organization names, units, address lines, purposes, events and cc lines. It judges wording only: a
    person whose name is nothing but an organization's words is not seen.
    """
    if names_nobody(text):
        return ()
    return tuple(dict.fromkeys(_people(text, fold(text))))


def names_nobody(text: str) -> bool:
    """True when a glance shows that nobody can be named: no title, given name, mark or initial is among the words.

    A glance only: False says nothing. It keeps `individuals_in` off the many texts that need no second look.
    """
    return lexicon_of_names().triggers.isdisjoint(_FOLDED_WORD.findall(fold(text))) and not _INITIAL.search(text)


def individuals_in_file_name(name: str) -> tuple[str, ...]:
    """Like `individuals_in`, for a file's name: its parts may be joined by _, -, . or capitals."""
    stem = name.rsplit("/", 1)[-1].rsplit("\\", 1)[-1]
    stem = re.sub(r"\.(?:pdf|docx?|png|zip|json|txt)$", "", stem, flags=re.IGNORECASE)
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|[_\-.+]+", " ", stem)
    spaced = re.sub(r"\b\d+\b", " ", spaced)
    if spaced.islower():
        spaced = spaced.title()
    found = list(individuals_in(" ".join(spaced.split())))
    lexicon = lexicon_of_names()
    folded = [fold(word) for word in spaced.split()]
    for first, second in pairwise(folded):
        if first in lexicon.surnames and second in lexicon.given and first not in lexicon.common:
            found.append(f"{first} {second}")
    return tuple(dict.fromkeys(found))


def _people(text: str, folded: str) -> Iterator[str]:
    mark = _MARKS.search(folded)
    if mark is not None:
        yield folded[mark.start() : mark.end() + 24].strip()
    lexicon = lexicon_of_names()
    before_name = _MARKS_BEFORE_NAMES.search(folded)
    if before_name is not None:
        called = before_name.group(1)
        if called in lexicon.given or called in lexicon.titles - {"sister", "mother", "justice"}:
            yield before_name.group()
    judge = _JUDGE_AFTER.search(plain(text))
    if judge is not None:
        yield judge.group()
    words = words_of(text)
    shouted = not any(word.text != word.text.upper() for word in words if word.is_word)
    yield from _titled(words, lexicon, shouted)
    yield from _untitled(words, lexicon)
    yield from _with_role(words, lexicon)
    yield from _beside(words, lexicon)


# --- titles -----------------------------------------------------------------------------------------------------------


def _titled(words: Sequence[Word], lexicon: Lexicon, shouted: bool) -> Iterator[str]:
    for index, word in enumerate(words):
        if word.folded not in lexicon.titles or word.possessive or not _is_title(words, index, lexicon):
            continue
        first = _after_title(words, index + 1)
        if first is None or not _starts_name(words, first, lexicon, shouted):
            continue
        last = _name_end(words, first, lexicon)
        monuments = lexicon.monuments if word.folded in lexicon.dignities else lexicon.hard_monuments
        if word.folded in lexicon.dignities and _head_before(words, index, lexicon):
            continue
        if _named_after(words, last, lexicon, monuments):
            continue
        yield _written(words, index, last)


def _is_title(words: Sequence[Word], index: int, lexicon: Lexicon) -> bool:
    word = words[index]
    before = words[index - 1].folded if index else ""
    labels = index + 1 < len(words) and words[index + 1].text == ":"
    if word.folded in lexicon.second_words and before not in lexicon.second_words[word.folded] and not labels:
        return False
    if word.folded in _UPPER_ONLY and word.text.islower() and word.folded != "po":
        return False
    if word.folded == "da" and word.text != "DA":
        return False
    if word.folded in _DRIVE_WORDS:
        # "45 Elm Dr Rochester": a street, when a house number and a word stand before it
        streets = [spot for spot in range(index) if words[spot].text[0].isdigit()]
        return not (streets and index - streets[-1] > 1)
    return True


def _after_title(words: Sequence[Word], index: int) -> int | None:
    """Where the name would start: past a colon, or past what the office is ("oficial de libertad condicional Ruiz")."""
    if index < len(words) and words[index].text == ":":
        index += 1
    for span in (5, 4, 3, 2, 1):
        tail = " ".join(word.folded for word in words[index : index + span])
        if _TITLE_TAILS.fullmatch(tail):
            index += span
            break
    return index if index < len(words) else None


def _starts_name(words: Sequence[Word], index: int, lexicon: Lexicon, shouted: bool) -> bool:
    word = words[index]
    if not word.is_word or word.folded in lexicon.titles:
        return False
    if word.is_initial:
        return True
    if word.folded in PARTICLES:
        named = word.text[0].isupper() or word.folded in {"van", "von", "der", "di"}
        while index < len(words) and words[index].folded in PARTICLES:
            index += 1
        return named and index < len(words) and looks_like_name(words[index], lexicon)
    if word.text.islower() and ((len(words) == 2 and index == 1) or words[index - 1].folded in _ALWAYS_NAMED):
        # "officer pham" is all there is; "mr" is a title of names only
        return not is_common(word.folded, lexicon)
    if word.text[0].islower() or (shouted and len(words) > 6):
        return word.folded in lexicon.names and word.folded not in lexicon.common
    return looks_like_name(word, lexicon)


def _name_end(words: Sequence[Word], first: int, lexicon: Lexicon) -> int:
    """The index after the last word of the name that starts at `first`."""
    index = first
    while index < len(words) and index - first < 6:
        word = words[index]
        if not word.is_word:
            break
        joined = word.folded in _SUFFIXES or word.folded in PARTICLES
        if index > first and not joined and not looks_like_name(word, lexicon):
            break
        index += 1
        if word.possessive:
            break
    return index


def _head_before(words: Sequence[Word], index: int, lexicon: Lexicon) -> bool:
    """True for "Hospital Dr. Ramón E. Betances": a head in the same run, and no "de la" between."""
    for spot in range(index - 1, -1, -1):
        word = words[spot]
        if word.breaks or (word.text.islower() and word.folded in {"del", "de", "la", "of", "the"}):
            return False
        if word.folded in lexicon.heads_before:
            return True
    return False


def _named_after(words: Sequence[Word], index: int, lexicon: Lexicon, monuments: frozenset[str]) -> bool:
    """True when what follows a name makes it an institution's: "… Educational Center", "…, PLLC"."""
    monument_counts = True
    for spot in range(index, min(index + 8, len(words))):
        word = words[spot]
        if word.folded in lexicon.legal_forms:
            return True
        if word.breaks:
            following = words[spot + 1].folded if spot + 1 < len(words) else ""
            return word.text == "," and following in lexicon.legal_forms
        if word.folded in lexicon.offices:
            return False
        if word.folded in _JOINING:
            monument_counts = monument_counts and word.text == "&"
            continue
        if word.is_word and word.text[0].islower() and word.folded not in monuments:
            return False
        if monument_counts and (word.folded in monuments or word.folded.removesuffix("s") in monuments):
            return True
    return False


def _written(words: Sequence[Word], first: int, end: int) -> str:
    return " ".join(word.text for word in words[first:end])


# --- names without a title --------------------------------------------------------------------------------------------


def _untitled(words: Sequence[Word], lexicon: Lexicon) -> Iterator[str]:
    skip = 0
    for index, word in enumerate(words):
        if index < skip or not word.is_word:
            continue
        before = words[index - 1].folded if index else ""
        # a saint is no contact, "Casa Juana Diaz" a house; after a title `_titled` has judged already
        if before in lexicon.saints or before in lexicon.dignities or before in lexicon.heads_before:
            continue
        end = _full_name(words, index, lexicon) or _initialed(words, index, lexicon)
        if end is None:
            end = _turned(words, index, lexicon)
            if end is not None:
                yield _written(words, index, end)
                skip = end
            continue
        skip = end
        if _is_county(words, index, end) or _firm(words, index):
            continue
        if not _organization_follows(words, end, lexicon):
            yield _written(words, index, end)


def _full_name(words: Sequence[Word], first: int, lexicon: Lexicon) -> int | None:
    """End of "Maria Elena Lopez" from its first given name, or None."""
    word = words[first]
    if word.folded not in lexicon.given or word.possessive:
        return None
    lowered = word.text.islower()
    if lowered and (first or any(not other.is_word for other in words)):
        return None
    if not lowered and not word.text[0].isupper():
        return None
    index = first + 1
    surname = None
    while index < len(words) and index - first < 6:
        here = words[index]
        if not here.is_word or (here.text[0].islower() != lowered and here.folded not in PARTICLES):
            break
        if surname is not None and here.folded in lexicon.monuments:
            break
        if here.folded in lexicon.surnames and here.folded not in lexicon.titles:
            surname = index
        elif not (here.is_initial or here.folded in lexicon.given or here.folded in PARTICLES | _SUFFIXES):
            break
        index += 1
        if here.possessive:
            break
    if surname is None:
        return None
    end = surname + 1
    while end < len(words) and words[end].folded in _SUFFIXES:
        end += 1
    return end


def _initialed(words: Sequence[Word], first: int, lexicon: Lexicon) -> int | None:
    """End of "J. Q. Smith", where it opens a part of the text; or None."""
    if not words[first].is_initial or (first and not words[first - 1].breaks):
        return None
    index = first
    while index < len(words) and words[index].is_initial:
        index += 1
    if index >= len(words) or not words[index].is_word:
        return None
    last = words[index]
    known = last.folded in lexicon.surnames
    alone = index + 1 >= len(words) or words[index + 1].breaks
    unknown = alone and looks_like_name(last, lexicon) and words[first].folded not in _COMPASS
    return index + 1 if known or unknown else None


def _turned(words: Sequence[Word], first: int, lexicon: Lexicon) -> int | None:
    """End of "Smith, John" or "Lee, J." when that is all a part of the text says; or None."""
    opens = first == 0 or words[first - 1].breaks
    if not opens or words[first].folded not in lexicon.surnames or first + 2 >= len(words):
        return None
    comma, called = words[first + 1], words[first + 2]
    if comma.text != "," or not (called.is_initial or called.folded in lexicon.given):
        return None
    end = first + 3
    while end < len(words) and (words[end].is_initial or words[end].folded in lexicon.given):
        end += 1
    return end if end >= len(words) or words[end].breaks else None


def _is_county(words: Sequence[Word], first: int, end: int) -> bool:
    """True for "Jim Wells County": two words and County, opening the text."""
    return first == 0 and end == 2 and end < len(words) and words[end].folded in {"county", "parish", "township"}


def _firm(words: Sequence[Word], first: int) -> bool:
    """True for "Law Office of Jane Smith"."""
    before = [word.folded for word in words[max(0, first - 3) : first]]
    return before[:1] == ["law"] and before[1:2] in (["office"], ["offices"], ["firm"]) and before[2:] == ["of"]


def _organization_follows(words: Sequence[Word], index: int, lexicon: Lexicon) -> bool:
    """True when the words after a name are an organization's, so that the name is its namesake."""
    if _named_after(words, index, lexicon, lexicon.monuments):
        return True
    if index >= len(words):
        return False
    word = words[index]
    return (
        word.is_word
        and word.text[0].isupper()
        and is_common(word.folded, lexicon)
        and word.folded not in lexicon.offices | lexicon.titles | lexicon.credentials
    )


def _beside(words: Sequence[Word], lexicon: Lexicon) -> Iterator[str]:
    """Finds a part that is a name and no more: "Probation - Ruiz", "Beth Kaczmarek", "Lee J", "Kaczmarek, B."."""
    parts = parts_of(words)
    firm = any(word.folded in lexicon.legal_forms for word in words)
    for number, part in enumerate(parts):
        following = parts[number + 1] if number + 1 < len(parts) else []
        if following and following[0].folded in lexicon.states:
            continue
        alone = len(part) == 1 and len(parts) > 1 and part[0].folded in lexicon.lone_surnames and not firm
        called = (
            2 <= len(part) <= 4
            and part[0].folded in lexicon.given
            and not part[0].possessive
            and all(looks_like_name(word, lexicon) for word in part)
            and not firm
        )
        turned = len(part) == 2 and part[1].is_initial and part[0].folded in lexicon.surnames
        initials = len(part) == 1 and not part[0].is_initial and bool(following)
        initials = initials and all(word.is_initial for word in following)
        state = "".join(word.folded for word in following) in lexicon.states
        if alone or called or ((turned or (initials and not state)) and looks_like_name(part[0], lexicon)):
            yield " ".join(word.text for word in part)


def _with_role(words: Sequence[Word], lexicon: Lexicon) -> Iterator[str]:
    """Finds "Dziedzic, Parole Officer", "Adeyemi, LMSW" and "PO (Pham)": a part of names beside a part of roles."""
    parts = parts_of(words)
    for part in parts:
        for before, after in pairwise(part):
            if after.folded in lexicon.credentials - {"md", "np", "pa"} and looks_like_name(before, lexicon):
                yield f"{before.text} {after.text}"
    for name, role in (*pairwise(parts), *((name, role) for role, name in pairwise(parts) if _is_role(role, lexicon))):
        if len(name) > 4:
            continue
        if not all(looks_like_name(word, lexicon) for word in name):
            continue
        is_role = _is_role(role, lexicon)
        is_credential = role[0].folded in lexicon.credentials and (
            role[0].text != "MD" or name[0].folded in lexicon.given
        )
        if is_role or is_credential:
            yield " ".join(word.text for word in [*name, *role])


def _is_role(part: Sequence[Word], lexicon: Lexicon) -> bool:
    """True for "Parole Officer" and "oficial de probatoria": words of roles only, a title among them."""
    return all(word.folded in lexicon.roles for word in part) and any(word.folded in lexicon.titles for word in part)
