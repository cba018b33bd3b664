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

import os
import re
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from itertools import pairwise

from rules.asked import asked_for
from rules.beside import beside, with_role
from rules.folding import fold, plain
from rules.glance import names_nobody
from rules.marks import contact_marks
from rules.mentions import mentions, without_numbers
from rules.names import (
    PARTICLES,
    Lexicon,
    Word,
    bare,
    brands,
    is_census_surname,
    is_common,
    is_unknown,
    is_word_of_language,
    lexicon_of_names,
    looks_like_name,
    words_of,
)
from rules.titles import SUFFIXES, named_after, titled, under_heads, written

_JUDGE_AFTER = re.compile(r"\b[A-Z][\w'-]+,\s+(?:A\.?)?(?:J\.(?:S\.C\.?|C\.C\.?)?|JJ\.|JSC|JCC|J\.?F\.?C\.?)(?=\W|$)")
_SPEAKING = frozenset({"por", "con", "by", "until", "when", "hasta", "cuando", "before", "after", "per"})
_OF_PARKS = frozenset({"and", "&", "district", "department", "commission"})
_NAMED_OF = frozenset({"city", "town", "village", "borough", "township", "county", "diocese", "archdiocese", "ciudad"})
_STREETS = frozenset({"lane", "ln", "court", "ct", "pike", "row", "trail", "path", "loop", "pass"})
_JOINT = re.compile(r"(\s*[,;:/(\n]\s*|\s+-+\s+)")
_COMPASS = frozenset("nsew")

_CLEARED_AT_MOST = 20_000
# texts that were judged and named nobody, as keyed digests: a form's own lines are judged once, and no text is kept
_cleared: set[bytes] = set()
_key = os.urandom(32)


def individuals_in(text: str) -> tuple[str, ...]:
    """The places in `text` where a person seems to be named, as written; empty when there are none.

    Meant for organization names, units, address lines, purposes, events and cc lines. It judges wording only: a
    person whose name is nothing but an organization's words is not seen.
    """
    known = blake2b(text.encode("utf-8", "surrogatepass"), key=_key, digest_size=16).digest()
    if known in _cleared:
        return ()
    found: tuple[str, ...] = ()
    if not names_nobody(text):
        found = long_look(text)
    if not found:
        if len(_cleared) >= _CLEARED_AT_MOST:
            _cleared.clear()
        _cleared.add(known)
    return found


def long_look(text: str) -> tuple[str, ...]:
    """What `individuals_in` finds where a glance does not spare it the work; the glance is held against this."""
    spoken = without_numbers(text)
    return tuple(dict.fromkeys((*asked_for(plain(text)), *_people(spoken, fold(spoken)))))


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
    rest = _after_a_brand(text)
    if rest is not None:
        # "Edward Jones, Rochester": known for a business; what follows is judged on its own
        if rest.strip():
            yield from _people(rest, fold(rest))
        return
    lexicon = lexicon_of_names()
    yield from contact_marks(folded, lexicon)
    judge = _JUDGE_AFTER.search(plain(text))
    if judge is not None:
        yield judge.group()
    words = words_of(text)
    shouted = not any(word.text != word.text.upper() for word in words if word.is_word)
    yield from titled(words, lexicon, shouted)
    yield from _untitled(words, lexicon)
    yield from with_role(words, lexicon)
    yield from beside(words, lexicon)
    yield from mentions(text, words, lexicon)


def _after_a_brand(text: str) -> str | None:
    """What follows a brand that opens the text; None where none does, or where a person may be meant."""
    joint = _JOINT.search(text)
    head, rest = (text[: joint.start()], text[joint.end() :]) if joint else (text, "")
    if bare(head) in brands():
        return rest
    words = head.split()
    for count in range(2, min(len(words), 5)):
        if bare(" ".join(words[:count])) in brands():
            following = words_of(words[count])
            known = bool(following) and (
                is_common(following[0].folded, lexicon_of_names())
                or following[0].folded in lexicon_of_names().all_places
            )
            return " ".join(words[count:]) + " , " + rest if known else None
    return None


# --- names without a title --------------------------------------------------------------------------------------------


