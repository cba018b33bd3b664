"""The pieces every form is built of: letterhead, title, key facts, clauses, signature block, footer.

Danger: a signature that stands on a page without the words it signs; a table or picture that a screen reader cannot
name. Invariant: the whole signature block is chained with keep-with-next; only the key facts are a table, its head row
is marked; the only pictures are the signature places, each with alternative text `sig:<role>`, and the frames of logo
and code, which filling replaces (`templates.pictures`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from io import BytesIO
from typing import Final, Protocol

from docx.document import Document
from docx.enum.text import WD_TAB_ALIGNMENT
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.oxml.table import CT_Row
from docx.shared import Cm, Length
from docx.table import Table, _Cell
from docx.text.paragraph import Paragraph
from docx.text.run import Run
from PIL import Image, ImageDraw

from templates.drafting.typography import (
    ACCENT,
    CODE_SIDE,
    CODE_SPACE,
    CODE_TOP,
    CULTURES,
    FRAME,
    HAIRLINE,
    LOGO_HEIGHT,
    LOGO_WIDTH,
    PLACE_HEIGHT,
    PLACE_WIDTH,
    TEXT_WIDTH,
    TINT,
)
from templates.drafting.wording import Block, Bullets, Facts, Heading, Line, Place, Signatures, Text, Wording

LABEL_WIDTH: Final = Cm(4.3)
PHONE: Final = "{{ agency.phone|replace(' ', '\u00a0')|replace('-', '\u2011') }}"
"""The telephone number in one piece: never broken over two lines."""
_STRONG: Final = re.compile(r"\*\*(.+?)\*\*")


class Holder(Protocol):
    """What takes paragraphs: the document, a table cell, a footer."""

    def add_paragraph(self, text: str = "", style: str | None = None) -> Paragraph: ...


def letterhead(document: Document) -> None:
    """The organization's name, unit, address and telephone, in the body so that a screen reader reads it.

    The logo stands at the right margin, where nothing moves when there is none.
    """
    name = _write(document, "{{ agency.name }}", "Letterhead")
    _float(name, "picture:agency.logo", (LOGO_WIDTH, LOGO_HEIGHT), Length(0), page=False)
    with _condition(document, "agency.unit"):
        _write(document, "{{ agency.unit }}", "Letterhead Line")
    _write(
        document,
        "{{ agency.address|join(' · ') }}{% if agency.phone %} · {{ agency.phone }}{% endif %}",
        "Letterhead End",
    )


def opening(document: Document, wording: Wording) -> None:
    """Title and the one sentence that says what the paper is."""
    _write(document, wording.title, "heading 1")
    _write(document, wording.lead, "Lead")


def body(document: Document, blocks: Sequence[Block]) -> None:
    """Every block in its order; what stands right above the signatures goes with them onto one page."""
    for block, following in zip(blocks, (*blocks[1:], None), strict=True):
        chained = isinstance(following, Signatures) or (isinstance(following, Text) and following.line.verbatim)
        leads = chained or isinstance(following, Bullets)  # a line that opens a list ends no page
        match block:
            case Facts():
                _facts(document, block)
            case Heading():
                with _condition(document, block.when):
                    heading = _write(document, block.text, "heading 2")
                    if block.new_page:
                        heading.paragraph_format.page_break_before = True
            case Text():
                for paragraph in _line(document, block.line, "Verbatim" if block.line.verbatim else "Normal"):
                    if leads:
                        paragraph.paragraph_format.keep_with_next = True
            case Bullets():
                _list(document, block.lines, chained=chained, whole=following is None)
            case Signatures():
                _signatures(document, block)


def footer(document: Document, parts: tuple[str, str, str]) -> None:
    """Statement and page x of y, below them form and version, at the right the statement's code: on every page."""
    form, statement, page = parts
    first = document.sections[0].footer.paragraphs[0]
    second = document.sections[0].footer.add_paragraph()
    first.style, second.style = "footer", "Footer Line"
    _tabs(first, ((TEXT_WIDTH - CODE_SIDE - CODE_SPACE, WD_TAB_ALIGNMENT.RIGHT),))
    _footed(first, statement)
    first.add_run().add_tab()
    _footed(first, page)
    _footed(second, form)
    _float(first, "code:statement.ref", (CODE_SIDE, CODE_SIDE), CODE_TOP, page=True)


def _footed(paragraph: Paragraph, part: str) -> None:
    for piece in re.split(r"(\{page\}|\{pages\})", part):
        if piece == "{page}":
            _field(paragraph, "PAGE")
        elif piece == "{pages}":
            _field(paragraph, "NUMPAGES")
        elif piece:
            paragraph.add_run(piece)


