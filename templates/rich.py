"""Rich text and whole paragraphs out of plain data.

Word forms of the docxtpl kind place formatted text with ``{{r name}}`` and whole paragraphs with ``{{p name}}``. There
the value stands *outside* of any text element, where plain text is silently thrown away by every word processor: a
name would be missing from the statement and nobody would know. Invariant: a value in such a place is always wrapped in
runs or paragraphs of its own, from plain data only:

* text: ``"as agreed"`` (a line feed starts a new line, and in ``{{p …}}`` a new paragraph);
* formatted text: ``{"text": "as agreed", "bold": true, "italic": true, "underline": true, "color": "7A1F1F",
  "size": 12}`` (size in points), in ``{{p …}}`` also ``"style": "Heading2"``;
* a list of these.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from jinja2 import Undefined
from jinja2.exceptions import SecurityError
from markupsafe import Markup

_COLOR = re.compile(r"[0-9A-Fa-f]{6}")
_STYLE = re.compile(r"[\w -]{1,64}")
_KNOWN = frozenset({"text", "bold", "italic", "underline", "strike", "color", "size", "style"})
_SWITCHES = {"bold": "b", "italic": "i", "strike": "strike"}
# Markup.format escapes what it is given, unless that is Markup itself
_RUN = Markup('<w:r>{}<w:t xml:space="preserve">{}</w:t></w:r>')
_PARAGRAPH = Markup("<w:p>{}{}</w:p>")
_PARAGRAPH_STYLE = Markup('<w:pPr><w:pStyle w:val="{}"/></w:pPr>')
_TAG = re.compile(r"<[^>]*>|\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_TEXT_ELEMENTS = frozenset({"t", "instrText", "delText", "delInstrText", "v", "f"})


def as_runs(value: object) -> Markup:
    """``value`` as Word runs, for ``{{r …}}``. Raises SecurityError (with no value in it) when it is not rich text."""
    if isinstance(value, (list, tuple)):
        return Markup("").join(as_runs(one) for one in value)
    if isinstance(value, Mapping):
        return _RUN.format(_properties(value), _text_of(value))
    return _RUN.format("", _told(value))


def as_paragraphs(value: object) -> Markup:
    """``value`` as Word paragraphs, for ``{{p …}}``. Raises SecurityError when it is not rich text."""
    if isinstance(value, (list, tuple)):
        return Markup("").join(as_paragraphs(one) for one in value)
    if isinstance(value, Mapping):
        style = value.get("style")
        head = _PARAGRAPH_STYLE.format(_matching(style, _STYLE)) if style else ""
        return _PARAGRAPH.format(head, as_runs({key: item for key, item in value.items() if key != "style"}))
    return Markup("").join(_PARAGRAPH.format("", as_runs(line)) for line in _told(value).split("\n"))


def wrap_bare_places(patched: str) -> str:
    """Send every value that stands outside a text element through ``as_runs`` or ``as_paragraphs``.

    ``patched`` is a part's XML after docxtpl prepared it, when ``{{r name}}`` has become a bare ``{{ name}}``.
    """
    inside: list[str] = []
    paragraphs = 0
    out: list[str] = []
    last = 0
    for found in _TAG.finditer(patched):
        token = found.group()
        if token.startswith("{{"):
            if not inside:
                out.append(patched[last : found.start()])
                expression = token[2:-2].removeprefix("-").removesuffix("-").strip()
                out.append(f"{{{{ ({expression})|{'as_runs' if paragraphs else 'as_paragraphs'} }}}}")
                last = found.end()
        elif token.startswith("<"):
            name = token.strip("</>").split(None, 1)[0].rpartition(":")[2] if len(token) > 2 else ""
            if token.endswith("/>"):
                continue
            if name in _TEXT_ELEMENTS:
                inside = inside[:-1] if token.startswith("</") else [*inside, name]
            elif name == "p":
                paragraphs += -1 if token.startswith("</") else 1
    out.append(patched[last:])
    return "".join(out)


def _told(value: object) -> str:
    if isinstance(value, (str, int, float, Undefined)):
        return str(value)  # of something undefined: raises, and tells its name
    raise SecurityError("something that is not text")


def _text_of(run: Mapping[str, object]) -> str:
    if "text" not in run or not set(run) <= _KNOWN:
        raise SecurityError("formatted text that is not written as text, bold, italic, underline, color, size")
    return _told(run["text"])


def _properties(run: Mapping[str, object]) -> Markup:
    said = [Markup('<w:rStyle w:val="{}"/>').format(_matching(run["style"], _STYLE))] if run.get("style") else []
    said += [Markup("<w:{}/>").format(tag) for key, tag in _SWITCHES.items() if run.get(key)]
    if run.get("color"):
        color = _matching(str(run["color"]).removeprefix("#"), _COLOR)
        said.append(Markup('<w:color w:val="{}"/>').format(color))
    size = run.get("size")
    if size:
        if not isinstance(size, (int, float)) or not 4 <= size <= 96:
            raise SecurityError("a size of text that is not 4 to 96 points")
        said.append(Markup('<w:sz w:val="{}"/>').format(round(size * 2)))
    if run.get("underline"):
        said.append(Markup('<w:u w:val="single"/>'))
    return Markup("<w:rPr>{}</w:rPr>").format(Markup("").join(said)) if said else Markup("")


def _matching(value: object, pattern: re.Pattern[str]) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise SecurityError("a color or style that is not one")
    return value
