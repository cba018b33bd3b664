"""What the register refuses, and how it says so.

A sentence of an error is shown to staff and may reach a log: it never holds a name, a date of birth or a purpose
of a client. Organizations and usernames of staff are not personal data of a client and may be named.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from register.facts import Refusal


class RegisterErrorCode(StrEnum):
    """Why the register said no."""

    CONFIGURATION = "configuration"
    NOT_READY = "not_ready"
    ALREADY_ESTABLISHED = "already_established"
    UNKNOWN_ID = "unknown_id"
    NOT_ALLOWED = "not_allowed"
    BAD_CREDENTIALS = "bad_credentials"
    LOCKED_OUT = "locked_out"
    WEAK_PASSWORD = "weak_password"  # noqa: S105  # a code, not a password
    USERNAME_TAKEN = "username_taken"
    LAST_ADMINISTRATOR = "last_administrator"
    STAFF_RETIRED = "staff_retired"
    ORGANIZATION_EXISTS = "organization_exists"
    ORGANIZATION_RETIRED = "organization_retired"
    NAMES_A_PERSON = "names_a_person"
    SUCCESSOR = "successor"
    NAME_NEEDED = "name_needed"
    POSSIBLE_DUPLICATE = "possible_duplicate"
    REFUSED = "refused"
    EMPTY_PACKET = "empty_packet"
    NOTHING_TO_REISSUE = "nothing_to_reissue"
    ILLEGAL_MOVE = "illegal_move"
    MOVED_MEANWHILE = "moved_meanwhile"
    LEASE_LOST = "lease_lost"
    NOT_FINISHED = "not_finished"
    SIGNING_ORDER = "signing_order"
    SAME_PERSON = "same_person"
    NOT_WHAT_WAS_SHOWN = "not_what_was_shown"
    OBJECT_STATE = "object_state"
    PROOF = "proof"
    FORM_VERSION = "form_version"
    DISPOSAL = "disposal"
    CLOCK = "clock"
    EVENT = "event"
    MATTER = "matter"
    HOLD = "hold"
    SCHEDULE_VERSION = "schedule_version"


class RegisterError(Exception):
    """One refusal: a code for machines, a sentence and a remedy for the person.

    `findings` is filled only with code REFUSED: everything that is wrong with a request, at once.
    """

    def __init__(
        self,
        code: RegisterErrorCode,
        sentence: str,
        remedy: str,
        *,
        findings: tuple[Refusal, ...] = (),
    ) -> None:
        super().__init__(code.value)
        self.code = code
        self.sentence = sentence
        self.remedy = remedy
        self.findings = findings

    def __str__(self) -> str:
        return f"{self.sentence} {self.remedy}"


def unknown(kind: str, given: object) -> RegisterError:
    """The error for an id or reference that the register does not hold; `given` is an opaque id."""
    return RegisterError(
        RegisterErrorCode.UNKNOWN_ID,
        f"There is no {kind} {given}.",
        "Check the id, or list what there is.",
    )
