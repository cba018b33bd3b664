"""Turn what Jinja raises into a sentence, a place and a remedy that the author of the form understands.

Invariant: messages of the libraries are never passed on when they arose while filling (they may quote a value); only
mistakes in the text of the form are quoted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from jinja2 import TemplateError, TemplateSyntaxError
from jinja2.exceptions import SecurityError, TemplateAssertionError

from templates import place
from templates.errors import FormCode, FormError, Place
from templates.plain import path_of, paths
from templates.sandbox import SAFE_FILTERS, ForbiddenStatement, NotPrintable, UnknownField

_NO_FILTER = re.compile(r"No (filter|test) named '([^']+)'")
_PLAIN_STATEMENT = re.compile(r"\{%-?\s*((?:end)?(?:if|for|macro|call|filter))\b[^%]*%\}")
_CALL = re.compile(r"([A-Za-z_][\w.]*)\s*\(")
_WRAPPED = re.compile(r"^\((.*)\)\|as_(?:runs|paragraphs)$", re.DOTALL)
"""What `templates.rich` makes of a bare value: no author wrote that."""
_UNKNOWN_TAG = re.compile(r"unknown tag '([^']+)'", re.IGNORECASE)


@contextmanager
def errors_of(part: Any, source: str, data: Mapping[str, object]) -> Iterator[None]:
    """Whatever goes wrong inside becomes a FormError with its place in ``part``.

    ``part`` is the python-docx part (None for the document properties), ``source`` what Jinja compiles of it.
    """
    try:
        yield
    except (FormError, MemoryError):
        raise
    except TemplateSyntaxError as mistake:
        raise _syntax(mistake, part, source) from None
    except UnknownField as mistake:
        raise _unknown(mistake, part, source, data) from None
    except SecurityError as mistake:
        raise _forbidden(mistake, part, source, data) from None
    except (TemplateError, ArithmeticError, TypeError, ValueError, LookupError, AttributeError) as mistake:
        line = place.template_line(mistake.__traceback__)
        called = _called(mistake, source, line)
        if called:
            raise FormError(
                FormCode.FORBIDDEN_EXPRESSION,
                f"The form calls {called}(…), which is no function here.",
                "Let the program prepare the value, and print it as a field.",
                place=place_of(part, source, line, ""),
            ) from None
        raise FormError(
            FormCode.TEMPLATE_BROKEN,
            "The form computes something that cannot be computed with these fields.",
            "Look at the expression at this place: it joins or compares fields of different kinds.",
            place=place_of(part, source, line, ""),
        ) from None
    except RecursionError:
        raise FormError(
            FormCode.TEMPLATE_BROKEN, "The form calls itself without an end.", "Take out the macro that calls itself."
        ) from None


def unbalanced(part: Any) -> FormError:
    """The error for a form whose loops or conditions tear ``part`` apart."""
    return FormError(
        FormCode.TEMPLATE_BROKEN,
        "A loop or condition opens in one paragraph, cell or row and closes inside another.",
        "Put {%p … %} alone in paragraphs of their own, and {%tr … %} alone in table rows of their own.",
        place=_torn(part),
    )


def _torn(part: Any) -> Place:
    """The statement that opens at one depth of the document and closes at another, or at least in another paragraph."""
    name = place.part_name(part)
    paragraphs = place.paragraph_texts(part.element)
    depths = place.paragraph_depths(part.element)
    opened: list[tuple[int, str]] = []
    torn: list[tuple[bool, int, str]] = []
    for number, text in enumerate(paragraphs):
        for found in _PLAIN_STATEMENT.finditer(text):
            if not found.group(1).startswith("end"):
                opened.append((number, found.group()))
            elif opened:
                begun, words = opened.pop()
                if begun != number:
                    torn.append((depths[begun] == depths[number], begun, words))
    if not torn:
        return Place(part=name)
    _, number, words = min(torn)
    return Place(part=name, paragraph=number + 1, words=place.around(paragraphs[number], words))


def place_of(part: Any, source: str, line: int | None, wanted: str) -> Place:
    """Where in ``part`` the piece ``wanted`` of the form is, which failed in ``line`` of ``source``."""
    root = getattr(part, "element", None)
    paragraphs = place.paragraph_texts(root) if root is not None else []
    if not wanted and line is not None:
        wanted = _tag_in(source, line)
    return place.find(place.part_name(part), paragraphs, source, line, wanted)


def _called(mistake: Exception, source: str, line: int | None) -> str:
    """What a form tried to call that cannot be called; "" when that was not the mistake."""
    if line is None or not isinstance(mistake, TypeError) or not str(mistake).endswith("object is not callable"):
        return ""
    found = _CALL.search(_tag_in(source, line))
    return found.group(1) if found else ""


def _tag_in(source: str, line: int) -> str:
    lines = source.split("\n")
    text = lines[line - 1] if 0 < line <= len(lines) else ""
    found = re.search(r"\{[{%]-?\s*(.*?)\s*-?[%}]\}", re.sub(r"<[^>]*>", "", text))
    return _WRAPPED.sub(r"\1", found.group(1)) if found else ""


def _syntax(mistake: TemplateSyntaxError, part: Any, source: str) -> FormError:
    message = mistake.message or ""
    if isinstance(mistake, ForbiddenStatement):
        return FormError(
            FormCode.FORBIDDEN_EXPRESSION,
            f"The form uses “{message}”, which forms may not.",
            "Use only fields, if, for, set, and the filters of this program.",
            place=place_of(part, source, mistake.lineno, message),
        )
    named = _NO_FILTER.search(message)
    if named and isinstance(mistake, TemplateAssertionError):
        kind, name = named.groups()
        near = place.nearest(name, SAFE_FILTERS)
        return FormError(
            FormCode.UNKNOWN_FILTER,
            f"The {kind} “{name}” is not known here.",
            f"Did you mean “{near}”?" if near else "Take it out, or prepare the value before it is filled in.",
            place=place_of(part, source, mistake.lineno, name),
        )
    unpaired = _unpaired(part)
    if unpaired is not None:
        return FormError(
            FormCode.TEMPLATE_BROKEN,
            "The braces of a placeholder do not come in pairs.",
            "Write {{ field }} and {% statement %}, all of it in one paragraph.",
            place=unpaired,
        )
    unknown = _UNKNOWN_TAG.search(message)
    return FormError(
        FormCode.TEMPLATE_BROKEN,
        f"The form has a mistake: {message.rstrip('.')}.",
        "Check that every {% if %} and {% for %} has its end.",
        place=place_of(part, source, mistake.lineno, unknown.group(1) if unknown else ""),
    )


def _unpaired(part: Any) -> Place | None:
    root = getattr(part, "element", None)
    for number, text in enumerate(place.paragraph_texts(root) if root is not None else [], start=1):
        if any(text.count(opening) != text.count(closing) for opening, closing in (("{{", "}}"), ("{%", "%}"))):
            return Place(part=place.part_name(part), paragraph=number, words=place.around(text, "{"))
    return None


def _unknown(mistake: UnknownField, part: Any, source: str, data: Mapping[str, object]) -> FormError:
    owner = "" if mistake.owner is None else (path_of(data, mistake.owner) or "")
    line = place.template_line(mistake.__traceback__)
    if mistake.name not in source:  # chosen by a value, as in table[client.name]: a value is never quoted
        return FormError(
            FormCode.FIELD_MISSING,
            f"The form asks {owner or 'the data'} for a member that is named by a value, and is not there.",
            "Write the member's name into the form, or go through the members with {% for %}.",
            place=place_of(part, source, line, ""),
        )
    name = f"{owner}.{mistake.name}" if owner else mistake.name
    near = place.nearest(name, paths(data))
    return FormError(
        FormCode.FIELD_MISSING,
        f"The form asks for the field {name}, which is not there.",
        f"Did you mean {near}?" if near else "Add the field to the data, or take it out of the form.",
        place=place_of(part, source, line, mistake.name),
    )


def _forbidden(mistake: SecurityError, part: Any, source: str, data: Mapping[str, object]) -> FormError:
    line = place.template_line(mistake.__traceback__)
    where = place_of(part, source, line, "")
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
