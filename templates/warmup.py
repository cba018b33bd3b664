"""The little document both daemons work on when they start, so that no person waits for what is loaded lazily.

A page with both languages, the fonts of forms, a table, a header and footer with page numbers, checkboxes and a picture
with alt text. The renderer also asks itself for it to see whether it is well.
"""

from __future__ import annotations

from pathlib import Path

_FILE = Path(__file__).with_name("data") / "warmup.docx"


def warmup_document() -> bytes:
    """The document, as the bytes of a Word file; it has no fields."""
    return _FILE.read_bytes()
