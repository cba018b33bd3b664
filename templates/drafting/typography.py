"""Typography of our forms: page, fonts, styles, lists and language, written once for all forms.

Danger: a font that has no metric twin breaks lines differently in Word and in the finished PDF; a heading that is only
bold text is no heading to a screen reader. Invariant: only Calibri and Cambria (their metric twins are Carlito and
Caladea), only the styles below, and every heading and list is a real one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from docx.document import Document
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Cm, Emu

INK: Final = "1B2A3D"
ACCENT: Final = "1F4E6B"
QUIET: Final = "56636F"
HAIRLINE: Final = "B9C4CD"
FRAME: Final = "8796A3"
TINT: Final = "EEF3F6"

SERIF: Final = "Cambria"
SANS: Final = "Calibri"

PAGE_WIDTH: Final = Emu(7772400)
"""US Letter, 8.5 in."""
PAGE_HEIGHT: Final = Emu(10058400)
"""US Letter, 11 in."""
SIDE: Final = Cm(2.2)
TEXT_WIDTH: Final = Emu(PAGE_WIDTH - 2 * SIDE)

PLACE_WIDTH: Final = Cm(7.0)
"""Width of a signature place; the appearance drawn at signing has this shape."""
PLACE_HEIGHT: Final = Cm(1.9)

LOGO_WIDTH: Final = Cm(4.4)
"""The most a logo takes of the letterhead; it keeps its proportions inside."""
LOGO_HEIGHT: Final = Cm(1.4)

CODE_SIDE: Final = Cm(1.3)
"""Side of the statement's code with its border: a module is 0.45 mm, six pixels of a scan at 300 dots an inch."""
CODE_SPACE: Final = Cm(0.3)
CODE_TOP: Final = Emu(PAGE_HEIGHT - Cm(2.05))
"""Below the page's upper edge: no printer cuts what lies 7 mm from the lower one."""

BULLET_LIST: Final = 1
CHOICE_LIST: Final = 2

