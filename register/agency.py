"""The agency this site belongs to, and which law governs it.

Danger: a unit whose law nobody looked up discloses as if there were none. Invariant: the agency starts as UNKNOWN, and
the rules let an UNKNOWN unit disclose nothing but emergencies until somebody with the right to do so classifies it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import secrets
from typing import TYPE_CHECKING
from uuid import uuid4
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import transaction

from register import audit, configuration, facts, models, sealed, staff
from register.errors import RegisterError, RegisterErrorCode
from register.nobody import refuse_persons
from register.vocabulary import AuditVerb, StaffRole
from rules.draft import Discloser
from rules.vocabulary import ProgramClass
from rules.wording import Logo

if TYPE_CHECKING:
    from storage.vault import Vault

_SEARCH_KEY = "search-key"
_PNG = b"\x89PNG\r\n\x1a\n"
MAX_LOGO = 120_000
"""Bytes: it goes into every paper."""


def establish(
    vault: Vault,
    *,
    legal_name: str,
    unit: str,
    address: tuple[str, ...],
    phone: str,
    revocation_desk: str,
    time_zone: str,
    training: bool,
    by: facts.Actor,
    now: dt.datetime,
) -> facts.Agency:
    """Write down whose site this is; its class is UNKNOWN until `classify`.

    What an interrupted set-up wrote down is written over: as long as nobody is on the staff, nobody worked here.

    Raises:
        RegisterError: ALREADY_ESTABLISHED; NAME_NEEDED without a name or a desk for revocations; NAMES_A_PERSON (V02)
            in unit, address or desk; CONFIGURATION when the time zone is not an IANA name.
    """
    _require_words(legal_name, unit, address, revocation_desk, time_zone)
    told = {
        "legal_name": legal_name,
        "unit": unit,
        "address": list(address),
        "phone": phone,
        "revocation_desk": revocation_desk,
        "classes": [ProgramClass.UNKNOWN.value],
        "time_zone": time_zone,
        "training": training,
    }
    with transaction.atomic():
        begun = models.Agency.objects.first()
        if begun is not None and staff.anybody():
            raise RegisterError(
                RegisterErrorCode.ALREADY_ESTABLISHED,
                "This site belongs to an agency already.",
                "Another agency needs a site of its own.",
            )
        agency_id = begun.id if begun is not None else uuid4()
        if begun is not None:
            models.Agency.objects.filter(id=agency_id).update(**told)
        else:
            key = sealed.seal(vault, agency_id, _SEARCH_KEY, secrets.token_bytes(32))
            models.Agency.objects.create(id=agency_id, sealed_search_key=key, **told)
        audit.append(by, AuditVerb.AGENCY_ESTABLISHED, "agency", agency_id, {"training": training}, now=now)
    return current()


def judge(
    *,
    legal_name: str,
    unit: str,
    address: tuple[str, ...],
    revocation_desk: str,
    time_zone: str,
    classes: frozenset[ProgramClass],
) -> None:
    """Refuse what `establish` and `classify` would refuse, before anything is made for it; reads nothing.

    Raises:
        RegisterError: NAME_NEEDED, NAMES_A_PERSON, CONFIGURATION.
    """
    _require_words(legal_name, unit, address, revocation_desk, time_zone)
    _require_classes(classes)


def classify(classes: frozenset[ProgramClass], *, by: facts.Actor, now: dt.datetime) -> facts.Agency:
    """Say which law governs the unit's records (domain notes, section 0).

    During set-up, before anybody is registered, the set-up itself may; afterwards counsel or an administrator.

    Raises:
        RegisterError: NOT_ALLOWED; CONFIGURATION when no class is given, or UNKNOWN beside another.
    """
    staff.require_or_setup(by, StaffRole.COUNSEL, StaffRole.ADMINISTRATOR)
    _require_classes(classes)
    values = sorted(one.value for one in classes)
    with transaction.atomic():
        if models.Agency.objects.update(classes=values) != 1:
            raise _not_established()
        agency = _row()
        audit.append(by, AuditVerb.AGENCY_CLASSIFIED, "agency", agency.id, {"classes": tuple(values)}, now=now)
    return _fact(agency)


def set_logo(png: bytes, *, by: facts.Actor, now: dt.datetime) -> None:
    """Print this picture in the letterhead of every paper from now on; b"" prints none.

    `png`: a clean PNG (`templates.logo.clean_logo`); what is on file is replaced.

    Raises:
        RegisterError: NOT_ALLOWED; CONFIGURATION when it is no PNG or larger than `MAX_LOGO`.
    """
    staff.require_or_setup(by, StaffRole.ADMINISTRATOR)
    if png and not (png.startswith(_PNG) and len(png) <= MAX_LOGO):
        raise RegisterError(
            RegisterErrorCode.CONFIGURATION, "That is no small PNG.", "Give the file to: confide agency logo"
        )
    with transaction.atomic():
        agency = _row()
        models.Agency.objects.filter(id=agency.id).update(logo=png)
        digest = hashlib.sha256(png).hexdigest() if png else ""
        audit.append(by, AuditVerb.AGENCY_LOGO_SET, "agency", agency.id, {"sha256": digest}, now=now)


def logo() -> Logo | None:
    """The picture for the letterhead, and its words in every language of the forms; None when there is none."""
    row = _row()
    return Logo(bytes(row.logo), f"Logo: {row.legal_name}") if row.logo else None


def put_notice_into_effect(
    *, phone: str, email: str, effective_on: dt.date, by: facts.Actor, now: dt.datetime
) -> facts.Agency:
    """Say from when the patient notice is in effect and whom it sends people to (42 CFR 2.22(b)(1)(vii), (viii)).

    Raises:
        RegisterError: NOT_ALLOWED unless counsel or administrator; CONFIGURATION without telephone or email, or with a
            day before today: a notice may not be in effect before it was published.
    """
    person = staff.require(by, StaffRole.COUNSEL, StaffRole.ADMINISTRATOR)
    if not phone.strip() or "@" not in email:
        raise RegisterError(
            RegisterErrorCode.CONFIGURATION,
            "The notice must give a telephone number and an email address (42 CFR 2.22(b)(1)(vii)).",
            "Give those of the office that answers questions about privacy.",
        )
    if effective_on < today(now):
        raise RegisterError(
            RegisterErrorCode.CONFIGURATION,
            "A notice is not in effect before the day it is published (42 CFR 2.22(b)(1)(viii)).",
            "Give today or a later day.",
        )
    with transaction.atomic():
        models.Agency.objects.update(phone=phone.strip(), email=email.strip(), notice_effective_on=effective_on)
        details = {"effective_on": effective_on.isoformat()}
        audit.append(person, AuditVerb.AGENCY_NOTICE_IN_EFFECT, "agency", _row().id, details, now=now)
    return current()


def current() -> facts.Agency:
    """The agency of this site.

    Raises:
        RegisterError: NOT_READY before `establish`.
    """
    return _fact(_row())


def established() -> bool:
    """True once the site belongs to an agency."""
    return models.Agency.objects.exists()


def discloser() -> Discloser:
    """The agency as a statement names it."""
    agency = current()
    return Discloser(
        legal_name=agency.legal_name,
        unit=agency.unit,
        address=agency.address,
        phone=agency.phone,
        revocation_desk=agency.revocation_desk,
        classes=agency.classes,
        jurisdiction=configuration.jurisdiction(os.environ),
        email=agency.email,
        notice_effective_on=agency.notice_effective_on,
    )


def today(now: dt.datetime) -> dt.date:
    """The agency's calendar day at this instant: the day a person there would write beside a signature."""
    return now.astimezone(zone()).date()


