"""Judges whether a draft says all it must, and names nobody it must not.

Danger: a consent that on its face lacks an element is no consent (42 CFR 2.31(c)(2); 45 CFR 164.508(b)(2)(ii)).
Invariant: V02, V04 and V05 (where to revoke) are judged here and nowhere else, on every kind of paper.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from functools import lru_cache

from rules.blanks import is_placeholder, placeholders_among
from rules.draft import Discloser, Recipient, StatementDraft
from rules.finding import NO_PERSONS, Finding, FindingCode, block
from rules.individuals import individuals_in
from rules.vocabulary import PurposeCode


def _typed_for_this_one(draft: StatementDraft) -> list[tuple[str, str]]:
    """Every text that was typed for this very paper, with its field."""
    texts = [
        ("identity.legal_name", draft.identity.legal_name),
        *[("identity.also_known_as", name) for name in draft.identity.also_known_as],
        ("identity.case_number", draft.identity.case_number or ""),
        ("everything_justification", draft.everything_justification),
        ("purpose_text", draft.purpose_text),
        ("expiry.event", draft.expiry.event or ""),
        ("representative_name", draft.representative_name or ""),
        ("interpreter_name", draft.interpreter_name or ""),
    ]
    if draft.group is not None:
        texts.append(("group.name", draft.group.name))
    if draft.revocable is not None:
        texts.append(("revocable.event", draft.revocable.event or ""))
    if draft.mandate is not None:
        texts += [("mandate.body", draft.mandate.body), ("mandate.reference", draft.mandate.reference)]
    if draft.authority is not None:
        texts += [
            ("authority.issued_by", draft.authority.issued_by),
            ("authority.reference", draft.authority.reference),
        ]
    return texts


def _blanks(draft: StatementDraft) -> list[str]:
    """The fields with a placeholder; of organizations, which come again and again, it is remembered."""
    organizations = _texts_of_ours(draft.discloser)
    if draft.recipient is not None:
        organizations += _texts_of(draft.recipient)
    blank = [field for field, text in organizations if _organization_leaves_blank(text)]
    return placeholders_among(_typed_for_this_one(draft)) + blank


def _texts_of(recipient: Recipient) -> tuple[tuple[str, str], ...]:
    name = (("recipient.legal_name", recipient.legal_name), ("recipient.unit", recipient.unit))
    return name + tuple([("recipient.address", line) for line in recipient.address])


def _texts_of_ours(discloser: Discloser) -> tuple[tuple[str, str], ...]:
    return (
        ("discloser.legal_name", discloser.legal_name),
        ("discloser.unit", discloser.unit),
        *[("discloser.address", line) for line in discloser.address],
        ("discloser.phone", discloser.phone),
        ("discloser.revocation_desk", discloser.revocation_desk),
    )


def complete(draft: StatementDraft, today: dt.date) -> Iterator[Finding]:
    authority = "42 CFR 2.31(a)(1)-(5); 45 CFR 164.508(b)(2)(ii)"
    for field in _blanks(draft):
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
    organization: tuple[tuple[str, str], ...] = ()
    if draft.recipient is not None:
        organization = _texts_of(draft.recipient)
    if draft.group is not None:
        texts.append(("group.name", draft.group.name))
    if draft.revocable is not None:
        texts.append(("revocable.event", draft.revocable.event or ""))
    if draft.mandate is not None:
        organization += (("mandate.body", draft.mandate.body),)
        texts.append(("mandate.reference", draft.mandate.reference))
    if draft.authority is not None:
        organization += (("authority.issued_by", draft.authority.issued_by),)
        texts.append(("authority.reference", draft.authority.reference))
    for field, text in organization:
        if text and _organization_names_someone(text):
            yield block(
                FindingCode.V02,
                field,
                f"A person seems to be named here, and organizations outlast the people in them. {NO_PERSONS}",
                "advisory, paragraph 2",
            )
    for field, text in texts:
        if text and individuals_in(text):
            yield block(
                FindingCode.V02,
                field,
                "A person seems to be named here; say it by their work (the case manager, the court), or name the "
                "organization with its legal form (Inc., LLC).",
                "advisory, paragraph 2",
            )


@lru_cache(maxsize=8192)
def _organization_names_someone(text: str) -> bool:
    """Kept for names and addresses of organizations alone: they come again and again, and are no client's data."""
    return bool(individuals_in(text))


@lru_cache(maxsize=8192)
def _organization_leaves_blank(text: str) -> bool:
    """As `_organization_names_someone`, for placeholders."""
    return is_placeholder(text)
