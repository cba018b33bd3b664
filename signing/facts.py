"""The words of a verdict, and what a file shows: the border between reading a file and judging it.

Danger: a fact that is missing must never read as a good one. Invariant: every default here is the bad case, and what
could not be measured is a `Reason`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum

from signing.roles import Role

CERTIFICATION, SEAL = Role.ORG_CERT.value, Role.ORG_SEAL.value


class Outcome(StrEnum):
    """What a file is, from best to worst."""

    ACCEPTED = "accepted"
    SEALED_WITHOUT_TIME = "sealed_without_time"
    INCOMPLETE = "incomplete"
    INTACT_UNTRUSTED = "intact_untrusted"
    REJECTED = "rejected"
    UNREADABLE = "unreadable"


class Level(StrEnum):
    """PAdES baseline level, by what the file carries (ETSI EN 319 142-1)."""

    NONE = "none"
    BASIC = "B-B"
    TIMED = "B-T"
    LONG_TERM = "B-LT"
    ARCHIVED = "B-LTA"


class Clock(StrEnum):
    """Whose clock the times rest on."""

    OWN = "own"
    """The organization itself: the time-stamp authority's certificate leads to the signers' own root."""
    INDEPENDENT = "independent"
    """An authority under another root that the caller trusts."""
    MIXED = "mixed"
    """An independent authority stamped the whole, the organization itself some signature in it."""
    UNKNOWN = "unknown"
    """There are stamps, but of an authority the caller gave no root for."""
    NONE = "none"
    """No stamp: only what the signing computer wrote down."""


class TimeSource(StrEnum):
    """Where the time of one signature comes from."""

    TIME_STAMP = "time_stamp"
    ARCHIVE_STAMP = "archive_stamp"
    """No stamp of its own; a later archive stamp proves it existed by then."""
    CLAIMED = "claimed"


class Reading(StrEnum):
    """At which moment archived proof is judged."""

    PRESENT = "present"
    """AdES: at the present moment, with proofs of existence reaching back (the default)."""
    PROVEN_TIME = "proven_time"
    """At the time of the last archive stamp. For outside authorities whose certificates are still in force while
    their archived revocation data has gone stale: judging those at the present moment would need the network."""


class ReasonCode(StrEnum):
    """Why a file is not accepted; `OUTCOME_OF` tells what each makes of it."""

    NOT_A_PDF = "not_a_pdf"
    TOO_LARGE = "too_large"
    TOO_COMPLEX = "too_complex"
    ENCRYPTED = "encrypted"
    DAMAGED = "damaged"

    NO_SIGNATURE_FIELDS = "no_signature_fields"
    FOREIGN_FIELD = "foreign_field"
    DOUBLED_FIELD = "doubled_field"
    MISSING_FIELD = "missing_field"
    FIELDS_CHANGED = "fields_changed"
    NOT_CERTIFIED = "not_certified"
    WRONG_KIND = "wrong_kind"
    OUT_OF_ORDER = "out_of_order"
    EXPECTED_SIGNATURE_GONE = "expected_signature_gone"
    HYBRID_FILE = "hybrid_file"
    BYTES_OUTSIDE = "bytes_outside"
    NOT_COVERED_TO_THE_END = "not_covered_to_the_end"

    ARCHIVE_UNREADABLE = "archive_unreadable"
    SIGNATURE_UNREADABLE = "signature_unreadable"
    CONTENT_ALTERED = "content_altered"
    SIGNATURE_WRONG = "signature_wrong"
    RANGE_WRONG = "range_wrong"
    CHANGED_AFTERWARDS = "changed_afterwards"
    CHANGED_AFTER_SEAL = "changed_after_seal"
    WRONG_CERTIFICATE = "wrong_certificate"
    MIXED_ISSUERS = "mixed_issuers"
    CERTIFICATE_RAN_OUT = "certificate_ran_out"
    CERTIFICATE_NOT_VALID = "certificate_not_valid"
    REVOKED = "revoked"
    NOT_PROVABLE = "not_provable"
    STAMP_WRONG = "stamp_wrong"
    STAMP_NOT_VALID = "stamp_not_valid"

    UNKNOWN_ROOT = "unknown_root"
    UNKNOWN_TIME_AUTHORITY = "unknown_time_authority"
    CLOCK_BEHIND = "clock_behind"

    NOT_SIGNED = "not_signed"
    NO_ARCHIVE_STAMP = "no_archive_stamp"


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that speaks against a file."""

    code: ReasonCode
    field: str = ""
    """Name of the signature field it concerns ("" for the file as a whole)."""
    detail: str = ""
    """A technical word for the log or the expert, never personal data."""