def _facts(document: Document, facts: Facts) -> None:
    table = document.add_table(rows=0, cols=2)
    _shape(table)
    head = table.add_row()
    head._tr.get_or_add_trPr().append(parse_xml(f"<w:tblHeader {nsdecls('w')}/>"))
    _unsplit(head._tr)
    for cell, text in zip(head.cells, facts.head, strict=True):
        _shade(cell, ACCENT)
        _first(cell, text, "Fact Head")
    for fact in facts.rows:
        row = table.add_row()
        _unsplit(row._tr)
        left, right = row.cells
        _shade(left, TINT)
        _breathe(left)
        _breathe(right)
        _first(left, fact.label, "Fact Label")
        for number, line in enumerate(fact.lines):
            style = "Fact Choice" if line.choice else "Fact"
            if number == 0:
                right._tc.remove(right.paragraphs[0]._p)
            _line(right, line, style)
    widths = (Length(LABEL_WIDTH), Length(TEXT_WIDTH - LABEL_WIDTH))
    for column, width in zip(table.columns, widths, strict=True):
        column.width = width
    # LibreOffice 7.4 loses keep-with-next further down when a heading follows a table at once
    _write(document, facts.note, "Fact Note")


def _list(document: Document, lines: Sequence[Line], *, chained: bool, whole: bool) -> None:
    """`chained`: with what follows; `whole`: the paper's last words, of which no line goes to a page of its own."""
    for number, line in enumerate(lines):
        # of three or more, the last two stay together: no item stands alone on the next page; where the last may be
        # missing, the one before would hang on to the heading that follows
        last_but_one = number == len(lines) - 2 and number > 0 and not lines[-1].when
        for paragraph in _line(document, line, "Verbatim Item" if line.verbatim else "List Bullet"):
            if chained or last_but_one or (whole and number < len(lines) - 1):
                paragraph.paragraph_format.keep_with_next = True


def _signatures(document: Document, block: Signatures) -> None:
    _write(document, block.heading, "heading 2")
    for line in block.lines:
        for paragraph in _line(document, line, "Normal"):
            paragraph.paragraph_format.keep_with_next = True
    places = list(block.places)
    for number in range(0, len(places), 2):
        pair = places[number : number + 2]
        labels = document.add_paragraph(style="Signature Label")
        boxes = document.add_paragraph(style="Signature Place")
        edge = TEXT_WIDTH - PLACE_WIDTH
        for paragraph in (labels, boxes):
            _tabs(paragraph, ((edge, WD_TAB_ALIGNMENT.LEFT),))
        for position, place in enumerate(pair):
            with _within(labels, place.when), _within(boxes, place.when):
                if position:
                    labels.add_run().add_tab()
                    boxes.add_run().add_tab()
                labels.add_run(place.label)
                _place(boxes, place)
    _line(document, block.end, "Signature End")


def _place(paragraph: Paragraph, place: Place) -> None:
    """The transparent picture that becomes the signature field: exact size, named by its alternative text."""
    shape = paragraph.add_run().add_picture(BytesIO(_ruled()), width=PLACE_WIDTH, height=PLACE_HEIGHT)
    properties = shape._inline.docPr
    properties.set("name", f"signature {place.role}")
    properties.set("descr", f"sig:{place.role}")
    for side in ("distT", "distB", "distL", "distR"):
        # without them LibreOffice keeps its own distance, and the signature would stand beside its label
        shape._inline.set(side, "0")


def _float(paragraph: Paragraph, words: str, size: tuple[Length, Length], top: Length, *, page: bool) -> None:
    """A frame at the right margin that text runs around, `top` below the paragraph or the page's upper edge."""
    width, height = size
    run = paragraph.add_run()
    inline = run.add_picture(BytesIO(_frame()), width=width, height=height)._inline
    inline.docPr.set("name", f"frame {words.partition(':')[2]}")
    inline.docPr.set("descr", words)
    anchor = parse_xml(
        f'<wp:anchor {nsdecls("wp", "a", "pic", "r")} distT="0" distB="0" distL="114300" distR="0" simplePos="0" '
        'relativeHeight="2" behindDoc="0" locked="0" layoutInCell="1" allowOverlap="0"><wp:simplePos x="0" y="0"/>'
        '<wp:positionH relativeFrom="margin"><wp:align>right</wp:align></wp:positionH>'
        f'<wp:positionV relativeFrom="{"page" if page else "paragraph"}"><wp:posOffset>{top}</wp:posOffset>'
        '</wp:positionV><wp:wrapSquare wrapText="bothSides"/></wp:anchor>'
    )
    wrap = anchor[-1]
    for child in list(inline):
        if child.tag == qn("wp:extent"):
            wrap.addprevious(child)
        else:
            anchor.append(child)
    inline.getparent().replace(inline, anchor)


@cache
def _frame() -> bytes:
    """What stands in Word where filling puts a picture: a hairline box, so that an author sees it."""
    picture = Image.new("RGB", (120, 120), (255, 255, 255))
    ImageDraw.Draw(picture).rectangle((0, 0, 119, 119), outline=tuple(bytes.fromhex(FRAME)), width=2)
    out = BytesIO()
    picture.quantize(4).save(out, "PNG", optimize=True)
    return out.getvalue()


