"""A client's name, birth date and purpose, after all that can happen to a packet, are in the client's copies only.

The words are made anew for each run, so that whatever is found anywhere on the machine is of this run.
"""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.faults.moment import Moments
from tests.privacy.detectors import in_files, in_processes, in_rows, in_temporary_places, traces
from tests.privacy.planted import (
    LEAKED_INTO,
    Planted,
    core_files,
    crash_a_packet,
    fail_a_packet,
    leak,
    require_no_core_file,
    word,
)
from tests.running import PROJECT, RunningSite, running_site

pytestmark = pytest.mark.e2e

CLIENT, LEAKED = Planted.anew(), word("Leaka")
COLLEAGUE = f"{word('Harbo').title()} {word('Windo').title()}"
WORDS = (*CLIENT.words, COLLEAGUE)
SECONDS = 300.0


@dataclass
class Lived:
    """A site in which everything happened, and what was seen meanwhile."""

    site: RunningSite
    began: float
    packets: list[str] = field(default_factory=list)
    in_processes: dict[str, set[str]] = field(default_factory=dict)
    processes_seen: int = 0
    failed: dict[str, Any] = field(default_factory=dict)


@contextmanager
def watched(lived: Lived) -> Iterator[None]:
    """Look at the arguments and environments of every process of the site, again and again."""
    over = threading.Event()
    seen: set[int] = set()

    def look() -> None:
        while not over.wait(0.05):
            pids = [each.pid for each in psutil.Process().children(recursive=True)]
            seen.update(pids)
            lived.in_processes.update(in_processes(WORDS, pids))

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        lived.processes_seen = len(seen)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    moments = Moments(tmp_path_factory.mktemp("moments") / "asked")
    with running_site(tmp_path_factory.mktemp("traceless") / "site") as site:
        site.started_cold = True
        with core_files():
            site.founded().serve(env=moments.environment)
        site.wait_ready(("prefect",), seconds=2 * SECONDS)
        life = Lived(site, began=time.time() - 1)
        with watched(life):
            live(life, moments)
        yield life


def live(life: Lived, moments: Moments) -> None:
    site = life.site
    housing = site.organization("Mill Lane Homes", "housing")
    employer = site.organization("Mill Lane Works", "employer")
    client = site.confide("client", "add", told=CLIENT.client)["client_id"]
    site.confide("client", "find", told={**CLIENT.client, "legal_name": f"{CLIENT.family} {CLIENT.given}"})

    def asked(*statements: dict[str, object]) -> dict[str, object]:
        return {"client": client, "statements": list(statements)}

    purpose = CLIENT.purpose_text

    # a whole packet, in both languages
    whole = site.confide(
        "packet", "open",
        told=asked(site.statement(housing, purpose_text=purpose), site.statement(employer, language="es")),
    )  # fmt: skip
    site.until(whole["packet_id"], "presented", SECONDS)
    for row in whole["statements"]:
        ink = str(PROJECT / "cli" / "demo_ink" / "client.png")
        read = ("--identified", "photo_id", "--read-on-paper")
        site.confide("sign", row["statement_id"], "--role", "client", *read, "--ink", ink)
        site.confide("sign", row["statement_id"], "--role", "witness", "--typed")
    site.until(whole["packet_id"], "active", SECONDS)
    for row in whole["statements"]:
        site.confide("copy", row["statement_id"])

    # a request that is refused, with everything wrong
    wrong = site.statement(housing, purpose_text=purpose, categories=[], expires="2001-01-01")
    site.confide("packet", "open", told=asked(wrong), code=4)
    nonsense = asked(site.statement(housing, purpose_text=purpose, nonsense=CLIENT.family))
    site.confide("packet", "open", told=nonsense, code=None)

    life.failed = fail_a_packet(site, CLIENT, client, housing, colleague=COLLEAGUE, seconds=SECONDS)
    once_more = asked(site.statement(employer, purpose_text=purpose))
    crashed = crash_a_packet(site, moments, once_more, lambda packet_id: holder(site, packet_id), seconds=SECONDS)
    life.packets = [each["packet_id"] for each in (whole, life.failed, crashed)]

    for verb in (("packet", "list"), ("upkeep",), ("doctor",)):
        site.confide(*verb, as_admin=False, code=None)
    time.sleep(2)  # Prefect writes its events a moment later


