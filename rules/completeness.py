"""Judges whether a draft says all it must, names nobody it must not, and is signed by whom the law wants.

Danger: a consent that on its face lacks an element is no consent (42 CFR 2.31(c)(2); 45 CFR 164.508(b)(2)(ii)).
Invariant: V02, V04, V05 (where to revoke) and V14 are judged here and nowhere else, on every kind of paper.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from functools import cache, lru_cache

from rules.blanks import placeholders_among
from rules.draft import StatementDraft
from rules.finding import Finding, FindingCode, block
from rules.individuals import individuals_in, names_nobody
from rules.jurisdictions import Service, jurisdiction
from rules.tables import table
from rules.vocabulary import PAYERS, AuthorityPaper, MinorBasis, PurposeCode, SignerCapacity
from rules.wording import under_part2


def _texts(draft: StatementDraft) -> Iterator[tuple[str, str]]:
    """Every text a person typed, with its field."""
    yield "identity.legal_name", draft.identity.legal_name
    for name in draft.identity.also_known_as:
        yield "identity.also_known_as", name
    yield "identity.case_number", draft.identity.case_number or ""
    agency = draft.discloser
    yield "discloser.legal_name", agency.legal_name
    yield "discloser.unit", agency.unit
    for line in agency.address:
        yield "discloser.address", line
    yield "discloser.phone", agency.phone
    yield "discloser.revocation_desk", agency.revocation_desk
    if draft.recipient is not None:
        yield "recipient.legal_name", draft.recipient.legal_name
        yield "recipient.unit", draft.recipient.unit
        for line in draft.recipient.address:
            yield "recipient.address", line
    yield "everything_justification", draft.everything_justification
    yield "purpose_text", draft.purpose_text
    yield "expiry.event", draft.expiry.event or ""
    if draft.group is not None:
        yield "group.name", draft.group.name
    if draft.revocable is not None:
        yield "revocable.event", draft.revocable.event or ""
    if draft.mandate is not None:
        yield "mandate.body", draft.mandate.body
        yield "mandate.reference", draft.mandate.reference
    if draft.authority is not None:
        yield "authority.issued_by", draft.authority.issued_by
        yield "authority.reference", draft.authority.reference
    yield "representative_name", draft.representative_name or ""
    yield "interpreter_name", draft.interpreter_name or ""


def complete(draft: StatementDraft, today: dt.date) -> Iterator[Finding]:
    authority = "42 CFR 2.31(a)(1)-(5); 45 CFR 164.508(b)(2)(ii)"
    for field in placeholders_among(_texts(draft)):
        yield block(
            FindingCode.V04,
            field,
            "A placeholder stands where the real entry belongs; fill it in or leave the field empty.",
            authority,
        )
    required = [
        ("identity.legal_name", draft.identity.legal_name, "The client's legal name is missing."),
        ("discloser.legal_name", draft.discloser.legal_name, "The name of our own organization is missing."),
        ("form_id", draft.form_id, "The form is not named."),
        ("form_version", draft.form_version, "The form's version is not named."),
    ]
    if draft.recipient is not None:
        required.append(
            ("recipient.legal_name", draft.recipient.legal_name, "The receiving organization's name is missing.")
        )
    for field, text, sentence in required:
        if not text.strip():
            yield block(FindingCode.V04, field, sentence, authority)
    if not dt.date(1900, 1, 1) <= draft.identity.birth_date <= today:
        yield block(FindingCode.V04, "identity.birth_date", "The birth date cannot be right; look again.", authority)
    if not draft.family.discloses:
        return
    if not draft.discloser.revocation_desk.strip():
        yield block(
            FindingCode.V05,
            "discloser.revocation_desk",
            "The statement does not say where a revocation is brought; set the desk and address for revocations.",
            "42 CFR 2.31(a)(6); 45 CFR 164.508(c)(2)(i)",
        )
    if not draft.categories:
        yield block(
            FindingCode.V04, "categories", "Choose at least one kind of information to share.", "42 CFR 2.31(a)(3)"
        )
    if not draft.purposes and not draft.purpose_text.strip() and not draft.initiated_by_client:
        yield block(
            FindingCode.V04,
            "purposes",
            'Say why the information is shared; "at my own request" is enough only when the client asked for it.',
            "42 CFR 2.31(a)(5); 45 CFR 164.508(c)(1)(iv)",
        )
    elif PurposeCode.CLIENT_REQUEST in draft.purposes and not draft.initiated_by_client:
        yield block(
            FindingCode.V04,
            "purposes",
            '"At my own request" fits only when the client asked for this statement; name the purpose.',
            "42 CFR 2.31(a)(5)(i); 45 CFR 164.508(c)(1)(iv)",
        )


def no_individuals(draft: StatementDraft) -> Iterator[Finding]:
    """V02: no person where an organization or a purpose belongs; client, discloser and signers stand in their own."""
    texts: list[tuple[str, str]] = [
        ("purpose_text", draft.purpose_text),
        ("everything_justification", draft.everything_justification),
        ("expiry.event", draft.expiry.event or ""),
    ]
    organization: list[tuple[str, str]] = []
    if draft.recipient is not None:
        organization += [("recipient.legal_name", draft.recipient.legal_name), ("recipient.unit", draft.recipient.unit)]
        organization += [("recipient.address", line) for line in draft.recipient.address]
    if draft.group is not None:
        texts.append(("group.name", draft.group.name))
    if draft.revocable is not None:
        texts.append(("revocable.event", draft.revocable.event or ""))
    if draft.mandate is not None:
        organization.append(("mandate.body", draft.mandate.body))
        texts.append(("mandate.reference", draft.mandate.reference))
    if draft.authority is not None:
        organization.append(("authority.issued_by", draft.authority.issued_by))
        texts.append(("authority.reference", draft.authority.reference))
    named = [field for field, text in organization if text and _organization_names_someone(text)]
    if not names_nobody("\n".join(text for _, text in texts)):
        named += [field for field, text in texts if text and individuals_in(text)]
    for field in named:
        yield block(
            FindingCode.V02,
            field,
            "A person seems to be named here; name the organization only, for it outlasts the people in it.",
            "advisory, paragraph 2",
        )


@lru_cache(maxsize=4096)
def _organization_names_someone(text: str) -> bool:
    """Kept for names and addresses of organizations alone: they come again and again, and are no client's data."""
    return bool(individuals_in(text))


