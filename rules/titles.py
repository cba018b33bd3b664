"""Finds people by their titles: "Officer Ruiz", "Judge Lee's court", "Comisionada de Servicios Sociales Ana Torres".

Danger both ways, as in `rules.individuals`. Invariant: a title counts when a name follows it, unless an institution
named after that person follows the name, or a head that houses are named by stands before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rules.names import PARTICLES, Lexicon, Word, is_common, lexicon_of_names, looks_like_name

SUFFIXES = frozenset({"jr", "ii", "iii", "iv"})
"""What follows a surname."""
_DRIVE_WORDS = frozenset({"dr"})
_JOINING = frozenset({"of", "the", "and", "for", "de", "del", "la", "los", "y", "&"})
_TITLE_TAILS = re.compile(
    r"in charge|of record|on record|assigned|on duty|for programs|at law"
    r"|de (?:la )?(?:probatoria|probation|parole|casos?|cumplimiento"
    r"|palabra|custodia|libertad (?:condicional|bajo palabra|supervisada|a prueba))|socio ?penal"
    r"|(?:superior|municipal|estatal|auxiliar|interin[oa]|adjunt[oa]|presidente|presidenta|i|ii|iii)"
)
ALWAYS_NAMED = frozenset({"mr", "mrs", "ms", "sra", "srta"})
_UPPER_ONLY = frozenset({"da", "ada", "po", "ing", "det", "lic", "pa", "co", "np", "rn", "rep", "sen", "dep", "gal"})
_OF_HOUSES = frozenset(
    {"don", "dona", "padre", "madre", "sor", "father", "mother", "sister", "brother", "uncle", "aunt"}
)
"""Honors that houses are named after with "de": "La Casa de Don Pedro"."""
_BUILDINGS = frozenset(
    {
        "building",
        "bldg",
        "courthouse",
        "plaza",
        "campus",
        "tower",
        "annex",
        "complex",
        "university",
        "college",
        "prison",
        "jail",
        "hospital",
    }
)
_HOUSES = frozenset(
    {"bank", "center", "temple", "castle", "garden", "market", "lodge", "inn", "bridge", "forest", "field"}
)
_SCHOOLS = frozenset({"PS", "P.S", "IS", "I.S", "MS", "M.S", "JHS", "J.H.S", "HS", "School", "Escuela"})
_LINKS = frozenset({"del", "de", "la", "of", "the"})


def titled(words: Sequence[Word], lexicon: Lexicon, shouted: bool) -> Iterator[str]:
    """Titles with the names after them; `shouted`: the whole text is in capitals, which then say nothing."""
    for index, word in enumerate(words):
        if word.folded not in lexicon.titles or word.possessive or not _is_title(words, index, lexicon):
            continue
        first = _after_title(words, index + 1)
        if first is None or not _starts_name(words, first, lexicon, shouted):
            continue
        last = _name_end(words, first, lexicon)
        if word.folded in lexicon.dignities and words[last - 1].possessive and _shop(words, index, last, lexicon):
            continue
        if word.folded in _OF_HOUSES and last < len(words) and words[last].text.lower() == "county":
            continue  # "Doña Ana County"
        monuments = lexicon.monuments if word.folded in lexicon.dignities else lexicon.hard_monuments
        if word.folded in lexicon.dignities and _head_before(words, index, lexicon):
            continue
        if named_after(words, last, lexicon, monuments) and not _surname_that_is_a_house(words, first, lexicon):
            continue
        yield written(words, index, last)


def _surname_that_is_a_house(words: Sequence[Word], first: int, lexicon: Lexicon) -> bool:
    """True for "Therapist Mina Park", "Hon. R. Castle": one name or initial, a surname that is a house, and no more."""
    title, end = words[first - 1], first + 1
    if (
        end >= len(words)
        or not _ends(words, end)
        or words[end].folded in lexicon.hard_monuments - {"park", "street", "way"}
    ):
        return False
    surname = words[end].folded in lexicon.listed_surname_words or words[end].folded in _HOUSES
    called = words[first].is_initial or (lexicon.may_be_given(words[first]) and title.folded not in lexicon.dignities)
    return surname and called and title.folded in lexicon.titles


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
    if index < len(words) and words[index].text == "#":
        index += 1
    if index + 1 < len(words) and words[index].text.isdigit() and len(words[index].text) > 2:
        index += 1  # "Officer 4471 Tulley", "Officer #4471 Tulley"
    for span in (5, 4, 3, 2, 1):
        tail = " ".join(word.folded for word in words[index : index + span])
        if _TITLE_TAILS.fullmatch(tail):
            index += span
            break
    return _after_office(words, index) if index < len(words) else None


def _after_office(words: Sequence[Word], index: int) -> int:
    """Past "of Social Services" in "Commissioner of Social Services Corinda Crossdale", where a whole name follows."""
    if words[index].folded not in {"of", "de", "del"}:
        return index
    lexicon = lexicon_of_names()
    at = index
    while at < len(words) and words[at].is_word and is_common(words[at].folded, lexicon):
        at += 1
    rest = words[at:]
    whole = 2 <= len(rest) <= 4 and all(looks_like_name(word, lexicon) for word in rest)
    whole = whole or (len(rest) == 1 and rest[0].folded in lexicon.lone_surnames and rest[0].text[0].isupper())
    return at if whole else index


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
        if index + 1 == len(words) and (lexicon.is_surname(words[index]) or words[index].folded == "jesus"):
            return named or words[index].text[0].isupper()  # "Officer de Jesus"
        return named and index < len(words) and looks_like_name(words[index], lexicon)
    if word.text.islower() and ((len(words) == 2 and index == 1) or words[index - 1].folded in ALWAYS_NAMED):
        # "officer pham" is all there is; "mr" is a title of names only
        return not is_common(word.folded, lexicon)
    if word.text[0].islower() or (shouted and len(words) > 6):
        return word.folded in lexicon.names and word.folded not in lexicon.common
    return looks_like_name(word, lexicon) or _word_for_name(words, index, lexicon) or _house(words, index, lexicon)


def _house(words: Sequence[Word], index: int, lexicon: Lexicon) -> bool:
    """True for "Mr. House", "Officer Church": after a title of people alone, and nothing follows."""
    if words[index - 1].folded not in lexicon.plain_titles or words[index].text.islower() or words[0].text.isdigit():
        return False
    if words[index].folded in lexicon.saints and words[index - 1].folded not in lexicon.dignities:
        index += 1  # "Officer St. James"
        return index < len(words) and (index + 1 >= len(words) or words[index + 1].breaks)
    ends = index + 1 >= len(words) or words[index + 1].breaks
    return ends and (words[index].folded in lexicon.listed_surname_words or words[index].folded in _HOUSES)


def _word_for_name(words: Sequence[Word], index: int, lexicon: Lexicon) -> bool:
    """True for "Officer Banks", "Deputy Green": a name that is a word too, and no word of an organization after it."""
    word = words[index]
    if not (lexicon.may_be_surname(word) or lexicon.may_be_given(word)) or word.folded in lexicon.titles:
        return False
    following = words[index + 1] if index + 1 < len(words) else None
    if following is None or not following.is_word or word.possessive or following.text[0].islower():
        return True
    return looks_like_name(following, lexicon)


def _name_end(words: Sequence[Word], first: int, lexicon: Lexicon) -> int:
    """The index after the last word of the name that starts at `first`."""
    index = first
    while index < len(words) and index - first < 6:
        word = words[index]
        if not word.is_word:
            break
        joined = word.folded in SUFFIXES or word.folded in PARTICLES
        if index > first and not joined and not looks_like_name(word, lexicon):
            break
        index += 1
        if word.possessive:
            break
    return index


def _shop(words: Sequence[Word], title: int, index: int, lexicon: Lexicon) -> bool:
    """True for "Captain D's Seafood", "Father Martin's Ashley", "Brother Benno's"; not for "Judge Lee's court"."""
    if words[title].folded in _OF_HOUSES and (index >= len(words) or words[index].text == "&"):
        return True
    if index >= len(words) or not words[index].is_word or words[index].text[0].islower():
        return False
    part = []
    for word in words[index:]:
        if word.breaks:
            break
        part.append(word.folded)
    return lexicon.offices.isdisjoint(part) and lexicon.desks.isdisjoint(part)


def _head_before(words: Sequence[Word], index: int, lexicon: Lexicon) -> bool:
    """True for "Hospital Dr. Ramón E. Betances": a head in the same run, and no "de la" between."""
    for spot in range(index - 1, -1, -1):
        word = words[spot]
        if word.breaks:
            return False
        if words[index].folded not in _OF_HOUSES and word.text.islower() and word.folded in _LINKS:
            return False
        if word.folded in lexicon.heads_before:
            return True
    return False


def under_heads(words: Sequence[Word], lexicon: Lexicon) -> list[bool]:
    """For each word whether it may be a namesake's: "Casa Juana Diaz", "Centro de Mujeres Julia de Burgos"."""
    under, told = False, []
    for spot, word in enumerate(words):
        told.append(under)
        if word.breaks:
            under = False
        elif word.folded in lexicon.heads_before:
            under = True
        elif spot and word.text.isdigit() and words[spot - 1].text in _SCHOOLS:
            under = True  # "P.S. 112 José Celso Barbosa"
    return told


