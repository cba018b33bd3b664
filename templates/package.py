"""Is this really a Word file, and one that is safe to open?

Danger: a file named .docx may be a bomb of a few kilobytes that unpacks to gigabytes, may pull in other files or
addresses when it is opened, or may be no Word file at all (LibreOffice turns an *empty* file into an empty PDF without
a word). Invariant: nothing parses a Word file before it passed here.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator

from templates.errors import FormCode, FormError, Place
from templates.place import told_as

MAX_PACKED = 16 << 20
"""Bytes of a Word file as it lies."""
MAX_UNPACKED = 96 << 20
"""Bytes of all its parts together."""
MAX_XML_PART = 24 << 20
"""Bytes of one XML part: the parser needs ten times as much."""
MAX_PARTS = 2_000

MACRO_DOCUMENT = b"application/vnd.ms-word.document.macroEnabled.main+xml"
"""What the body of a Word file with macros calls itself."""

_DAMAGE = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError)
"""What Python's zip reader raises at damaged files."""
_STRAYING_NAME = re.compile(r"^[/\\]|\\|^[A-Za-z]:|(^|/)\.\.?(/|$)|[\x00-\x1f]")
_DECLARED_ENCODING = re.compile(rb"[\s\xef\xbb\xbf]*<\?xml[^>]*?\bencoding\s*=\s*[\"']([^\"']*)", re.IGNORECASE)
_WORD_KINDS = (
    b"wordprocessingml.document.main+xml",
    b"wordprocessingml.template.main+xml",
    MACRO_DOCUMENT,
)
_XML_NAME = re.compile(r"\.(xml|rels|vml)$", re.IGNORECASE)
_EXTERNAL = re.compile(rb"<[^<>]*\bTargetMode\s*=\s*[\"']External[\"'][^<>]*>", re.IGNORECASE)
# What may point outside: a link a person clicks, and the name of the template the file was once made from.
_HARMLESS_EXTERNAL = re.compile(rb"\bType\s*=\s*[\"'][^\"']*/(hyperlink|attachedTemplate)[\"']", re.IGNORECASE)
_FOREIGN_CHUNK = re.compile(rb"\bType\s*=\s*[\"'][^\"']*/(aFChunk|subDocument|frame)[\"']", re.IGNORECASE)
# old drawings may name a picture's address themselves
_NAMED_PICTURE = re.compile(
    rb"<v:(imagedata|fill|stroke)\b[^<>]*[\s:](src|href|althref)\s*=\s*[\"'][^\"']", re.IGNORECASE
)
_FETCHING_FIELD = re.compile(rb"INCLUDEPICTURE|INCLUDETEXT|DDEAUTO|\b(INCLUDE|IMPORT|DDE|LINK|RD)\s", re.IGNORECASE)
_INSTRUCTION = re.compile(rb"<w:instrText[^>]*>([^<]*)<|\bw:instr\s*=\s*\"([^\"]*)\"")
_ANOTHER_KIND = {b"%PDF": "a PDF", b"{\\rt": "a rich-text (RTF) file", b"\xd0\xcf\x11\xe0": "an old .doc file"}
_SAVE_AGAIN = "Open it in Word and save it again as a Word document (.docx)."


def check_word_file(docx: bytes, *, as_form: bool = False) -> None:
    """Refuse what is not a sound Word file.

    ``as_form`` adds what need be asked only once of a form: no fields that fetch other files.
    Raises FormError ``not_a_word_file``, ``word_file_too_large`` or ``word_file_unsafe``.
    """
    for danger in dangers(docx, as_form=as_form):
        raise danger


def dangers(docx: bytes, *, as_form: bool) -> Iterator[FormError]:
    """Everything unsafe in a file that can be read; see `check_word_file`.

    Raises FormError when it cannot be read without harm, or not at all.
    """
    if len(docx) > MAX_PACKED:
        raise _too_large("The file is larger than 16 MB.")
    kind = _ANOTHER_KIND.get(docx[:4])
    if kind or not docx.startswith(b"PK\x03\x04"):
        raise _no_word_file(f"The file is {kind or 'not a Word document'}.")
    try:
        with zipfile.ZipFile(io.BytesIO(docx)) as package:
            _check_sizes(package)
            yield from _macros(package)
            _check_kind(package)
            for name, xml in _xml_parts(package):
                _check_encoding(xml)
                yield from _fetching(name, xml, as_form=as_form)
    except _DAMAGE as broken:
        raise _no_word_file("The file is damaged: it cannot be unpacked.") from broken


