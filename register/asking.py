"""From what was asked for to drafts the rules can judge: client, agency and organization as they are today.

Nothing here writes. A draft is built once and judged as built: what is sealed, printed and signed is what was judged.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Q

from register import agency, clients, facts, models, organizations, reading
from register.errors import RegisterError, RegisterErrorCode
from register.named import named
from rules import statement as statement_rules
from rules.draft import Discloser, Identity, StatementDraft
from rules.finding import Finding, FindingCode, block, warn
from rules.signers import both_sign, signing_roles
from rules.vocabulary import Family, Language, PacketState, SignerRole, StatementState

if TYPE_CHECKING:
    from storage.vault import Vault

Look = Callable[[StatementDraft], tuple[Finding, ...]]
"""What else is looked at in a draft that this room cannot see, such as the machine's fonts."""

_ON_THE_WAY = (StatementState.DRAFT, StatementState.PRESENTED)


@dataclass(frozen=True, slots=True)
class Asked:
    """One statement to be made: where it stood in the request (-1: added by itself), its form and its draft."""

    position: int
    form: facts.FormChoice
    draft: StatementDraft

    @property
    def signers(self) -> tuple[SignerRole, ...]:
        """Of the form's roles those who sign this paper."""
        return signing_roles(self.form.signers, self.draft)


def drafts_of(vault: Vault, request: facts.PacketRequest, *, today: dt.date) -> tuple[Asked, ...]:
    """Everything the packet will hold, the acknowledgment first when the client needs one.

    Raises:
        RegisterError: UNKNOWN_ID for the client or an organization; EMPTY_PACKET.
    """
    identity, discloser = clients.identity_of(vault, request.client_id), agency.discloser()
    asked = [
        Asked(position, one.form, _paper(vault, request.client_id, one, _draft(one, identity, discloser)))
        for position, one in enumerate(request.statements)
    ]
    form = request.acknowledgment
    # nothing is put between a client and a revocation
    only_revoking = bool(asked) and all(one.draft.family is Family.REVOCATION for one in asked)
    if (
        form is not None
        and not only_revoking
        and not _acknowledged(request.client_id, form)
        and not _acknowledging(asked)
    ):
        language = request.language or (request.statements[0].language if request.statements else Language.EN)
        first = _acknowledgment(form, language, identity, discloser, today)
        asked.insert(0, Asked(-1, form, replace(first, interpreter_name=_interpreter(request))))
    if not asked:
        raise RegisterError(
            RegisterErrorCode.EMPTY_PACKET, "There is nothing to sign in this packet.", "Ask for a statement."
        )
    return tuple(asked)


def nothing_else(_draft: StatementDraft) -> tuple[Finding, ...]:
    """The `Look` that looks at nothing."""
    return ()


def findings_of(
    request: facts.PacketRequest, wanted: Sequence[Asked], today: dt.date, also: Look
) -> tuple[facts.Refusal, ...]:
    """What the rules, and `also`, say of each, in order, blocking and warning."""
    acknowledged = (
        _acknowledging(wanted)
        or models.Statement.objects.filter(
            client_id=request.client_id, family=Family.ACKNOWLEDGMENT.value, state=StatementState.ACTIVE.value
        ).exists()
    )
    return tuple(
        facts.Refusal(position=one.position, form_id=one.form.form_id, finding=finding)
        for one in wanted
        for finding in (
            *_review(one),
            *_room_for_two(one),
            *statement_rules.check(one.draft, today=today, policy_acknowledged=acknowledged),
            *also(one.draft),
        )
    )


def _review(one: Asked) -> tuple[Finding, ...]:
    """A text that no counsel approved is for training only, and there too it is said."""
    if one.draft.language not in one.form.unreviewed:
        return ()
    text = f"The text of {one.form.form_id} {one.form.form_version} ({one.draft.language.value})"
    authority = "42 CFR 2.31, 2.32; 45 CFR 164.508(c)"
    if agency.current().training:
        sentence = f"{text} was not reviewed by counsel: it is for practice, and no client relies on it."
        return (warn(FindingCode.V21, "form", sentence, authority),)
    sentence = (
        f"{text} was not reviewed by counsel; have counsel read it, and record the approval: confide forms approve."
    )
    return (block(FindingCode.V21, "form", sentence, authority),)


