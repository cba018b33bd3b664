"""What a form may say about a draft: the one dictionary of fields every Word template draws from, in its language.

Danger: a template that reads a raw value prints "None", an enum's code, or a date in the wrong language on a paper a
person signs. Invariant: `fields_of` gives plain text, lists, dictionaries and booleans only, never None, with the same
keys for every draft; labels come from the tables, dates from CLDR (Babel), long form.
"""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from rules.draft import Mandate, Revocable, StatementDraft, counts_as_part2, under_part2
from rules.notices import redisclosure_paragraphs, state_notice_for
from rules.signers import both_sign, signer_name
from rules.tables import table
from rules.vocabulary import (
    TPO_KINDS,
    TPO_PURPOSES,
    Family,
    Language,
    ProgramClass,
    PurposeCode,
    SignerRole,
)


class Words(StrEnum):
    """The tables that hold labels."""

    CATEGORIES = "categories"
    PURPOSES = "purposes"
    MANDATES = "mandates"
    CAPACITIES = "capacities"
    WORDS = "words"
    CLAUSES = "clauses"


@dataclass(frozen=True, slots=True)
class Logo:
    """The organization's own sign, as it is printed in the letterhead; no part of what is judged."""

    png: bytes
    words: str
    """What it shows, for those who cannot see it."""


@cache
def label(words: Words, code: str, language: Language) -> str:
    """The label of `code` in `language`. Raises `KeyError` for a code the table does not have."""
    return " ".join(str(table(words.value)["entries"][str(code)][language.value]).split())


def printed_logo(logo: Logo | None) -> Mapping[str, str]:
    """The letterhead's picture as every paper's form takes it; empty where there is none."""
    return {"png": base64.b64encode(logo.png).decode(), "words": logo.words} if logo else {"png": "", "words": ""}


def date_text(day: dt.date | None, language: Language) -> str:
    """Long form of a calendar date ("March 3, 2027", "3 de marzo de 2027"); "" for None."""
    if day is None:
        return ""
    from babel.dates import format_date

    return format_date(day, format="long", locale=language.value)


def end_text(day: dt.date | None, event: str | None, language: Language) -> str:
    """A date, an event, or both ("whichever comes first"); "" when neither is stated."""
    happening = (event or "").strip()
    if day is None:
        return happening
    if not happening:
        return date_text(day, language)
    return label(Words.WORDS, "date_or_event", language).format(date=date_text(day, language), event=happening)


def period_text(start: dt.date | None, end: dt.date | None, language: Language) -> str:
    """The period the shared records are from; "" when open at both ends."""
    if start is None and end is None:
        return ""
    code = "records_between" if start and end else "records_since" if start else "records_until"
    return label(Words.WORDS, code, language).format(start=date_text(start, language), end=date_text(end, language))


def for_tpo(draft: StatementDraft) -> bool:
    """True when the form is, or any purpose is, for treatment, payment or health care operations."""
    return draft.family is Family.TPO or not TPO_PURPOSES.isdisjoint(draft.purposes)


def needs_tpo_clauses(draft: StatementDraft) -> bool:
    """True when the statements of 2.31(a)(4)(iii) and (a)(10) must be printed.

    Part 2 records to a recipient that can be a covered entity, for treatment, payment or operations; never to
    criminal justice (V07).
    """
    return under_part2(draft) and for_tpo(draft) and draft.recipient is not None and draft.recipient.kind in TPO_KINDS


def fields_of(
    draft: StatementDraft, *, statement_ref: str, prepared_on: dt.date, logo: Logo | None = None
) -> dict[str, Any]:
    """Everything a form may print about `draft`.

    `statement_ref` is the short opaque id ("K7QF-2M9D-XR4T"); `prepared_on` the day it was prepared (the
    organization's calendar); `logo` that of the discloser.
    """
    language = draft.language
    return {
        "statement": {"ref": statement_ref, "prepared_on": date_text(prepared_on, language)},
        "form": {"id": draft.form_id, "version": draft.form_version},
        "agency": _agency(draft, logo),
        "client": _client(draft),
        "organization": _organization(draft),
        "categories": [{"label": label(Words.CATEGORIES, code, language)} for code in draft.categories],
        "records_period": period_text(draft.records_from, draft.records_to, language),
        "everything_justification": draft.everything_justification.strip(),
        "purposes": [{"label": label(Words.PURPOSES, code, language)} for code in _purposes(draft)],
        "purpose_text": draft.purpose_text.strip(),
        "effective_from": date_text(draft.effective_from, language),
        "expires": _expires(draft),
        "revocable_from": _revocable_from(draft),
        "mandate": _mandate(draft.mandate, language),
        # nobody knows yet counts as Part 2: the paragraph protects, and a client who was not told cannot ask
        "part2": counts_as_part2(draft.discloser.classes),
        "hipaa": not draft.discloser.classes.isdisjoint(
            {ProgramClass.HIPAA_COVERED_ENTITY, ProgramClass.HIPAA_BUSINESS_ASSOCIATE}
        ),
        "tpo_recipient": needs_tpo_clauses(draft),
        "signer": {
            "capacity": draft.capacity.value,
            "capacity_label": _capacity(draft),
            "name": signer_name(draft, SignerRole.REPRESENTATIVE),
            "both": both_sign(draft),
        },
        "interpreter": {"name": draft.interpreter_name or ""},
        "exchange": draft.exchange,
        "single_use": draft.single_use,
        "about": _about(draft),
        "group": _group(draft),
        "access_code": draft.access_code,
        **_notices(draft),
    }


