"""Do two Word forms print the same? Compared is what comes out: every word and every pixel, for three sets of data.

Danger: a form that was made smaller, and lost a line in one of its conditions. Invariant: equal means equal on paper,
with little, usual and much to print; the comparison is of the whole page, not of a sample of it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from rules.vocabulary import Language
from templates.errors import FormCode, FormError
from templates.form import Form
from templates.press import Press
from templates.text import extract

SCALE = 1.5
"""Pixels a point: 108 an inch show a shift of less than a quarter of a millimeter."""
_lock = threading.Lock()


def require_equal(
    before: bytes, after: bytes, *, form: Form, language: Language, press: Press, step: Callable[[int], None]
) -> None:
    """Nothing when both print the same; else FormError `prints_differently`.

    `step` is told how many of the three sets of data were compared.
    """
    from templates.drafting.samples import Size, sample

    for done, size in enumerate(Size):
        step(done)
        data = sample(form, language, size)
        old, new = (press.converted(press.fill(docx, data, locale=language)) for docx in (before, after))
        if extract(old).pages != extract(new).pages or pixels(old) != pixels(new):
            raise FormError(
                FormCode.PRINTS_DIFFERENTLY,
                f"Without what nobody sees in it the form prints something else (with {size.value} data).",
                "Open it in Word, save it anew, and propose it again; else report it: Confide's slimming is wrong.",
            )


def pixels(pdf: bytes) -> tuple[bytes, ...]:
    """Every page of a PDF as gray pixels. Raises FormError `not_a_pdf`."""
    import pypdfium2

    with _lock:
        try:
            document = pypdfium2.PdfDocument(pdf)
        except pypdfium2.PdfiumError:
            raise FormError(FormCode.NOT_A_PDF, "The file is not a PDF.", "Hand over a PDF file.") from None
        try:
            return tuple(bytes(page.render(scale=SCALE, grayscale=True).buffer) for page in document)
        finally:
            document.close()
