"""Show any Word form as it will print, or say what is wrong with it and where.

For the author of a form, before a client sits in the room: all names that are wrong at once, with the place and the
name that was probably meant; mistakes in loops and conditions; pictures and tables as they will look. The form need not
be one of ours: loops over rows, columns and paragraphs, merged cells, rich text, headers and footers, footnotes work as
in any docxtpl form (see `templates.rich` for how rich text is written in plain data).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from templates import place
from templates.errors import FormCode, FormError
from templates.plain import paths
from templates.press import Press

TOLD_AT_ONCE = 8
"""Wrong names told in one error."""
NO_DATE = dt.date(2000, 1, 1)
"""The date in the metadata of a preview: it is nobody's statement."""


def preview(
    docx: bytes, data: Mapping[str, object], *, press: Press | None = None, title: str = "Preview", language: str = "en"
) -> bytes:
    """The form ``docx`` filled with ``data``, as a PDF.

    Works without daemons (2-3 s); give a ``press`` to use those that run. Raises FormError with place and remedy.
    """
    from templates.finish import finish

    press = press or Press(None)
    try:
        filled = press.fill(docx, data, locale=language)
    except FormError as error:
        if error.code is not FormCode.FIELD_MISSING:
            raise
        raise _all_missing(docx, data) or error from None
    pdf = press.converted(filled)
    return finish(pdf, title=title, language=language, prepared_on=NO_DATE, values=data, strict=False)


def _all_missing(docx: bytes, data: Mapping[str, object]) -> FormError | None:
    """One error that tells every missing field; the form was compiled before, in a limited process, without harm."""
    from templates.names import missing, names_used

    wrong = missing(names_used(docx), data)
    if len(wrong) < 2:
        return None
    known = list(paths(data))
    told = "; ".join(f"{one.name} ({one.place})" for one in wrong[:TOLD_AT_ONCE])
    more = f"; and {len(wrong) - TOLD_AT_ONCE} more" if len(wrong) > TOLD_AT_ONCE else ""
    near = [(one.name, place.nearest(one.name, known)) for one in wrong]
    meant = ", ".join(f"{probable} for {name}" for name, probable in near if probable)
    return FormError(
        FormCode.FIELD_MISSING,
        f"The form asks for {len(wrong)} fields which are not there: {told}{more}.",
        f"Did you mean {meant}?" if meant else "Add the fields to the data, or take them out of the form.",
    )
