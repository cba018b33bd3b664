"""What upkeep and doctor find: a kind, an opaque subject, and whether it was mended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What was found. Those in `FOR_A_PERSON` need somebody; the others are the night's work."""

    LEASE_RETURNED = "lease_returned"
    DESTRUCTION_RESUMED = "destruction_resumed"
    EXPIRED = "expired"
    VOIDED = "voided"
    STAMPED = "stamped"
    UPGRADED = "upgraded"
    RENEWED = "renewed"
    EXTENDED = "extended"
    PROVED = "proved"
    REWRAPPED = "rewrapped"
    EPOCH_ENDED = "epoch_ended"
    ORPHAN_CLEARED = "orphan_cleared"
    DAY_COMPUTED = "day_computed"
    DECLINED_CLEARED = "declined_cleared"
    HOLD_MIRRORED = "hold_mirrored"
    ANCHORED = "anchored"
    LEVELED = "leveled"
    EPOCH_WAITS = "epoch_waits"
    NO_BACKUP = "no_backup"
    WITHOUT_TIME = "without_time"
    WINDOW_CLOSED = "window_closed"
    DAMAGED = "damaged"
    LOST = "lost"
    UNKNOWN_BYTES = "unknown_bytes"
    NOT_GONE = "not_gone"
    RUN_UNFINISHED = "run_unfinished"
    LOCK_SHORTER = "lock_shorter"
    LOCK_LONGER = "lock_longer"
    HOLD_REVIEW = "hold_review"
    HOLD_UNTOLD = "hold_untold"
    HOLD_ABSENT = "hold_absent"
    HOLD_STRANGE = "hold_strange"
    HOLD_INCOMPLETE = "hold_incomplete"
    HOLD_RELEASED_SINCE = "hold_released_since"
    KEPT_TOO_LONG = "kept_too_long"
    RECEIPT_WAITS = "receipt_waits"
    STUCK = "stuck"
    CERTIFICATE_ENDS = "certificate_ends"
    KEY_ENDS = "key_ends"
    STAMP_ENDS = "stamp_ends"
    AUDIT_BROKEN = "audit_broken"
    DUTY_FAILED = "duty_failed"


FOR_A_PERSON: dict[Kind, str] = {
    Kind.EPOCH_WAITS: "Old backups stay readable until this is put right, and destructions since are not effective "
    "against them. standby: connect it, or confide keys forget-standby. hold: a record under hold is not whole here.",
    Kind.NO_BACKUP: "None of your backups opens from that day on. Make one now: confide backup",
    Kind.WITHOUT_TIME: "No time stamp could be had yet. Check CONFIDE_TSA_URL; upkeep tries again every night.",
    Kind.WINDOW_CLOSED: "A signature's thirty days passed unstamped. Have the statement signed anew.",
    Kind.DAMAGED: "Kept bytes are not what was kept. Restore this record from a backup.",
    Kind.LOST: "The store holds no bytes for this record. Restore it from a backup.",
    Kind.UNKNOWN_BYTES: "The store holds bytes the register does not know. Have them looked at.",
    Kind.LOCK_SHORTER: "The store's lock ends before the register says. Run upkeep again, then check the store.",
    Kind.NOT_GONE: "The store still holds bytes of something destroyed; without its key nobody reads them. Run upkeep "
    "again; if they stay, look at the store's roles.",
    Kind.RUN_UNFINISHED: "A disposal run was begun and is not over. Why: confide disposal show. Go on with it: confide "
    "disposal execute",
    Kind.LOCK_LONGER: "The store's lock ends after the register's and delays a disposal; break-glass can end it.",
    Kind.HOLD_REVIEW: "The day on which counsel was to look at this hold again has passed. It holds on: confide hold.",
    Kind.HOLD_UNTOLD: "The store, or its log, was not told of a hold, or of its end. The register keeps the record all "
    "the same; but until the log knows of a hold, a restore does not.",
    Kind.HOLD_ABSENT: "Records are under hold here, and the store does not hold them. The register keeps them; "
    "counsel: confide hold compare",
    Kind.HOLD_STRANGE: "The store holds records of which no hold is known here. Nothing of them can be destroyed; "
    "counsel: confide hold compare",
    Kind.HOLD_INCOMPLETE: "A restore brought this hold back from the store's log, without what it says. It holds on; "
    "counsel: confide hold complete",
    Kind.HOLD_RELEASED_SINCE: "The store's log says that this hold was released after the backup. It holds on until "
    "counsel releases it again: confide hold release",
    Kind.KEPT_TOO_LONG: "Records are past the last day a rule lets them be kept. Begin a disposal run.",
    Kind.RECEIPT_WAITS: "An archive was handed over to a successor, and nobody recorded that it came. Its records stay "
    "here until then. Ask there, then: confide disposal receipt",
    Kind.STUCK: "A packet or seal failed. `confide packet show` says where; then `confide packet reissue`.",
    Kind.CERTIFICATE_ENDS: "A certificate ends soon. Before then: confide keys renew (docs/keys.md).",
    Kind.KEY_ENDS: "A signing key ends within sixty days. Make another and name it in the setting (docs/keys.md).",
    Kind.STAMP_ENDS: "A record's archival stamp ends within a year and no longer one was had. Check CONFIDE_TSA_URL.",
    Kind.AUDIT_BROKEN: "The audit log was changed. Touch nothing and call whoever answers for security.",
    Kind.DUTY_FAILED: "A duty of upkeep failed. Run `confide doctor`; it stands in the next run again.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One thing found."""

    kind: Kind
    subject: str
    """An opaque id or the name of a part; never a person."""
    detail: str = ""
    """A code or a date; never a text of somebody's."""

    @property
    def remedy(self) -> str | None:
        """What a person must do; None for what upkeep did by itself."""
        return FOR_A_PERSON.get(self.kind)
