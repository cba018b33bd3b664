"""Fill a Word form: its fields in, a Word document out.

Danger: what goes wrong here is printed in a document that a person signs: a name lost because it holds an ampersand, a
field that was never filled, a value that is itself read as a form. Invariants: every value is escaped; a missing field
is an error; no part is evaluated twice; nothing that looks like a placeholder is left over; the same form and data
give the same bytes (no clock, no author).

This module does not limit time or memory: forms from people go through ``templates.filler``.
"""

from __future__ import annotations

import datetime as dt
import functools
import io
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self

from docx.opc.exceptions import PackageNotFoundError
from docx.opc.phys_pkg import PhysPkgWriter
from docx.opc.pkgwriter import PackageWriter
from docxtpl import DocxTemplate
from jinja2 import Template
from lxml import etree  # type: ignore[import-untyped]  # it has no stubs
from markupsafe import Markup

from templates import explain, place, rich
from templates.errors import FormCode, FormError, Place
from templates.package import check_word_file
from templates.pictures import place_pictures
from templates.plain import plain, texts
from templates.sandbox import environment
from templates.together import Styles, keep_together, styles_of

MAX_PATCHED = 32
"""Prepared parts kept; a form has about four."""
FIXED_DATE = (1980, 1, 1, 0, 0, 0)
"""Date of every member of the zip file (the earliest a zip file can tell)."""
_FIXED_MOMENT = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
_FOOTNOTES = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"
_TORN_DOCUMENT = (PackageNotFoundError, LookupError, ValueError, TypeError, AttributeError, etree.LxmlError)
"""What python-docx and docxtpl raise at documents that are not what they should be."""
_EXPRESSION = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_COLUMN_STATEMENT = re.compile(r"\{[{%#]-?\s*(tc|hm|colspan)\b")
_WRITTEN_BRACES = {"{_{": "{{", "}_}": "}}", "{_%": "{%", "%_}": "%}"}
_LEFT_OVER = re.compile(r"\{\{|\}\}|\{%|%\}")
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def fill(docx: bytes, data: Mapping[str, object], *, locale: str = "en") -> bytes:
    """The form ``docx`` filled with ``data``, as the bytes of a Word file.

    ``locale`` is noted as the language of the document. Raises FormError.
    """
    return open_form(docx).fill(data, locale=locale)


def open_form(docx: bytes) -> OpenForm:
    """The form ready to be filled, everything compiled. Raises FormError when it is broken."""
    check_word_file(docx, as_form=True)
    try:
        form = OpenForm(docx)
        form.compile()
    except _TORN_DOCUMENT as broken:
        raise _torn() from broken
    return form


def unread(docx: bytes) -> OpenForm:
    """The form opened and not yet compiled, for looking at its `sources` one by one.

    The caller has looked at the file (`templates.package`). Raises FormError when it is damaged.
    """
    try:
        return OpenForm(docx)
    except _TORN_DOCUMENT as broken:
        raise _torn() from broken


def _torn() -> FormError:
    return FormError(
        FormCode.NOT_A_WORD_FILE,
        "The file is damaged: its parts do not fit together.",
        "Open it in Word and save it again as a Word document (.docx).",
    )


class OpenForm:
    """A form that was read and compiled. It can be filled once: filling uses it up."""

    def __init__(self, docx: bytes) -> None:
        self._template = _Template(io.BytesIO(docx))
        self._template.render_init()
        self._spent = False

    def compile(self) -> None:
        """Compile every part now, so that a broken form is told before any data is at hand."""
        self._template.compile()

    def sources(self) -> Iterator[tuple[Any, str]]:
        """Every part that is filled, with the source that Jinja compiles for it, one line a paragraph."""
        return self._template.sources()

    def fill(self, data: Mapping[str, object], *, locale: str = "en") -> bytes:
        """The filled Word file. Raises FormError."""
        if self._spent:
            raise RuntimeError("an open form can be filled once")
        self._spent = True
        values = plain(data)
        self._template.locale = locale
        try:
            self._template.render(values, jinja_env=environment, autoescape=True)
            _refuse_left_over(self._template, values)
            place_pictures(_attached_parts(self._template), values)
            keep_together(self._template.docx.element.body, self._template.styles)
            return _packed(self._template.docx.part.package)
        except _TORN_DOCUMENT:  # its message may quote a value
            raise FormError(
                FormCode.TEMPLATE_BROKEN,
                "The document is not built as Word builds one: a table or a part lacks a piece.",
                "Open it in Word and save it again as a Word document (.docx).",
            ) from None


