"""Acts of signing: the evidence and the signed bytes, taken in one step.

Danger: a signature on other bytes than the person saw, or by the wrong person. Invariants: an act names the SHA-256 of
what was shown and the revision that was shown, and both must still be current (V15); every page was shown, the client
was offered paper and accepted the electronic-records notice (V19); people sign in the form's order, the witness after
whom she saw; the witness is on the staff, and is not the client nor whoever speaks or signs for them.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from register import agency, audit, facts, models, names, objects, reading, standing
from register import staff as everybody
from register.change import compare_and_set, the
from register.errors import RegisterError, RegisterErrorCode
from register.vocabulary import AuditVerb, ObjectArea, SealingState, StaffRole
from rules import statement as statement_rules
from rules.draft import StatementDraft
from rules.finding import Finding, FindingCode
from rules.signers import signs_as
from rules.vocabulary import (
    Family,
    IdentifiedHow,
    InkKind,
    Proof,
    ReadOn,
    Severity,
    SignerCapacity,
    SignerRole,
    StatementState,
)

if TYPE_CHECKING:
    from storage.vault import Vault

_ESIGN = "15 USC 7001(c); 9 NYCRR 540.1(d)"


def record(
    vault: Vault,
    act: facts.SigningAct,
    document: facts.Document,
    *,
    staff: facts.Person,
    consent_in_force: str,
    now: dt.datetime,
) -> facts.Statement:
    """Take an act and the bytes that hold its signature; after the last person the statement waits for its seal.

    Args:
        document: the signed bytes, staged in the working area and durable.
        staff: for the witness the witness herself; for everybody else whoever conducts the ceremony.
        consent_in_force: version of the form of electronic records as it is now; what the act names must be this.

    Raises:
        RegisterError: NOT_ALLOWED; UNKNOWN_ID; ILLEGAL_MOVE; MOVED_MEANWHILE when the document changed since it was
            shown; NOT_WHAT_WAS_SHOWN; SIGNING_ORDER; SAME_PERSON; REFUSED with findings (V19); OBJECT_STATE.
    """
    person = _conductor(act, staff)
    row = the(reading.rows(), "statement", act.statement_id)
    shown = reading.fact(row)
    _require_turn(shown, act)
    _require_evidence(shown, act, consent_in_force)
    draft = reading.open_draft(vault, row)
    _require_capacity(draft, act)
    if act.role is SignerRole.WITNESS:
        _require_other_person(vault, draft, person)
    with transaction.atomic():
        objects.publish(document, ObjectArea.WORKING, now=now)
        last = reading.missing_signers(shown) == (act.role,)
        queued = {"sealing": SealingState.REQUESTED.value, "sealing_requested_at": now} if last else {}
        first = {} if row.signed_at else {"signed_at": act.signed_at}
        compare_and_set(
            models.Statement.objects.filter(
                pk=row.id,
                state=StatementState.PRESENTED.value,
                revision=act.expected_revision,
                document_sha256=act.shown_sha256,
            ),
            revision=act.expected_revision + 1,
            working_object_id=document.object_id,
            document_sha256=document.document_sha256,
            proof=Proof.PARTIAL.value,
            stamped_at=None,
            **first,
            **queued,
        )
        _write(act, person, document, order=len(shown.signed))
        details = {
            "role": act.role.value,
            "shown": act.shown_sha256,
            "resulting": document.document_sha256,
            "certificate": act.certificate_sha256,
        }
        audit.append(person, AuditVerb.SIGNED, "statement", row.id, details, now=now)
        if act.role is SignerRole.CLIENT and draft.family is Family.REVOCATION:
            # the writing is there from this moment, sealed or not (42 CFR 2.31(a)(6)): it counts in the same step
            standing.revoked_by(vault, draft, by=person, now=now)
    return reading.fact(the(reading.rows(), "statement", row.id))


def unacknowledged(
    vault: Vault, statement_id: UUID, acknowledgment: facts.FormChoice, *, now: dt.datetime
) -> tuple[Finding, ...]:
    """V20 for a statement that is about to be signed: who signs it has not acknowledged the current policies.

    Intake puts the acknowledgment into every sitting, so the rules have nothing to say when the packet is opened; that
    it was declined, or left for another day, shows only now. Signed by the client is enough, sealed or not.

    Raises:
        RegisterError: UNKNOWN_ID.
    """
    row = the(models.Statement.objects.all(), "statement", statement_id)
    signed = Q(state=StatementState.ACTIVE.value) | Q(state=StatementState.PRESENTED.value, signed_at__isnull=False)
    current = Q(form_id=acknowledgment.form_id, form_version=acknowledgment.form_version)
    if models.Statement.objects.filter(
        signed, current | Q(packet_id=row.packet_id), client_id=row.client_id, family=Family.ACKNOWLEDGMENT.value
    ).exists():
        return ()
    draft = reading.open_draft(vault, row)
    found = statement_rules.check(draft, today=agency.today(now), policy_acknowledged=False)
    return tuple(finding for finding in found if finding.code is FindingCode.V20)


def shown_in_a_file(statement_id: UUID, sha256: str, *, by: facts.Actor, now: dt.datetime) -> None:
    """Write down that a document which is to be signed is about to lie in a file, in clear, for whoever reads it.

    Raises:
        RegisterError: NOT_ALLOWED.
    """
    person = everybody.require(by, StaffRole.INTAKE, StaffRole.WITNESS)
    with transaction.atomic():
        audit.append(person, AuditVerb.DRAFT_SEEN, "statement", statement_id, _in_a_file(sha256), now=now)


def _in_a_file(sha256: str) -> dict[str, str]:
    return {"shown": sha256, "in": "file"}


def was_shown_in_a_file(statement_id: UUID, sha256: str) -> bool:
    """Whether the log says that these very bytes were put into a file for somebody to read."""
    seen = models.AuditEntry.objects.filter(object_id=str(statement_id), verb=AuditVerb.DRAFT_SEEN.value)
    return any(line.details == _in_a_file(sha256) for line in seen)


def of(statement_id: UUID) -> tuple[facts.Signing, ...]:
    """The acts on one statement, in order.

    Raises:
        RegisterError: UNKNOWN_ID.
    """
    row = the(models.Statement.objects.all(), "statement", statement_id)
    return tuple(_fact(act) for act in row.signings.order_by("order"))


def _conductor(act: facts.SigningAct, by: facts.Person) -> facts.Person:
    if act.role is SignerRole.WITNESS:
        return everybody.require(by, StaffRole.WITNESS)
    if act.role not in reading.PERSONS:
        raise RegisterError(
            RegisterErrorCode.SIGNING_ORDER,
            "The organization's own signatures are not made at a ceremony.",
            "Sign as the client or as the witness.",
        )
    return everybody.require(by, StaffRole.INTAKE, StaffRole.WITNESS)


def _require_turn(shown: facts.Statement, act: facts.SigningAct) -> None:
    if shown.state is not StatementState.PRESENTED:
        raise RegisterError(
            RegisterErrorCode.ILLEGAL_MOVE,
            f"The statement {shown.ref} is {shown.state.value.replace('_', ' ')}; it is not there to be signed.",
            "Look at its packet.",
        )
    waiting = reading.missing_signers(shown)
    if not waiting or waiting[0] is not act.role:
        turn = f"it is the turn of the {waiting[0].value}" if waiting else "everybody has signed"
        raise RegisterError(
            RegisterErrorCode.SIGNING_ORDER,
            f"The {act.role.value} does not sign now: {turn}.",
            "Sign in the order of the form; the witness signs after whom she saw.",
        )
    if act.shown_sha256 != shown.document_sha256 or act.expected_revision != shown.revision:
        raise RegisterError(
            RegisterErrorCode.NOT_WHAT_WAS_SHOWN,
            "The document changed since it was shown (V15).",
            "Show it again from the first page.",
        )


def _require_evidence(shown: facts.Statement, act: facts.SigningAct, consent_in_force: str) -> None:
    """V19, as far as the register can see it; of staff only the viewing is asked."""
    found = []
    if act.role is not SignerRole.WITNESS and _chose_paper(shown):
        found.append(
            _finding(
                "act.consent_version",
                "The client took back their agreement to sign on a screen; use paper, or let them agree anew first.",
            )
        )
    if act.viewed_pages < shown.pages:
        found.append(_finding("act.viewed_pages", "Not every page has been shown yet."))
    if act.role is not SignerRole.WITNESS:
        if not act.consent_version:
            found.append(_finding("act.consent_version", "The signer has not agreed to sign on a screen."))
        elif act.consent_version != consent_in_force:
            found.append(_finding("act.consent_version", "The signer agreed to an older text; show the current one."))
        if act.read_on is None:
            found.append(_finding("act.read_on", "Say whether the signer read it on a screen or on paper."))
        elif act.read_on is ReadOn.PAPER and shown.family is Family.ELECTRONIC_RECORDS:
            found.append(_finding("act.read_on", "An agreement to read on screens is itself read on one, from a file."))
        elif act.read_on is ReadOn.FILE and not was_shown_in_a_file(act.statement_id, act.shown_sha256):
            found.append(_finding("act.read_on", "The document as it stands was not put into a file to be read yet."))
        if not act.paper_offered:
            found.append(_finding("act.paper_offered", "Offer to sign on paper first."))
        if act.identified_how is None:
            found.append(_finding("act.identified_how", "Say how the signer was identified."))
    if found:
        raise RegisterError(
            RegisterErrorCode.REFUSED,
            "The signature cannot be taken yet.",
            "Do what is listed, then sign.",
            findings=tuple(
                facts.Refusal(position=shown.position, form_id=shown.form_id, finding=finding) for finding in found
            ),
        )


def _chose_paper(shown: facts.Statement) -> bool:
    """Whether the client's last word on electronic records was to withdraw; a new agreement may be signed (7001(c))."""
    if shown.family is Family.ELECTRONIC_RECORDS:
        return False
    agreements = models.Statement.objects.filter(
        client_id=shown.client_id, family=Family.ELECTRONIC_RECORDS.value, signed_at__isnull=False
    )
    last = agreements.exclude(state=StatementState.VOID.value).order_by("-signed_at").first()
    return last is not None and last.state in (StatementState.REVOKED.value, StatementState.SUSPENDED.value)


