"""What a Word file carries beside its words: links, embedded files, tracked changes, comments, hidden text, names.

Danger: a published form tells who wrote it, what was struck out, or what somebody thought of it; and text that nobody
sees on the page is text that nobody agreed to. Invariant: every part is looked at, also those that are never printed;
no name that is found is quoted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lxml import etree  # type: ignore[import-untyped]  # it has no stubs

from templates.errors import Place
from templates.lint.paper import Paper, Paragraph, W
from templates.lint.remark import Check, Remark, block, warn
from templates.place import DOCUMENT_PROPERTIES, told_as

NAMING_PROPERTIES = {
    "docProps/core.xml": frozenset({"creator", "lastModifiedBy"}),
    "docProps/app.xml": frozenset({"Manager", "Company", "Template", "HyperlinkBase"}),
}
"""Properties in which Word leaves the names of people and machines."""
SMALLEST_HALF_POINTS = 8
"""Letters below four points are hidden, whatever their author meant."""
_HARMLESS_TEMPLATES = frozenset({"", "Normal", "Normal.dotm", "Normal.dot"})
_CHANGES = {
    "ins": "inserted text",
    "del": "deleted text",
    "moveFrom": "moved text",
    "moveTo": "moved text",
    "rPrChange": "changed formatting",
    "pPrChange": "changed formatting",
    "sectPrChange": "a changed page",
    "tblPrChange": "a changed table",
    "trPrChange": "a changed table",
    "tcPrChange": "a changed table",
    "cellIns": "a changed table",
    "cellDel": "a changed table",
}
_TAKE_OUT = "Accept or reject every change (Review, Accept all), turn tracking off, and save."


def look(paper: Paper) -> Iterator[Remark]:
    """Everything a form carries that it should not."""
    yield from _names(paper)
    yield from _links(paper)
    hidden = _hidden_styles(paper)
    for paragraph in paper.paragraphs:
        yield from _changes(paragraph)
        yield from _comments(paragraph)
        yield from _hidden(paragraph, hidden)
    settings = paper.root("word/settings.xml")
    if settings is not None and settings.find(f"{W}trackRevisions") is not None:
        yield warn(
            Check.TRACKED_CHANGE,
            Place(part="document settings"),
            "Word tracks changes in this form.",
            "Turn it off (Review, Track changes): the next edit would carry its author's name.",
        )


def _names(paper: Paper) -> Iterator[Remark]:
    where = Place(part=DOCUMENT_PROPERTIES)
    for name, properties in NAMING_PROPERTIES.items():
        root = paper.root(name)
        found = [] if root is None else [one for one in root.iter() if _local(one) in properties]
        for element in found:
            said = (element.text or "").strip()
            kind = _local(element)
            if said and not (kind == "Template" and said in _HARMLESS_TEMPLATES):
                yield warn(
                    Check.AUTHOR_NAME,
                    where,
                    f"The file's properties tell a name ({kind}).",
                    "Publishing takes it out; --repair does it now.",
                )
    for name, what in (("docProps/custom.xml", "properties of its own"), ("word/people.xml", "a list of its authors")):
        if name in paper.parts:
            yield warn(
                Check.AUTHOR_NAME, where, f"The file holds {what}.", "Publishing takes it out; look what it tells."
            )


def _links(paper: Paper) -> Iterator[Remark]:
    for name in paper.parts:
        if not name.endswith(".rels"):
            continue
        root = paper.root(name)
        where = Place(part=told_as(name.replace("_rels/", "").removesuffix(".rels")))
        for relation in root if root is not None else ():
            kind = str(relation.get("Type", "")).rpartition("/")[2]
            if relation.get("TargetMode") == "External":
                yield _link(kind, where)
            elif kind in {"oleObject", "package", "control"}:
                yield block(
                    Check.EMBEDDED_FILE,
                    where,
                    "Another file or a control is embedded in the form.",
                    "Delete it, or paste it as a picture with alt text.",
                )


def _link(kind: str, where: Place) -> Remark:
    if kind == "attachedTemplate":
        return warn(
            Check.EXTERNAL_LINK,
            where,
            "The file names the template it was once made from, and where that lies.",
            "Publishing takes it out; --repair does it now.",
        )
    if kind == "hyperlink":
        return warn(
            Check.EXTERNAL_LINK,
            where,
            "The form holds a link to an address outside.",
            "Print the address as text: on paper nobody can click, and a signed paper should fetch nothing.",
        )
    return block(
        Check.EXTERNAL_LINK, where, "The form pulls in something from outside.", "Paste it into the form itself."
    )


def _changes(paragraph: Paragraph) -> Iterator[Remark]:
    told = {_CHANGES[name] for one in paragraph.element.iter() if (name := _local(one)) in _CHANGES}
    if told:
        yield block(
            Check.TRACKED_CHANGE,
            paragraph.place(),
            f"There are tracked changes here: {', '.join(sorted(told))}.",
            _TAKE_OUT,
        )


def _comments(paragraph: Paragraph) -> Iterator[Remark]:
    if any(_local(one) in {"commentReference", "commentRangeStart"} for one in paragraph.element.iter()):
        yield block(
            Check.COMMENT,
            paragraph.place(),
            "There is a comment here.",
            "Delete every comment (Review, Delete all comments), and save.",
        )


def _hidden(paragraph: Paragraph, hidden_styles: frozenset[str]) -> Iterator[Remark]:
    if paragraph.style in hidden_styles and paragraph.text.strip():
        yield _not_seen(paragraph, paragraph.text, "is hidden by its style")
        return
    for node in paragraph.nodes:
        run = node.getparent()
        properties = run.find(f"{W}rPr") if run is not None else None
        if properties is None or not (node.text or "").strip():
            continue
        how = _how_hidden(properties, hidden_styles)
        if how:
            yield _not_seen(paragraph, node.text, how)


def _not_seen(paragraph: Paragraph, words: str, how: str) -> Remark:
    return block(
        Check.HIDDEN_TEXT,
        paragraph.place(words),
        f"Some text here {how}: nobody sees it on the page.",
        "Show it or delete it: what is signed is what is seen.",
    )


def _how_hidden(properties: Any, hidden_styles: frozenset[str]) -> str:
    if _on(properties.find(f"{W}vanish")) or _value(properties.find(f"{W}rStyle")) in hidden_styles:
        return "is hidden"
    size = _value(properties.find(f"{W}sz"))
    if size.isdigit() and int(size) < SMALLEST_HALF_POINTS:
        return "is smaller than four points"
    white = _value(properties.find(f"{W}color")).upper() == "FFFFFF"
    if white and properties.find(f"{W}shd") is None and properties.find(f"{W}highlight") is None:
        above = next(properties.iterancestors(f"{W}tc"), None)
        if above is None or above.find(f"{W}tcPr/{W}shd") is None:
            return "is white on white"
    return ""


def _hidden_styles(paper: Paper) -> frozenset[str]:
    styles = paper.root("word/styles.xml")
    if styles is None:
        return frozenset()
    return frozenset(
        str(style.get(f"{W}styleId")) for style in styles.iter(f"{W}style") if _on(style.find(f"{W}rPr/{W}vanish"))
    )


def _on(switch: Any) -> bool:
    return switch is not None and switch.get(f"{W}val", "1") not in {"0", "false", "off"}


def _value(element: Any) -> str:
    return "" if element is None else str(element.get(f"{W}val", ""))


def _local(element: Any) -> str:
    return str(etree.QName(element).localname) if isinstance(element.tag, str) else ""
