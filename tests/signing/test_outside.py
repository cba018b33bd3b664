"""Another organization's time-stamp authority, whose certificate names a list of revoked ones."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from asn1crypto import tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import ExtendedKeyUsageOID
from freezegun import freeze_time
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.dss import DocumentSecurityStore

from signing import chain, runner, seal
from signing.authority import Authority, AuthorityParts
from signing.keys import LocalKey
from signing.timestamp import EmbeddedStamper, HttpStamper


class Outside:
    """An authority with a root of its own: stamps at /tsa, its list of revoked certificates at /list."""

    def __init__(self, *, listed: bool = True, revoked: bool = False) -> None:
        self.asked: list[str] = []
        self._listed, self._revoked = listed, revoked

    @contextmanager
    def open(self) -> Iterator[Outside]:
        outside = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = tsp.TimeStampReq.load(self.rfile.read(int(self.headers["Content-Length"])))
                response = runner.run(EmbeddedStamper(outside.authority).async_request_tsa_response(request))
                self.answer("application/timestamp-reply", response.dump())

            def do_GET(self) -> None:
                self.answer("application/pkix-crl", outside.crl)

            def answer(self, kind: str, body: bytes) -> None:
                outside.asked.append(self.path)
                self.send_response(200 if body else 404)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{server.server_port}"
        self.authority = self._authority()
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def _authority(self) -> Authority:
        now = datetime.now(UTC)
        parts = Authority.create("Public Time", now=now).to_parts()
        root = x509.load_der_x509_certificate(parts.root_certificate)
        root_key, key = LocalKey.load(parts.root_key).private, LocalKey.generate()
        place = x509.DistributionPoint([x509.UniformResourceIdentifier(f"{self.url}/list")], None, None, None)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Public Time 1")]))
            .issuer_name(root.subject)
            .public_key(key.private.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=5))
            .not_valid_after(now + timedelta(days=3650))
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
            .add_extension(x509.CRLDistributionPoints([place]), critical=False)
            .sign(root_key, hashes.SHA256())
        )
        listing = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(root.subject)
            .last_update(now - timedelta(minutes=5))
            .next_update(now + timedelta(days=7))
        )
        if self._revoked:
            listing = listing.add_revoked_certificate(
                x509.RevokedCertificateBuilder()
                .serial_number(certificate.serial_number)
                .revocation_date(now - timedelta(minutes=4))
                .build()
            )
        self.crl = b""
        if self._listed:
            self.crl = listing.sign(root_key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
        return Authority(
            AuthorityParts(
                root_key=parts.root_key,
                root_certificate=parts.root_certificate,
                stamper_key=key.to_der(),
                stamper_certificate=certificate.public_bytes(serialization.Encoding.DER),
                responder_key=parts.responder_key,
                responder_certificate=parts.responder_certificate,
            )
        )

    def stamper(self) -> HttpStamper:
        return HttpStamper(f"{self.url}/tsa", roots=[self.authority.root_der])


def archived(pdf: bytes) -> DocumentSecurityStore:
    return DocumentSecurityStore.read_dss(PdfFileReader(io.BytesIO(pdf)))


def sealed_by(outside: Outside, pdf: bytes, authority: Authority) -> seal.Sealed:
    stamper, now = outside.stamper(), datetime.now(UTC)
    for role in ("client", "witness"):
        pdf = chain.sign(
            pdf, authority, stamper, role=role, signer_name="A", act_id="1", appearance=None, reason="agreed", now=now
        ).pdf
    return seal.seal(pdf, authority, stamper, appearance=None, now=datetime.now(UTC))


def test_its_certificates_and_its_list_are_archived_with_the_seal(certified_pdf: bytes, authority: Authority) -> None:
    with Outside().open() as outside:
        sealed = sealed_by(outside, certified_pdf, authority)
    assert sealed.level is seal.SealLevel.SEALED
    store = archived(sealed.pdf)
    assert len(store.crls) == 1
    assert outside.asked.count("/list") == 1
    names = {certificate.subject.native["common_name"] for certificate in store.load_certs()}
    assert {"Public Time 1", "Public Time Root"} <= names


def test_its_list_is_archived_even_when_its_first_stamp_is_the_archival_one(
    witnessed_pdf: bytes, authority: Authority
) -> None:
    absent = HttpStamper("http://127.0.0.1:9/", timeout=1)
    sealed = seal.seal(witnessed_pdf, authority, absent, appearance=None, now=datetime.now(UTC))
    with Outside().open() as outside:
        upgraded = seal.upgrade(sealed.pdf, authority, outside.stamper(), now=datetime.now(UTC))
    assert len(archived(upgraded.pdf).crls) == 1


def test_a_list_that_cannot_be_had_does_not_stop_the_seal(certified_pdf: bytes, authority: Authority) -> None:
    with Outside(listed=False).open() as outside:
        sealed = sealed_by(outside, certified_pdf, authority)
    assert sealed.level is seal.SealLevel.SEALED
    assert not archived(sealed.pdf).crls


def test_a_revoked_authority_does_not_archive(certified_pdf: bytes, authority: Authority) -> None:
    with Outside(revoked=True).open() as outside:
        sealed = sealed_by(outside, certified_pdf, authority)
    assert sealed.level is seal.SealLevel.SEALED_WITHOUT_TIME


def test_without_a_chosen_root_nobody_is_asked(certified_pdf: bytes, authority: Authority) -> None:
    with Outside().open() as outside:
        stamper = HttpStamper(f"{outside.url}/tsa")
        stamped = seal.stamp_part_signed(certified_pdf, authority, stamper, now=datetime.now(UTC))
    assert "/list" not in outside.asked
    assert stamped.startswith(certified_pdf)


@pytest.mark.parametrize("later", [timedelta(0), timedelta(days=3)])
def test_the_seal_is_proven_offline_while_the_list_is_fresh(
    later: timedelta, certified_pdf: bytes, authority: Authority, judge: Callable[..., dict[str, str]]
) -> None:
    with Outside().open() as outside:
        sealed = sealed_by(outside, certified_pdf, authority)
    with freeze_time(datetime.now(UTC) + later, tick=True, ignore=["asyncio"]):
        judged = judge(sealed.pdf, [authority.root_der, outside.authority.root_der])
    assert set(judged.values()) == {"OK"}, judged