def zone() -> ZoneInfo:
    """The time zone whose calendar days count here."""
    return ZoneInfo(_row().time_zone)


def search_key(vault: Vault) -> bytes:
    """The 32 bytes that names and birth dates are hashed with; never leaves this room."""
    agency = _row()
    return sealed.open_sealed(vault, agency.id, _SEARCH_KEY, agency.sealed_search_key)


def _row() -> models.Agency:
    agency = models.Agency.objects.first()
    if agency is None:
        raise _not_established()
    return agency


def _not_established() -> RegisterError:
    return RegisterError(RegisterErrorCode.NOT_READY, "This site belongs to no agency yet.", "Run: confide init")


def _require_words(legal_name: str, unit: str, address: tuple[str, ...], revocation_desk: str, time_zone: str) -> None:
    if not legal_name.strip() or not revocation_desk.strip():
        raise RegisterError(
            RegisterErrorCode.NAME_NEEDED,
            "The agency needs its legal name and a desk where revocations are brought.",
            "Give both.",
        )
    # not the legal name: it may be somebody's, and is what it is
    refuse_persons(unit, *address, revocation_desk)
    _require_time_zone(time_zone)


def _require_classes(classes: frozenset[ProgramClass]) -> None:
    if not classes or (ProgramClass.UNKNOWN in classes and len(classes) > 1):
        raise RegisterError(
            RegisterErrorCode.CONFIGURATION,
            "A unit has one class or several; UNKNOWN stands alone.",
            "Choose the classes that counsel named, or UNKNOWN.",
        )


def _require_time_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        known = False
    else:
        known = True
    if not known:
        raise RegisterError(
            RegisterErrorCode.CONFIGURATION,
            "That is not the name of a time zone.",
            "Give an IANA name, such as America/New_York.",
        )


def _fact(row: models.Agency) -> facts.Agency:
    return facts.Agency(
        agency_id=row.id,
        legal_name=row.legal_name,
        unit=row.unit,
        address=tuple(row.address),
        phone=row.phone,
        revocation_desk=row.revocation_desk,
        classes=frozenset(ProgramClass(one) for one in row.classes),
        time_zone=row.time_zone,
        email=row.email,
        notice_effective_on=row.notice_effective_on,
        training=row.training,
    )
