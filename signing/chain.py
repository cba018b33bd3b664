"""The chain of signatures: the organization certifies, then client and witness sign; each at PAdES B-T.

Danger: two signatures in the wrong order, or one on bytes that somebody touched, tell a false story with valid
cryptography. Invariant: it is the role's turn (`roles`), the last signature covers every byte, the key is made for this
one act, and after certification (DocMDP P=2) only prepared fields are filled. When no time stamp can be had the
signature is made all the same (B-B) and says so: `stamped` is False.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from pyhanko.pdf_utils.form_tools import annot_width_height, get_single_field_annot
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter, enumerate_sig_fields
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner

from signing import runner
from signing.appearance import Appearance
from signing.authority import Authority, OneTimeKey, aware
from signing.errors import StampUnavailable
from signing.keys import KeySigner, SigningKey
from signing.opened import Opened, open_file, readable
from signing.plate import Plate, PlateStyle
from signing.roles import Role, role_of
from signing.timestamp import Stamper

SIGNATURE_ROOM = 3 * 1024
"""Bytes kept free for a signature without its time stamp: two certificates of ours and the signed attributes take 2 KB."""

_CERTIFIED = {"en": "Certified as generated", "es": "Certificado tal como se generó"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A file with one more signature."""

    pdf: bytes
    certificate_sha256: str
    """SHA-256 of the one-time certificate, hex."""
    serial: str
    """Its serial number, hex."""
    stamped: bool
    """False when the time-stamp authority gave no stamp: the time is then only asserted."""
    sha256: str
    """SHA-256 of `pdf`, hex."""


def certify(
    pdf: bytes, authority: Authority, stamper: Stamper, *, now: datetime, key: SigningKey | None = None
) -> Signed:
    """The organization's certification of a prepared file: only its prepared fields may be filled from here on.

    `key`: the organization's own key; without it one is made for this act. Raises SigningError.
    """
    opened = open_file(pdf)
    opened.progress.require_turn(Role.ORG_CERT)
    act = authority.issue(authority.organization, role=Role.ORG_CERT, act_id="", now=now, key=key)
    return add_signature(
        opened,
        authority,
        stamper,
        act=act,
        role=Role.ORG_CERT,
        name=authority.organization,
        reason=_CERTIFIED.get(opened.language, _CERTIFIED["en"]),
        appearance=None,
        now=now,
    )


def sign(
    pdf: bytes,
    authority: Authority,
    stamper: Stamper,
    *,
    role: str,
    signer_name: str,
    act_id: str,
    appearance: Appearance | None,
    reason: str,
    now: datetime,
) -> Signed:
    """One person's signature (client, representative, interpreter or witness) with a key made for this act.

    `role`: one of `Role`; `act_id`: opaque id of the ceremony's act, kept in the certificate; `now`: aware.
    Raises SigningError when it is not that role's turn or the file was touched.
    """
    place = role_of(role)
    opened = open_file(pdf)
    opened.progress.require_turn(place)
    opened.require_untouched()
    act = authority.issue(signer_name, role=place, act_id=act_id, now=now)
    return add_signature(
        opened,
        authority,
        stamper,
        act=act,
        role=place,
        name=signer_name,
        reason=reason,
        appearance=appearance,
        now=now,
    )


def add_signature(
    opened: Opened,
    authority: Authority,
    stamper: Stamper,
    *,
    act: OneTimeKey,
    role: Role,
    name: str,
    reason: str,
    appearance: Appearance | None,
    now: datetime,
) -> Signed:
    """Fill `role`'s field in one revision. For this room only: turn and integrity are the caller's to check."""
    style = PlateStyle(plate=_plate(opened, role, appearance))
    metadata = PdfSignatureMetadata(
        field_name=role.value,
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        certify=role is Role.ORG_CERT,
        docmdp_permissions=MDPPerm.FILL_FORMS,
        name=name,
        reason=reason,
    )
    signer = PdfSigner(
        metadata, KeySigner(act.key, act.certificate, (authority.root,)), timestamper=stamper, stamp_style=style
    )
    pdf, stamped = runner.run(_sign(opened, signer, stamper, aware(now)))
    return Signed(
        pdf=pdf,
        certificate_sha256=act.sha256,
        serial=act.serial,
        stamped=stamped,
        sha256=hashlib.sha256(pdf).hexdigest(),
    )


async def _sign(opened: Opened, signer: PdfSigner, stamper: Stamper, now: datetime) -> tuple[bytes, bool]:
    """pyHanko's signing session by hand: room is reserved (no dummy round), the time is ours, a lost stamp is survived."""
    session = signer.init_signing_session(opened.writer, existing_fields_only=True)
    session.system_time = now
    document = session.prepare_tbs_document(
        validation_info=None, bytes_reserved=2 * (SIGNATURE_ROOM + stamper.token_room)
    )
    digest, out = document.digest_tbs_document()
    attributes = PdfCMSSignedAttributes(signing_time=now)
    stamped = True
    try:
        await document.perform_signature(digest.document_digest, attributes)
    except StampUnavailable:
        document.timestamper = None
        stamped = False
        await document.perform_signature(digest.document_digest, attributes)
    return bytes(out.getvalue()), stamped


def _plate(opened: Opened, role: Role, appearance: Appearance | None) -> Plate | None:
    if appearance is None:
        return None
    with readable():
        _, _, field = next(enumerate_sig_fields(opened.writer, with_name=role.value))
        width, height = annot_width_height(get_single_field_annot(field.get_object()))
    return appearance.plate(float(width), float(height)) if width and height else None
