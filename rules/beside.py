"""Finds people by what stands beside their names: an office, a role, a degree, or nothing at all.

Danger both ways, as in `rules.individuals`. Invariant: a surname alone counts beside an office only, and never where it
is a town's name too; two words count as a person only where nothing of an organization is among them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from rules.names import (
    KOREAN,
    PARTICLES,
    Lexicon,
    Word,
    is_census_surname,
    is_common,
    is_unknown,
    is_word_of_language,
    looks_like_name,
    parts_of,
)


def beside(words: Sequence[Word], lexicon: Lexicon) -> Iterator[str]:
    """Finds a part that is a name and no more: "Probation - Ruiz", "Beth Kaczmarek", "Lee J", "Kaczmarek, B."."""
    parts = parts_of(words)
    firm = any(word.folded in lexicon.legal_forms and word.text[0].isupper() for word in words)
    office = any(word.folded in lexicon.desk_words for word in words)
    firm = firm or (any(word.text == "&" for word in words) and any(word.text == "," for word in words))
    firm = firm or any(word.folded in {"attorneys", "abogados", "lawyers", "counselors"} for word in words)
    for number, part in enumerate(parts):
        following = parts[number + 1] if number + 1 < len(parts) else []
        if following and following[0].folded in lexicon.states:
            continue
        alone = len(part) == 1 and len(parts) > 1 and not firm
        alone = alone and part[0].folded in (lexicon.lone_surnames if office else lexicon.sure_surnames)
        desks = office or any(word.folded in {"intake", "reception"} for word in words)
        alone = alone or (len(parts) == 2 and _and_an_office(part, parts[1 - number], lexicon, number == 0))
        alone = alone or (len(part) == 1 and len(parts) > 1 and desks and not firm and is_census_surname(part[0]))
        bare = _before_a_place(part)
        while len(bare) > 2 and bare[0].folded in lexicon.before_people:
            bare = bare[1:]  # "Representative Joe Morelle"
        called = (
            2 <= len(bare) <= 4
            and lexicon.is_called(bare[0])
            and not _letters(bare)
            and bare[0].folded not in lexicon.places
            and not (bare[0].possessive or bare[-1].possessive)
            and all(looks_like_name(word, lexicon) for word in bare)
            and not firm
        )
        called = called and (bare[0].folded in lexicon.picked or not _in_a_place(bare[-1], lexicon))
        called = (
            called
            and not (any(_of_business(word, lexicon) for word in bare[2:]) and not _of_business(bare[1], lexicon))
            and part[0].folded not in lexicon.heads_before
        )
        called = called or (
            len(part) == 2
            and part[1].folded in lexicon.lone_surnames
            and part[0].folded not in lexicon.surnames_and_places
            and part[0].folded not in lexicon.heads_before
            and (is_unknown(part[0], lexicon) or lexicon.may_be_given(part[0]))
            and all(looks_like_name(word, lexicon) and not word.is_initial for word in part)
            and not (part[0].possessive or part[1].possessive or firm)
        )
        called = called or ((len(parts) == 1 or office) and not firm and _unknown_words(part, lexicon))
        turned = len(part) == 2 and part[1].is_initial and part[0].folded in lexicon.surnames
        virtue = (
            len(parts) == 1
            and len(part) == 2
            and not part[0].text.islower()
            and _two_words_that_are_names(part, lexicon)
        )
        called = called or virtue
        glued = len(part) == 2 and len(part[0].text) == 2 and part[0].text.isupper() and not part[1].text.isupper()
        glued = glued and part[0].folded not in lexicon.no_initials
        called = called or (glued and part[1].folded in lexicon.lone_surnames)  # "KA Abernathy"
        turned = turned or (len(parts) == 1 and _surname_first(part, lexicon))
        turned = turned or (number == 0 and len(parts) == 2 and _one_comma_one(words, lexicon))
        initials = len(part) == 1 and not part[0].is_initial and bool(following)
        initials = initials and all(word.is_initial for word in following)
        state = "".join(word.folded for word in following) in lexicon.states
        desk = _behind_a_desk(part, lexicon) and not firm
        if alone or called or desk or ((turned or (initials and not state)) and looks_like_name(part[0], lexicon)):
            yield " ".join(word.text for word in part)


def _two_words_that_are_names(part: Sequence[Word], lexicon: Lexicon) -> bool:
    """True for "Grace Love": words both, and nothing of an organization in them."""
    first, last = part
    return (
        lexicon.may_be_given(first)
        and last.folded in lexicon.surname_words
        and (last.folded not in lexicon.common or (last.folded in lexicon.titles and lexicon.is_given(first)))
        and last.text[0].isupper()
        and first.folded not in lexicon.common
        and first.folded not in lexicon.places
        and not last.possessive
    )


def _letters(part: Sequence[Word]) -> bool:
    """True for "Richard L. Roudebush VAMC": letters after a name that is not written so."""
    last = part[-1].text
    return len(last) > 2 and last.isupper() and not all(word.text.isupper() for word in part)


def _and_an_office(part: Sequence[Word], other: Sequence[Word], lexicon: Lexicon, first: bool) -> bool:
    """True for "Stokes/Parole": a surname, a word too, and nothing but parole, probation or intake beside it."""
    bare_office = len(other) == 1 and other[0].folded in {"parole", "probation", "intake", "probatoria"}
    named = len(part) == 1 and lexicon.may_be_surname(part[0])
    named = named and part[0].folded not in (lexicon.places if first else lexicon.all_places)
    return bare_office and named and not is_common(part[0].folded, lexicon)


def _in_a_place(word: Word, lexicon: Lexicon) -> bool:
    """True for the last word of "Avalon Tulsa": a place or a brand that is nobody's name."""
    known = word.folded in lexicon.surnames or word.folded in lexicon.listed_surname_words
    return not known and (word.folded in lexicon.proper_words or word.folded in lexicon.all_places)


