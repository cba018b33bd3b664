"""Turn what Jinja raises into a sentence, a place and a remedy that the author of the form understands.

Invariant: messages of the libraries are never passed on when they arose while filling (they may quote a value); only
mistakes in the text of the form are quoted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from jinja2 import TemplateSyntaxError
from jinja2.exceptions import SecurityError, TemplateAssertionError, UndefinedError

from templates import place
from templates.errors import FormCode, FormError, Place
from templates.plain import path_of, paths
from templates.sandbox import SAFE_FILTERS, ForbiddenStatement, NotPrintable, UnknownField

_NO_FILTER = re.compile(r"No (filter|test) named '([^']+)'")
_UNKNOWN_TAG = re.compile(r"unknown tag '([^']+)'", re.IGNORECASE)


@contextmanager
def errors_of(part: str, parsed: Any, source: str, data: Mapping[str, object]) -> Iterator[None]:
    """Whatever goes wrong inside becomes a FormError with its place in ``part``.

    ``parsed`` is the python-docx part (None for a document property), ``source`` what Jinja compiles of it.
    """
    try:
        yield
    except (FormError, MemoryError):
        raise
    except TemplateSyntaxError as mistake:
        raise _syntax(mistake, part, parsed, source) from None
    except UnknownField as mistake:
        raise _unknown(mistake, part, parsed, source, data) from None
    except SecurityError as mistake:
        raise _forbidden(mistake, part, parsed, source, data) from None
    except (UndefinedError, ArithmeticError, TypeError, ValueError, LookupError, AttributeError) as mistake:
        line = place.template_line(mistake.__traceback__)
        raise FormError(
            FormCode.TEMPLATE_BROKEN,
            "The form computes something that cannot be computed with these fields.",
            "Look at the expression at this place: it joins or compares fields of different kinds.",
            place=_at(part, parsed, source, line, ""),
        ) from None
    except RecursionError:
        raise FormError(
            FormCode.TEMPLATE_BROKEN, "The form calls itself without an end.", "Take out the macro that calls itself."
        ) from None


def unbalanced(part: str) -> FormError:
    """The error for a form whose loops or conditions tear the document apart."""
    return FormError(
        FormCode.TEMPLATE_BROKEN,
        "A loop or condition opens in one paragraph or table row and closes inside another.",
        "Put {%p … %} alone in paragraphs of their own, and {%tr … %} alone in table rows of their own.",
        place=Place(part=part),
    )


def _at(part: str, parsed: Any, source: str, line: int | None, wanted: str) -> Place:
    root = getattr(parsed, "element", None)
    paragraphs = place.paragraph_texts(root) if root is not None else []
    if not wanted and line is not None:
        wanted = _tag_in(source, line)
    return place.find(part, paragraphs, source, line, wanted)


def _tag_in(source: str, line: int) -> str:
    lines = source.split("\n")
    text = lines[line - 1] if 0 < line <= len(lines) else ""
    found = re.search(r"\{[{%]-?\s*(.*?)\s*-?[%}]\}", re.sub(r"<[^>]*>", "", text))
    return found.group(1) if found else ""


def _syntax(mistake: TemplateSyntaxError, part: str, parsed: Any, source: str) -> FormError:
    message = mistake.message or ""
    if isinstance(mistake, ForbiddenStatement):
        return FormError(
            FormCode.FORBIDDEN_EXPRESSION,
            f"The form uses “{message}”, which forms may not.",
            "Use only fields, if, for, set, and the filters of this program.",
            place=_at(part, parsed, source, mistake.lineno, message),
        )
    named = _NO_FILTER.search(message)
    if named and isinstance(mistake, TemplateAssertionError):
        kind, name = named.groups()
        near = place.nearest(name, SAFE_FILTERS)
        return FormError(
            FormCode.UNKNOWN_FILTER,
            f"The {kind} “{name}” is not known here.",
            f"Did you mean “{near}”?" if near else "Take it out, or prepare the value before it is filled in.",
            place=_at(part, parsed, source, mistake.lineno, name),
        )
    unknown = _UNKNOWN_TAG.search(message)
    return FormError(
        FormCode.TEMPLATE_BROKEN,
        f"The form has a mistake: {message.rstrip('.')}.",
        "Check that every {% if %} and {% for %} has its end, and that braces come in pairs.",
        place=_at(part, parsed, source, mistake.lineno, unknown.group(1) if unknown else ""),
    )


def _unknown(mistake: UnknownField, part: str, parsed: Any, source: str, data: Mapping[str, object]) -> FormError:
    owner = "" if mistake.owner is None else (path_of(data, mistake.owner) or "")
    name = f"{owner}.{mistake.name}" if owner else mistake.name
    near = place.nearest(name, paths(data))
    line = place.template_line(mistake.__traceback__)
    return FormError(
        FormCode.FIELD_MISSING,
        f"The form asks for the field {name}, which is not there.",
        f"Did you mean {near}?" if near else "Add the field to the data, or take it out of the form.",
        place=_at(part, parsed, source, line, mistake.name),
    )


def _forbidden(mistake: SecurityError, part: str, parsed: Any, source: str, data: Mapping[str, object]) -> FormError:
    line = place.template_line(mistake.__traceback__)
    where = _at(part, parsed, source, line, "")
    if isinstance(mistake, NotPrintable):
        name = path_of(data, mistake.value) if mistake.value is not None else None
        remedy = (
            "Go through it with {% for one in … %}, or print its members one by one."
            if isinstance(mistake.value, (list, tuple, Mapping))
            else "Print a field that holds text."
        )
        printed = f"the field {name}, which is {mistake.what}" if name else mistake.what
        said = f"The form prints {printed}."
        return FormError(FormCode.FIELD_NOT_TEXT, said, remedy, place=where)
    return FormError(
        FormCode.FORBIDDEN_EXPRESSION,
        f"The form uses something that forms may not: {mistake.message or 'an inner part of the program'}.",
        "Use only fields, if, for, set, and the filters of this program.",
        place=where,
    )
