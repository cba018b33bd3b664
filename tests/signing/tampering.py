"""Ways to tamper with a sealed statement without any key: bytes, updates, cut-backs.

Each variant names what the verifier must answer and a code that must be among its reasons. `silent` marks those that
leave every signed byte in place: plain cryptography finds nothing, only the rules on form and change do. A test holds
that claim, so that a variant which merely broke the file cannot pass for one that was understood.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass

from asn1crypto import cms
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.signers.pdf_signer import PdfTimeStamper

from signing.timestamp import EmbeddedStamper


@dataclass(frozen=True, kw_only=True)
class Genuine:
    """What the tamperer has in hand: finished files, and a time-stamp authority that stamps for anybody."""

    sealed: bytes
    other: bytes
    """Another genuine file of the same organization."""
    stamper: EmbeddedStamper


Make = Callable[[Genuine], bytes]


@dataclass(frozen=True, kw_only=True)
class Variant:
    name: str
    make: Make
    outcome: str
    code: str
    silent: bool = False
    """Every signature in it is still cryptographically right over its own bytes."""
    stamped: bool = False
    """It ends in a trusted stamp again, over the change."""


VARIANTS: list[Variant] = []


def variant(outcome: str, code: str, *, silent: bool = False) -> Callable[[Make], Make]:
    def register(make: Make) -> Make:
        name = make.__name__.strip("_")
        VARIANTS.append(Variant(name=name, make=make, outcome=outcome, code=code, silent=silent))
        return make

    return register


# --- hands ---------------------------------------------------------------------------------------------------------


def reader_of(pdf: bytes) -> PdfFileReader:
    return PdfFileReader(io.BytesIO(pdf))


def signature_of(pdf: bytes, field: str):  # type: ignore[no-untyped-def]
    return next(one for one in reader_of(pdf).embedded_signatures if one.field_name == field)


def hole_of(pdf: bytes, field: str) -> tuple[int, int]:
    """Offsets of the hex digits of a signature's contents, brackets excluded."""
    ranges = [int(number) for number in signature_of(pdf, field).byte_range]
    return ranges[1] + 1, ranges[2] - 1


def end_of(pdf: bytes, field: str) -> int:
    """Offset after the last byte that a signature covers."""
    ranges = [int(number) for number in signature_of(pdf, field).byte_range]
    return ranges[2] + ranges[3]


def patched(pdf: bytes, offset: int, new: bytes) -> bytes:
    assert pdf[offset : offset + len(new)] != new
    return pdf[:offset] + new + pdf[offset + len(new) :]


def flipped(pdf: bytes, offset: int) -> bytes:
    return patched(pdf, offset, bytes([pdf[offset] ^ 1]))


def planted(pdf: bytes, field: str, signed_data) -> bytes:  # type: ignore[no-untyped-def]
    """Put another signature into the place of one, filled up with zeros."""
    start, end = hole_of(pdf, field)
    content = cms.ContentInfo({"content_type": "signed_data", "content": signed_data}).dump().hex().encode()
    assert len(content) <= end - start
    return patched(pdf, start, content.ljust(end - start, b"0"))


def flipped_in_signature(pdf: bytes, field: str, part: bytes) -> bytes:
    """Flip one bit in the last byte of `part`, found inside a signature's DER."""
    start, end = hole_of(pdf, field)
    position = bytes.fromhex(pdf[start:end].decode()).rindex(part) + len(part) - 1
    digits = start + 2 * position
    changed = int(pdf[digits : digits + 2], 16) ^ 1
    return patched(pdf, digits, f"{changed:02x}".encode())


def updated(pdf: bytes, change: Callable[[IncrementalPdfFileWriter], None]) -> bytes:
    """One honest-looking incremental update, no signature broken."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    change(writer)
    out = io.BytesIO()
    writer.write(out)
    assert out.getvalue().startswith(pdf)
    return out.getvalue()


def restamped(pdf: bytes, genuine: Genuine, field: str = "archive_ts_2") -> bytes:
    """End the file in a trusted stamp again: what an independent authority does for anybody."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    out = PdfTimeStamper(genuine.stamper, field_name=field).timestamp_pdf(writer, "sha256", bytes_reserved=16384)
    return out.getvalue()