def _check_sizes(package: zipfile.ZipFile) -> None:
    parts = package.infolist()
    if len(parts) > MAX_PARTS:
        raise _too_large("The file holds more than 2,000 parts.")
    # to Word and LibreOffice, names that differ in their case alone are one name
    if len({part.filename.casefold() for part in parts}) != len(parts):
        raise _unsafe("The file holds two parts of one name.")
    if any(_STRAYING_NAME.search(part.filename) for part in parts):
        raise _unsafe("A part of the file has a name that leads out of the file.")
    if any(part.flag_bits & 0x1 for part in parts):
        raise _no_word_file("The file is locked by a password.")
    if sum(part.file_size for part in parts) > MAX_UNPACKED:
        raise _too_large("The file unpacks to more than 96 MB.")
    if any(part.file_size > MAX_XML_PART and _XML_NAME.search(part.filename) for part in parts):
        raise _too_large("One part of the file unpacks to more than 24 MB.")


def _macros(package: zipfile.ZipFile) -> Iterator[FormError]:
    if any(name.lower().endswith("vbaproject.bin") for name in package.namelist()):
        yield _unsafe("The file holds macros.")


def _check_kind(package: zipfile.ZipFile) -> None:
    names = set(package.namelist())
    if "[Content_Types].xml" not in names or "_rels/.rels" not in names:
        raise _no_word_file("The file is a zip file, but not a Word document.")
    kinds = _read(package, package.getinfo("[Content_Types].xml"))
    if not any(kind in kinds for kind in _WORD_KINDS):
        raise _no_word_file("The file is an Office document, but not a Word document.")


def _xml_parts(package: zipfile.ZipFile) -> Iterator[tuple[str, bytes]]:
    for part in package.infolist():
        if _XML_NAME.search(part.filename):
            yield part.filename, _read(package, part)


def _read(package: zipfile.ZipFile, part: zipfile.ZipInfo) -> bytes:
    # the size a zip file tells of itself may be a lie: never read past it
    with package.open(part) as stream:
        data = stream.read(part.file_size + 1)
    if len(data) > part.file_size:
        raise _too_large("A part of the file is larger than the file says.")
    return data


def _check_encoding(xml: bytes) -> None:
    # entities could hide in an encoding in which "<!DOCTYPE" is other bytes (UTF-16, UTF-7, EBCDIC)
    declared = _DECLARED_ENCODING.match(xml)
    plain = not declared or declared.group(1).lower() in (b"utf-8", b"us-ascii", b"ascii")
    if not plain or not xml.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<") or b"\x00" in xml[:64]:
        raise _unsafe("A part of the file is not written in UTF-8.")
    if b"<!DOCTYPE" in xml or b"<!ENTITY" in xml:
        raise _unsafe("A part of the file defines entities of its own.")


def _fetching(name: str, xml: bytes, *, as_form: bool) -> Iterator[FormError]:
    """What in one part pulls in something from elsewhere."""
    where = Place(part=told_as(name.replace("_rels/", "").removesuffix(".rels")))
    if name.lower().endswith(".rels"):
        if any(not _HARMLESS_EXTERNAL.search(found) for found in _EXTERNAL.findall(xml)):
            yield _unsafe("The file pulls in a picture or a document from outside.", where)
        if _FOREIGN_CHUNK.search(xml):
            yield _unsafe("The file holds a piece of another kind of document.", where)
    elif _NAMED_PICTURE.search(xml):
        yield _unsafe("The file pulls in a picture or a document from outside.", where)
    elif as_form:
        # Word may split one instruction into several runs: read them both one by one and joined
        told = [bare or quoted for bare, quoted in _INSTRUCTION.findall(xml)]
        if any(_FETCHING_FIELD.search(one) for one in (*told, b"".join(told))):
            yield _unsafe("The file has a Word field that fetches another file.", where)


def _no_word_file(sentence: str) -> FormError:
    return FormError(FormCode.NOT_A_WORD_FILE, sentence, _SAVE_AGAIN)


def _too_large(sentence: str) -> FormError:
    return FormError(FormCode.WORD_FILE_TOO_LARGE, sentence, "Take out large pictures, and save it again.")


def _unsafe(sentence: str, place: Place | None = None) -> FormError:
    return FormError(
        FormCode.WORD_FILE_UNSAFE,
        sentence,
        "Take it out in Word, save as a Word document (.docx), and try again.",
        place=place,
    )
