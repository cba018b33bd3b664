"""Do two Word forms print the same? Compared is what comes out: every word and every pixel, in color, for little, usual
and much data, and where the form has a second place to sign, for two who sign.

Danger: a form that was made smaller, and lost a line in one of its conditions. Invariant: equal means equal on paper,
with every set of data; the comparison is of the whole page, not of a sample of it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

from rules.vocabulary import Language, SignerRole
from rules.wording import fields_of
from templates.errors import FormCode, FormError
from templates.form import Form
from templates.press import Press
from templates.text import extract

SCALE = 1.5
"""Pixels a point: 108 an inch show a shift of less than a quarter of a millimeter."""
MOST_SETS = 4
"""Sets of data for one language, at most: three sizes, and two who sign."""
_lock = threading.Lock()


def require_equal(
    before: bytes, after: bytes, *, form: Form, language: Language, press: Press, step: Callable[[int], None]
) -> None:
    """Nothing when both print the same; else FormError `prints_differently`.

    `step` is told how many of the sets of data were compared: three, or four where two may sign.
    """
    for done, (told, data) in enumerate(_sets(form, language)):
        step(done)
        old, new = (press.converted(press.fill(docx, data, locale=language)) for docx in (before, after))
        if extract(old).pages != extract(new).pages or pixels(old) != pixels(new):
            raise FormError(
                FormCode.PRINTS_DIFFERENTLY,
                f"Without what nobody sees in it the form prints something else (with {told} data).",
                "Open it in Word, save it anew, and propose it again; else report it: Confide's slimming is wrong.",
            )


def _sets(form: Form, language: Language) -> Iterator[tuple[str, dict[str, Any]]]:
    from templates.drafting.samples import PREPARED_ON, REFERENCE, Size, of_two, sample, sample_draft

    for size in Size:
        yield size.value, sample(form, language, size)
    if SignerRole.REPRESENTATIVE in form.roles:
        draft = of_two(sample_draft(form, language, Size.USUAL))
        yield "two who sign", fields_of(draft, statement_ref=REFERENCE, prepared_on=PREPARED_ON)


def pixels(pdf: bytes) -> tuple[bytes, ...]:
    """Every page of a PDF as pixels in color: what is of another hue and as dark is another paper.

    Raises FormError `not_a_pdf`.
    """
    import pypdfium2

    with _lock:
        try:
            document = pypdfium2.PdfDocument(pdf)
        except pypdfium2.PdfiumError:
            raise FormError(FormCode.NOT_A_PDF, "The file is not a PDF.", "Hand over a PDF file.") from None
        try:
            return tuple(bytes(page.render(scale=SCALE).buffer) for page in document)
        finally:
            document.close()
