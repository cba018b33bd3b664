"""Papers of the house: no client's, signed by no person, sealed by the organization. They are no forms of the catalog.

Danger: a certificate that names those whose records it says are gone. Invariant: its fields hold counts, dates, hashes,
rules and the staff who decided; nothing of a client is among them (`flows.certificate` is the only one who fills it).

Each is a folder here with its Word file, drafted from `templates/drafting/papers`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

PAPERS: Final = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """One paper of the house, in the language of the house."""

    id: str
    version: str
    title: str
    language: str
    labels: Mapping[str, str]
    """Role to label of its signature places."""
    docx: bytes = field(repr=False)

    @property
    def sha256(self) -> str:
        """SHA-256 of its Word file, in hexadecimal."""
        return hashlib.sha256(self.docx).hexdigest()


@cache
def destruction_certificate() -> Paper:
    """The certificate of a disposal run. English only: it is read by auditors, counsel and courts."""
    return Paper(
        id="destruction-certificate",
        version="2026.11",
        title="Certificate of Destruction",
        language="en",
        labels=MappingProxyType({"org_seal": "Seal of the organization"}),
        docx=(PAPERS / "destruction-certificate" / "en.docx").read_bytes(),
    )