def holder(site: RunningSite, packet_id: str) -> str:
    """Who holds a packet, as the register's own file tells."""
    database = sqlite3.connect(f"file:{site.home / 'register.db'}?mode=ro", uri=True, timeout=10)
    question = "SELECT lease_holder FROM register_packet WHERE id = ?"
    ((held,),) = database.execute(question, (packet_id.replace("-", ""),)).fetchall()
    database.close()
    return str(held)


def kept(life: Lived) -> list[Path]:
    """Where the site keeps things, and its processes write."""
    return [life.site.home, life.site.keys, life.site.root / "serve.log"]


def databases(life: Lived) -> list[Path]:
    return [life.site.home / name for name in ("register.db", "keyring.db", "prefect/prefect.db")]


def test_what_happened_is_what_was_to_happen(lived: Lived) -> None:
    """Else finding nothing would mean nothing."""
    assert lived.failed["failed_step"] == "check", lived.failed
    copies = list((lived.site.root / "out").glob("*.pdf"))
    assert len(copies) == 3
    text = "".join(
        subprocess.run(["pdftotext", copy, "-"], capture_output=True, text=True, check=True).stdout for copy in copies
    )
    assert CLIENT.family in text
    assert CLIENT.purpose in text
    database = sqlite3.connect(f"file:{lived.site.home / 'prefect' / 'prefect.db'}?mode=ro", uri=True)
    names = {name for (name,) in database.execute("SELECT name FROM task_run")}
    database.close()
    assert any(name == f"packet-{packet_id}" for name in names for packet_id in lived.packets), names
    assert lived.processes_seen > 10


def test_no_file_that_is_kept_holds_a_word_of_it(lived: Lived) -> None:
    assert len(list(lived.site.home.rglob("*"))) > 30
    assert in_files(kept(lived), WORDS) == {}


def test_no_row_of_any_database_holds_a_word_of_it(lived: Lived) -> None:
    assert in_rows(databases(lived), WORDS) == {}


def test_nothing_was_said_on_any_stream(lived: Lived) -> None:
    assert len(lived.site.said) > 1000
    assert traces(bytes(lived.site.said), WORDS) == set()


def test_no_process_had_a_word_of_it_in_its_arguments_or_environment(lived: Lived) -> None:
    assert lived.in_processes == {}


def test_no_temporary_place_holds_a_word_of_it(lived: Lived, tmp_path_factory: pytest.TempPathFactory) -> None:
    handed_over = (lived.site.root / "out", lived.site.root / "told.yaml")
    run = tmp_path_factory.getbasetemp()
    assert in_temporary_places(CLIENT.words, since=lived.began, run=run, handed_over=handed_over) == {}


def test_the_crash_left_no_core_file(lived: Lived, tmp_path: Path) -> None:
    assert len(lived.packets) == 3
    require_no_core_file(tmp_path)


def test_the_copies_tell_nobody_by_their_names(lived: Lived) -> None:
    for path in (lived.site.root / "out").iterdir():
        assert traces(path.name.encode(), WORDS) == set()


def test_a_flow_that_does_leak_is_found_in_prefects_rows_and_results(lived: Lived, tmp_path: Path) -> None:
    """The positive control: the same server, the same detectors."""
    url = (lived.site.home / "run" / "prefect.url").read_text()
    auth = (lived.site.keys / "prefect-auth").read_text()
    leak(LEAKED, tmp_path, env=lived.site.env, url=url, auth=auth, seconds=SECONDS)
    database = [lived.site.home / "prefect" / "prefect.db"]
    until = time.monotonic() + 60
    while LEAKED_INTO - {place.partition(":")[2] for place in in_rows(database, {LEAKED})}:
        assert time.monotonic() < until, in_rows(database, {LEAKED})
        time.sleep(0.5)
    results = tmp_path / "home" / "storage"
    assert in_files([results], {LEAKED}) != {}
    assert in_files([lived.site.home / "prefect"], {LEAKED}) != {}
    shutil.rmtree(tmp_path / "home")
