"""Files made to break the reader: each gets an answer, in bounded time and memory, and no exception leaves."""

from __future__ import annotations

import io
import subprocess
import sys
import time
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from signing import structure
from signing.authority import Authority
from signing.verify import Outcome, ReasonCode, verify

SECONDS = 6.0
"""CPU time that one hostile file may take on a slow machine; most take milliseconds."""


def document(*objects: bytes, trailer: bytes = b"") -> bytes:
    """A PDF of these objects (1 is the catalog), with a right cross-reference table."""
    out, offsets = bytearray(b"%PDF-1.7\n"), []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Root 1 0 R /Size %d %s >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, trailer, table)
    return bytes(out)


CATALOG = b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields %s >> >>"
PAGES = b"<< /Type /Pages /Kids [] /Count 0 >>"


def bomb(megabytes: int) -> bytes:
    data = zlib.compress(bytes(1 << 20) * megabytes, 9)
    return b"<< /Type /Metadata /Subtype /XML /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream" % (
        len(data),
        data,
    )


def xref_stream_bomb() -> bytes:
    head = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 1 0 R >>\nendobj\n"
    data = zlib.compress(bytes(8) * 2_000_000, 9)
    stream = (
        b"2 0 obj\n<< /Type /XRef /Size 2000000 /W [1 4 3] /Root 1 0 R /Filter /FlateDecode /Length %d >>\nstream\n"
        % len(data)
    )
    return head + stream + data + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % len(head)


def table_with_many_entries() -> bytes:
    count = 700_000
    head = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 1 0 R >>\nendobj\n"
    table = b"xref\n0 %d\n" % count + b"0000000009 00000 n \n" * count
    return head + table + b"trailer\n<< /Root 1 0 R /Size %d >>\nstartxref\n%d\n%%%%EOF\n" % (count, len(head))


def previous_table_is_itself() -> bytes:
    pdf = document(CATALOG % b"[]", PAGES)
    table = pdf.rindex(b"xref\n", 0, pdf.rindex(b"startxref"))
    return document(CATALOG % b"[]", PAGES, trailer=b"/Prev %d" % table)


def many_revisions() -> bytes:
    pdf = document(CATALOG % b"[]", PAGES)
    for _ in range(300):
        at = len(pdf)
        previous = int(pdf[pdf.rindex(b"startxref") + 10 :].split()[0])
        pdf += b"xref\n0 0\ntrailer\n<< /Root 1 0 R /Size 3 /Prev %d >>\nstartxref\n%d\n%%%%EOF\n" % (previous, at)
    return pdf


def signature(contents: bytes, byte_range: bytes = b"[0 10 20 30]") -> bytes:
    return b"<< /Type /Sig /SubFilter /ETSI.CAdES.detached /ByteRange %s /Contents <%s> >>" % (byte_range, contents)


def signed_by(contents: bytes, byte_range: bytes = b"[0 10 20 30]") -> bytes:
    field = b"<< /FT /Sig /T (client) /V 4 0 R >>"
    return document(CATALOG % b"[3 0 R]", PAGES, field, signature(contents, byte_range))


def nested_der(depth: int) -> bytes:
    data = b""
    for _ in range(depth):
        length = len(data)
        head = bytes([length]) if length < 128 else b"\x84" + length.to_bytes(4, "big")
        data = b"\x30" + head + data
    return data.hex().encode()