def _of_business(word: Word, lexicon: Lexicon) -> bool:
    """True for the last word of "Tommy Hilfiger Outlet": a word that is no name."""
    return is_word_of_language(word.folded) and not (lexicon.may_be_surname(word) or lexicon.may_be_given(word))


def _unknown_words(part: Sequence[Word], lexicon: Lexicon) -> bool:
    """True for "Abebe Tesfaye", "Park Ji-hoon": names by their looks, for no language, place or brand has the words.

    A surname first and none after it is a firm ("Hodgson Russ").
    """
    if not 2 <= len(part) <= 3 or (part[0].folded in lexicon.heads_before):
        return False
    if any(KOREAN.fullmatch(word.text) and not lexicon.is_surname(word) for word in part):
        return all(is_unknown(word, lexicon) or lexicon.may_be_surname(word) for word in part)
    shouted = all(word.text.isupper() and len(word.text) > 3 for word in part)
    given = (
        lexicon.may_be_given(part[0])
        and not is_common(part[0].folded, lexicon)
        and part[0].folded not in lexicon.all_places
        and not part[0].possessive
    )
    if (part[0].folded in lexicon.surnames and not given) or not (
        shouted or all(not word.text[1:].isupper() for word in part)
    ):
        return False
    if given and not any(is_unknown(word, lexicon) for word in part[1:]):
        return False
    return (given or is_unknown(part[0], lexicon)) and all(
        is_unknown(word, lexicon)
        or (lexicon.may_be_surname(word) and not word.possessive and not is_common(word.folded, lexicon))
        for word in part[1:]
    )


def _before_a_place(part: Sequence[Word]) -> Sequence[Word]:
    """ "Ron Kipling" of "Ron Kipling at APA"."""
    at = next((spot for spot, word in enumerate(part) if word.folded in {"at", "from"} and word.text.islower()), None)
    return part if at is None else part[:at]


def _surname_first(part: Sequence[Word], lexicon: Lexicon) -> bool:
    """True for "ABERNATHY KEITH", "Zhang Wei", "Nguyen Van An", where that is all the text says."""
    if len(part) == 2 and part[0].folded in lexicon.surnames_first and is_unknown(part[1], lexicon):
        return not part[1].text.isupper() or part[0].text.isupper()  # "Chen Guowei"
    if len(part) == 3 and part[0].folded in lexicon.surnames and part[1].folded in {"van", "thi"}:
        return all(word.text[0].isupper() for word in part)
    return (
        2 <= len(part) <= 3
        and part[0].folded in lexicon.surnames
        and part[0].folded not in lexicon.places
        and not lexicon.is_given(part[0])
        and all(lexicon.is_given(word) or word.folded in PARTICLES for word in part[1:])
        and not any(word.possessive or word.text.islower() for word in part)
    )


