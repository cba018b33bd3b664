"""When a signed statement counts as accepted: the rule alone, on facts read elsewhere.

Danger: no single check of a signature library is sufficient. "Valid" says nothing of what was appended, AdES says
nothing of altered pages, and the common "bottom line" turns false for every genuine file on the day its one-time
certificates run out. A file cut back to an older genuine revision is flawless to every one of them.

Invariant: a file is accepted only when *every* condition below holds; whatever cannot be shown counts against it.
  1. the signature fields are those of the certified document, each of a known role, none added, removed or doubled;
  2. every one of them is signed, in the order certification, persons, witness, seal (archive fields are a reserve);
  3. each signature and stamp is intact, covers its whole revision, and nothing beyond what it permits came after it:
     form filling by later signers, after the seal nothing but proof (revocation data, stamps);
  4. all signers' certificates lead to one trusted root, and each signature is provable at its own time (AdES-LTA);
  5. each time stamp is intact and trusted, and the last archive stamp covers the file to its last byte.

Nothing here reads a file, a clock or a network. Source of the rule: ETSI EN 319 102-1 (AdES), ETSI EN 319 142-1
(PAdES levels), ISO 32000-2 §12.8 (certification, incremental updates).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from signing.facts import (
    CERTIFICATION,
    SEAL,
    Change,
    Coverage,
    FileFacts,
    Kind,
    Outcome,
    Reason,
    ReasonCode,
    SignatureFacts,
    archive_revision,
    stamp_anchors,
)
from signing.roles import ARCHIVE_PREFIX, ORDER, Role

_R = ReasonCode
_CLOCK_TOLERANCE = timedelta(minutes=5)
_RANK: Mapping[str, int] = {role.value: rank for rank, role in enumerate(ORDER)}
_ARCHIVE = re.compile(re.escape(ARCHIVE_PREFIX) + r"([1-9][0-9]?)")
OUTCOME_OF: Mapping[ReasonCode, Outcome] = {
    **dict.fromkeys(ReasonCode, Outcome.REJECTED),
    **dict.fromkeys((_R.NOT_A_PDF, _R.TOO_LARGE, _R.TOO_COMPLEX, _R.ENCRYPTED, _R.DAMAGED), Outcome.UNREADABLE),
    **dict.fromkeys((_R.UNKNOWN_ROOT, _R.UNKNOWN_TIME_AUTHORITY, _R.CLOCK_BEHIND), Outcome.INTACT_UNTRUSTED),
    _R.NOT_SIGNED: Outcome.INCOMPLETE,
    _R.NO_ARCHIVE_STAMP: Outcome.SEALED_WITHOUT_TIME,
}
"""What one reason makes of the whole file. A code that is not named rejects: forgetting one must never accept."""

_SEVERITY = {outcome: rank for rank, outcome in enumerate(Outcome)}


def is_archive(name: str) -> bool:
    """Whether a field is reserved for an archive stamp."""
    return _ARCHIVE.fullmatch(name) is not None


def judge(
    facts: FileFacts, *, now: datetime, expected: Sequence[str] | None = None
) -> tuple[Outcome, tuple[Reason, ...]]:
    """Apply the rule.

    facts: what was read; now: the moment of verification (UTC); expected: names of the fields that the caller knows
    to have been signed (the register's list); one that is missing or empty here means the file was cut back.
    Returns the outcome and everything that speaks against acceptance (empty exactly when accepted).
    """
    reasons = tuple(dict.fromkeys(_reasons(facts, now, expected)))
    outcome = max((OUTCOME_OF[reason.code] for reason in reasons), key=_SEVERITY.__getitem__, default=Outcome.ACCEPTED)
    return outcome, reasons


def _reasons(facts: FileFacts, now: datetime, expected: Sequence[str] | None) -> Iterator[Reason]:
    yield from facts.reasons
    yield from _form(facts)
    yield from _completeness(facts, expected or ())
    yield from _order(facts)
    for signature in facts.signatures:
        yield from _integrity(signature)
    yield from _trust(facts)
    if not any(True for signature in facts.signatures for _ in _integrity(signature)):
        yield from _proof(facts, now)  # proof is asked of a file whose bytes are all right
    yield from _ending(facts)


def _form(facts: FileFacts) -> Iterator[Reason]:
    if not facts.fields:
        yield Reason(_R.NO_SIGNATURE_FIELDS)
        return
    for name in facts.other_fields:
        yield Reason(_R.FOREIGN_FIELD, name)
    for name, count in Counter(facts.fields).items():
        if count > 1:
            yield Reason(_R.DOUBLED_FIELD, name)
        if name not in _RANK and not is_archive(name):
            yield Reason(_R.FOREIGN_FIELD, name)
    for name in (CERTIFICATION, SEAL):
        if name not in facts.fields:
            yield Reason(_R.MISSING_FIELD, name)
    if not any(name in _RANK and name not in (CERTIFICATION, SEAL) for name in facts.fields):
        yield Reason(_R.MISSING_FIELD, Role.CLIENT)
    if not any(is_archive(name) for name in facts.fields):
        yield Reason(_R.MISSING_FIELD, f"{ARCHIVE_PREFIX}1")
    if facts.certified_fields is not None:
        for name in sorted(set(facts.fields) ^ set(facts.certified_fields)):
            yield Reason(_R.FIELDS_CHANGED, name)


def _completeness(facts: FileFacts, expected: Sequence[str]) -> Iterator[Reason]:
    signed = set(facts.signed)
    for name in facts.fields:
        if name not in signed and not is_archive(name):
            yield Reason(_R.NOT_SIGNED, name)
    for name in expected:
        if name not in signed:
            yield Reason(_R.EXPECTED_SIGNATURE_GONE, name)


def _order(facts: FileFacts) -> Iterator[Reason]:
    waiting = [_RANK[name] for name in facts.fields if name in _RANK and name not in facts.signed]
    latest, stamps, revisions = -1, 0, set()
    for signature in facts.signatures:
        name = signature.field
        if signature.revision in revisions:
            yield Reason(_R.OUT_OF_ORDER, name, "two signatures in one revision")
        revisions.add(signature.revision)
        if (name == CERTIFICATION) != signature.certifies:
            yield Reason(_R.NOT_CERTIFIED, name)
        if number := _ARCHIVE.fullmatch(name):
            stamps += 1
            if signature.kind is not Kind.STAMP:
                yield Reason(_R.WRONG_KIND, name)
            # a stamp before the certification proves nothing that counts; a gap means one was taken out
            if latest < 0 or int(number[1]) != stamps:
                yield Reason(_R.OUT_OF_ORDER, name)
        elif name in _RANK:
            rank = _RANK[name]
            if signature.kind is not Kind.SIGNATURE:
                yield Reason(_R.WRONG_KIND, name)
            if signature.issued_for in _RANK and signature.issued_for != name:
                yield Reason(_R.WRONG_CERTIFICATE, name, signature.issued_for)
            if rank < latest or any(open_rank < rank for open_rank in waiting):
                yield Reason(_R.OUT_OF_ORDER, name)
            latest = max(latest, rank)


def _integrity(signature: SignatureFacts) -> Iterator[Reason]:
    name = signature.field
    if not signature.intact:
        yield Reason(_R.CONTENT_ALTERED, name)
    if signature.coverage is Coverage.WRONG:
        yield Reason(_R.RANGE_WRONG, name)
    if not signature.sound:
        yield Reason(_R.STAMP_WRONG if signature.kind is Kind.STAMP else _R.SIGNATURE_WRONG, name)
    allowed = Change.PROOF_ONLY if signature.field == SEAL else Change.FORM_FILLING
    if signature.change > allowed:
        code = _R.CHANGED_AFTER_SEAL if signature.field == SEAL else _R.CHANGED_AFTERWARDS
        yield Reason(code, name, signature.change_detail)
    if signature.stamp is not None and not signature.stamp.sound:
        yield Reason(_R.STAMP_WRONG, name)


def _persons(facts: FileFacts) -> list[SignatureFacts]:
    return [signature for signature in facts.signatures if signature.kind is Kind.SIGNATURE]


def _trust(facts: FileFacts) -> Iterator[Reason]:
    anchors = {signature.anchor for signature in _persons(facts)}
    if None in anchors:
        if len(anchors) == 1:
            yield Reason(_R.UNKNOWN_ROOT)
        else:
            for signature in _persons(facts):
                if signature.anchor is None:
                    yield Reason(_R.MIXED_ISSUERS, signature.field)
    elif len(anchors) > 1:
        yield Reason(_R.MIXED_ISSUERS)
    for name, anchor in stamp_anchors(facts):
        if anchor is None:
            yield Reason(_R.UNKNOWN_TIME_AUTHORITY, name)


def _proof(facts: FileFacts, now: datetime) -> Iterator[Reason]:
    if any(anchor is None for _, anchor in stamp_anchors(facts)):
        return  # said already; without that authority's root nothing can be shown about any time
    if any(time > now + _CLOCK_TOLERANCE for time in _stamped(facts)):
        yield Reason(_R.CLOCK_BEHIND)  # every certificate would seem not yet valid: that is no forgery
        return
    archived = archive_revision(facts) is not None
    for signature in facts.signatures:
        if signature.anchor is None or signature.provable:
            continue
        if signature.kind is Kind.STAMP:
            yield Reason(_R.STAMP_NOT_VALID, signature.field, signature.provable_detail)
        elif archived or not signature.trusted_now or signature.revoked or _stamp_fails(signature):
            yield _why_not_provable(signature, now)


def _stamped(facts: FileFacts) -> Iterator[datetime]:
    for signature in facts.signatures:
        if signature.stamp is not None:
            yield signature.stamp.time
        elif signature.kind is Kind.STAMP and signature.stamped_at is not None:
            yield signature.stamped_at


def _stamp_fails(signature: SignatureFacts) -> bool:
    return signature.stamp is not None and not signature.stamp.trusted


def _why_not_provable(signature: SignatureFacts, now: datetime) -> Reason:
    if signature.revoked:
        return Reason(_R.REVOKED, signature.field)
    if _stamp_fails(signature):
        return Reason(_R.STAMP_NOT_VALID, signature.field, signature.provable_detail)
    if signature.trusted_now:
        return Reason(_R.NOT_PROVABLE, signature.field, signature.provable_detail)
    if signature.expires is not None and now > signature.expires:
        return Reason(_R.CERTIFICATE_RAN_OUT, signature.field, signature.provable_detail)
    return Reason(_R.CERTIFICATE_NOT_VALID, signature.field, signature.provable_detail)


def _ending(facts: FileFacts) -> Iterator[Reason]:
    if not facts.signatures:
        return
    last = facts.signatures[-1]
    if archive_revision(facts) is not None:
        if last.coverage is not Coverage.FILE:
            yield Reason(_R.NOT_COVERED_TO_THE_END, last.field)
        return
    # not archived yet: proof may be appended while the stamp is still to come, anything else may not
    if last.coverage is not Coverage.FILE and last.change > Change.PROOF_ONLY:
        yield Reason(_R.NOT_COVERED_TO_THE_END, last.field)
    if SEAL in facts.signed:
        yield Reason(_R.NO_ARCHIVE_STAMP)
