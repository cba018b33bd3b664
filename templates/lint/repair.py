"""What a machine can put right in a form: tags in pieces, curly quotes in tags, names left in its properties, macros.

Danger: a repair that changes what the form says. Invariant: only the inside of tags and what is never printed is
touched; the words around stay where they are, in the formatting they had; the other parts go over byte by byte.
"""

from __future__ import annotations

import re
import zipfile
from io import BytesIO
from typing import Any

from lxml import etree  # type: ignore[import-untyped]  # it has no stubs

from templates.lint.baggage import NAMING_PROPERTIES
from templates.lint.paper import Paper, Paragraph, W
from templates.lint.tags import CURLY, tags_of
from templates.package import MACRO_DOCUMENT

_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
_FIXED = (1980, 1, 1, 0, 0, 0)
_DOCUMENT = b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
_MACRO_PARTS = re.compile(r"(vbaProject\.bin(\.rels)?|vbaData\.xml)$", re.IGNORECASE)
_MACRO_RELATION = re.compile(rb"<Relationship\b[^>]*/(?:vbaProject|wordVbaData)\"[^>]*?(/>|></Relationship>)")
_MACRO_TYPE = re.compile(rb"<(?:Override|Default)\b[^>]*vba(?:Project|Data)[^>]*?/>", re.IGNORECASE)
_LINKED_TEMPLATE = re.compile(rb"<Relationship\b[^>]*/attachedTemplate\"[^>]*?/>")


def repaired(docx: bytes) -> bytes:
    """The form with what can be put right put right. Raises FormError when it cannot be read."""
    paper = Paper(without_macros(docx))
    for paragraph in paper.paragraphs:
        _mend(paragraph)
    for name, properties in NAMING_PROPERTIES.items():
        root = paper.root(name)
        if root is not None:
            _unname(root, properties)
    parts = dict(paper.parts)
    for name in (*paper.told, *NAMING_PROPERTIES):
        if name in parts:
            parts[name] = as_xml(paper.root(name))
    settings = paper.root("word/settings.xml")
    if settings is not None and (linked := settings.findall(f"{W}attachedTemplate")):
        for one in linked:
            settings.remove(one)
        parts["word/settings.xml"] = as_xml(settings)
        relations = "word/_rels/settings.xml.rels"
        parts[relations] = _LINKED_TEMPLATE.sub(b"", parts.get(relations, b""))
    return packed(parts)


def without_macros(docx: bytes) -> bytes:
    """The same file as a plain Word document; the file itself when it holds no macros."""
    with zipfile.ZipFile(BytesIO(docx)) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    kinds = parts["[Content_Types].xml"]
    if MACRO_DOCUMENT not in kinds and not any(map(_MACRO_PARTS.search, parts)):
        return docx
    parts["[Content_Types].xml"] = _MACRO_TYPE.sub(b"", kinds.replace(MACRO_DOCUMENT, _DOCUMENT))
    kept = {name: content for name, content in parts.items() if not _MACRO_PARTS.search(name)}
    return packed(
        {name: _MACRO_RELATION.sub(b"", one) if name.endswith(".rels") else one for name, one in kept.items()}
    )


def packed(parts: dict[str, bytes]) -> bytes:
    """A Word file of these parts: types first, a fixed date, the same bytes for the same parts."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as target:
        for name in sorted(parts, key=lambda one: (one != "[Content_Types].xml", one != "_rels/.rels", one)):
            entry = zipfile.ZipInfo(name, _FIXED)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            target.writestr(entry, parts[name], compresslevel=9)
    return out.getvalue()


def as_xml(root: Any) -> bytes:
    """An element tree as the part of a Word file."""
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True))


def _mend(paragraph: Paragraph) -> None:
    """Put every tag of the paragraph into the piece in which it begins, with straight quotes."""
    for tag in reversed(list(tags_of(paragraph))):
        straight = "".join(CURLY.get(sign, sign) for sign in tag.text)
        if tag.pieces == 1 and straight == tag.text:
            continue
        at, written = 0, False
        for node in paragraph.nodes:
            text = node.text or ""
            start, end = max(tag.start - at, 0), min(tag.end - at, len(text))
            at += len(text)
            if start >= end:
                continue
            node.text = text[:start] + ("" if written else straight) + text[end:]
            node.set(_SPACE, "preserve")
            written = True


def _unname(root: Any, properties: frozenset[str]) -> None:
    for element in root.iter():
        if isinstance(element.tag, str) and etree.QName(element).localname in properties:
            element.text = ""
