"""The closed lists of words of retention. A value ends up in rows and in the audit log: added to, never renamed."""

from __future__ import annotations

from enum import StrEnum


class EventSubject(StrEnum):
    """Whose event it is."""

    CLIENT = "client"
    MATTER = "matter"
    """An award, a contract, an audit, a proceeding: what the program, and not one client, is in."""
    STATEMENT = "statement"
    LEDGER = "ledger"
    """A row of the disclosure ledger is the event itself."""
    KEPT = "kept"
    """Of the kept thing itself: a certificate, a schedule, a report."""


class EventKind(StrEnum):
    """What happened, as far as a schedule counts from it."""

    LAST_SERVICE = "last_service"
    CASE_CLOSED = "case_closed"
    CASE_REOPENED = "case_reopened"
    """Resets what closed the case: it counts from nothing until somebody records the closing anew."""
    DISCHARGE = "discharge"
    DEATH_KNOWN = "death_known"
    AGE_18 = "age_18"
    AGE_21 = "age_21"
    """Ages follow from the birth date; nobody records them."""
    FINAL_REPORT_SUBMITTED = "final_report_submitted"
    AUDIT_OPENED = "audit_opened"
    AUDIT_CLOSED = "audit_closed"
    CONTRACT_ENDED = "contract_ended"
    PROGRAM_DISCONTINUED = "program_discontinued"
    MATTER_CLOSED = "matter_closed"
    CONSENT_NOT_IN_EFFECT = "consent_not_in_effect"
    """The statement expired, or was revoked, superseded or found false."""
    STATEMENT_DECLINED = "statement_declined"
    STATEMENT_VOID = "statement_void"
    DISCLOSED = "disclosed"
    REPORTED = "reported"
    COMPLETED = "completed"
    SUPERSEDED = "superseded"
    RELATED_GONE = "related_gone"
    """The last record that it tells of was destroyed."""

    @property
    def subject(self) -> EventSubject:
        """Whose event it is."""
        return _SUBJECT[self]


_SUBJECT: dict[EventKind, EventSubject] = {
    **dict.fromkeys(
        (
            EventKind.LAST_SERVICE,
            EventKind.CASE_CLOSED,
            EventKind.CASE_REOPENED,
            EventKind.DISCHARGE,
            EventKind.DEATH_KNOWN,
            EventKind.AGE_18,
            EventKind.AGE_21,
        ),
        EventSubject.CLIENT,
    ),
    **dict.fromkeys(
        (
            EventKind.FINAL_REPORT_SUBMITTED,
            EventKind.AUDIT_OPENED,
            EventKind.AUDIT_CLOSED,
            EventKind.CONTRACT_ENDED,
            EventKind.PROGRAM_DISCONTINUED,
            EventKind.MATTER_CLOSED,
        ),
        EventSubject.MATTER,
    ),
    EventKind.CONSENT_NOT_IN_EFFECT: EventSubject.STATEMENT,
    EventKind.STATEMENT_DECLINED: EventSubject.STATEMENT,
    EventKind.STATEMENT_VOID: EventSubject.STATEMENT,
    EventKind.DISCLOSED: EventSubject.LEDGER,
    EventKind.REPORTED: EventSubject.KEPT,
    EventKind.COMPLETED: EventSubject.KEPT,
    EventKind.SUPERSEDED: EventSubject.KEPT,
    EventKind.RELATED_GONE: EventSubject.KEPT,
}

CLOSING = frozenset({EventKind.LAST_SERVICE, EventKind.CASE_CLOSED, EventKind.DISCHARGE})
"""What a reopened case takes back."""
DERIVED = frozenset({EventKind.AGE_18, EventKind.AGE_21})
"""Never recorded: they follow from the birth date."""
RECORDED = frozenset(
    kind for kind in EventKind if kind.subject in (EventSubject.CLIENT, EventSubject.MATTER) and kind not in DERIVED
)
"""What a person records."""


class Cutoff(StrEnum):
    """From when the period runs: the event's own day, or the end of the year that it lies in."""

    NONE = "none"
    CALENDAR_YEAR = "calendar_year"
    FISCAL_YEAR = "fiscal_year"


class Combine(StrEnum):
    """Which of a rule's several triggers counts."""

    LATEST = "latest"
    EARLIEST = "earliest"


class Disposition(StrEnum):
    """What is done when the time is over; the later in this list wins where rules end on the same day."""

    DESTROY = "destroy"
    TRANSFER = "transfer"
    REVIEW = "review"
    PERMANENT = "permanent"

    @property
    def weight(self) -> int:
        """How careful: a tie goes to the most careful."""
        return list(Disposition).index(self)


class WhyNot(StrEnum):
    """Why there is no day on which a record may go; every word but `in_effect` and `permanent` is an exception."""

    IN_EFFECT = "in_effect"
    """The statement is in force, and the client is served: nothing to do."""
    PERMANENT = "permanent"
    MISSING_EVENT = "missing_event"
    NO_RULE = "no_rule"
    NO_SCHEDULE = "no_schedule"
    """No schedule was adopted by two persons yet."""
    CONFLICT = "conflict"
    """A rule says not before, another not after, and the days cross."""
    SHORTENING = "shortening"
    """A new schedule made it disposable; two persons have not approved the shortening yet."""
    DISPOSED = "disposed"
    """A disposal run had it; there is nothing left to be due."""

    @property
    def exception(self) -> bool:
        """True when a person must look."""
        return self not in (WhyNot.IN_EFFECT, WhyNot.PERMANENT, WhyNot.DISPOSED)