CULTURES: Final = {"en": "en-US", "es": "es-US"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """One paragraph style. Sizes and distances in points, indents in twentieths of a point."""

    id: str
    name: str
    size: float = 10.5
    font: str = SANS
    bold: bool = False
    color: str = INK
    before: float = 0
    after: float = 4
    line: float = 1.08
    keep_next: bool = False
    keep_lines: bool = True
    outline: int | None = None
    number: int | None = None
    indent: int = 0
    hanging: int = 0
    spaced: int = 0
    """Letter spacing in twentieths of a point."""
    rule: str = ""
    """`top` or `bottom`: a hairline on that side; `left`: a bar beside it."""

    def xml(self) -> str:
        """The style as WordprocessingML."""
        p = []
        if self.keep_next:
            p.append("<w:keepNext/>")
        if self.keep_lines:
            p.append("<w:keepLines/>")
        p.append("<w:widowControl/>")
        if self.number is not None:
            p.append(f'<w:numPr><w:numId w:val="{self.number}"/></w:numPr>')
        if self.rule:
            size, space, color = (18, 8, FRAME) if self.rule == "left" else (6, 4, HAIRLINE)
            p.append(
                f'<w:pBdr><w:{self.rule} w:val="single" w:sz="{size}" w:space="{space}" w:color="{color}"/></w:pBdr>',
            )
        p.append(
            f'<w:spacing w:before="{round(self.before * 20)}" w:after="{round(self.after * 20)}" '
            f'w:line="{round(self.line * 240)}" w:lineRule="auto"/>',
        )
        if self.indent or self.hanging:
            p.append(f'<w:ind w:left="{self.indent}" w:hanging="{self.hanging}"/>')
        if self.outline is not None:
            p.append(f'<w:outlineLvl w:val="{self.outline}"/>')
        r = [f'<w:rFonts w:ascii="{self.font}" w:hAnsi="{self.font}" w:cs="{self.font}" w:eastAsia="{self.font}"/>']
        r.append("<w:b/><w:bCs/>" if self.bold else "")
        r.append(f'<w:color w:val="{self.color}"/>')
        r.append(f'<w:spacing w:val="{self.spaced}"/>' if self.spaced else "")
        r.append(f'<w:sz w:val="{round(self.size * 2)}"/><w:szCs w:val="{round(self.size * 2)}"/>')
        default = ' w:default="1"' if self.id == "Normal" else ""
        parent = "" if self.id == "Normal" else '<w:basedOn w:val="Normal"/>'
        following = '<w:next w:val="Normal"/>' if self.outline is not None else ""
        return (
            f'<w:style {nsdecls("w")} w:type="paragraph"{default} w:styleId="{self.id}"><w:name w:val="{self.name}"/>'
            f"{parent}{following}<w:qFormat/><w:pPr>{''.join(p)}</w:pPr><w:rPr>{''.join(r)}</w:rPr></w:style>"
        )


STYLES: Final = (
    Style(id="Normal", name="Normal"),
    Style(id="Heading1", name="heading 1", font=SERIF, size=21, bold=True, color=ACCENT, before=14, after=2, line=1.0,
          keep_next=True, outline=0),
    Style(id="Heading2", name="heading 2", font=SERIF, size=12.5, bold=True, color=ACCENT, before=9, after=2, line=1.0,
          keep_next=True, outline=1),
    Style(id="Lead", name="Lead", size=11.5, color=QUIET, after=8, line=1.05),
    Style(id="Letterhead", name="Letterhead", font=SERIF, size=14, bold=True, color=INK, after=0, line=1.0,
          keep_next=True),
    Style(id="LetterheadLine", name="Letterhead Line", size=9.5, color=QUIET, after=0, line=1.05, keep_next=True),
    Style(id="LetterheadEnd", name="Letterhead End", size=9.5, color=QUIET, after=0, line=1.05, rule="bottom"),
    Style(id="FactHead", name="Fact Head", size=10, bold=True, color="FFFFFF", before=2, after=2, line=1.0,
          keep_next=True),
    Style(id="FactLabel", name="Fact Label", size=10, bold=True, color=ACCENT, before=0.4, after=0, line=1.0),
    Style(id="Fact", name="Fact", before=0, after=0.5, line=1.02),
    Style(id="FactNote", name="Fact Note", size=9.5, color=QUIET, before=4, after=0, line=1.0),
    Style(id="FactChoice", name="Fact Choice", before=0, after=1, line=1.02, number=CHOICE_LIST, indent=340,
          hanging=340),
    Style(id="ListBullet", name="List Bullet", after=3, number=BULLET_LIST, indent=300, hanging=240),
    Style(id="Verbatim", name="Verbatim", after=3, indent=260, rule="left", keep_next=True),
    Style(id="VerbatimItem", name="Verbatim Item", after=3, number=BULLET_LIST, indent=500, hanging=240, rule="left",
          keep_next=True),
    Style(id="SignatureLabel", name="Signature Label", size=9.5, bold=True, color=ACCENT, before=9, after=2, line=1.0,
          keep_next=True),
    Style(id="SignaturePlace", name="Signature Place", after=0, line=1.0, keep_next=True),
    Style(id="SignatureEnd", name="Signature End", size=9, color=QUIET, before=6, after=0, line=1.05),
    Style(id="Footer", name="footer", size=8.5, color=QUIET, after=0, line=1.0, rule="top"),
    Style(id="FooterLine", name="Footer Line", size=8.5, color=QUIET, after=0, line=1.05),
)  # fmt: skip

_TABLE_STYLE: Final = (
    f'<w:style {nsdecls("w")} w:type="table" w:default="1" w:styleId="TableNormal"><w:name w:val="Normal Table"/>'
    '<w:tblPr><w:tblInd w:w="0" w:type="dxa"/><w:tblCellMar><w:top w:w="0" w:type="dxa"/><w:left w:w="108" '
    'w:type="dxa"/><w:bottom w:w="0" w:type="dxa"/><w:right w:w="108" w:type="dxa"/></w:tblCellMar></w:tblPr></w:style>'
)
_CHARACTER_STYLE: Final = (
    f'<w:style {nsdecls("w")} w:type="character" w:default="1" w:styleId="DefaultParagraphFont">'
    '<w:name w:val="Default Paragraph Font"/></w:style>'
)


def _list(number: int, mark: str, font: str, color: str, indent: int, hanging: int) -> str:
    return (
        f'<w:abstractNum {nsdecls("w")} w:abstractNumId="{number}"><w:multiLevelType w:val="singleLevel"/>'
        f'<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="bullet"/><w:lvlText w:val="{mark}"/>'
        f'<w:lvlJc w:val="left"/><w:pPr><w:ind w:left="{indent}" w:hanging="{hanging}"/></w:pPr>'
        f'<w:rPr><w:rFonts w:ascii="{font}" w:hAnsi="{font}" w:cs="{font}" w:eastAsia="{font}" w:hint="default"/>'
        f'<w:color w:val="{color}"/></w:rPr></w:lvl></w:abstractNum>'
    )


def dress(document: Document, language: str) -> None:
    """Give a new document our page, styles, lists and language.

    :param language: `en` or `es`; sets the language that Word and a screen reader take for the whole text.
    """
    _styles(document, CULTURES[language])
    _lists(document)
    _settings(document, CULTURES[language])
    section = document.sections[0]
    section.page_width, section.page_height = PAGE_WIDTH, PAGE_HEIGHT
    section.left_margin = section.right_margin = SIDE
    section.top_margin, section.bottom_margin = Cm(1.5), Cm(2.2)
    section.header_distance, section.footer_distance = Cm(0.9), Cm(1.1)


def _styles(document: Document, culture: str) -> None:
    element = document.styles.element
    for child in list(element):
        element.remove(child)
    element.append(
        parse_xml(
            f'<w:docDefaults {nsdecls("w")}><w:rPrDefault><w:rPr><w:rFonts w:ascii="{SANS}" w:hAnsi="{SANS}" '
            f'w:cs="{SANS}" w:eastAsia="{SANS}"/><w:sz w:val="21"/><w:szCs w:val="21"/>'
            f'<w:lang w:val="{culture}" w:eastAsia="{culture}" w:bidi="{culture}"/></w:rPr></w:rPrDefault>'
            "<w:pPrDefault/></w:docDefaults>",
        ),
    )
    for xml in (*(style.xml() for style in STYLES), _CHARACTER_STYLE, _TABLE_STYLE):
        element.append(parse_xml(xml))


def _lists(document: Document) -> None:
    element = document.part.numbering_part.element
    for child in list(element):
        element.remove(child)
    element.append(parse_xml(_list(BULLET_LIST, "•", SANS, ACCENT, 300, 240)))
    element.append(parse_xml(_list(CHOICE_LIST, "☑", "Segoe UI Symbol", ACCENT, 340, 340)))
    for number in (BULLET_LIST, CHOICE_LIST):
        element.append(
            parse_xml(
                f'<w:num {nsdecls("w")} w:numId="{number}"><w:abstractNumId w:val="{number}"/></w:num>',
            ),
        )


def _settings(document: Document, culture: str) -> None:
    element = document.settings.element
    for child in list(element):
        element.remove(child)
    for xml in (
        f'<w:zoom {nsdecls("w")} w:percent="100"/>',
        f'<w:defaultTabStop {nsdecls("w")} w:val="720"/>',
        f'<w:compat {nsdecls("w")}><w:compatSetting w:name="compatibilityMode" '
        'w:uri="http://schemas.microsoft.com/office/word" w:val="15"/></w:compat>',
        f'<w:themeFontLang {nsdecls("w")} w:val="{culture}"/>',
    ):
        element.append(parse_xml(xml))
    body = document.element.body
    for lang in list(body.iter(qn("w:lang"))):
        parent = lang.getparent()
        if parent is not None:
            parent.remove(lang)
