"""Read from a file what its signatures show, offline: the facts that `signing.acceptance` judges.

Danger: a validator that fetches what a certificate names lets a stranger's file make this machine call out; one that
skips what it does not understand accepts what it never looked at. Invariant: nothing is fetched (revocation data and
certificates come from the file, roots from the caller); every filled field is measured, and one that cannot be is an
unreadable signature, never a missing one and never an exception.

pyHanko calls its AdES API incubating; validation by it happens in this module and `signing.changes` only. All
questions about one signature are asked once, in the order integrity → trust now → proof at its own time.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise

from asn1crypto import cms, x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESPassed
from pyhanko.sign.diff_analysis import DiffResult, ModificationLevel
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation import EmbeddedPdfSignature, async_validate_pdf_signature, async_validate_pdf_timestamp
from pyhanko.sign.validation.ades import ades_lta_validation
from pyhanko.sign.validation.generic_cms import extract_tst_data_iter
from pyhanko.sign.validation.policy_decl import (
    PdfSignatureValidationSpec,
)
from pyhanko.sign.validation.status import (
    DocumentTimestampStatus,
    PdfSignatureStatus,
    SignatureCoverageLevel,
    TimestampSignatureStatus,
)
from pyhanko_certvalidator import CertificateValidator
from pyhanko_certvalidator.errors import PathError, RevokedError, ValidationError
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo

from signing.changes import statement_policy
from signing.facts import (
    CERTIFICATION,
    Change,
    Coverage,
    FileFacts,
    Kind,
    Reading,
    Reason,
    ReasonCode,
    SignatureFacts,
    Stamp,
)
from signing.roots import Roots
from signing.runner import run
from signing.structure import (
    Archive,
    FormField,
    UnreadableError,
    archive_of,
    fields_of,
    gap_is_the_signature,
    oddities,
    open_file,
)
from signing.trust import IF_DECLARED, IF_KNOWN_LATER, at, long_term, today

logger = logging.getLogger(__name__)
# the libraries' warnings quote certificate subjects, which are people's names; what matters comes back as a reason
for _library in ("pyhanko", "pyhanko_certvalidator"):
    logging.getLogger(_library).setLevel(logging.CRITICAL + 1)

_LARGEST_SIGNATURE = 256 * 1024

_COVERAGE = {
    SignatureCoverageLevel.ENTIRE_FILE: Coverage.FILE,
    SignatureCoverageLevel.ENTIRE_REVISION: Coverage.REVISION,
}
_CHANGE = {
    ModificationLevel.NONE: Change.NOTHING,
    ModificationLevel.LTA_UPDATES: Change.PROOF_ONLY,
    ModificationLevel.FORM_FILLING: Change.FORM_FILLING,
}


@dataclass(slots=True, kw_only=True)
class _Examination:
    """One file under examination at one moment."""

    pdf: bytes
    reader: PdfFileReader
    roots: Roots
    now: datetime
    archive: Archive
    reasons: list[Reason]
    chain_proven: bool = False
    """pyHanko followed the chain of archive stamps back from the last one."""
    found: list[tuple[EmbeddedPdfSignature, SignatureFacts]] = field(default_factory=list)

    async def examine(self, embedded: EmbeddedPdfSignature) -> None:
        """Measure one signature."""
        stamp = embedded.sig_object_type == "/DocTimeStamp"
        self.found.append((embedded, await (self._stamp(embedded) if stamp else self._signature(embedded))))

    async def _signature(self, embedded: EmbeddedPdfSignature) -> SignatureFacts:
        facts = _common(self, embedded, Kind.SIGNATURE)
        status = await async_validate_pdf_signature(embedded, today(self.roots, self.archive, self.now), skip_diff=True)
        facts = replace(facts, intact=status.intact, sound=status.valid, trusted_now=status.trusted)
        return replace(facts, stamp=await self._attached(embedded, status))

    async def prove(self) -> None:
        """Ask whether each signature is provable at its own time; only of a file whose bytes are all right."""
        if not all(_whole(facts) for _, facts in self.found):
            return
        for index, (embedded, facts) in enumerate(self.found):
            if facts.kind is Kind.SIGNATURE and facts.anchor is not None:
                with _noting(self.reasons, ReasonCode.SIGNATURE_UNREADABLE, facts.field):
                    self.found[index] = embedded, await self._by_ades(embedded, facts)
        # followed back from the last stamp, each judged now or at the time that the next one proves
        proven = self.chain_proven or await self._followed_back()
        for index, (embedded, facts) in enumerate(self.found):
            if facts.kind is Kind.STAMP:
                self.found[index] = embedded, replace(facts, provable=proven and not facts.revoked)
        for index, (embedded, facts) in enumerate(self.found):
            alone = facts.stamp is None or not (self.chain_proven or facts.stamp.revoked)
            if facts.kind is Kind.SIGNATURE and alone and not facts.provable:
                with _noting(self.reasons, ReasonCode.SIGNATURE_UNREADABLE, facts.field):
                    self.found[index] = embedded, await self._by_archive_stamp(embedded, facts)

    async def _followed_back(self) -> bool:
        """The chain of archive stamps by hand: the last is trusted now, each other was when the next was made.

        AdES wants archived revocation data about every authority whose certificate has run out; outside authorities
        leave none in the file. What is known about them was asked (`_revoked_then`).
        """
        stamps = [(embedded, facts) for embedded, facts in self.found if facts.kind is Kind.STAMP]
        if not stamps or not stamps[-1][1].trusted_now or any(facts.revoked for _, facts in stamps):
            return False
        for (embedded, _), (_, following) in pairwise(stamps):
            if following.stamped_at is None:
                return False
            context = today(self.roots, self.archive, following.stamped_at)
            status = await async_validate_pdf_timestamp(embedded, context, skip_diff=True)
            if not status.trusted:
                return False
        return True

    async def _by_ades(self, embedded: EmbeddedPdfSignature, facts: SignatureFacts) -> SignatureFacts:
        timing = ValidationTimingInfo(
            validation_time=self.now, best_signature_time=self.now, point_in_time_validation=False
        )
        result = await ades_lta_validation(
            embedded, PdfSignatureValidationSpec(long_term(self.roots), diff_policy=None), timing
        )
        self.chain_proven |= result.oldest_evidence_record_timestamp is not None
        indication = result.ades_subindic
        if indication is AdESPassed.OK:
            return replace(facts, provable=facts.stamp is None or not facts.stamp.revoked)
        name, status = indication.standard_name, result.api_status
        return replace(facts, provable_detail=name, revoked=bool(status and status.revoked))

    async def _stamp(self, embedded: EmbeddedPdfSignature) -> SignatureFacts:
        facts = _common(self, embedded, Kind.STAMP)
        status: DocumentTimestampStatus = await async_validate_pdf_timestamp(
            embedded, today(self.roots, self.archive, self.now), skip_diff=True
        )
        certificate = embedded.signer_cert
        return replace(
            facts,
            intact=status.intact,
            sound=status.valid,
            trusted_now=status.trusted,
            revoked=await self._revoked_then(certificate, embedded.other_embedded_certs, status.timestamp),
            unasked=_unasked(certificate, self.archive),
            stamped_at=status.timestamp,
        )

    async def _attached(self, embedded: EmbeddedPdfSignature, status: PdfSignatureStatus) -> Stamp | None:
        attached: TimestampSignatureStatus | None = status.timestamp_validity
        if attached is None:
            return None
        token: cms.SignedData = next(extract_tst_data_iter(embedded.signer_info, signed=False))
        others = [choice.chosen for choice in token["certificates"] if isinstance(choice.chosen, x509.Certificate)]
        certificate = attached.signing_cert
        revoked = await self._revoked_then(certificate, others, attached.timestamp)
        return Stamp(
            time=attached.timestamp,
            authority=certificate.subject.human_friendly,
            sound=attached.intact and attached.valid,
            trusted=attached.trusted and not revoked,
            revoked=revoked,
            anchor=self.roots.anchor(certificate, [*others, *self.archive.certificates]),
            unasked=_unasked(certificate, self.archive),
        )

    async def _revoked_then(
        self, certificate: x509.Certificate, others: Sequence[x509.Certificate], moment: datetime
    ) -> bool:
        """Whether a stamp authority's certificate was revoked when it stamped, by what the file carries."""
        if not self.archive.answers_for(certificate):
            return False
        asked = CertificateValidator(
            certificate, others, validation_context=at(self.roots, self.archive, moment, IF_KNOWN_LATER)
        )
        try:
            await asked.async_validate_usage(  # type: ignore[no-untyped-call]
                {"digital_signature"}, {"time_stamping"}
            )
        except RevokedError:
            return True
        except (PathError, ValidationError):
            return False  # the answer does not fit; in force or not is asked elsewhere
        return False

    async def _by_archive_stamp(self, embedded: EmbeddedPdfSignature, facts: SignatureFacts) -> SignatureFacts:
        """A signature without a stamp of its own, or with one of an authority that AdES cannot follow back.

        The next archive stamp proves that it existed then; its certificate is judged at that moment by the revocation
        data that this very stamp covers.
        """
        for stamp, seen in self.found:
            later = seen.kind is Kind.STAMP and seen.provable and seen.revision > facts.revision
            if not later or seen.stamped_at is None:
                continue
            covered = archive_of(self.reader.get_historical_resolver(stamp.signed_revision))
            if not covered.answers_for(embedded.signer_cert):
                continue
            context = at(self.roots, covered, seen.stamped_at, IF_DECLARED)
            clock = today(self.roots, self.archive, seen.stamped_at)
            status = await async_validate_pdf_signature(embedded, context, clock, skip_diff=True)
            own = status.timestamp_validity
            held = status.trusted and (own is None or own.trusted)
            return replace(facts, provable=held, revoked=status.revoked, stamped_at=seen.stamped_at)
        return facts


