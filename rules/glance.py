"""A glance at a text that spares most of them the long look of `rules.individuals`.

Danger: a glance that says "nobody" of a text with somebody in it puts a person on a paper, and does it quickly.
Invariant: where the second glance says "nobody" the long look finds nobody; held by a test on every list in
tests/rules/data and on thousands of sentences that are made up.

Two glances: that no sign of a person is among the words; and, where "my son", "the judge" or "I" is, that every word
with a capital stands where no rule of the long look takes it for a name. Who changes a rule of the long look reads the
questions of the second again.
"""

from __future__ import annotations

import re
from functools import cache, reduce
from itertools import chain
from operator import or_

from rules.folding import fold, plain
from rules.marks import contact_marks
from rules.mentions import AGAINST, PHONE
from rules.names import (
    CALLED,
    GIVEN,
    GIVEN_WORD,
    LONE,
    SURNAME,
    SURNAME_WORD,
    TOKEN,
    TRIGGER,
    WORDED,
    Lexicon,
    Word,
    brands,
    is_census_surname,
    is_common,
    is_unknown,
    lexicon_of_names,
    may_be_somebody,
)
from rules.titles import ALWAYS_NAMED

_CAPITAL = re.compile(r"[^\W\d_a-z](?<!\w.)[\w'-]+")
_BESIDE = re.compile(r"[/(,:-]")
_FOLDED_WORD = re.compile(r"[a-z']+")
_POINTED = re.compile(r"\b[^\W\d_]\s?[./]|\bOf\.")
_INITIAL = re.compile(r"[A-Z\ufb01\ufb03](?:(?<=[\ufb01\ufb03])|(?<!\w.)(?![\w']))")
"""A capital alone, or a ligature. What it opens with is seldom met: it costs less so than with what stands before."""
_SHORT = 8
"""Texts of so few words are looked at when one is of no language: they may be a name and no more."""


def names_nobody(text: str) -> bool:
    """True when a glance shows that nobody can be named. A glance only: False says nothing."""
    return plainly_said(text) or _without_a_sign(text)


def _without_a_sign(text: str) -> bool:
    """True when no title, given name, relation, mark or initial is among the words at all."""
    lexicon = lexicon_of_names()
    kinds = lexicon.kinds
    folded = fold(text)
    words = _FOLDED_WORD.findall(folded)
    told = 0
    for word in words:
        told |= kinds(word)
    if told & TRIGGER or "@" in text or _INITIAL.search(text):
        return False
    if ("." in text or "/" in text) and _POINTED.search(text):
        return False
    if "'" in folded and not lexicon.desks.isdisjoint(words):
        return False
    capitalized = _FOLDED_WORD.findall(fold(" ".join(_CAPITAL.findall(text))))
    if any(kinds(word) & GIVEN_WORD for word in capitalized):
        return False
    if len(words) > _SHORT:
        return True
    worded = any(kinds(word) & SURNAME_WORD for word in capitalized) and _BESIDE.search(text) is not None
    return not worded and all(word in lexicon.common or kinds(word) & WORDED for word in capitalized)


# --- the second glance ------------------------------------------------------------------------------------------------

