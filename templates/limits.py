"""How much one document may take, and what is said when it takes more.

One place for both daemons and the press, which waits for them; nothing heavy is imported here.
"""

from __future__ import annotations

import os
import signal

from templates.errors import FormCode, FormError

FILL_CPU_SECONDS = 3
FILL_WALL_SECONDS = 8.0
FILL_MEMORY = 384 << 20
"""Bytes one filling may take beside what the filler itself has."""

RENDER_CPU_SECONDS = 25
RENDER_WALL_SECONDS = 30.0
RENDER_MEMORY = 1 << 30
"""Bytes one document may take beside what LibreOffice itself has."""
MAX_PDF = 192 << 20
"""Bytes of a PDF."""


def fill_ended(status: int, late: bool) -> FormError:
    """What to tell the client of a filling child that died with this wait status, or was killed for its deadline."""
    died_of = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    if late or died_of in (signal.SIGXCPU, signal.SIGKILL):
        return FormError(
            FormCode.FILL_TIMEOUT,
            f"Filling this form did not end within {FILL_WALL_SECONDS:.0f} seconds.",
            "Look for loops inside of loops, and for very long lists.",
        )
    return FormError(
        FormCode.FILL_FAILED,
        "The filling process ended without an answer.",
        "Try again; if it happens again, open the form in Word and save it anew.",
    )


def render_ended(status: int, late: bool) -> FormError:
    """What to tell the client of a rendering child that died with this wait status, or was killed for its deadline."""
    died_of = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    if late or died_of == signal.SIGXCPU:
        return FormError(
            FormCode.RENDER_TIMEOUT,
            f"LibreOffice did not finish the document within {RENDER_WALL_SECONDS:.0f} seconds.",
            "Take out very large pictures and very long tables.",
        )
    return FormError(
        FormCode.RENDER_FAILED,
        "LibreOffice ended while it worked on the document.",
        "Try again; if it happens again, open the document in Word and save it anew.",
    )


def too_much_memory() -> FormError:
    """What to tell when a form asked for more memory than it may have."""
    return FormError(
        FormCode.FILL_MEMORY,
        "Filling this form needs more memory than a form may use.",
        "Look for a loop that makes a text longer and longer.",
    )
