"""Judges the papers that share nothing: agreements, notices, revocations.

Danger: a revocation that names a statement of somebody else, or none in force, leaves a client thinking that sharing
stopped; a notice of one law on the papers of a program under another brands its clients. Invariant: each of these
papers says what its law wants, of the right client and the right program, or is refused before it exists.

Source: 42 CFR 2.22, 2.31(a)(6), 2.32, 2.35(c); 45 CFR 164.508(b)(5); NASW Code 1.07(f), (g); 15 USC 7001(c).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from rules.draft import Revoked, StatementDraft, under_part2
from rules.finding import Finding, FindingCode, block
from rules.lifecycle import DISCLOSABLE
from rules.nasw import cite
from rules.notices import (
    carries,
    carries_not_guaranteed,
    carries_redisclosure_notice,
    notice_belongs,
    state_notice_for,
)
from rules.vocabulary import Family, ProgramClass, StatementState

REVOCABLE_STATES = frozenset({StatementState.ACTIVE, StatementState.SUSPENDED, StatementState.REVOCATION_REQUESTED})
"""Where a written revocation means something; in the last it is one more writing for counsel."""


def of_papers(draft: StatementDraft, today: dt.date) -> Iterator[Finding]:
    """What is wrong with a paper that shares nothing, besides what every paper needs."""
    if draft.recipient is not None and draft.family is not Family.REVOCATION:
        yield block(
            FindingCode.V01,
            "recipient",
            "This paper shares nothing, so it names no receiving organization; take the organization out.",
            "advisory, paragraph 2",
        )
    if draft.family is Family.REVOCATION:
        yield from _revocation(draft)
    elif draft.family is Family.GROUP_AGREEMENT:
        yield from _group(draft)
    elif draft.family is Family.ACCOMPANYING_NOTICE:
        yield block(
            FindingCode.S06,
            "form_id",
            "Nobody signs this paper: it is printed with what is shared, see `confide notice`.",
            "42 CFR 2.32",
        )
    elif draft.family is Family.PATIENT_NOTICE:
        yield from _patient_notice(draft, today)


def may_be_revoked(revoked: Revoked) -> bool:
    """True when a paper of that kind can be taken back, and stands where that means something."""
    kind = revoked.family.discloses or revoked.family is Family.ELECTRONIC_RECORDS
    return kind and revoked.state in REVOCABLE_STATES


def _revocation(draft: StatementDraft) -> Iterator[Finding]:
    authority = "42 CFR 2.31(a)(6); 45 CFR 164.508(b)(5)"
    if not draft.about.strip():
        return  # V04 says so
    if draft.revoked is None:
        yield block(
            FindingCode.R01,
            "about",
            "This client has no statement with that short id; look at the paper, or at the client's packets.",
            authority,
        )
    elif not may_be_revoked(draft.revoked):
        yield block(
            FindingCode.R01,
            "about",
            "The paper with that short id is not in force, or permits nothing, so there is nothing to revoke.",
            authority,
        )
    elif (draft.recipient.organization_id if draft.recipient else None) != draft.revoked.organization_id:
        yield block(
            FindingCode.R01,
            "recipient",
            "That statement names another organization; leave the organization out, the short id says which it is.",
            authority,
        )


def _group(draft: StatementDraft) -> Iterator[Finding]:
    if draft.group is None:
        yield block(
            FindingCode.V04,
            "group",
            "Say what it is for (group, family or couple), and what staff may share among those who take part.",
            cite("group_agreement"),
        )


def _patient_notice(draft: StatementDraft, today: dt.date) -> Iterator[Finding]:
    agency = draft.discloser
    if ProgramClass.PART2_PROGRAM not in agency.classes:
        yield block(
            FindingCode.C05,
            "discloser.classes",
            "This notice is for programs under 42 CFR Part 2 only; on papers of any other program it would be false.",
            "42 CFR 2.22",
        )
    if not agency.phone.strip() or not agency.email.strip():
        yield block(
            FindingCode.V04,
            "discloser.email",
            "The notice must give a telephone number and an email address to ask at: `confide agency notice`.",
            "42 CFR 2.22(b)(1)(vii)",
        )
    if agency.notice_effective_on is None or agency.notice_effective_on > today:
        yield block(
            FindingCode.V04,
            "discloser.notice_effective_on",
            "Say first from when the notice is in effect, and wait for that day: `confide agency notice`.",
            "42 CFR 2.22(b)(1)(viii)",
        )


def may_accompany(draft: StatementDraft, state: StatementState) -> tuple[Finding, ...]:
    """Whether a notice may be printed for a statement: one in force, of a unit under Part 2 or on HIV information."""
    findings = []
    federal = notice_belongs(draft.discloser.classes, by_consent=draft.family.discloses)
    if not federal and state_notice_for(draft.categories, draft.discloser.jurisdiction) is None:
        findings.append(
            block(
                FindingCode.S06,
                "discloser.classes",
                "A notice goes with records under 42 CFR Part 2, or HIV information, shared by consent; leave it off.",
                "42 CFR 2.32; the state's law on HIV information; house correction 1",
            )
        )
    if state not in DISCLOSABLE:
        findings.append(
            block(
                FindingCode.S06,
                "state",
                "The statement is not in force, so nothing is shared under it that the notice could go with.",
                "42 CFR 2.31(c), 2.32",
            )
        )
    return tuple(findings)


def must_print(draft: StatementDraft, fields: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """What has to reach the finished paper of this family, by field, besides what reaches every paper."""
    desk = ("discloser.revocation_desk", [draft.discloser.revocation_desk])
    about = fields["about"]
    if draft.family is Family.REVOCATION:
        receives = draft.recipient.legal_name if draft.recipient is not None else ""
        return [("about", [about["ref"], about["allowed"], about["revocable_from"]]), ("recipient", [receives]), desk]
    if draft.family is Family.GROUP_AGREEMENT:
        return [("group", [fields["group"]["kind"], fields["group"]["name"]])]
    if draft.family is Family.ELECTRONIC_RECORDS:
        return [("access_code", [draft.access_code]), desk]
    if draft.family is Family.PATIENT_NOTICE:
        agency = fields["agency"]
        return [("discloser.email", [agency["phone"], agency["email"], agency["notice_effective_on"]]), desk]
    if draft.family is Family.ACCOMPANYING_NOTICE:
        labels = [row["label"] for row in (*fields["categories"], *fields["purposes"])]
        return [("recipient", [fields["organization"]["name"]]), ("scope", [*labels, fields["expires"]])]
    return []


def words_in_force(draft: StatementDraft, text: str) -> Iterator[Finding]:
    """F03: dictated words that did not reach the finished paper word for word."""
    promised = draft.family in {Family.ACCOMPANYING_NOTICE, Family.HIV}
    state = state_notice_for(draft.categories, draft.discloser.jurisdiction) if promised else None
    if state is not None and not carries(text, state):
        yield _lacks("state_notice", state.authority)
    # a page that carries no notice at all is none, whatever it was printed for
    federal = draft.family is Family.ACCOMPANYING_NOTICE and (under_part2(draft) or state is None)
    if federal and not carries_redisclosure_notice(text):
        yield _lacks("notice", "42 CFR 2.32(a)(1)")
    if draft.family is Family.GROUP_AGREEMENT and not carries_not_guaranteed(text, draft.language):
        yield _lacks("not_guaranteed", cite("group_agreement"))


def _lacks(field: str, authority: str) -> Finding:
    return block(
        FindingCode.F03,
        field,
        "Words that must be printed as they are did not reach the paper word for word; the form must be mended.",
        authority,
    )
