"""Changes of the site's keys, written down: who changed which, and when.

Danger: a key changed by somebody who may not, or by nobody that can be named. Invariant: an administrator does it, and
the line in the audit log holds the public name of the key and nothing of the key itself.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from register import audit, facts, staff
from register.vocabulary import AuditVerb, StaffRole


def may_change(by: facts.Actor) -> facts.Person:
    """The administrator who is about to change a key.

    Raises:
        RegisterError: NOT_ALLOWED.
    """
    return staff.require(by, StaffRole.ADMINISTRATOR)


def changed(verb: AuditVerb, key_id: str, *, place: str, by: facts.Actor, now: dt.datetime) -> None:
    """Write down that a key was changed. `key_id`: its public name; `place`: who keeps it (`file`, `awskms`).

    Raises:
        RegisterError: NOT_ALLOWED.
    """
    may_change(by)
    with transaction.atomic():
        audit.append(by, verb, "key", key_id, {"place": place}, now=now)
