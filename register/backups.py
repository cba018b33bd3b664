"""What happened to copies of this site: backups made, a restore, epochs ended. Lines of the audit log, and read there.

Danger: approvals and holds that a restore brought back in the state of another day are taken for today's. Invariant: a
restore leaves a line with the backup's own time, and `restored_at` says since when the register knows nothing.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from register import audit, facts, models
from register.vocabulary import AuditVerb, MachineName

_UPKEEP = facts.Machine(MachineName.UPKEEP)
_SITE = "site"


def made(*, objects: int, by: facts.Actor, now: dt.datetime) -> None:
    """A backup was finished."""
    with transaction.atomic():
        audit.append(by, AuditVerb.BACKED_UP, _SITE, "backup", {"objects": objects}, now=now)


def last_made() -> dt.datetime | None:
    """When the last backup was finished; None before the first."""
    return _last(AuditVerb.BACKED_UP)


def epoch_ended(number: int, *, now: dt.datetime) -> None:
    """The key of an epoch was destroyed: no backup made while it was the newest opens any more."""
    with transaction.atomic():
        audit.append(_UPKEEP, AuditVerb.EPOCH_ENDED, "epoch", str(number), now=now)


def restored(*, made_at: dt.datetime, now: dt.datetime) -> None:
    """This register came back from a backup made at `made_at`: whatever was written between is not in it."""
    with transaction.atomic():
        details = {"made_at": made_at.astimezone(dt.UTC).strftime("%Y-%m-%dt%H:%M:%Sz")}
        audit.append(_UPKEEP, AuditVerb.RESTORED, _SITE, "restore", details, now=now)


def restored_at() -> dt.datetime | None:
    """When this register last came back from a backup; None when it never did. What people approved before may rest on
    what it does not know: approvals from before this time do not count.
    """
    return _last(AuditVerb.RESTORED)


def _last(verb: AuditVerb) -> dt.datetime | None:
    of_site = models.AuditEntry.objects.filter(object_id__in=("backup", "restore"), verb=verb.value)
    return of_site.order_by("-seq").values_list("at", flat=True).first()
