"""Who signs where, and in which order: the state machine of the signature fields.

Danger: pyHanko happily signs a witness field before the client's, or after the seal (signing notes §1d); such a file
verifies and yet tells a false story. Invariant: a field is filled only when every field before it is filled, nothing is
signed after the seal, archival stamps fill their fields in number order. This module is pure: names in, decision out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from signing.errors import SigningCode, SigningError

ARCHIVE_PREFIX = "archive_ts_"
ARCHIVE_FIELDS = 6
"""Invisible fields for archival stamps. Three are needed in an ordinary life (part-signed, sealed, renewed once); a
field added later would be untagged and break PDF/UA, so the rest is for renewals."""


class Role(StrEnum):
    """A place for a signature; the value is the field's name in the file."""

    ORG_CERT = "org_cert"
    CLIENT = "client"
    REPRESENTATIVE = "representative"
    INTERPRETER = "interpreter"
    WITNESS = "witness"
    ORG_SEAL = "org_seal"


ORDER: tuple[Role, ...] = tuple(Role)
"""Order of signing, fixed: the witness saw the client sign, so signs after; the seal closes."""

VISIBLE: tuple[Role, ...] = tuple(role for role in ORDER if role is not Role.ORG_CERT)

PERSONS: tuple[Role, ...] = tuple(role for role in VISIBLE if role is not Role.ORG_SEAL)


def archive_field(number: int) -> str:
    """Name of the archival stamp field `number` (from 1)."""
    return f"{ARCHIVE_PREFIX}{number}"


def role_of(name: str) -> Role:
    """The role called `name`. Raises SigningError when there is none."""
    try:
        return Role(name)
    except ValueError:
        raise SigningError(
            SigningCode.PLACE_UNKNOWN,
            "There is no signature place of that name.",
            f"Use one of: {', '.join(VISIBLE)}.",
        ) from None


@dataclass(frozen=True, slots=True)
class Progress:
    """Which fields a file has, and which of them are filled."""

    fields: Mapping[str, bool]
    """Field name -> filled, in the order of the file."""

    @property
    def sealed(self) -> bool:
        """The organization's seal is on it (with or without an archival stamp)."""
        return self.fields.get(Role.ORG_SEAL, False)

    @property
    def signed_by_somebody(self) -> bool:
        """A person signed it, beside the organization."""
        return any(self.fields.get(role, False) for role in PERSONS)

    def require_turn(self, role: Role) -> None:
        """Refuse unless it is `role`'s turn. Raises SigningError."""
        if Role.ORG_CERT not in self.fields:
            raise SigningError(
                SigningCode.NOT_PREPARED,
                "This document has no signature fields.",
                "Prepare it before anyone signs.",
            )
        if role not in self.fields:
            raise SigningError(
                SigningCode.PLACE_MISSING,
                f"This document has no place for the {role} signature.",
                f"Add a picture with the alternative text sig:{role} to the form.",
            )
        if self.fields[role]:
            raise SigningError(
                SigningCode.ALREADY_SIGNED,
                f"The {role} place is already signed.",
                "Nothing needs to be done; a change needs a new statement.",
            )
        if self.sealed:
            raise SigningError(
                SigningCode.ALREADY_SEALED,
                "This document is sealed; nobody can sign it any more.",
                "Open a new statement instead.",
            )
        before = ORDER[: ORDER.index(role)]
        missing = [other for other in before if self.fields.get(other) is False]
        if missing:
            raise SigningError(
                SigningCode.OUT_OF_ORDER,
                f"The {role} cannot sign yet.",
                f"First must sign: {', '.join(missing)}.",
            )

    def free_archive_field(self) -> str:
        """The next archival stamp field. Raises SigningError when all are used."""
        taken: Collection[str] = {name for name, filled in self.fields.items() if filled}
        for name in self.fields:
            if name.startswith(ARCHIVE_PREFIX) and name not in taken:
                return name
        raise SigningError(
            SigningCode.NO_ARCHIVE_FIELD,
            "Every archival stamp field of this document is used.",
            "Keep the record as it is and ask the maintainers: a further stamp needs a decision.",
        )
