"""The ways a statement may go from state to state, who or what may send it there, and why.

Danger: a statement that comes back from the dead (revoked, expired, known false) lets information go without consent.
Invariant: no way leads out of a terminal state, and no way but counsel's reasoned decision turns a requested
revocation back into ACTIVE. The register moves states by compare-and-set and asks `may` (or `require`) first.

Source: the house's state machine; 42 CFR 2.31(a)(6), 2.31(c), 2.35(c); 45 CFR 164.508(b)(2), (b)(5).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from rules.vocabulary import PacketState, StatementState

S = StatementState


class Actor(StrEnum):
    """Who or what may cause a change."""

    SYSTEM = "system"
    CLIENT = "client"
    STAFF = "staff"
    RECORDS_OFFICER = "records_officer"
    COUNSEL = "counsel"


class Trigger(StrEnum):
    """What happened."""

    RENDERED = "rendered"
    SEALED = "sealed"
    CLIENT_DECLINED = "client_declined"
    NOT_SIGNED_IN_TIME = "not_signed_in_time"
    WITHDRAWN = "withdrawn"
    SPOKEN_REQUEST = "spoken_request"
    SPOKEN_REQUEST_WITHDRAWN = "spoken_request_withdrawn"
    WRITTEN_REVOCATION = "written_revocation"
    REVOCATION_NOT_YET_OPEN = "revocation_not_yet_open"
    COUNSEL_DECISION = "counsel_decision"
    END_REACHED = "end_reached"
    NEW_STATEMENT = "new_statement"
    FOUND_FALSE = "found_false"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One allowed way."""

    source: StatementState
    target: StatementState
    trigger: Trigger
    actors: frozenset[Actor]
    authority: str
    """As it is written here; `cited` has the letters of the ethics code in it."""
    needs_reason: bool = False
    """A written reason is kept with the change."""

    @property
    def cited(self) -> str:
        """The authority in full, with the editions of the NASW Code."""
        from rules.nasw import expanded

        return expanded(self.authority)


def _way(
    source: StatementState,
    target: StatementState,
    trigger: Trigger,
    actors: set[Actor],
    authority: str,
    *,
    reason: bool = False,
) -> Transition:
    return Transition(
        source=source,
        target=target,
        trigger=trigger,
        actors=frozenset(actors),
        authority=authority,
        needs_reason=reason,
    )


_STAFF = {Actor.STAFF, Actor.RECORDS_OFFICER, Actor.COUNSEL}
_REVOKE = "42 CFR 2.31(a)(6); 45 CFR 164.508(b)(5)"
_DEFECT = "42 CFR 2.31(c); 45 CFR 164.508(b)(2)"

