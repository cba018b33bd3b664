"""The words and word lists by which `rules.individuals` tells people from organizations.

Danger: two ways of cutting a text into words find two sets of names. Invariant: everything that looks for people cuts
with `words_of` and looks up in one `Lexicon`. No word that was looked up is kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from rules.folding import fold, plain
from rules.tables import table, word_list
from rules.wordlists import WordList

_NICKNAME = re.compile(r"""(?<=[\w.])\s+["“][^\W\d_][\w.' ]{0,14}["”](?=\s+[A-Z])""")
"""James "Jimmy" Tolliver: what one is called besides, between the names."""
_ABBREVIATIONS = (
    (re.compile(r"\bU\.\s?S\.\s?P\.\s?O\.?(?=\W|$)"), "USPO"),
    (re.compile(r"\bS\.\s?P\.\s?O\.?(?=\W|$)|\bs\.p\.o\.?(?=\W|$)"), "SPO"),
    (re.compile(r"\bP\.\s?O\.(?=[A-Z][a-z])|\bPO[.-](?=[A-Z][a-z])"), "PO "),
    (re.compile(r"\bPO\s?\d(?=\s+[A-Z][a-z])"), "PO"),
    (re.compile(r"\bP\.\s?O\.?(?=\W|$)|\bp\.o\.?(?=\W|$)|\bP/O\b"), "PO"),
    (re.compile(r"\b(?:Of|Ofic)\.(?=\s[A-Z])"), "Oficial"),
    (re.compile(r"\bA\.\s?D\.\s?A\.?(?=\W|$)"), "ADA"),
    (re.compile(r"\bD\.\s?A\.(?=\W|$)"), "DA"),
    (re.compile(r"\b([A-Z])\.([A-Z])\.(?=\s*[A-Z][a-z])"), r"\1. \2. "),
    (re.compile(r"\bOff\.(?=\s)"), "Officer"),
    (re.compile(r"\bT\.\s?S\.(?:\s?P\.)?(?=\s+[A-ZÁÉÍÓÚÑ][a-z])"), "Trabajadora Social"),
    (re.compile(r"\bComm'r\b"), "Comisionado"),
    (re.compile(r"-(?:elect|at-law)\b"), ""),
    (re.compile(r"\bD\.a(?=\s+[A-Z])"), "Doña"),
    (re.compile(r"\b(Dr|Sr|Prof)\.a(?=\s+[A-Z])"), r"\1a"),
    (re.compile(r"\bRep\.(?=\s+[A-Z][a-z])"), "Congressman"),
    (_NICKNAME, ""),
)
_MAY_ABBREVIATE = re.compile(r"""[."“]|PO|P/O|-elect|-at-law|Comm'r""")
"""Every abbreviation holds one of these; most texts hold none."""
TOKEN = re.compile(r"[^\W\d_]+(?:['&.-][^\W\d_]+)*'?|\d[\w-]*|\s-+\s|[^\w\s]|\n", re.UNICODE)
_SPANISH_NOUN = re.compile(r"..(?:ciones|cion|dades|dad|mientos?|erias?|ismo|torios?|logia)$")
KOREAN = re.compile(r"[A-Z][a-z]{1,5}-[a-z]{1,5}")
"""Ji-hoon."""
_BRANDED = re.compile(r"^(?!Mc|Mac|De|Di|Du|La|Le|Van|Von|Fitz|O')[A-Z][a-z]+[A-Z]")
"""A capital inside a word: "HomeFirst"; not "McKinney"."""
_BREAKS = frozenset(',;:/()[]|\n%#*+=<>@"')
PARTICLES = frozenset(
    {"de", "la", "las", "los", "del", "van", "der", "den", "von", "di", "da", "al", "el", "bin", "ter"}
)
"""Small words inside names: "De La Cruz", "van der Berg"."""
_MARK_WORDS = frozenset({"attn", "atn", "att", "attention", "fao", "care", "cc", "copia", "atencion", "cuidado"})
_MARK_WORDS |= {"badge", "shield", "placa", "x", "ext", "extension", "per", "supervised", "assigned", "talk", "spoke"}
_HOUSES_TOO = frozenset({"church", "house", "street", "hall", "park", "law"})
_MARK_WORDS |= {"contact", "contacto", "ask", "off", "copy", "point", "comm'r"}


