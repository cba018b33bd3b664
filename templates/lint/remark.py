"""One thing that was noticed about a form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from rules.vocabulary import Language, Severity
from templates.errors import FormCode, FormError, Place


class Check(StrEnum):
    """What was looked at."""

    UNSAFE_FILE = "unsafe_file"
    MACROS = "macros"
    BROKEN_TAG = "broken_tag"
    SPLIT_TAG = "split_tag"
    CURLY_QUOTE = "curly_quote"
    UNKNOWN_FIELD = "unknown_field"
    UNDECLARED_FIELD = "undeclared_field"
    UNUSED_FIELD = "unused_field"
    UNPRINTED_FIELD = "unprinted_field"
    UNKNOWN_FILTER = "unknown_filter"
    FORBIDDEN_EXPRESSION = "forbidden_expression"
    PRINTS_NONE = "prints_none"
    TRIAL = "trial"
    PICTURE_WITHOUT_WORDS = "picture_without_words"
    SIGNATURE_PLACE = "signature_place"
    CLAUSE_MISSING = "clause_missing"
    CLAUSE_FORBIDDEN = "clause_forbidden"
    CONDITION = "condition"
    SUPERSEDED_NOTICE = "superseded_notice"
    ALTERED_NOTICE = "altered_notice"
    STIGMA = "stigma"
    TELLS_CLASS = "tells_class"
    NAMES_A_PERSON = "names_a_person"
    READING = "reading"
    EXTERNAL_LINK = "external_link"
    EMBEDDED_FILE = "embedded_file"
    TRACKED_CHANGE = "tracked_change"
    COMMENT = "comment"
    HIDDEN_TEXT = "hidden_text"
    AUTHOR_NAME = "author_name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One thing to put right, or to look at."""

    check: Check
    severity: Severity
    place: Place
    sentence: str
    """What is wrong; it quotes the form and nothing else."""
    remedy: str
    """What the author does about it."""
    authority: str = ""
    """The law or rule that wants it, where there is one."""

    @property
    def blocks(self) -> bool:
        """True when a form with this may not be published."""
        return self.severity is Severity.BLOCK


def block(check: Check, place: Place, sentence: str, remedy: str, authority: str = "") -> Remark:
    """A remark with which a form may not be published."""
    return Remark(
        check=check, severity=Severity.BLOCK, place=place, sentence=sentence, remedy=remedy, authority=authority
    )


def warn(check: Check, place: Place, sentence: str, remedy: str, authority: str = "") -> Remark:
    """A remark for a person to look at."""
    return Remark(
        check=check, severity=Severity.WARN, place=place, sentence=sentence, remedy=remedy, authority=authority
    )


def of_error(check: Check, error: FormError) -> Remark:
    """The remark for what the filler would refuse."""
    return block(check, error.place or Place(part="document"), error.bare_sentence, error.remedy)


def blocking(remarks: Iterable[Remark]) -> tuple[Remark, ...]:
    """Those with which a form may not be published."""
    return tuple(remark for remark in remarks if remark.blocks)


@dataclass(frozen=True, slots=True)
class Problem:
    """One remark, as an error tells it."""

    path: str
    sentence: str
    remedy: str


class FormRefused(FormError):
    """A form with remarks that block; `problems` holds every one."""

    def __init__(self, remarks: Mapping[Language, tuple[Remark, ...]]) -> None:
        self.problems = tuple(
            Problem(f"{language}: {one.place}", one.sentence, one.remedy)
            for language, told in remarks.items()
            for one in told
        )
        super().__init__(
            FormCode.FORM_REFUSED,
            f"The form cannot be proposed: {len(self.problems)} thing(s) to put right.",
            "Put right what is listed and propose it again.",
        )
