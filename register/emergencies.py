"""Disclosures in a medical emergency: what 42 CFR 2.51(c) wants documented, in the ledger, and nowhere else in clear.

A statement names an organization and never a person. Here the law itself wants the person named, so here alone the
name of who received it is part of what must be written; it is sealed under the client's key with everything else of
the row, is on no paper, and goes with the client's identity once it need be accounted for no more. Invariants: what
cannot be told whole is refused whole (rules.emergency); both times are kept, and a row is never changed afterwards.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import UUID

from register import clients, facts, ledger, ledger_facts, models, staff
from register.change import the
from register.moves import DESK
from register.vocabulary import AuditVerb
from rules.emergency import Emergency, documented, grounded
from rules.vocabulary import DisclosureBasis

if TYPE_CHECKING:
    from storage.vault import Vault


_REFUSED = "This cannot be documented as an emergency."
_REMEDY = "Say what is missing, and write it down at once: the rule wants it immediately after."


@dataclass(frozen=True, slots=True, kw_only=True)
class Documented:
    """One emergency as it was written down."""

    line: ledger_facts.AccountingLine
    emergency: Emergency | None
    """None where its key is destroyed."""


def write_down(
    vault: Vault,
    client_id: UUID,
    told: Emergency,
    handover: facts.Handover,
    *,
    happened_at: dt.datetime,
    by: facts.Actor,
    now: dt.datetime,
) -> ledger_facts.Disclosure:
    """Write down what went to medical personnel in an emergency, at once after it went.

    Args:
        told: with an empty `disclosed_by`, whoever writes it down disclosed it.
        happened_at: when it was disclosed, UTC.

    Raises:
        RegisterError: NOT_ALLOWED; UNKNOWN_ID; REFUSED with every finding, and then nothing was written.
    """
    person = staff.require(by, *DESK)
    clients.kept(client_id)
    if not told.disclosed_by.strip():
        told = replace(told, disclosed_by=staff.display_name(vault, person.staff_id))
    found = documented(told, received_by=handover.received_by, happened_at=happened_at, written_at=now)
    ledger.refuse_half(found, sentence=_REFUSED, remedy=_REMEDY)
    return ledger.enter(
        vault,
        client_id=client_id,
        statement_id=None,
        organization_id=None,
        categories=(),
        basis=DisclosureBasis.MEDICAL_EMERGENCY,
        purpose=None,
        told=handover,
        emergency=told,
        by=person,
        now=now,
        happened_at=happened_at,
    )


def refuse_other_grounds(told: Emergency) -> None:
    """Nothing, where 2.51 lets this be disclosed; asked before names are.

    Raises:
        RegisterError: REFUSED with every finding (V16).
    """
    ledger.refuse_half(tuple(grounded(told)), sentence=_REFUSED, remedy="Write nothing down that was not so.")


def of_client(vault: Vault, client_id: UUID, *, by: facts.Actor, now: dt.datetime) -> tuple[Documented, ...]:
    """Every emergency that was written down of a client, oldest first, in clear. That a person looked is written down.

    Raises:
        RegisterError: NOT_ALLOWED, UNKNOWN_ID.
    """
    the(models.Client.objects.all(), "client", client_id)
    clients.note_access(by, AuditVerb.LEDGER_SEEN, "client", client_id, now)
    rows = ledger.accounting_rows(client_id).filter(basis=DisclosureBasis.MEDICAL_EMERGENCY.value)
    return tuple(Documented(line=ledger.line(vault, row), emergency=ledger.emergency(vault, row)) for row in rows)
