"""What is planted in a site to be searched for: clients whose words are made anew, what befalls their packets, a leak.

Whatever is found of them anywhere on the machine is of this run; finding nothing means something only where the leak,
by the same search, is found.
"""

from __future__ import annotations

import os
import resource
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from babel.dates import format_date

from tests.faults.moment import Moment, Moments
from tests.running import PROJECT, RunningSite

_LETTERS = "bdfghklmnprstvz"
CRASH = Moment("packet", "store", "after")
"""The finished bytes are in the worker's hands and, sealed, in the store, and nothing points at them yet."""


def word(start: str) -> str:
    """A word nobody ever wrote."""
    return start + "".join(secrets.choice(_LETTERS) + secrets.choice("aeiou") for _ in range(5))


@dataclass(frozen=True, slots=True)
class Planted:
    """A client, and what the statements of that client are for."""

    given: str
    family: str
    birth_date: date
    purpose: str

    @classmethod
    def anew(cls) -> Planted:
        """Somebody of whom no other run, and no other test, knows anything: born on a day of the thirties."""
        born = date(1930, 1, 1) + timedelta(days=secrets.randbelow(3650))
        return cls(word("Zulei"), word("Quetza"), born, word("Zanzi"))

    @property
    def names(self) -> tuple[str, ...]:
        """What nobody else on this machine ever wrote."""
        return (self.given, self.family, self.purpose)

    @property
    def words(self) -> tuple[str, ...]:
        """All that is looked for; the birth date in every spelling of ours."""
        born = self.birth_date
        numbers = (f"{born:%Y-%m-%d}", f"{born:%m/%d/%Y}", f"{born:%d.%m.%Y}", f"{born:%Y%m%d}")
        return (*self.names, *numbers, *(format_date(born, "long", locale=language) for language in ("en", "es")))

    @property
    def client(self) -> dict[str, str]:
        """What the desk is told of the client."""
        return {"legal_name": f"{self.given} {self.family}", "birth_date": self.birth_date.isoformat()}

    @property
    def purpose_text(self) -> str:
        return f"so that the kitchen in {self.purpose} street can be rented"


def fail_a_packet(
    site: RunningSite, planted: Planted, client: str, organization: str, *, colleague: str, seconds: float
) -> dict[str, Any]:
    """A packet refused once its paper is filled: the purpose holds words that are, of all things, a colleague's name.

    Returns the failed packet as the desk is shown it. `colleague`: a name nobody has, of two words.
    """
    first = site.root / "first"
    first.write_text("another long enough sentence\n")
    account = ("colleague", "--role", "counsel", "--new-password-file", str(first))
    site.confide("staff", "add", *account, told={"display_name": colleague})
    named = site.statement(organization, purpose_text=f"{planted.purpose_text}, with a {colleague.lower()}")
    opened = site.confide("packet", "open", "--no-wait", told={"client": client, "statements": [named]})
    until = time.monotonic() + seconds
    while True:
        shown: dict[str, Any] = site.confide("packet", "show", opened["packet_id"], as_admin=False, code=None)
        if shown["state"] == "failed":
            return shown
        assert time.monotonic() < until, shown
        time.sleep(0.5)


def crash_a_packet(
    site: RunningSite, moments: Moments, asked: object, holder: Callable[[str], str], *, seconds: float
) -> dict[str, Any]:
    """A packet whose worker crashes with it in hand, and which is issued all the same.

    The crash is of the kind that leaves a core file where one may be left. Returns the packet. `holder` asks the
    register, from outside, who holds a packet (host, process, life); the site serves with these `moments`.
    """
    moments.want(CRASH)
    opened = site.confide("packet", "open", "--again", "--no-wait", told=asked)
    moments.wait(seconds)
    worker = psutil.Process(int(holder(opened["packet_id"]).split(":")[1]))
    assert "flows.worker" in worker.cmdline()
    os.kill(worker.pid, signal.SIGABRT)
    psutil.wait_procs([worker], seconds)
    assert not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE
    moments.release()
    return site.until(opened["packet_id"], "presented", seconds)


@contextmanager
def core_files() -> Iterator[None]:
    """Who is started meanwhile may leave core files, as far as this machine allows it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))


def require_no_core_file(folder: Path) -> None:
    """The crash left none where the worker was; a process that does nothing against it leaves one, in `folder`."""
    assert list(PROJECT.glob("core*")) == []
    with core_files():
        subprocess.run([sys.executable, "-c", "import os; os.abort()"], cwd=folder, check=False)
    if not list(folder.glob("core*")):
        pytest.skip("core files of this machine go elsewhere, or nowhere")


_LEAK = """
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
LEAKED_INTO = frozenset({"flow_run.parameters", "flow_run.name", "task_run.name", "artifact.data", "log.message"})
"""Table and column of Prefect's database, some of them written a moment later."""


def leak(name: str, folder: Path, *, env: Mapping[str, str], url: str, auth: str, seconds: float) -> None:
    """The positive control: a flow as one would write it without thinking, at the site's own Prefect server.

    Its results go to `folder`.
    """
    (folder / "leaky.py").write_text(_LEAK)
    told = {
        "PREFECT_HOME": str(folder / "home"),
        "PREFECT_API_URL": url,
        "PREFECT_API_AUTH_STRING": auth,
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
        "DO_NOT_TRACK": "1",
    }
    subprocess.run(
        [sys.executable, str(folder / "leaky.py")],
        env={**env, **told}, cwd=PROJECT, input=name + "\n", text=True, capture_output=True, check=True,
        timeout=seconds,
    )  # fmt: skip
