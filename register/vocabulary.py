"""The closed lists of words that are the register's alone; what rules and forms need is in `rules.vocabulary`.

A value written here ends up in database rows and in the audit log: a value may be added, never renamed.
"""

from __future__ import annotations

from enum import StrEnum


class SealingState(StrEnum):
    """Where the sealing of one statement stands; the statement's row is the queue."""

    NONE = "none"
    REQUESTED = "requested"
    SEALING = "sealing"
    SEALED = "sealed"
    FAILED = "failed"


class ObjectState(StrEnum):
    """Bytes are staged (named, perhaps written), then live (somebody points at them), then gone (destroyed)."""

    STAGED = "staged"
    LIVE = "live"
    GONE = "gone"


class ObjectArea(StrEnum):
    """The areas of the vault that the register keeps account of; the values are those of `storage.protocol.Area`."""

    WORKING = "working"
    RECORDS = "records"


class StaffRole(StrEnum):
    """What a member of staff may do; one person may hold several, but nobody acts twice on one item."""

    INTAKE = "intake"
    WITNESS = "witness"
    RECORDS_OFFICER = "records_officer"
    COUNSEL = "counsel"
    ADMINISTRATOR = "administrator"
    DEPUTY = "deputy"
    """Stands in for a records officer, to approve a disposal run."""
    OUTSIDE_APPROVER = "outside_approver"
    """A board member or counsel from outside: approves disposal runs, and does nothing else."""
    BREAK_GLASS = "break_glass"
    """May end a lock before its time; never a hold."""


class FormState(StrEnum):
    """A version of a form: proposed by one person, published by another, or withdrawn."""

    PROPOSED = "proposed"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class MachineName(StrEnum):
    """The parts of the system that act by themselves; none of them counts as a person."""

    SETUP = "setup"
    PACKET_WORKER = "packet_worker"
    SEALING_WORKER = "sealing_worker"
    UPKEEP = "upkeep"
    DISPOSAL = "disposal"


class VoidReason(StrEnum):
    """Why a statement came to nothing before it was active."""

    NEVER_SIGNED = "never_signed"
    OVER_UNSIGNED = "over_unsigned"
    """Its own end came before everybody had signed."""
    WRONG_CONTENT = "wrong_content"
    PACKET_WITHDRAWN = "packet_withdrawn"
    CLIENT_ASKED = "client_asked"


class CopyMethod(StrEnum):
    """How the client's own copy was handed over, or that it was refused."""

    PAPER = "paper"
    FILE = "file"
    REFUSED = "refused"


class HandoverMethod(StrEnum):
    """How information reached the receiving organization."""

    PAPER = "paper"
    FILE = "file"
    MAIL = "mail"
    FAX = "fax"
    SPOKEN = "spoken"


class CertificateStage(StrEnum):
    """A certificate of destruction is issued when the keys are gone, and again when no backup tells of them."""

    KEYS_DESTROYED = "keys_destroyed"
    EFFECTIVE = "effective"


class ClientAge(StrEnum):
    """Whether a client was a minor when they were added: retention counts a minor's years from coming of age."""

    UNREAD = "unread"
    """Added before anybody asked; upkeep reads the sealed birth date once."""
    ADULT = "adult"
    MINOR = "minor"


class MatterKind(StrEnum):
    """What the program is in."""

    AWARD = "award"
    CONTRACT = "contract"
    CLAIMS = "claims"
    """Services billed to a payer."""


class Undone(StrEnum):
    """Why an event counts no more."""

    SUPERSEDED = "superseded"
    """Another of its kind was recorded, with another day."""
    REOPENED = "reopened"
    CORRECTED = "corrected"
    """It never happened."""


class HoldKind(StrEnum):
    """Why something must be kept for the time being."""

    LITIGATION = "litigation"
    INVESTIGATION = "investigation"
    AUDIT = "audit"
    COMPLAINT = "complaint"
    RECORDS_REQUEST = "records_request"
    OTHER = "other"


class HoldScope(StrEnum):
    """What a hold covers; the latter two also what comes in later."""

    RECORDS = "records"
    CLIENT = "client"
    QUERY = "query"


class ScheduleState(StrEnum):
    """A retention schedule: proposed by one person, in force once a second adopts it, until the next is."""

    PROPOSED = "proposed"
    IN_FORCE = "in_force"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


