"""A file opened for one more revision: its fields, its signatures with their certificates, its archival stamps.

Danger: sealing a file that was altered after the last signature would make the organization vouch for the alteration.
Invariant: a verb that adds to a file first sees that the last signature or stamp covers every byte of it.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import x509
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.sign.validation.generic_cms import extract_tst_data_iter
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from signing.authority import window_closed
from signing.errors import SigningCode, SigningError
from signing.roles import ARCHIVE_PREFIX, Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One signature or archival stamp in a file, oldest first."""

    field: str
    certificate: x509.Certificate
    """The signer's, or the time-stamp authority's for an archival stamp."""
    others: tuple[x509.Certificate, ...]
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
    length: int

    def require_untouched(self) -> None:
        """Refuse a file with bytes after its last signature. Raises SigningError."""
        if self.traces and self.traces[-1].end != self.length:
            raise SigningError(
                SigningCode.CHANGED_AFTER_SIGNING,
                "The document was changed after its last signature.",
                "Take the stored copy; if it is the stored copy, void the statement.",
            )

    def unarchived(self) -> tuple[Trace, ...]:
        """Signatures that no archival stamp covers yet."""
        last = max((trace.end for trace in self.traces if trace.archival), default=0)
        return tuple(trace for trace in self.traces if not trace.archival and trace.end > last)

    def require_windows(self, now: datetime) -> None:
        """Refuse when a signature not archived yet has outlived its certificate. Raises SigningError."""
        if any(trace.certificate.not_valid_after <= now for trace in self.unarchived()):
            raise window_closed()

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
        traces = tuple(_trace(one) for one in _embedded(reader))
    return Opened(writer=writer, progress=Progress(fields), traces=traces, length=len(pdf))


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
