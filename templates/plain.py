"""Only plain values may enter a form: text, whole numbers, yes/no, lists and dictionaries of these.

Danger: a template can call the methods of any object it is handed, and ``None`` prints as the word "None" in a legal
document. Invariant: what passes here is text, numbers, lists and dictionaries, nothing else, and no bigger than a form
needs.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator, Mapping

from templates.errors import FormCode, FormError

MAX_DEPTH = 16
"""Levels of lists and dictionaries inside one another."""
MAX_VALUES = 20_000
"""Values in one document's data."""
MAX_CHARACTERS = 2_000_000
"""Characters of text in one document's data, keys included."""

# Line feed and tab have a meaning in Word; the others vanish silently or (bell, form feed) move text to a new page.
# beside controls: marks that print what follows backwards, so that a name reads as another (U+202D, U+202E)
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\u202d\u202e\ud800-\udfff\ufffe\uffff]")

type_names = {str: "text", bool: "yes or no", int: "a whole number", float: "a number"}


def plain(data: Mapping[str, object]) -> dict[str, object]:
    """A copy of ``data`` in plain dictionaries and lists, line ends as ``\\n``.

    Raises FormError ``field_none`` or ``field_not_plain`` with the field's dotted name, never its value.
    """
    budget = [MAX_VALUES, MAX_CHARACTERS]
    copied = _copy(data, "", 0, budget)
    if not isinstance(copied, dict):
        raise _refused("", "is not a dictionary of fields", "Hand over the fields by name.")
    return copied


def paths(data: object, prefix: str = "") -> Iterator[str]:
    """Every dotted name that ``data`` answers, the members of a list as ``name[].member``."""
    if isinstance(data, Mapping):
        for key, value in data.items():
            name = f"{prefix}.{key}" if prefix else str(key)
            yield name
            yield from paths(value, name)
    elif isinstance(data, list) and data:
        # lists in forms are of one shape; the first member speaks for all
        yield from paths(data[0], f"{prefix}[]")


def texts(data: object, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Every text in ``data`` with its dotted name, the members of a list as ``name[].member``."""
    if isinstance(data, str):
        yield prefix, data
    elif isinstance(data, Mapping):
        for key, value in data.items():
            yield from texts(value, f"{prefix}.{key}" if prefix else str(key))
    elif isinstance(data, (list, tuple)):
        for value in data:
            yield from texts(value, f"{prefix}[]")


def each_text(data: object) -> dict[str, str]:
    """Every different text in ``data`` with the first name it goes by."""
    first: dict[str, str] = {}
    for name, text in texts(data):
        first.setdefault(text, name)
    return first


def spelled(text: str) -> frozenset[str]:
    """The characters of ``text`` however they are composed, in capitals and without."""
    forms = (unicodedata.normalize(form, text) for form in ("NFC", "NFD", "NFKC"))
    return frozenset(one for form in (text, *forms) for case in (form, form.upper(), form.lower()) for one in case)


def path_of(data: object, wanted: object, prefix: str = "") -> str | None:
    """The dotted name under which the object ``wanted`` itself (not an equal one) lies in ``data``."""
    if data is wanted:
        return prefix
    if isinstance(data, Mapping):
        members: Iterator[tuple[str, object]] = (
            (f"{prefix}.{key}" if prefix else str(key), value) for key, value in data.items()
        )
    elif isinstance(data, list):
        members = ((f"{prefix}[]", value) for value in data)
    else:
        return None
    for name, value in members:
        found = path_of(value, wanted, name)
        if found is not None:
            return found
    return None


def _refused(name: str, what: str, remedy: str, code: FormCode = FormCode.FIELD_NOT_PLAIN) -> FormError:
    return FormError(code, f"The field {name or '(all data)'} {what}.", remedy)


def _copy(value: object, name: str, depth: int, budget: list[int]) -> object:
    budget[0] -= 1
    if budget[0] < 0 or depth > MAX_DEPTH:
        raise _refused(name, "holds more values, or deeper ones, than a form can use", "Hand over less data.")
    if value is None:
        raise _refused(
            name, "is empty (none)", "Give it a value; for “nothing to say” use an empty text.", FormCode.FIELD_NONE
        )
    kind = type(value)
    if kind is bool or kind is int:
        return value
    if isinstance(value, str):
        return _text(str.__str__(value), name, budget)  # of a kind of text that says it needs no escaping: the text
    if kind is float and math.isfinite(value):  # type: ignore[arg-type]  # kind is float says it, mypy does not follow
        return value
    if isinstance(value, Mapping):
        return {
            _key(key, name, budget): _copy(item, _dotted(name, key), depth + 1, budget) for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_copy(item, f"{name}[]", depth + 1, budget) for item in value]
    raise _refused(
        name, f"is of the kind {kind.__name__}", "Hand over text, a whole number, yes/no, a list or a dictionary."
    )


def _dotted(name: str, key: object) -> str:
    return f"{name}.{key}" if name else str(key)


def _key(key: object, name: str, budget: list[int]) -> str:
    if not isinstance(key, str):
        raise _refused(name, "has a member whose name is not text", "Name every field by a word.")
    return _text(key, name, budget)


def _text(value: str, name: str, budget: list[int]) -> str:
    budget[1] -= len(value)
    if budget[1] < 0:
        raise _refused(name, "makes the data longer than a form can use", "Shorten the text.")
    unified = value.replace("\r\n", "\n").replace("\r", "\n") if "\r" in value else value
    if _UNPRINTABLE.search(unified):
        raise _refused(name, "holds a character that cannot be printed", "Type the text again instead of pasting it.")
    return unified
