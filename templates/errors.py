"""What can go wrong with a form, said so that the person who reads it can put it right.

Danger: an error that quotes what it was given carries a client's name into a log. Invariant: a sentence holds words of
the *form* (field names, the text of the template) and never a value that was filled in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class FormCode(StrEnum):
    """Why a form could not be filled, rendered or finished."""

    NOT_A_WORD_FILE = "not_a_word_file"
    WORD_FILE_TOO_LARGE = "word_file_too_large"
    WORD_FILE_UNSAFE = "word_file_unsafe"
    TEMPLATE_BROKEN = "template_broken"
    BRACES_LEFT_OVER = "braces_left_over"
    FIELD_MISSING = "field_missing"
    FIELD_NONE = "field_none"
    FIELD_NOT_PLAIN = "field_not_plain"
    FIELD_NOT_TEXT = "field_not_text"
    UNKNOWN_FILTER = "unknown_filter"
    FORBIDDEN_EXPRESSION = "forbidden_expression"
    FORM_REFUSED = "form_refused"
    PRINTS_DIFFERENTLY = "prints_differently"
    FORM_UNKNOWN = "form_unknown"
    MANIFEST_BROKEN = "manifest_broken"
    LOGO_UNUSABLE = "logo_unusable"
    FILL_TIMEOUT = "fill_timeout"
    FILL_MEMORY = "fill_memory"
    FILL_FAILED = "fill_failed"
    RENDER_TIMEOUT = "render_timeout"
    RENDER_FAILED = "render_failed"
    OFFICE_MISSING = "office_missing"
    SCRATCH_MISSING = "scratch_missing"
    NOT_A_PDF = "not_a_pdf"
    PICTURE_WITHOUT_WORDS = "picture_without_words"
    TEXT_UNPRINTABLE = "text_unprintable"
    DAEMON_UNREACHABLE = "daemon_unreachable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where in a Word form something is."""

    part: str
    """Which part of the document: ``body``, ``header 1``, ``footer 2``, ``footnotes`` …"""
    paragraph: int | None = None
    """Number of the paragraph in that part, from 1; None where it could not be told."""
    words: str = ""
    """The words of the form around the place (never a value that was filled in)."""

    def __str__(self) -> str:
        said = self.part if self.paragraph is None else f"{self.part}, paragraph {self.paragraph}"
        return f"{said}, near “{self.words}”" if self.words else said


class FormError(Exception):
    """The one error of this room: a code, a sentence for the person, a remedy, and the place where it is known.

    The place, when there is one, is part of ``sentence``.
    """

    def __init__(self, code: FormCode, sentence: str, remedy: str, *, place: Place | None = None) -> None:
        told = sentence if place is None else f"{sentence.rstrip('.')} ({place})."
        super().__init__(f"{told} {remedy}")
        self.code = code
        self.sentence = told
        self.remedy = remedy
        self.place = place
        self.bare_sentence = sentence
        """The sentence without the place."""

    def __reduce__(self) -> tuple[object, ...]:
        return (_restored, (self.as_message(),))

    def as_message(self) -> dict[str, object]:
        """This error as plain JSON values, for the way between two processes."""
        place = self.place and {"part": self.place.part, "paragraph": self.place.paragraph, "words": self.place.words}
        return {"code": self.code.value, "sentence": self.bare_sentence, "remedy": self.remedy, "place": place}

    @classmethod
    def from_message(cls, message: Mapping[str, object]) -> FormError:
        """The error that ``as_message`` took apart."""
        place = message.get("place")
        where = None
        if isinstance(place, Mapping):
            number = place.get("paragraph")
            where = Place(
                part=str(place.get("part", "")),
                paragraph=number if isinstance(number, int) else None,
                words=str(place.get("words", "")),
            )
        return cls(FormCode(str(message["code"])), str(message["sentence"]), str(message["remedy"]), place=where)


def _restored(message: Mapping[str, object]) -> FormError:
    return FormError.from_message(message)
