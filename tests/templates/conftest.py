"""A form of three pages as staff would write one, and parts shared by the tests of this room."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from docx import Document
from docx.enum.text import WD_BREAK
from docx.oxml.ns import qn
from docx.shared import Inches, Pt
from PIL import Image

PARAGRAPH = (
    "I understand that the information named above is protected by law, that I may refuse to sign, and that I may take "
    "this consent back in writing at any time, except where the program has already acted on it. "
)


def sample_data() -> dict[str, Any]:
    """The fields of a fictional client's statement."""
    return {
        "statement": {"ref": "K7QF-2M9D-XR4T", "prepared_on": "November 22, 2026"},
        "agency": {"name": "Harbor & Light <Reentry>", "address": ["12 Mill Street", "Rochester, NY 14604"]},
        "client": {"name": "Dana Reyes-O'Neil", "birth_date": "April 3, 1988"},
        "organization": {"name": "Division of Parole", "address": ["1 Court Square"]},
        "categories": [{"label": f"Attendance record {number}"} for number in range(1, 9)],
        "purposes": [{"label": "To report my progress"}, {"label": "To plan my housing"}],
        "part2": True,
        "expires": "",
    }


def docx_bytes(document: Any) -> bytes:
    """A python-docx document as bytes."""
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def place_picture(document: Any, words: str) -> None:
    """A transparent picture with alt text, as the places for signatures are."""
    stream = io.BytesIO()
    Image.new("RGBA", (8, 2), (0, 0, 0, 0)).save(stream, "PNG")
    stream.seek(0)
    document.add_picture(stream, width=Inches(2.6), height=Inches(0.6))
    document.element.body.findall(".//" + qn("wp:docPr"))[-1].set("descr", words)


def build_form() -> bytes:
    """Three pages: headings, loops over rows and paragraphs, a condition, header and footer, two places to sign."""
    document = Document()
    document.core_properties.author = "Pat Author"
    document.core_properties.title = "Disclosure statement"
    style = document.styles["Normal"]
    style.font.name, style.font.size = "Carlito", Pt(11)
    section = document.sections[0]
    section.header.paragraphs[0].text = "{{ agency.name }}"
    section.footer.paragraphs[0].text = "Statement {{ statement.ref }}"
    document.add_heading("Disclosure statement", 1)
    document.add_paragraph("I, {{ client.name }}, born {{ client.birth_date }}, allow {{ agency.name }} to tell:")
    document.add_paragraph("{{ organization.name }}")
    document.add_paragraph("{%p for line in organization.address %}")
    document.add_paragraph("{{ line }}")
    document.add_paragraph("{%p endfor %}")
    table = document.add_table(rows=4, cols=2, style="Table Grid")
    table.rows[0].cells[0].text, table.rows[0].cells[1].text = "What may be told", "Yes"
    properties = table.rows[0]._tr.get_or_add_trPr()
    properties.append(properties.makeelement(qn("w:tblHeader"), {}))
    table.rows[1].cells[0].text = "{%tr for one in categories %}"
    table.rows[2].cells[0].text, table.rows[2].cells[1].text = "{{ one.label }}", "☒"
    table.rows[3].cells[0].text = "{%tr endfor %}"
    document.add_heading("Why", 2)
    document.add_paragraph("{%p for one in purposes %}")
    document.add_paragraph("{{ one.label }}", style="List Bullet")
    document.add_paragraph("{%p endfor %}")
    document.add_paragraph("{%p if part2 %}")
    document.add_paragraph("42 CFR part 2 prohibits unauthorized use or disclosure of these records.")
    document.add_paragraph("{%p endif %}")
    for number in range(1, 3):
        document.add_paragraph().add_run().add_break(WD_BREAK.PAGE)
        document.add_heading(f"My rights, {number}", 2)
        for _ in range(7):
            document.add_paragraph(PARAGRAPH * 2)
    document.add_paragraph("Signature of {{ client.name }}")
    place_picture(document, "sig:client")
    document.add_paragraph("Witness")
    place_picture(document, "sig:witness")
    return docx_bytes(document)


@pytest.fixture(scope="session")
def form() -> bytes:
    """The three-page form."""
    return build_form()


@pytest.fixture
def data() -> dict[str, Any]:
    """Fresh sample data."""
    return sample_data()


@pytest.fixture(scope="session")
def form_of() -> Callable[..., bytes]:
    """Build a form whose paragraphs are the given texts."""

    def build(*texts: str) -> bytes:
        document = Document()
        for text in texts:
            document.add_paragraph(text)
        return docx_bytes(document)

    return build
