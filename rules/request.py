"""Reads what somebody asks for - a whole sitting, from a file or a form - into values the other rooms trust.

Danger: a misspelt field that is silently ignored ("expires_on") makes a statement nobody asked for; an error message
that repeats what was typed puts a client's data on a screen and in a log. Invariant: nothing unknown is ignored, and
every problem tells its place, what is wrong and the remedy, never the value.

This module imports pydantic; import it where a request is read, not at start-up.
"""

from __future__ import annotations

import datetime as dt
import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from rules.draft import Authority, Expiry, GroupTerms, Mandate, Revocable
from rules.vocabulary import (
    AuthorityPaper,
    GroupKind,
    InformationCategory,
    Language,
    MandateKind,
    MinorBasis,
    PurposeCode,
    SignerCapacity,
)

MAX_STATEMENTS = 40
"""More statements than this in one sitting is a mistake."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a request."""

    path: str
    """Where, e.g. `statements.2.expires`."""
    sentence: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.path}: {self.sentence} {self.remedy}"


class RequestError(ValueError):
    """A request that cannot be read; every problem at once, and no value of it."""

    code = "bad_request"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        self.sentence = "The request cannot be read."
        self.remedy = "; ".join(map(str, self.problems))
        super().__init__(f"{self.sentence} {self.remedy}")


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementWish:
    """One statement that is asked for; client and discloser are added by whoever opens the packet."""

    form_id: str
    """"" where the form follows from what is asked (rules.choosing)."""
    organization_id: UUID | None = None
    """The receiving organization; None for papers that disclose nothing."""
    language: Language
    categories: tuple[InformationCategory, ...] = ()
    records_from: dt.date | None = None
    records_to: dt.date | None = None
    everything_justification: str = field(default="", repr=False)
    purposes: tuple[PurposeCode, ...] = ()
    purpose_text: str = field(default="", repr=False)
    initiated_by_client: bool = False
    effective_from: dt.date | None = None
    """None: the day the packet is opened."""
    expiry: Expiry = field(default_factory=Expiry)
    revocable: Revocable | None = None
    mandate: Mandate | None = field(default=None, repr=False)
    capacity: SignerCapacity = SignerCapacity.CLIENT
    representative_name: str | None = field(default=None, repr=False)
    authority: Authority | None = field(default=None, repr=False)
    interpreter_name: str | None = field(default=None, repr=False)
    minor_basis: MinorBasis | None = None
    exchange: bool = False
    single_use: bool = False
    about: str = ""
    group: GroupTerms | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PacketRequest:
    """What one sitting is to bring about."""

    client_id: UUID
    language: Language
    statements: tuple[StatementWish, ...]


def parse_request(mapping: Mapping[str, Any]) -> PacketRequest:
    """The request in `mapping` (parsed JSON or YAML).

    Raises `RequestError` with every problem, each with its place and remedy, and no value.
    """
    try:
        asked = _Packet.model_validate(dict(mapping))
    except ValidationError as error:
        found = [_problem(detail) for detail in error.errors(include_url=False, include_input=False)]
        # a list whose parts are all wrong is called empty too: the parts say it better
        problems = [one for one in found if not any(other.path.startswith(f"{one.path}.") for other in found)]
    else:
        return PacketRequest(
            client_id=asked.client,
            language=asked.language,
            statements=tuple(row.wish(asked.language) for row in asked.statements),
        )
    raise RequestError(problems)


# --- the shape of a request -------------------------------------------------------------------------------------------


def _day(value: object) -> dt.date:
    """Only a date or text like 2027-03-03: a bare number would pass as seconds since 1970."""
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            pass
    raise PydanticCustomError("day", "no such day")


