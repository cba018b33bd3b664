"""Who may take everything out when a program ends, and the line that says it was done.

Danger: one person walks out with every record. Invariant: two persons who hold the roles ask together, each having
proved who they are, and the audit log names both before anybody is given the key.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from register import audit, facts, staff
from register.errors import RegisterError, RegisterErrorCode
from register.vocabulary import AuditVerb, StaffRole

_FIRST = (StaffRole.RECORDS_OFFICER,)
_SECOND = (StaffRole.COUNSEL, StaffRole.RECORDS_OFFICER, StaffRole.ADMINISTRATOR)


def may_export(by: facts.Actor, second: facts.Actor) -> None:
    """Whether these two may take the records out together.

    Raises:
        RegisterError: NOT_ALLOWED; SAME_PERSON.
    """
    one, other = staff.require(by, *_FIRST), staff.require(second, *_SECOND)
    if one.staff_id == other.staff_id:
        raise RegisterError(
            RegisterErrorCode.SAME_PERSON,
            "Two persons take the records out, and this is one.",
            "Have counsel, a records officer or an administrator who is somebody else confirm it.",
        )


def exported(*, records: int, sha256: str, by: facts.Person, second: facts.Person, now: dt.datetime) -> None:
    """The archive is written; its key is about to be handed over.

    Raises:
        RegisterError: as `may_export`.
    """
    may_export(by, second)
    with transaction.atomic():
        details: audit.Details = {"records": records, "sha256": sha256, "second": str(second.staff_id)}
        audit.append(by, AuditVerb.CLOSURE_EXPORTED, "site", "closure", details, now=now)