def named_after(words: Sequence[Word], index: int, lexicon: Lexicon, monuments: frozenset[str]) -> bool:
    """True when what follows a name makes it an institution's: "… Educational Center", "…, PLLC"."""
    monument_counts = True
    if index < len(words) and words[index - 1].possessive and words[index].text[0].islower():
        return False  # "Pastor Florence's church office"
    for spot in range(index, min(index + 8, len(words))):
        word = words[spot]
        if word.folded in lexicon.legal_forms:
            return True
        if word.breaks:
            following = words[spot + 1].folded if spot + 1 < len(words) else ""
            return word.text == "," and following in lexicon.legal_forms
        if word.folded in lexicon.offices:
            college = word.text == "State" and spot >= index and spot == len(words) - 1  # "George C. Wallace State"
            return college or _building(words, spot + 1, lexicon) or _prison_unit(words, spot)
        if word.folded in _JOINING:
            kind = spot > index and is_common(words[spot - 1].folded, lexicon)  # "… Nursing and Rehabilitation Center"
            monument_counts = monument_counts and (word.text == "&" or (kind and word.folded in {"and", "y"}))
            continue
        if word.is_word and word.text[0].islower() and word.folded not in monuments:
            return False
        if monument_counts and (word.folded in monuments or word.folded.removesuffix("s") in monuments):
            return True
    return False


def _building(words: Sequence[Word], index: int, lexicon: Lexicon) -> bool:
    """True for the rest of "Shirley A. Chisholm State Office Building": an office that is a house with a name."""
    for word in words[index : index + 4]:
        if word.breaks or not word.is_word or word.text[0].islower():
            return False
        if word.folded in _BUILDINGS:
            return True
    return False


def _prison_unit(words: Sequence[Word], index: int) -> bool:
    """True for "Dolph Briscoe Unit": a whole name and Unit are all there is, as Texas calls its prisons."""
    named = all(word.is_word and word.text[0].isupper() and not word.possessive for word in words[:index])
    named = named and words[0].folded not in lexicon_of_names().officials
    return words[index].text == "Unit" and index >= 2 and named and _ends(words, index)


def _ends(words: Sequence[Word], index: int) -> bool:
    return index + 1 >= len(words) or words[index + 1].breaks


def written(words: Sequence[Word], first: int, end: int) -> str:
    """The words from `first` up to `end`, as they stand."""
    return " ".join(word.text for word in words[first:end])
