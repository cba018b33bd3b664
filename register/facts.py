"""What the register tells the other rooms: frozen values, never rows.

No value here holds a client's name, birth date or purpose; those come only from `clients.identity` and
`statements.draft`. Times are UTC and aware; `sha256` values are 64 lower-case hex characters.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from register.vocabulary import (
    HandoverMethod,
    MachineName,
    ObjectArea,
    ObjectState,
    SealingState,
    StaffRole,
    VoidReason,
)
from rules.draft import Authority, Expiry, GroupTerms, Mandate, Revocable
from rules.finding import Finding
from rules.lifecycle import Trigger
from rules.vocabulary import (
    Family,
    IdentifiedHow,
    InformationCategory,
    InkKind,
    Language,
    MinorBasis,
    OrganizationKind,
    PacketState,
    ProgramClass,
    Proof,
    PurposeCode,
    ReadOn,
    Severity,
    SignerCapacity,
    SignerRole,
    StatementState,
)


@dataclass(frozen=True, slots=True)
class Person:
    """A member of staff who proved who they are; only `staff.authenticate` and a session resumed from it make one."""

    staff_id: UUID
    username: str
    roles: frozenset[StaffRole]


@dataclass(frozen=True, slots=True)
class Machine:
    """A part of the system acting by itself; it never counts as a person."""

    name: MachineName


Actor = Person | Machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Agency:
    """The disclosing organization: the one row this site is about."""

    agency_id: UUID
    legal_name: str
    unit: str
    address: tuple[str, ...]
    phone: str
    revocation_desk: str
    classes: frozenset[ProgramClass]
    time_zone: str
    """IANA name, e.g. America/New_York."""
    email: str
    """Where questions about privacy can be sent (42 CFR 2.22(b)(1)(vii)); empty until it is set."""
    notice_effective_on: dt.date | None
    """From when the patient notice is in effect (42 CFR 2.22(b)(1)(viii)); None until somebody puts it into effect."""
    training: bool
    """True on a site for practice: what it makes says so and proves nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """A member of staff; the display name is sealed, see `staff.display_name`."""

    staff_id: UUID
    username: str
    roles: frozenset[StaffRole]
    retired: bool
    locked_until: dt.datetime | None
    added_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    """A receiving organization."""

    organization_id: UUID
    legal_name: str
    unit: str
    address: tuple[str, ...]
    kind: OrganizationKind
    retired_on: dt.date | None
    successor_id: UUID | None
    predecessors: tuple[str, ...]
    """Names it had before, and of those it took over."""

    @property
    def retired(self) -> bool:
        return self.retired_on is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A client, as an opaque id."""

    client_id: UUID
    added_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FormChoice:
    """Which form a statement is written on; the caller reads it from the catalog."""

    form_id: str
    form_version: str
    family: Family
    retention_class: str
    signers: tuple[SignerRole, ...]
    """Every role of the form in signing order, the organization's own included."""
    sha256: Mapping[Language, str] = field(default_factory=dict)
    """SHA-256 of the form's text by language: kept with the statement, as evidence of what was shown."""
    unreviewed: frozenset[Language] = frozenset()
    """Languages whose text counsel has not approved: refused on a site that is in earnest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementRequest:
    """One statement somebody asks for: what the form needs beyond the client and the agency. Personal data: hidden."""

    form: FormChoice
    language: Language
    organization_id: UUID | None
    effective_from: dt.date
    categories: tuple[InformationCategory, ...] = ()
    records_from: dt.date | None = None
    records_to: dt.date | None = None
    everything_justification: str = ""
    purposes: tuple[PurposeCode, ...] = ()
    purpose_text: str = ""
    initiated_by_client: bool = False
    expiry: Expiry = field(default_factory=Expiry)
    revocable: Revocable | None = None
    mandate: Mandate | None = None
    capacity: SignerCapacity = SignerCapacity.CLIENT
    representative_name: str | None = None
    authority: Authority | None = None
    interpreter_name: str | None = None
    minor_basis: MinorBasis | None = None
    exchange: bool = False
    single_use: bool = False
    about: str = ""
    """Short id of the statement that a revocation names."""
    group: GroupTerms | None = None

    def __repr__(self) -> str:
        return f"StatementRequest({self.form.form_id}, {self.language.value}, …)"


@dataclass(frozen=True, slots=True, kw_only=True)
class PacketRequest:
    """A whole sitting asked for at once."""

    request_id: UUID
    """Made by the door before the click: the same id again is the same packet."""
    client_id: UUID
    statements: tuple[StatementRequest, ...]
    acknowledgment: FormChoice | None = None
    """The current privacy acknowledgment; put first by itself when the client has none in force."""
    language: Language | None = None
    """The client's language, which the acknowledgment is written in; None: that of the first statement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One finding of the rules about one statement of a request."""

    position: int
    """Place of the statement in the request, from 0; -1 for the packet as a whole."""
    form_id: str
    finding: Finding

    @property
    def blocks(self) -> bool:
        return self.finding.severity is Severity.BLOCK


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """Bytes that are in the vault under a staged object, and what they are."""

    object_id: str
    version_id: str
    sealed_sha256: str
    """Of the bytes as the store holds them."""
    size: int
    """Bytes in clear."""
    document_sha256: str
    """Of the PDF in clear."""
    pages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement and where it stands."""

    statement_id: UUID
    ref: str
    """Short id a person can read out, printed on the paper: XXXX-XXXX-XXXX."""
    packet_id: UUID
    client_id: UUID
    position: int
    form_id: str
    form_version: str
    form_sha256: str
    """Of the form's text it was asked on; empty for statements from before it was kept."""
    language: Language
    family: Family
    organization_id: UUID | None
    state: StatementState
    proof: Proof
    revision: int
    """Counts every change; a verb that acts on what a person saw is given it back."""
    retention_class: str
    signers: tuple[SignerRole, ...]
    signed: tuple[SignerRole, ...]
    """The persons' signatures so far, in order."""
    working_object_id: str | None
    working_version_id: str | None
    document_sha256: str
    """Of the PDF now current; empty while DRAFT."""
    pages: int
    sealing: SealingState
    sealing_attempts: int
    sealing_failed_step: str
    sealing_failed_code: str
    presented_at: dt.datetime | None
    signed_at: dt.datetime | None
    """The first person's signature."""
    activated_at: dt.datetime | None
    ended_at: dt.datetime | None
    expires_on: dt.date | None
    """Rounded up to the month's end; the exact date is in the sealed draft."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """The statements and acknowledgments of one sitting."""

    packet_id: UUID
    request_id: UUID
    client_id: UUID
    state: PacketState
    attempts: int
    lease_holder: str
    lease_until: dt.datetime | None
    failed_step: str
    failed_code: str
    opened_by: UUID
    opened_at: dt.datetime
    claimed_at: dt.datetime | None
    issued_at: dt.datetime | None
    failed_at: dt.datetime | None
    stage_ms: Mapping[str, int]
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A lease on a packet or on the sealing of a statement: whoever holds it works alone until it runs out."""

    claimed_id: UUID
    """The packet's id, or the statement's."""
    holder: str
    lease_until: dt.datetime
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningAct:
    """The evidence of one act of signing (ESIGN, NY STL 302-304; signing notes)."""

    statement_id: UUID
    expected_revision: int
    """The statement's revision as it was when the document was shown."""
    role: SignerRole
    capacity: SignerCapacity
    ink: InkKind
    identified_how: IdentifiedHow | None
    shown_sha256: str
    """Of the exact PDF the signer had before them."""
    signed_at: dt.datetime
    device: str
    """Opaque name of the kiosk or desk."""
    consent_version: str
    """Electronic-records notice accepted; empty for staff."""
    viewed_pages: int
    """How many pages the signer read, as whoever conducts attests; all of them are asked for."""
    read_on: ReadOn | None
    """What they read them on, likewise; None for staff, and for acts of before it was kept."""
    paper_offered: bool
    """Likewise attested."""
    certificate_sha256: str
    certificate_serial: str
    stamped: bool
    """A time stamp of an authority is in the signature."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """A recorded act."""

    signing_id: UUID
    staff_id: UUID | None
    act: SigningAct
    resulting_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """Bytes the register keeps account of."""

    object_id: str
    area: ObjectArea
    state: ObjectState
    version_id: str
    sealed_sha256: str
    size: int
    staged_at: dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounted:
    """What the register says of one object, to be held against what the store has."""

    object_id: str
    state: ObjectState
    version_id: str
    sealed_sha256: str
    size: int
    """Bytes in clear."""
    record_id: UUID | None
    """The record these bytes are; None for bytes that are none, or not yet, or no more."""
    retain_until: dt.datetime | None
    held: bool
    """Under a hold. Not for everybody's eyes."""
    locked: bool
    """Its keys are destroyed and the store locks its bytes still: its run tells until when."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The kept bytes of a sealed statement, or of a paper of the house."""

    record_id: UUID
    statement_id: UUID | None
    object_id: str
    version_id: str
    sealed_sha256: str
    document_sha256: str
    pages: int
    proof: Proof
    retention_class: str
    retain_until: dt.datetime | None
    kept_at: dt.datetime
    proved_at: dt.datetime
    """When its bytes were last read and found whole."""
    destroyed_at: dt.datetime | None = None
    """When a disposal run destroyed its keys: nothing can be read of it."""
    superseded_object_id: str | None = None
    """Bytes this call set free: destroy them, then `objects.retire`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """One change of a statement's state."""

    source: StatementState
    target: StatementState
    trigger: Trigger
    actor: str
    """Username of who did it, or the name of the machine."""
    at: dt.datetime
    void_reason: VoidReason | None
    has_reason: bool
    """A reason is kept with it, sealed."""
    reason: str = field(default="", repr=False)
    """That reason in clear, where a person asked for it; "" otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """How something goes to a receiving organization, and who there gets it. The repr tells nobody."""

    method: HandoverMethod
    received_by: str = field(repr=False)
    """The person there, whom the ledger names and no statement does."""
    description: str = field(repr=False)
    """What goes, in a line (45 CFR 164.528(b)(2)(iii))."""
    items: int = 1
    """How many papers or files."""
    scope_told: bool = False
    """Spoken: the person sharing says first what the client agreed to (42 CFR 2.32(b))."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lockable:
    """A record whose lock may have to reach further."""

    record: Record
    due_on: dt.date | None
    """The first day it may go, as last computed; None while there is no such day."""
    held: bool
