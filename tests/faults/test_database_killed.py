"""The database server is killed (SIGKILL of PostgreSQL's postmaster) at each step of a packet and of a seal, and comes
back: every statement is issued and sealed once, and the worker finds its way back by itself.

With SQLite there is no server: whoever writes the database is the worker, and `test_every_step.py` kills it. A fixed
sample runs in the heavier tier, all of it in `make soak`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from tests.cluster import Cluster
from tests.faults.conftest import LOADED_SECONDS, HarmedSite, harmed
from tests.faults.moment import ISSUING, SEALING, Moment, Moments
from tests.running import running_site

AWAY_SECONDS = 3.0
"""How long the job goes on without a server: long enough to meet it, shorter than a lease."""
SAMPLE = {"present-before", "keep-before"}


@dataclass(kw_only=True)
class OnServer(HarmedSite):
    """A site whose register, keyring and Prefect lie on a server of their own."""

    cluster: Cluster
    database: str

    def rows(self, question: str, *given: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.cluster.url(self.database), autocommit=True) as server:
            return server.execute(question.replace("?", "%s").encode(), given).fetchall()

    def loses_its_server(self, moments: Moments) -> None:
        """Kill the server while the job is held, let the job go on without it, bring the server back."""
        self.cluster.kill()
        moments.release()
        time.sleep(AWAY_SECONDS)
        self.cluster.start()


def points(moments: tuple[Moment, ...]) -> list[Any]:
    return [
        pytest.param(moment, id=str(moment), marks=pytest.mark.e2e if str(moment) in SAMPLE else pytest.mark.soak)
        for moment in moments
    ]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, moments: Moments) -> Iterator[OnServer]:
    cluster = Cluster()
    try:
        cluster.start()
        register, keyring, prefect = (cluster.database() for _ in range(3))
        settings = {
            "CONFIDE_DATABASE_URL": cluster.url(register),
            "CONFIDE_KEYRING_URL": cluster.url(keyring),
            "CONFIDE_PREFECT_DATABASE_URL": cluster.url(prefect),
        }
        with running_site(tmp_path_factory.mktemp("served") / "site", **settings, **moments.environment) as running:
            made = harmed(running)
            yield OnServer(made.running, made.desk, made.organizations, cluster=cluster, database=register)
            made.desk.close()
    finally:
        cluster.remove()


@pytest.mark.parametrize("moment", points(ISSUING))
def test_a_packet_survives_the_death_of_its_database_at_any_step(
    site: OnServer, moments: Moments, moment: Moment
) -> None:
    site.back()
    moments.want(moment)
    packet_id = site.opened()
    moments.wait(LOADED_SECONDS)
    site.loses_its_server(moments)
    site.issued(packet_id)
    site.desk.ask("sign", packet_id=packet_id)
    site.sealed(packet_id)
    site.require_whole(packet_id)


@pytest.mark.parametrize("moment", points(SEALING))
def test_a_seal_survives_the_death_of_its_database_at_any_step(
    site: OnServer, moments: Moments, moment: Moment
) -> None:
    site.back()
    packet_id = site.opened()
    site.issued(packet_id)
    moments.want(moment)
    site.desk.tell("sign", packet_id=packet_id)
    moments.wait(LOADED_SECONDS)
    site.desk.answer()
    site.loses_its_server(moments)
    site.sealed(packet_id)
    site.require_whole(packet_id)
