"""Finds people who are mentioned without a title: an e-mail address, a first name one is to ask for, somebody's desk.

Danger: "ask for Kevin", "Linda's office" and k.moore@agency.gov bind a paper to a person as surely as a title does.
Invariant: a given name alone counts only where a person must stand (alone in its part, after whom one calls or is kin
to, before a lower-case word), never before an organization's words; places, months and saints are no people.

Part of `rules.individuals`; judges words that `rules.names` cut.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rules.folding import fold, plain
from rules.names import (
    PARTICLES,
    Lexicon,
    Word,
    is_census_surname,
    is_common,
    is_unknown,
    looks_like_name,
)

_MAIL = re.compile(r"[\w.+'-]+@[\w-]+(?:\.[\w-]+)+")
PHONE = re.compile(
    r"(?:\b(?:tel|ph|phone|cell|fax|mobile|cel|celular|telefono|teléfono)\b\.?:?\s*)?"
    r"(?:\+?1[ .-])?(?:\(\d{3}\)|\b\d{3})[ .-]?\d{3}[ .-]\d{4}\b(?:\s*(?:x|ext\.?|extension)\s*\d+)?"
    r"|\b(?:x|ext\.?|extension|anexo)\s?\d{2,6}\b",
    re.IGNORECASE,
)
AGAINST = frozenset({"v", "vs"})
_CAPTION = re.compile(
    r"\b(?:People|State|Commonwealth|Pueblo|United States|U\.? ?S\.?)(?: of [A-Z]\w+(?: [A-Z]\w+)?)? vs?\.? "
    r"(?P<accused>[^\W\d_][\w'-]+(?:,? [A-Z][\w'.-]*)*)"
)
"""How a criminal case is called: by the accused."""
_AT_THE_DESK = re.compile("(?:at|from|en) (?:the|my|la|el)")
_MY = frozenset({"my", "mi", "mis", "his", "her", "their", "our", "nuestra", "nuestro", "su", "sus", "the"})
_POSSESSIVE_ONLY = _MY - {"the"}
_SMALL = frozenset(
    {"to", "for", "from", "with", "by", "via", "and", "y", "e", "that", "que", "because", "porque", "so", "para", "a"}
)
_PLACING = frozenset({"of", "de", "del", "at", "in", "en", "near", "&"})


def without_numbers(text: str) -> str:
    """The text with telephone numbers made breaks: what stands beside one is judged as if it stood alone."""
    return PHONE.sub(" , ", text) if any(sign.isdigit() for sign in text) else text


def mentions(text: str, words: Sequence[Word], lexicon: Lexicon) -> Iterator[str]:
    """Every mention of a person that needs no title."""
    yield from _addresses(text, lexicon)
    yield from _accused(text, lexicon)
    firm = any((word.folded in lexicon.legal_forms and word.text[0].isupper()) or word.text == "&" for word in words)
    for index, word in enumerate(words):
        if not word.is_word:
            continue
        if word.possessive and _at_work(words, index, lexicon):
            yield f"{word.text} {words[index + 1].text}"
        elif _nicknamed(words, index, lexicon):
            yield f"{words[index - 1].text} {word.text}"
        elif _related(words, index, lexicon) or (not firm and _called(words, index, lexicon)):
            yield word.text


def _addresses(text: str, lexicon: Lexicon) -> Iterator[str]:
    """E-mail addresses whose first half is no place of work: info@ passes, ltorres@ does not."""
    for match in _MAIL.finditer(text):
        box, _, domain = match.group().partition("@")
        pieces = [piece for piece in re.split(r"[^a-z]+", fold(box)) if piece]
        known = lexicon.mailboxes | lexicon.monuments | lexicon.offices
        if not pieces or any(
            piece not in known and not (len(piece) > 1 and is_common(piece, lexicon)) and piece not in fold(domain)
            for piece in pieces
        ):
            yield match.group()


def _accused(text: str, lexicon: Lexicon) -> Iterator[str]:
    """Whom "People v. Washington" is against; a company has its legal form."""
    for caption in _CAPTION.finditer(plain(text)):
        if lexicon.legal_forms.isdisjoint(fold(caption["accused"]).replace(",", " ").replace(".", " ").split()):
            yield caption.group()


def _at_work(words: Sequence[Word], index: int, lexicon: Lexicon) -> bool:
    """True for "Linda's office", "Banks' caseload"; not for "St. Mary's Office" or "Attorney's Office"."""
    word = words[index]
    before = words[index - 1].folded if index else ""
    following = words[index + 1].folded if index + 1 < len(words) else ""
    if following not in lexicon.desks or before in lexicon.saints or word.folded in lexicon.titles:
        return False
    named = lexicon.is_given(word) or lexicon.may_be_surname(word) or is_census_surname(word) or _unknown(word, lexicon)
    return named and (word.folded not in lexicon.common or word.folded in lexicon.surname_words)


def _unknown(word: Word, lexicon: Lexicon) -> bool:
    """True for the owner in "Janiczek's caseload": no word of any list."""
    bare = Word(word.text.partition("'")[0], word.folded, word.start, word.end, False)
    return is_unknown(bare, lexicon)


def _related(words: Sequence[Word], index: int, lexicon: Lexicon) -> bool:
    """True for a name after "my sister", "mi mamá,", "my sponsor": kin and helpers have no title."""
    word = words[index]
    if not (lexicon.may_be_given(word) or lexicon.may_be_surname(word) or looks_like_name(word, lexicon)):
        return False
    if word.is_initial or (word.folded in PARTICLES and word.text != "Al") or not word.text[0].isupper():
        return False
    at = index - 1
    if at >= 0 and words[at].text in {"Big", "Lil", "Old", "Little"}:
        at -= 1  # "my sponsor Big Al"
    if at >= 0 and words[at].text in {",", ":", "(", "is", "es"}:
        at -= 1
    if at >= 2 and words[at].text.isupper() and words[at - 1].folded in _PLACING | {"from"}:
        at -= 2  # "mi madrina de AA, Carmencita"
    if at < 1 or words[at].folded not in lexicon.relations or words[at].text[0].isupper() != words[at].text.isupper():
        return False
    return any(words[spot].folded in _POSSESSIVE_ONLY for spot in range(max(0, at - 2), at))


def _nicknamed(words: Sequence[Word], index: int, lexicon: Lexicon) -> bool:
    """True for "report to Skip Lawson every Monday": a surname with any word before it, after whom one speaks to."""
    word = words[index]
    if index < 2 or word.folded not in lexicon.lone_surnames or word.possessive or not word.text[0].isupper():
        return False
    nick, before = words[index - 1], words[index - 2]
    if not nick.is_word or not nick.text[0].isupper() or nick.text.isupper() or nick.possessive:
        return False
    if (
        word.folded in lexicon.monuments
        or is_common(nick.folded, lexicon)
        or nick.folded in lexicon.all_places
        or nick.folded in lexicon.heads_before
        or nick.folded in PARTICLES
    ):
        return False
    after = words[index + 1] if index + 1 < len(words) else None
    spoken_to = before.folded in lexicon.callers and before.text.islower() and before.folded not in {"for", "and", "y"}
    return spoken_to and (after is None or after.breaks or after.text[0].islower())


def _called(words: Sequence[Word], index: int, lexicon: Lexicon) -> bool:
    """True for a given name that stands for a person by itself."""
    word = words[index]
    if word.possessive or word.folded in lexicon.places or word.folded in lexicon.common:
        return False
    if word.text.islower() and index == 0 and lexicon.is_given(word) and len(words) > 2:
        where = {"intake", "records", "reception", "desk"} | lexicon.desk_words
        return words[1].folded in {"at", "from", "in"} and any(other.folded in where for other in words[2:5])
    if not lexicon.is_called(word):
        return _called_rarely(words, index, lexicon)
    if word.text.islower():
        return _opens_in_lower_case(words, index) or _after_a_caller(words, index, lexicon)
    return _nothing_after(words, index, lexicon) and _person_before(words, index, lexicon)


def _opens_in_lower_case(words: Sequence[Word], index: int) -> bool:
    """True for "tony", "keisha at parole", "linda w.", "carlos m at the shelter"."""
    rest = words[index + 1 :]
    if index or not rest:
        return not index
    if rest[0].is_word and len(rest[0].text) == 1 and rest[0].folded not in {"y", "e", "a", "o"}:
        rest = rest[1:]
    return not rest or rest[0].folded in {"at", "from", "in", "with", "en", "@"} or rest[0].breaks


def _after_a_caller(words: Sequence[Word], index: int, lexicon: Lexicon) -> bool:
    """True for "ask for tony", "my p.o. is jessica", "hablar con fernando": typed without a capital."""
    if index < 2 or not (index + 1 >= len(words) or words[index + 1].breaks or words[index + 1].text[0].islower()):
        return False
    before, earlier = words[index - 1].folded, words[index - 2].folded
    if before in {"is", "es", "named", "called"}:
        return earlier in lexicon.relations_and_titles
    if before in lexicon.relations:
        return earlier in _POSSESSIVE_ONLY
    return before in {"for", "to", "with", "por", "con", "a"} and earlier in lexicon.callers and earlier not in _SMALL


def _called_rarely(words: Sequence[Word], index: int, lexicon: Lexicon) -> bool:
    """True for "Kaylee S." and "Sponsor Dante": names that are surnames or words too, where only a person can stand."""
    if not lexicon.may_be_given(words[index]):
        return False
    before = words[index - 1] if index else None
    if index + 2 == len(words) and words[index + 1].is_initial and words[index].folded not in lexicon.saints:
        return before is None or before.breaks
    ends = index + 1 == len(words) or words[index + 1].breaks
    if not ends and before is not None and before.text in {"to", "for", "from", "with", "para", "con"}:
        where = " ".join(word.text for word in words[index + 1 : index + 3])
        # "for Rose at the clinic"
        return _AT_THE_DESK.fullmatch(where) is not None and words[index].folded not in lexicon.all_places
    if not ends or before is None:
        return False
    if before.folded in {"por", "a", "con"} and index > 1:
        before = words[index - 2]  # "preguntar por Ivelisse"
    if before.folded in {"to", "for", "from", "with"} and before.text.islower():
        name = words[index]
        only_given = lexicon.is_given(name) and name.folded not in lexicon.surnames_and_places
        return only_given and name.folded not in lexicon.proper_words  # "send it to Latrice"
    return before.folded in lexicon.callers and before.folded not in _SMALL


def _nothing_after(words: Sequence[Word], index: int, lexicon: Lexicon) -> bool:
    """True when no word of an organization follows the name."""
    if index + 1 >= len(words):
        return True
    following = words[index + 1]
    if following.text[0].isdigit():
        return False  # "Matthew 25 Ministries"
    if following.folded in {"of", "de"}:
        return False  # "Dismas of Vermont"
    if following.folded in {"and", "y", "e", "or"} and not following.is_initial:
        part = words[index + 2 : index + 6]
        return not any(is_common(word.folded, lexicon) and word.text[0].isupper() for word in part)
    if following.breaks or not following.is_word:
        state = words[index + 2].folded if index + 2 < len(words) else ""
        return not (following.text == "," and state in lexicon.states)
    if following.is_initial:
        return index + 2 >= len(words) or words[index + 2].breaks
    return following.text[0].islower() and following.folded not in PARTICLES


def _person_before(words: Sequence[Word], index: int, lexicon: Lexicon) -> bool:
    """True when the name opens its part, or what stands before it is said of people."""
    if index == 0:
        return True
    before = words[index - 1]
    if before.text in {"&", "#"}:
        return False
    if before.folded in {"and", "y"} and index > 2 and words[index - 3].folded in lexicon.saints:
        return False  # "SS. Peter and Paul"
    if before.breaks or not before.is_word:
        # "12 Victor" is a street's number
        return not before.text[0].isdigit()
    if before.folded in lexicon.callers:
        return True
    if before.folded in {"por", "a", "con"} and index > 1 and words[index - 2].folded in lexicon.callers:
        return True
    if before.folded in _PLACING:
        return index > 1 and words[index - 2].folded in lexicon.callers
    following = words[index + 1] if index + 1 < len(words) else None
    spoken_of = following is not None and following.is_word and following.text[0].islower()  # "the day Omar tells me"
    return (
        before.text[0].islower()
        and before.folded not in lexicon.saints
        and (before.folded not in lexicon.common or (spoken_of and before.folded not in _PLACING))
    )
