"""A file opened for one more revision: its fields, its signatures with their certificates, its archival stamps.

Danger: sealing a file that was altered after the last signature would make the organization vouch for the alteration.
Invariant: a verb that adds to a file first computes that the last signature or stamp fits every byte of it.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from asn1crypto import cms, tsp, x509
from asn1crypto.parser import peek
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.sign.validation.generic_cms import extract_tst_data_iter
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from signing.authority import Authority, window_closed
from signing.errors import SigningCode, SigningError
from signing.roles import ARCHIVE_PREFIX, Progress
from signing.signed import NotSoundError, check, content_of

TIME_TO_ARCHIVE = timedelta(days=2)
"""What a first signature must leave of its certification: two nights in which upkeep can archive it, if one fails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One signature or archival stamp in a file, oldest first."""

    field: str
    certificate: x509.Certificate = dataclasses.field(repr=False)
    """The signer's, or the time-stamp authority's for an archival stamp."""
    others: tuple[x509.Certificate, ...] = dataclasses.field(repr=False)
    """Certificates that came with it, those of its time stamp included."""
    stamped_at: datetime | None
    """Time of its time stamp, None without one."""
    end: int
    """First byte of the file that it does not cover."""

    @property
    def archival(self) -> bool:
        return self.field.startswith(ARCHIVE_PREFIX)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A file open for one more revision."""

    writer: IncrementalPdfFileWriter
    progress: Progress
    traces: tuple[Trace, ...]
    last: EmbeddedPdfSignature | None
    """The last of them as pyHanko reads it."""
    pdf: bytes = dataclasses.field(repr=False)

    def require_genuine(self, authority: Authority) -> None:
        """Refuse a file that is not, to the byte, as the last signature left it, or that strangers signed.

        Each step asks this before it adds its own signature, so the last one vouches for all before it.
        Raises SigningError.
        """
        if any(not authority.issued(trace.certificate.dump()) for trace in self.unarchived()):
            raise SigningError(
                SigningCode.FOREIGN_CERTIFICATE,
                "A signature in this document was made with a certificate of someone else.",
                "Work only on documents that were signed here.",
            )
        # a filled field that pyHanko passes over (its kind was made unreadable) is a changed file, not an unsigned one
        passed_over = sum(self.progress.fields.values()) != len(self.traces)
        if passed_over or (self.last is not None and not _holds(self.last, self.pdf)):
            raise SigningError(
                SigningCode.CHANGED_AFTER_SIGNING,
                "The document was changed after its last signature.",
                "Take the stored copy; if it is the stored copy, void the statement.",
            )

    def unarchived(self) -> tuple[Trace, ...]:
        """Signatures that no archival stamp covers yet."""
        last = max((trace.end for trace in self.traces if trace.archival), default=0)
        return tuple(trace for trace in self.traces if not trace.archival and trace.end > last)

    @property
    def window_ends(self) -> datetime | None:
        """When the first certificate of a signature not archived yet runs out; None when all are archived."""
        return min((trace.certificate.not_valid_after for trace in self.unarchived()), default=None)

    def require_windows(self, now: datetime) -> None:
        """Refuse when a signature not archived yet has outlived its certificate. Raises SigningError."""
        ends = self.window_ends
        if ends is not None and ends <= now:
            raise window_closed()

    def require_time_to_archive(self, now: datetime) -> None:
        """Refuse the first person's signature where too few nights are left to archive it. Raises SigningError.

        Whoever signs after another has a file that was archived in time, or is sealed at once.
        """
        ends = self.window_ends
        if not self.progress.signed_by_somebody and ends is not None and ends - now < TIME_TO_ARCHIVE:
            raise SigningError(
                SigningCode.TOO_LATE_TO_SIGN,
                "It is too late to sign this document: its certification ends before the signature could be archived.",
                "Issue it anew and let that one be signed; this one comes to nothing by itself.",
            )

    @property
    def archival(self) -> tuple[Trace, ...]:
        """The archival stamps, oldest first."""
        return tuple(trace for trace in self.traces if trace.archival)

    @property
    def language(self) -> str:
        """The document's language as two letters, `en` when it does not say."""
        return str(self.writer.prev.root.get("/Lang", "en"))[:2].lower()


@contextmanager
def readable() -> Iterator[None]:
    """Turn pyHanko's reading errors into ours."""
    try:
        yield
    except (PdfError, ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise unreadable() from error


def unreadable() -> SigningError:
    """The refusal of a file that pyHanko cannot work on."""
    return SigningError(SigningCode.UNREADABLE, "The document cannot be read.", "Take the stored copy.")


def open_file(pdf: bytes) -> Opened:
    """Read `pdf` for one more revision. Raises SigningError when it cannot be read."""
    with readable():
        writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
        reader = writer.prev
        fields = {str(name): value is not None for name, value, _ in enumerate_sig_fields(reader)}
        embedded = _embedded(reader)
        traces = tuple(_trace(one) for one in embedded)
    last = embedded[-1] if embedded else None
    return Opened(writer=writer, progress=Progress(fields), traces=traces, last=last, pdf=pdf)


def _embedded(reader: PdfFileReader) -> list[EmbeddedPdfSignature]:
    return sorted(reader.embedded_signatures, key=lambda one: int(one.byte_range[2]) + int(one.byte_range[3]))


def _trace(embedded: EmbeddedPdfSignature) -> Trace:
    others = list(embedded.other_embedded_certs)
    if embedded.sig_object_type == "/DocTimeStamp":
        token = embedded.signed_data
    else:
        token = next(extract_tst_data_iter(embedded.signer_info, signed=False), None)
    stamped_at = None
    if token is not None:
        stamped_at = token["encap_content_info"]["content"].parsed["gen_time"].native
        others.extend(choice.chosen for choice in token["certificates"] if isinstance(choice.chosen, x509.Certificate))
    return Trace(
        field=str(embedded.field_name),
        certificate=embedded.signer_cert,
        others=tuple(others),
        stamped_at=stamped_at,
        end=int(embedded.byte_range[2]) + int(embedded.byte_range[3]),
    )


def _holds(embedded: EmbeddedPdfSignature, pdf: bytes) -> bool:
    """The signature covers the whole of `pdf` but its own place, fills that place alone, and fits."""
    try:
        start, length, second, rest = (int(edge) for edge in embedded.byte_range)
        if start != 0 or not length < second or second + rest != len(pdf):
            return False
        place = pdf[length:second]
        if place[:1] + place[-1:] != b"<>" or bytes.fromhex(place[1:-1].decode()) != embedded.pkcs7_content:
            return False
        if embedded.pkcs7_content[peek(embedded.pkcs7_content) :].strip(b"\0"):
            return False
        covered = pdf[:length] + pdf[second:]
        if embedded.sig_object_type == "/DocTimeStamp":
            _check_token(embedded.signed_data, covered)
        else:
            check(embedded.signed_data, content_type="data", digest=lambda name: hashlib.new(name, covered).digest())
            signature = embedded.signer_info["signature"].native
            for token in extract_tst_data_iter(embedded.signer_info, signed=False):
                _check_token(token, signature)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError):
        return False
    return True


def _check_token(signed: cms.SignedData, stamped: bytes) -> None:
    """Raises ValueError and its like unless the token is over `stamped`."""
    content = content_of(signed)
    imprint = tsp.TSTInfo.load(content)["message_imprint"]
    if imprint["hashed_message"].native != hashlib.new(imprint["hash_algorithm"]["algorithm"].native, stamped).digest():
        raise NotSoundError("it stamped something else")
    check(signed, content_type="tst_info", digest=lambda name: hashlib.new(name, content).digest())