def _unasked(certificate: x509.Certificate, archive: Archive) -> bool:
    named = certificate.ocsp_urls or certificate.crl_distribution_points
    return bool(named) and not archive.answers_for(certificate)


def _whole(facts: SignatureFacts) -> bool:
    right = facts.intact and facts.sound and (facts.stamp is None or facts.stamp.sound)
    return right and facts.coverage is not Coverage.WRONG and facts.change is not Change.BEYOND


def _common(file: _Examination, embedded: EmbeddedPdfSignature, kind: Kind) -> SignatureFacts:
    if len(embedded.pkcs7_content) > _LARGEST_SIGNATURE:
        raise ValueError("signature too large")
    embedded.compute_integrity_info(diff_policy=statement_policy())  # type: ignore[no-untyped-call]
    change, detail = _change(embedded)
    certificate = embedded.signer_cert
    subject = certificate.subject.native
    der = certificate.dump()
    return SignatureFacts(
        field=embedded.field_name,
        kind=kind,
        revision=embedded.signed_revision,
        intact=False,
        sound=False,
        coverage=_coverage(embedded, file.pdf),
        change=change,
        change_detail=detail,
        certifies=_certifies(embedded, file.reader),
        anchor=file.roots.anchor(certificate, [*embedded.other_embedded_certs, *file.archive.certificates]),
        revocation_kept=file.archive.answers_for(certificate),
        claimed_at=embedded.self_reported_timestamp,
        # as certified; /Name in the signature is whatever the signing program wrote
        name=str(subject.get("common_name") or embedded.sig_object.get("/Name", "")),
        subject=certificate.subject.human_friendly,
        issuer=certificate.issuer.human_friendly,
        serial=format(certificate.serial_number, "x"),
        certificate_sha256=hashlib.sha256(der).hexdigest(),
        issued_for=str(subject.get("title", "")),
        expires=certificate.not_valid_after,
    )


