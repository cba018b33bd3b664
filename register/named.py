"""Which statement a revocation names: found by its printed id among this client's own, and told as the rules need it.

Danger: a revocation that reaches another client's statement, or that prints an organization the statement never named.
Invariant: only statements of the same client are found, and what is printed is what that statement says as it was
signed. Nothing here writes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from register import agency, models, reading
from rules.draft import Recipient, Revoked
from rules.vocabulary import Family, StatementState

if TYPE_CHECKING:
    from storage.vault import Vault


@dataclass(frozen=True, slots=True)
class Named:
    """The statement that a short id names, as a revocation of it needs it."""

    ref: str
    """As it is printed; what was asked for when there is none."""
    recipient: Recipient | None
    revoked: Revoked | None
    """None: this client has no statement of that id."""


def named(vault: Vault, client_id: UUID, asked: str) -> Named:
    """The client's statement with this short id; hyphens, case and letters misread for digits make no difference."""
    ref = reading.plain_ref(asked)
    row = models.Statement.objects.filter(ref=ref, client_id=client_id).first()
    if row is None:
        return Named(asked.strip(), None, None)
    draft = reading.open_draft(vault, row)
    revoked = Revoked(
        family=Family(row.family),
        state=StatementState(row.state),
        signed_on=agency.today(row.signed_at) if row.signed_at else None,
        organization_id=row.organization_id,
        revocable=draft.revocable,
    )
    return Named(ref, draft.recipient, revoked)
