"""A disclosure statement before it is paper: everything the rules judge and the form prints, as frozen values.

Danger: what is judged and what is printed drift apart. Invariant: `rules.statement.check` and `rules.wording.fields_of`
read this one value, and nothing else feeds a form. It holds the client's name and birth date, so it is sealed wherever
it is kept, and its repr hides them.

Plain standard-library dataclasses; `dump` and `load` carry them through pydantic at the border (imported late).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING
from uuid import UUID

from rules.jurisdictions import DEFAULT
from rules.vocabulary import (
    AuthorityPaper,
    Family,
    GroupKind,
    InformationCategory,
    Language,
    MandateKind,
    MinorBasis,
    OrganizationKind,
    ProgramClass,
    PurposeCode,
    SignerCapacity,
    StatementState,
)

if TYPE_CHECKING:
    from pydantic import TypeAdapter


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The client, as the paper names them. The repr shows nothing of it."""

    legal_name: str = field(repr=False)
    birth_date: dt.date = field(repr=False)
    also_known_as: tuple[str, ...] = field(default=(), repr=False)
    case_number: str | None = field(default=None, repr=False)
    """The organization's own number, or NYSID/DIN when criminal justice needs it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Discloser:
    """The organization that shares, and the program unit that holds the information (2.31(a)(2))."""

    legal_name: str
    unit: str = ""
    address: tuple[str, ...] = ()
    phone: str = ""
    revocation_desk: str
    """Where a revocation is brought or sent: desk and address (2.31(a)(6))."""
    classes: frozenset[ProgramClass]
    jurisdiction: str = DEFAULT
    """Whose law holds for the unit, such as "us/ny" (rules.jurisdictions)."""
    email: str = ""
    """Where questions about privacy can be sent (2.22(b)(1)(vii))."""
    notice_effective_on: dt.date | None = None
    """From when the patient notice is in effect (2.22(b)(1)(viii))."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """The one receiving organization (2.31(a)(4)): never a person of it."""

    organization_id: UUID
    legal_name: str
    unit: str = ""
    address: tuple[str, ...] = ()
    kind: OrganizationKind
    retired: bool = False
    predecessors: tuple[str, ...] = ()
    """Names it had before; they are its own, so a check for other organizations lets them stand."""
    successor_name: str = ""
    """When retired: who took over its work, named in finding V03."""


@dataclass(frozen=True, slots=True)
class Expiry:
    """When the statement ends: a date, an event, both (whichever comes first) or neither (TPO only, V09)."""

    date: dt.date | None = None
    event: str | None = None

    @property
    def stated(self) -> bool:
        return self.date is not None or bool(self.event and self.event.strip())


@dataclass(frozen=True, slots=True)
class Revocable:
    """From when a criminal justice statement may be revoked (2.35(c)): a date or an ascertainable event."""

    from_date: dt.date | None = None
    event: str | None = None

    @property
    def stated(self) -> bool:
        return self.from_date is not None or bool(self.event and self.event.strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class Mandate:
    """The order or condition that sent the client to the program (2.35(a))."""

    kind: MandateKind
    body: str
    """The mandating organization, e.g. a court; never a judge."""
    reference: str
    """Docket, indictment or supervision number."""
    ordered_on: dt.date
    final_disposition_expected: dt.date | None = None
    this_program: bool
    """True when the mandate is to take part in this very program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """The paper that shows a representative's authority, seen by staff (164.508(c)(1)(vi)). The repr hides it."""

    paper: AuthorityPaper
    issued_by: str = field(repr=False)
    """The court or office that issued it; never a judge or a clerk."""
    reference: str = field(repr=False)
    """Its number or date, as it stands on it."""
    seen_on: dt.date
    """When staff saw it, and kept a copy in the client's file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoked:
    """What the register knows of the paper that a revocation names; the paper itself is never changed."""

    family: Family
    state: StatementState
    signed_on: dt.date | None
    """The organization's day; None when nobody has signed it yet."""
    organization_id: UUID | None = None
    """Whom it let receive information; None for a paper that shares nothing."""
    revocable: Revocable | None = None
    """Criminal justice only: from when it may be revoked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupTerms:
    """What a group's agreement is for, and the organization's policy that goes with it (NASW 1.07(f), (g))."""

    kind: GroupKind
    keeps_private: bool
    """True: what one tells staff alone, staff do not tell the others; False: they may, where the work needs it."""
    name: str = ""
    """Tells one group from another ("Tuesday evening"); never a person's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementDraft:
    """One statement: one client, one discloser, one receiving organization."""

    family: Family
    language: Language
    form_id: str
    form_version: str
    identity: Identity
    discloser: Discloser
    recipient: Recipient | None = None
    """None for papers that disclose nothing (the acknowledgment)."""
    categories: tuple[InformationCategory, ...] = ()
    records_from: dt.date | None = None
    records_to: dt.date | None = None
    everything_justification: str = ""
    purposes: tuple[PurposeCode, ...] = ()
    purpose_text: str = ""
    initiated_by_client: bool = False
    effective_from: dt.date
    expiry: Expiry = Expiry()
    revocable: Revocable | None = None
    """Criminal justice only."""
    mandate: Mandate | None = None
    capacity: SignerCapacity = SignerCapacity.CLIENT
    representative_name: str | None = field(default=None, repr=False)
    authority: Authority | None = field(default=None, repr=False)
    """Of whoever signs for the client; None when the client signs."""
    interpreter_name: str | None = field(default=None, repr=False)
    minor_basis: MinorBasis | None = None
    exchange: bool = False
    """Two ways: the receiving organization shares with us as well, and is named as a discloser too."""
    single_use: bool = False
    """One disclosure and no more: the advisory's "each instance of informational sharing"."""
    about: str = ""
    """Short id of the statement this paper is about (a revocation names the statement it revokes)."""
    revoked: Revoked | None = None
    """That statement as the register has it; None when this client has none of that id."""
    group: GroupTerms | None = None
    """The agreement of a group or family only."""
    access_code: str = ""
    """The agreement on electronic records only: printed there, told by who reads it (15 USC 7001(c)(1)(C)(ii))."""