def _coverage(embedded: EmbeddedPdfSignature, pdf: bytes) -> Coverage:
    ranges = [int(number) for number in embedded.byte_range]
    if not gap_is_the_signature(pdf, ranges, embedded.pkcs7_content):
        return Coverage.WRONG
    return _COVERAGE.get(embedded.evaluate_signature_coverage(), Coverage.WRONG)


def _change(embedded: EmbeddedPdfSignature) -> tuple[Change, str]:
    difference = embedded.diff_result
    if not isinstance(difference, DiffResult):
        return Change.BEYOND, "" if difference is None else _first_line(str(difference))
    if not embedded.summarise_integrity_info()["docmdp_ok"]:
        return Change.BEYOND, "more than this signature permits"
    return _CHANGE.get(difference.modification_level, Change.BEYOND), ""


def _first_line(text: str) -> str:
    return text.splitlines()[0][:160] if text else ""


def _certifies(embedded: EmbeddedPdfSignature, reader: PdfFileReader) -> bool:
    root = reader.root
    if "/Perms" not in root or "/DocMDP" not in root["/Perms"]:
        return False
    same = root["/Perms"].raw_get("/DocMDP") == embedded.sig_field.raw_get("/V")
    return bool(same) and embedded.docmdp_level is MDPPerm.FILL_FORMS


