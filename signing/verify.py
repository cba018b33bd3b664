"""Verify a statement: the file alone, the roots that are trusted, and the moment.

Danger: a verdict that is too kind is worse than none, and one that is too harsh on genuine files teaches people to
ignore it. Invariant: `accepted` is said only by the rule of `signing.acceptance`; a file whose bytes are all right
while its keys are unknown here is called intact but untrusted, never forged; a part-signed file is incomplete, never
rejected; and nothing is said of the law: the verdict tells whose keys and whose clock it rests on.

    verdict = verify(pdf, roots=[authority.root_der])
    if not verdict.accepted:
        for sentence in verdict.sentences("en"): ...

No network is used, no file is written, no exception leaves: what cannot be read is the outcome `unreadable`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from signing.acceptance import judge
from signing.facts import (
    Clock,
    FileFacts,
    Kind,
    Level,
    Outcome,
    Reading,
    Reason,
    ReasonCode,
    SignatureFacts,
    TimeSource,
    archive_revision,
    stamp_anchors,
)
from signing.roles import ORDER

__all__ = [
    "Clock",
    "Level",
    "Outcome",
    "Reading",
    "Reason",
    "ReasonCode",
    "Signature",
    "TimeSource",
    "Verdict",
    "verify",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One signature or archive stamp, as it is told to a person."""

    role: str
    """Name of the field: org_cert, client, …, org_seal, archive_ts_N."""
    is_stamp: bool
    signer_name: str
    subject: str
    issuer: str
    serial: str
    """Serial number of the certificate, hex."""
    certificate_sha256: str
    signed_at: datetime | None
    """UTC; None when the file gives no time at all."""
    time_source: TimeSource
    intact: bool
    """Its bytes are those that were signed, and what came after is permitted."""
    trusted: bool
    """Its certificate leads to a root that the caller trusts."""
    level: Level
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a file is, and what that rests on."""

    outcome: Outcome
    level: Level
    """The lowest level among the signers' signatures."""
    signatures: tuple[Signature, ...]
    """Oldest first."""
    unsigned: tuple[str, ...]
    """Fields that wait for a signature, in signing order (archive fields are a reserve and not listed)."""
    reasons: tuple[Reason, ...]
    """Everything that speaks against acceptance; empty exactly when accepted."""
    clock: Clock
    organization: str
    """Whose keys: name of the organization whose root all signers lead to ("" when it is not trusted here)."""
    root_sha256: str
    time_authority: str
    """Whose clock: subject of the time-stamp authority's certificate ("" without stamps)."""
    unasked: bool
    """An outside time-stamp authority names a place to ask whether it was revoked, and nobody was asked (offline)."""
    times_backwards: bool
    """A later signature bears an earlier time: a clock was wrong when it was made. What was signed is not in doubt."""
    sealed_at: datetime | None
    """Time of the last archive stamp (UTC)."""
    checked_at: datetime
    reading: Reading

    @property
    def accepted(self) -> bool:
        return self.outcome is Outcome.ACCEPTED

    @property
    def trusted(self) -> bool:
        """Every signer's key leads to one root that the caller trusts."""
        return bool(self.root_sha256)

    def sentences(self, language: str = "en") -> tuple[str, ...]:
        """The verdict in one to seven plain sentences, in English ("en") or Spanish ("es")."""
        from signing.explain import explain

        return explain(self, language)


def verify(
    pdf: bytes,
    *,
    roots: Sequence[bytes],
    now: datetime | None = None,
    expected: Sequence[str] | None = None,
    reading: Reading = Reading.PRESENT,
) -> Verdict:
    """Judge `pdf`.

    roots: DER certificates that are trusted: the organization's root, and that of an outside time-stamp authority;
        may be empty, then nothing can be better than intact but untrusted.
    now: the moment of verification, with a time zone (default: the machine's clock).
    expected: names of the fields that the caller knows to be signed, archive stamps included (the register's list);
        a file in which one of them is empty was cut back and is rejected.
    Raises ValueError when a root is no certificate or `now` has no time zone: mistakes of the caller, not of the file.
    """
    # late: half a second of imports that `confide --help` need not wait for
    from signing.evidence import gather
    from signing.roots import Roots
    from signing.structure import UnreadableError

    moment = datetime.now(UTC) if now is None else now
    if moment.tzinfo is None:
        raise ValueError("now needs a time zone")
    trusted = Roots.load(roots)
    try:
        facts = gather(bytes(pdf), trusted, now=moment, reading=reading)
    except UnreadableError as error:
        facts = FileFacts(fields=(), reasons=(error.reason,))
        outcome, reasons = Outcome.UNREADABLE, facts.reasons
    else:
        outcome, reasons = judge(facts, now=moment, expected=expected)
    root = _root(facts)
    return Verdict(
        outcome=outcome,
        level=min((_level(facts, found) for found in _signers(facts)), key=_LEVELS.index, default=Level.NONE),
        signatures=tuple(_told(facts, found, reasons) for found in facts.signatures),
        unsigned=tuple(role for role in ORDER if Reason(ReasonCode.NOT_SIGNED, role) in reasons),
        reasons=reasons,
        clock=_clock(facts, root),
        organization=trusted.organization(root),
        root_sha256=root,
        time_authority=_time_authority(facts),
        unasked=any(found.unasked or (found.stamp is not None and found.stamp.unasked) for found in facts.signatures),
        times_backwards=_times_backwards(facts),
        sealed_at=_sealed_at(facts),
        checked_at=moment,
        reading=reading,
    )


