"""Make of LibreOffice's PDF what it says it is: PDF/A-2b and PDF/UA-1, and the same bytes every time.

LibreOffice *claims* both standards. veraPDF and the standards disagree in a few places, which are put right here,
before anything is signed:

* the PDF/UA mark in the metadata needs a schema that describes it (ISO 19005-2, 6.6.2.3.3);
* a header cell needs a scope (ISO 14289-1, 7.5);
* a page with fields needs a tab order (ISO 14289-1, 7.18.3);
* a figure needs words (ISO 14289-1, 7.3);
* a line drawn around nothing is decoration, and must be said to be (ISO 14289-1, 7.1; `templates.decoration`).

And what no installed font has a letter for is refused (`templates.boxes`).

Danger: metadata that tell who wrote the form, on which machine, and when a client came. Invariants: the metadata are
written anew, from the title, the language and the date that were handed in; the output depends on nothing else but the
form, the data and that date (no clock, no random numbers).
"""

from __future__ import annotations

import datetime as dt
import io
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from xml.sax.saxutils import escape

import pikepdf
from pikepdf import Array, Dictionary, Name, String

from templates.boxes import refuse_boxes
from templates.decoration import mark_decoration
from templates.errors import FormCode, FormError

PRODUCER = "Confide"
LANGUAGES = {"en": "en-US", "es": "es-US"}
"""Language tags of the two languages forms are written in; any other tag is taken as it is."""
_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")

_XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">\
<pdfaid:part>2</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance></rdf:Description>
<rdf:Description rdf:about="" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/"><pdfuaid:part>1</pdfuaid:part></rdf:Description>
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:format>application/pdf</dc:format>\
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>\
<dc:language><rdf:Bag><rdf:li>{language}</rdf:li></rdf:Bag></dc:language></rdf:Description>
<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/"><xmp:CreateDate>{iso}</xmp:CreateDate>\
<xmp:ModifyDate>{iso}</xmp:ModifyDate></rdf:Description>
<rdf:Description rdf:about="" xmlns:pdf="http://ns.adobe.com/pdf/1.3/"><pdf:Producer>{producer}</pdf:Producer></rdf:Description>
<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/" \
xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">\
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">\
<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI><pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>\
<pdfaSchema:schema>PDF/UA identification schema</pdfaSchema:schema><pdfaSchema:property><rdf:Seq>\
<rdf:li rdf:parseType="Resource"><pdfaProperty:category>internal</pdfaProperty:category>\
<pdfaProperty:description>PDF/UA version identifier</pdfaProperty:description>\
<pdfaProperty:name>part</pdfaProperty:name>\
<pdfaProperty:valueType>Integer</pdfaProperty:valueType></rdf:li></rdf:Seq></pdfaSchema:property>\
</rdf:li></rdf:Bag></pdfaExtension:schemas></rdf:Description>
</rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""


def finish(
    pdf: bytes,
    *,
    title: str,
    language: str,
    prepared_on: dt.date,
    values: Mapping[str, object] | None = None,
    strict: bool = True,
) -> bytes:
    """LibreOffice's ``pdf`` as PDF/A-2b and PDF/UA-1, ready for signature fields.

    ``prepared_on`` is the one date in it. ``values`` are what was filled in: an error tells which of them cannot be
    printed. ``strict`` refuses a picture without alt text; a preview may pass it. Raises FormError ``not_a_pdf``,
    ``text_unprintable`` or ``picture_without_words``.
    """
    tag = language_tag(language)
    if not title.strip():
        raise ValueError("a document needs a title (ISO 14289-1, 7.1)")
    with _in_memory(pdf) as document:
        refuse_boxes(document, values)
        _metadata(document, title, tag, prepared_on)
        _color_profile(document)
        for page in document.pages:
            page.obj.Tabs = Name.S
        mark_decoration(document)
        for element in _structure(document):
            _scope(element)
            if strict:
                _refuse_wordless(element)
        if "/DocChecksum" in document.trailer:
            del document.trailer["/DocChecksum"]
        if "/ID" in document.trailer:
            del document.trailer["/ID"]
        out = io.BytesIO()
        document.save(
            out,
            deterministic_id=True,
            # one plain table of positions: what is signed later is only ever appended to
            object_stream_mode=pikepdf.ObjectStreamMode.disable,
            fix_metadata_version=False,
        )
    return out.getvalue()


