"""Personal fields of the register: bytes under the data key of whoever they are about, or of the statement they are in.

What a statement says has a key of the statement's own, so that it goes with its record: under the client's key it would
be readable, in every older copy of the database, until the client's last record is gone.

Danger: a field sealed for one place is moved to another row and opens there. Invariant: what is sealed is bound to its
owner and to its place (`context`), and opens nowhere else. When the owner's key is destroyed, every copy is noise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from storage.errors import KeyNotFound, Tampered

if TYPE_CHECKING:
    from storage.vault import Vault


def seal(vault: Vault, owner: UUID, context: str, data: bytes) -> bytes:
    """Ciphertext of `data` under the owner's data key, which is made when there is none yet."""
    return vault.seal_field(owner.hex, context, data)


def open_sealed(vault: Vault, owner: UUID, context: str, sealed: bytes | memoryview) -> bytes:
    """What was sealed for this owner and this place.

    Raises:
        StorageError: the key is gone, or the bytes are not what was sealed here.
    """
    return vault.open_field(owner.hex, context, bytes(sealed))


def open_about(vault: Vault, statement_id: UUID, client_id: UUID, context: str, sealed: bytes | memoryview) -> bytes:
    """What was sealed about one statement: under its own key or, from before statements had one, under the client's.

    Raises:
        StorageError: as `open_sealed`.
    """
    try:
        return open_sealed(vault, statement_id, context, sealed)
    except (KeyNotFound, Tampered):
        return open_sealed(vault, client_id, context, sealed)
