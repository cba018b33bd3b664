"""Receiving organizations and what became of them.

Statements name organizations and never persons, because organizational ties endure; and when an organization does end,
whoever took over its work is written down here. Danger: a statement on an organization that is no more authorizes
nobody, and one that names an officer dies with the next transfer. Invariants: a name that holds a person is refused
(V02); a retired organization is refused with its successor named (V03); nothing signed is ever re-addressed.
"""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from django.db import transaction

from register import agency, audit, facts, models, staff
from register.change import compare_and_set, the
from register.errors import RegisterError, RegisterErrorCode
from register.nobody import refuse_persons
from register.vocabulary import AuditVerb, StaffRole
from rules.draft import Recipient
from rules.vocabulary import OrganizationKind

KEEPERS = (StaffRole.INTAKE, StaffRole.RECORDS_OFFICER, StaffRole.ADMINISTRATOR)
"""Who may add and retire organizations."""

DIVISION_OF_PAROLE = "New York State Division of Parole"
DOCCS = "New York State Department of Corrections and Community Supervision"
_MERGED_ON = dt.date(2011, 4, 1)
"""The Division of Parole ended that day; its work went on in DOCCS (domain notes, head)."""


def add(
    *,
    legal_name: str,
    kind: OrganizationKind,
    unit: str = "",
    address: tuple[str, ...] = (),
    predecessors: tuple[str, ...] = (),
    by: facts.Actor,
    now: dt.datetime,
) -> facts.Organization:
    """Register a receiving organization.

    Raises:
        RegisterError: NOT_ALLOWED; NAME_NEEDED; NAMES_A_PERSON (V02); ORGANIZATION_EXISTS with the same name and unit.
    """
    staff.require_or_setup(by, *KEEPERS)
    legal_name, unit = " ".join(legal_name.split()), " ".join(unit.split())
    if not legal_name:
        raise RegisterError(RegisterErrorCode.NAME_NEEDED, "The organization needs its legal name.", "Give it.")
    refuse_persons(legal_name, unit, *address, *predecessors)
    with transaction.atomic():
        if models.Organization.objects.filter(legal_name=legal_name, unit=unit).exists():
            raise RegisterError(
                RegisterErrorCode.ORGANIZATION_EXISTS,
                f"{legal_name} is registered already.",
                "Use the one that is there, or name its unit.",
            )
        row = models.Organization.objects.create(
            legal_name=legal_name,
            unit=unit,
            address=list(address),
            kind=kind.value,
            predecessors=list(predecessors),
            added_at=now,
        )
        audit.append(by, AuditVerb.ORGANIZATION_ADDED, "organization", row.id, {"kind": kind.value}, now=now)
    return _fact(row)


def retire(
    organization_id: UUID,
    *,
    successor_id: UUID | None,
    retired_on: dt.date | None = None,
    by: facts.Actor,
    now: dt.datetime,
) -> facts.Organization:
    """Write down that an organization is no more, and who took over its work. Signed statements stay as they are.

    Args:
        retired_on: the day it ended; the day of `now` (UTC) unless told.

    Raises:
        RegisterError: NOT_ALLOWED; UNKNOWN_ID; SUCCESSOR when the successor is itself, or leads back to it;
            ORGANIZATION_RETIRED when it was retired before.
    """
    staff.require_or_setup(by, *KEEPERS)
    with transaction.atomic():
        row = the(models.Organization.objects.all(), "organization", organization_id)
        successor = the(models.Organization.objects.all(), "organization", successor_id) if successor_id else None
        if successor is not None:
            if row.id in [one.id for one in _line(successor)]:
                raise RegisterError(
                    RegisterErrorCode.SUCCESSOR,
                    "An organization cannot come after itself.",
                    "Name the organization that took over its work.",
                )
            _inherit(row, successor)
        compare_and_set(
            models.Organization.objects.filter(pk=row.id, retired_on=None),
            _retired(row),
            retired_on=retired_on or agency.today(now),
            successor=successor,
        )
        details = {"successor": str(successor_id) if successor_id else None}
        audit.append(by, AuditVerb.ORGANIZATION_RETIRED, "organization", row.id, details, now=now)
    return show(organization_id)


def show(organization_id: UUID) -> facts.Organization:
    """The organization with this id.

    Raises:
        RegisterError: UNKNOWN_ID.
    """
    return _fact(the(models.Organization.objects.all(), "organization", organization_id))


