"""A throw-away training site with everything running, on a real disk, gone when the measuring ends.

Danger: a bench that measures shortcuts. Invariant: the site is set up by `flows.establishment`, run by `confide serve`
as a process of its own, and asked through the same verbs as every door; only the client is fictional.
"""

from __future__ import annotations

import ctypes
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.machine import file_system

if TYPE_CHECKING:
    import psutil

    from flows.site import Site
    from register.facts import Packet, PacketRequest, Person

START_SECONDS = 600.0
"""Long, for a machine that is busy with other things."""
PACKET_SECONDS = 90.0
POLL_SECONDS = 0.005
REST_SECONDS = 0.3
"""Between two packets, so that what one leaves to do (Prefect's records) is not billed to the next."""
MEASURED_PARTS = ("worker", "filler", "renderer")
_PR_SET_PDEATHSIG = 1


class NotReady(Exception):
    """The site did not start, or a packet was not issued."""


def a_disk() -> Path:
    """A directory for temporary files that lies on a disk: in memory a sync costs nothing."""
    for place in (Path(tempfile.gettempdir()), Path("/var/tmp"), Path.cwd()):  # noqa: S108  # mkdtemp is used there
        if place.is_dir() and file_system(place) != "tmpfs":
            return place
    return Path(tempfile.gettempdir())


@contextmanager
def training_site() -> Iterator[TrainingSite]:
    """A new site, not running yet; whatever happens, it is stopped and removed."""
    folder = Path(tempfile.mkdtemp(prefix="confide-bench-", dir=a_disk()))
    site = TrainingSite(folder)
    try:
        site.establish()
        yield site
    finally:
        site.stop()
        shutil.rmtree(folder, ignore_errors=True)


class TrainingSite:
    """The site under measurement. One a process: its settings are read once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file_system = file_system(folder)
        self._served: subprocess.Popen[bytes] | None = None
        self._password = secrets.token_urlsafe(18)
        self._clients = 0
        told = {"HOME": "var", "KEYS": "keys", "OUT": "out", "RUN": "var/run"}
        for name in [name for name in os.environ if name.startswith("CONFIDE_")]:
            del os.environ[name]
        os.environ.update({f"CONFIDE_{name}": str(folder / place) for name, place in told.items()})
        os.umask(0o077)

    def establish(self) -> None:
        """Set the site up as `confide demo` does."""
        from cli.init import founding_of
        from flows import establishment
        from register.configuration import configuration

        establishment.establish(
            configuration(),
            founding_of(_data("founding.yaml"), training=True),
            password=self._password,
            master=establishment.master_key(configuration()),
            confirm_shares=establishment.shares_as_files(self.folder / "shares", needed=2, shares=3),
        )

    @cached_property
    def site(self) -> Site:
        """The site as this process, a door, opens it."""
        from flows.site import open_site

        return open_site()

    @cached_property
    def me(self) -> Person:
        """The member of staff who does everything here."""
        from flows.site import now
        from register import staff

        _ = self.site
        return staff.authenticate(_data("founding.yaml")["administrator"]["name"], self._password, now=now())

    @property
    def running(self) -> bool:
        """Whether `confide serve` runs."""
        return self._served is not None

    def start(self) -> float:
        """Start `confide serve`; returns the seconds until every part said that it is ready."""
        from flows.supervisor import status
        from register.configuration import configuration

        if self._served is not None:
            return 0.0
        run, began = configuration().run, time.monotonic()
        with (self.folder / "serve.log").open("ab") as log:
            self._served = subprocess.Popen(
                [sys.executable, "-m", "cli.main", "serve"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=_die_with_parent,
            )
        while not ((parts := status(run)) and all(state == "ready" for state in parts.values())):
            if self._served.poll() is not None or time.monotonic() - began > START_SECONDS:
                waiting = ", ".join(f"{name} {state}" for name, state in parts.items()) or "everything"
                raise NotReady(f"confide serve did not come up: {waiting}")
            time.sleep(0.02)
        return time.monotonic() - began

    def stop(self) -> None:
        """Stop what runs; harmless to repeat."""
        served, self._served = self._served, None
        if served is None:
            return
        served.terminate()
        try:
            served.wait(20)
        except subprocess.TimeoutExpired:
            served.kill()
            served.wait()

    def processes(self, *parts: str) -> dict[str, list[psutil.Process]]:
        """The living processes of these parts (all of them unless told), each part's children with it."""
        import json

        import psutil

        from flows.supervisor import STATUS_FILE
        from register.configuration import configuration

        pids: dict[str, int] = json.loads((configuration().run / STATUS_FILE).read_text())["pids"]
        found = {}
        for name, pid in pids.items():
            if not parts or name in parts:
                first = psutil.Process(pid)
                found[name] = [first, *first.children(recursive=True)]
        return found

    def cpu_seconds(self) -> dict[str, float]:
        """CPU time each part has used so far, its dead children included."""
        import psutil

        used = {}
        for name, processes in self.processes().items():
            used[name] = 0.0
            for process in processes:
                try:
                    times = process.cpu_times()
                except psutil.NoSuchProcess:
                    continue
                used[name] += times.user + times.system + times.children_user + times.children_system
        return used

    def request(self) -> PacketRequest:
        """What a client nobody saw before must sign: an acknowledgment and three statements, one of them Spanish."""
        from cli.demo import _filled
        from flows import intake
        from flows.site import now
        from register import agency

        ids = {**self._organizations, "client": str(self.new_client())}
        told = _filled(_data("packet.yaml"), ids, agency.today(now()))
        return intake.packet_request(self.site, told, again=True)

    def issue(self, request: PacketRequest) -> tuple[Packet, float]:
        """Open the packet, ring, wait until the real worker has put every statement before the client.

        Returns the packet and the seconds this took. Raises :class:`NotReady` when it failed.
        """
        from flows.bell import ring
        from flows.site import now
        from register import packets
        from rules.vocabulary import PacketState

        began = time.perf_counter()
        opened = packets.open_packet(self.site.vault, request, by=self.me, now=now())
        ring(self.site.configuration)
        while packets.waiting():
            if time.perf_counter() - began > PACKET_SECONDS:
                raise NotReady("a packet was not issued in time")
            time.sleep(POLL_SECONDS)
        took = time.perf_counter() - began
        issued = packets.show(opened.packet_id)
        if issued.state is not PacketState.ISSUED:
            raise NotReady(f"a packet failed at {issued.failed_step}: {issued.failed_code}")
        return issued, took

    def packet(self) -> Packet:
        """A fresh packet, issued."""
        return self.issue(self.request())[0]

    @cached_property
    def _organizations(self) -> dict[str, str]:
        from cli.demo import _organizations

        return _organizations(self.me)

    def new_client(self) -> str:
        """Another fictional client's id."""
        from flows.site import now
        from register import clients
        from rules.draft import Identity

        told = _data("client.yaml")
        self._clients += 1
        born = told["birth_date"] + timedelta(days=self._clients)
        number = f"{told['case_number']}-{self._clients}"
        identity = Identity(legal_name=told["legal_name"], birth_date=born, case_number=number)
        return str(clients.add(self.site.vault, identity, by=self.me, now=now()).client_id)


def ink(role: str) -> bytes:
    """The sample ink of this role."""
    return resources.files("cli").joinpath("demo_ink", f"{role}.png").read_bytes()


def _data(name: str) -> Any:
    import yaml

    return yaml.safe_load(resources.files("cli").joinpath("demo_data", name).read_text(encoding="utf-8"))


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
