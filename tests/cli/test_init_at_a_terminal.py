"""`confide init` as a person does it: questions, recovery shares one by one, words typed back."""

from __future__ import annotations

import os
import pty
import re
import select
import sys
import time
from pathlib import Path

import psycopg
import pytest

from tests.cluster import databases

PROJECT = Path(__file__).parent.parent.parent
ANSWERS = (
    ("Legal name", "Quiet Harbor House"),
    ("Program unit", ""),
    (r"Address \(empty", "1 Quiet Street"),
    ("  …", ""),
    ("Telephone", "555-0100"),
    ("revocation", "the front desk"),
    ("Time zone", ""),
    ("Class, or", "ethics_only"),
    ("Staff name", "ada"),
    ("Full name", "Ada Quiet"),
    ("Password for", "a long enough sentence"),
    ("Repeat", "a long enough sentence"),
)


class Terminal:
    """A program at a terminal of its own, and what it has shown."""

    def __init__(self, env: dict[str, str]) -> None:
        self.env = env
        self.process, self.screen = pty.fork()
        if self.process == 0:
            os.chdir(PROJECT)
            os.execve(sys.executable, [sys.executable, "-m", "cli.main", "init"], env)  # noqa: S606
        self.shown, self.read_to = "", 0

    def until(self, pattern: str, seconds: float = 90.0) -> str:
        """What is shown next, once `pattern` stands in it whole; the empty text when the program ended."""
        deadline = time.monotonic() + seconds
        while not re.search(pattern, self.shown[self.read_to :]):
            assert time.monotonic() < deadline, f"waited for {pattern} after {self.shown[-300:]!r}"
            if select.select([self.screen], [], [], 0.5)[0]:
                try:
                    data = os.read(self.screen, 65536)
                except OSError:
                    return ""
                self.shown += re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", data.decode(errors="replace"))
        told, self.read_to = self.shown[self.read_to :], len(self.shown)
        return told

    def type(self, text: str) -> None:
        os.write(self.screen, text.encode())

    def register_is_laid(self) -> bool:
        """Whether the register has tables, on either engine."""
        url = self.env.get("CONFIDE_DATABASE_URL")
        if url is None:
            return (Path(self.env["CONFIDE_HOME"]) / "register.db").exists()
        with psycopg.connect(url) as server:
            (found,) = server.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() or (0,)
        return bool(found)


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    places = {"CONFIDE_HOME": str(tmp_path / "var"), "CONFIDE_KEYS": str(tmp_path / "keys"), "TERM": "xterm"}
    return Terminal({**os.environ, **places, **databases()})


def test_nothing_is_set_up_until_every_share_was_written_down_and_read_back(terminal: Terminal) -> None:
    for question, reply in ANSWERS:
        terminal.until(question)
        terminal.type(reply + "\n")
    for share in (1, 2, 3):
        words = dict(re.findall(r"(\d+) ([a-z]{3,})", terminal.until("Press a key")))
        assert len(words) == 33
        assert not terminal.register_is_laid()
        time.sleep(0.5)  # the key is read only after the terminal was switched over
        terminal.type(" ")
        for _ in range(3):
            asked = re.search(r"word (\d+):", terminal.until(rf"Share {share}: word \d+:"))
            assert asked
            terminal.type(words[asked.group(1)] + "\n")
    terminal.until("Next: confide serve")
    assert os.waitpid(terminal.process, 0)[1] == 0
    assert terminal.register_is_laid()
