"""What the signing tests share: a rendered form, an authority, and the files of a whole ceremony."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from asn1crypto import x509
from PIL import Image, ImageDraw
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import async_validate_pdf_signature, async_validate_pdf_timestamp
from pyhanko.sign.validation.ades import ades_lta_validation
from pyhanko.sign.validation.policy_decl import (
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.policy_decl import CertRevTrustPolicy, RevocationCheckingPolicy, RevocationCheckingRule
from pyhanko_certvalidator.registry import SimpleTrustManager

from signing import appearance, chain, prepare, seal
from signing.authority import Authority
from signing.opened import open_file
from signing.timestamp import EmbeddedStamper

DATA = Path(__file__).parent / "data"
LABELS = {"client": "Client signature", "witness": "Witness signature", "org_seal": "Seal of the organization"}
ORGANIZATION = "Riverbend Counseling"


# cryptography remembers the datetime class it meets first: let it be the real one, before any test moves the clock
Authority.create("Nobody", now=datetime.now(UTC))

Step = Callable[[bytes, Authority, EmbeddedStamper], bytes]


def now() -> datetime:
    """The clock, moved or not, to the second."""
    return datetime.now(UTC)


def ink(width: int = 900, height: int = 300) -> bytes:
    """A scribble as a signature pad sends it."""
    picture = Image.new("RGBA", (width, height), (255, 255, 255, 0))
    draw = ImageDraw.Draw(picture)
    turns = [
        (0.02, 0.73),
        (0.09, 0.27),
        (0.18, 0.83),
        (0.27, 0.33),
        (0.37, 0.77),
        (0.51, 0.2),
        (0.67, 0.8),
        (0.95, 0.5),
    ]
    draw.line([(x * width, y * height) for x, y in turns], fill=(0, 0, 60, 255), width=height // 33, joint="curve")
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def sign_client(pdf: bytes, authority: Authority, stamper: EmbeddedStamper) -> bytes:
    """The client draws."""
    look = appearance.drawn(ink(), "Rosa Núñez-O'Neill", now(), role_line="Client")
    return chain.sign(
        pdf, authority, stamper, role="client", signer_name="Rosa Núñez-O'Neill", act_id="ACT-1",
        appearance=look, reason="I have read this and agree", now=now(),
    ).pdf  # fmt: skip


def sign_parent(pdf: bytes, authority: Authority, stamper: EmbeddedStamper) -> bytes:
    """A parent beside a client who is a minor, with a mark."""
    look = appearance.mark("Inés Núñez-O'Neill", now(), role_line="Parent, guardian, or representative")
    return chain.sign(
        pdf, authority, stamper, role="representative", signer_name="Inés Núñez-O'Neill", act_id="ACT-1B",
        appearance=look, reason="I have read this and agree", now=now(),
    ).pdf  # fmt: skip


def sign_witness(pdf: bytes, authority: Authority, stamper: EmbeddedStamper) -> bytes:
    """The witness types."""
    look = appearance.typed("Dana Reyes", now(), role_line="Witness, intake worker")
    return chain.sign(
        pdf, authority, stamper, role="witness", signer_name="Dana Reyes", act_id="ACT-2",
        appearance=look, reason="I saw the client sign", now=now(),
    ).pdf  # fmt: skip


def seal_it(pdf: bytes, authority: Authority, stamper: EmbeddedStamper) -> seal.Sealed:
    """The organization seals."""
    look = appearance.seal(ORGANIZATION, now(), role_line="Seal of the organization")
    return seal.seal(pdf, authority, stamper, appearance=look, now=now())


def verdicts(pdf: bytes, roots: Sequence[bytes]) -> dict[str, str]:
    """Field -> AdES verdict (archival stamps: OK when intact, valid and trusted), by the clock of the moment."""
    trusted = [x509.Certificate.load(der) for der in roots]
    declared = RevocationCheckingPolicy(
        RevocationCheckingRule.CHECK_IF_DECLARED, RevocationCheckingRule.CHECK_IF_DECLARED
    )
    specification = PdfSignatureValidationSpec(
        SignatureValidationSpec(
            cert_validation_policy=CertValidationPolicySpec(
                trust_manager=SimpleTrustManager.build(trust_roots=trusted), revinfo_policy=CertRevTrustPolicy(declared)
            ),
            revinfo_gathering_policy=RevocationInfoGatheringSpec(
                online_fetching_rule=RevinfoOnlineFetchingRule.LOCAL_ONLY
            ),
        )
    )

    async def judge() -> dict[str, str]:
        found = {}
        for embedded in PdfFileReader(io.BytesIO(pdf)).embedded_signatures:
            context = ValidationContext(trust_roots=trusted, allow_fetching=False)
            if embedded.sig_object_type == "/DocTimeStamp":
                status = await async_validate_pdf_timestamp(embedded, context)
                found[embedded.field_name] = "OK" if status.intact and status.valid and status.trusted else "BAD"
                continue
            status = await async_validate_pdf_signature(embedded, context)
            assert status.intact
            assert status.valid
            assert status.docmdp_ok
            result = await ades_lta_validation(embedded, specification)
            found[embedded.field_name] = result.ades_subindic.name
        return found

    logging.disable(logging.CRITICAL)
    try:
        return asyncio.run(judge())
    finally:
        logging.disable(logging.NOTSET)


@pytest.fixture(scope="session")
def judge() -> Callable[[bytes, Sequence[bytes]], dict[str, str]]:
    """pyHanko's AdES verdicts of a file, offline, trusting the given roots, by the clock of the moment."""
    return verdicts


