"""A client's name, birth date and purpose, after all that can happen to a packet, are in the client's copies only.

The words are made anew for each run, so that whatever is found anywhere on the machine is of this run.
"""

from __future__ import annotations

import json
import secrets
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.privacy.detectors import in_files, in_processes, in_rows, traces
from tests.running import PROJECT, RunningSite, running_site

pytestmark = pytest.mark.e2e

_LETTERS = "bdfghklmnprstvz"


def word(start: str) -> str:
    """A word nobody ever wrote."""
    return start + "".join(secrets.choice(_LETTERS) + secrets.choice("aeiou") for _ in range(5))


NAME, PURPOSE, LEAKED = word("Quetza"), word("Zanzi"), word("Leaka")
STAFF = f"{word('Harbo').title()} {word('Windo').title()}"
SEEN_ANYWHERE = (NAME, PURPOSE)
BIRTH = ("1987-03-14", "03/14/1987", "14.03.1987", "March 14, 1987", "14 de marzo de 1987", "19870314")
WORDS = (*SEEN_ANYWHERE, *BIRTH, STAFF)
SECONDS = 300.0


@dataclass
class Lived:
    """A site in which everything happened, and what was seen and heard meanwhile."""

    site: RunningSite
    began: float
    packets: list[str] = field(default_factory=list)
    said: bytes = b""
    """Everything the verbs wrote on their streams."""
    in_processes: dict[str, set[str]] = field(default_factory=dict)
    processes_seen: int = 0
    failed: dict[str, Any] = field(default_factory=dict)

    def say(self, *arguments: str, told: object = None, code: int | None = 0) -> Any:
        """Run a verb, keep what it wrote, answer what it answered."""
        command = [sys.executable, "-m", "cli.main", *arguments, "--json"]
        if told is not None:
            path = self.site.root / "told.json"
            path.write_text(json.dumps(told))
            command += ["--from", str(path)]
        if arguments[0] not in ("upkeep", "doctor") and arguments[:2] not in (("packet", "show"), ("packet", "list")):
            command += ["--as", "admin", "--password-file", str(self.site.password_file)]
        ran = subprocess.run(command, cwd=PROJECT, env=self.site.env, capture_output=True, timeout=SECONDS)
        self.said += ran.stdout + ran.stderr
        assert code is None or ran.returncode == code, (arguments, ran.returncode, ran.stdout, ran.stderr)
        return json.loads(ran.stdout) if ran.stdout.strip() else None


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
    with running_site(tmp_path_factory.mktemp("traceless") / "site") as site:
        site.founded().serve(wait_for=("filler", "renderer", "worker"))
        site.wait_ready(("prefect",), seconds=2 * SECONDS)
        life = Lived(site, began=time.time() - 1)
        with watched(life):
            live(life)
        yield life


def live(life: Lived) -> None:
    site = life.site
    housing = site.organization("Mill Lane Homes", "housing")
    employer = site.organization("Mill Lane Works", "employer")
    client = life.say("client", "add", told={"legal_name": f"Zuleika {NAME}", "birth_date": "1987-03-14"})["client_id"]
    life.say("client", "find", told={"legal_name": f"{NAME} Zuleika", "birth_date": "1987-03-14"})

    def asked(*statements: dict[str, object]) -> dict[str, object]:
        return {"client": client, "statements": list(statements)}

    purpose = f"so that the kitchen in {PURPOSE} street can be rented"

    # a whole packet, in both languages
    whole = life.say(
        "packet", "open",
        told=asked(site.statement(housing, purpose_text=purpose), site.statement(employer, language="es")),
    )  # fmt: skip
    site.until(whole["packet_id"], "presented", SECONDS)
    for row in whole["statements"]:
        ink = str(PROJECT / "cli" / "demo_ink" / "client.png")
        read = ("--identified", "photo_id", "--read-and-agreed")
        life.say("sign", row["statement_id"], "--role", "client", *read, "--ink", ink)
        life.say("sign", row["statement_id"], "--role", "witness", "--typed")
    site.until(whole["packet_id"], "active", SECONDS)
    for row in whole["statements"]:
        life.say("copy", row["statement_id"])

    # a request that is refused, with everything wrong
    wrong = site.statement(housing, purpose_text=purpose, categories=[], expires="2001-01-01")
    life.say("packet", "open", told=asked(wrong), code=4)
    life.say("packet", "open", told=asked(site.statement(housing, purpose_text=purpose, nonsense=NAME)), code=None)

    # a packet that fails: the purpose holds words that are, of all things, the name of a colleague
    first = site.root / "first"
    first.write_text("another long enough sentence\n")
    account = ("colleague", "--role", "counsel", "--new-password-file", str(first))
    life.say("staff", "add", *account, told={"display_name": STAFF})
    named = site.statement(housing, purpose_text=f"{purpose}, with a {STAFF.lower()}")
    failing = life.say("packet", "open", "--no-wait", told=asked(named))
    until = time.monotonic() + SECONDS
    while life.failed.get("state") != "failed":
        assert time.monotonic() < until, life.failed
        life.failed = life.say("packet", "show", failing["packet_id"], code=None)

    # a worker killed in the middle
    once_more = asked(site.statement(employer, purpose_text=purpose))
    killed = life.say("packet", "open", "--again", "--no-wait", told=once_more)
    time.sleep(0.2)
    site.kill("worker")
    site.until(killed["packet_id"], "presented", SECONDS)
    life.packets = [each["packet_id"] for each in (whole, failing, killed)]

    life.say("packet", "list")
    life.say("upkeep", code=None)
    life.say("doctor", code=None)
    time.sleep(2)  # Prefect writes its events a moment later


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
    assert NAME in text
    assert PURPOSE in text
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
    assert len(lived.said) > 1000
    assert traces(lived.said, WORDS) == set()