def _require_capacity(draft: StatementDraft, act: facts.SigningAct) -> None:
    """Whoever signs for the client, or beside them, does so in the right that is printed on the paper."""
    theirs = act.role in (SignerRole.CLIENT, SignerRole.REPRESENTATIVE)
    if theirs and act.capacity is not signs_as(draft, act.role):
        raise RegisterError(
            RegisterErrorCode.NOT_WHAT_WAS_SHOWN,
            "The paper says another right in which the signer signs.",
            "Sign in the capacity printed, or void the statement and open a new one.",
        )


def _require_other_person(vault: Vault, draft: StatementDraft, witness: facts.Person) -> None:
    """The witness's name against those of the client, representative and interpreter; a namesake asks a colleague."""
    own = names.query_parts(everybody.display_name(vault, witness.staff_id))
    others = (
        draft.identity.legal_name,
        *draft.identity.also_known_as,
        draft.representative_name or "",
        draft.interpreter_name or "",
    )
    if own in [names.query_parts(other) for other in others]:
        raise RegisterError(
            RegisterErrorCode.SAME_PERSON,
            "Nobody witnesses their own signature, and this witness bears the name of somebody on the paper.",
            "Ask another member of staff to witness.",
        )


def _write(act: facts.SigningAct, person: facts.Person, document: facts.Document, *, order: int) -> None:
    models.Signing.objects.create(
        statement_id=act.statement_id,
        order=order,
        role=act.role.value,
        capacity=act.capacity.value,
        ink=act.ink.value,
        staff_id=person.staff_id,
        identified_how=act.identified_how.value if act.identified_how else "",
        shown_sha256=act.shown_sha256,
        resulting_sha256=document.document_sha256,
        revision_shown=act.expected_revision,
        signed_at=act.signed_at,
        device=act.device,
        consent_version=act.consent_version,
        viewed_pages=act.viewed_pages,
        read_on=act.read_on.value if act.read_on else "",
        paper_offered=act.paper_offered,
        certificate_sha256=act.certificate_sha256,
        certificate_serial=act.certificate_serial,
        stamped=act.stamped,
    )


def _finding(field: str, sentence: str) -> Finding:
    return Finding(code=FindingCode.V19, severity=Severity.BLOCK, field=field, sentence=sentence, authority=_ESIGN)


def _fact(row: models.Signing) -> facts.Signing:
    return facts.Signing(
        signing_id=row.id,
        staff_id=row.staff_id,
        act=facts.SigningAct(
            statement_id=row.statement_id,
            expected_revision=row.revision_shown,
            role=SignerRole(row.role),
            capacity=SignerCapacity(row.capacity),
            ink=InkKind(row.ink),
            identified_how=IdentifiedHow(row.identified_how) if row.identified_how else None,
            shown_sha256=row.shown_sha256,
            signed_at=row.signed_at,
            device=row.device,
            consent_version=row.consent_version,
            viewed_pages=row.viewed_pages,
            read_on=ReadOn(row.read_on) if row.read_on else None,
            paper_offered=row.paper_offered,
            certificate_sha256=row.certificate_sha256,
            certificate_serial=row.certificate_serial,
            stamped=row.stamped,
        ),
        resulting_sha256=row.resulting_sha256,
    )
