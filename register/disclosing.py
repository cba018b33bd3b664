"""One disclosure under a statement: judged as the register knows things now, and written down in the same step.

Danger: a revocation that arrives between the question and the answer, or a statement for one time that is used twice.
Invariant: the judgment (V16, V18) and the ledger's row are one transaction under the register's write lock, so what is
in the ledger was lawful the moment it was written; nothing is handed over before that.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction

from register import agency, facts, ledger, ledger_facts, models, organizations, reading, staff, successors
from register.change import the
from register.errors import RegisterError, RegisterErrorCode
from register.moves import DESK
from rules.disclosure import Known, Wanted, may_disclose, standing_now
from rules.finding import Finding, blocking
from rules.vocabulary import DisclosureBasis, StatementState

if TYPE_CHECKING:
    from storage.vault import Vault


def in_force(vault: Vault, statement_id: UUID, *, now: dt.datetime) -> tuple[Finding, ...]:
    """Why nothing at all may be shared on the statement now; empty when something may.

    Raises:
        RegisterError: UNKNOWN_ID.
    """
    row = the(models.Statement.objects.all(), "statement", statement_id)
    return standing_now(reading.open_draft(vault, row), _known(row), today=agency.today(now))


def findings(vault: Vault, statement_id: UUID, wanted: Wanted, *, now: dt.datetime) -> tuple[Finding, ...]:
    """V16: everything that speaks against this disclosure now; nothing is written.

    Raises:
        RegisterError: UNKNOWN_ID, also for the organization.
    """
    row = the(models.Statement.objects.all(), "statement", statement_id)
    the(models.Organization.objects.all(), "organization", wanted.organization_id)
    return may_disclose(reading.open_draft(vault, row), _known(row), wanted, today=agency.today(now))


def disclose(
    vault: Vault,
    statement_id: UUID,
    wanted: Wanted,
    told: facts.Handover,
    *,
    by: facts.Actor,
    now: dt.datetime,
) -> ledger_facts.Disclosure:
    """Write down what is about to be shared, when the rules let it go at this very moment; only then may it go.

    Raises:
        RegisterError: NOT_ALLOWED; UNKNOWN_ID; REFUSED with every finding (V16, V18), and then nothing was written.
    """
    person = staff.require(by, *DESK)
    row = the(models.Statement.objects.all(), "statement", statement_id)
    draft = reading.open_draft(vault, row)
    receives = organizations.show(wanted.organization_id)
    with transaction.atomic():
        current = the(models.Statement.objects.all(), "statement", statement_id)
        refuse(current, blocking(may_disclose(draft, _known(current), wanted, today=agency.today(now))))
        return ledger.enter(
            vault,
            client_id=current.client_id,
            statement_id=statement_id,
            organization_id=receives.organization_id,
            categories=tuple(sorted(wanted.categories)),
            basis=DisclosureBasis.CONSENT,
            purpose=wanted.purpose,
            told=told,
            by=person,
            now=now,
        )


def refuse(row: models.Statement | facts.Statement, found: tuple[Finding, ...]) -> None:
    """Nothing.

    Raises:
        RegisterError: REFUSED when anything was found.
    """
    if found:
        raise RegisterError(
            RegisterErrorCode.REFUSED,
            f"Nothing may be shared like this on {row.ref}.",
            "The findings say why; where more is wanted, ask the client for a statement of its own.",
            findings=tuple(facts.Refusal(position=-1, form_id=row.form_id, finding=finding) for finding in found),
        )


def _known(row: models.Statement) -> Known:
    before = models.Disclosure.objects.filter(statement_id=row.id, basis=DisclosureBasis.CONSENT.value).count()
    organization = row.organization
    return Known(
        state=StatementState(row.state),
        disclosures_before=before,
        organization_ended=organization is not None and organization.retired_on is not None,
        approved_successors=successors.approved(organization.id) if organization else frozenset(),
    )