def test_no_process_had_a_word_of_it_in_its_arguments_or_environment(lived: Lived) -> None:
    assert lived.in_processes == {}


def test_no_temporary_place_holds_a_word_of_it(lived: Lived, tmp_path_factory: pytest.TempPathFactory) -> None:
    # looked into; nothing is written there
    places = [Path("/dev/shm"), Path("/var/tmp"), Path(tempfile.gettempdir())]  # noqa: S108
    ours = tmp_path_factory.getbasetemp()
    # with several workers a run has a folder for each, and their sites never heard these words
    beside = [each for each in ours.parent.iterdir() if each != ours]
    found = in_files([place for place in places if place.is_dir()], SEEN_ANYWHERE, since=lived.began, but=beside)
    handed_over = (lived.site.root / "out", lived.site.root / "told.json")
    assert [path for path in found if not any(Path(path).is_relative_to(each) for each in handed_over)] == []


def test_the_copies_tell_nobody_by_their_names(lived: Lived) -> None:
    for path in (lived.site.root / "out").iterdir():
        assert traces(path.name.encode(), WORDS) == set()


LEAKY = """
import sys
from prefect import flow, task
from prefect.artifacts import create_markdown_artifact
name = sys.stdin.readline().strip()

@task(task_run_name="render {who}")
def named(who): ...

@task(persist_result=True)
def persisted(): return {"client": name}

@task
def fails(): raise ValueError(f"bad client {name}")

@flow(log_prints=True, flow_run_name="packet {client}")
def leaky(client):
    print("working on", name)
    named(name)
    persisted()
    create_markdown_artifact(f"# {name}", key="a")
    fails()

try:
    leaky(name)
except ValueError:
    pass
"""


def test_a_flow_that_does_leak_is_found_in_prefects_rows_and_results(lived: Lived, tmp_path: Path) -> None:
    """The positive control: the same server, the same detectors, a flow as one would write it without thinking."""
    (tmp_path / "leaky.py").write_text(LEAKY)
    environment = {
        **lived.site.env,
        "PREFECT_HOME": str(tmp_path / "home"),
        "PREFECT_API_URL": (lived.site.home / "run" / "prefect.url").read_text(),
        "PREFECT_API_AUTH_STRING": (lived.site.keys / "prefect-auth").read_text(),
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
        "DO_NOT_TRACK": "1",
    }
    subprocess.run(
        [sys.executable, str(tmp_path / "leaky.py")],
        env=environment,
        input=LEAKED + "\n",
        text=True,
        capture_output=True,
        check=True,
        timeout=SECONDS,
    )
    wanted = {"flow_run.parameters", "flow_run.name", "task_run.name", "artifact.data", "log.message"}
    database = [lived.site.home / "prefect" / "prefect.db"]
    until = time.monotonic() + 60
    while wanted - {place.partition(":")[2] for place in in_rows(database, {LEAKED})}:
        assert time.monotonic() < until, in_rows(database, {LEAKED})
        time.sleep(0.5)
    results = tmp_path / "home" / "storage"
    assert in_files([results], {LEAKED}) != {}
    assert in_files([lived.site.home / "prefect"], {LEAKED}) != {}
    shutil.rmtree(tmp_path / "home")