TRANSITIONS: tuple[Transition, ...] = (
    _way(S.DRAFT, S.PRESENTED, Trigger.RENDERED, {Actor.SYSTEM}, "house: way of the data"),
    _way(S.DRAFT, S.VOID, Trigger.WITHDRAWN, _STAFF, "house: a draft may be withdrawn", reason=True),
    _way(S.PRESENTED, S.ACTIVE, Trigger.SEALED, {Actor.SYSTEM}, "42 CFR 2.31(a)(8); 15 USC 7001(a)"),
    _way(
        S.PRESENTED,
        S.DECLINED,
        Trigger.CLIENT_DECLINED,
        {Actor.CLIENT},
        "<nasw informed_consent>; signing is voluntary",
    ),
    _way(S.PRESENTED, S.VOID, Trigger.NOT_SIGNED_IN_TIME, {Actor.SYSTEM}, "house: unsigned in 30 days or by its end"),
    _way(S.PRESENTED, S.VOID, Trigger.WITHDRAWN, _STAFF, "house: withdrawn before it was sealed", reason=True),
    _way(S.ACTIVE, S.SUSPENDED, Trigger.SPOKEN_REQUEST, _STAFF | {Actor.CLIENT}, f"{_REVOKE}; a spoken request stops"),
    _way(
        S.SUSPENDED,
        S.ACTIVE,
        Trigger.SPOKEN_REQUEST_WITHDRAWN,
        {Actor.CLIENT},
        "house: only the client takes the request back, in writing",
        reason=True,
    ),
    _way(S.ACTIVE, S.REVOKED, Trigger.WRITTEN_REVOCATION, {Actor.CLIENT}, _REVOKE),
    _way(S.SUSPENDED, S.REVOKED, Trigger.WRITTEN_REVOCATION, {Actor.CLIENT}, _REVOKE),
    _way(S.ACTIVE, S.REVOCATION_REQUESTED, Trigger.REVOCATION_NOT_YET_OPEN, {Actor.CLIENT}, "42 CFR 2.35(c)"),
    _way(S.SUSPENDED, S.REVOCATION_REQUESTED, Trigger.REVOCATION_NOT_YET_OPEN, {Actor.CLIENT}, "42 CFR 2.35(c)"),
    _way(
        S.REVOCATION_REQUESTED,
        S.REVOKED,
        Trigger.COUNSEL_DECISION,
        {Actor.COUNSEL},
        "42 CFR 2.35(c); 45 CFR 164.508(b)(5)",
        reason=True,
    ),
    _way(
        S.REVOCATION_REQUESTED,
        S.ACTIVE,
        Trigger.COUNSEL_DECISION,
        {Actor.COUNSEL},
        "42 CFR 2.35(c)",
        reason=True,
    ),
    _way(S.ACTIVE, S.EXPIRED, Trigger.END_REACHED, {Actor.SYSTEM, *_STAFF}, "42 CFR 2.31(a)(7), 2.31(c)"),
    _way(S.SUSPENDED, S.EXPIRED, Trigger.END_REACHED, {Actor.SYSTEM, *_STAFF}, "42 CFR 2.31(a)(7), 2.31(c)"),
    _way(S.REVOCATION_REQUESTED, S.EXPIRED, Trigger.END_REACHED, {Actor.SYSTEM, *_STAFF}, "42 CFR 2.31(a)(7), 2.31(c)"),
    _way(S.ACTIVE, S.SUPERSEDED, Trigger.NEW_STATEMENT, {Actor.SYSTEM, *_STAFF}, "house: a change is a new statement"),
    _way(
        S.SUSPENDED, S.SUPERSEDED, Trigger.NEW_STATEMENT, {Actor.SYSTEM, *_STAFF}, "house: a change is a new statement"
    ),
    _way(S.ACTIVE, S.KNOWN_FALSE, Trigger.FOUND_FALSE, _STAFF, _DEFECT, reason=True),
    _way(S.SUSPENDED, S.KNOWN_FALSE, Trigger.FOUND_FALSE, _STAFF, _DEFECT, reason=True),
    _way(S.REVOCATION_REQUESTED, S.KNOWN_FALSE, Trigger.FOUND_FALSE, _STAFF, _DEFECT, reason=True),
)

TERMINAL: frozenset[StatementState] = frozenset({S.DECLINED, S.VOID, S.REVOKED, S.EXPIRED, S.SUPERSEDED, S.KNOWN_FALSE})
"""States nothing comes back from."""

DISCLOSABLE: frozenset[StatementState] = frozenset({S.ACTIVE})
"""The one state in which information may go on this statement (V16)."""

_BY_ENDS: dict[tuple[StatementState, StatementState], tuple[Transition, ...]] = {}
for _transition in TRANSITIONS:
    _ends = (_transition.source, _transition.target)
    _BY_ENDS[_ends] = (*_BY_ENDS.get(_ends, ()), _transition)


def may(source: StatementState, target: StatementState) -> bool:
    """True when some way leads straight from `source` to `target`."""
    return (source, target) in _BY_ENDS


def ways(source: StatementState, target: StatementState) -> tuple[Transition, ...]:
    """Every allowed way from `source` straight to `target` (they differ in trigger)."""
    return _BY_ENDS.get((source, target), ())


def may_by(source: StatementState, target: StatementState, actor: Actor) -> bool:
    """True when this actor may cause the change."""
    return any(actor in way.actors for way in ways(source, target))


def reachable(source: StatementState) -> frozenset[StatementState]:
    """Every state some path of allowed ways leads to from `source`, itself left out unless a path comes back."""
    found: set[StatementState] = set()
    open_ends = [source]
    while open_ends:
        here = open_ends.pop()
        for way in TRANSITIONS:
            if way.source is here and way.target not in found:
                found.add(way.target)
                open_ends.append(way.target)
    return frozenset(found)


PACKET_WAYS: frozenset[tuple[PacketState, PacketState]] = frozenset(
    {
        (PacketState.REQUESTED, PacketState.ISSUING),
        (PacketState.ISSUING, PacketState.ISSUED),
        (PacketState.ISSUING, PacketState.FAILED),
        # a lease ran out: the next worker claims the same packet again
        (PacketState.ISSUING, PacketState.REQUESTED),
        # `packet reissue`: a person asks again after the cause was mended
        (PacketState.FAILED, PacketState.REQUESTED),
        (PacketState.REQUESTED, PacketState.WITHDRAWN),
        (PacketState.FAILED, PacketState.WITHDRAWN),
    }
)
"""The issuing of a packet; ISSUED and WITHDRAWN are final."""


def packet_may(source: PacketState, target: PacketState) -> bool:
    """True when the issuing of a packet may go from `source` to `target`."""
    return (source, target) in PACKET_WAYS
