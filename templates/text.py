"""The words and metadata of a finished PDF, for the check that it says what it should and nothing else.

Danger: pdfium is not safe to use from two threads. Invariant: one lock around every call.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from templates.errors import FormCode, FormError

_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class FinishedText:
    """What a PDF says."""

    pages: tuple[str, ...]
    """The text of each page, line ends as ``\\n``."""
    metadata: Mapping[str, str]
    """The document information: Title, Author, Subject, Keywords, Creator, Producer, CreationDate, ModDate; without the
    empty ones."""


def extract(pdf: bytes) -> FinishedText:
    """The text and metadata of ``pdf``. Raises FormError ``not_a_pdf``."""
    import pypdfium2

    with _lock:
        try:
            document = pypdfium2.PdfDocument(pdf)
        except pypdfium2.PdfiumError:
            raise FormError(FormCode.NOT_A_PDF, "The file is not a PDF.", "Hand over a PDF file.") from None
        try:
            pages = tuple(_text_of(document, number) for number in range(len(document)))
            metadata = {name: str(value) for name, value in document.get_metadata_dict(skip_empty=True).items()}
        finally:
            document.close()
    return FinishedText(pages, MappingProxyType(metadata))


def _text_of(document: object, number: int) -> str:
    page = document[number]  # type: ignore[index]  # pypdfium2 is untyped
    words = page.get_textpage()
    try:
        text = str(words.get_text_bounded()).replace("\r\n", "\n").replace("\r", "\n")
        # pdfium's marks for a hyphen at the end of a line; a name may be broken there
        return text.replace("\ufffe", "-").replace("\x02", "-")
    finally:
        words.close()
        page.close()
