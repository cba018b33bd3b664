"""Personal fields of the register: bytes under the data key of whoever they are about.

Danger: a field sealed for one place is moved to another row and opens there. Invariant: what is sealed is bound to its
owner and to its place (`context`), and opens nowhere else. When the owner's key is destroyed, every copy is noise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

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