def _room_for_two(one: Asked) -> tuple[Finding, ...]:
    """V14: where two must sign, a form of the house that was drawn for one signature would be a consent of one."""
    if not both_sign(one.draft) or SignerRole.REPRESENTATIVE in one.form.signers:
        return ()
    sentence = (
        "Client and parent or guardian must both sign this, and the form has a place for one of them; publish an "
        f"edition of {one.form.form_id} with both places: confide forms propose."
    )
    return (block(FindingCode.V14, "form", sentence, "42 CFR 2.14(c)"),)


def again(vault: Vault, row: models.Statement, forms: Mapping[str, facts.FormChoice]) -> facts.StatementRequest:
    """The request that a statement came from, on the form now in force."""
    draft = reading.open_draft(vault, row)
    as_signed = facts.FormChoice(
        form_id=row.form_id,
        form_version=row.form_version,
        family=draft.family,
        retention_class=row.retention_class,
        signers=tuple(SignerRole(role) for role in row.signers),
    )
    return facts.StatementRequest(
        form=forms.get(row.form_id, as_signed),
        language=draft.language,
        organization_id=draft.recipient.organization_id if draft.recipient else None,
        effective_from=draft.effective_from,
        categories=draft.categories,
        records_from=draft.records_from,
        records_to=draft.records_to,
        everything_justification=draft.everything_justification,
        purposes=draft.purposes,
        purpose_text=draft.purpose_text,
        initiated_by_client=draft.initiated_by_client,
        expiry=draft.expiry,
        revocable=draft.revocable,
        mandate=draft.mandate,
        capacity=draft.capacity,
        representative_name=draft.representative_name,
        authority=draft.authority,
        interpreter_name=draft.interpreter_name,
        minor_basis=draft.minor_basis,
        exchange=draft.exchange,
        single_use=draft.single_use,
        about=draft.about,
        group=draft.group,
    )


def _draft(one: facts.StatementRequest, identity: Identity, discloser: Discloser) -> StatementDraft:
    return StatementDraft(
        family=one.form.family,
        language=one.language,
        form_id=one.form.form_id,
        form_version=one.form.form_version,
        identity=identity,
        discloser=discloser,
        recipient=organizations.recipient(one.organization_id) if one.organization_id else None,
        categories=one.categories,
        records_from=one.records_from,
        records_to=one.records_to,
        everything_justification=one.everything_justification,
        purposes=one.purposes,
        purpose_text=one.purpose_text,
        initiated_by_client=one.initiated_by_client,
        effective_from=one.effective_from,
        expiry=one.expiry,
        revocable=one.revocable,
        mandate=one.mandate,
        capacity=one.capacity,
        representative_name=one.representative_name,
        authority=one.authority,
        interpreter_name=one.interpreter_name,
        minor_basis=one.minor_basis,
        exchange=one.exchange,
        single_use=one.single_use,
        about=one.about,
        group=one.group,
    )


def _paper(vault: Vault, client_id: UUID, one: facts.StatementRequest, draft: StatementDraft) -> StatementDraft:
    """What only the register can add: the statement a revocation names, the code of an agreement on screens."""
    if draft.family is Family.ELECTRONIC_RECORDS:
        return replace(draft, access_code=f"{secrets.randbelow(10_000):04}")
    if draft.family is not Family.REVOCATION:
        return draft
    found = named(vault, client_id, one.about)
    return replace(draft, about=found.ref, recipient=draft.recipient or found.recipient, revoked=found.revoked)


def _acknowledgment(
    form: facts.FormChoice, language: Language, identity: Identity, discloser: Discloser, today: dt.date
) -> StatementDraft:
    return StatementDraft(
        family=form.family,
        language=language,
        form_id=form.form_id,
        form_version=form.form_version,
        identity=identity,
        discloser=discloser,
        effective_from=today,
    )


def _interpreter(request: facts.PacketRequest) -> str | None:
    """Who interprets in this sitting: who interprets all that was asked for."""
    named = {one.interpreter_name for one in request.statements}
    return named.pop() if len(named) == 1 else None


def _acknowledging(asked: Sequence[Asked]) -> bool:
    return any(one.draft.family is Family.ACKNOWLEDGMENT for one in asked)


def _acknowledged(client_id: UUID, form: facts.FormChoice) -> bool:
    """Whether the client has this version in force, or on the way: a second one would be signed for nothing."""
    on_the_way = Q(state__in=[state.value for state in _ON_THE_WAY]) & ~Q(
        packet__state__in=[PacketState.FAILED.value, PacketState.WITHDRAWN.value]
    )
    return models.Statement.objects.filter(
        Q(state=StatementState.ACTIVE.value) | on_the_way,
        client_id=client_id,
        form_id=form.form_id,
        form_version=form.form_version,
    ).exists()