class _Template(DocxTemplate):  # type: ignore[misc]  # docxtpl is untyped
    """docxtpl, with its preparation cached and its soft spots closed."""

    locale = "en"

    def __init__(self, docx: io.BytesIO) -> None:
        super().__init__(docx)
        self.meant_braces: Counter[str] = Counter()
        """How many braces the author of each part wrote to be printed (as ``{_{``)."""
        self._compiled: dict[str, tuple[str, Template]] = {}
        self._grids_may_change = True
        self.styles = Styles(kept=frozenset(), breaking=frozenset(), usual="")
        self._unfilled: Any = None

    def sources(self) -> Iterator[tuple[Any, str]]:
        """Every part that will be rendered, with what Jinja will compile for it."""
        yield self.docx.part, self._source(self.get_xml())
        for uri in (self.HEADER_URI, self.FOOTER_URI):
            for _, part in self.get_headers_footers(uri):
                yield part, self._source(self.get_part_xml(part))
        for part in self._footnotes():
            yield part, self._source(part.blob.decode("utf-8"))

    def compile(self) -> None:
        """Compile every part, and keep what was compiled: filling starts where the data come in."""
        for part, source in self.sources():
            with explain.errors_of(part, source, {}):
                self._compiled[part.partname] = (source, environment.compiled(source))
        self._grids_may_change = _grids_may_change(self.docx.element.body)
        self.styles = styles_of(self.docx.styles.element)

    def build_xml(self, context: dict[str, Any], jinja_env: Any = None) -> str:
        return self._rendered(self.docx.part, context)

    def build_headers_footers_xml(
        self, context: dict[str, Any], uri: str, jinja_env: Any = None
    ) -> Iterator[tuple[str, bytes]]:
        for relation, part in self.get_headers_footers(uri):
            yield relation, self._rendered(part, context).encode("utf-8")

    def _rendered(self, part: Any, context: dict[str, Any]) -> str:
        source, template = self._compiled[part.partname]
        with explain.errors_of(part, source, context):
            rendered = template.render(context)
        rendered = rendered.replace("\n<w:p ", "<w:p ").replace("\n<w:p>", "<w:p>")
        for written, meant in _WRITTEN_BRACES.items():
            if written in rendered:
                self.meant_braces[place.part_name(part)] += rendered.count(written)
                rendered = rendered.replace(written, meant)
        # docxtpl looks at every run of every paragraph for line feeds and tabs in values: 40 % of the time of a fill
        return str(self.resolve_listing(rendered)) if "\n" in rendered or "\t" in rendered else rendered

    def _source(self, xml: str) -> str:
        return _lines(_patched(xml))

    def fix_tables(self, xml: str) -> Any:
        # docxtpl parses with "recover", which drops what does not fit: words would be missing and nobody told
        try:
            tree = etree.fromstring(xml, etree.XMLParser(resolve_entities=False, huge_tree=False))
        except etree.XMLSyntaxError:
            raise explain.unbalanced(self.docx.part) from None
        return super().fix_tables(xml) if self._grids_may_change else tree

    def map_tree(self, tree: Any) -> None:
        # kept to the end: to free what a child shares with its parent is to copy it first, page by page (1 to 2 ms)
        self._unfilled = self.docx.element.body
        super().map_tree(tree)

    def render_properties(self, context: dict[str, Any], jinja_env: Any = None) -> None:
        # title and subject may hold fields; who wrote the form, and when, is nobody's business
        properties = self.docx.core_properties
        for name in ("title", "subject"):
            text = getattr(properties, name)
            with explain.errors_of(None, text, context):
                filled = environment.compiled(text).render(context) if "{" in text else text
                setattr(properties, name, Markup(filled).unescape())  # noqa: S704 - back to plain text, not to markup
        for name in ("author", "last_modified_by", "comments", "keywords", "category", "identifier", "version"):
            setattr(properties, name, "")
        properties.language = self.locale
        properties.created = properties.modified = _FIXED_MOMENT
        properties.revision = 1

    def render_footnotes(self, context: dict[str, Any], jinja_env: Any = None) -> None:
        # docxtpl renders them once for every section: from the second time on, filled values would be read as a form
        for part in self._footnotes():
            part._blob = self._rendered(part, context).encode("utf-8")

    def _footnotes(self) -> list[Any]:
        return [part for part in self.docx.part.package.parts if part.content_type == _FOOTNOTES]


