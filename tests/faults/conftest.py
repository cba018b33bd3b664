"""A site that is harmed while it works, looked at from outside through its own database."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import psutil
import pytest

from tests.faults.inside import Desk
from tests.faults.moment import STATEMENTS, Moments
from tests.running import RunningSite, running_site

LOADED_SECONDS = 240.0
"""How long a loaded machine may take for what takes seconds on a quiet one."""


@dataclass
class HarmedSite:
    """A running site, somebody at work in it, and the means to harm it at a chosen moment."""

    running: RunningSite
    desk: Desk
    organizations: list[str]
    trust: list[str] = field(default_factory=list)
    """Roots (DER, hex) beside the organization's own that its files rest on."""
    _clients: int = 0

    def asked(self) -> dict[str, Any]:
        """What somebody would ask for: a packet of four, for a client of its own."""
        self._clients += 1
        client = self.running.client(
            f"Client {chr(65 + self._clients // 26)} Number{chr(65 + self._clients % 26)}", "1990-01-01"
        )
        return {"client": client, "statements": [self.running.statement(each) for each in self.organizations]}

    def opened(self, told: dict[str, Any] | None = None) -> str:
        packet: str = self.desk.ask("open_packet", told=told or self.asked())
        return packet

    def issued(self, packet_id: str, seconds: float = LOADED_SECONDS) -> dict[str, Any]:
        return self.until(packet_id, lambda packet: packet["state"] == "issued", seconds)

    def sealed(self, packet_id: str, seconds: float = LOADED_SECONDS) -> dict[str, Any]:
        return self.until(
            packet_id, lambda packet: all(row["state"] == "active" for row in packet["statements"]), seconds
        )

    def until(
        self, packet_id: str, holds: Callable[[dict[str, Any]], bool], seconds: float = LOADED_SECONDS
    ) -> dict[str, Any]:
        until = time.monotonic() + seconds
        while not holds(packet := self.desk.ask("show", packet_id=packet_id)):
            assert time.monotonic() < until, packet
            time.sleep(0.25)
        return dict(packet)

    def rows(self, question: str, *given: object) -> list[tuple[Any, ...]]:
        """Ask the register's database, from outside and read-only."""
        database = sqlite3.connect(f"file:{self.running.home / 'register.db'}?mode=ro", uri=True, timeout=10)
        try:
            return database.execute(question, given).fetchall()
        finally:
            database.close()

    def seen(self, question: str, *given: object, unless: str = "", seconds: float = LOADED_SECONDS) -> bool:
        """Wait for a moment that `question` tells by a row; False when the one that `unless` tells came first."""
        database = sqlite3.connect(f"file:{self.running.home / 'register.db'}?mode=ro", uri=True, timeout=10)
        until = time.monotonic() + seconds
        try:
            while time.monotonic() < until:
                if database.execute(question, given).fetchone():
                    return True
                if unless and database.execute(unless, given).fetchone():
                    return False
                time.sleep(0.001)
        finally:
            database.close()
        raise AssertionError("that moment never came")

    def kill_with_children_seen(self, part: str) -> list[psutil.Process]:
        """SIGKILL a part; returns the processes it had made itself."""
        children = psutil.Process(self.running.parts()["pids"][part]).children(recursive=True)
        self.running.kill(part)
        return children

    def back(self, *parts: str) -> None:
        """Wait until these parts are ready again."""
        self.running.wait_ready(parts or ("filler", "renderer", "worker"), seconds=2 * LOADED_SECONDS)

    def require_whole(self, packet_id: str) -> None:
        """What must hold after any harm, once the packet is sealed: each once, each readable, nothing left over."""
        self.require_sound(packet_id)
        self.require_tidy()

    def require_sound(self, packet_id: str) -> None:
        """Each statement of a sealed packet once, signed by all, readable and accepted."""
        key = packet_id.replace("-", "")
        moves = self.rows(
            "SELECT m.target, count(*), count(DISTINCT m.statement_id) FROM register_move m"
            " JOIN register_statement s ON s.id = m.statement_id WHERE s.packet_id = ? GROUP BY m.target",
            key,
        )
        assert sorted(moves) == [("active", STATEMENTS, STATEMENTS), ("presented", STATEMENTS, STATEMENTS)]
        issued = self.rows(
            "SELECT count(*) FROM register_auditentry WHERE verb = 'packet_issued' AND object_id = ?", packet_id
        )
        assert issued == [(1,)]
        records = self.rows(
            "SELECT count(*) FROM register_record r JOIN register_statement s ON s.id = r.statement_id"
            " WHERE s.packet_id = ?",
            key,
        )
        assert records == [(STATEMENTS,)]
        verdicts = self.desk.ask("verdicts", packet_id=packet_id, trust=self.trust)
        assert [each["outcome"] for each in verdicts] == ["accepted"] * STATEMENTS, verdicts
        assert {tuple(each["signed"]) for each in verdicts} == {("org_cert", "client", "witness", "org_seal")}

    def require_tidy(self) -> None:
        """One upkeep, two hours on, finds nothing for a person and leaves nothing that nobody points at."""
        found = self.desk.ask("upkeep", hours=2)
        assert [each for each in found if each["remedy"]] == []
        assert self.desk.ask("orphans") == []
        temporary = self.running.home / "records" / "tmp"
        assert not temporary.exists() or list(temporary.iterdir()) == []


def harmed(running: RunningSite, *, trust: bytes | None = None) -> HarmedSite:
    """Set a site up and start it; `trust` is a root (DER) that its files rest on beside its own."""
    running.founded().serve(wait_for=("filler", "renderer", "worker"))
    kinds = ("housing", "employer", "school")
    organizations = [running.organization(f"Harmless {kind.title()} Office", kind) for kind in kinds]
    return HarmedSite(running, Desk(running), organizations, [trust.hex()] if trust else [])


@pytest.fixture(scope="module")
def moments(tmp_path_factory: pytest.TempPathFactory) -> Moments:
    return Moments(tmp_path_factory.mktemp("moments") / "asked")


@pytest.fixture(autouse=True)
def released(moments: Moments) -> Iterator[None]:
    yield
    moments.release()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HarmedSite]:
    """A site with everything running, shared by the tests of one module."""
    with running_site(tmp_path_factory.mktemp("harmed") / "site") as running:
        # Prefect starts slowest, and nothing but its own tests may need it
        made = harmed(running)
        yield made
        made.desk.close()
