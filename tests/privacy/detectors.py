"""Finds planted words wherever a program may have left them: in clear, in wider characters, encoded, compressed.

A plain search is a false negative where it matters: Prefect keeps results as base64 of a pickle.
"""

from __future__ import annotations

import base64
import functools
import os
import re
import sqlite3
import tempfile
import zlib
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from tests.cluster import CLUSTERS

_ENCODED = re.compile(rb"[A-Za-z0-9+/_\n\\-]{24,}={0,2}")
"""Base64 of either alphabet, broken into lines, and as it stands within JSON."""
_WITHIN_JSON = re.compile(rb"\\n?|\n")
_ONE_ALPHABET = bytes.maketrans(b"-_", b"+/")
_ENCODINGS = ("utf-8", "latin-1")
_ZLIB = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
LARGEST = 64 * 1024 * 1024
"""Bytes of a file that are looked at."""


def traces(blob: bytes, words: Collection[str]) -> set[str]:
    """The words found in bytes, in any case and any of the disguises."""
    return {word for view in _views(blob) for word in words if _in(word, view)}


def _in(word: str, view: bytes) -> bool:
    return any(needle in view for needle in _needles(word))


@functools.cache
def _needles(word: str) -> frozenset[bytes]:
    return frozenset(word.lower().encode(encoding, "ignore") for encoding in _ENCODINGS)


def _views(blob: bytes) -> Iterator[bytes]:
    yield _plain(blob)
    yield _plain(b"\n".join(decoded for run in set(_ENCODED.findall(blob)) for decoded in _decoded(run)))
    rest = memoryview(blob)
    for start in _ZLIB:
        at = blob.find(start)
        while at >= 0:
            with suppress(zlib.error):
                yield _plain(zlib.decompressobj().decompress(rest[at:], LARGEST))
            at = blob.find(start, at + 1)


def _decoded(run: bytes) -> Iterator[bytes]:
    bare = _WITHIN_JSON.sub(b"", run).rstrip(b"=").translate(_ONE_ALPHABET)
    for start in range(4):
        piece = bare[start:]
        yield base64.b64decode(piece[: len(piece) // 4 * 4])


def _plain(view: bytes) -> bytes:
    """Small letters; and without its zero bytes a text in wider characters, of either order, is one in narrow ones."""
    return view.lower().translate(None, b"\0")


def in_files(
    roots: Iterable[Path], words: Collection[str], *, since: float = 0.0, but: Collection[Path] = ()
) -> dict[str, set[str]]:
    """The files under `roots` that hold a word, their names too; of contents, those changed `since` (epoch seconds).

    `but`: folders of others, who never heard the words.
    """
    found: dict[str, set[str]] = {}
    for root in roots:
        for path in _below(root, but):
            hit = traces(str(path).encode(errors="surrogateescape"), words)
            try:
                if path.is_file() and not path.is_symlink() and path.stat().st_mtime >= since:
                    hit |= traces(path.read_bytes()[:LARGEST], words)
            except OSError:  # a file of another program that went meanwhile, or a socket
                pass
            if hit:
                found[str(path)] = hit
    return found


def in_temporary_places(
    words: Collection[str], *, since: float, run: Path, handed_over: Collection[Path]
) -> dict[str, set[str]]:
    """What the machine's temporary places hold of the words, but for what a person was handed or wrote.

    `run`: the folder of temporary files of this run of pytest. The sites of other runs, and of other workers of this
    one, never heard these words; a database server of the tests is looked into by who started it.
    """
    # looked into; nothing is written there
    places = [Path("/dev/shm"), Path("/var/tmp"), Path(tempfile.gettempdir())]  # noqa: S108
    others = [
        each
        for folder in (run, run.parent)
        if folder.parent.name.startswith("pytest-")
        for each in folder.parent.iterdir()
        if each != folder
    ]
    others += Path(tempfile.gettempdir()).glob(f"{CLUSTERS}*")
    found = in_files([place for place in places if place.is_dir()], words, since=since, but=others)
    return {
        path: hit for path, hit in found.items() if not any(Path(path).is_relative_to(each) for each in handed_over)
    }


def _below(root: Path, but: Collection[Path]) -> Iterator[Path]:
    yield root
    for folder, folders, files in os.walk(root):
        here = Path(folder)
        folders[:] = [name for name in folders if here / name not in but]
        yield from (here / name for name in (*folders, *files))


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


@functools.lru_cache(maxsize=4096)
def _seen(blob: bytes, words: frozenset[str]) -> frozenset[str]:
    return frozenset(traces(blob, words))


def in_processes(words: Collection[str], pids: Iterable[int]) -> dict[str, set[str]]:
    """Processes whose arguments or environment hold a word."""
    found: dict[str, set[str]] = {}
    for pid in pids:
        for name in ("cmdline", "environ"):
            try:
                blob = Path(f"/proc/{pid}/{name}").read_bytes()
            except OSError:  # ended meanwhile, or closed to everybody
                continue
            # who watches meets the same bytes some hundred times, and would take a core from those who are watched
            hit = _seen(blob, frozenset(words))
            if hit:
                found[f"{pid}/{name}"] = set(hit)
    return found