def _grids_may_change(body: Any) -> bool:
    """Must docxtpl look at the columns of every table after filling? (It parses the document once more for that.)"""
    if any(_COLUMN_STATEMENT.search(text) for text in place.paragraph_texts(body)):
        return True
    for table in body.iter(f"{_W}tbl"):
        columns = len(table.findall(f"{_W}tblGrid/{_W}gridCol"))
        rows = (row.findall(f"{_W}tc") for row in table.iter(f"{_W}tr"))
        if columns == 0 or any(sum(map(_width, cells)) != columns for cells in rows):
            return True
    return False


def _width(cell: Any) -> int:
    """How many columns a cell spans."""
    span = cell.find(f"{_W}tcPr/{_W}gridSpan")
    return 1 if span is None else int(span.get(f"{_W}val"))


@functools.lru_cache(maxsize=MAX_PATCHED)
def _patched(xml: str) -> str:
    patched = _docxtpl_patch(None, xml)
    # docxtpl gives expressions back their < and > but not their &
    meant = _EXPRESSION.sub(lambda found: found.group().replace("&amp;", "&"), patched)
    return rich.wrap_bare_places(meant)


_docxtpl_patch: Callable[[None, str], str] = DocxTemplate.patch_xml


@functools.lru_cache(maxsize=MAX_PATCHED)
def _lines(patched: str) -> str:
    """One line a paragraph, so that a line Jinja tells leads to a paragraph."""
    return re.sub(r"\n?<w:p([ >])", r"\n<w:p\1", patched)


def _refuse_left_over(template: _Template, values: Mapping[str, object]) -> None:
    """Refuse a document that still shows placeholders, except where a value or the author's own words hold braces."""
    own = [text for _, text in texts(values) if _LEFT_OVER.search(text)]
    for part, root in _rendered_parts(template):
        if not _LEFT_OVER.search("".join(root.itertext(f"{_W}t", with_tail=False))):
            continue  # all its words at once: most documents have none, and need not be gone through
        name = place.part_name(part)
        for number, paragraph in enumerate(root.iter(f"{_W}p"), start=1):
            text = "".join(node.text or "" for node in paragraph.iter(f"{_W}t"))
            if not _LEFT_OVER.search(text):
                continue
            for value in own:
                text = text.replace(value, "")
            found = _LEFT_OVER.findall(text)
            template.meant_braces[name] -= len(found)
            if found and template.meant_braces[name] < 0:
                raise FormError(
                    FormCode.BRACES_LEFT_OVER,
                    f"A placeholder was left over: “{found[0]}” would be printed.",
                    "Write placeholders as {{ field }}, with both pairs of braces, in a part of the document that is"
                    " filled: body, header, footer, footnotes.",
                    place=Place(part=name, paragraph=number),
                )


def _rendered_parts(template: _Template) -> Iterator[tuple[Any, Any]]:
    for part in template.docx.part.package.parts:
        if place.is_told(part):
            element = getattr(part, "element", None)
            if element is None and b"{" in part.blob:
                element = etree.fromstring(part.blob, etree.XMLParser(resolve_entities=False))
            if element is not None:
                yield part, element


def _attached_parts(template: _Template) -> Iterator[tuple[Any, Any]]:
    """Those whose tree is what will be written (body, headers, footers): only there a picture can be placed."""
    for part in template.docx.part.package.parts:
        if place.is_told(part) and (element := getattr(part, "element", None)) is not None:
            yield part, element


class _FixedZip(PhysPkgWriter):
    """What python-docx writes its parts to: no clock, and no compression (the file lives for one rendering)."""

    def __new__(cls, stream: io.BytesIO) -> Self:
        return object.__new__(cls)  # its base class would choose a writer by itself

    def __init__(self, stream: io.BytesIO) -> None:
        self._zip = zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED)

    def write(self, pack_uri: Any, blob: bytes) -> None:
        member = zipfile.ZipInfo(pack_uri.membername, FIXED_DATE)
        member.external_attr = 0o600 << 16
        self._zip.writestr(member, blob)

    def close(self) -> None:
        self._zip.close()


def _packed(package: Any) -> bytes:
    parts = package.parts
    for part in parts:
        part.before_marshal()
    stream = io.BytesIO()
    out = _FixedZip(stream)
    writer: Any = PackageWriter  # its steps, with our own zip file under them
    writer._write_content_types_stream(out, parts)
    writer._write_pkg_rels(out, package.rels)
    writer._write_parts(out, parts)
    out.close()
    return stream.getvalue()