_LOWER, _KNOWN, _COMMON, _OPENER, _NAMELIKE, _INITIAL_ALONE, _NUMBER, _BREAK, _STOP, _SLOW = (
    1 << at for at in range(10)
)
_SOMEBODY, _TITLE, _TAIL, _OF, _MARK, _SOFT_MARK, _AT, _EXTENSION, _SHORTENED, _BRAND, _LEADS = (
    1 << at for at in range(10, 21)
)
"""What a token is to the second glance, several at once: see `_judged`."""
_UPPER = _KNOWN | _COMMON | _OPENER | _INITIAL_ALONE
_NAMED = GIVEN | SURNAME | LONE | CALLED
_BREAKING = frozenset(",;:()")
_ENDING = frozenset(".?!\u00bf\u00a1")
_SOFT = {
    "care": "care of",
    "ask": "ask for",
    "copy": "copy",
    "copia": "copia a",
    "contact": "",
    "contacto": "",
    "attention": "attention of",
    "atencion": "atencion de",
}
"""Everyday words that are a contact mark in a phrase only; "": see `_marked`."""
_OPENING = ("contact", "attention", "atencion")
_CONTACT = ("of contact", "de contacto")
_LEADING = frozenset({"is", "es", "van", "von", "der", "di"})
_ASKING = frozenset({"for", "to", "with", "by", "por", "con", "big", "little"})
"""Before a word of no list these may make it somebody's who is asked for; so does a surname that comes first."""
_NO_WORDS = frozenset({"MD", "DO", "NP", "PA", "Al"})
_OF_JUDGES = re.compile(r"A?J[A-Z]*")
_AFTER_A_DASH = re.compile(r"-(?:elect|at-law)\b")
_FEW = 5
"""A text of fewer words may be a name and no more: some rules ask that it be so short."""
_DIGITS = 10
"""A telephone number has as many, if it is no extension."""
_JUDGED_AT_MOST = 8_000
# what the tokens between two blanks are, by Python's hash, which is keyed anew in each process: no word is kept
_judged_already: dict[int, tuple[int, ...]] = {}


def plainly_said(text: str) -> bool:
    """True when every word with a capital stands where the long look takes it for no name, and no name stands small."""
    if "\n" in text:
        return False
    chunks = (text if text.isascii() else plain(text)).split()
    known = _judged_already.get
    kinds = list(chain.from_iterable([known(hash(chunk)) or _remembered(chunk) for chunk in chunks]))
    whole = reduce(or_, set(kinds), 0)
    if whole & _SLOW:
        return False
    digits = _digits(text) if whole & _NUMBER else 0
    if len(kinds) - kinds.count(_STOP) < _FEW or kinds[0] & (_BRAND | _STOP | _BREAK):
        return False  # after a brand that opens a text the rest is judged as if it stood alone
    if (digits >= _DIGITS or whole & _EXTENSION) and PHONE.search(text):
        return False
    if whole & (_MARK | _SOFT_MARK) and _marked(text, hard=bool(whole & _MARK)):
        return False
    return _in_place(kinds, whole)


def _digits(text: str) -> int:
    plainest = text.encode("ascii", "ignore")
    return len(plainest) - len(plainest.translate(None, b"0123456789"))


def _marked(text: str, *, hard: bool) -> bool:
    folded = fold(text)
    soft = any(phrase and phrase in folded for phrase in _SOFT.values())
    soft = soft or ":" in folded or folded.startswith(_OPENING) or any(phrase in folded for phrase in _CONTACT)
    return (hard or soft) and any(contact_marks(folded, lexicon_of_names()))


def _in_place(kinds: list[int], whole: int) -> bool:
    plain_word = _LOWER
    # most words are no more than a plain one: what they change is made up for at the next that is
    noticed = [(at, kind) for at, kind in enumerate(kinds) if kind != plain_word]
    kinds = [*kinds, 0, 0]
    somebody = titled = named = said = False
    opening = True
    before = last = due = 0
    for at, kind in (*noticed, (len(kinds) - 2, 0), (len(kinds) - 1, 0)):
        if at > due:
            said, somebody, opening, before, last = True, False, False, plain_word, plain_word
        due = at + 1
        if kind & _LOWER:
            said = True
        elif kind & _UPPER:
            if somebody:
                return False  # "my sister Zoraya", "Officer Medicaid": whatever follows a title or a relation
            if kind & _OPENER and not opening:
                if kind & _NAMELIKE or before & _LEADS or whole & _EXTENSION:
                    return False  # "ask for Zoraya", "x4471 Marchetti"; "food stamps, Medicaid and a pass" is no name
            elif kind & (_OPENER | _INITIAL_ALONE) and not kinds[at + 1] & _LOWER:
                return False  # "J. Smith", "Para Ruiz"; "I report" and "Para que" are no names
            if kind & _NAMELIKE and not kinds[at + 2] & _LOWER:
                return False  # "Hope park, parole officer"
            if kind & _COMMON:
                said = True
            else:
                named = True
        elif kind & _STOP:
            if before & _AT or (before & _SHORTENED and kinds[at + 1]):
                return False  # "at. Rivera", "Ofic. Ruiz"
        elif kind & _NUMBER:
            said = True
        else:
            if named and not said:
                return False  # a part that is words with a capital and no more: beside a role it is a name
            named = said = False
        if kind & (_LOWER | _UPPER):
            somebody = bool(kind & _SOMEBODY or (titled and kind & _TAIL))
            titled = titled or kind & _TITLE != 0
            last = kind
        opening, before = kind == _STOP, kind
    # "Commissioner of Social Services Corinda": a name at the very end may belong to a title far before it
    return not (whole & _TITLE and whole & _OF and last & _UPPER)