def require_standing(organization_id: UUID) -> facts.Organization:
    """The organization with this id, which is not retired.

    Raises:
        RegisterError: UNKNOWN_ID; ORGANIZATION_RETIRED.
    """
    row = the(models.Organization.objects.all(), "organization", organization_id)
    if row.retired_on is not None:
        raise _retired(row)
    return _fact(row)


def listing(*, including_retired: bool = False) -> tuple[facts.Organization, ...]:
    """All organizations, by name."""
    rows = models.Organization.objects.order_by("legal_name", "unit")
    return tuple(_fact(row) for row in (rows if including_retired else rows.filter(retired_on=None)))


def resolve(organization_id: UUID) -> facts.Organization:
    """The organization that does this one's work today: itself, or the last of its line of successors.

    Raises:
        RegisterError: UNKNOWN_ID; ORGANIZATION_RETIRED when the line ends with one that is retired.
    """
    last = _line(the(models.Organization.objects.all(), "organization", organization_id))[-1]
    if last.retired_on is not None:
        raise _retired(last)
    return _fact(last)


def successors(organization_id: UUID) -> tuple[UUID, ...]:
    """Who took over its work, one after the other; empty while it stands or where nobody did.

    Raises:
        RegisterError: UNKNOWN_ID.
    """
    return tuple(row.id for row in _line(the(models.Organization.objects.all(), "organization", organization_id))[1:])


def recipient(organization_id: UUID) -> Recipient:
    """The organization as a statement names it; a retired one says who took over, for the rules to refuse (V03).

    Raises:
        RegisterError: UNKNOWN_ID.
    """
    row = the(models.Organization.objects.all(), "organization", organization_id)
    last = _line(row)[-1]
    return Recipient(
        organization_id=row.id,
        legal_name=row.legal_name,
        unit=row.unit,
        address=tuple(row.address),
        kind=OrganizationKind(row.kind),
        retired=row.retired_on is not None,
        predecessors=tuple(row.predecessors),
        successor_name=last.legal_name if last.id != row.id and last.retired_on is None else "",
    )


def other_names(organization_id: UUID | None) -> tuple[str, ...]:
    """The names of every organization but this one and those it took over: what a finished statement may not name."""
    own: set[str] = set()
    if organization_id is not None:
        row = the(models.Organization.objects.all(), "organization", organization_id)
        own = {row.legal_name, *row.predecessors}
    names = set(models.Organization.objects.values_list("legal_name", flat=True))
    return tuple(sorted(names - own))


def ship_examples(*, by: facts.Actor, now: dt.datetime) -> tuple[facts.Organization, ...]:
    """The example that explains retiring: the Division of Parole, and DOCCS after it. Harmless to repeat."""
    for legal_name in (DIVISION_OF_PAROLE, DOCCS):
        if not models.Organization.objects.filter(legal_name=legal_name, unit="").exists():
            add(legal_name=legal_name, kind=OrganizationKind.PAROLE, by=by, now=now)
    old = models.Organization.objects.get(legal_name=DIVISION_OF_PAROLE, unit="")
    new = models.Organization.objects.get(legal_name=DOCCS, unit="")
    if old.retired_on is None:
        retire(old.id, successor_id=new.id, retired_on=_MERGED_ON, by=by, now=now)
    return show(old.id), show(new.id)


def _inherit(row: models.Organization, successor: models.Organization) -> None:
    names = [*successor.predecessors]
    for name in (*row.predecessors, row.legal_name):
        if name not in names and name != successor.legal_name:
            names.append(name)
    successor.predecessors = names
    models.Organization.objects.filter(pk=successor.id).update(predecessors=names)


def _line(row: models.Organization) -> list[models.Organization]:
    """The organization and its successors, in order; `retire` keeps the line free of circles."""
    line = [row]
    while line[-1].successor is not None:
        line.append(line[-1].successor)
    return line


def _retired(row: models.Organization) -> RegisterError:
    last = _line(row)[-1]
    successor = f"its work went to {last.legal_name}" if last.id != row.id else "nobody is named as its successor"
    remedy = f"Use {last.legal_name}." if last.id != row.id else "Name the organization that does its work today."
    return RegisterError(
        RegisterErrorCode.ORGANIZATION_RETIRED, f"{row.legal_name} is retired; {successor} (V03).", remedy
    )


def _fact(row: models.Organization) -> facts.Organization:
    return facts.Organization(
        organization_id=row.id,
        legal_name=row.legal_name,
        unit=row.unit,
        address=tuple(row.address),
        kind=OrganizationKind(row.kind),
        retired_on=row.retired_on,
        successor_id=row.successor_id,
        predecessors=tuple(row.predecessors),
    )