_LEVELS = tuple(Level)
_CLOCKS_APART = timedelta(minutes=5)
"""So far apart the clocks of two authorities, or of two machines, may be without being worth a word."""


def _signers(facts: FileFacts) -> list[SignatureFacts]:
    return [found for found in facts.signatures if found.kind is Kind.SIGNATURE]


def _root(facts: FileFacts) -> str:
    anchors = {found.anchor for found in _signers(facts)}
    return (anchors.pop() or "") if len(anchors) == 1 else ""


def _level(facts: FileFacts, found: SignatureFacts) -> Level:
    """By what the file carries; whether that is trusted is another question (ETSI EN 319 142-1 §6)."""
    last = archive_revision(facts)
    later_stamp = last is not None and last > found.revision
    if found.revocation_kept and later_stamp:
        return Level.ARCHIVED
    if found.stamp is None or not found.stamp.sound:
        return Level.BASIC
    return Level.LONG_TERM if found.revocation_kept else Level.TIMED


def _time(found: SignatureFacts) -> tuple[datetime | None, TimeSource]:
    if found.kind is Kind.STAMP:
        return found.stamped_at, TimeSource.TIME_STAMP
    if found.stamp is not None and found.stamp.sound:
        return found.stamp.time, TimeSource.TIME_STAMP
    if found.stamped_at is not None:
        return found.stamped_at, TimeSource.ARCHIVE_STAMP
    return found.claimed_at, TimeSource.CLAIMED


def _times_backwards(facts: FileFacts) -> bool:
    times = [when for found in facts.signatures if (when := _time(found)[0]) is not None]
    return any(later < earlier - _CLOCKS_APART for earlier, later in pairwise(times))


_NOT_INTACT = frozenset(
    {
        ReasonCode.CONTENT_ALTERED,
        ReasonCode.SIGNATURE_WRONG,
        ReasonCode.RANGE_WRONG,
        ReasonCode.CHANGED_AFTERWARDS,
        ReasonCode.CHANGED_AFTER_SEAL,
        ReasonCode.STAMP_WRONG,
        ReasonCode.SIGNATURE_UNREADABLE,
        ReasonCode.NOT_COVERED_TO_THE_END,
    }
)


def _told(facts: FileFacts, found: SignatureFacts, reasons: Sequence[Reason]) -> Signature:
    own = tuple(reason for reason in reasons if reason.field == found.field)
    when, source = _time(found)
    return Signature(
        role=found.field,
        is_stamp=found.kind is Kind.STAMP,
        signer_name=found.name,
        subject=found.subject,
        issuer=found.issuer,
        serial=found.serial,
        certificate_sha256=found.certificate_sha256,
        signed_at=when,
        time_source=source,
        intact=not any(reason.code in _NOT_INTACT for reason in own),
        trusted=found.anchor is not None,
        level=Level.NONE if found.kind is Kind.STAMP else _level(facts, found),
        reasons=own,
    )


def _clock(facts: FileFacts, root: str) -> Clock:
    anchors = [anchor for _, anchor in stamp_anchors(facts)]
    if not anchors:
        return Clock.NONE
    if None in anchors or not root:
        return Clock.UNKNOWN
    if root not in anchors:
        return Clock.INDEPENDENT
    last = archive_revision(facts)
    archived_by = next((found.anchor for found in facts.signatures if found.revision == last), root)
    return Clock.OWN if archived_by == root else Clock.MIXED


def _time_authority(facts: FileFacts) -> str:
    for found in reversed(facts.signatures):
        if found.kind is Kind.STAMP:
            return found.subject
        if found.stamp is not None:
            return found.stamp.authority
    return ""


def _sealed_at(facts: FileFacts) -> datetime | None:
    last = archive_revision(facts)
    return next((found.stamped_at for found in facts.signatures if last is not None and found.revision == last), None)
