"""The ceremony: each who must agree reads the finished document and signs it, an interpreter beside them where the form
has a place for one, and the witness signs what she saw.

Danger: a signature on other bytes than the person read, or evidence without a signature. Invariant: the act names the
SHA-256 of what was shown; the signed bytes are durable before the register takes act and bytes in one step, by
compare-and-set on the revision that was shown; the former bytes are destroyed only then.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from flows import forms
from flows.site import Site, now
from flows.staging import clear, staged
from register import agency, signings, staff, statements
from register.errors import RegisterError, RegisterErrorCode
from register.facts import Person, Refusal, SigningAct, Statement
from register.vocabulary import ObjectArea
from rules import signing_act as judged
from rules.draft import StatementDraft
from rules.ending import over_before_signed
from rules.finding import Finding, blocking
from rules.signers import signer_name, signs_as
from rules.vocabulary import IdentifiedHow, InkKind, Language, ReadOn, SignerRole
from signing import appearance, chain
from signing.appearance import Appearance
from storage.protocol import Area

ELECTRONIC_RECORDS = "electronic-records"
"""Id of the form whose version is the version of the text that a client agrees to."""
_AGREES = {Language.EN: "I have read this and I agree", Language.ES: "He leído esto y estoy de acuerdo"}
_REASON = {
    SignerRole.CLIENT: _AGREES,
    SignerRole.REPRESENTATIVE: _AGREES,
    SignerRole.INTERPRETER: {Language.EN: "I interpreted this document", Language.ES: "Interpreté este documento"},
    SignerRole.WITNESS: {Language.EN: "I saw the client sign", Language.ES: "Vi firmar a la persona"},
}
_IN_PLACE = "Who signs in the client's place signs as the client."
_WHO_ELSE = {
    SignerRole.INTERPRETER: "An interpreter signs where the packet names one and the form has a place for them."
}
_SAW_BOTH = {
    Language.EN: "I saw the client and the representative sign",
    Language.ES: "Vi firmar a la persona y a su representante",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A document before a person: what they read, and what they would sign."""

    statement: Statement
    pdf: bytes
    sha256: str
    consent_version: str
    """Version of the form of electronic records in force: what a client agrees to who signs on a screen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """How a person signs."""

    ink: InkKind
    drawing: bytes = b""
    """PNG, where the ink is drawn; empty otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What the register keeps of an act beside the signature (15 USC 7001(c), 7006(5); NY STL 304)."""

    identified_how: IdentifiedHow | None
    """How the signer was identified; None for staff, who prove themselves by signing in."""
    device: str
    consent_version: str
    """Version of the form of electronic records whose text the client agreed to; empty for staff."""
    viewed_pages: int
    read_on: ReadOn | None
    """What the pages were read on; None for staff."""
    paper_offered: bool
    access_code: str = ""
    """What the client read in the form of electronic records itself (15 USC 7001(c)(1)(C)(ii)); else empty."""


def show(site: Site, statement_id: UUID) -> Shown:
    """The document as it stands now, for a person to read before signing."""
    row = statements.show(statement_id)
    if row.working_object_id is None:
        raise RegisterError(
            RegisterErrorCode.ILLEGAL_MOVE,
            f"The statement {row.ref} has nothing to sign: it is {row.state}.",
            "Show its packet to see what it waits for.",
        )
    pdf = site.vault.get(row.working_object_id, Area.WORKING, version_id=row.working_version_id)
    sha256 = hashlib.sha256(pdf).hexdigest()
    return Shown(statement=row, pdf=pdf, sha256=sha256, consent_version=consent_in_force(site))


def consent_in_force(site: Site) -> str:
    """Version of the form of electronic records as it is now: the one that every act on a screen is to name."""
    return site.catalog.get(ELECTRONIC_RECORDS).version


def client_circumstances(
    shown: Shown, *, identified_how: IdentifiedHow, read_on: ReadOn, device: str, access_code: str = ""
) -> Circumstances:
    """Of a client, or who signs beside them: read every page, was offered paper, agreed to the text in force.

    Whoever conducts attests it. That the bytes were there to be read on a screen is checked against the log.
    """
    return Circumstances(
        identified_how=identified_how,
        device=device,
        consent_version=shown.consent_version,
        viewed_pages=shown.statement.pages,
        read_on=read_on,
        paper_offered=True,
        access_code=access_code,
    )


def witness_circumstances(shown: Shown, *, device: str) -> Circumstances:
    """Of a member of staff, who proved herself by signing in."""
    return Circumstances(
        identified_how=None,
        device=device,
        consent_version="",
        viewed_pages=shown.statement.pages,
        read_on=None,
        paper_offered=True,
    )


def sign(
    site: Site, shown: Shown, *, role: SignerRole, hand: Hand, circumstances: Circumstances, by: Person
) -> Statement:
    """Sign what was shown: as client, representative or interpreter, with `by` conducting, or as the witness `by`.

    Raises `RegisterError` where it is not that person's turn or the document changed meanwhile, `SigningError` where
    the bytes do not allow it; then nothing is kept.
    """
    row, moment = shown.statement, now()
    if role not in row.signers:
        signers = ", ".join(one.value for one in row.signers if one in _REASON)
        raise RegisterError(
            RegisterErrorCode.SIGNING_ORDER,
            f"Nobody signs {row.ref} as the {role.value}.",
            f"It is signed by: {signers}. {_WHO_ELSE.get(role, _IN_PLACE)}",
        )
    draft = statements.draft(site.vault, row.statement_id, by=by, now=moment)
    _refuse_what_is_over(row, draft, agency.today(moment))
    _refuse_what_was_not_read(site, shown, role, circumstances, draft)
    witness = role is SignerRole.WITNESS
    name = staff.display_name(site.vault, by.staff_id) if witness else signer_name(draft, role)
    said = _SAW_BOTH if witness and SignerRole.REPRESENTATIVE in row.signers else _REASON[role]
    signed = chain.sign(
        shown.pdf,
        site.authority,
        site.stamper,
        role=role.value,
        signer_name=name,
        act_id=uuid4().hex,
        appearance=_picture(site, row, role, hand, name),
        reason=said[row.language],
        now=moment,
    )
    document = staged(site, signed.pdf, area=ObjectArea.WORKING, pages=row.pages)
    act = SigningAct(
        statement_id=row.statement_id,
        expected_revision=row.revision,
        role=role,
        capacity=signs_as(draft, role),
        ink=hand.ink,
        identified_how=circumstances.identified_how,
        shown_sha256=shown.sha256,
        signed_at=moment,
        device=circumstances.device,
        consent_version=circumstances.consent_version,
        viewed_pages=circumstances.viewed_pages,
        read_on=circumstances.read_on,
        paper_offered=circumstances.paper_offered,
        certificate_sha256=signed.certificate_sha256,
        certificate_serial=signed.serial,
        stamped=signed.stamped,
    )
    try:
        after = signings.record(site.vault, act, document, staff=by, consent_in_force=consent_in_force(site), now=now())
    except RegisterError:
        clear(site, document.object_id, ObjectArea.WORKING)
        raise
    if row.working_object_id:
        clear(site, row.working_object_id, ObjectArea.WORKING)
    return after


def _refuse_what_is_over(row: Statement, draft: StatementDraft, today: dt.date) -> None:
    """V12 on the day of the act, whoever signs: what is sealed past its end would be in force until the night."""
    _refuse(
        row,
        over_before_signed(draft, today),
        f"{row.ref} ends before it is signed, so it cannot be signed any more.",
        "Open a packet with a later end; this one comes to nothing by itself, or withdraw it.",
    )


def _refuse(row: Statement, findings: tuple[Finding, ...], sentence: str, remedy: str) -> None:
    if findings:
        refusals = tuple(Refusal(position=-1, form_id=row.form_id, finding=finding) for finding in findings)
        raise RegisterError(RegisterErrorCode.REFUSED, sentence, remedy, findings=refusals)


def _refuse_what_was_not_read(
    site: Site, shown: Shown, role: SignerRole, circumstances: Circumstances, draft: StatementDraft
) -> None:
    """V15 and V19 against the very bytes that are about to be signed; staff sign what they saw, without the notice."""
    if role is SignerRole.WITNESS:
        return
    act = judged.SigningAct(
        shown_sha256=shown.sha256,
        pages=shown.statement.pages,
        pages_viewed=frozenset(range(1, circumstances.viewed_pages + 1)),
        electronic_records_version=circumstances.consent_version or None,
        paper_offered=circumstances.paper_offered,
        access_code=circumstances.access_code,
    )
    # the code shows that whom the agreement binds could read it there; an interpreter agrees to nothing for them
    code = "" if role is SignerRole.INTERPRETER else draft.access_code
    current = consent_in_force(site)
    findings = blocking(
        judged.check_signing(act, to_sign=shown.pdf, electronic_records_current=current, access_code=code)
    )
    again = "Show it again from the first page, or use paper."
    _refuse(shown.statement, findings, f"{shown.statement.ref} cannot be signed like this.", again)


def _picture(site: Site, row: Statement, role: SignerRole, hand: Hand, name: str) -> Appearance:
    moment = now().astimezone(ZoneInfo(agency.current().time_zone))
    label = forms.of_statement(site, row).labels(row.language, row.signers)[role.value]
    if hand.ink is InkKind.DRAWN:
        return appearance.drawn(hand.drawing, name, moment, role_line=label, language=row.language)
    if hand.ink is InkKind.MARK:
        return appearance.mark(name, moment, role_line=label, language=row.language)
    return appearance.typed(name, moment, role_line=label, language=row.language)
