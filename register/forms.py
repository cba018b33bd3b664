"""Who proposed, published and approved the forms of this site.

Danger: a clerk changes what every client signs, alone; or a text no lawyer read is signed in earnest. Invariants: who
proposed a version never publishes it; a version is published as it was looked at (its digest), once; what counsel
approved is one text, by its SHA-256, and not its next edition. The texts themselves are in files this room never sees.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING
from uuid import uuid4

from django.db import transaction
from django.db.models import QuerySet

from register import agency, audit, facts, form_facts, models, sealed, staff
from register.change import compare_and_set
from register.errors import RegisterError, RegisterErrorCode, unknown
from register.vocabulary import AuditVerb, FormState, StaffRole
from rules.vocabulary import Language

if TYPE_CHECKING:
    from storage.vault import Vault

_COUNSEL = "form-counsel"
_WITHDRAWAL = "form-approval-withdrawal"
_STANDING = (FormState.PROPOSED.value, FormState.PUBLISHED.value)


def propose(form_id: str, version: str, digest: str, *, by: facts.Actor, now: dt.datetime) -> form_facts.FormVersion:
    """Somebody on the staff proposes a version; again with the same text changes nothing.

    Raises:
        RegisterError: NOT_ALLOWED; FORM_VERSION when this version stands already with another text.
    """
    person = staff.require(by)
    with transaction.atomic():
        row = models.FormVersion.objects.filter(form_id=form_id, version=version, state__in=_STANDING).first()
        if row is not None and row.digest == digest:
            return _fact(row)
        if row is not None:
            raise RegisterError(
                RegisterErrorCode.FORM_VERSION,
                f"{form_id} {version} is {row.state} already, with another text.",
                "Give the form a higher version, or withdraw the proposal first.",
            )
        row = models.FormVersion.objects.create(
            form_id=form_id, version=version, digest=digest, proposed_by_id=person.staff_id, proposed_at=now
        )
        details: audit.Details = {"form": form_id, "version": version, "digest": digest}
        audit.append(person, AuditVerb.FORM_PROPOSED, "form", row.id, details, now=now)
    return _fact(row)


def publish(form_id: str, version: str, *, by: facts.Actor, now: dt.datetime) -> form_facts.FormVersion:
    """A second person, counsel or an administrator, publishes what was proposed.

    Raises:
        RegisterError: NOT_ALLOWED; UNKNOWN_ID without such a proposal; SAME_PERSON when they proposed it themselves;
            MOVED_MEANWHILE.
    """
    person = staff.require(by, StaffRole.COUNSEL, StaffRole.ADMINISTRATOR)
    with transaction.atomic():
        row = _standing(form_id, version)
        if row.proposed_by_id == person.staff_id:
            raise RegisterError(
                RegisterErrorCode.SAME_PERSON,
                "Who proposed a form does not publish it.",
                "Have a second person look at it: counsel, or another administrator.",
            )
        if row.state == FormState.PUBLISHED.value:
            return _fact(row)
        _decide(row, FormState.PUBLISHED, AuditVerb.FORM_PUBLISHED, person, now)
    return _fact(_standing(form_id, version))


def withdraw(form_id: str, version: str, *, by: facts.Actor, now: dt.datetime) -> form_facts.FormVersion:
    """Take a proposal back, one's own or, for counsel and administrators, another's; what is published stays.

    Raises:
        RegisterError: NOT_ALLOWED; UNKNOWN_ID; FORM_VERSION when it is published.
    """
    person = staff.require(by)
    with transaction.atomic():
        row = _standing(form_id, version)
        if row.proposed_by_id != person.staff_id:
            staff.require(by, StaffRole.COUNSEL, StaffRole.ADMINISTRATOR)
        if row.state == FormState.PUBLISHED.value:
            raise RegisterError(
                RegisterErrorCode.FORM_VERSION,
                f"{form_id} {version} is published; statements may stand on it.",
                "Publish a higher version: it takes its place from then on.",
            )
        _decide(row, FormState.WITHDRAWN, AuditVerb.FORM_WITHDRAWN, person, now)
        row.refresh_from_db()
    return _fact(row)


def approve(
    vault: Vault,
    form_id: str,
    version: str,
    language: Language,
    document_sha256: str,
    *,
    counsel: str,
    standing: str,
    approved_on: dt.date,
    by: facts.Actor,
    now: dt.datetime,
) -> None:
    """Write down that a lawyer, by name and standing (bar admission or title), approved one text on one day.

    Counsel or an administrator records it, and neither who proposed nor who published that version. Again for the same
    text changes nothing.

    Raises:
        RegisterError: NOT_ALLOWED; NAME_NEEDED; SAME_PERSON.
    """
    person = staff.require(by, StaffRole.COUNSEL, StaffRole.ADMINISTRATOR)
    if not counsel.strip() or not standing.strip() or approved_on > agency.today(now):
        raise RegisterError(
            RegisterErrorCode.NAME_NEEDED,
            "An approval names who gave it, in what standing, and a day that has come.",
            "Give the lawyer's name, the bar admission or title, and the date.",
        )
    row = models.FormVersion.objects.filter(form_id=form_id, version=version, state__in=_STANDING).first()
    if row is not None and person.staff_id in (row.proposed_by_id, row.decided_by_id):
        raise RegisterError(
            RegisterErrorCode.SAME_PERSON,
            "Who proposed or published a form does not record its approval.",
            "Have a third person record it.",
        )
    approval_id = uuid4()
    told = json.dumps({"counsel": counsel.strip(), "standing": standing.strip()}, ensure_ascii=False)
    sealed_counsel = sealed.seal(vault, approval_id, _COUNSEL, told.encode())
    with transaction.atomic():
        if approved(form_id, version, language, document_sha256):
            return
        models.FormApproval.objects.create(
            id=approval_id,
            form_id=form_id,
            version=version,
            language=language.value,
            document_sha256=document_sha256,
            sealed_counsel=sealed_counsel,
            approved_on=approved_on,
            recorded_by_id=person.staff_id,
            recorded_at=now,
        )
        details: audit.Details = {
            "form": form_id,
            "version": version,
            "language": language.value,
            "sha256": document_sha256,
        }
        audit.append(person, AuditVerb.FORM_APPROVED, "form", approval_id, details, now=now)


def withdraw_approval(
    vault: Vault,
    form_id: str,
    version: str,
    language: Language,
    document_sha256: str,
    *,
    reason: str,
    by: facts.Actor,
    now: dt.datetime,
) -> None:
    """Counsel no longer stands by a text: from now on it counts as not reviewed. What was signed on it stays as it is.

    The approval's row stays, with who withdrew it, when and why; the text may be approved anew.

    Raises:
        RegisterError: NOT_ALLOWED unless counsel or an administrator; NAME_NEEDED without a reason; UNKNOWN_ID where no
            approval of this text stands.
    """
    person = staff.require(by, StaffRole.COUNSEL, StaffRole.ADMINISTRATOR)
    if not reason.strip():
        raise RegisterError(RegisterErrorCode.NAME_NEEDED, "This needs a reason.", "Give the reason in a line.")
    with transaction.atomic():
        row = _approvals(form_id, version, language, document_sha256).first()
        if row is None:
            raise unknown("approval of the text", f"{form_id} {version} {language.value}")
        compare_and_set(
            models.FormApproval.objects.filter(pk=row.pk, withdrawn_at=None),
            withdrawn_by_id=person.staff_id,
            withdrawn_at=now,
            sealed_withdrawal=sealed.seal(vault, row.pk, _WITHDRAWAL, reason.strip().encode()),
        )
        details: audit.Details = {"form": form_id, "version": version, "language": language.value}
        audit.append(person, AuditVerb.FORM_APPROVAL_WITHDRAWN, "form", row.pk, details, now=now)


def approved(form_id: str, version: str, language: Language, document_sha256: str) -> bool:
    """True when counsel approved this very text, and still stands by it."""
    return _approvals(form_id, version, language, document_sha256).exists()


def _approvals(form_id: str, version: str, language: Language, document_sha256: str) -> QuerySet[models.FormApproval]:
    return models.FormApproval.objects.filter(
        form_id=form_id,
        version=version,
        language=language.value,
        document_sha256=document_sha256,
        withdrawn_at=None,
    )


def approvals(vault: Vault) -> tuple[form_facts.FormApproval, ...]:
    """Every approval, the newest first, with the name of who gave it."""
    return tuple(_approval(vault, row) for row in models.FormApproval.objects.order_by("-recorded_at"))


def published() -> dict[tuple[str, str], str]:
    """Form and version to digest, of everything this site published: a folder that is not among them is not a form."""
    rows = models.FormVersion.objects.filter(state=FormState.PUBLISHED.value)
    return {(row.form_id, row.version): row.digest for row in rows}


def standing(form_id: str, version: str) -> form_facts.FormVersion:
    """The proposal or publication of a version.

    Raises:
        RegisterError: UNKNOWN_ID.
    """
    return _fact(_standing(form_id, version))


def listing() -> tuple[form_facts.FormVersion, ...]:
    """Every version this site ever proposed, the newest first."""
    return tuple(_fact(row) for row in models.FormVersion.objects.order_by("-proposed_at"))


def _standing(form_id: str, version: str) -> models.FormVersion:
    row = models.FormVersion.objects.filter(form_id=form_id, version=version, state__in=_STANDING).first()
    if row is None:
        raise unknown("proposal of the form", f"{form_id} {version}")
    return row


def _decide(row: models.FormVersion, state: FormState, verb: AuditVerb, person: facts.Person, now: dt.datetime) -> None:
    compare_and_set(
        models.FormVersion.objects.filter(pk=row.pk, state=FormState.PROPOSED.value),
        state=state.value,
        decided_by_id=person.staff_id,
        decided_at=now,
    )
    details: audit.Details = {"form": row.form_id, "version": row.version, "digest": row.digest}
    audit.append(person, verb, "form", row.id, details, now=now)


def _fact(row: models.FormVersion) -> form_facts.FormVersion:
    return form_facts.FormVersion(
        form_id=row.form_id,
        version=row.version,
        digest=row.digest,
        state=FormState(row.state),
        proposed_by=row.proposed_by_id,
        proposed_at=row.proposed_at,
        decided_by=row.decided_by_id,
        decided_at=row.decided_at,
    )


def _approval(vault: Vault, row: models.FormApproval) -> form_facts.FormApproval:
    told = json.loads(sealed.open_sealed(vault, row.id, _COUNSEL, row.sealed_counsel))
    return form_facts.FormApproval(
        form_id=row.form_id,
        version=row.version,
        language=Language(row.language),
        document_sha256=row.document_sha256,
        counsel=told["counsel"],
        standing=told["standing"],
        approved_on=row.approved_on,
        recorded_by=row.recorded_by_id,
        recorded_at=row.recorded_at,
        withdrawn_at=row.withdrawn_at,
    )