# --- bytes ---------------------------------------------------------------------------------------------------------


@variant("rejected", "content_altered")
def byte_in_page_content(g: Genuine) -> bytes:
    contents = reader_of(g.sealed).root["/Pages"]["/Kids"][0].raw_get("/Contents")
    start = re.search(rb"\n%d 0 obj.*?stream\r?\n" % contents.idnum, g.sealed, re.DOTALL)
    assert start
    return flipped(g.sealed, start.end() + 40)


@variant("rejected", "content_altered")
def byte_in_metadata(g: Genuine) -> bytes:
    return flipped(g.sealed, g.sealed.index(b"<pdfaid:part>") + len("<pdfaid:part>"))


@variant("rejected", "signature_wrong")
def bit_in_the_clients_signature_value(g: Genuine) -> bytes:
    value = signature_of(g.sealed, "client").signer_info["signature"].native
    return flipped_in_signature(g.sealed, "client", value)


@variant("rejected", "content_altered")
def bit_in_a_certificate_beside_the_clients_signature(g: Genuine) -> bytes:
    other = signature_of(g.sealed, "client").other_embedded_certs[0]
    return flipped_in_signature(g.sealed, "client", other["signature_value"].native)


@variant("rejected", "content_altered")
def filler_behind_the_clients_signature(g: Genuine) -> bytes:
    return patched(g.sealed, hole_of(g.sealed, "client")[1] - 2, b"ab")


@variant("rejected", "stamp_wrong")
def bit_in_the_archive_stamps_signature_value(g: Genuine) -> bytes:
    value = signature_of(g.sealed, "archive_ts_1").signer_info["signature"].native
    return flipped_in_signature(g.sealed, "archive_ts_1", value)


@variant("rejected", "content_altered")
def contents_swapped_between_client_and_witness(g: Genuine) -> bytes:
    client, witness = signature_of(g.sealed, "client"), signature_of(g.sealed, "witness")
    return planted(planted(g.sealed, "client", witness.signed_data), "witness", client.signed_data)


@variant("rejected", "content_altered")
def clients_signature_of_another_file_transplanted(g: Genuine) -> bytes:
    return planted(g.sealed, "client", signature_of(g.other, "client").signed_data)


@variant("rejected", "content_altered")
def archive_stamp_of_another_file_transplanted(g: Genuine) -> bytes:
    return planted(g.sealed, "archive_ts_1", signature_of(g.other, "archive_ts_1").signed_data)


@variant("rejected", "signature_unreadable")
def clients_signature_emptied(g: Genuine) -> bytes:
    a, b = hole_of(g.sealed, "client")
    return g.sealed[:a] + b"0" * (b - a) + g.sealed[b:]


def _last_range(pdf: bytes) -> re.Match[bytes]:
    return list(re.finditer(rb"/ByteRange \[(\d+) (\d+) (\d+) (\d+)\s*\]", pdf))[-1]


def _with_range(pdf: bytes, numbers: tuple[int, int, int, int]) -> bytes:
    match = _last_range(pdf)
    new = b"/ByteRange [%d %d %d %d" % numbers
    room = len(match[0])
    return patched(pdf, match.start(), new.ljust(room - 1) + b"]")


@variant("rejected", "range_wrong")
def gap_of_the_last_stamp_widened(g: Genuine) -> bytes:
    first, length, start, rest = (int(number) for number in _last_range(g.sealed).groups())
    return _with_range(g.sealed, (first, length, start + 50, rest - 50))


@variant("rejected", "range_wrong")
def gap_of_the_last_stamp_moved_beside_its_contents(g: Genuine) -> bytes:
    """As long as before, so that lengths add up; what stands before the signature's digits is covered no more."""
    first, length, start, rest = (int(number) for number in _last_range(g.sealed).groups())
    return _with_range(g.sealed, (first, length - 20, start - 20, rest + 20))


