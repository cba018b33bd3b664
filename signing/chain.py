"""The chain of signatures: the organization certifies, then client and witness sign; each at PAdES B-T.

Danger: two signatures in the wrong order, or one on bytes that somebody touched, tell a false story with valid
cryptography. Invariant: it is the role's turn (`roles`), the last signature covers every byte, the key is made for this
one act, and after certification (DocMDP P=2) only prepared fields are filled.

When the time-stamp authority gives no stamp the signature is made all the same and says so (`stamped` is False). It
then carries a stamp of the organization's own embedded authority: with none at all (B-B) pyHanko never judges a
signature provable, whatever archival stamp follows (SIG_CONSTRAINTS_FAILURE, measured), and none can be added later.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, field
from datetime import datetime

from pyhanko.pdf_utils.form_tools import annot_width_height, get_single_field_annot
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter, enumerate_sig_fields
from pyhanko.sign.general import SigningError as PyHankoError
from pyhanko.sign.signers.constants import ISO32002
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner

from signing import runner
from signing.appearance import Appearance
from signing.authority import Authority, OneTimeKey, aware
from signing.errors import StampUnavailable
from signing.keys import KeySigner, SigningKey
from signing.opened import Opened, open_file, readable, unreadable
from signing.plate import Plate, PlateStyle
from signing.roles import Role, role_of
from signing.timestamp import EmbeddedStamper, Stamper

ATTRIBUTES_ROOM = 640
"""Bytes kept free for what a signature holds beside certificates, names, raw signature and token; takes 400."""

_CERTIFIED = {"en": "Certified as generated", "es": "Certificado tal como se generó"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A file with one more signature."""

    pdf: bytes = field(repr=False)
    certificate_sha256: str
    """SHA-256 of the one-time certificate, hex."""
    serial: str
    """Its serial number, hex."""
    stamped: bool
    """False when the time-stamp authority gave no stamp: the time is then asserted by the organization itself."""
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
    Raises SigningError when it is not that role's turn, the file was touched, or a first signature could not be
    archived any more.
    """
    place = role_of(role)
    opened = open_file(pdf)
    opened.progress.require_turn(place)
    opened.require_genuine(authority)
    opened.require_windows(aware(now))
    opened.require_time_to_archive(aware(now))
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
    if role is Role.ORG_CERT:
        # what later P-256 signatures ask the catalog to say (ISO/TS 32002) must be said before anybody signs: an RSA
        # key of the organization would not say it, and the client's signature would change what was certified
        opened.writer.ensure_output_version(version=(2, 0))  # type: ignore[no-untyped-call]
        opened.writer.register_extension(ISO32002)
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
    key_signer = KeySigner(act.key, act.certificate, (authority.root,))
    signer = PdfSigner(metadata, key_signer, timestamper=stamper, stamp_style=style)
    certificates = len(act.certificate_der) + len(authority.root_der)
    names = 2 * len(authority.root.subject.dump())  # the issuer is named as signer's and in signingCertificateV2
    own = EmbeddedStamper(authority)
    token = max(stamper.token_room, own.token_room)
    room = certificates + names + act.key.signature_size + ATTRIBUTES_ROOM + token
    try:
        pdf, stamped = runner.run(_sign(opened, signer, room, aware(now), (stamper, own, None)))
    except (PdfError, PyHankoError) as error:
        raise unreadable() from error
    return Signed(
        pdf=pdf,
        certificate_sha256=act.sha256,
        serial=act.serial,
        stamped=stamped,
        sha256=hashlib.sha256(pdf).hexdigest(),
    )


async def _sign(
    opened: Opened, signer: PdfSigner, room: int, now: datetime, stampers: tuple[Stamper | None, ...]
) -> tuple[bytes, bool]:
    """pyHanko's signing session by hand: room is given (no dummy round), the time is ours, a lost stamp is survived.

    `stampers` are tried in turn, None meaning no stamp; the answer says whether the first one gave its stamp.
    """
    session = signer.init_signing_session(opened.writer, existing_fields_only=True)
    session.system_time = now
    document = session.prepare_tbs_document(validation_info=None, bytes_reserved=2 * room)  # written as hexadecimal
    out = io.BytesIO()
    digest, _ = document.digest_tbs_document(output=out)
    attributes = PdfCMSSignedAttributes(signing_time=now)
    for number, stamper in enumerate(stampers):
        document.timestamper = stamper
        try:
            await document.perform_signature(digest.document_digest, attributes)
        except StampUnavailable:
            if stamper is stampers[-1]:
                raise
            continue
        return out.getvalue(), number == 0
    raise unreadable()


def _plate(opened: Opened, role: Role, appearance: Appearance | None) -> Plate | None:
    if appearance is None:
        return None
    with readable():
        _, _, field = next(enumerate_sig_fields(opened.writer, with_name=role.value))
        width, height = annot_width_height(get_single_field_annot(field.get_object()))
    return appearance.plate(float(width), float(height)) if width and height else None
