"""Decides whether a client's own copy of a statement may leave now.

Danger: a copy that leaves without being the record, or to somebody who is not the client, is a disclosure. Invariant:
only sealed bytes leave, only to the client or to a representative whose authority is on file; everything else is a
disclosure (rules.disclosure, flows/disclosure.py).

Source: 45 CFR 164.508(c)(4), 164.514(h), 164.524; 42 CFR 2.23; house invariant 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from rules.finding import Finding, FindingCode, block, blocking, warn
from rules.lifecycle import TERMINAL
from rules.vocabulary import Proof, StatementState

_AUTHORITY = "45 CFR 164.508(c)(4); 42 CFR 2.23"


class Requester(StrEnum):
    """Who asks for the copy."""

    CLIENT = "client"
    REPRESENTATIVE = "representative"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Decision:
    """What the rules say to a copy that wants to leave."""

    findings: tuple[Finding, ...]

    @property
    def allowed(self) -> bool:
        return not blocking(self.findings)


def may_leave(
    *,
    state: StatementState,
    proof: Proof,
    requester: Requester = Requester.CLIENT,
    authority_on_file: bool = False,
) -> Decision:
    """Whether the copy may leave.

    `authority_on_file`: the representative's authority was seen and its paper kept. Ended statements leave with a
    warning to say so; they stay the client's own.
    """
    findings: list[Finding] = []
    if proof not in (Proof.SEALED, Proof.SEALED_WITHOUT_TIME):
        findings.append(
            block(FindingCode.L01, "proof", "The statement is not sealed yet; only a sealed copy leaves.", _AUTHORITY)
        )
    elif state in (StatementState.DRAFT, StatementState.PRESENTED, StatementState.DECLINED, StatementState.VOID):
        findings.append(
            block(FindingCode.L01, "state", "The statement was never in effect; there is no copy of it.", _AUTHORITY)
        )
    elif state in TERMINAL:
        findings.append(
            warn(FindingCode.L01, "state", "The statement is no longer in effect; say so with the copy.", _AUTHORITY)
        )
    if requester is Requester.OTHER:
        findings.append(
            block(
                FindingCode.L01,
                "requester",
                "Only the client gets this copy; for anyone else this is a disclosure, which needs its own decision.",
                "45 CFR 164.514(h); 42 CFR 2.13",
            )
        )
    elif requester is Requester.REPRESENTATIVE and not authority_on_file:
        findings.append(
            block(
                FindingCode.L01,
                "requester",
                "Put the paper that shows the representative's authority on file first.",
                "45 CFR 164.502(g), 164.514(h); 42 CFR 2.14, 2.15",
            )
        )
    return Decision(tuple(findings))
