"""What can go wrong while signing, as types: a code for the program, a sentence and a remedy for the person.

Danger: a signature error that is swallowed looks like a signed statement. Invariant: every failure of this room leaves
as a `SigningError` (or its subclass `StampUnavailable`), and no instance carries a name, a date or any other personal
data, because these texts end up in logs and on screens that other people see.
"""

from __future__ import annotations

from enum import StrEnum


class SigningCode(StrEnum):
    """Why a verb of this room refused."""

    UNREADABLE = "unreadable"
    NOT_TAGGED = "not_tagged"
    ALREADY_PREPARED = "already_prepared"
    FORM_FIELDS = "form_fields"
    PLACE_MISSING = "place_missing"
    PLACE_UNKNOWN = "place_unknown"
    PLACE_TWICE = "place_twice"
    PLACE_TOO_SMALL = "place_too_small"
    NOT_PREPARED = "not_prepared"
    OUT_OF_ORDER = "out_of_order"
    ALREADY_SIGNED = "already_signed"
    ALREADY_SEALED = "already_sealed"
    NOT_SEALED = "not_sealed"
    CHANGED_AFTER_SIGNING = "changed_after_signing"
    FOREIGN_CERTIFICATE = "foreign_certificate"
    WINDOW_CLOSED = "window_closed"
    TOO_LATE_TO_SIGN = "too_late_to_sign"
    NO_ARCHIVE_FIELD = "no_archive_field"
    NOTHING_TO_ARCHIVE = "nothing_to_archive"
    STAMP_NOT_LONGER = "stamp_not_longer"
    STAMP_UNAVAILABLE = "stamp_unavailable"
    STAMP_REJECTED = "stamp_rejected"
    PICTURE_INVALID = "picture_invalid"
    PICTURE_EMPTY = "picture_empty"
    TEXT_UNPRINTABLE = "text_unprintable"
    AUTHORITY_INVALID = "authority_invalid"
    KEY_UNAVAILABLE = "key_unavailable"
    KEY_REFUSED = "key_refused"
    KEY_NOT_FOUND = "key_not_found"
    KEY_DISABLED = "key_disabled"
    KEY_PENDING_DELETION = "key_pending_deletion"
    KEY_UNFIT = "key_unfit"
    KEY_UNTRUE = "key_untrue"
    NAIVE_TIME = "naive_time"


class SigningError(Exception):
    """A refusal of the signing room.

    Attributes: `code` (for programs), `sentence` (what happened, one line, never personal data), `remedy` (what the
    person can do, one line).
    """

    def __init__(self, code: SigningCode, sentence: str, remedy: str) -> None:
        super().__init__(f"{sentence} {remedy}")
        self.code = code
        self.sentence = sentence
        self.remedy = remedy

    def __reduce__(self) -> tuple[type[SigningError], tuple[SigningCode, str, str]]:
        """Survive the way back from a child process."""
        return (type(self), (self.code, self.sentence, self.remedy))


class KeyUnavailable(SigningError):
    """A token or key service does not answer now; another try may succeed."""

    def __init__(self, what: str) -> None:
        super().__init__(
            SigningCode.KEY_UNAVAILABLE,
            f"The organization's signing key cannot be used now: {what}.",
            "Nothing is lost; it is tried again. Check the token, or network, region and credentials.",
        )

    def __reduce__(self) -> tuple[type[SigningError], tuple[SigningCode, str, str]]:
        return (SigningError, (self.code, self.sentence, self.remedy))


class StampUnavailable(SigningError):
    """The time-stamp authority gave no stamp that may be relied on: silent, slow, refusing, or lying."""