@dataclass(frozen=True, slots=True)
class Word:
    """One token: as written, folded without its possessive, and where it stands."""

    text: str
    folded: str
    start: int
    end: int
    possessive: bool

    @property
    def is_word(self) -> bool:
        return self.text[0].isalpha()

    @property
    def is_initial(self) -> bool:
        return len(self.text) == 1 and self.text.isupper()

    @property
    def breaks(self) -> bool:
        text = self.text
        # asked of every word many times, and true of no word: the first letter says so
        return not text[0].isalnum() and (text in _BREAKS or text.strip("- \t") == "" or text.isspace())


CALLED, GIVEN, GIVEN_WORD, SURNAME, LISTED_SURNAME_WORD, SURNAME_WORD, LONE, PLACE, TOWN, PROPER, WORDED, TRIGGER = (
    1 << bit for bit in range(12)
)
COMMON = 1 << 12
"""What a word may be, several at once (`Lexicon.kinds`); the attributes of `Lexicon` say what each means."""
_REMEMBERED_AT_MOST = 8_000


class Kind:
    """The words of one kind, or of several; asked with `in`."""

    __slots__ = ("_lexicon", "_wanted")

    def __init__(self, lexicon: Lexicon, wanted: int) -> None:
        self._lexicon = lexicon
        self._wanted = wanted

    def __contains__(self, word: str) -> bool:
        return self._lexicon.kinds(word) & self._wanted != 0