class AuditVerb(StrEnum):
    """What happened, in the audit log."""

    AGENCY_ESTABLISHED = "agency_established"
    AGENCY_CLASSIFIED = "agency_classified"
    AGENCY_LOGO_SET = "agency_logo_set"
    AGENCY_NOTICE_IN_EFFECT = "agency_notice_in_effect"
    MASTER_KEY_CHANGED = "master_key_changed"
    AUTHORITY_RENEWED = "authority_renewed"
    STAFF_ADDED = "staff_added"
    STAFF_RESET = "staff_reset"
    STAFF_RETIRED = "staff_retired"
    STAFF_LOCKED_OUT = "staff_locked_out"
    STAFF_AUTHENTICATED = "staff_authenticated"
    ORGANIZATION_ADDED = "organization_added"
    ORGANIZATION_RETIRED = "organization_retired"
    ORGANIZATION_CARRIED_OVER = "organization_carried_over"
    CLIENT_ADDED = "client_added"
    CLIENT_RENAMED = "client_renamed"
    CLIENT_SEARCHED = "client_searched"
    IDENTITY_SEEN = "identity_seen"
    DRAFT_SEEN = "draft_seen"
    REASONS_SEEN = "reasons_seen"
    LEDGER_SEEN = "ledger_seen"
    PACKET_OPENED = "packet_opened"
    PACKET_CLAIMED = "packet_claimed"
    PACKET_ISSUED = "packet_issued"
    PACKET_FAILED = "packet_failed"
    PACKET_ASKED_AGAIN = "packet_asked_again"
    PACKET_WITHDRAWN = "packet_withdrawn"
    PACKET_RETURNED = "packet_returned"
    STATEMENT_MOVED = "statement_moved"
    WORKING_REPLACED = "working_replaced"
    SIGNED = "signed"
    SEALING_REQUESTED = "sealing_requested"
    SEALING_CLAIMED = "sealing_claimed"
    SEALING_FAILED = "sealing_failed"
    SEALING_RETURNED = "sealing_returned"
    RECORD_KEPT = "record_kept"
    RECORD_UPGRADED = "record_upgraded"
    RECORD_EXTENDED = "record_extended"
    OBJECT_GONE = "object_gone"
    DISCLOSED = "disclosed"
    COPY_GIVEN = "copy_given"
    FORM_PROPOSED = "form_proposed"
    FORM_PUBLISHED = "form_published"
    FORM_WITHDRAWN = "form_withdrawn"
    FORM_APPROVED = "form_approved"
    FORM_APPROVAL_WITHDRAWN = "form_approval_withdrawn"
    EPOCH_ENDED = "epoch_ended"
    STANDBY_FORGOTTEN = "standby_forgotten"
    BACKED_UP = "backed_up"
    RESTORED = "restored"
    CLOSURE_EXPORTED = "closure_exported"
    DISPOSAL_PROPOSED = "disposal_proposed"
    DISPOSAL_ANSWERED = "disposal_answered"
    DISPOSAL_EXCLUDED = "disposal_excluded"
    DISPOSAL_APPROVED = "disposal_approved"
    DISPOSAL_WITHDRAWN = "disposal_withdrawn"
    DISPOSAL_LAPSED = "disposal_lapsed"
    DISPOSAL_BEGUN = "disposal_begun"
    DISPOSAL_TRANSFERRED = "disposal_transferred"
    DISPOSAL_RECEIVED = "disposal_received"
    DISPOSAL_EXECUTED = "disposal_executed"
    DISPOSAL_CERTIFIED = "disposal_certified"
    RECORD_ERASED = "record_erased"
    RECORD_DESTROYED = "record_destroyed"
    CLIENT_ERASED = "client_erased"
    MATTER_ADDED = "matter_added"
    EVENT_RECORDED = "event_recorded"
    EVENT_UNDONE = "event_undone"
    HOLD_PLACED = "hold_placed"
    HOLD_RELEASED = "hold_released"
    HOLD_CAPTURED = "hold_captured"
    HOLD_MIRRORED = "hold_mirrored"
    HOLD_SEEN = "hold_seen"
    HOLD_RESTORED = "hold_restored"
    HOLD_COMPLETED = "hold_completed"
    SCHEDULE_PROPOSED = "schedule_proposed"
    SCHEDULE_ADOPTED = "schedule_adopted"
    SCHEDULE_WITHDRAWN = "schedule_withdrawn"
    SHORTENING_APPROVED = "shortening_approved"
