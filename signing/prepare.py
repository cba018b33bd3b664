"""One rewrite before the first signature: every signature field placed, named and tagged; nothing is added later.

Danger: a field made after the certification invalidates it (signing notes §1d), and an untagged one breaks PDF/UA.
Invariant: after `prepare` the file holds every field it will ever need — one for each placeholder picture with the
alternative text `sig:<role>`, the invisible certification, the invisible archival stamps — and no field of any other
kind (whoever fills a text field after the certification changes a signed page lawfully). Same input, same bytes.
"""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from signing.errors import SigningCode, SigningError
from signing.roles import ARCHIVE_FIELDS, ORDER, VISIBLE, Role, archive_field, role_of

if TYPE_CHECKING:
    import pikepdf

PLACE_PREFIX = "sig:"
PRINT_AND_LOCKED = 132
"""Annotation flags: Print (PDF/A-2 §6.3.2 wants it) and Locked."""

SMALLEST_PLACE = (100.0, 24.0)
"""Points; below this the lines beside a signature cannot be read on paper."""

# PDF/A-2 §6.6.2.3.1: XMP properties outside the known schemas need a description; LibreOffice writes pdfuaid without.
_UA_SCHEMA = (
    '<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"'
    ' xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">'
    '<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">'
    "<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>"
    "<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>"
    "<pdfaSchema:schema>PDF/UA identification schema</pdfaSchema:schema>"
    '<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">'
    "<pdfaProperty:category>internal</pdfaProperty:category>"
    "<pdfaProperty:description>PDF/UA version identifier</pdfaProperty:description>"
    "<pdfaProperty:name>part</pdfaProperty:name><pdfaProperty:valueType>Integer</pdfaProperty:valueType>"
    "</rdf:li></rdf:Seq></pdfaSchema:property></rdf:li></rdf:Bag></pdfaExtension:schemas></rdf:Description>"
)

