"""Who signs a paper, in what right, and whether that is whom the law wants (V14).

Danger: a consent by one of two who both must give it is none (42 CFR 2.14(c)), and one that a parent joins where the
minor alone decides tells the parent (2.14(b)). Invariant: who signs follows from the draft here and nowhere else - what
is judged, printed, asked for at the ceremony and sealed asks these functions.

Source: 42 CFR 2.14, 2.15; 45 CFR 164.502(g), 164.508(c)(1)(vi), 164.514(h)(2); the state's table (rules.jurisdictions).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rules.draft import Authority, Discloser, StatementDraft, bound_by_part2, counts_as_part2, under_part2
from rules.finding import Finding, FindingCode, block
from rules.jurisdictions import MinorRule, Service, jurisdiction
from rules.tables import table
from rules.vocabulary import PAYERS, AuthorityPaper, MinorBasis, PurposeCode, SignerCapacity, SignerRole


def both_sign(draft: StatementDraft) -> bool:
    """True where the client, a minor, and a parent or guardian beside them must both sign (2.14(c)).

    Only what discloses Part 2 records, or what may be such, asks for two: elsewhere a parent signs in a minor's place
    (45 CFR 164.502(g)).
    """
    return (
        draft.family.discloses
        and counts_as_part2(draft.discloser.classes)
        and draft.minor_basis is MinorBasis.PARENT_MUST_JOIN
        and draft.capacity is not SignerCapacity.CLIENT
    )


def signing_roles(roles: Iterable[SignerRole], draft: StatementDraft) -> tuple[SignerRole, ...]:
    """Of the roles a form has places for, those who sign this paper: nobody who is not there."""
    absent = set()
    if not both_sign(draft):
        absent.add(SignerRole.REPRESENTATIVE)
    if not (draft.interpreter_name or "").strip():
        absent.add(SignerRole.INTERPRETER)
    return tuple(role for role in roles if role not in absent)


def signs_as(draft: StatementDraft, role: SignerRole) -> SignerCapacity:
    """The right in which `role` signs: beside a parent or guardian the client signs for themself."""
    if role is SignerRole.CLIENT and both_sign(draft):
        return SignerCapacity.CLIENT
    return draft.capacity


def signer_name(draft: StatementDraft, role: SignerRole) -> str:
    """Who signs as `role`, staff apart: who signs for the client stands in the client's place."""
    if role is SignerRole.INTERPRETER:
        return draft.interpreter_name or ""
    if signs_as(draft, role) is SignerCapacity.CLIENT:
        return draft.identity.legal_name
    return draft.representative_name or ""


# --- what there is to choose ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What is left to record of who signs, once client and unit are known; V14 judges it as everything else."""

    minor: bool
    bases: tuple[MinorBasis, ...]
    """What may be recorded of a minor; one: the state's table leaves nothing to choose. Empty for who is of age."""
    capacities: tuple[SignerCapacity, ...]
    """In what right somebody else may sign for the client, or beside them."""
    beside: bool
    """True: where a parent or guardian must agree, they sign beside the minor; False: in the minor's place."""
    authority: str
    """What says so: the state's row for a minor, the federal rules for who is of age."""


def choices(birth_date: dt.date, discloser: Discloser, today: dt.date) -> Choices:
    """What may be recorded of who signs for somebody born on `birth_date` (2.14, 2.15, the state's table)."""
    part2 = counts_as_part2(discloser.classes)
    if not _minor(birth_date, discloser.jurisdiction, today):
        others = [SignerCapacity.GUARDIAN, SignerCapacity.PERSONAL_REPRESENTATIVE]
        if bound_by_part2(discloser):
            others.append(SignerCapacity.PROGRAM_DIRECTOR)
        law = "42 CFR 2.15; 45 CFR 164.502(g)" if part2 else "45 CFR 164.502(g)"
        return Choices(minor=False, bases=(), capacities=tuple(others), beside=False, authority=law)
    rule, age = _rule(discloser), _age(birth_date, today)
    bases = []
    if rule.may_be_alone(age):
        bases.append(MinorBasis.MAY_CONSENT_ALONE)
    if not (part2 and rule.must_be_alone(age)):
        bases.append(MinorBasis.PARENT_MUST_JOIN)
    return Choices(
        minor=True,
        bases=tuple(bases),
        capacities=(SignerCapacity.PARENT, SignerCapacity.GUARDIAN, SignerCapacity.PERSONAL_REPRESENTATIVE),
        beside=part2,
        authority=rule.authority,
    )


def papers_of(capacity: SignerCapacity) -> tuple[AuthorityPaper, ...]:
    """The papers that show this right, as the table lists them."""
    return tuple(map(AuthorityPaper, table("capacities")["entries"][capacity.value]["papers"]))


# --- V14 --------------------------------------------------------------------------------------------------------------


