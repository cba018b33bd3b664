"""openssl and PDFBox with BouncyCastle agree with our verifier, where they can have an opinion.

They judge the cryptography of each signature over its own bytes. None of them analyses appended updates, so they are
asked about the genuine files and about the variants that break cryptography; that they let the others pass is held
here too: it is the reason why the verifier has rules of its own.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from signing.authority import Authority
from signing.timestamp import EmbeddedStamper
from signing.verify import verify
from tests.real.conftest import program
from tests.signing import tampering, tampering_updates

pytestmark = pytest.mark.real


BROKEN = [
    # what each must find wrong, by field
    ("byte_in_page_content", {"org_cert", "client", "witness", "org_seal", "archive_ts_1"}),
    ("byte_in_metadata", {"org_cert", "client", "witness", "org_seal", "archive_ts_1"}),
    ("bit_in_the_clients_signature_value", {"client", "witness", "org_seal", "archive_ts_1"}),
    ("bit_in_a_certificate_beside_the_clients_signature", {"witness", "org_seal", "archive_ts_1"}),
    ("filler_behind_the_clients_signature", {"witness", "org_seal", "archive_ts_1"}),
    ("contents_swapped_between_client_and_witness", {"client", "witness", "org_seal", "archive_ts_1"}),
    ("clients_signature_of_another_file_transplanted", {"client", "witness", "org_seal", "archive_ts_1"}),
    ("archive_stamp_of_another_file_transplanted", {"archive_ts_1"}),
    ("bit_in_the_archive_stamps_signature_value", {"archive_ts_1"}),
]
SILENT = ["page_content_replaced", "clients_appearance_replaced", "title_in_the_metadata_rewritten_then_stamped"]


@pytest.fixture(scope="module")
def files(
    sealed_pdf: bytes,
    prepared_pdf: bytes,
    authority: Authority,
    stamper: EmbeddedStamper,
    ceremony: Callable[[bytes, Authority, EmbeddedStamper], bytes],
) -> dict[str, bytes]:
    other = ceremony(prepared_pdf, authority, stamper)
    genuine = tampering.Genuine(sealed=sealed_pdf, other=other, stamper=stamper)
    wanted = {*SILENT, *(name for name, _ in BROKEN)}
    made = {
        one.name: one.make(genuine) for one in tampering.VARIANTS + tampering_updates.VARIANTS if one.name in wanted
    }
    assert set(made) == wanted
    return {"genuine": sealed_pdf, "other": other, **made}


@pytest.fixture(scope="module")
def by_pdfbox(files: dict[str, bytes], pdfbox):  # type: ignore[no-untyped-def]
    return pdfbox.many(files)


def wrong(opinions) -> set[str]:  # type: ignore[no-untyped-def]
    return {one.field for one in opinions if one.kind != "empty" and not one.right}


@pytest.mark.parametrize("name", ["genuine", "other"])
def test_all_agree_that_a_genuine_file_is_right(  # type: ignore[no-untyped-def]
    name: str, files: dict[str, bytes], by_pdfbox, openssl, authority: Authority
) -> None:
    assert verify(files[name], roots=[authority.root_der]).accepted
    for opinions in (by_pdfbox[name], openssl(files[name], authority.root_der)):
        signed = [one for one in opinions if one.kind != "empty"]
        assert len(signed) == 5
        assert wrong(opinions) == set(), opinions
        assert [one.field for one in signed if one.whole] == ["archive_ts_1"]


def test_openssl_trusts_nobody_elses_root(files: dict[str, bytes], openssl) -> None:  # type: ignore[no-untyped-def]
    from datetime import UTC, datetime

    stranger = Authority.create("Somebody Else", now=datetime.now(UTC))
    assert len(wrong(openssl(files["genuine"], stranger.root_der))) == 5


@pytest.mark.parametrize(("name", "broken"), BROKEN, ids=[name for name, _ in BROKEN])
def test_all_agree_on_what_is_broken(  # type: ignore[no-untyped-def]
    name: str, broken: set[str], files: dict[str, bytes], by_pdfbox, openssl, authority: Authority
) -> None:
    assert wrong(by_pdfbox[name]) == broken
    assert wrong(openssl(files[name], authority.root_der)) == broken
    verdict = verify(files[name], roots=[authority.root_der])
    assert {one.role for one in verdict.signatures if not one.intact} >= broken


@pytest.mark.parametrize("name", SILENT)
def test_what_is_appended_only_our_rules_see(  # type: ignore[no-untyped-def]
    name: str, files: dict[str, bytes], by_pdfbox, openssl, authority: Authority
) -> None:
    assert wrong(by_pdfbox[name]) == set()
    assert wrong(openssl(files[name], authority.root_der)) == set()
    assert not verify(files[name], roots=[authority.root_der]).accepted


PAGE = (Path(__file__).parents[2] / "docs" / "verify.md").read_text(encoding="utf-8")


def test_the_commands_on_the_page_work_as_they_stand(
    files: dict[str, bytes], authority: Authority, tmp_path: Path
) -> None:
    for name, package in (("pdfsig", "poppler-utils"), ("openssl", "openssl")):
        program(name, package)
    (tmp_path / "statement.pdf").write_bytes(files["genuine"])
    (tmp_path / "root.der").write_bytes(authority.root_der)
    script = "\n".join(re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL))
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Signature is Valid") == 4
    assert "Verification successful" in done.stderr
