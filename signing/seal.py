"""The end of the chain: the organization's seal, the revocation data of all signers, the archival time stamp (B-LTA).

Danger: thirty days after a signature its certificate is over, and what was not archived by then can never be proven;
pyHanko's own shortcut archives the data of the last signer only (signing notes §1b), which shows after a month.
Invariant: one revision writes, for every signature not archived yet, an OCSP answer made after that signature and all
certificates, and in the same bytes the archival stamp over them; a signature whose window is closed stops the verb.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from asn1crypto import ocsp, x509
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign.general import SigningError as PyHankoError
from pyhanko.sign.signers.pdf_signer import PdfTimeStamper
from pyhanko.sign.validation.dss import DocumentSecurityStore

from signing import runner
from signing.appearance import Appearance
from signing.authority import Authority, aware
from signing.chain import Signed, add_signature
from signing.errors import SigningCode, SigningError, StampUnavailable
from signing.keys import SigningKey
from signing.opened import Opened, open_file, unreadable
from signing.roles import Role
from signing.timestamp import Stamper

_SEALED = {"en": "Sealed as complete", "es": "Sellado como completo"}


class SealLevel(StrEnum):
    """What the seal can prove."""

    SEALED = "sealed"
    """Archived: provable for decades, offline (PAdES B-LTA)."""
    SEALED_WITHOUT_TIME = "sealed_without_time"
    """No archival stamp yet; upkeep must fetch one within thirty days of the first signature."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A sealed file."""

    pdf: bytes = field(repr=False)
    level: SealLevel
    certificate_sha256: str
    """SHA-256 of the seal's certificate, hex; empty when the verb added no seal."""
    serial: str
    archive_field: str
    """Field of the archival stamp; empty without one."""
    sha256: str
    """SHA-256 of `pdf`, hex."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """When upkeep must act on a file."""

    window_ends: datetime | None
    """The first certificate of a signature not archived yet runs out; None when all are archived."""
    archive_ends: datetime | None
    """The last archival stamp's certificate runs out; None without one."""


def seal(
    pdf: bytes,
    authority: Authority,
    stamper: Stamper,
    *,
    appearance: Appearance | None,
    now: datetime,
    key: SigningKey | None = None,
    act_id: str = "",
) -> Sealed:
    """Seal a file that everybody signed, and archive it. Without a time stamp: `sealed_without_time`, to be upgraded.

    Raises SigningError when a signature is missing, the file was touched, or a signer's thirty days are over.
    """
    opened = open_file(pdf)
    opened.progress.require_turn(Role.ORG_SEAL)
    opened.require_genuine(authority)
    opened.require_windows(aware(now))
    signed = _add_seal(opened, authority, stamper, appearance, now, key, act_id)
    if signed.stamped:
        try:
            archived, field = _archive(open_file(signed.pdf), authority, stamper, now)
            return _sealed(archived, SealLevel.SEALED, field, signed)
        except StampUnavailable:  # the authority went silent between two stamps: said below by the level
            pass
    return _sealed(signed.pdf, SealLevel.SEALED_WITHOUT_TIME, "", signed)


def upgrade(pdf: bytes, authority: Authority, stamper: Stamper, *, now: datetime) -> Sealed:
    """Archive a file that was `sealed_without_time`. Raises StampUnavailable, or SigningError when it is too late."""
    opened = open_file(pdf)
    if not opened.progress.sealed:
        raise SigningError(SigningCode.NOT_SEALED, "The document is not sealed yet.", "Seal it first.")
    opened.require_genuine(authority)
    if not opened.unarchived():
        raise SigningError(
            SigningCode.NOTHING_TO_ARCHIVE, "The document is archived already.", "Nothing needs to be done."
        )
    archived, field = _archive(opened, authority, stamper, now)
    return _sealed(archived, SealLevel.SEALED, field)


def stamp_part_signed(pdf: bytes, authority: Authority, stamper: Stamper, *, now: datetime) -> bytes:
    """Archive the signatures so far of a file that still waits for others (upkeep, day 20 of 30).

    Others may sign later, and the seal brings the rest. Raises StampUnavailable or SigningError.
    """
    opened = open_file(pdf)
    if opened.progress.sealed:
        raise SigningError(
            SigningCode.ALREADY_SEALED, "The document is sealed already.", "Upgrade or renew it instead."
        )
    opened.require_genuine(authority)
    if not opened.unarchived():
        raise SigningError(
            SigningCode.NOTHING_TO_ARCHIVE,
            "No signature waits for an archival stamp.",
            "Nothing needs to be done.",
        )
    return _archive(opened, authority, stamper, now)[0]


