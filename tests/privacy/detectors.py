"""Finds planted words wherever a program may have left them: in clear, in wider characters, encoded, compressed.

A plain search is a false negative where it matters: Prefect keeps results as base64 of a pickle.
"""

from __future__ import annotations

import base64
import re
import sqlite3
import zlib
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

_ENCODED = re.compile(rb"(?:[A-Za-z0-9+/_-]|\\n|\n){24,}={0,2}")
_ENCODINGS = ("utf-8", "latin-1", "utf-16-le", "utf-16-be")
_ZLIB = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
LARGEST = 64 * 1024 * 1024
"""Bytes of a file that are looked at."""


def traces(blob: bytes, words: Collection[str]) -> set[str]:
    """The words found in bytes, in any case and any of the disguises."""
    return {word for view in _views(blob) for word in words if _in(word, view)}


def _in(word: str, view: bytes) -> bool:
    return any(word.lower().encode(encoding, "ignore") in view for encoding in _ENCODINGS)


def _views(blob: bytes) -> Iterator[bytes]:
    yield blob.lower()
    for match in _ENCODED.findall(blob):
        bare = match.replace(b"\\n", b"").replace(b"\n", b"").rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
        for start in range(4):
            piece = bare[start:]
            yield base64.b64decode(piece[: len(piece) // 4 * 4]).lower()
    for start in _ZLIB:
        at = blob.find(start)
        while at >= 0:
            with suppress(zlib.error):
                yield zlib.decompressobj().decompress(blob[at:], LARGEST).lower()
            at = blob.find(start, at + 1)


def in_files(roots: Iterable[Path], words: Collection[str], *, since: float = 0.0) -> dict[str, set[str]]:
    """The files under `roots` that hold a word, their names too; of contents, those changed `since` (epoch seconds)."""
    found: dict[str, set[str]] = {}
    for root in roots:
        for path in [root, *root.rglob("*")]:
            hit = traces(str(path).encode(errors="surrogateescape"), words)
            try:
                if path.is_file() and not path.is_symlink() and path.stat().st_mtime >= since:
                    hit |= traces(path.read_bytes()[:LARGEST], words)
            except OSError:  # a file of another program that went meanwhile, or a socket
                pass
            if hit:
                found[str(path)] = hit
    return found


def in_rows(databases: Iterable[Path], words: Collection[str]) -> dict[str, set[str]]:
    """Table and column of every SQLite value that holds a word; a value is whole here where its pages are not."""
    found: dict[str, set[str]] = {}
    for path in databases:
        database = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=20)
        database.text_factory = bytes
        try:
            tables = [
                name.decode() for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type='table'")
            ]
            for table in tables:
                rows = database.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - the database's own names
                columns = [column[0] for column in rows.description]
                for row in rows:
                    for column, value in zip(columns, row, strict=True):
                        blob = value if isinstance(value, bytes) else str(value).encode()
                        if hit := traces(blob, words):
                            found.setdefault(f"{path.name}:{table}.{column}", set()).update(hit)
        finally:
            database.close()
    return found


def in_processes(words: Collection[str], pids: Iterable[int]) -> dict[str, set[str]]:
    """Processes whose arguments or environment hold a word."""
    found: dict[str, set[str]] = {}
    for pid in pids:
        for name in ("cmdline", "environ"):
            try:
                hit = traces(Path(f"/proc/{pid}/{name}").read_bytes(), words)
            except OSError:  # ended meanwhile, or closed to everybody
                continue
            if hit:
                found[f"{pid}/{name}"] = hit
    return found