@variant("rejected", "range_wrong")
def range_of_the_last_stamp_starting_late(g: Genuine) -> bytes:
    _, length, start, rest = (int(number) for number in _last_range(g.sealed).groups())
    return _with_range(g.sealed, (9, length - 9, start, rest))


@variant("rejected", "content_altered")
def range_of_the_last_stamp_emptied(g: Genuine) -> bytes:
    return _with_range(g.sealed, (0, 0, 0, 0))


@variant("rejected", "signature_unreadable")
def range_of_the_last_stamp_taken_out(g: Genuine) -> bytes:
    return patched(g.sealed, _last_range(g.sealed).start(), b"/ByteRangX")


@variant("rejected", "foreign_field")
def field_renamed_in_place(g: Genuine) -> bytes:
    places = [match.start() for match in re.finditer(rb"/T \(client\)", g.sealed)]
    assert places
    pdf = g.sealed
    for place in places:
        pdf = patched(pdf, place, b"/T (clienu)")
    return pdf


@variant("rejected", "bytes_outside", silent=True)
def junk_after_the_end(g: Genuine) -> bytes:
    return g.sealed + b"% nothing to see\n" * 3


@variant("rejected", "not_covered_to_the_end", silent=True)
def comment_and_second_end_after_the_end(g: Genuine) -> bytes:
    start = g.sealed[g.sealed.rindex(b"startxref") :]
    return g.sealed + b"% nothing to see\n" + start


@variant("unreadable", "damaged")
def bytes_before_the_start(g: Genuine) -> bytes:
    return b"% nothing to see\n" + g.sealed


@variant("unreadable", "damaged")
def last_200_bytes_cut(g: Genuine) -> bytes:
    return g.sealed[:-200]


@variant("unreadable", "damaged")
def two_fifths_cut(g: Genuine) -> bytes:
    return g.sealed[: len(g.sealed) * 3 // 5]


@variant("rejected", "content_altered")
def rewritten_whole_by_another_program(g: Genuine) -> bytes:
    import pikepdf

    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(g.sealed)) as pdf:
        pdf.save(out)
    return out.getvalue()


@variant("unreadable", "encrypted")
def encrypted_with_an_empty_password(g: Genuine) -> bytes:
    import pikepdf

    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(g.sealed)) as pdf:
        pdf.save(out, encryption=pikepdf.Encryption(owner="x", user=""))
    return out.getvalue()


# --- cut back to an older genuine revision: flawless cryptography ---------------------------------------------------


@variant("sealed_without_time", "no_archive_stamp", silent=True)
def archive_stamp_cut_off(g: Genuine) -> bytes:
    return g.sealed[: end_of(g.sealed, "org_seal")]


@variant("incomplete", "not_signed", silent=True)
def seal_and_archive_stamp_cut_off(g: Genuine) -> bytes:
    return g.sealed[: end_of(g.sealed, "witness")]


@variant("sealed_without_time", "no_archive_stamp", silent=True)
def archive_stamp_skipped_by_a_later_table(g: Genuine) -> bytes:
    """Its bytes are still there, but an appended cross-reference table goes back past it."""
    sealed = g.sealed[: end_of(g.sealed, "org_seal")]
    before = int(sealed[sealed.rindex(b"startxref") + 9 :].split()[0])
    trailer = g.sealed[g.sealed.rindex(b"trailer") : g.sealed.rindex(b"startxref")]
    trailer = re.sub(rb"/Prev \d+", b"/Prev %d" % before, trailer)
    return g.sealed + b"xref\n0 0\n" + trailer + b"startxref\n%d\n%%%%EOF\n" % len(g.sealed)


@variant("incomplete", "not_signed", silent=True)
def all_but_the_client_cut_off(g: Genuine) -> bytes:
    return g.sealed[: end_of(g.sealed, "client")]