def _one_comma_one(words: Sequence[Word], lexicon: Lexicon) -> bool:
    """True for "Osman, Fadumo", "Sullivan, Pat", where that is all the text says."""
    if len(words) != 3 or words[1].text != ",":
        return False
    last, called = words[0], words[2]
    surname = (last.folded in lexicon.surnames and last.folded not in lexicon.places) or is_census_surname(last)
    given = lexicon.may_be_given(called) and called.folded not in lexicon.places
    unknown = is_unknown(called, lexicon)
    return (surname and (given or unknown)) or (is_unknown(last, lexicon) and (given or unknown))


def _behind_a_desk(part: Sequence[Word], lexicon: Lexicon) -> bool:
    """True for "Unit 4 Teague", "DOCCS Tulley": a surname after an office, and nothing else."""
    if len(part) < 2 or part[-1].possessive:
        return False
    if part[0].folded in lexicon.lone_surnames and part[1].folded in {"at", "from"} and part[0].text[0].isupper():
        return any(word.folded in lexicon.desk_words for word in part[2:])
    if part[-1].folded == "caseload" and part[-2].folded in lexicon.lone_surnames:
        return True
    if part[-1].folded not in lexicon.lone_surnames:
        return False
    if not part[-1].text[0].isupper():
        return False
    before = part[-2]
    numbered = before.text.isdigit() and len(part) > 2 and part[-3].folded in lexicon.desk_words
    return len(part) <= 4 and (
        numbered or before.folded in lexicon.agencies or before.folded in {"probation", "parole", "team"}
    )


def with_role(words: Sequence[Word], lexicon: Lexicon) -> Iterator[str]:
    """Finds "Dziedzic, Parole Officer", "Adeyemi, LMSW" and "PO (Pham)": a part of names beside a part of roles."""
    parts = parts_of(words)
    for part in parts:
        for before, after in pairwise(part):
            degree = after.folded in lexicon.degrees
            named = looks_like_name(before, lexicon) or lexicon.may_be_surname(before)
            doctor = after.text in {"MD", "DO"} and before.folded in lexicon.lone_surnames
            doctor = doctor or (
                after.text in {"NP", "PA", "MD", "DO"}
                and after is part[-1]
                and 2 <= len(part) <= 4
                and all(is_unknown(word, lexicon) or lexicon.is_given(word) or word.is_initial for word in part[:-1])
            )
            if (degree and named) or doctor:
                yield f"{before.text} {after.text}"
    for name, role in (*pairwise(parts), *((name, role) for role, name in pairwise(parts) if _is_role(role, lexicon))):
        called = name[-1]
        if len(name) > 1 and lexicon.is_called(called) and called.folded not in lexicon.places:
            single = len(role) == 1 and role[0].folded in lexicon.roles_of_people
            if single and not name[-2].text[0].isupper():
                yield f"{called.text} {role[0].text}"  # "Home Depot #1221 Jeff, manager"
        if len(name) > 4:
            continue
        proven = len(role) == 1 and role[0].folded in lexicon.degrees
        worded = len(name) == 2 and lexicon.may_be_given(name[0]) and name[1].folded in lexicon.listed_surname_words
        worded = worded and _is_role(role, lexicon)  # "Rose Garden, probation officer"
        if not worded and not all(
            looks_like_name(word, lexicon) or (proven and lexicon.may_be_surname(word)) for word in name
        ):
            continue
        if len(name) == 1 and name[0].folded in lexicon.all_places and not proven:
            continue
        is_role = _is_role(role, lexicon)
        is_credential = (role[0].folded in lexicon.credentials or [word.text for word in role] == ["DO"]) and (
            role[0].text != "MD" or name[0].folded in lexicon.given
        )
        if is_role or is_credential:
            yield " ".join(word.text for word in [*name, *role])


def _is_role(part: Sequence[Word], lexicon: Lexicon) -> bool:
    """True for "Parole Officer", "court clerk" and "oficial de probatoria": words of roles only, a title among them."""
    folded = [word.folded for word in part]
    if lexicon.titles.isdisjoint(folded):
        return False
    if all(word in lexicon.roles for word in folded):
        return True
    return len(folded) <= 4 and folded[-1] in lexicon.titles and all(word in lexicon.role_words for word in folded)
