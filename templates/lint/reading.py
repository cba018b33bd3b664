"""How hard a text is to read, measured as those who write about plain language measure it.

English: the Flesch-Kincaid grade (Kincaid et al. 1975), years of school; a form should need at most eight. Spanish:
the perspicuity of Szigriszt-Pazos (1993) on the INFLESZ scale (Barrio-Cantalejo et al. 2008), 0 to 100, where 55 and
more is "normal" for adults; English school years say nothing about Spanish. Danger: a measure is not a reader; it finds
long words and long sentences, not confused ones.

What the law dictates word for word is not counted: nobody may write it more simply.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import pairwise

from rules.families import Clause
from rules.form_text import found
from rules.notices import is_verbatim
from rules.vocabulary import Language
from templates.errors import Place
from templates.lint.paper import Paper, Paragraph
from templates.lint.remark import Check, Remark, block, warn
from templates.lint.tags import TAG

MAX_GRADE = 8.0
"""Years of school that an English form may ask for."""
HARD_GRADE = 12.5
"""A single paragraph above this is shown to its author."""
MIN_PERSPICUITY = 55.0
"""INFLESZ: "normal" begins here."""
HARD_PERSPICUITY = 40.0
"""INFLESZ: below this a paragraph is "very difficult"."""
_SENTENCE_END = re.compile(r"(?<=[.!?:])\s+")
_FEWEST_WORDS = 7
"""Shorter lines are labels; one long word in them says nothing."""
_GROUPS = re.compile(r"[aeiouyáéíóúü]+")
_STRONG = "aeoáéóíú"


def grade(text: str) -> float:
    """Flesch-Kincaid grade of an English text; lines and sentences end sentences."""
    sentences, words = _counted(text)
    return 0.39 * len(words) / sentences + 11.8 * sum(map(syllables, words)) / len(words) - 15.59


def perspicuity(text: str) -> float:
    """Szigriszt-Pazos perspicuity of a Spanish text, 0 (hard) to 100 (easy)."""
    sentences, words = _counted(text)
    return 206.835 - 62.3 * sum(map(spanish_syllables, words)) / len(words) - len(words) / sentences


def syllables(word: str) -> int:
    """English syllables, by the vowel groups that are heard."""
    letters = re.sub(r"[^a-z]", "", word.lower())
    if len(letters) <= 3:
        return 1
    heard = re.sub(r"(?:[^laeiouy]es|[^td]ed|[^laeiouy]e)$", "", letters).removeprefix("y")
    return max(1, len(re.findall(r"[aeiouy]+", heard)))


def spanish_syllables(word: str) -> int:
    """Spanish syllables: vowel groups, with a hiatus between two strong or accented vowels."""
    letters = re.sub(r"[qg]u(?=[eiéí])", "k", unicodedata.normalize("NFC", word).lower())
    letters = re.sub(r"y(?![aeiouáéíóú])", "i", letters).replace("y", "ll")
    return max(1, sum(1 + _breaks(group) for group in _GROUPS.findall(letters)))


def look(paper: Paper, language: Language) -> Iterator[Remark]:
    """The measure of the whole form, and each paragraph that is far above it."""
    running = [(one, text) for one in paper.paragraphs if (text := _running(one))]
    if not running:
        return
    measure, limit = (grade, HARD_GRADE) if language is Language.EN else (perspicuity, HARD_PERSPICUITY)
    yield from _whole([text for _, text in running], language)
    for paragraph, text in running:
        value = measure(text)
        if (value > limit) if language is Language.EN else (value < limit):
            yield warn(
                Check.READING,
                paragraph.place(),
                f"This is hard to read ({_told(value, language)}).",
                "Make two sentences of it, or use shorter words.",
            )


def readability(texts: Sequence[str], language: Language) -> float:
    """The measure of the language over running text: a grade for English, INFLESZ points for Spanish."""
    return (grade if language is Language.EN else perspicuity)("\n".join(texts))


def _whole(texts: Sequence[str], language: Language) -> Iterator[Remark]:
    value = readability(texts, language)
    if (value > MAX_GRADE) if language is Language.EN else (value < MIN_PERSPICUITY):
        wanted = f"grade {MAX_GRADE:.0f}" if language is Language.EN else f"{MIN_PERSPICUITY:.0f} points or more"
        yield block(
            Check.READING,
            Place(part="document"),
            f"The form as a whole is hard to read ({_told(value, language)}; wanted: {wanted}).",
            "Start with the paragraphs that are named; short sentences and everyday words help most.",
        )


def _told(value: float, language: Language) -> str:
    return f"grade {value:.1f}" if language is Language.EN else f"{value:.0f} of 100 on the INFLESZ scale"


def _running(paragraph: Paragraph) -> str:
    """The paragraph's running text as a client may read it; "" for labels, headings, and what the law dictates."""
    text = " ".join(TAG.sub(lambda tag: "Ana" if tag.group().startswith("{{") else "", paragraph.text).split())
    if paragraph.in_table or not paragraph.part.startswith("body") or paragraph.style.lower().startswith("heading"):
        return ""
    if len(text.split()) < _FEWEST_WORDS or found(Clause.HIPAA_REDISCLOSURE, text) or is_verbatim(text):
        return ""
    return text


def _counted(text: str) -> tuple[int, list[str]]:
    sentences = [one for one in _SENTENCE_END.split(text) if re.search(r"[^\W\d_]", one)]
    words = [word for one in sentences for word in re.findall(r"[^\W\d_](?:[^\W\d_]|[’'-])*", one)]
    if not words:
        raise ValueError("a text without words has no measure")
    return len(sentences), words


def _breaks(group: str) -> int:
    return sum(left in _STRONG and right in _STRONG for left, right in pairwise(group))
