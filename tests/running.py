"""A real site for tests: its own folders, keys, processes and Prefect server, used through the terminal door."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests import prefect_tables, warm
from tests.cluster import databases

PROJECT = Path(__file__).parent.parent
INK = PROJECT / "cli" / "demo_ink"
PASSWORD = "a long enough sentence for a test"
START_SECONDS = 300.0

FOUNDING = {
    "legal_name": "Lantern Hill Reentry Center",
    "unit": "Return Services",
    "address": ["9 Lantern Hill", "Rochester NY 14608"],
    "phone": "(585) 555-0177",
    "revocation_desk": "the front desk at 9 Lantern Hill, Rochester NY 14608",
    "time_zone": "America/New_York",
    "classes": ["part2_program"],
    "administrator": {
        "name": "admin",
        "display_name": "Ines Quill",
        "roles": ["administrator", "intake", "witness", "records_officer"],
    },
}


@dataclass
class RunningSite:
    """One site and the shortest ways to use it."""

    root: Path
    env: dict[str, str] = field(default_factory=dict)
    serving: subprocess.Popen[bytes] | None = None
    cwd: Path = PROJECT
    """Where commands are run; the project must then be installed, as it is."""
    said: bytearray = field(default_factory=bytearray)
    """Everything the verbs wrote on their streams."""
    started_cold: bool = False
    """Each verb is a process of its own from the start, with arguments and an environment that can be looked at."""

    @property
    def home(self) -> Path:
        return self.root / "var"

    @property
    def keys(self) -> Path:
        return self.root / "keys"

    @property
    def password_file(self) -> Path:
        return self.root / "password"

    def confide(self, *arguments: str, told: object = None, code: int | None = 0, as_admin: bool = True) -> Any:
        """Run a verb with `--json`; returns its answer. `told` goes to it as a file; `code`: the exit it must take."""
        command = [*arguments, "--json"]
        if told is not None:
            path = self.root / "told.yaml"
            path.write_text(yaml.safe_dump(told, allow_unicode=True))
            command += ["--from", str(path)]
        if as_admin:
            command += ["--as", "admin", "--password-file", str(self.password_file)]
        ran = self.run(*command)
        if code is not None:
            assert ran.returncode == code, f"{arguments}: exit {ran.returncode}\n{ran.stdout}\n{ran.stderr}"
        return json.loads(ran.stdout) if ran.stdout.strip() else None

    def run(self, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run a verb as it is."""
        ran = self._ran(*arguments, stdin=stdin)
        self.said += (ran.stdout + ran.stderr).encode()
        return ran

    def _ran(self, *arguments: str, stdin: str | None) -> subprocess.CompletedProcess[str]:
        if warm.can_run(self.env) and not self.started_cold:
            return warm.run(arguments, env=self.env, cwd=self.cwd, stdin=stdin, timeout=180)
        return subprocess.run(
            [sys.executable, "-m", "cli.main", *arguments],
            cwd=self.cwd,
            env=self.env,
            capture_output=True,
            text=True,
            input=stdin,
            timeout=180,
        )

    def founded(self) -> RunningSite:
        """Set up by `confide init`."""
        self.password_file.write_text(PASSWORD + "\n")
        self.confide(
            "init",
            "--training",  # no counsel has approved the forms that ship
            "--password-file",
            str(self.password_file),
            "--shares-to",
            str(self.root / "shares"),
            told=FOUNDING,
            as_admin=False,
        )
        return self

    def serve(
        self,
        *options: str,
        wait_for: tuple[str, ...] = ("filler", "renderer", "worker"),
        own_tables: bool = False,
        env: Mapping[str, str] | None = None,
    ) -> RunningSite:
        """Start everything that must run. Prefect's server takes longest; the work does not wait for it.

        `own_tables`: as on a new machine, where Prefect makes its tables first. `env`: more of the environment, of what
        is served and not of the verbs.
        """
        # of a life that was killed: who waits for this one would take it for ready
        (self.home / "run" / "serve.json").unlink(missing_ok=True)
        if (
            self.home.is_dir()
            and not own_tables
            and not self.env.keys() & {"PREFECT_API_URL", "CONFIDE_PREFECT_DATABASE_URL"}
        ):
            prefect_tables.into(self.home / "prefect")
        log = (self.root / "serve.log").open("ab")
        self.serving = subprocess.Popen(
            [sys.executable, "-m", "cli.main", "serve", *options],
            cwd=PROJECT, env={**self.env, **(env or {})}, stdout=log, stderr=log,
        )  # fmt: skip
        log.close()
        self.wait_ready(wait_for)
        return self

    def parts(self) -> dict[str, Any]:
        """What the supervisor says: states and process ids by part."""
        try:
            told: dict[str, Any] = json.loads((self.home / "run" / "serve.json").read_text())
        except (OSError, ValueError):
            return {"parts": {}, "pids": {}}
        return told

    def wait_ready(self, names: tuple[str, ...], seconds: float = START_SECONDS) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            states = self.parts()["parts"]
            if all(states.get(name) == "ready" for name in names):
                return
            time.sleep(0.1)
        raise AssertionError(f"not ready: {self.parts()['parts']}\n{(self.root / 'serve.log').read_text()[-2000:]}")

    def kill(self, part: str) -> int:
        """SIGKILL a part; returns its process id."""
        pid: int = self.parts()["pids"][part]
        os.kill(pid, signal.SIGKILL)
        return pid

    def stop(self) -> None:
        if self.serving is not None and self.serving.poll() is None:
            self.serving.terminate()
            self.serving.wait(30)
        self.serving = None

    def organization(self, name: str, kind: str, unit: str = "") -> str:
        added = self.confide("org", "add", told={"legal_name": name, "kind": kind, "unit": unit})
        return str(added["organization_id"])

    def client(self, name: str, born: str) -> str:
        return str(self.confide("client", "add", told={"legal_name": name, "birth_date": born})["client_id"])

    def statement(self, organization: str, **more: object) -> dict[str, object]:
        """A wish for an ordinary statement."""
        return {
            "form": "disclosure",
            "organization": organization,
            "categories": ["housing"],
            "purposes": ["housing_placement"],
            "expires": time.strftime("%Y-%m-%d", time.gmtime(time.time() + 90 * 86400)),
            **more,
        }

    def sign_all(self, packet: Mapping[str, Any]) -> None:
        """Client and witness sign every statement of a packet."""
        for row in packet["statements"]:
            client = ("--identified", "photo_id", "--read-on-paper", "--ink", str(INK / "client.png"))
            self.confide("sign", row["statement_id"], "--role", "client", *client)
            self.confide("sign", row["statement_id"], "--role", "witness", "--ink", str(INK / "witness.png"))

    def until(self, packet_id: str, state: str, seconds: float = 60.0) -> dict[str, Any]:
        """The packet, once every statement is in `state`."""
        until, pause = time.monotonic() + seconds, 0.2
        while True:
            packet: dict[str, Any] = self.confide("packet", "show", packet_id, as_admin=False, code=None)
            if all(row["state"] == state for row in packet["statements"]):
                return packet
            assert time.monotonic() < until, [
                (row["state"], row["sealing_failed_code"]) for row in packet["statements"]
            ]
            time.sleep(pause)
            pause = min(2.0, pause * 2)  # every look starts a Python, and takes a core from those who are waited for


@contextmanager
def running_site(root: Path, **settings: str) -> Iterator[RunningSite]:
    """A site in `root`, stopped and removed at the end, on the engine of this run of the tests (`tests.cluster`).

    `settings`: more of the environment.
    """
    root.mkdir(parents=True, exist_ok=True)
    env = {name: value for name, value in os.environ.items() if not name.startswith(("CONFIDE_", "PREFECT_"))}
    env |= {"CONFIDE_HOME": str(root / "var"), "CONFIDE_KEYS": str(root / "keys"), "CONFIDE_OUT": str(root / "out")}
    site = RunningSite(root=root, env=env | databases() | settings)
    try:
        yield site
    finally:
        site.stop()
        shutil.rmtree(root, ignore_errors=True)
