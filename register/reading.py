"""How a statement's row is read: as a frozen value, and as the draft that is sealed in it.

For the verbs of this room only; other rooms ask `statements`.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from django.db.models import Prefetch, QuerySet

from register import facts, models, sealed
from register.vocabulary import SealingState
from rules import draft as drafts
from rules.draft import StatementDraft
from rules.vocabulary import Family, Language, Proof, SignerRole, StatementState

if TYPE_CHECKING:
    from storage.vault import Vault

DRAFT = "statement-draft"
"""The sealed field's place; with the statement's id it binds a draft to its row."""
_MISREAD = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
PERSONS = frozenset({SignerRole.CLIENT, SignerRole.REPRESENTATIVE, SignerRole.INTERPRETER, SignerRole.WITNESS})
"""The roles a human being signs in; the organization certifies and seals by itself."""


def rows() -> QuerySet[models.Statement]:
    """Statements with what `fact` reads, in two queries however many they are."""
    acts = Prefetch("signings", queryset=models.Signing.objects.order_by("order"))
    return models.Statement.objects.select_related("working_object").prefetch_related(acts)


def open_draft(vault: Vault, row: models.Statement) -> StatementDraft:
    """The sealed draft in clear, without a line in the log."""
    return drafts.load(sealed.open_about(vault, row.id, row.client_id, f"{DRAFT}/{row.id}", row.sealed_draft))


def missing_signers(statement: facts.Statement) -> tuple[SignerRole, ...]:
    """The persons who have not signed yet, in signing order."""
    return tuple(role for role in statement.signers if role in PERSONS and role not in statement.signed)


def new_ref() -> str:
    """A fresh reference of sixty random bits, without letters that are misread."""
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(12))
    return f"{letters[:4]}-{letters[4:8]}-{letters[8:]}"


def plain_ref(ref: str) -> str:
    """A printed reference as it stands in the register, however it was typed in."""
    plain = ref.upper().translate(_MISREAD)
    return "-".join((plain[:4], plain[4:8], plain[8:]))


def fact(row: models.Statement) -> facts.Statement:
    """The row as other rooms see it; give it a row of `rows()`."""
    return facts.Statement(
        statement_id=row.id,
        ref=row.ref,
        packet_id=row.packet_id,
        client_id=row.client_id,
        position=row.position,
        form_id=row.form_id,
        form_version=row.form_version,
        form_sha256=row.form_sha256,
        language=Language(row.language),
        family=Family(row.family),
        organization_id=row.organization_id,
        state=StatementState(row.state),
        proof=Proof(row.proof),
        revision=row.revision,
        retention_class=row.retention_class,
        signers=tuple(SignerRole(role) for role in row.signers),
        signed=tuple(SignerRole(act.role) for act in row.signings.all()),
        working_object_id=row.working_object_id,
        working_version_id=row.working_object.version_id if row.working_object else None,
        document_sha256=row.document_sha256,
        pages=row.pages,
        sealing=SealingState(row.sealing),
        sealing_attempts=row.sealing_attempts,
        sealing_failed_step=row.sealing_failed_step,
        sealing_failed_code=row.sealing_failed_code,
        presented_at=row.presented_at,
        signed_at=row.signed_at,
        activated_at=row.activated_at,
        ended_at=row.ended_at,
        expires_on=row.expires_on,
    )
