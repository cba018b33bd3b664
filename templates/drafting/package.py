"""Writes a form's Word file: only the parts it needs, nobody's name, and the same bytes every time.

Danger: a Word file carries its author, its machine and the moment of its making; all of it would travel into the PDF.
Invariant: no author, no editor, one fixed date, parts in a fixed order with fixed dates in the zip directory.
"""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

import docx
from docx.document import Document
from docx.opc.constants import RELATIONSHIP_TYPE

from templates.drafting import blocks, typography
from templates.drafting.wording import TEXTS, Wording, read

_MOMENT: Final = "2026-11-01T00:00:00Z"
_CORE: Final = "docProps/core.xml"
_ZIP_DATE: Final = (1980, 1, 1, 0, 0, 0)
_NEEDED: Final = {"styles", "numbering", "settings", "footer", "image"}


def draft(form_id: str, language: str, folder: Path = TEXTS) -> bytes:
    """The Word file of a form, or of a paper of the house, from its texts in `folder`.

    :raises WordingError: the texts cannot be read.
    """
    wording = read(form_id, language, folder)
    document = docx.Document()
    for part in list(document.element.body):
        if not part.tag.endswith("}sectPr"):
            document.element.body.remove(part)
    typography.dress(document, language)
    blocks.letterhead(document)
    blocks.opening(document, wording)
    blocks.body(document, wording.blocks)
    blocks.footer(document, wording.footer)
    _lean(document)
    buffer = BytesIO()
    document.save(buffer)
    return _settled(buffer.getvalue(), _core(wording))


def _lean(document: Document) -> None:
    package = document.part.package
    for relations, keep in (
        (package.rels, {RELATIONSHIP_TYPE.OFFICE_DOCUMENT, RELATIONSHIP_TYPE.CORE_PROPERTIES}),
        (document.part.rels, None),
    ):
        for key, relation in list(relations.items()):
            needed = relation.reltype in keep if keep else relation.reltype.rsplit("/", 1)[-1] in _NEEDED
            if not needed:
                del relations[key]


def _core(wording: Wording) -> bytes:
    """Title and language, one fixed moment, nobody's name; python-docx would add a person and the clock."""
    title, culture = escape(wording.title), typography.CULTURES[wording.language]
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<dc:title>{title}</dc:title><dc:creator></dc:creator><cp:lastModifiedBy></cp:lastModifiedBy>"
        f"<dc:language>{culture}</dc:language>"
        f'<dcterms:created xsi:type="dcterms:W3CDTF">{_MOMENT}</dcterms:created>'
        f'<dcterms:modified xsi:type="dcterms:W3CDTF">{_MOMENT}</dcterms:modified></cp:coreProperties>'
    ).encode()


def _settled(raw: bytes, core: bytes) -> bytes:
    """The same parts, types first, then by name, with a fixed date: a function of the content alone."""
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(raw)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in sorted(source.namelist(), key=lambda n: (n != "[Content_Types].xml", n != "_rels/.rels", n)):
            entry = zipfile.ZipInfo(name, _ZIP_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            content = core if name == _CORE else source.read(name)
            target.writestr(entry, content, compresslevel=9)
    return out.getvalue()