@pytest.fixture(scope="session")
def rendered_pdf() -> bytes:
    """A tagged PDF/A-2b as LibreOffice exports it, with three placeholder pictures (`exported` made it)."""
    return (DATA / "rendered.pdf").read_bytes()


@pytest.fixture(scope="session")
def authority() -> Authority:
    """The organization's authority, made now."""
    return Authority.create(ORGANIZATION, now=now())


@pytest.fixture(scope="session")
def stamper(authority: Authority) -> EmbeddedStamper:
    """The embedded time-stamp authority."""
    return EmbeddedStamper(authority)


@pytest.fixture(scope="session")
def labels() -> dict[str, str]:
    """What a screen reader says of each place."""
    return dict(LABELS)


@pytest.fixture(scope="session")
def ink_png() -> bytes:
    """A scribble as a signature pad sends it."""
    return ink()


@pytest.fixture(scope="session")
def client_signs() -> Step:
    """The client draws, by the clock of the moment."""
    return sign_client


@pytest.fixture(scope="session")
def witness_signs() -> Step:
    """The witness types, by the clock of the moment."""
    return sign_witness


@pytest.fixture(scope="session")
def organization_seals() -> Step:
    """The organization seals, by the clock of the moment."""

    def run(pdf: bytes, authority: Authority, stamper: EmbeddedStamper) -> bytes:
        return seal_it(pdf, authority, stamper).pdf

    return run


@pytest.fixture(scope="session")
def prepared_pdf(rendered_pdf: bytes) -> bytes:
    """Fields placed, nothing signed."""
    return prepare.prepare(rendered_pdf, LABELS)


@pytest.fixture(scope="session")
def certified_pdf(prepared_pdf: bytes, authority: Authority, stamper: EmbeddedStamper) -> bytes:
    """Certified by the organization."""
    return chain.certify(prepared_pdf, authority, stamper, now=now()).pdf


@pytest.fixture(scope="session")
def client_pdf(certified_pdf: bytes, authority: Authority, stamper: EmbeddedStamper) -> bytes:
    """Signed by the client."""
    return sign_client(certified_pdf, authority, stamper)


@pytest.fixture(scope="session")
def witnessed_pdf(client_pdf: bytes, authority: Authority, stamper: EmbeddedStamper) -> bytes:
    """Signed by client and witness."""
    return sign_witness(client_pdf, authority, stamper)


@pytest.fixture(scope="session")
def sealed_pdf(witnessed_pdf: bytes, authority: Authority, stamper: EmbeddedStamper) -> bytes:
    """The finished file, PAdES B-LTA."""
    return seal_it(witnessed_pdf, authority, stamper).pdf


@pytest.fixture(scope="session")
def ceremony() -> Step:
    """Run the whole ceremony on a prepared file, by the clock of the moment."""

    def run(pdf: bytes, authority: Authority, stamper: EmbeddedStamper) -> bytes:
        pdf = chain.certify(pdf, authority, stamper, now=now()).pdf
        pdf = sign_client(pdf, authority, stamper)
        if "representative" in open_file(pdf).progress.fields:
            pdf = sign_parent(pdf, authority, stamper)
        pdf = sign_witness(pdf, authority, stamper)
        return seal_it(pdf, authority, stamper).pdf

    return run