def renew(pdf: bytes, authority: Authority, stamper: Stamper, *, now: datetime) -> bytes:
    """A further archival stamp over an archived file, before the last one's certificate (or algorithm) runs out.

    Raises StampUnavailable, or SigningError when it is too late, no field is left, or the stamp would not last longer.
    """
    opened = open_file(pdf)
    opened.require_genuine(authority)
    if not opened.archival or opened.unarchived():
        raise SigningError(
            SigningCode.NOT_SEALED, "The document has no archival stamp over all of it.", "Upgrade it first."
        )
    if opened.archival[-1].certificate.not_valid_after <= aware(now):
        raise SigningError(
            SigningCode.WINDOW_CLOSED,
            "The certificate of the last archival stamp has run out; its proof cannot be prolonged.",
            "Keep the record and its stored hash; ask counsel what else proves it.",
        )
    # a stamp's certificate that has run out is believed only with an answer about it under the next stamp
    stamps = {trace.certificate.dump() for trace in opened.archival}
    answers = [authority.status(der, now=now) for der in sorted(stamps) if authority.issued(der)]
    renewed = _archive(opened, authority, stamper, now, answers)[0]
    # a nightly renewal that gains nothing would use up the archive fields within a week
    if open_file(renewed).archival[-1].certificate.dump() == opened.archival[-1].certificate.dump():
        raise SigningError(
            SigningCode.STAMP_NOT_LONGER,
            "A new stamp would last no longer than the one the document has.",
            "Renew the time-stamp authority (or choose another) first, then the documents.",
        )
    return renewed


def deadlines(pdf: bytes) -> Deadlines:
    """When upkeep must act on this file; reads only."""
    opened = open_file(pdf)
    return Deadlines(
        window_ends=opened.window_ends,
        archive_ends=opened.archival[-1].certificate.not_valid_after if opened.archival else None,
    )


def _add_seal(
    opened: Opened,
    authority: Authority,
    stamper: Stamper,
    appearance: Appearance | None,
    now: datetime,
    key: SigningKey | None,
    act_id: str,
) -> Signed:
    act = authority.issue(authority.organization, role=Role.ORG_SEAL, act_id=act_id, now=now, key=key)
    return add_signature(
        opened,
        authority,
        stamper,
        act=act,
        role=Role.ORG_SEAL,
        name=authority.organization,
        reason=_SEALED.get(opened.language, _SEALED["en"]),
        appearance=appearance,
        now=now,
    )


def _archive(
    opened: Opened, authority: Authority, stamper: Stamper, now: datetime, more: Sequence[ocsp.OCSPResponse] = ()
) -> tuple[bytes, str]:
    """One revision: revocation data of every signature not archived yet, `more`, and the archival stamp over it all."""
    field = opened.progress.free_archive_field()
    opened.require_windows(aware(now))
    waiting = opened.unarchived()
    # an answer about a certificate must be younger than the signature made with it, whoever's clock stamped that one
    moment = max([aware(now), *(trace.stamped_at for trace in waiting if trace.stamped_at)])
    answers = [authority.status(trace.certificate.dump(), now=moment) for trace in waiting]
    answers.extend(more)
    certificates: dict[bytes, x509.Certificate] = {authority.root_der: authority.root}
    for trace in opened.traces:
        for certificate in (trace.certificate, *trace.others):
            certificates.setdefault(certificate.dump(), certificate)
    learnt = stamper.known(list(certificates.values()))
    certificates.update((one.dump(), one) for one in learnt.certificates)
    answers.extend(learnt.answers)
    out = io.BytesIO()
    stamping = PdfTimeStamper(stamper, field_name=field)
    try:
        DocumentSecurityStore.supply_dss_in_writer(
            opened.writer, None, certs=list(certificates.values()), ocsps=answers, crls=learnt.lists
        )
        runner.run(
            stamping.async_timestamp_pdf(opened.writer, "sha256", bytes_reserved=2 * stamper.token_room, output=out)
        )
    except (PdfError, PyHankoError) as error:
        raise unreadable() from error
    return out.getvalue(), field


def _sealed(pdf: bytes, level: SealLevel, field: str, signed: Signed | None = None) -> Sealed:
    return Sealed(
        pdf=pdf,
        level=level,
        certificate_sha256=signed.certificate_sha256 if signed else "",
        serial=signed.serial if signed else "",
        archive_field=field,
        sha256=hashlib.sha256(pdf).hexdigest(),
    )