def _ruled() -> bytes:
    """A transparent picture with a hairline on top: it parts label from signature, on paper too.

    Nothing else is drawn: whatever stood lower would run into the ink or the printed lines that come with it.
    """
    width, height = 840, 228
    picture = Image.new("RGBA", (width, height), (255, 255, 255, 0))
    ImageDraw.Draw(picture).rectangle((0, 0, width, 3), fill=(*bytes.fromhex(FRAME), 255))
    out = BytesIO()
    picture.quantize(4).save(out, "PNG", optimize=True)
    return out.getvalue()


def _line(holder: Holder, line: Line, style: str) -> list[Paragraph]:
    with _loop(holder, line.each), _condition(holder, line.when):
        paragraph = _write(holder, line.text, style)
        if line.language:
            for run in paragraph.runs:
                culture = CULTURES[line.language]
                run._r.get_or_add_rPr().append(parse_xml(f'<w:lang {nsdecls("w")} w:val="{culture}"/>'))
        return [paragraph]


@contextmanager
def _condition(holder: Holder, condition: str) -> Iterator[None]:
    yield from _tagged(holder, f"if {condition}" if condition else "", "endif")


@contextmanager
def _loop(holder: Holder, loop: str) -> Iterator[None]:
    yield from _tagged(holder, f"for {loop}" if loop else "", "endfor")


def _tagged(holder: Holder, opening_tag: str, closing_tag: str) -> Iterator[None]:
    # a paragraph of its own with {%p …%}: docxtpl takes the whole paragraph out, so no blank line is left
    if opening_tag:
        holder.add_paragraph(f"{{%p {opening_tag} %}}", style="Normal")
    yield
    if opening_tag:
        holder.add_paragraph(f"{{%p {closing_tag} %}}", style="Normal")


@contextmanager
def _within(paragraph: Paragraph, condition: str) -> Iterator[None]:
    # a run of its own with {%r …%}: docxtpl takes the run out, and what stands between is printed or not
    if condition:
        paragraph.add_run(f"{{%r if {condition} %}}")
    yield
    if condition:
        paragraph.add_run("{%r endif %}")


def _write(holder: Holder, text: str, style: str) -> Paragraph:
    paragraph = holder.add_paragraph(style=style)
    _runs(paragraph, text)
    return paragraph


def _runs(paragraph: Paragraph, text: str) -> None:
    for number, piece in enumerate(_STRONG.split(text.replace("{{ agency.phone }}", PHONE))):
        if piece:
            run: Run = paragraph.add_run(piece)
            if number % 2:
                run.bold = True


def _first(cell: _Cell, text: str, style: str) -> None:
    paragraph = cell.paragraphs[0]
    paragraph.style = style
    _runs(paragraph, text)


def _breathe(cell: _Cell) -> None:
    cell._tc.get_or_add_tcPr().append(
        parse_xml(
            f'<w:tcMar {nsdecls("w")}><w:top w:w="50" w:type="dxa"/><w:bottom w:w="50" w:type="dxa"/></w:tcMar>',
        ),
    )


def _shade(cell: _Cell, color: str) -> None:
    cell._tc.get_or_add_tcPr().append(
        parse_xml(f'<w:shd {nsdecls("w")} w:val="clear" w:color="auto" w:fill="{color}"/>'),
    )


def _unsplit(row: CT_Row) -> None:
    row.get_or_add_trPr().append(parse_xml(f"<w:cantSplit {nsdecls('w')}/>"))


def _shape(table: Table) -> None:
    table.autofit = False
    properties = table._tbl.tblPr
    for child in list(properties):
        if child.tag in (qn("w:tblStyle"), qn("w:tblW"), qn("w:tblLook")):
            properties.remove(child)
    rule = f'w:val="single" w:sz="4" w:space="0" w:color="{HAIRLINE}"'
    # in the order of the schema, before the layout: Word calls a file damaged that has it otherwise
    width = f'<w:tblW {nsdecls("w")} w:w="{TEXT_WIDTH.twips}" w:type="dxa"/>'
    borders = f"<w:tblBorders {nsdecls('w')}><w:bottom {rule}/><w:insideH {rule}/></w:tblBorders>"
    for position, xml in enumerate((width, borders)):
        properties.insert(position, parse_xml(xml))


def _tabs(paragraph: Paragraph, stops: Iterable[tuple[int, WD_TAB_ALIGNMENT]]) -> None:
    for position, alignment in stops:
        paragraph.paragraph_format.tab_stops.add_tab_stop(Length(position), alignment)


def _field(paragraph: Paragraph, instruction: str) -> None:
    run = paragraph.add_run()
    for kind in ("begin", None, "separate", "text", "end"):
        if kind is None:
            element = OxmlElement("w:instrText")
            element.text = f" {instruction} "
        elif kind == "text":
            element = OxmlElement("w:t")
            element.text = "1"
        else:
            element = OxmlElement("w:fldChar")
            element.set(qn("w:fldCharType"), kind)
        run._r.append(element)