def gather(pdf: bytes, roots: Roots, *, now: datetime, reading: Reading = Reading.PRESENT) -> FileFacts:
    """Read what `pdf` shows at the moment `now` (UTC). Raises UnreadableError when it cannot be read at all."""
    return run(_gather(pdf, open_file(pdf), roots, now, reading))


async def _gather(pdf: bytes, reader: PdfFileReader, roots: Roots, now: datetime, reading: Reading) -> FileFacts:
    reasons: list[Reason] = []
    form: list[FormField] = []
    archive = Archive()
    with _noting(reasons, ReasonCode.DAMAGED):
        reasons.extend(oddities(pdf, reader))
        form = fields_of(reader)
    with _noting(reasons, ReasonCode.ARCHIVE_UNREADABLE):
        archive = archive_of(reader)
    filled = [entry for entry in form if entry.filled and entry.is_signature]
    embedded: list[EmbeddedPdfSignature] = []
    for entry in filled:
        with _noting(reasons, ReasonCode.SIGNATURE_UNREADABLE, entry.name):
            embedded.append(EmbeddedPdfSignature(reader, entry.dictionary, entry.name))
    embedded.sort(key=lambda signature: int(signature.signed_revision))
    moment = _moment(embedded, now, reading)
    examination = _Examination(pdf=pdf, reader=reader, roots=roots, now=moment, archive=archive, reasons=reasons)
    for signature in embedded:
        with _noting(reasons, ReasonCode.SIGNATURE_UNREADABLE, signature.field_name):
            await examination.examine(signature)
    await examination.prove()
    signatures = tuple(facts for _, facts in examination.found)
    certified: tuple[str, ...] | None = None
    with _noting(reasons, ReasonCode.DAMAGED):
        certified = _certified_fields(reader, signatures)
    return FileFacts(
        fields=tuple(entry.name for entry in form if entry.is_signature),
        other_fields=tuple(entry.name for entry in form if not entry.is_signature),
        signed=tuple(entry.name for entry in filled),
        certified_fields=certified,
        signatures=signatures,
        reasons=tuple(reasons),
    )


@contextmanager
def _noting(reasons: list[Reason], code: ReasonCode, name: str = "") -> Iterator[None]:
    """Turn whatever a parser raises over a stranger's bytes into a reason against the file."""
    try:
        yield
    except UnreadableError as error:
        reasons.append(error.reason)
    except Exception as error:  # noqa: BLE001  # pyHanko and asn1crypto raise anything over hostile bytes
        logger.debug("%s: %s", code.value, type(error).__name__)
        reasons.append(Reason(code, name, type(error).__name__))


def _moment(embedded: Sequence[EmbeddedPdfSignature], now: datetime, reading: Reading) -> datetime:
    """The moment at which proofs are judged: now, or (by request) the time of the last archive stamp."""
    if reading is Reading.PROVEN_TIME:
        for signature in reversed(embedded):
            if signature.sig_object_type == "/DocTimeStamp":
                token = signature.signed_data["encap_content_info"]["content"].parsed
                stamped: datetime = token["gen_time"].native
                return min(now, stamped)
    return now


def _certified_fields(reader: PdfFileReader, signatures: Sequence[SignatureFacts]) -> tuple[str, ...] | None:
    for signature in signatures:
        if signature.field == CERTIFICATION and signature.certifies:
            revision = reader.get_historical_resolver(signature.revision)
            return tuple(entry.name for entry in fields_of(revision) if entry.is_signature)
    return None
