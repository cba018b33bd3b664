"""LibreOfficeKit through ctypes: just what turning a Word file into a PDF needs.

LibreOffice 6 and later export ``libreofficekit_hook_2`` from ``libmergedlo.so``; the structures below are the head of
its C tables (LibreOfficeKit/LibreOfficeKit.h), in their order. Danger: a wrong order calls the wrong function.
Invariant: the size that the library tells of its table is checked before anything in it is called.
"""

from __future__ import annotations

import ctypes as c
import json
import os
from collections.abc import Callable
from pathlib import Path

from templates.errors import FormCode, FormError

PROGRAMS = (
    Path("/usr/lib/libreoffice/program"),
    Path("/usr/lib64/libreoffice/program"),
    Path("/opt/libreoffice/program"),
    Path("/usr/local/lib/libreoffice/program"),
)

PDF_OPTIONS = json.dumps(
    {
        name: {"type": kind, "value": value}
        for name, kind, value in (
            ("SelectPdfVersion", "long", "2"),  # PDF/A-2b (ISO 19005-2)
            ("UseTaggedPDF", "boolean", "true"),
            ("PDFUACompliance", "boolean", "true"),  # PDF/UA-1 (ISO 14289-1); what is missing, templates.finish adds
            ("UseLosslessCompression", "boolean", "true"),  # 40 ms faster than JPEG, and nothing to lose
            ("ReduceImageResolution", "boolean", "false"),
        )
    }
)
"""Export options, the same for the warm renderer and for the fallback."""

_POLL = c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_int)
_WAKE = c.CFUNCTYPE(None, c.c_void_p)


class _DocumentTable(c.Structure):
    _fields_ = [
        ("size", c.c_size_t),
        ("destroy", c.CFUNCTYPE(None, c.c_void_p)),
        ("saveAs", c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_char_p, c.c_char_p, c.c_char_p)),
    ]


class _Document(c.Structure):
    _fields_ = [("table", c.POINTER(_DocumentTable))]


class _OfficeTable(c.Structure):
    _fields_ = [
        ("size", c.c_size_t),
        ("destroy", c.CFUNCTYPE(None, c.c_void_p)),
        ("documentLoad", c.CFUNCTYPE(c.c_void_p, c.c_void_p, c.c_char_p)),
        ("getError", c.CFUNCTYPE(c.c_void_p, c.c_void_p)),
        ("documentLoadWithOptions", c.CFUNCTYPE(c.c_void_p, c.c_void_p, c.c_char_p, c.c_char_p)),
        ("freeError", c.CFUNCTYPE(None, c.c_void_p)),
        ("registerCallback", c.c_void_p),
        ("getFilterTypes", c.c_void_p),
        ("setOptionalFeatures", c.c_void_p),
        ("setDocumentPassword", c.c_void_p),
        ("getVersionInfo", c.c_void_p),
        ("runMacro", c.c_void_p),
        ("signDocument", c.c_void_p),
        ("runLoop", c.CFUNCTYPE(None, c.c_void_p, _POLL, _WAKE, c.c_void_p)),
    ]


class _Office(c.Structure):
    _fields_ = [("table", c.POINTER(_OfficeTable))]


def program_directory() -> Path:
    """Where LibreOffice's programs lie. Raises FormError ``office_missing``."""
    told = os.environ.get("CONFIDE_OFFICE")
    for directory in (Path(told),) if told else PROGRAMS:
        if (directory / "soffice").exists():
            return directory
    raise FormError(
        FormCode.OFFICE_MISSING,
        "LibreOffice was not found on this machine.",
        "Install libreoffice-writer-nogui, or set CONFIDE_OFFICE to the directory of its programs.",
    )


class Kit:
    """LibreOffice in this process. There can be one, and it is never taken down: the process ends with ``os._exit``."""

    def __init__(self, profile: Path) -> None:
        """Start it on a user profile of its own. Takes 0.2-3 s. Raises FormError."""
        directory = program_directory()
        try:
            library = c.CDLL(str(directory / "libmergedlo.so"), mode=os.RTLD_GLOBAL | os.RTLD_LAZY)
            hook = library.libreofficekit_hook_2
        except (OSError, AttributeError) as absent:
            raise FormError(
                FormCode.OFFICE_MISSING,
                "This LibreOffice cannot be used from inside a program.",
                "Install libreoffice-writer-nogui; until then every document starts LibreOffice anew.",
            ) from absent
        hook.argtypes, hook.restype = [c.c_char_p, c.c_char_p], c.POINTER(_Office)
        self._office = hook(str(directory).encode(), profile.as_uri().encode())
        if not self._office or self._office.contents.table.contents.size < c.sizeof(_OfficeTable):
            raise FormError(
                FormCode.OFFICE_MISSING,
                "LibreOffice did not start.",
                "Look whether it starts by itself: soffice --version.",
            )
        self._table = self._office.contents.table.contents

    def to_pdf(self, source: Path, target: Path, *, leave_open: bool = False) -> None:
        """Write the Word file ``source`` as a PDF to ``target``. Raises FormError ``render_failed``.

        ``leave_open``: the process ends right after; taking the document down would take a tenth of the time.
        """
        document = self._table.documentLoadWithOptions(self._office, source.as_uri().encode(), b"Batch=true")
        if not document:
            raise self._failed("LibreOffice could not read the document.")
        table = c.cast(document, c.POINTER(_Document)).contents.table.contents
        try:
            if not table.saveAs(document, target.as_uri().encode(), b"pdf", PDF_OPTIONS.encode()):
                raise self._failed("LibreOffice could not write the document as a PDF.")
        finally:
            if not leave_open:
                table.destroy(document)

    def run(self, inside: Callable[[], None]) -> None:
        """Call ``inside`` from within LibreOffice's own loop, on its one thread; ``inside`` must not return.

        Needs ``SAL_LOK_OPTIONS=unipoll`` in the environment before ``Kit`` is made.
        """

        def poll(data: object, timeout: int) -> int:
            inside()
            return 0

        def wake(data: object) -> None:
            return None

        # with NULL for data LibreOffice spins at full speed and never polls
        self._table.runLoop(self._office, _POLL(poll), _WAKE(wake), c.c_void_p(1))

    def _failed(self, sentence: str) -> FormError:
        # LibreOffice's own message names files only; it is freed, not told
        message = self._table.getError(self._office)
        if message:
            self._table.freeError(message)
        return FormError(
            FormCode.RENDER_FAILED,
            sentence,
            "Open it in Word, save it again as a Word document (.docx), and try again.",
        )