HOSTILE: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "a header and nothing else": lambda: b"%PDF-1.7",
    "text": lambda: b"I, the undersigned, agree to everything.\n" * 50,
    "a picture": lambda: b"\x89PNG\r\n\x1a\n" + bytes(2000),
    "noise behind a header": lambda: b"%PDF-1.7\n" + bytes(range(256)) * 400,
    "seventeen megabytes": lambda: b"%PDF-1.7\n" + bytes(17 << 20),
    "no catalog": lambda: document(b"null", PAGES),
    "a catalog that is a number": lambda: document(b"42", PAGES),
    "a catalog that is itself": lambda: document(b"1 0 R", PAGES),
    "fields that are a number": lambda: document(CATALOG % b"7", PAGES),
    "fields that are numbers": lambda: document(CATALOG % b"[1 2 3]", PAGES),
    "a field that is its own child": lambda: document(
        CATALOG % b"[3 0 R]", PAGES, b"<< /FT /Sig /T (client) /Kids [3 0 R] >>"
    ),
    "a field that is its own parent's name": lambda: document(
        CATALOG % b"[3 0 R]", PAGES, b"<< /FT /Sig /T 3 0 R /V 3 0 R >>"
    ),
    "a hundred thousand fields": lambda: document(
        CATALOG % (b"[" + b"3 0 R " * 100_000 + b"]"), PAGES, b"<< /FT /Sig /T (client) >>"
    ),
    "arrays in arrays": lambda: document(CATALOG % (b"[" * 60_000 + b"]" * 60_000), PAGES),
    "dictionaries in dictionaries": lambda: document(CATALOG % (b"<< /A " * 50_000 + b"1" + b" >>" * 50_000), PAGES),
    "an unclosed string": lambda: document(CATALOG % b"[(" + b"(" * 200_000, PAGES),
    "a cross-reference table that is its own predecessor": previous_table_is_itself,
    "a cross-reference table of 700,000 entries": table_with_many_entries,
    "a cross-reference stream of 2 million entries": xref_stream_bomb,
    "three hundred revisions": many_revisions,
    "metadata of 100 megabytes": lambda: document(
        b"<< /Type /Catalog /Pages 2 0 R /Metadata 3 0 R /AcroForm << /Fields [] >> >>", PAGES, bomb(100)
    ),
    "a store of proofs of 100 megabytes": lambda: document(
        b"<< /Type /Catalog /Pages 2 0 R /DSS << /Certs [3 0 R] >> /AcroForm << /Fields [] >> >>", PAGES, bomb(100)
    ),
    "an empty signature": lambda: signed_by(b""),
    "a signature of zeros": lambda: signed_by(b"00" * 8000),
    "a signature of nested sequences": lambda: signed_by(nested_der(3000)),
    "a signature of half a megabyte": lambda: signed_by(b"3084000fffff" + b"00" * 500_000),
    "a negative byte range": lambda: signed_by(b"3000", b"[0 -10 20 -30]"),
    "a byte range beyond the end": lambda: signed_by(b"3000", b"[0 99999999999 20 99999999999]"),
    "a byte range of names": lambda: signed_by(b"3000", b"[/A /B /C /D]"),
    "a signature that is a page tree": lambda: document(
        CATALOG % b"[3 0 R]", PAGES, b"<< /FT /Sig /T (client) /V 2 0 R >>"
    ),
    "an encryption dictionary that is a loop": lambda: document(CATALOG % b"[]", PAGES, trailer=b"/Encrypt 1 0 R"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_gets_an_answer_in_bounded_time(name: str, authority: Authority) -> None:
    pdf = HOSTILE[name]()
    started = time.process_time()
    verdict = verify(pdf, roots=[authority.root_der])
    assert time.process_time() - started < SECONDS
    assert verdict.outcome in (Outcome.UNREADABLE, Outcome.REJECTED)
    assert verdict.reasons
    assert 2 <= len(verdict.sentences("es")) <= 6


def test_a_file_that_unpacks_to_hundreds_of_megabytes_is_not_unpacked(authority: Authority) -> None:
    pdf = HOSTILE["a store of proofs of 100 megabytes"]()
    tracemalloc.start()
    try:
        verdict = verify(pdf, roots=[authority.root_der])
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()
    assert ReasonCode.ARCHIVE_UNREADABLE in {reason.code for reason in verdict.reasons}


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("text", ReasonCode.NOT_A_PDF),
        ("seventeen megabytes", ReasonCode.TOO_LARGE),
        ("three hundred revisions", ReasonCode.TOO_COMPLEX),
        ("a cross-reference table of 700,000 entries", ReasonCode.TOO_COMPLEX),
        ("a hundred thousand fields", ReasonCode.TOO_COMPLEX),
        ("a header and nothing else", ReasonCode.DAMAGED),
        ("a signature of zeros", ReasonCode.SIGNATURE_UNREADABLE),
        ("fields that are numbers", ReasonCode.NO_SIGNATURE_FIELDS),
    ],
)
def test_the_answer_says_what_it_is(name: str, code: ReasonCode, authority: Authority) -> None:
    assert code in {reason.code for reason in verify(HOSTILE[name](), roots=[authority.root_der]).reasons}


def test_metadata_with_entities_in_an_update_is_refused(sealed_pdf: bytes, authority: Authority) -> None:
    laughs = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha">' + b"".join(
        b'<!ENTITY %c "%s">' % (98 + i, b"&%c;" % (97 + i) * 10) for i in range(9)
    )
    laughs += b']><x:xmpmeta xmlns:x="adobe:ns:meta/">&j;</x:xmpmeta>'
    writer = IncrementalPdfFileWriter(io.BytesIO(sealed_pdf))
    entries = {pdf_name("/Type"): pdf_name("/Metadata"), pdf_name("/Subtype"): pdf_name("/XML")}
    writer.root[pdf_name("/Metadata")] = writer.add_object(generic.StreamObject(entries, stream_data=laughs))
    writer.update_root()
    out = io.BytesIO()
    writer.write(out)
    started = time.process_time()
    verdict = verify(out.getvalue(), roots=[authority.root_der])
    assert time.process_time() - started < SECONDS
    assert ReasonCode.CHANGED_AFTER_SEAL in {reason.code for reason in verdict.reasons}


@given(st.binary(max_size=400))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_noise_is_answered(authority: Authority, noise: bytes) -> None:
    for pdf in (noise, b"%PDF-1.7\n" + noise, document(CATALOG % b"[3 0 R]", PAGES, noise)):
        assert not verify(pdf, roots=[authority.root_der]).accepted


@given(data=st.data())
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_genuine_file_with_a_piece_cut_out_doubled_or_overwritten_is_answered(
    data: st.DataObject, sealed_pdf: bytes, authority: Authority
) -> None:
    start = data.draw(st.integers(0, len(sealed_pdf) - 1))
    length = data.draw(st.integers(1, 5000))
    piece = sealed_pdf[start : start + length]
    instead = data.draw(st.sampled_from([b"", piece * 2, bytes(len(piece)), piece[::-1] + b" "]))
    changed = sealed_pdf[:start] + instead + sealed_pdf[start + length :]
    assert not verify(changed, roots=[authority.root_der]).accepted or changed == sealed_pdf


def test_the_help_of_the_terminal_does_not_pay_for_the_verifier() -> None:
    program = (
        "import sys; import signing.verify, signing.explain;"
        "sys.exit(any(name.split('.')[0] in {'pyhanko', 'asn1crypto', 'cryptography', 'lxml'} for name in sys.modules))"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_the_limits_leave_room_for_genuine_files(sealed_pdf: bytes) -> None:
    assert len(sealed_pdf) * 20 < structure.LARGEST_FILE
    reader = structure.open_file(sealed_pdf)
    assert reader.xrefs.total_revisions * 4 < structure.MOST_REVISIONS
    assert len(structure.fields_of(reader)) + 6 < structure.MOST_FIELDS