def counts_as_part2(classes: Collection[ProgramClass]) -> bool:
    """True when 42 CFR Part 2 governs the unit's records, or nobody knows yet: unknown counts as Part 2.

    For what protects. What Part 2 permits, or what would tell of a program that is none, asks `under_part2`.
    """
    held = frozenset(classes)
    fails_closed = not held or ProgramClass.UNKNOWN in held
    return fails_closed or not held.isdisjoint({ProgramClass.PART2_PROGRAM, ProgramClass.PART2_LAWFUL_HOLDER})


def under_part2(draft: StatementDraft) -> bool:
    """True when the discloser's unit is bound by 42 CFR Part 2 (program or lawful holder)."""
    return bound_by_part2(draft.discloser)


def bound_by_part2(discloser: Discloser) -> bool:
    """True when the unit is a Part 2 program or a lawful holder."""
    return not discloser.classes.isdisjoint({ProgramClass.PART2_PROGRAM, ProgramClass.PART2_LAWFUL_HOLDER})


@cache
def _adapter() -> TypeAdapter[StatementDraft]:
    from pydantic import TypeAdapter

    return TypeAdapter(StatementDraft)


def dump(draft: StatementDraft) -> bytes:
    """UTF-8 JSON of the draft, the same bytes for equal drafts (sets are sorted). Personal data: seal it."""
    import json

    plain = _adapter().dump_python(draft, mode="json")
    plain["discloser"]["classes"] = sorted(plain["discloser"]["classes"])
    return json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def load(data: bytes) -> StatementDraft:
    """The draft `dump` wrote.

    Raises `ValueError` (without echoing any value) when the bytes are no draft.
    """
    from pydantic import ValidationError

    try:
        return _adapter().validate_json(data)
    except ValidationError as error:
        places = ", ".join(
            ".".join(map(str, detail["loc"])) or "(whole)" for detail in error.errors(include_input=False)
        )
    raise ValueError(f"not a statement draft; wrong at: {places}")
