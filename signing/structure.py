"""Open a file from anywhere and list what it is made of: revisions, fields, revocation data.

Danger: the input may be anybody's. A parser that is fooled lets two readers see two documents; one that never ends
takes the desk down. Invariant: size, revisions, objects and fields are bounded before anything is looked at closely;
encrypted files are refused; oddities of form (bytes before the start or after the end, hybrid cross-references) are
reported even where a lenient reader would shrug.
"""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from asn1crypto import crl, ocsp, x509
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.decode_limits import (
    DEFAULT_PURPOSE_LIMITS,
    DecodeLimits,
    DecodePurpose,
    DocumentDecodeBudget,
    StreamDecodeLimits,
)
from pyhanko.pdf_utils.reader import HistoricalResolver, PdfFileReader

from signing.facts import Reason, ReasonCode

logger = logging.getLogger(__name__)

LARGEST_FILE = 16 * 1024 * 1024
"""Bytes. A statement takes a fraction of one megabyte; what is larger is not one of ours."""
MOST_REVISIONS = 40
"""A finished statement has six, and one more for each renewal."""
MOST_OBJECTS = 2_500
"""A statement of three pages has about two hundred. With these limits the costliest file takes ten seconds: every
signature is compared with every later revision, and each comparison looks at every object."""
MOST_FIELDS = 24
_DEEPEST_FIELD = 6
_KIB = 1024
_UNPACKING = DecodeLimits(
    per_purpose={
        **DEFAULT_PURPOSE_LIMITS,
        # each entry of it costs a turn of a Python loop, so this bounds time, not memory
        DecodePurpose.XREF_STREAM: StreamDecodeLimits(max_output_size=256 * _KIB),
        DecodePurpose.OBJECT_STREAM: StreamDecodeLimits(max_output_size=4096 * _KIB),
        DecodePurpose.XMP_METADATA: StreamDecodeLimits(max_output_size=1024 * _KIB),
    },
    document_budget=DocumentDecodeBudget(base_allowance=32 * 1024 * _KIB, max_ratio=8),
)

_HEADER = b"%PDF-"
_END = b"%%EOF"
_HEX = re.compile(rb"(?:[0-9A-Fa-f]{2})+")


class UnreadableError(Exception):
    """The file cannot be judged at all. Carries the reason; never leaves the room."""

    def __init__(self, code: ReasonCode, detail: str = "") -> None:
        super().__init__(code.value)
        self.reason = Reason(code, detail=detail)


@dataclass(frozen=True, slots=True, kw_only=True)
class FormField:
    """A form field as a revision shows it."""

    name: str
    """Fully qualified: partial names joined by periods."""
    dictionary: generic.DictionaryObject
    is_signature: bool
    filled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """Certificates and revocation data that a revision carries (its document security store)."""

    certificates: tuple[x509.Certificate, ...] = ()
    ocsps: tuple[ocsp.OCSPResponse, ...] = ()
    crls: tuple[crl.CertificateList, ...] = ()

    def answers_for(self, certificate: x509.Certificate) -> bool:
        """Whether it has an OCSP answer about this certificate, or any revocation list of its issuer."""
        if any(found["tbs_cert_list"]["issuer"] == certificate.issuer for found in self.crls):
            return True
        return any(certificate.serial_number in _serials(response) for response in self.ocsps)


def _serials(response: ocsp.OCSPResponse) -> set[int]:
    if response["response_status"].native != "successful":
        return set()
    return {int(single["cert_id"]["serial_number"].native) for single in response.response_data["responses"]}


def open_file(pdf: bytes) -> PdfFileReader:
    """A strict reader over `pdf`. Raises UnreadableError."""
    if len(pdf) > LARGEST_FILE:
        raise UnreadableError(ReasonCode.TOO_LARGE)
    if _HEADER not in pdf[:1024]:
        raise UnreadableError(ReasonCode.NOT_A_PDF)
    if pdf.count(b"startxref") > MOST_REVISIONS:
        raise UnreadableError(ReasonCode.TOO_COMPLEX, "revisions")
    # one entry of a cross-reference table takes twenty bytes; the parser would read them all before we could count
    if pdf.count(b" n") > 4 * MOST_OBJECTS or pdf.count(b" obj") > MOST_OBJECTS:
        raise UnreadableError(ReasonCode.TOO_COMPLEX, "objects")
    try:
        reader = PdfFileReader(io.BytesIO(pdf), strict=True, decode_limits=_UNPACKING)
        if reader.encrypt_dict is not None:
            raise UnreadableError(ReasonCode.ENCRYPTED)
        if reader.xrefs.total_revisions > MOST_REVISIONS:
            raise UnreadableError(ReasonCode.TOO_COMPLEX, "revisions")
        if len(reader.xrefs.explicit_refs_in_revision(0)) > MOST_OBJECTS:
            raise UnreadableError(ReasonCode.TOO_COMPLEX, "objects")
        if not isinstance(reader.root, generic.DictionaryObject):
            raise UnreadableError(ReasonCode.DAMAGED, "catalog")
    except UnreadableError:
        raise
    except Exception as error:  # a parser fed with anything raises anything
        logger.debug("unreadable file: %s", type(error).__name__)
        raise UnreadableError(ReasonCode.DAMAGED, type(error).__name__) from error
    return reader


