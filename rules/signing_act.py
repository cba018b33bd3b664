"""Judges the act of signing, the moment before it is done (V15, V19).

Danger: a signature under bytes the signer never saw, or from a person who was never asked whether a screen is all
right, proves nothing. Invariant: the bytes signed are the bytes shown, every page of them, to someone who agreed to
electronic records in their current wording and was offered paper.

Source: 15 USC 7001(c), 7006(5); NY STL 302(3); 9 NYCRR 540.1(d); house invariant 2.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from rules.finding import Finding, FindingCode, block


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningAct:
    """What is known of one act of signing, the moment before it is done."""

    shown_sha256: str
    """SHA-256 (hex) of the bytes the signer was shown."""
    pages: int
    """How many pages those bytes have."""
    pages_viewed: frozenset[int]
    """Pages the signer was shown, counted from 1."""
    electronic_records_version: str | None
    """Version of the electronic-records text the signer agreed to; None when they did not."""
    paper_offered: bool
    """Signing on paper was offered."""
    access_code: str = ""
    """The code that the signer read in the document; only the form of electronic records has one."""


def check_signing(
    act: SigningAct, *, to_sign: bytes, electronic_records_current: str, access_code: str = ""
) -> tuple[Finding, ...]:
    """V15 and V19 for one act: the bytes signed are the bytes shown, all of them, by someone who chose to sign here.

    `to_sign`: the bytes about to be signed. `electronic_records_current`: the version in force, that of the form of
    electronic records. `access_code`: the code printed in the document, "" where it has none.
    """
    findings: list[Finding] = []
    if hashlib.sha256(to_sign).hexdigest() != act.shown_sha256.lower():
        findings.append(
            block(
                FindingCode.V15,
                "act.shown_sha256",
                "The document changed after it was shown; show it again from the first page.",
                "15 USC 7006(5); NY STL 302(3); house invariant 2",
            )
        )
    esign = "15 USC 7001(c); 9 NYCRR 540.1(d)"
    if act.electronic_records_version is None:
        findings.append(
            block(
                FindingCode.V19,
                "act.electronic_records_version",
                "The signer has not agreed to sign on a screen.",
                esign,
            )
        )
    elif act.electronic_records_version != electronic_records_current:
        findings.append(
            block(
                FindingCode.V19,
                "act.electronic_records_version",
                "The signer agreed to an older text about electronic records; show them the current one.",
                esign,
            )
        )
    if act.pages < 1 or not act.pages_viewed.issuperset(range(1, act.pages + 1)):
        findings.append(block(FindingCode.V19, "act.pages_viewed", "Not every page has been shown yet.", esign))
    if not act.paper_offered:
        findings.append(block(FindingCode.V19, "act.paper_offered", "Offer to sign on paper first.", esign))
    if act.access_code.strip() != access_code:
        findings.append(
            block(
                FindingCode.V19,
                "act.access_code",
                "The code is not the one in the document; let the signer find it there, on the screen they read it on.",
                "15 USC 7001(c)(1)(C)(ii)",
            )
        )
    return tuple(findings)