class Kind(StrEnum):
    SIGNATURE = "signature"
    STAMP = "stamp"


class Coverage(IntEnum):
    """How much of the file a signature's byte range covers."""

    WRONG = 0
    REVISION = 1
    FILE = 2


class Change(IntEnum):
    """The most that came after a signature."""

    NOTHING = 0
    PROOF_ONLY = 1
    FORM_FILLING = 2
    BEYOND = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """A time stamp inside a signature."""

    time: datetime
    authority: str
    """Subject of the authority's certificate."""
    sound: bool
    """Cryptographically right, and over this very signature."""
    trusted: bool
    anchor: str | None
    """SHA-256 of the given root it leads to."""
    revoked: bool = False
    """By what the file carries, its authority's certificate was revoked when it stamped."""
    unasked: bool = False
    """Its certificate names a place to ask about revocation, and the file carries no answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureFacts:
    """What the file shows about one filled signature field."""

    field: str
    kind: Kind
    revision: int
    """Revision of the file that it signs (0 is the oldest)."""
    intact: bool
    """The signed bytes are those that were signed."""
    sound: bool
    """The signature over them is cryptographically right, and its certificate is one for signing."""
    coverage: Coverage
    change: Change
    change_detail: str = ""
    certifies: bool = False
    """It is the document's certification, permitting form filling only (DocMDP, P=2)."""
    anchor: str | None = None
    """SHA-256 of the given root its certificate leads to, whatever the date."""
    trusted_now: bool = False
    """Its certificate is in force and trusted at the moment of verification."""
    provable: bool = False
    """Provable at its own time by what the file carries (AdES-LTA or the proven time)."""
    provable_detail: str = ""
    revoked: bool = False
    revocation_kept: bool = False
    """The file carries revocation data for its certificate."""
    stamp: Stamp | None = None
    claimed_at: datetime | None = None
    unasked: bool = False
    """For a document time stamp: as in `Stamp`."""
    stamped_at: datetime | None = None
    """For a document time stamp: its time."""
    name: str = ""
    subject: str = ""
    issuer: str = ""
    serial: str = ""
    certificate_sha256: str = ""
    issued_for: str = ""
    """The role that the certificate itself names ("" when none): a key made for one act signs nothing else."""
    expires: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """What the file shows as a whole."""

    fields: tuple[str, ...]
    """Names of all signature fields, signed or not, in the order of the form; doubles kept."""
    other_fields: tuple[str, ...] = ()
    """Names of form fields that are no signature fields (a statement has none)."""
    signed: tuple[str, ...] = ()
    """Names of the filled ones."""
    certified_fields: tuple[str, ...] | None = None
    """Names of all signature fields in the certified revision (None when nothing is certified)."""
    signatures: tuple[SignatureFacts, ...] = ()
    """Oldest first."""
    reasons: tuple[Reason, ...] = field(default=())
    """What was already found wrong while reading."""


def stamp_anchors(facts: FileFacts) -> Iterator[tuple[str, str | None]]:
    """Field and root of every time stamp, attached or archive."""
    for signature in facts.signatures:
        if signature.stamp is not None:
            yield signature.field, signature.stamp.anchor
        elif signature.kind is Kind.STAMP:
            yield signature.field, signature.anchor


def archive_revision(facts: FileFacts) -> int | None:
    """Revision of the last archive stamp made after the seal; None when the file has none."""
    seals = [signature.revision for signature in facts.signatures if signature.field == SEAL]
    stamps = [signature.revision for signature in facts.signatures if signature.kind is Kind.STAMP]
    if not seals or not stamps or max(stamps) < max(seals):
        return None
    return max(stamps)