class Lexicon:
    """The word lists: those by hand as sets, the long ones asked by kind."""

    def __init__(self, rows: Mapping[str, Any]) -> None:
        def words(name: str) -> frozenset[str]:
            return frozenset(fold(str(rows[name])).split())

        def listed(name: str) -> WordList:
            return word_list("gazetteer", name)

        self._listed_given = listed("given")
        self._listed_given_rare = listed("given_rare")
        self._listed_given_words = listed("given_words")
        self._listed_surnames = listed("surnames")
        self._listed_surname_words = listed("surname_words")
        self._listed_places = listed("places")
        self._listed_towns = listed("places_us")
        self._proper = word_list("dictionary", "proper_words")
        self._language = word_list("dictionary", "words")
        # kinds of the words seen last, by Python's hash, which is keyed anew in each process: no word is kept
        self._remembered: dict[int, int] = {}
        self.officials = words("officials")
        self.dignities = words("dignities")
        self.titles = self.officials | self.dignities
        self.credentials = words("credentials")
        self.roles = words("roles")
        self.monuments = words("monuments")
        self.hard_monuments = words("hard_monuments")
        self.heads_before = words("heads_before")
        self.offices = words("offices")
        self.legal_forms = words("legal_forms")
        self.saints = words("saints")
        self.states = words("states")
        self.places = Kind(self, PLACE)
        self.callers = words("callers")
        self.relations = words("relations")
        self.surnames_first = words("surnames_first")
        self.desks = words("desks")
        self.marks = words("glance_marks")
        """Words of which every contact mark holds one, but for those with a sign in them: see `rules.glance`."""
        self.title_tails = words("glance_tails")
        """The last words of what may stand between a title and its name."""
        self.mailboxes = words("mailboxes")
        self.common = words("common") | self.monuments | self.offices | self.legal_forms | self.saints | self.titles
        self.plain_titles = words("plain_titles")
        self.agencies = words("agencies")
        self.desk_words = (self.offices | self.titles | self.agencies) - {"county", "city", "town", "state"}
        """Beside these a surname alone is somebody at a desk: offices, roles, agencies by their letters."""
        self.picked = words("given")
        """Given names by hand, the most frequent."""
        self.called = Kind(self, CALLED)
        """Given names frequent enough to name a person alone; rarer ones that are no surname, word, place or brand."""
        self.given = Kind(self, GIVEN)
        self.given_words = Kind(self, GIVEN_WORD)
        """Given names that are words too."""
        self.picked_surnames = words("surnames")
        self.surnames = Kind(self, SURNAME)
        self.listed_surname_words = Kind(self, LISTED_SURNAME_WORD)
        """Surnames that are words too, those of organizations among them."""
        self.surname_words = Kind(self, SURNAME_WORD)
        self.names = Kind(self, GIVEN | SURNAME)
        self.sure_surnames = words("lone_surnames")
        """Alone beside anything they are a person."""
        self.lone_surnames = Kind(self, LONE)
        """Alone beside an office they are a person."""
        self.proper_words = Kind(self, PROPER)
        """Words of brands, towns and peoples that are no person's name: "walmart", "tulsa", "apache"."""
        self.degrees = self.credentials - {"md", "np", "pa"}
        """Degrees that are no state's or agency's letters."""
        self.of_people = self.offices | self.titles | self.credentials | self.agencies
        """After a name these make it somebody's, not an institution's."""
        self.before_people = self.titles | self.callers
        self.no_initials = self.states | self.titles | self.saints | PARTICLES
        self.all_places = Kind(self, PLACE | TOWN)
        self.surnames_and_places = Kind(self, SURNAME | PLACE | TOWN)
        self.role_words = self.common - self.monuments - self.legal_forms - {"office", "oficina", "department"}
        """What a role is said with: "court clerk", "public defender"."""
        seconds = rows["second_words"]
        self.second_words = {str(word): frozenset(map(str, before)) for word, before in seconds.items()}
        self.named_titles = self.titles - {"sister", "mother", "justice"}
        self.roles_of_people = self.titles - self.dignities
        self.relations_and_titles = self.relations | self.titles
        self._triggers = self.titles | self.credentials | self.relations | _MARK_WORDS

    def kinds(self, word: str) -> int:
        """What the folded `word` may be: `GIVEN`, `SURNAME` and so on, added up."""
        known = self._remembered.get(hash(word))
        if known is None:
            known = self._kinds(word)
            if len(self._remembered) >= _REMEMBERED_AT_MOST:
                self._remembered.clear()
            self._remembered[hash(word)] = known
        return known

    def _kinds(self, word: str) -> int:
        free = word not in self.common and word not in PARTICLES
        place = word in self._listed_places
        town = word in self._listed_towns
        proper = word in self._proper
        frequent = word in self.picked or (free and word in self._listed_given)
        given = frequent or (free and word in self._listed_given_rare)
        given_word = (
            not given
            and word not in self.common  # saints are among them
            and word in self._listed_given_words
        )
        surname = word in self.picked_surnames or (free and word in self._listed_surnames)
        listed_word = word in self._listed_surname_words
        surname_word = listed_word and word not in self.monuments and word not in self.saints and word != "box"
        nothing_else = not (surname or surname_word or given_word or place or town or proper)
        lone = word in self.sure_surnames or (surname and not place and not town)
        found = (
            (frequent or (given and nothing_else), CALLED),
            (given, GIVEN),
            (given_word, GIVEN_WORD),
            (surname, SURNAME),
            (listed_word or word in _HOUSES_TOO, LISTED_SURNAME_WORD),
            (surname_word, SURNAME_WORD),
            (lone, LONE),
            (place, PLACE),
            (town, TOWN),
            (proper, PROPER),
            (self._of_language(word), WORDED),
            (self._of_organizations(word), COMMON),
            (given or lone or word in self._triggers, TRIGGER),
        )
        return sum(kind for holds, kind in found if holds)

    def _of_organizations(self, folded: str) -> bool:
        return (
            folded in self.common
            or folded.removesuffix("s") in self.common
            or all(part in self.common for part in re.split(r"[-/&.]", folded) if part)
        )

    def _of_language(self, folded: str) -> bool:
        return (
            folded in self._language
            or folded.removesuffix("s") in self._language
            or folded.removesuffix("es") in self._language
            or _SPANISH_NOUN.search(folded) is not None
        )

    def is_given(self, word: Word) -> bool:
        """True for a given name that is no word: "Linda", "Jean-Luc", "Da'Quan"."""
        return _each(word.folded, self.given)

    def is_called(self, word: Word) -> bool:
        """True for a given name that names a person alone."""
        return _each(word.folded, self.called)

    def may_be_given(self, word: Word) -> bool:
        """True for a given name, one that is a word too ("Hope") among them; written with a capital."""
        return word.text[0].isupper() and (self.is_given(word) or word.folded in self.given_words)

    def is_surname(self, word: Word) -> bool:
        """True for a surname that is no word: "Torres", "O'Keefe", "Wells-Hargrove"."""
        return any(piece in self.surnames for piece in _pieces(word.folded)) and word.folded not in self.titles

    def may_be_surname(self, word: Word) -> bool:
        """True for a surname, one that is a word too ("Banks") among them; written with a capital."""
        return word.text[0].isupper() and (self.is_surname(word) or word.folded in self.surname_words)


