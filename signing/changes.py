"""What may come after a signature in a statement: pyHanko's difference analysis with the house's stricter rules.

Danger: an incremental update leaves every signed byte in place and can still show the reader something else. The
library's default policy is made for documents in general: it lets an update rename the document, switch form
appearances off, add fields, leave loose objects behind. Whoever has an independent time-stamp authority at hand can
append such an update and then stamp it, and the file again ends in a trusted stamp.

Invariant: after the certification only these things may change:
  - a signature field that was placed before and stood empty gets its signature (and its appearance with it);
  - the document security store grows (certificates, OCSP answers), stamps are added;
  - the dates of change and the producer's name in the metadata, which signing software writes each time.

Source: ISO 32000-2 §12.8.2.2 (DocMDP, P=2), ETSI EN 319 142-1 §5.5 (updates for long-term validation).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import cache

from lxml import etree  # type: ignore[import-untyped]  # ships no types
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.decode_limits import DecodePurpose
from pyhanko.pdf_utils.reader import HistoricalResolver
from pyhanko.sign.diff_analysis import (
    CatalogModificationRule,
    DocInfoRule,
    DSSCompareRule,
    FormUpdatingRule,
    MetadataUpdateRule,
    ModificationLevel,
    ObjectStreamRule,
    SigFieldModificationRule,
    StandardDiffPolicy,
    SuspiciousModification,
    XrefStreamRule,
)
from pyhanko.sign.diff_analysis.form_rules_api import FieldComparisonContext, FieldMDPRule, FormUpdate
from pyhanko.sign.diff_analysis.rules_api import ReferenceUpdate

# what signing software writes anew at each update (pyHanko does)
_INFO_MAY_CHANGE = frozenset({"/ModDate", "/Producer"})
_XMP_MAY_CHANGE = frozenset(
    {
        "{http://ns.adobe.com/xap/1.0/}ModifyDate",
        "{http://ns.adobe.com/xap/1.0/}MetadataDate",
        "{http://ns.adobe.com/pdf/1.3/}Producer",
        "{http://ns.adobe.com/xap/1.0/mm/}InstanceID",
    }
)
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_XML = "{http://www.w3.org/XML/1998/namespace}"
_XMP_META = "{adobe:ns:meta/}"


class SameFieldsRule(FieldMDPRule):
    """Every form field is there from the start: none may be added or taken away."""

    def apply(self, context: FieldComparisonContext) -> Iterable[tuple[ModificationLevel, FormUpdate]]:
        for spec in context.field_specs.values():
            if spec.old_field_ref is None:
                raise SuspiciousModification("A form field was added after signing.")
            if spec.new_field_ref is None:
                raise SuspiciousModification("A form field was taken away after signing.")
            if spec.field_type != "/Sig":
                raise SuspiciousModification("There is a form field that is no signature field.")
        return ()


class SameInfoRule(DocInfoRule):
    """The information dictionary keeps what it says; only the date of change and the producer may differ."""

    def apply(self, old: HistoricalResolver, new: HistoricalResolver) -> Iterable[ReferenceUpdate]:
        if _info(old) != _info(new):
            raise SuspiciousModification("The document information was rewritten after signing.")
        yield from super().apply(old, new)


class SameMetadataRule(MetadataUpdateRule):
    """The XMP metadata keeps what it says; only the date of change and the producer may differ."""

    def apply(self, old: HistoricalResolver, new: HistoricalResolver) -> Iterable[ReferenceUpdate]:
        # first: it also settles that both are well-formed and free of entities
        approved = list(super().apply(old, new))
        if _xmp(old) != _xmp(new):
            raise SuspiciousModification("The document metadata was rewritten after signing.")
        yield from approved


def _info(revision: HistoricalResolver) -> dict[str, bytes]:
    trailer = revision.trailer_view
    if "/Info" not in trailer:
        return {}
    raw = trailer.raw_get("/Info")
    # trailer_view resolves against the newest revision; what this revision says must be asked for
    info = revision(raw.reference) if isinstance(raw, generic.IndirectObject) else raw
    return {
        str(key): repr(info.raw_get(key)).encode()
        for key in info
        if key not in _INFO_MAY_CHANGE and isinstance(info, generic.DictionaryObject)
    }


def _xmp(revision: HistoricalResolver) -> Counter[tuple[str, str]]:
    root = revision.root
    if "/Metadata" not in root:
        return Counter()
    stream = revision(root.get_value_as_reference("/Metadata"))
    data = stream.read_data(DecodePurpose.XMP_METADATA)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, encoding="utf-8")
    said: Counter[tuple[str, str]] = Counter()
    _collect(etree.fromstring(data, parser=parser), "", said)  # entities are refused above
    return said


def _collect(element: etree._Element, prop: str, said: Counter[tuple[str, str]]) -> None:
    """Flatten XMP to (property, text): attribute and element notation say the same thing."""
    tag = element.tag if isinstance(element.tag, str) else ""
    name = prop if tag.startswith((_RDF, _XMP_META)) else tag
    if name not in _XMP_MAY_CHANGE and element.text and element.text.strip():
        said[name, element.text.strip()] += 1
    for attribute, value in element.attrib.items():
        key = str(attribute)
        if key == f"{_RDF}resource":
            said[name, str(value)] += 1
        elif not key.startswith((_RDF, _XML, _XMP_META)) and key not in _XMP_MAY_CHANGE:
            said[key, str(value)] += 1
    for child in element:
        _collect(child, name, said)


@cache
def statement_policy() -> StandardDiffPolicy:
    """The policy, built once: it keeps no state between files."""
    proof = ModificationLevel.LTA_UPDATES
    return StandardDiffPolicy(
        global_rules=[
            CatalogModificationRule(  # type: ignore[no-untyped-call]
                ignored_keys=frozenset({"/AcroForm", "/DSS", "/Extensions", "/Metadata"})
            ),
            SameInfoRule().as_qualified(proof),
            XrefStreamRule().as_qualified(proof),
            ObjectStreamRule().as_qualified(proof),
            DSSCompareRule().as_qualified(proof),
            SameMetadataRule().as_qualified(proof),  # type: ignore[no-untyped-call]
        ],
        form_rule=FormUpdatingRule(
            field_rules=[
                SameFieldsRule(),
                SigFieldModificationRule(
                    allow_in_place_appearance_stream_changes=False,
                    always_modifiable=frozenset(),
                    value_update_keys=frozenset({"/V", "/AP"}),
                ),
            ],
            ignored_acroform_keys=frozenset({"/Fields"}),
        ),
        ignore_orphaned_objects=False,
    )