def _untitled(words: Sequence[Word], lexicon: Lexicon) -> Iterator[str]:
    skip = 0
    under = under_heads(words, lexicon)
    for index, word in enumerate(words):
        if index < skip or not word.is_word:
            continue
        before = words[index - 1].folded if index else ""
        # a saint is no contact, "Casa Juana Diaz" a house; after a title `titled` has judged already
        if before == "of" and index > 1 and words[index - 2].folded in _NAMED_OF and words[index - 2].text[0].isupper():
            skip = _full_name(words, index, lexicon) or index
            continue  # "City of Beverly Hills"
        if before in lexicon.saints or before in lexicon.dignities or under[index]:
            skip = _full_name(words, index, lexicon) or index
            continue
        end = _full_name(words, index, lexicon) or _initialed(words, index, lexicon)
        if end is None:
            end = _turned(words, index, lexicon)
            if end is not None:
                yield written(words, index, end)
                skip = end
            continue
        skip = end
        if _is_county(words, index, end) or _firm(words, index):
            continue
        if words[end - 1].folded in lexicon.monuments and any(other.breaks for other in words):
            continue  # "Lincoln Park", "Hope Hall" in a longer line
        housed = words[end - 1].folded in lexicon.monuments and index and words[index - 1].text[0].isupper()
        if housed and is_common(words[index - 1].folded, lexicon) and words[index - 1].folded not in lexicon.titles:
            continue  # "Liberty Management Coleman Hall"
        if words[end - 1].folded in _STREETS and index and words[index - 1].text[0].isdigit():
            continue  # "118 Darlene Lane"
        if not _organization_follows(words, end, lexicon):
            yield written(words, index, end)


def _full_name(words: Sequence[Word], first: int, lexicon: Lexicon) -> int | None:
    """End of "Maria Elena Lopez" from its first given name, or None.

    Names that are words too ("Hope Williams", "Kelly Marsh") count only where the name is all that a part says.
    """
    word = words[first]
    sure = lexicon.is_given(word) or (word.text == "Al")
    if word.possessive or not (sure or lexicon.may_be_given(word)):
        return None
    lowered = word.text.islower()
    if lowered and (first or any(not other.is_word for other in words)):
        return None
    if not lowered and not word.text[0].isupper():
        return None
    spoken_of = _spoken_of(words, first, lexicon)
    placed = word.folded in lexicon.all_places
    index = first + 1
    surname = None
    while index < len(words) and index - first < 6:
        here = words[index]
        if not here.is_word or (here.text[0].islower() != lowered and here.folded not in PARTICLES):
            break
        if surname is not None and here.folded in lexicon.monuments:
            break
        if here.folded in {"park", "parks"} and index + 1 < len(words) and words[index + 1].folded in _OF_PARKS:
            break  # "Austin Parks and Recreation"
        if lexicon.is_surname(here):
            surname = index
        elif (
            sure
            and not lowered
            and surname is None
            and first > 0
            and words[first - 1].folded in lexicon.titles
            and not is_common(here.folded, lexicon)
            and not is_word_of_language(here.folded)
            and _ends_part(words, index)
        ):
            surname = index  # "store manager Craig Tolland"
        elif (
            sure
            and not lowered
            and lexicon.may_be_surname(here)
            and here.folded not in lexicon.common
            and _ends_part(words, index)
        ):
            if word.folded in lexicon.places:
                return None
            surname = index
        elif (
            (sure or spoken_of)
            and not lowered
            and surname is None
            and words[index - 1].folded not in PARTICLES
            and (is_census_surname(here) or (is_unknown(here, lexicon) and not placed))
            and (not placed or spoken_of or (_opens_part(words, first) and _ends_part(words, index)))
        ):
            surname = index  # "until Krzysztof Maccini says so"
        elif not (here.is_initial or lexicon.is_given(here) or here.folded in PARTICLES | SUFFIXES):
            break
        index += 1
        if here.possessive:
            break
    if surname is None and index == first + 2 and words[first + 1].is_initial and _is_last(words, index, lexicon):
        surname = index
    if surname is None and lowered and first == 0 and index == len(words) > 1:
        surname = index - 1  # "jose luis"
    if surname is None:
        return None
    alone = _opens_part(words, first) and _ends_part(words, surname)
    if (
        not sure
        and not alone
        and not (spoken_of and (lexicon.is_surname(words[surname]) or is_census_surname(words[surname])))
    ):
        return None
    last = words[surname]
    if last.possessive and (surname + 1 >= len(words) or not words[surname + 1].text[0].islower()):
        return None  # "Marie Callender's": a shop; somebody's desk is found by `mentions`
    end = surname + 1
    while end < len(words) and words[end].folded in SUFFIXES:
        end += 1
    return end


