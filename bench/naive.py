"""The naive script: what one writes in an afternoon, on the same forms with the same data.

docxtpl as its manual shows it, one `soffice --convert-to` a document, pyHanko's SimpleSigner with an RSA-3072 key,
plain files. No check of what came out, no accessibility, no encryption, no time stamp, no record of anything; it has a
LibreOffice profile that exists already and its key loaded once, which is kind to it.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Wanted:
    """One document: the form as a Word file, and its fields."""

    form: bytes
    fields: Mapping[str, object]


class NaiveScript:
    """The script with its key and its LibreOffice profile, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._profile = (folder / "profile").as_uri()
        folder.mkdir(parents=True)
        _make_key(folder)

    def make(self, wanted: Sequence[Wanted]) -> float:
        """Make every document; returns the seconds it took."""
        for number, one in enumerate(wanted):
            (self._folder / f"form-{number}.docx").write_bytes(one.form)
        began = time.perf_counter()
        self._script(wanted)
        return time.perf_counter() - began

    def _script(self, wanted: Sequence[Wanted]) -> None:
        from docxtpl import DocxTemplate
        from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
        from pyhanko.sign import signers
        from pyhanko.sign.fields import MDPPerm

        load: Any = signers.SimpleSigner.load  # untyped
        signer = load(str(self._folder / "key.pem"), str(self._folder / "certificate.pem"))
        for number, one in enumerate(wanted):
            filled = self._folder / f"filled-{number}.docx"
            template = DocxTemplate(str(self._folder / f"form-{number}.docx"))
            template.render(dict(one.fields), autoescape=True)
            template.save(str(filled))
            self._convert(filled)
            metadata = signers.PdfSignatureMetadata(
                field_name="org_cert", certify=True, docmdp_permissions=MDPPerm.FILL_FORMS
            )
            with filled.with_suffix(".pdf").open("rb") as source, filled.with_suffix(".signed.pdf").open("wb") as out:
                signers.sign_pdf(IncrementalPdfFileWriter(source), metadata, signer=signer, output=out)

    def _convert(self, filled: Path) -> None:
        subprocess.run(
            [
                "soffice",
                f"-env:UserInstallation={self._profile}",
                "--headless",
                "--convert-to",
                "pdf",
                "--outdir",
                str(self._folder),
                str(filled),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        if not filled.with_suffix(".pdf").exists():
            raise FileNotFoundError("soffice wrote no PDF")


def _make_key(folder: Path) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.x509.oid import NameOID

    key = rsa.generate_private_key(65537, 3072)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Naive")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.KeyUsage(True, True, *[False] * 7), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