def _pieces(folded: str) -> tuple[str, ...]:
    """The word itself, and what a hyphen or an apostrophe joins in it."""
    if "-" not in folded and "'" not in folded:
        return (folded,)
    return (folded, *(piece for piece in re.split(r"-|^[a-z]{1,3}'", folded) if piece and piece != folded))


def _each(folded: str, names: Kind) -> bool:
    if folded in names:
        return True
    if "-" not in folded and "'" not in folded:
        return False
    if folded.replace("'", "") in names:
        return True
    pieces = [piece for piece in re.split(r"-|^[a-z]{1,3}'", folded) if piece]
    return len(pieces) >= 1 and pieces != [folded] and all(piece in names for piece in pieces)


@cache
def brands() -> frozenset[str]:
    """Businesses that are called nothing but a person's name: "edward jones"; folded, without points."""
    return frozenset(bare(brand) for brand in str(table("dictionary")["brands"]).split("|"))


def bare(text: str) -> str:
    """The text folded, its words alone."""
    return " ".join(re.findall(r"[^\W_]+(?:'[a-z]+)?", fold(text).replace(".", "")))


def is_word_of_language(folded: str) -> bool:
    """True for a word of English, its plural too, or one that ends as Spanish nouns do."""
    return lexicon_of_names().kinds(folded) & WORDED != 0


def is_census_surname(word: Word) -> bool:
    """True for a surname of the census, a rare one too, that is no word, town or brand: "Cifarelli"."""
    return word.is_word and word.text[0].isupper() and word.folded in word_list("surnames", "surnames")


def may_be_somebody(word: Word, lexicon: Lexicon) -> bool:
    """True for a given name or a surname of any list, words and rare ones too; no place's, brand's, organization's."""
    if word.folded in lexicon.proper_words or word.folded in lexicon.all_places or is_common(word.folded, lexicon):
        return False
    return lexicon.may_be_given(word) or lexicon.may_be_surname(word) or is_census_surname(word)


def is_unknown(word: Word, lexicon: Lexicon) -> bool:
    """True for a word with a capital that is no language's, no place's, no brand's and no organization's."""
    text = word.text
    if KOREAN.fullmatch(text):
        return True
    if not word.is_word or not text[0].isupper() or word.possessive or word.is_initial or "&" in text:
        return False
    if _BRANDED.search(text) or (len(text) < 4 and not any(sign in "aeiouy" for sign in word.folded)):
        return False
    return not any(
        is_common(piece, lexicon)
        or piece in lexicon.all_places
        or piece in lexicon.proper_words
        or is_word_of_language(piece)
        for piece in word.folded.split("-")
        if piece not in PARTICLES
    )


@cache
def lexicon_of_names() -> Lexicon:
    return Lexicon(table("names"))


def words_of(text: str) -> list[Word]:
    """The tokens of `text`, abbreviated titles made one word ("P. O." is "PO")."""
    text = plain(text)
    for pattern, full in _ABBREVIATIONS if _MAY_ABBREVIATE.search(text) else ():
        text = pattern.sub(full, text)
    words = []
    for match in TOKEN.finditer(text):
        raw = match.group()
        if raw == ".":
            continue
        folded = fold(raw)
        head, hyphen, rest = raw.partition("-")
        if hyphen and rest[:1].isupper() and fold(head) in lexicon_of_names().titles:
            # "Officer-Ruiz"
            words.append(Word(head, fold(head), match.start(), match.end(), False))
            raw, folded = rest, fold(rest)
        possessive = folded.endswith(("'s", "'"))
        if possessive:
            folded = folded.removesuffix("s").removesuffix("'")
        words.append(Word(raw, folded, match.start(), match.end(), possessive))
    return words


def looks_like_name(word: Word, lexicon: Lexicon) -> bool:
    """True for a capitalized word that is no word of organizations, an initial, or a particle ("de", "van")."""
    if not word.is_word or not word.text[0].isupper():
        return False
    if word.is_initial or word.folded in PARTICLES:
        return True
    return not is_common(word.folded, lexicon)


def is_common(folded: str, lexicon: Lexicon) -> bool:
    """True for a word of organizations or of the language, its plural and its compounds too."""
    return lexicon.kinds(folded) & COMMON != 0


def parts_of(words: Sequence[Word]) -> list[list[Word]]:
    """The words between breaks; empty parts left out."""
    parts: list[list[Word]] = [[]]
    for word in words:
        if word.breaks:
            parts.append([])
        else:
            parts[-1].append(word)
    return [part for part in parts if part]