_INVISIBLE_LABELS = {
    "en": ("Organization certification", "Archival time stamp {n}"),
    "es": ("Certificación de la organización", "Sello de tiempo de archivo {n}"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """A placeholder picture found in the structure tree."""

    role: Role
    element: pikepdf.Object
    page: pikepdf.Object
    box: tuple[float, float, float, float]


def prepare(pdf: bytes, labels: Mapping[str, str]) -> bytes:
    """Turn placeholder pictures into tagged signature fields and add the invisible ones.

    `pdf`: a tagged PDF. `labels`: role -> what a screen reader says of that place, in the document's language; its keys
    are the places the form must have. Returns the prepared bytes. Raises SigningError when a place is missing, there
    twice or too small, or when the file is untagged, encrypted, already signed or holds other form fields.
    """
    import pikepdf

    wanted = {role_of(name): label for name, label in labels.items()}
    try:
        # a file without a name, in memory: qpdf maps it, where it asks Python for every few bytes of a stream
        with os.fdopen(os.memfd_create("pdf"), "w+b") as file:
            file.write(pdf)
            file.flush()
            with pikepdf.open(file, access_mode=pikepdf.AccessMode.mmap) as document:
                return _rewrite(document, wanted)
    except (pikepdf.PdfError, pikepdf.PasswordError) as error:
        raise SigningError(
            SigningCode.UNREADABLE, "The document cannot be read as a PDF.", "Render it again."
        ) from error


def _rewrite(document: pikepdf.Pdf, wanted: Mapping[Role, str]) -> bytes:
    import pikepdf

    _refuse_unfit(document)
    places = _find_places(document)
    _match(places, wanted)
    form = document.make_indirect(pikepdf.Dictionary(Fields=pikepdf.Array(), SigFlags=1))
    document.Root.AcroForm = form
    tree = _Tree(document)
    for role in ORDER:
        if role in places:
            form.Fields.append(_visible_field(document, tree, places[role], wanted[role]))
    language = str(document.Root.get("/Lang", "en"))[:2].lower()
    certification, archive = _INVISIBLE_LABELS.get(language, _INVISIBLE_LABELS["en"])
    last_page = document.pages[-1].obj
    form.Fields.append(_invisible_field(document, tree, last_page, Role.ORG_CERT, certification))
    for number in range(1, ARCHIVE_FIELDS + 1):
        form.Fields.append(_invisible_field(document, tree, last_page, archive_field(number), archive.format(n=number)))
    tree.close()
    for page in document.pages:
        page.obj.Tabs = pikepdf.Name.S
    _describe_ua(document)
    if "/DocChecksum" in document.trailer:
        del document.trailer["/DocChecksum"]
    out = io.BytesIO()
    document.save(
        out,
        object_stream_mode=pikepdf.ObjectStreamMode.disable,
        normalize_content=False,
        linearize=False,
        deterministic_id=True,
    )
    return out.getvalue()


def _refuse_unfit(document: pikepdf.Pdf) -> None:
    if document.is_encrypted:
        raise SigningError(SigningCode.UNREADABLE, "The document is encrypted.", "Render it without a password.")
    if "/StructTreeRoot" not in document.Root:
        raise SigningError(
            SigningCode.NOT_TAGGED, "The document is not tagged.", "Render it as PDF/UA, with structure tags."
        )
    form = document.Root.get("/AcroForm")
    if form is None:
        return
    if "/Perms" in document.Root or int(form.get("/SigFlags", 0)):
        raise SigningError(
            SigningCode.ALREADY_PREPARED,
            "The document already has signature fields.",
            "Prepare the rendered document, not a prepared or signed one.",
        )
    if len(form.get("/Fields", [])) or "/XFA" in form:
        raise SigningError(
            SigningCode.FORM_FIELDS,
            "The document has fields that could be filled after signing.",
            "Take the form fields out of the Word form.",
        )


def _find_places(document: pikepdf.Pdf) -> dict[Role, _Place]:
    import pikepdf

    places: dict[Role, _Place] = {}
    for element in document.objects:
        if not isinstance(element, pikepdf.Dictionary) or element.get("/S") != pikepdf.Name.Figure:
            continue
        alternative = str(element.get("/Alt", ""))
        if not alternative.startswith(PLACE_PREFIX):
            continue
        role = role_of(alternative.removeprefix(PLACE_PREFIX).strip())
        if role in places:
            raise SigningError(
                SigningCode.PLACE_TWICE,
                f"The form has two places for the {role} signature.",
                f"Keep one picture with the alternative text {PLACE_PREFIX}{role}.",
            )
        places[role] = _place(role, element)
    return places


def _place(role: Role, element: pikepdf.Object) -> _Place:
    import pikepdf

    attributes = element.get("/A")
    if isinstance(attributes, pikepdf.Array):
        attributes = next((one for one in attributes if "/BBox" in one), None)
    page = element.get("/Pg")
    if attributes is None or "/BBox" not in attributes or page is None:
        raise SigningError(
            SigningCode.PLACE_MISSING,
            f"The place of the {role} signature has no position on a page.",
            "Let the picture be in line with the text, not floating.",
        )
    left, bottom, right, top = (float(value) for value in attributes.BBox)
    if right - left < SMALLEST_PLACE[0] or top - bottom < SMALLEST_PLACE[1]:
        raise SigningError(
            SigningCode.PLACE_TOO_SMALL,
            f"The place of the {role} signature is too small.",
            "Make the picture at least 3.6 cm wide and 0.9 cm high; 7 by 2.4 cm reads well.",
        )
    return _Place(role=role, element=element, page=page, box=(left, bottom, right, top))


def _match(places: Mapping[Role, _Place], wanted: Mapping[Role, str]) -> None:
    """Places and labels must be the same set: a place nobody labels is a signature nobody planned."""
    for role in VISIBLE:
        if role in wanted and role not in places:
            raise SigningError(
                SigningCode.PLACE_MISSING,
                f"The form has no place for the {role} signature.",
                f"Add a picture with the alternative text {PLACE_PREFIX}{role} where it belongs.",
            )
    for role in places:
        if role not in wanted:
            raise SigningError(
                SigningCode.PLACE_UNKNOWN,
                f"The form has a place for a {role} signature that was not asked for.",
                "Name that signer in the form's manifest, or take the picture out.",
            )
    if Role.ORG_SEAL not in places:
        raise SigningError(
            SigningCode.PLACE_MISSING,
            "The form has no place for the organization's seal.",
            f"Add a picture with the alternative text {PLACE_PREFIX}{Role.ORG_SEAL}.",
        )


class _Tree:
    """The structure tree: hands out parent-tree keys and hangs in elements."""

    def __init__(self, document: pikepdf.Pdf) -> None:
        import pikepdf

        self.root = document.Root.StructTreeRoot
        self.parents = pikepdf.NumberTree(self.root.ParentTree)
        highest = max(self.parents.keys(), default=-1) + 1
        self.next_key = max(int(self.root.get("/ParentTreeNextKey", 0)), highest)
        kids = self.root.K
        self.document_element = kids[0] if isinstance(kids, pikepdf.Array) else kids

    def adopt(self, element: pikepdf.Object, widget: pikepdf.Object) -> None:
        """Let the widget find its element: /StructParent -> parent tree."""
        widget.StructParent = self.next_key
        self.parents[self.next_key] = element
        self.next_key += 1

    def append(self, element: pikepdf.Object) -> None:
        """Hang an element in as the document's last child."""
        import pikepdf

        kids = self.document_element.get("/K")
        if not isinstance(kids, pikepdf.Array):
            self.document_element.K = pikepdf.Array([] if kids is None else [kids])
        self.document_element.K.append(element)

    def close(self) -> None:
        self.root.ParentTreeNextKey = self.next_key


def _visible_field(document: pikepdf.Pdf, tree: _Tree, place: _Place, label: str) -> pikepdf.Object:
    """The placeholder's own element becomes the field's: reading order is where the designer put the picture."""
    import pikepdf

    left, bottom, right, top = place.box
    empty = document.make_stream(b"", Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Form)
    empty.BBox = pikepdf.Array([0, 0, round(right - left, 3), round(top - bottom, 3)])
    empty.Resources = pikepdf.Dictionary()
    widget = _widget(document, place.page, place.role, label, [round(edge, 3) for edge in place.box])
    widget.AP = pikepdf.Dictionary(N=empty)
    _silence_picture(document, tree, place)
    element = place.element
    element.S = pikepdf.Name.Form
    element.Alt = pikepdf.String(label)
    element.K = pikepdf.Dictionary(Type=pikepdf.Name.OBJR, Obj=widget, Pg=place.page)
    del element["/A"]
    tree.adopt(element, widget)
    return widget


def _invisible_field(document: pikepdf.Pdf, tree: _Tree, page: pikepdf.Object, name: str, label: str) -> pikepdf.Object:
    """A field of no size, tagged all the same: PDF/UA §7.18 knows no exception for it on a page."""
    import pikepdf

    widget = _widget(document, page, name, label, [0, 0, 0, 0])
    element = document.make_indirect(
        pikepdf.Dictionary(
            Type=pikepdf.Name.StructElem,
            S=pikepdf.Name.Form,
            P=tree.document_element,
            Pg=page,
            Alt=pikepdf.String(label),
            K=pikepdf.Dictionary(Type=pikepdf.Name.OBJR, Obj=widget, Pg=page),
        )
    )
    tree.append(element)
    tree.adopt(element, widget)
    return widget


def _widget(
    document: pikepdf.Pdf, page: pikepdf.Object, name: str, label: str, rect: list[float] | list[int]
) -> pikepdf.Object:
    import pikepdf

    widget = document.make_indirect(
        pikepdf.Dictionary(
            Type=pikepdf.Name.Annot,
            Subtype=pikepdf.Name.Widget,
            FT=pikepdf.Name.Sig,
            T=pikepdf.String(str(name)),
            TU=pikepdf.String(label),
            Rect=pikepdf.Array(rect),
            F=PRINT_AND_LOCKED,
            P=page,
        )
    )
    if "/Annots" not in page:
        page.Annots = document.make_indirect(pikepdf.Array())
    page.Annots.append(widget)
    return widget


def _silence_picture(document: pikepdf.Pdf, tree: _Tree, place: _Place) -> None:
    """Make the placeholder's own marked content an artifact (newer LibreOffice tags the picture; 7.4 does not)."""
    import pikepdf

    kids = place.element.get("/K")
    if kids is None:
        return
    listed = list(kids) if isinstance(kids, pikepdf.Array) else [kids]
    marked = {int(kid.MCID) if isinstance(kid, pikepdf.Dictionary) else int(kid) for kid in listed}
    artifact = pikepdf.ContentStreamInstruction([pikepdf.Name.Artifact], pikepdf.Operator("BMC"))
    instructions = [
        artifact if _begins(instruction, marked) else instruction
        for instruction in pikepdf.parse_content_stream(place.page)
    ]
    place.page.Contents = document.make_stream(pikepdf.unparse_content_stream(instructions))
    own_content = tree.parents[int(place.page.StructParents)]
    for number in marked:
        own_content[number] = pikepdf.Object.parse(b"null")


def _begins(instruction: pikepdf.ContentStreamInstruction | pikepdf.ContentStreamInlineImage, marked: set[int]) -> bool:
    """True for the operator that begins one of the `marked` pieces of content."""
    import pikepdf

    if str(instruction.operator) != "BDC":
        return False
    properties = instruction.operands[1]
    return isinstance(properties, pikepdf.Dictionary) and int(properties.get("/MCID", -1)) in marked


def _describe_ua(document: pikepdf.Pdf) -> None:
    metadata = document.Root.Metadata.read_bytes()
    if b"pdfuaid" not in metadata or b"pdfaExtension" in metadata:
        return
    cut = metadata.rindex(b"</rdf:RDF>")
    document.Root.Metadata.write(metadata[:cut] + _UA_SCHEMA.encode() + metadata[cut:])
