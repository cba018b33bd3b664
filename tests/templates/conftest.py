"""A form of three pages as staff would write one, and parts shared by the tests of this room."""

from __future__ import annotations

import functools
import io
import os
import signal
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from docx.enum.text import WD_BREAK
from docx.oxml.ns import qn
from docx.shared import Inches, Pt
from PIL import Image

from templates import wire
from templates.press import Press

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


@functools.cache
def _blank() -> bytes:
    document = Document()
    kept = {
        "Normal",
        "Table Grid",
        "Normal Table",
        "No List",
        "List Bullet",
        "Heading 1",
        "Heading 2",
        "Header",
        "Footer",
    }
    styles = document.styles.element
    for style in list(styles.findall(qn("w:style"))):
        if style.find(qn("w:name")).get(qn("w:val")).title() not in kept:
            styles.remove(style)
    styles.remove(styles.find(qn("w:latentStyles")))
    for number, relation in list(document.part.rels.items()):
        if relation.reltype.endswith("stylesWithEffects"):
            del document.part.rels[number]
    return docx_bytes(document)


def blank_document() -> Any:
    """An empty Word document with few styles: python-docx's own has 160, and reading them is most of a test."""
    return Document(io.BytesIO(_blank()))


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
    document = blank_document()
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
        for _ in range(5):
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
    """Build a form: texts are paragraphs, lists of lists of texts are tables."""

    def build(*blocks: str | list[list[str]], header: str = "") -> bytes:
        document = blank_document()
        if header:
            document.sections[0].header.paragraphs[0].text = header
        for block in blocks:
            if isinstance(block, str):
                document.add_paragraph(block)
                continue
            table = document.add_table(rows=len(block), cols=len(block[0]), style="Table Grid")
            for row, texts in zip(table.rows, block, strict=True):
                for cell, text in zip(row.cells, texts, strict=True):
                    cell.text = text
        return docx_bytes(document)

    return build


@pytest.fixture(scope="session")
def words_of() -> Callable[[bytes], list[str]]:
    """The texts of all paragraphs of a Word file, those in tables too; a line break is a line feed."""

    def read(docx: bytes) -> list[str]:
        texts = []
        for paragraph in Document(io.BytesIO(docx)).element.body.iter(qn("w:p")):
            marks = paragraph.iter(qn("w:t"), qn("w:br"))
            texts.append("".join((one.text or "") if one.tag == qn("w:t") else "\n" for one in marks))
        return texts

    return read


@pytest.fixture(scope="session")
def repacked() -> Callable[..., bytes]:
    """A Word file with parts replaced or added (None removes one)."""

    def repack(docx: bytes, **parts: bytes | None) -> bytes:
        stream = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(docx)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
            for name in old.namelist():
                content = parts.pop(name, old.read(name))
                if content is not None:
                    new.writestr(name, content)
            for name, content in parts.items():
                if content is not None:
                    new.writestr(name, content)
        return stream.getvalue()

    return repack


class Daemon:
    """A daemon of this room, started for the tests."""

    def __init__(self, module: str, path: Path, *more: str) -> None:
        command = [sys.executable, "-m", f"templates.{module}", "--socket", str(path), "--with-parent", *more]
        self.process = subprocess.Popen(command)
        self.socket = path

    @property
    def pid(self) -> int:
        """Its process number."""
        return self.process.pid

    def children(self) -> list[int]:
        """Process numbers of its living children, oldest first: the last one waits for a document."""
        told = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text(encoding="ascii")
        return [int(pid) for pid in told.split()]

    def at_work(self) -> list[int]:
        """Process numbers of the children that have a document."""
        return self.children()[:-1]

    def memory(self) -> int:
        """Bytes of memory that hold data (what it reads from files does not count)."""
        lines = Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon:")) << 10

    def health(self) -> Mapping[str, object]:
        """What it tells of itself."""
        with socket.socket(socket.AF_UNIX) as asking:
            asking.connect(str(self.socket))
            stream = wire.SocketStream(asking, 10)
            wire.send(stream, {"op": "health"})
            return wire.receive(stream).head

    def stop(self, by: signal.Signals = signal.SIGTERM) -> int:
        """End it. Returns its status."""
        if self.process.poll() is None:
            os.kill(self.pid, by)
        return self.process.wait(20)


def wait_until(true: Callable[[], bool], seconds: float = 40.0) -> None:
    """Wait for something to become true, or fail."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture(scope="session")
def daemon_of() -> Iterator[Callable[..., Daemon]]:
    """Start a daemon, and see that it ends with the tests."""
    started: list[Daemon] = []

    def start(module: str, run_dir: Path, *more: str) -> Daemon:
        daemon = Daemon(module, run_dir / f"{module}.sock", *more)
        started.append(daemon)
        with Press(run_dir) as press:
            wait_until(lambda: getattr(press.health(), module) or daemon.process.poll() is not None)
        return daemon

    yield start
    for daemon in started:
        daemon.stop()


@pytest.fixture(scope="session")
def run_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the sockets of the session's daemons lie."""
    return tmp_path_factory.mktemp("run")


@pytest.fixture(scope="session")
def filler(run_dir: Path, daemon_of: Callable[..., Daemon]) -> Daemon:
    """A warm filler for the session."""
    return daemon_of("filler", run_dir)


@pytest.fixture(scope="session")
def renderer(run_dir: Path, daemon_of: Callable[..., Daemon]) -> Daemon:
    """A warm renderer for the session."""
    return daemon_of("renderer", run_dir)


@pytest.fixture
def press(run_dir: Path, filler: Daemon, renderer: Daemon) -> Press:
    """A press with both daemons."""
    return Press(run_dir)


@pytest.fixture(scope="session")
def until() -> Callable[..., None]:
    """Wait for something to become true, or fail."""
    return wait_until