def _notices(draft: StatementDraft) -> Mapping[str, Any]:
    """What the page that goes with a disclosure tells the receiving organization, as far as it belongs to it."""
    accompanies = draft.family is Family.ACCOMPANYING_NOTICE
    state = state_notice_for(draft.categories, draft.discloser.jurisdiction) if accompanies else None
    return {
        "notice": list(redisclosure_paragraphs()) if accompanies and under_part2(draft) else [],
        "state_notice": state.text if state is not None else "",
    }


def _agency(draft: StatementDraft, logo: Logo | None) -> Mapping[str, Any]:
    agency = draft.discloser
    return {
        "name": agency.legal_name,
        "unit": agency.unit,
        "address": list(agency.address),
        "phone": agency.phone,
        "logo": printed_logo(logo),
        "revocation_desk": agency.revocation_desk,
        "email": agency.email,
        "notice_effective_on": date_text(agency.notice_effective_on, draft.language),
    }


def _client(draft: StatementDraft) -> Mapping[str, str]:
    client = draft.identity
    return {
        "name": client.legal_name,
        "also_known_as": ", ".join(client.also_known_as),
        "birth_date": date_text(client.birth_date, draft.language),
        "number": client.case_number or "",
    }


def _organization(draft: StatementDraft) -> Mapping[str, Any]:
    if draft.recipient is None:
        return {"name": "", "unit": "", "address": [], "function": ""}
    function = ""
    supervises = draft.family is Family.ACCOMPANYING_NOTICE and draft.mandate is not None
    if draft.family.limited or supervises:
        function = label(Words.WORDS, "function_criminal_justice", draft.language)
    return {
        "name": draft.recipient.legal_name,
        "unit": draft.recipient.unit,
        "address": list(draft.recipient.address),
        "function": function,
    }


def _about(draft: StatementDraft) -> Mapping[str, Any]:
    """The paper that a revocation names: its id, day, what it allowed, and since when that may be taken back."""
    revoked = draft.revoked
    if revoked is None:
        return {"ref": draft.about, "signed_on": "", "allowed": "", "limited": False, "revocable_from": ""}
    allowed = "allowed_sharing" if revoked.family.discloses else "allowed_screen"
    terms = revoked.revocable or Revocable()
    return {
        "ref": draft.about,
        "signed_on": date_text(revoked.signed_on, draft.language),
        "allowed": label(Words.WORDS, allowed, draft.language),
        "limited": revoked.family.limited,
        "revocable_from": end_text(terms.from_date, terms.event, draft.language),
    }


def _group(draft: StatementDraft) -> Mapping[str, Any]:
    group = draft.group
    if group is None:
        return {"kind": "", "name": "", "keeps_private": False}
    return {
        "kind": label(Words.WORDS, f"sessions_{group.kind}", draft.language),
        "name": group.name.strip(),
        "keeps_private": group.keeps_private,
    }


def _capacity(draft: StatementDraft) -> str:
    """In what right the signer signs and, for a representative, the paper that shows it (164.508(c)(1)(vi))."""
    right, seen = label(Words.CAPACITIES, draft.capacity, draft.language), draft.authority
    if seen is None:
        return right
    paper = table("capacities")["papers"][seen.paper.value][draft.language.value]
    return f"{right}; {paper}: {seen.issued_by}, {seen.reference}"


def _purposes(draft: StatementDraft) -> tuple[PurposeCode, ...]:
    """The purposes to print: "at my own request" stands in only when the client starts it and gives no other."""
    if not draft.purposes and draft.initiated_by_client and not draft.purpose_text.strip():
        return (PurposeCode.CLIENT_REQUEST,)
    return draft.purposes


def _expires(draft: StatementDraft) -> str:
    if not draft.expiry.stated and draft.family.discloses:
        return label(Words.WORDS, "no_end", draft.language)
    return end_text(draft.expiry.date, draft.expiry.event, draft.language)


def _revocable_from(draft: StatementDraft) -> str:
    if not draft.family.limited or draft.revocable is None:
        return ""
    return end_text(draft.revocable.from_date, draft.revocable.event, draft.language)


def _mandate(mandate: Mandate | None, language: Language) -> Mapping[str, str]:
    if mandate is None:
        return {"kind": "", "body": "", "reference": "", "ordered_on": "", "final_disposition": ""}
    return {
        "kind": label(Words.MANDATES, mandate.kind, language),
        "body": mandate.body,
        "reference": mandate.reference,
        "ordered_on": date_text(mandate.ordered_on, language),
        "final_disposition": date_text(mandate.final_disposition_expected, language),
    }