def oddities(pdf: bytes, reader: PdfFileReader) -> Iterator[Reason]:
    """What is wrong with the form of the file as a whole."""
    if not pdf.startswith(_HEADER):
        yield Reason(ReasonCode.BYTES_OUTSIDE, detail="before the start")
    if pdf[pdf.rfind(_END) + len(_END) :].strip(b"\r\n") or pdf.rfind(_END) < 0:
        yield Reason(ReasonCode.BYTES_OUTSIDE, detail="after the end")
    if reader.xrefs.hybrid_xrefs_present:
        yield Reason(ReasonCode.HYBRID_FILE)


def gap_is_the_signature(pdf: bytes, ranges: Sequence[int], contents: bytes) -> bool:
    """Whether a byte range leaves out the signature's own digits and nothing else.

    pyHanko compares lengths only: a gap that lies a little beside the signature passes, and what falls into it could
    be exchanged freely (ISO 32000-2 §12.8.1: the range covers the file except the value of /Contents).
    """
    if len(ranges) != 4:
        return False
    start, first, second, rest = ranges
    if start != 0 or not 0 < first < second <= second + rest <= len(pdf):
        return False
    gap = pdf[first:second]
    if gap[:1] + gap[-1:] != b"<>" or not _HEX.fullmatch(gap, 1, len(gap) - 1):
        return False
    return bytes.fromhex(gap[1:-1].decode("ascii")) == contents


def fields_of(handler: PdfFileReader | HistoricalResolver) -> list[FormField]:
    """Every terminal form field, doubles included. Raises UnreadableError when there are too many."""
    form = _entry(handler.root, "/AcroForm", {})
    found = list(_walk(_entry(form, "/Fields", ()), "", None, None, 0))
    if len(found) > MOST_FIELDS:
        raise UnreadableError(ReasonCode.TOO_COMPLEX, "fields")
    return found


def _entry(dictionary: Mapping[str, Any], key: str, default: Any) -> Any:
    """An entry with its reference followed (`get` does not)."""
    try:
        return dictionary[key]
    except KeyError:
        return default


def _items(array: Sequence[Any]) -> Iterator[Any]:
    """The items of an array with their references followed (iterating does not)."""
    return (array[position] for position in range(len(array)))


def _walk(
    kids: Sequence[generic.PdfObject], prefix: str, kind: str | None, value: generic.PdfObject | None, depth: int
) -> Iterator[FormField]:
    if depth > _DEEPEST_FIELD or len(kids) > MOST_FIELDS:
        raise UnreadableError(ReasonCode.TOO_COMPLEX, "fields")
    for entry in _items(kids):
        if not isinstance(entry, generic.DictionaryObject) or "/T" not in entry:
            continue  # a widget of the field above
        name = f"{prefix}{entry['/T']}"
        own_kind = str(entry["/FT"]) if "/FT" in entry else kind
        own_value = _entry(entry, "/V", value)
        children = _entry(entry, "/Kids", ())
        if any(isinstance(child, generic.DictionaryObject) and "/T" in child for child in _items(children)):
            yield from _walk(children, f"{name}.", own_kind, own_value, depth + 1)
            continue
        filled = own_value is not None and not isinstance(own_value, generic.NullObject)
        yield FormField(name=name, dictionary=entry, is_signature=own_kind == "/Sig", filled=filled)


def archive_of(handler: PdfFileReader | HistoricalResolver) -> Archive:
    """The security store of a revision (empty when there is none)."""
    store = _entry(handler.root, "/DSS", {})

    def parts(key: str, purpose: DecodePurpose) -> list[bytes]:
        return [stream.read_data(purpose) for stream in _items(_entry(store, key, ()))]

    return Archive(
        certificates=tuple(x509.Certificate.load(der) for der in parts("/Certs", DecodePurpose.CERTIFICATE)),
        ocsps=tuple(ocsp.OCSPResponse.load(der) for der in parts("/OCSPs", DecodePurpose.OCSP_RESPONSE)),
        crls=tuple(crl.CertificateList.load(der) for der in parts("/CRLs", DecodePurpose.CRL)),
    )