def _spoken_of(words: Sequence[Word], first: int, lexicon: Lexicon) -> bool:
    """True after "tell", "until", "para": a name there is somebody's, a word too."""
    before = [word.folded for word in words[max(0, first - 2) : first]]
    if not before or not words[first - 1].text.islower():
        return False
    return before[-1] in lexicon.before_people or before[-1] in _SPEAKING or before == ["atencion", "de"]


def _is_last(words: Sequence[Word], index: int, lexicon: Lexicon) -> bool:
    """True for the last word of "John Q. Public"."""
    if index >= len(words) or not words[index].is_word or not words[index].text[0].isupper():
        return False
    return _ends_part(words, index) and words[index].folded not in lexicon.monuments


def _opens_part(words: Sequence[Word], index: int) -> bool:
    return index == 0 or words[index - 1].breaks


def _ends_part(words: Sequence[Word], index: int) -> bool:
    following = index + 1
    while following < len(words) and words[following].folded in SUFFIXES:
        following += 1
    return following >= len(words) or words[following].breaks


def _initialed(words: Sequence[Word], first: int, lexicon: Lexicon) -> int | None:
    """End of "J. Q. Smith", where it opens a part of the text; or None."""
    if not words[first].is_initial:
        return None
    if (
        first
        and not words[first - 1].breaks
        and words[first - 1].text not in {"of", "to", "for", "with", "by", "de", "a"}
    ):
        return None
    index = first
    while index < len(words) and words[index].is_initial:
        index += 1
    if index >= len(words) or not words[index].is_word:
        return None
    last = words[index]
    known = lexicon.is_surname(last)
    alone = index + 1 >= len(words) or words[index + 1].breaks
    unknown = (
        alone
        and looks_like_name(last, lexicon)
        and (lexicon.may_be_surname(last) or not is_word_of_language(last.folded))
        and words[first].folded not in _COMPASS
    )
    return index + 1 if known or unknown else None


def _turned(words: Sequence[Word], first: int, lexicon: Lexicon) -> int | None:
    """End of "Smith, John" or "Lee, J." when that is all a part of the text says; or None."""
    opens = _opens_part(words, first)
    while opens and first + 3 < len(words) and words[first].folded in PARTICLES:
        first += 1
    if not opens or first + 2 >= len(words) or not lexicon.may_be_surname(words[first]):
        return None
    comma, called = words[first + 1], words[first + 2]
    if comma.text != "," or not (called.is_initial or lexicon.is_given(called)):
        return None
    end = first + 3
    while end < len(words) and (words[end].is_initial or lexicon.is_given(words[end])):
        end += 1
    if end < len(words) and words[end].folded in lexicon.credentials:
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
    if named_after(words, index, lexicon, lexicon.monuments):
        return True
    if index >= len(words):
        return False
    word = words[index]
    if not word.is_word or not word.text[0].isupper():
        return False
    if word.folded in lexicon.of_people:
        return False
    # "J.L. Norris ATC": letters that are no office of a person's and no degree
    letters = (
        3 <= len(word.text) <= 6
        and word.text.isupper()
        and any(
            other.text.islower() or not other.text.isupper()
            for other in words[:index]
            if other.is_word and len(other.text) > 1
        )
    )
    plain_word = is_word_of_language(word.folded) and not (lexicon.may_be_surname(word) or lexicon.may_be_given(word))
    return (
        is_common(word.folded, lexicon)
        or plain_word
        or (letters and word.folded not in SUFFIXES and word.folded not in lexicon.names)
    )