@cache
def _first_words_of_brands() -> frozenset[str]:
    return frozenset(brand.split()[0] for brand in brands() if brand)


def _remembered(chunk: str) -> tuple[int, ...]:
    kinds = tuple(_judged(raw, lexicon_of_names()) for raw in TOKEN.findall(chunk))
    if not any(kind & _NUMBER for kind in kinds):  # numbers seldom come again
        if len(_judged_already) >= _JUDGED_AT_MOST:
            _judged_already.clear()
        _judged_already[hash(chunk)] = kinds
    return kinds


def _judged(raw: str, lexicon: Lexicon) -> int:
    """What one token is; `_SLOW` for all that a glance cannot judge."""
    if raw in _BREAKING:
        return _BREAK
    if raw in _ENDING:
        return _STOP
    if raw[0].isdigit():
        return _NUMBER if raw.isascii() else _SLOW
    folded = fold(raw)
    possessive = folded.endswith(("'s", "'"))
    if possessive:
        folded = folded.removesuffix("s").removesuffix("'")
    if folded in AGAINST or not raw[0].isalpha() or "." in raw or "&" in raw or _AFTER_A_DASH.search(raw):
        return _SLOW
    if folded in lexicon.credentials or folded in ALWAYS_NAMED or lexicon.kinds(folded) & _NAMED:
        return _SLOW
    word = Word(raw.partition("'")[0] if possessive else raw, folded, 0, len(raw), False)
    if lexicon.is_given(word) or lexicon.is_surname(word):
        return _SLOW
    pieces = {folded, fold(raw), *folded.split("-")}
    soft = not pieces.isdisjoint(_SOFT)
    told = (
        (folded in lexicon.relations_and_titles or folded in _LEADING, _SOMEBODY),
        (folded in lexicon.titles, _TITLE),
        (folded in lexicon.title_tails, _TAIL),
        (folded in {"of", "de", "del"}, _OF),
        (soft, _SOFT_MARK),
        (not pieces.isdisjoint(lexicon.marks - _SOFT.keys()), _MARK),
        (folded == "at", _AT),
        (folded in _ASKING or folded in lexicon.surnames_first, _LEADS),
        (folded in {"x", "ext", "extension", "anexo"}, _EXTENSION),
        (not pieces.isdisjoint(_first_words_of_brands()), _BRAND),
    )
    kind = _lower(raw) if raw[0].islower() else _upper(raw, word, possessive, lexicon)
    return kind | sum(flag for holds, flag in told if holds)


def _lower(raw: str) -> int:
    return _LOWER if raw.islower() else _SLOW


def _upper(raw: str, word: Word, possessive: bool, lexicon: Lexicon) -> int:
    """What a word with a capital is: an organization's, a known one, one that only opens a sentence, an initial."""
    if _OF_JUDGES.fullmatch(raw) or raw in _NO_WORDS or "-" in raw or not raw[0].isupper():
        return _SLOW
    if word.is_initial:
        return _INITIAL_ALONE
    if not (raw[1:].islower() or raw.isupper()) or may_be_somebody(word, lexicon) or is_census_surname(word):
        return _SLOW
    short = _SHORTENED if len(raw) <= 5 else 0
    namelike = lexicon.kinds(word.folded) & (GIVEN_WORD | SURNAME_WORD)
    if is_common(word.folded, lexicon) and not namelike:
        return _COMMON | short
    if namelike or is_unknown(word, lexicon):
        # "Zoraya's office" is somebody's, at the head of a sentence too
        return _SLOW if possessive else _OPENER | (_NAMELIKE if namelike else 0) | short
    return _KNOWN | short