def fitting_signers(draft: StatementDraft, today: dt.date) -> Iterator[Finding]:
    """V14: who signs fits who the client is (2.14, 2.15), by the table of the unit's jurisdiction."""
    authority = "42 CFR 2.14, 2.15; 45 CFR 164.508(c)(1)(vi), 164.502(g)"
    age = _age(draft.identity.birth_date, today)
    minor = _minor(draft.identity.birth_date, draft.discloser.jurisdiction, today)
    named = bool((draft.representative_name or "").strip())
    if draft.capacity is not SignerCapacity.CLIENT and not named:
        yield block(
            FindingCode.V14,
            "representative_name",
            "Name the person who signs for the client, and in what right.",
            authority,
        )
    if draft.capacity is SignerCapacity.CLIENT and named and not minor:
        yield block(
            FindingCode.V14,
            "capacity",
            "A representative is named, but the client signs; choose in what right the representative signs.",
            authority,
        )
    yield from authority_seen(draft.capacity, draft.authority, today)
    if draft.capacity is SignerCapacity.PROGRAM_DIRECTOR:
        yield from _director_signs(draft, minor=minor)
    if not minor and draft.capacity is SignerCapacity.PARENT:
        yield block(FindingCode.V14, "capacity", "The client is of age, so a parent cannot sign for them.", authority)
    if not minor and age >= 0 and draft.minor_basis is MinorBasis.PARENT_MUST_JOIN:
        sentence = "The client is of age, so no parent or guardian joins in signing; leave this out."
        yield block(FindingCode.V14, "minor_basis", sentence, authority)
    if minor and draft.family.discloses:
        # what shares nothing, a minor reads and signs like anybody
        yield from _minor_signs(draft, age, authority)


def authority_seen(capacity: SignerCapacity, seen: Authority | None, today: dt.date) -> Iterator[Finding]:
    """V14: who signs for a client shows by what right, and staff saw the paper before anything is made to be signed."""
    law = "45 CFR 164.508(c)(1)(vi), 164.514(h)(2); 42 CFR 2.14, 2.15"
    if capacity is SignerCapacity.CLIENT:
        if seen is not None:
            yield block(
                FindingCode.V14, "authority", "The client signs, so nobody's authority is shown; leave it out.", law
            )
        return
    if seen is None or not seen.issued_by.strip() or not seen.reference.strip():
        yield block(
            FindingCode.V14,
            "authority",
            "See the paper that shows the right to sign for the client; say what it is, who issued it, its number.",
            law,
        )
    elif seen.paper not in papers_of(capacity):
        yield block(FindingCode.V14, "authority.paper", "This paper does not show that right to sign.", law)
    elif seen.seen_on > today:
        yield block(FindingCode.V14, "authority.seen_on", "Nobody has seen the paper yet on that day.", law)


def _director_signs(draft: StatementDraft, *, minor: bool) -> Iterator[Finding]:
    """2.15(a)(2): to obtain payment from a payer, for a client of age who cannot act, and for nothing else."""
    pays = draft.recipient is not None and draft.recipient.kind in PAYERS
    if minor or not under_part2(draft) or not pays or tuple(draft.purposes) != (PurposeCode.PAYMENT,):
        yield block(
            FindingCode.V14,
            "capacity",
            "The director of a Part 2 program signs only for payment, to a payer, for a client of age who cannot act.",
            "42 CFR 2.15(a)(2)",
        )


def _minor_signs(draft: StatementDraft, age: int, authority: str) -> Iterator[Finding]:
    rule, part2 = _rule(draft.discloser), counts_as_part2(draft.discloser.classes)
    if draft.minor_basis is None:
        yield block(
            FindingCode.V14,
            "minor_basis",
            "The client is a minor: record first whether they may sign alone or a parent must sign with them.",
            authority,
        )
    elif draft.minor_basis is MinorBasis.MAY_CONSENT_ALONE and draft.capacity is not SignerCapacity.CLIENT:
        yield block(
            FindingCode.V14,
            "capacity",
            "For this service only the client, though a minor, may sign.",
            "42 CFR 2.14(b)",
        )
    elif draft.minor_basis is MinorBasis.MAY_CONSENT_ALONE and not rule.may_be_alone(age):
        yield block(
            FindingCode.V14,
            "minor_basis",
            "State law does not let a client of this age obtain this service alone; a parent or guardian must join.",
            rule.authority,
        )
    elif draft.minor_basis is MinorBasis.PARENT_MUST_JOIN and part2 and rule.must_be_alone(age):
        yield block(
            FindingCode.V14,
            "minor_basis",
            "State law lets a client of this age obtain this service alone, so only the client signs.",
            rule.authority,
        )
    elif draft.minor_basis is MinorBasis.PARENT_MUST_JOIN and draft.capacity is SignerCapacity.CLIENT:
        yield block(
            FindingCode.V14,
            "capacity",
            "The client and a parent or guardian must both sign this; name the parent or guardian, and their right."
            if part2
            else "A parent or guardian must sign for this service; name them.",
            "42 CFR 2.14(c)" if part2 else "45 CFR 164.502(g); state law",
        )


def _rule(discloser: Discloser) -> MinorRule:
    service = Service.SUBSTANCE_USE_TREATMENT if counts_as_part2(discloser.classes) else Service.OTHER
    return jurisdiction(discloser.jurisdiction).minors[service]


def _minor(born: dt.date, state: str, today: dt.date) -> bool:
    # below zero the date itself is wrong (V04), and tells nothing of who signs
    return 0 <= _age(born, today) < jurisdiction(state).majority


def _age(born: dt.date, today: dt.date) -> int:
    """Whole years; who is born on February 29 comes of age on March 1 in other years."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))