Day = Annotated[dt.date, BeforeValidator(_day)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500, pattern=r"^[^\x00-\x08\x0b-\x1f]*$")]
Passage = Annotated[str, StringConstraints(strip_whitespace=True, max_length=4000)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class _Moment(_Part):
    """A date, an event, or both; a bare date is written as its text."""

    date: Day | None = None
    event: Line | None = None

    @model_validator(mode="before")
    @classmethod
    def _bare_date(cls, value: object) -> object:
        return {"date": value} if isinstance(value, str | dt.date) else value


class _Mandate(_Part):
    kind: MandateKind
    body: Line = Field(min_length=1)
    reference: Line = Field(min_length=1)
    ordered_on: Day
    final_disposition_expected: Day | None = None
    this_program: bool

    def mandate(self) -> Mandate:
        return Mandate(**dict(self))


class _Authority(_Part):
    paper: AuthorityPaper
    issued_by: Line = Field(min_length=1)
    reference: Line = Field(min_length=1)
    seen_on: Day

    def authority(self) -> Authority:
        return Authority(**dict(self))


class _Group(_Part):
    kind: GroupKind
    keeps_private: bool
    name: Line = ""

    def terms(self) -> GroupTerms:
        return GroupTerms(**dict(self))


class _Statement(_Part):
    form: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,60}$")] = ""
    """None: the one that what is asked needs."""
    organization: UUID | None = None
    language: Language | None = None
    categories: tuple[InformationCategory, ...] = ()
    records_from: Day | None = None
    records_to: Day | None = None
    everything_justification: Passage = ""
    purposes: tuple[PurposeCode, ...] = ()
    purpose_text: Passage = ""
    initiated_by_client: bool = False
    effective_from: Day | None = None
    expires: _Moment = _Moment()
    revocable_from: _Moment | None = None
    mandate: _Mandate | None = None
    capacity: SignerCapacity = SignerCapacity.CLIENT
    representative_name: Line | None = None
    authority: _Authority | None = None
    interpreter_name: Line | None = None
    minor_basis: MinorBasis | None = None
    exchange: bool = False
    single_use: bool = False
    about: Annotated[str, StringConstraints(strip_whitespace=True, max_length=40)] = ""
    group: _Group | None = None

    @model_validator(mode="after")
    def _no_doubles(self) -> Self:
        if len(set(self.categories)) < len(self.categories) or len(set(self.purposes)) < len(self.purposes):
            raise PydanticCustomError("double", "named twice")
        if not self.form and self.organization is None:
            raise PydanticCustomError("nothing", "neither form nor organization")
        return self

    def wish(self, language: Language) -> StatementWish:
        ends, revocable = self.expires, self.revocable_from
        return StatementWish(
            form_id=self.form,
            organization_id=self.organization,
            language=self.language or language,
            categories=self.categories,
            records_from=self.records_from,
            records_to=self.records_to,
            everything_justification=self.everything_justification,
            purposes=self.purposes,
            purpose_text=self.purpose_text,
            initiated_by_client=self.initiated_by_client,
            effective_from=self.effective_from,
            expiry=Expiry(ends.date, ends.event),
            revocable=None if revocable is None else Revocable(revocable.date, revocable.event),
            mandate=None if self.mandate is None else self.mandate.mandate(),
            capacity=self.capacity,
            representative_name=self.representative_name,
            authority=None if self.authority is None else self.authority.authority(),
            interpreter_name=self.interpreter_name,
            minor_basis=self.minor_basis,
            exchange=self.exchange,
            single_use=self.single_use,
            about=self.about,
            group=None if self.group is None else self.group.terms(),
        )


class _Packet(_Part):
    client: UUID
    language: Language = Language.EN
    statements: tuple[_Statement, ...] = Field(min_length=1, max_length=MAX_STATEMENTS)


# --- what is wrong, in words ------------------------------------------------------------------------------------------

_SAID = {
    "missing": ("This is missing.", "Add it."),
    "day": ("This is no day of the calendar.", "Write it as year-month-day, for example 2027-03-03."),
    "nothing": (
        "This names neither an organization nor a form.",
        "Name the organization that receives the information, or the form of a paper that shares nothing.",
    ),
    "double": ("A category or purpose is named twice.", "Name each once."),
    "uuid_parsing": ("This is no id.", "Copy the id from the list of clients or organizations."),
    "uuid_type": ("This is no id.", "Copy the id from the list of clients or organizations."),
    "bool_type": ("This must be yes or no.", "Write true or false."),
    "bool_parsing": ("This must be yes or no.", "Write true or false."),
    "string_type": ("This must be text.", "Put it in quotation marks."),
    "string_pattern_mismatch": ("This holds signs that cannot be used here.", "Use plain text on one line."),
    "string_too_long": ("This is too long.", "Shorten it."),
    "string_too_short": ("This is empty.", "Fill it in."),
    "too_short": ("There is none.", "Ask for at least one."),
    "too_long": (f"There are more than {MAX_STATEMENTS}.", "Open several packets."),
    "tuple_type": ("This must be a list.", "Put it in square brackets."),
    "model_type": ("This must be a group of fields.", "See the example in docs/rules.md."),
}


def _problem(detail: ErrorDetails) -> Problem:
    kind, place = detail["type"], detail["loc"]
    path = ".".join(str(step) for step in place) or "(request)"
    if kind == "extra_forbidden":
        return _unknown_field(place)
    if kind == "enum":
        return Problem(path, "This is none of the words known here.", f"Choose from: {detail['ctx']['expected']}.")
    sentence, remedy = _SAID.get(kind, ("This cannot be read.", "See the example in docs/rules.md."))
    return Problem(path, sentence, remedy)


def _unknown_field(place: Sequence[int | str]) -> Problem:
    """The stray key itself is told only when it looks like a field's name; anything else might be somebody's."""
    *parents, stray = map(str, place)
    known = _fields_at(parents)
    shown = stray if re.fullmatch(r"[a-z][a-z_]{0,40}", stray) else "(a field)"
    near = difflib.get_close_matches(stray, known, n=1)
    remedy = f"Did you mean {near[0]}?" if near else f"Known here: {', '.join(known)}."
    return Problem(".".join([*parents, shown]), "There is no such field.", remedy)


def _fields_at(parents: Sequence[str]) -> list[str]:
    models: dict[str, type[BaseModel]] = {
        "mandate": _Mandate,
        "authority": _Authority,
        "group": _Group,
        "expires": _Moment,
        "revocable_from": _Moment,
    }
    model = models.get(parents[-1], _Statement) if parents else _Packet
    return list(model.model_fields)