@contextmanager
def _in_memory(pdf: bytes) -> Iterator[pikepdf.Pdf]:
    """The PDF opened from a file without a name, in memory: qpdf maps it, where it asks Python for every few bytes of a
    stream (7 ms against 2). Raises FormError ``not_a_pdf``."""
    with os.fdopen(os.memfd_create("pdf"), "w+b") as file:
        file.write(pdf)
        file.flush()
        try:
            document = pikepdf.open(file, access_mode=pikepdf.AccessMode.mmap)
        except pikepdf.PdfError as broken:
            raise FormError(FormCode.NOT_A_PDF, "The rendered file is not a PDF.", "Render the form again.") from broken
        with document:
            yield document


def language_tag(language: str) -> str:
    """The language tag (BCP 47) for ``language``: ``en`` and ``es`` are those of the United States."""
    tag = LANGUAGES.get(language, language)
    if not _TAG.fullmatch(tag):
        raise ValueError("not a language tag")
    return tag


def _metadata(document: pikepdf.Pdf, title: str, tag: str, prepared_on: dt.date) -> None:
    if "/Info" in document.trailer:
        del document.trailer["/Info"]
    stamp = f"D:{prepared_on:%Y%m%d}000000Z"
    document.trailer.Info = document.make_indirect(
        Dictionary(Title=String(title), Producer=String(PRODUCER), CreationDate=String(stamp), ModDate=String(stamp))
    )
    iso = f"{prepared_on:%Y-%m-%d}T00:00:00Z"
    xmp = _XMP.format(title=escape(title), language=tag, iso=iso, producer=PRODUCER)
    root = document.Root
    root.Metadata = document.make_stream(xmp.encode("utf-8"), Type=Name.Metadata, Subtype=Name.XML)
    root.Lang = String(tag)
    root.MarkInfo = Dictionary(Marked=True)
    preferences = root.get("/ViewerPreferences", Dictionary())
    preferences.DisplayDocTitle = True
    root.ViewerPreferences = preferences
    for name in ("/OpenAction", "/AA", "/PieceInfo"):
        if name in root:
            del root[name]


def _color_profile(document: pikepdf.Pdf) -> None:
    """LibreOffice writes the moment into the color profile's head (bytes 24-35) and an id of it (84-99)."""
    for intent in document.Root.get("/OutputIntents", Array()):
        profile = bytearray(intent.DestOutputProfile.read_bytes())
        profile[24:36] = bytes(12)
        profile[84:100] = bytes(16)
        intent.DestOutputProfile.write(bytes(profile))


def _structure(document: pikepdf.Pdf) -> Iterator[pikepdf.Object]:
    """Every element of the document's structure tree, parents first."""
    if "/StructTreeRoot" not in document.Root:
        return
    waiting = [document.Root.StructTreeRoot]
    seen: set[tuple[int, int]] = set()
    while waiting:
        element = waiting.pop()
        if element.is_indirect:
            if element.objgen in seen:
                continue
            seen.add(element.objgen)
        if "/S" in element:
            yield element
        kids = element.get("/K")
        for kid in reversed(list(kids) if isinstance(kids, Array) else [kids]):
            if isinstance(kid, Dictionary) and kid.get("/Type") != Name.MCR and kid.get("/Type") != Name.OBJR:
                waiting.append(kid)


def _scope(element: pikepdf.Object) -> None:
    """A header cell speaks for its column; LibreOffice makes header cells only of header rows."""
    if element.S != Name.TH:
        return
    given = element.get("/A")
    attributes = list(given) if isinstance(given, Array) else [] if given is None else [given]
    if any(isinstance(one, Dictionary) and "/Scope" in one for one in attributes):
        return
    attributes.append(Dictionary(O=Name.Table, Scope=Name.Column))
    element.A = Array(attributes)


def _refuse_wordless(element: pikepdf.Object) -> None:
    if Name.Figure == element.S and not str(element.get("/Alt", "")).strip() and "/ActualText" not in element:
        raise FormError(
            FormCode.PICTURE_WITHOUT_WORDS,
            "A picture in the form has no alt text, so a person who cannot see it is not told what it is.",
            "In Word: right-click the picture, choose “View Alt Text”, and describe it.",
        )
