"""What is left of a client of whom nothing is kept any more: an id that ledger and audit speak of, and nobody's name.

Danger: an identity that outlives every reason to keep it; or one destroyed while something of the client is still kept,
asked for or held. Invariant: asked under the register's lock, in the transaction that destroys the key; at least one
record was destroyed, none is left, no statement or packet is on its way, no hold stands on the client, and no row of
the ledger must still be accounted for.
"""

from __future__ import annotations

import datetime as dt
from itertools import chain
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet

from register import agency, audit, disposal, due, executing, models
from register.pages import pages
from register.retained import LEDGER_CLASS
from register.vocabulary import AuditVerb
from rules.lifecycle import TERMINAL
from rules.retention.decision import Happened
from rules.retention.words import EventKind
from rules.vocabulary import PacketState
from storage import disposal as bytes_of

if TYPE_CHECKING:
    from storage.vault import Vault

PAGE = 200


def without_anything() -> QuerySet[models.Client]:
    """Clients of whom nothing is kept, as far as rows can tell; the ledger's own time is asked apart."""
    mine = {"statement__client": OuterRef("pk")}
    records = models.Record.objects.filter(**mine)
    on_their_way = models.Statement.objects.filter(client=OuterRef("pk"), record=None).exclude(
        state__in=[state.value for state in TERMINAL], working_object=None
    )
    packets = models.Packet.objects.filter(
        client=OuterRef("pk"), state__in=[PacketState.REQUESTED.value, PacketState.ISSUING.value]
    )
    holds = models.Hold.objects.filter(client=OuterRef("pk"), released_at=None)
    return models.Client.objects.filter(
        Exists(records.exclude(destroyed_at=None)),
        ~Exists(records.filter(destroyed_at=None)),
        ~Exists(on_their_way),
        ~Exists(packets),
        ~Exists(holds),
        erased_at=None,
    )


def erase(vault: Vault, run_id: UUID, *, hold: executing.Hold, now: dt.datetime) -> int:
    """Destroy the identity of every such client; returns how many. Their number is the run's.

    Raises:
        RegisterError: LEASE_LOST; StorageError.
    """
    found = chain.from_iterable(pages(without_anything().only("pk"), PAGE))
    return sum(_erase(vault, client.pk, run_id, hold, now) for client in found)


def _erase(vault: Vault, client_id: UUID, run_id: UUID, hold: executing.Hold, now: dt.datetime) -> bool:
    with transaction.atomic():
        executing.renew(hold, now)
        if not without_anything().filter(pk=client_id).exists() or not _accounted(client_id, now):
            return False
        unkept = list(models.Statement.objects.filter(client=client_id).values_list("pk", flat=True))
        owners = [bytes_of.owner_item(one.hex) for one in (client_id, *unkept)]
        # most statements lost theirs with their record, and saying so again would be the longest line of the log
        items = sorted(set(owners) - bytes_of.lost_their_keys(vault, owners))
        batch = uuid4().hex
        done = bytes_of.condemn(
            vault,
            items,
            batch=batch,
            reason_code=executing.REASON,
            bypass_lock=False,
            still_ours=lambda: executing.renew(hold, now),
        )
        forget([client_id], at=done.at, now=now)
        models.DisposalRun.objects.filter(pk=run_id).update(clients_erased=F("clients_erased") + 1)
    bytes_of.finish(vault, items, swept=done.swept)
    return True


def forget(client_ids: list[UUID], *, at: dt.datetime, now: dt.datetime) -> None:
    """Their keys are gone: take what they sealed, and what finds them, from the rows; in the caller's transaction."""
    clients = models.Client.objects.filter(pk__in=client_ids)
    clients.update(sealed_identity=b"", birth_token=b"", of_age_on=None, erased_at=at)
    models.NameToken.objects.filter(client__in=client_ids).delete()
    executing.forget_statements(models.Statement.objects.filter(client__in=client_ids))
    models.Disclosure.objects.filter(client__in=client_ids).update(
        sealed_recipient_person=None, sealed_description=None, sealed_emergency=None
    )
    models.RetentionEvent.objects.filter(client__in=client_ids).update(sealed_day=None)
    lines: list[tuple[UUID | str, audit.Details]] = [(one, {}) for one in client_ids]
    audit.append_all(disposal.MACHINE, AuditVerb.CLIENT_ERASED, "client", lines, now=now)


def _accounted(client_id: UUID, now: dt.datetime) -> bool:
    """True when no row of the ledger must be kept open to be accounted for (45 CFR 164.528; 42 CFR 2.25)."""
    today = agency.today(now)
    rows = models.Disclosure.objects.filter(client=client_id, statement=None).values_list("disclosed_at", flat=True)
    told = [Happened.on(EventKind.DISCLOSED, agency.today(moment)) for moment in rows]
    return not told or due.of_class(LEDGER_CLASS, told, as_of=today).due(today)
