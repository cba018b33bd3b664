"""Take out of a Word file what nobody sees: styles nobody uses, thumbnails, names, the traces of editing.

A file as Word leaves it holds 160 styles for the ten a form uses; LibreOffice reads them all, for every document
(measured: a third of its time). Danger: a slimmer file that prints something else. Invariant: only what is reached from
nowhere goes, and `templates.proof` compares what both print before the slim one is used.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from lxml import etree  # type: ignore[import-untyped]  # it has no stubs

from templates.lint.paper import Paper, W
from templates.lint.repair import as_xml, packed, repaired

_NOBODY_SEES = frozenset(
    {
        "thumbnail",
        "customXml",
        "custom-properties",
        "extended-properties",
        "webSettings",
        "stylesWithEffects",
        "people",
        "comments",
        "commentsExtended",
        "commentsIds",
        "commentsExtensible",
        "attachedTemplate",
        "printerSettings",
        "glossaryDocument",
    }
)
_RELATION = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"
_OVERRIDE = "{http://schemas.openxmlformats.org/package/2006/content-types}Override"
_TRACES = ("proofErr", "lastRenderedPageBreak", "rsids")
_REFERENCES = ("pStyle", "rStyle", "tblStyle", "numStyleLink", "styleLink", "defaultTableStyle", "clickAndTypeStyle")
_BY_NAME = re.compile(r"\bTOC\b|STYLEREF|\{\{\s*[pr]\b")
"""What may ask for a style that is named nowhere: a table of contents, a field, or rich text that comes in as data."""
_FIXED_MOMENT = "2000-01-01T00:00:00Z"


def slim(docx: bytes) -> bytes:
    """The same form, smaller; the same bytes for the same form. Raises FormError when it cannot be read."""
    paper = Paper(repaired(docx))
    parts = dict(paper.parts)
    for name in [name for name in parts if name.endswith(".rels")]:
        parts[name] = _without_relations(parts[name])
    for name in parts:
        if name.startswith("word/") and name.endswith(".xml"):
            root = paper.root(name)
            _untrace(root)
            parts[name] = as_xml(root)
    if "word/styles.xml" in parts and not _BY_NAME.search(_all_text(paper)):
        styles = paper.root("word/styles.xml")
        _drop_styles(styles, _used(paper))
        parts["word/styles.xml"] = as_xml(styles)
    if "docProps/core.xml" in parts:
        parts["docProps/core.xml"] = _undated(paper.root("docProps/core.xml"))
    kept = set(_reached(parts))
    parts = {name: content for name, content in parts.items() if name in kept}
    parts["[Content_Types].xml"] = _typed(parts)
    return packed(parts)


def same_parts(one: bytes, other: bytes) -> bool:
    """True when two files hold the same parts, however they are packed: then they print the same."""
    return Paper(one).parts == Paper(other).parts


def _without_relations(rels: bytes) -> bytes:
    root = etree.fromstring(rels)
    for relation in root.findall(_RELATION):
        if relation.get("Type", "").rpartition("/")[2] in _NOBODY_SEES:
            root.remove(relation)
    return as_xml(root)


def _untrace(root: Any) -> None:
    """Take out what Word notes of the editing: which sitting wrote what, where its spelling checker stood."""
    for element in list(root.iter(*(f"{W}{name}" for name in _TRACES))):
        element.getparent().remove(element)
    last_place = {one.get(f"{W}id") for one in root.iter(f"{W}bookmarkStart") if one.get(f"{W}name") == "_GoBack"}
    for mark in list(root.iter(f"{W}bookmarkStart", f"{W}bookmarkEnd")):
        if mark.get(f"{W}id") in last_place:
            mark.getparent().remove(mark)
    for element in root.iter():
        for name in [name for name in element.attrib if name.startswith(f"{W}rsid")]:
            del element.attrib[name]


def _all_text(paper: Paper) -> str:
    words = (node.text or "" for name in paper.told for node in paper.root(name).iter(f"{W}t", f"{W}instrText"))
    return "".join(words)


def _used(paper: Paper) -> set[str]:
    names = (*paper.told, "word/numbering.xml", "word/settings.xml")
    roots = (root for name in names if (root := paper.root(name)) is not None)
    tags = [f"{W}{name}" for name in _REFERENCES]
    return {str(element.get(f"{W}val")) for root in roots for element in root.iter(*tags)}


def _drop_styles(styles: Any, used: set[str]) -> None:
    by_id = {style.get(f"{W}styleId"): style for style in styles.findall(f"{W}style")}
    wanted = used | {name for name, style in by_id.items() if style.get(f"{W}default") == "1"}
    waiting = list(wanted)
    while waiting:
        style = by_id.get(waiting.pop())
        if style is None:
            continue
        for tag in ("basedOn", "next", "link"):
            element = style.find(f"{W}{tag}")
            name = None if element is None else element.get(f"{W}val")
            if name and name not in wanted:
                wanted.add(name)
                waiting.append(name)
    for name, style in by_id.items():
        if name not in wanted:
            styles.remove(style)
    for latent in styles.findall(f"{W}latentStyles"):
        styles.remove(latent)


def _undated(core: Any) -> bytes:
    for element in core:
        local = etree.QName(element).localname
        if local in {"created", "modified"}:
            element.text = _FIXED_MOMENT
        elif local in {"lastPrinted", "revision", "keywords", "description", "category"}:
            core.remove(element)
    return as_xml(core)


def _reached(parts: Mapping[str, bytes]) -> Iterator[str]:
    """Every part that something points at, and what tells so."""
    yield "[Content_Types].xml"
    waiting, seen = [""], set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        if name:
            yield name
        folder, _, leaf = name.rpartition("/")
        rels = posixpath.join(folder, "_rels", f"{leaf}.rels")
        if rels not in parts:
            continue
        yield rels
        for relation in etree.fromstring(parts[rels]).findall(_RELATION):
            target = relation.get("Target", "")
            if relation.get("TargetMode") != "External":
                told = target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target)
                waiting.append(posixpath.normpath(told))


def _typed(parts: Mapping[str, bytes]) -> bytes:
    types = etree.fromstring(parts["[Content_Types].xml"])
    for override in types.findall(_OVERRIDE):
        if override.get("PartName", "").lstrip("/") not in parts:
            types.remove(override)
    return as_xml(types)
