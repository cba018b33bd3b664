"""What must stand written of a disclosure in a medical emergency, where no consent could be had (42 CFR 2.51).

Danger: "emergency" becomes the word for whatever went without consent; or one is written down so that nobody can say
later who was told what. Invariant: it went to medical personnel, on one of the three grounds of the rule, which a
person says and the software never guesses; every fact of 2.51(c) is there, and none of it is in the future.

Source: 42 CFR 2.51(a)-(c), 2.16(b); 45 CFR 164.528(b)(2). Text of (a) and (b) from memory: counsel compares it.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from enum import StrEnum

from rules.finding import Finding, FindingCode, block


class EmergencyGround(StrEnum):
    """Why it could go without consent."""

    CONSENT_UNOBTAINABLE = "consent_unobtainable"
    """A bona fide medical emergency in which prior written consent cannot be obtained (2.51(a))."""
    CLOSED_BY_DISASTER = "closed_by_disaster"
    """The program is closed in a declared disaster, and cannot serve or ask (2.51(a))."""
    FDA_ERROR = "fda_error"
    """Medical personnel of the FDA, to warn of an error in a product (2.51(b))."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Emergency:
    """What the ledger keeps of an emergency beside its ordinary line, all of it sealed. The repr tells nobody."""

    ground: EmergencyGround | None
    """None: whoever tells it says that none holds."""
    to_medical_personnel: bool
    affiliation: str = field(repr=False)
    """The health care facility the medical personnel belong to; words that say there is none, where there is none."""
    disclosed_by: str = field(repr=False)
    """Who disclosed it, who need not be who writes it down."""
    nature: str = field(repr=False)
    """Of the emergency, or of the error where the FDA was told."""


def documented(
    told: Emergency, *, received_by: str, happened_at: dt.datetime, written_at: dt.datetime
) -> tuple[Finding, ...]:
    """V16 and V18 for an emergency: on a ground of 2.51, and documented as 2.51(c) wants; empty when it is."""
    return (*grounded(told), *_facts(told, received_by), *timely(happened_at, written_at))


def dump(told: Emergency) -> bytes:
    """UTF-8 JSON. Personal data: seal it."""
    return json.dumps(asdict(told), ensure_ascii=False, sort_keys=True).encode()


def load(data: bytes) -> Emergency:
    """What `dump` wrote. Raises `ValueError` without repeating it."""
    try:
        told = json.loads(data)
        return Emergency(**{**told, "ground": EmergencyGround(told["ground"])})
    except (ValueError, TypeError, KeyError):
        pass
    raise ValueError("these bytes are no emergency's")


def grounded(told: Emergency) -> Iterator[Finding]:
    """V16: on one of the grounds of 2.51, and to those whom it lets be told."""
    otherwise = "tell counsel today: what went without a basis may be a breach"
    if told.ground is None:
        sentence = f"Without one of the grounds this was no emergency of this rule; {otherwise}."
        yield block(FindingCode.V16, "ground", sentence, "42 CFR 2.51(a), (b), 2.16(b)")
    if not told.to_medical_personnel:
        sentence = f"In an emergency medical personnel may be told, and nobody else; {otherwise}."
        yield block(FindingCode.V16, "to_medical_personnel", sentence, "42 CFR 2.51(a), (b), 2.16(b)")


def _facts(told: Emergency, received_by: str) -> Iterator[Finding]:
    wanted = (
        ("received_by", received_by, "Name the medical personnel it was disclosed to.", "(1)"),
        ("affiliation", told.affiliation, "Say to which health care facility they belong, or that it is none.", "(1)"),
        ("disclosed_by", told.disclosed_by, "Name the person who disclosed it.", "(2)"),
        ("nature", told.nature, "Say what the emergency, or the error, was.", "(4)"),
    )
    for name, said, sentence, paragraph in wanted:
        if not said.strip():
            yield block(FindingCode.V18, name, sentence, f"42 CFR 2.51(c){paragraph}")


def timely(happened_at: dt.datetime, written_at: dt.datetime) -> Iterator[Finding]:
    """V18: its time has come when it is written down."""
    if happened_at > written_at:
        sentence = "This time has not come yet; say when it was disclosed."
        yield block(FindingCode.V18, "happened_at", sentence, "42 CFR 2.51(c)(3)")
