"""The detectors find what is planted: without this, finding nothing would mean nothing."""

from __future__ import annotations

import base64
import json
import pickle
import sqlite3
import zlib
from pathlib import Path

import pytest

from tests.privacy.detectors import in_files, in_rows, traces

WORD = "Quetzalcanario"
SENTENCE = f"a line before, {WORD}, and some after it"


@pytest.mark.parametrize(
    "plant",
    [
        SENTENCE.encode(),
        SENTENCE.upper().encode(),
        SENTENCE.encode("utf-16-le"),
        SENTENCE.encode("utf-16-be"),
        base64.b64encode(SENTENCE.encode()),
        base64.urlsafe_b64encode(b"\xff\xfe" + SENTENCE.encode()),
        b"x" + base64.encodebytes(SENTENCE.encode() * 4),
        json.dumps({"data": base64.encodebytes(pickle.dumps({"name": SENTENCE})).decode()}).encode(),
        pickle.dumps([SENTENCE]),
        zlib.compress(SENTENCE.encode()),
    ],
    ids=["clear", "capitals", "utf-16-le", "utf-16-be", "base64", "url", "lines", "pickle-in-json", "pickle", "zlib"],
)
def test_a_planted_word_is_found(plant: bytes) -> None:
    assert traces(b"\x00\x01" + plant + b"\xff", {WORD}) == {WORD}


def test_noise_holds_no_word() -> None:
    assert traces(bytes(range(256)) * 64 + base64.b64encode(bytes(range(256))), {WORD}) == set()


def test_names_of_files_and_rows_of_databases_are_looked_at(tmp_path: Path) -> None:
    (tmp_path / f"{WORD}.pdf").write_bytes(b"nothing")
    database = sqlite3.connect(tmp_path / "rows.db")
    with database:
        database.execute("CREATE TABLE t (a, b)")
        database.execute("INSERT INTO t VALUES (1, ?)", (f"<{WORD}>" * 2000,))
    database.close()
    assert str(tmp_path / f"{WORD}.pdf") in in_files([tmp_path], {WORD})
    assert in_rows([tmp_path / "rows.db"], {WORD}) == {"rows.db:t.b": {WORD}}