def fitting_signers(draft: StatementDraft, today: dt.date) -> Iterator[Finding]:
    """V14: who signs fits who the client is (2.14, 2.15), by the table of the unit's jurisdiction."""
    authority = "42 CFR 2.14, 2.15; 45 CFR 164.508(c)(1)(vi), 164.502(g)"
    # below zero the date itself is wrong (V04), and tells nothing of who signs
    age = _age(draft.identity.birth_date, today)
    minor = 0 <= age < jurisdiction(draft.discloser.jurisdiction).majority
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
    yield from _authority_seen(draft, today)
    if draft.capacity is SignerCapacity.PROGRAM_DIRECTOR:
        yield from _director_signs(draft, minor=minor)
    if not minor and draft.capacity is SignerCapacity.PARENT:
        yield block(FindingCode.V14, "capacity", "The client is of age, so a parent cannot sign for them.", authority)
    if minor and draft.family.discloses:
        # what shares nothing, a minor reads and signs like anybody
        yield from _minor_signs(draft, age, authority)


def _authority_seen(draft: StatementDraft, today: dt.date) -> Iterator[Finding]:
    """Who signs for a client shows by what right, and staff saw the paper before anything is made to be signed."""
    law = "45 CFR 164.508(c)(1)(vi), 164.514(h)(2); 42 CFR 2.14, 2.15"
    seen = draft.authority
    if draft.capacity is SignerCapacity.CLIENT:
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
    elif seen.paper not in _papers(draft.capacity):
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


@cache
def _papers(capacity: SignerCapacity) -> frozenset[AuthorityPaper]:
    return frozenset(map(AuthorityPaper, table("capacities")["entries"][capacity.value]["papers"]))


def _minor_signs(draft: StatementDraft, age: int, authority: str) -> Iterator[Finding]:
    service = Service.SUBSTANCE_USE_TREATMENT if under_part2(draft) else Service.OTHER
    rule = jurisdiction(draft.discloser.jurisdiction).minors[service]
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
    elif draft.minor_basis is MinorBasis.PARENT_MUST_JOIN and under_part2(draft) and rule.must_be_alone(age):
        yield block(
            FindingCode.V14,
            "minor_basis",
            "State law lets a client of this age obtain this service alone, so only the client signs.",
            rule.authority,
        )
    elif draft.minor_basis is MinorBasis.PARENT_MUST_JOIN and under_part2(draft):
        yield block(
            FindingCode.V14,
            "minor_basis",
            "Client and parent must both sign this, and no form here has a place for both; nothing is shared until one "
            "does.",
            "42 CFR 2.14(c)",
        )
    elif draft.minor_basis is MinorBasis.PARENT_MUST_JOIN and draft.capacity is SignerCapacity.CLIENT:
        yield block(
            FindingCode.V14,
            "capacity",
            "A parent or guardian must sign for this service; name them.",
            "45 CFR 164.502(g); state law",
        )


def _age(born: dt.date, today: dt.date) -> int:
    """Whole years; who is born on February 29 comes of age on March 1 in other years."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))
