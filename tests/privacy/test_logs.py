"""A line of a log names nobody, whoever writes it and whatever they choke on."""

from __future__ import annotations

import subprocess
import sys

from tests.running import PROJECT

NAME = "Wilhelmina Quartermaine"
SPEAKING = f"""
import logging
from templates import process

process.seclude()
logging.basicConfig(format="%(name)s %(levelname)s %(message)s")
library, ours = logging.getLogger("some.library"), logging.getLogger("confide.worker")
library.warning("could not send %s", {NAME!r})
library.error(f"{NAME} is no date")
library.warning({{"client": {NAME!r}}}, stack_info=True)
ours.warning("packet %s waits", "3f2a")
for logger in (library, ours):
    try:
        raise ValueError({NAME!r})
    except ValueError:
        logger.exception("step %d", 3)
own = logging.StreamHandler()
library.addHandler(own)
library.warning({NAME!r})
"""


def test_of_a_library_only_who_speaks_and_where_of_an_exception_only_its_kind() -> None:
    said = subprocess.run(
        [sys.executable, "-c", SPEAKING], cwd=PROJECT, capture_output=True, text=True, check=True, timeout=60
    ).stderr
    for word in NAME.split():
        assert word not in said
    lines = said.splitlines()
    assert lines[0].startswith("some.library WARNING <string>:")
    assert "confide.worker WARNING packet 3f2a waits" in lines
    assert "confide.worker ERROR step 3: ValueError" in lines
    assert any(line.startswith("some.library ERROR <string>:") and line.endswith(": ValueError") for line in lines)


def test_without_the_guard_the_same_program_names_somebody() -> None:
    """The control: what the test above looks for is there to be found."""
    unguarded = SPEAKING.replace("process.seclude()", "")
    said = subprocess.run([sys.executable, "-c", unguarded], cwd=PROJECT, capture_output=True, text=True, timeout=60)
    assert NAME in said.stderr
