"""Fictional clients to look at a form with: short, usual and long data, through the rules' own dictionary of fields.

Danger: a form that looks right with four short words breaks with a real person's names. Invariant: every sample is a
draft that goes through `rules.wording.fields_of`, so what is looked at is what will be printed. Nobody here exists.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum
from itertools import islice
from typing import Any, Final
from uuid import UUID

from rules.draft import (
    Authority,
    Discloser,
    Expiry,
    GroupTerms,
    Identity,
    Mandate,
    Recipient,
    Revocable,
    Revoked,
    StatementDraft,
)
from rules.families import own_form_categories, requirements
from rules.vocabulary import (
    AuthorityPaper,
    Family,
    GroupKind,
    InformationCategory,
    Language,
    MandateKind,
    MinorBasis,
    OrganizationKind,
    ProgramClass,
    PurposeCode,
    SignerCapacity,
    StatementState,
)
from rules.wording import fields_of
from templates.form import Form

PREPARED_ON: Final = dt.date(2026, 11, 22)
REFERENCE: Final = "K7QF-2M9D-XR4T"


class Size(StrEnum):
    """How much there is to print."""

    SHORT = "short"
    USUAL = "usual"
    LONG = "long"


_EVENT: Final = {
    Language.EN: "when my lease at the supported housing program is signed or my application is finally denied",
    Language.ES: "cuando se firme mi contrato de vivienda con apoyo o se niegue en definitiva mi solicitud",
}
_PURPOSE: Final = {
    Language.EN: (
        "I am applying for a two-bedroom apartment for myself and my daughter under the supported housing program. The "
        "program needs to know that I take part in services, what I earn, and what support will go on after I move in, "
        "so that it can place us near her school and the clinic where she gets care."
    ),
    Language.ES: (
        "Solicito un departamento de dos habitaciones para mí y mi hija dentro del programa de vivienda con apoyo. El "
        "programa necesita saber que participo en los servicios, cuánto gano y qué apoyo seguirá tras la mudanza, "
        "para ubicarnos cerca de su escuela y de la clínica donde la atienden."
    ),
}
_GROUP: Final = {Language.EN: "Tuesday evening group", Language.ES: "Grupo del martes por la tarde"}
NAMED: Final = "9DXK-22AB-7QRT"
"""Short id of the statement that the sample of a revocation names."""
_JUSTIFICATION: Final = {
    Language.EN: "The placement committee reviews the whole history of services.",
    Language.ES: "El comité de asignación revisa toda la historia de servicios.",
}
_PROCEEDING: Final = {
    Language.EN: "The hearing on my housing case, Rochester City Court, number CV-2026-01187",
    Language.ES: "La audiencia de mi caso de vivienda, Rochester City Court, número CV-2026-01187",
}
_AGENCY: Final = Discloser(
    legal_name="Genesee Reentry House",
    unit="Housing and Family Services",
    address=("410 Clinton Avenue North", "Rochester, NY 14605"),
    phone="(585) 555-0142",
    revocation_desk="Front desk, 410 Clinton Avenue North, Rochester, NY 14605",
    classes=frozenset({ProgramClass.ETHICS_ONLY}),
)
_HOUSING: Final = Recipient(
    organization_id=UUID(int=1),
    legal_name="Monroe County Housing Authority",
    address=("675 West Main Street", "Rochester, NY 14611"),
    kind=OrganizationKind.HOUSING,
)
_SUPERVISION: Final = Recipient(
    organization_id=UUID(int=2),
    legal_name="New York State Department of Corrections and Community Supervision",
    unit="Rochester Regional Office",
    address=("350 South Avenue", "Rochester, NY 14620"),
    kind=OrganizationKind.PAROLE,
)
_MANDATE: Final = Mandate(
    kind=MandateKind.PAROLE_CONDITION,
    body="New York State Board of Parole",
    reference="24-B-1187",
    ordered_on=dt.date(2026, 10, 15),
    final_disposition_expected=dt.date(2027, 6, 30),
    this_program=True,
)


_OWN: Final = {
    Family.TPO: ("Highland Family Health Center", OrganizationKind.TREATMENT, (PurposeCode.TREATMENT,)),
    Family.PAYER: ("Finger Lakes Health Plan", OrganizationKind.PAYER, (PurposeCode.PAYMENT,)),
    Family.LEGAL_PROCEEDING: (
        "Rochester Tenant Defense Project",
        OrganizationKind.DEFENDER,
        (PurposeCode.LEGAL_PROCEEDING,),
    ),
    Family.CONSULTATION: ("Genesee School of Social Work", OrganizationKind.SCHOOL, (PurposeCode.TEACHING,)),
    Family.HIV: ("Highland Family Health Center", OrganizationKind.TREATMENT, (PurposeCode.REFERRAL,)),
    Family.COUNSELING_NOTES: ("Highland Family Health Center", OrganizationKind.TREATMENT, (PurposeCode.REFERRAL,)),
    Family.RECORDS_TRANSFER: (
        "Highland Family Health Center",
        OrganizationKind.TREATMENT,
        (PurposeCode.RECORDS_TRANSFER,),
    ),
}
"""Who receives and why, for the families with purposes or information of their own."""


def sample(form: Form, language: Language, size: Size) -> dict[str, Any]:
    """The fields of a fictional client, for one form: see `sample_draft`."""
    return fields_of(sample_draft(form, language, size), statement_ref=REFERENCE, prepared_on=PREPARED_ON)


def sample_draft(form: Form, language: Language, size: Size) -> StatementDraft:
    """What a fictional client is asked to sign.

    The long one switches every conditional clause of the form's family on.
    """
    draft = _usual(form, language)
    if size is Size.SHORT:
        return _short(draft)
    return _long(draft) if size is Size.LONG else draft


def of_two(draft: StatementDraft) -> StatementDraft:
    """The same paper of a client who is a minor, signed by a parent beside them (42 CFR 2.14(c)).

    Where much is printed, a guardian by a court's order; the unit is a program under Part 2.
    """
    much = draft.capacity is SignerCapacity.GUARDIAN
    seen = Authority(
        paper=AuthorityPaper.COURT_ORDER if much else AuthorityPaper.BIRTH_RECORD,
        issued_by="Monroe County Family Court" if much else "City of Rochester",
        reference="G-2024-00417-B" if much else "2010-00417",
        seen_on=PREPARED_ON,
    )
    kept = draft.discloser.classes - {ProgramClass.ETHICS_ONLY}
    return replace(
        draft,
        identity=replace(draft.identity, birth_date=dt.date(2010, 3, 4)),
        discloser=replace(draft.discloser, classes=kept | {ProgramClass.PART2_PROGRAM}),
        capacity=SignerCapacity.GUARDIAN if much else SignerCapacity.PARENT,
        representative_name=draft.representative_name or "Ana Vega-Ortiz",
        authority=seen,
        minor_basis=MinorBasis.PARENT_MUST_JOIN,
    )


def _usual(form: Form, language: Language) -> StatementDraft:
    draft = StatementDraft(
        family=form.family,
        language=language,
        form_id=form.id,
        form_version=form.version,
        identity=Identity(legal_name="Marisol Vega-Ortiz", birth_date=dt.date(1988, 3, 4), case_number="2026-0417"),
        discloser=_AGENCY,
        effective_from=PREPARED_ON,
        single_use=form.single_use,
    )
    if not form.family.discloses and form.family is not Family.ACCOMPANYING_NOTICE:
        return _paper(draft)
    draft = replace(
        draft,
        recipient=_HOUSING,
        categories=(InformationCategory.ATTENDANCE, InformationCategory.INCOME, InformationCategory.HOUSING),
        records_from=dt.date(2026, 6, 1),
        records_to=PREPARED_ON,
        purposes=(PurposeCode.HOUSING_PLACEMENT,),
        expiry=Expiry(dt.date(2027, 11, 22)),
    )
    if form.family in _OWN:
        return _of_its_own(draft)
    if form.family is Family.ACCOMPANYING_NOTICE:
        return replace(draft, discloser=replace(_AGENCY, classes=frozenset({ProgramClass.PART2_PROGRAM})))
    if not form.family.limited:
        return draft
    under_hipaa = {ProgramClass.HIPAA_COVERED_ENTITY} if form.family is Family.CRIMINAL_JUSTICE_COVERED else set()
    return replace(
        draft,
        discloser=replace(_AGENCY, classes=frozenset({ProgramClass.PART2_PROGRAM, *under_hipaa})),
        recipient=_SUPERVISION,
        categories=(
            InformationCategory.ATTENDANCE,
            InformationCategory.SUBSTANCE_USE_TREATMENT,
            InformationCategory.DRUG_TEST_RESULTS,
        ),
        purposes=(PurposeCode.SUPERVISION,),
        expiry=Expiry(dt.date(2027, 6, 30)),
        revocable=Revocable(dt.date(2027, 6, 1)),
        mandate=_MANDATE,
    )


def _paper(draft: StatementDraft) -> StatementDraft:
    """One that shares nothing, with what its family is about."""
    match draft.family:
        case Family.REVOCATION:
            named = Revoked(
                family=Family.SPECIFIC,
                state=StatementState.ACTIVE,
                signed_on=dt.date(2026, 10, 2),
                organization_id=_HOUSING.organization_id,
            )
            return replace(draft, about=NAMED, recipient=_HOUSING, revoked=named)
        case Family.GROUP_AGREEMENT:
            terms = GroupTerms(kind=GroupKind.GROUP, keeps_private=True, name=_GROUP[draft.language])
            return replace(draft, group=terms)
        case Family.ELECTRONIC_RECORDS:
            return replace(draft, access_code="4071")
        case Family.PATIENT_NOTICE:
            program = replace(
                draft.discloser,
                classes=frozenset({ProgramClass.PART2_PROGRAM}),
                email="privacy@geneseereentry.example",
                notice_effective_on=dt.date(2026, 11, 2),
            )
            return replace(draft, discloser=program)
        case _:
            return draft


def _of_its_own(draft: StatementDraft) -> StatementDraft:
    """A family that is for its own purposes, information or organizations only (rules.families)."""
    name, kind, purposes = _OWN[draft.family]
    needed = requirements(draft.family)
    categories = tuple(needed.only_categories) or (InformationCategory.ATTENDANCE, InformationCategory.SERVICE_PLAN)
    return replace(
        draft,
        recipient=Recipient(
            organization_id=UUID(int=3),
            legal_name=name,
            address=("88 Elmwood Avenue", "Rochester, NY 14620"),
            kind=kind,
        ),
        categories=categories,
        purposes=purposes,
        purpose_text=_PROCEEDING[draft.language] if "purpose_text" in needed.needs else "",
    )


def _short(draft: StatementDraft) -> StatementDraft:
    agency = replace(draft.discloser, unit="")
    if draft.family is not Family.PATIENT_NOTICE:  # which must give a number to call
        agency = replace(agency, phone="")
    short = replace(
        draft,
        identity=Identity(legal_name="Bo Li", birth_date=dt.date(1990, 5, 1)),
        discloser=agency,
        categories=draft.categories[:1],
        records_from=None,
        records_to=None,
    )
    if short.group:
        short = replace(short, group=replace(short.group, name="", keeps_private=False))
    if short.family is Family.REVOCATION and short.revoked:
        screen = replace(short.revoked, family=Family.ELECTRONIC_RECORDS, organization_id=None)
        short = replace(short, recipient=None, revoked=screen)
    if short.recipient:
        short = replace(short, recipient=replace(short.recipient, unit="", address=()))
    if short.mandate:
        short = replace(short, mandate=replace(short.mandate, reference="", final_disposition_expected=None))
    return short


def _long(draft: StatementDraft) -> StatementDraft:
    classes = {ProgramClass.PART2_PROGRAM}
    if draft.family is not Family.CRIMINAL_JUSTICE:
        classes.add(ProgramClass.HIPAA_COVERED_ENTITY)
    long = replace(
        draft,
        identity=Identity(
            legal_name="María Guadalupe de los Ángeles Fernández-Montgomery",
            birth_date=dt.date(1979, 9, 28),
            also_known_as=("Lupe Fernández", "Maria Montgomery"),
            case_number="2026-RH-000417-B",
        ),
        discloser=replace(
            draft.discloser,
            legal_name="Saint Brigid Fellowship for Reentry and Family Support",
            unit="Northside House Transitional Living Program",
            address=("Third Floor, Suite 310", "121 North Fitzhugh Street", "Rochester, NY 14614-1234"),
            revocation_desk="Records Desk, Third Floor, 121 North Fitzhugh Street, Rochester, NY 14614-1234",
            classes=frozenset(classes),
        ),
        capacity=SignerCapacity.GUARDIAN,
        representative_name="Esperanza Montgomery-Whitfield",
        interpreter_name="Anneliese Papadopoulos",
    )
    if long.recipient is None:
        return long
    if long.revoked is not None:
        early = Revocable(dt.date(2027, 6, 1), _EVENT[long.language])
        limited = replace(
            long.revoked,
            family=Family.CRIMINAL_JUSTICE,
            organization_id=_SUPERVISION.organization_id,
            revocable=early,
        )
        return replace(long, recipient=_SUPERVISION, revoked=limited)
    recipient = replace(
        long.recipient,
        legal_name="Monroe County Department of Human Services",
        unit="Division of Housing and Homeless Services, Eastside Office",
        address=("Fourth Floor", "691 Saint Paul Street", "Rochester, NY 14605-1798"),
    )
    needed = requirements(draft.family)
    purposes = long.purposes
    if draft.family is Family.SPECIFIC:
        recipient = replace(recipient, kind=OrganizationKind.TREATMENT)
        purposes = (*purposes, PurposeCode.SERVICE_COORDINATION, PurposeCode.TREATMENT)
    elif draft.family.limited:
        purposes = (*purposes, PurposeCode.SERVICE_COORDINATION)
    elif needed.clauses_tpo and not needed.only_purposes:
        purposes = (*purposes, PurposeCode.TREATMENT)
    elif needed.only_purposes and draft.family is not Family.LEGAL_PROCEEDING:
        purposes = tuple(purpose for purpose in PurposeCode if purpose in needed.only_purposes)
    more: Iterable[InformationCategory] = (
        one for one in InformationCategory if one not in {*long.categories, *own_form_categories()}
    )
    alone = bool(needed.only_categories)
    if draft.family is Family.ACCOMPANYING_NOTICE:
        more = (InformationCategory.HIV_INFORMATION, *more)
    return replace(
        long,
        recipient=recipient,
        categories=long.categories if alone else (*long.categories, *islice(more, 12 - len(long.categories))),
        everything_justification="" if alone else _JUSTIFICATION[long.language],
        purposes=purposes,
        purpose_text=" ".join(filter(None, (long.purpose_text, _PURPOSE[long.language]))),
        exchange=needed.may_exchange,
        single_use=draft.family is not Family.TPO,
        expiry=Expiry(dt.date(2027, 11, 22), _EVENT[long.language]),
    )
