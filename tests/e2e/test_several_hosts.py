"""Two hosts, one queue: register, keyring and Prefect on a PostgreSQL server, everything between by TLS.

A host here is a folder with its own home, sockets and temporary files, and its own processes; the hosts share the key
directory and the store by a file system, as docs/flows.md says.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from cli.exit_code import ExitCode
from flows.orchestration import free_port
from tests.authority import Papers, papers
from tests.cluster import Cluster
from tests.faults.inside import Desk
from tests.faults.moment import Moments
from tests.privacy.detectors import in_files, in_temporary_places, traces
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

PACKETS = 20
SECONDS = 400.0
HOST = "localhost"
ROLES = ("confide_register", "confide_keyring", "confide_prefect")
CLIENT, FAILED, CRASHED = (Planted.anew() for _ in range(3))
COLLEAGUE = f"{word('Harbo').title()} {word('Windo').title()}"
WORDS = (*CLIENT.words, *FAILED.words, *CRASHED.words, COLLEAGUE)
LEAKED, LEFT, FREED, LOGGED = (word(start) for start in ("Leaka", "Lefta", "Freea", "Logga"))


@dataclass
class Hosts:
    """A first host with everything, a second that only works, and the server between them."""

    cluster: Cluster
    trust: Papers
    stranger: Papers
    first: RunningSite
    second: RunningSite
    moments: Moments
    began: float
    opened: list[str] = field(default_factory=list)
    workers: set[str] = field(default_factory=set)
    """Holders that were seen with a packet in hand."""

    def rows(self, question: str, database: str = "confide_register") -> list[tuple[Any, ...]]:
        """Ask a database as its server's owner does."""
        with psycopg.connect(self.cluster.url(database), autocommit=True) as connection:
            return connection.execute(question.encode()).fetchall()

    def of_packet(self, column: str, packet_id: str) -> Any:
        return self.rows(f"SELECT {column} FROM register_packet WHERE id = '{packet_id}'")[0][0]  # noqa: S608

    def holder(self, host: RunningSite) -> str:
        told = json.loads((host.home / "run" / "worker.json").read_text())
        return str(told["holder"])


def made_cluster(trust: Papers) -> Cluster:
    """A server that takes passwords only, and from the network by TLS only, with the roles that are shipped."""
    cluster = Cluster(
        settings={
            "listen_addresses": "'127.0.0.1'",
            "ssl": "on",
            "ssl_cert_file": "'server.pem'",
            "ssl_key_file": "'server.key'",
            # as in earnest: doctor looks at both
            "fsync": "on",
            "full_page_writes": "on",
        },
        access="local all owner trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n",
    )
    for source in (trust.certificate, trust.key):
        copy = cluster.data / source.name
        copy.write_bytes(source.read_bytes())
        copy.chmod(0o600)
        cluster.own(copy)
    cluster.start()
    script = PROJECT / "deploy" / "postgresql" / "roles.sql"
    subprocess.run(
        ["psql", "-q", "-d", cluster.url("postgres"), "-f", str(script)], check=True, capture_output=True, timeout=60
    )
    return cluster


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosts]:
    root, began = tmp_path_factory.mktemp("hosts"), time.time() - 1
    moments = Moments(root / "moments")
    trust, stranger = papers(root / "trust"), papers(root / "stranger")
    with ExitStack() as everything:
        cluster = made_cluster(trust)
        everything.callback(cluster.remove)
        secret = secrets.token_hex(16)
        for role in ROLES:
            cluster.execute(f"ALTER ROLE {role} PASSWORD '{secret}'")
        passwords = root / "pgpass"
        passwords.touch(mode=0o600)
        passwords.write_text(f"{HOST}:{cluster.port}:*:*:{secret}\n")
        address = f"https://{HOST}:{free_port()}"
        shared = {
            "PGPASSFILE": str(passwords),
            "CONFIDE_KEYS": str(root / "shared" / "keys"),
            "CONFIDE_STORE": (root / "shared" / "records").as_uri(),
            "PREFECT_API_SSL_CERT_FILE": str(trust.root),
        }
        for setting, role in zip(("DATABASE_URL", "KEYRING_URL", "PREFECT_DATABASE_URL"), ROLES, strict=True):
            shared[f"CONFIDE_{setting}"] = cluster.url(
                role, user=role, host=HOST, sslmode="verify-full", sslrootcert=str(trust.root)
            )
        listening = {
            "CONFIDE_PREFECT_ADDRESS": address,
            "CONFIDE_PREFECT_CERTIFICATE": str(trust.certificate),
            "CONFIDE_PREFECT_CERTIFICATE_KEY": str(trust.key),
        }
        first = everything.enter_context(running_site(root / "first", **shared, **listening))
        elsewhere = root / "second" / "tmp"
        second = everything.enter_context(
            running_site(root / "second", **shared, PREFECT_API_URL=f"{address}/api", TMPDIR=str(elsewhere))
        )
        elsewhere.mkdir()
        first.founded()
        second.password_file.write_text(first.password_file.read_text())
        with core_files():
            first.serve(env=moments.environment)
            second.serve("--worker-only", env=moments.environment)
        first.wait_ready(("prefect",), seconds=2 * SECONDS)
        keep_readable(cluster)
        yield Hosts(cluster, trust, stranger, first, second, moments, began)


def keep_readable(cluster: Cluster, *databases: str) -> None:
    """Have the server write long values as they are: one that it compressed could not be found in a freed page."""
    tables = (
        "SELECT format('ALTER TABLE %s %s', c.oid::regclass,"
        " string_agg(format('ALTER COLUMN %I SET STORAGE EXTERNAL', a.attname), ', '))"
        " FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped AND a.attstorage IN ('x', 'm')"
        " AND n.nspname NOT IN ('pg_catalog', 'information_schema') GROUP BY c.oid"
    )
    for database in databases or ROLES:
        with psycopg.connect(cluster.url(database), autocommit=True) as connection:
            for (statement,) in connection.execute(tables.encode()).fetchall():
                connection.execute(statement.encode())


def asked(site: RunningSite, client: str, organizations: list[str], planted: Planted = CLIENT) -> dict[str, Any]:
    statements = [site.statement(each, purpose_text=planted.purpose_text) for each in organizations]
    return {"client": client, "statements": statements}


def added(site: RunningSite, planted: Planted) -> str:
    return str(site.confide("client", "add", told=planted.client)["client_id"])


def in_hands(server: psycopg.Connection) -> set[str]:
    """The workers that hold a packet at this moment."""
    rows = server.execute("SELECT lease_holder FROM register_packet WHERE state = 'issuing'").fetchall()
    return {holder for (holder,) in rows}


def goes_dark(hosts: Hosts, server: psycopg.Connection) -> bool:
    """Lose the second host with a packet in its hands: nothing of it says goodbye. False when it had just finished."""
    pids, holder = hosts.second.parts()["pids"], hosts.holder(hosts.second)
    os.kill(pids["worker"], signal.SIGSTOP)
    if holder not in in_hands(server):
        os.kill(pids["worker"], signal.SIGCONT)
        return False
    assert hosts.second.serving is not None
    hosts.second.serving.kill()
    for pid in pids.values():
        with suppress(ProcessLookupError):  # its supervisor's end is its end
            os.kill(pid, signal.SIGKILL)
    hosts.second.serving.wait(30)
    return True


def test_twenty_packets_are_issued_once_each_though_one_of_two_hosts_is_lost(hosts: Hosts) -> None:
    site = hosts.first
    organizations = [site.organization("Mill Lane Homes", "housing"), site.organization("Mill Lane Works", "employer")]
    client = added(site, CLIENT)
    both = {hosts.holder(hosts.first), hosts.holder(hosts.second)}
    desk = Desk(site)
    opening = threading.Thread(
        target=lambda: hosts.opened.extend(
            desk.ask("open_packet", told=asked(site, client, organizations)) for _ in range(PACKETS)
        )
    )
    opening.start()
    until, lost = time.monotonic() + SECONDS, False
    states: dict[str, int] = {}
    with psycopg.connect(hosts.cluster.url("confide_register"), autocommit=True) as server:
        while states != {"issued": PACKETS}:
            assert time.monotonic() < until, states
            in_hand = in_hands(server)
            hosts.workers |= in_hand
            if not lost and hosts.holder(hosts.second) in in_hand:
                lost = goes_dark(hosts, server)
            states = dict(server.execute("SELECT state, count(*) FROM register_packet GROUP BY state").fetchall())
            time.sleep(0.02)
    opening.join()
    desk.close()

    assert lost, "the second host never had a packet in hand"
    assert hosts.workers >= both
    moves = hosts.rows("SELECT target, count(*), count(DISTINCT statement_id) FROM register_move GROUP BY target")
    statements = hosts.rows("SELECT count(*) FROM register_statement")[0][0]
    assert statements == PACKETS * len(organizations) + 1, "and the privacy acknowledgment, once"
    assert moves == [("presented", statements, statements)]
    issued = hosts.rows(
        "SELECT count(*), count(DISTINCT object_id) FROM register_auditentry WHERE verb = 'packet_issued'"
    )
    assert issued == [(PACKETS, PACKETS)]
    again = hosts.rows("SELECT count(*) FROM register_packet WHERE attempts > 1")
    assert again[0][0] >= 1, "what the lost host had in hand was taken up by the other"


def test_a_packet_is_signed_sealed_and_verified_on_this_site_too(hosts: Hosts) -> None:
    site = hosts.first
    packet = site.confide("packet", "show", hosts.opened[0], as_admin=False)
    site.sign_all(packet)
    sealed = site.until(hosts.opened[0], "active", SECONDS)
    copies = [site.confide("copy", row["statement_id"])["path"] for row in sealed["statements"]]
    # who holds a finished document is told whose signatures it bears: on that person's screen, and no trace of ours
    holding = RunningSite(root=site.root, env=site.env)
    verdicts = holding.confide("verify", *copies, as_admin=False)
    assert [each["accepted"] for each in verdicts] == [True] * len(copies)
    text = subprocess.run(["pdftotext", copies[-1], "-"], capture_output=True, text=True, check=True).stdout
    assert CLIENT.family in text
    assert CLIENT.purpose in text


def test_prefect_recorded_the_work_in_its_own_database(hosts: Hosts) -> None:
    names = {name for (name,) in hosts.rows("SELECT name FROM task_run", "confide_prefect")}
    assert names & {f"packet-{packet_id}" for packet_id in hosts.opened}, names
    assert not (hosts.first.home / "prefect" / "prefect.db").exists()


def test_a_server_that_another_authority_vouches_for_is_refused(hosts: Hosts) -> None:
    stranger = str(hosts.stranger.root)
    me = ("--as", "admin", "--password-file", str(hosts.first.password_file))
    wanted = hosts.first.root / "told.yaml"
    wanted.write_text(yaml.safe_dump(CLIENT.client))
    for setting in ("CONFIDE_DATABASE_URL", "CONFIDE_KEYRING_URL"):
        env = dict(hosts.first.env)
        env[setting] = env[setting].replace(str(hosts.trust.root).replace("/", "%2F"), stranger.replace("/", "%2F"))
        assert env[setting] != hosts.first.env[setting]
        told = RunningSite(root=hosts.first.root, env=env).run("client", "find", "--from", str(wanted), *me)
        assert told.returncode == ExitCode.UNAVAILABLE, told.stderr
        assert "certificate" in told.stderr
        assert HOST not in told.stderr, "the address stays unsaid"
    program = (
        "from flows.bell import prefect_answers; from register.configuration import configuration\n"
        "print(prefect_answers(configuration()))"
    )
    asking = [sys.executable, "-c", program]
    for trusted, answers in ((str(hosts.trust.root), "True"), (stranger, "False")):
        env = {**hosts.second.env, "PREFECT_API_SSL_CERT_FILE": trusted}
        told = subprocess.run(asking, env=env, cwd=PROJECT, capture_output=True, text=True, check=True)
        assert told.stdout.strip() == answers
    program = (
        "from prefect.client.orchestration import get_client\n"
        "with get_client(sync_client=True) as client: print(client.read_work_pools())"
    )
    auth = (Path(hosts.first.env["CONFIDE_KEYS"]) / "prefect-auth").read_text()
    for trusted, works in ((str(hosts.trust.root), True), (stranger, False)):
        env = {**hosts.second.env, "PREFECT_API_SSL_CERT_FILE": trusted, "PREFECT_API_AUTH_STRING": auth}
        client = subprocess.run(
            [sys.executable, "-c", program], env=env, capture_output=True, text=True, timeout=SECONDS
        )
        assert (client.returncode == 0) is works, client.stderr[-500:]
        assert works or "CERTIFICATE_VERIFY_FAILED" in client.stderr


def test_doctor_finds_the_databases_as_they_should_be_and_tells_what_is_not(hosts: Hosts) -> None:
    def told() -> list[dict[str, Any]]:
        lines = hosts.first.confide("doctor", code=None, as_admin=False)
        return [line for line in lines if line["what"] == "databases"]

    assert [line for line in told() if line["level"] == "problem"] == []
    assert sum("answers, on PostgreSQL" in line["sentence"] for line in told()) == 3
    hosts.cluster.execute("GRANT CONNECT ON DATABASE confide_keyring TO confide_register")
    hosts.cluster.execute("ALTER ROLE confide_prefect CREATEROLE")
    wrong = [line["sentence"] for line in told() if line["level"] == "problem"]
    hosts.cluster.execute("REVOKE CONNECT ON DATABASE confide_keyring FROM confide_register")
    hosts.cluster.execute("ALTER ROLE confide_prefect NOCREATEROLE")
    assert wrong == [
        "The role of the Prefect may do everything on its server.",
        "The role of the register may enter the keyring's database.",
    ]


def shown(site: RunningSite, packet_id: str) -> Any:
    return site.confide("packet", "show", packet_id, as_admin=False)


def test_a_backup_comes_back_into_new_databases_and_what_was_destroyed_stays_so(hosts: Hosts, tmp_path: Path) -> None:
    site, standby = hosts.first, tmp_path / "standby"
    made = site.confide("backup", str(tmp_path / "backup"), "--standby", str(standby))
    assert set(made["files"]) == {"register.dump", "keyring.dump", "forms.tar"}
    env = {**site.env, "CONFIDE_HOME": str(tmp_path / "var"), "CONFIDE_KEYS": str(tmp_path / "keys")}
    env["CONFIDE_STORE"] = (tmp_path / "records").as_uri()
    for setting, role in (("CONFIDE_DATABASE_URL", ROLES[0]), ("CONFIDE_KEYRING_URL", ROLES[1])):
        new = hosts.cluster.database()
        hosts.cluster.execute(f"ALTER DATABASE {new} OWNER TO {role}")
        env[setting] = env[setting].replace(f"/{role}?", f"/{new}?")
    (tmp_path / "keys").mkdir(mode=0o700)
    for master in Path(site.env["CONFIDE_KEYS"]).glob("master.*"):
        (tmp_path / "keys" / master.name).write_bytes(master.read_bytes())
        (tmp_path / "keys" / master.name).chmod(0o400)
    elsewhere = RunningSite(root=site.root, env=env)
    restored = elsewhere.confide("restore", str(tmp_path / "backup"), "--standby", str(standby), as_admin=False)
    assert (restored["damaged"], restored["unreadable"]) == ([], [])
    assert restored["opened"] == restored["objects"] > PACKETS
    for packet_id in (hosts.opened[0], hosts.opened[-1]):
        assert shown(elsewhere, packet_id) == shown(site, packet_id)
    again = elsewhere.confide("restore", str(tmp_path / "backup"), "--standby", str(standby), as_admin=False, code=None)
    assert again["error"]["code"] == "restore_refused", "a place that is not empty is not restored into"
    assert shown(elsewhere, hosts.opened[0]) == shown(site, hosts.opened[0])


@pytest.fixture(scope="module")
def befallen(hosts: Hosts) -> list[str]:
    """Packets that were issued, one that failed and one whose worker crashed, on two hosts."""
    site = hosts.first
    assert hosts.second.serving is not None
    if hosts.second.serving.poll() is not None:  # lost with a packet in its hands; it comes back
        with core_files():
            hosts.second.serve("--worker-only", env=hosts.moments.environment)
    organization = site.organization("Mill Lane Stores", "employer")
    failed = fail_a_packet(
        site, FAILED, added(site, FAILED), organization, colleague=COLLEAGUE, seconds=SECONDS
    )  # fmt: skip
    assert failed["failed_step"] == "check", failed
    wanted = asked(site, added(site, CRASHED), [organization], CRASHED)

    def holder(packet_id: str) -> str:
        return str(hosts.of_packet("lease_holder", packet_id))

    crashed = crash_a_packet(site, hosts.moments, wanted, holder, seconds=SECONDS)
    assert hosts.of_packet("attempts", crashed["packet_id"]) == 2
    refused = {**asked(site, "no-such-client", []), "nonsense": CLIENT.family}
    site.confide("packet", "open", told=refused, code=None)
    site.confide("upkeep", as_admin=False, code=None)
    return [*hosts.opened, failed["packet_id"], crashed["packet_id"]]


def in_server(hosts: Hosts, words: tuple[str, ...]) -> dict[str, set[str]]:
    """Files of the server that hold a word in any disguise: tables, freed pages, write-ahead log, temporary, log."""
    hosts.cluster.execute("CHECKPOINT")
    assert sum(path.is_file() for path in hosts.cluster.root.rglob("*")) > 500
    return in_files([hosts.cluster.root], words)


def rows_with(hosts: Hosts, words: tuple[str, ...], databases: tuple[str, ...] = ROLES) -> dict[str, set[str]]:
    """Tables of which a row, written out, holds a word: the server's own too, and what it tells of who asks it what."""
    found: dict[str, set[str]] = {}
    tables = "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
    for database in databases:
        names = [table for (table,) in hosts.rows(tables, database)]
        for table in (*names, "pg_stat_activity"):
            blob = "\n".join(text for (text,) in hosts.rows(f"SELECT t::text FROM {table} t", database))  # noqa: S608
            if hit := traces(blob.encode(), words):
                found[f"{database}:{table}"] = hit
    return found


def test_no_file_and_no_row_of_the_server_holds_a_name_a_birth_date_or_a_purpose(
    hosts: Hosts, befallen: list[str]
) -> None:
    recorded = {name for (name,) in hosts.rows("SELECT name FROM task_run", "confide_prefect")}
    assert recorded >= {f"packet-{packet_id}" for packet_id in befallen[-2:]}, "Prefect saw both"
    assert rows_with(hosts, WORDS) == {}
    assert in_server(hosts, WORDS) == {}


def test_no_file_of_the_hosts_no_stream_and_no_temporary_place_holds_a_word_of_it(
    hosts: Hosts, befallen: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert len(befallen) >= 2
    first, second = hosts.first, hosts.second
    kept = [first.home, second.home, second.root / "tmp", Path(first.env["CONFIDE_KEYS"]).parent]
    assert in_files([*kept, *(each.root / "serve.log" for each in (first, second))], WORDS) == {}
    assert len(first.said) > 1000
    assert traces(bytes(first.said), WORDS) == set()
    words = (*CLIENT.words, *FAILED.words, *CRASHED.words)
    handed_over, run = (first.root / "out", first.root / "told.yaml"), tmp_path_factory.getbasetemp()
    assert in_temporary_places(words, since=hosts.began, run=run, handed_over=handed_over) == {}


def test_the_crash_of_a_host_s_worker_left_no_core_file(befallen: list[str], tmp_path: Path) -> None:
    assert len(befallen) >= 2
    require_no_core_file(tmp_path)


def test_a_flow_that_does_leak_is_found_in_the_server_s_rows_and_files(hosts: Hosts, tmp_path: Path) -> None:
    """The positive control: the same server, the same search."""
    url = (hosts.first.home / "run" / "prefect.url").read_text()
    auth = (Path(hosts.first.env["CONFIDE_KEYS"]) / "prefect-auth").read_text()
    leak(LEAKED, tmp_path, env=hosts.first.env, url=url, auth=auth, seconds=SECONDS)
    wanted = {f"confide_prefect:public.{place.partition('.')[0]}" for place in LEAKED_INTO}
    until = time.monotonic() + 60
    while wanted - rows_with(hosts, (LEAKED,)).keys():
        assert time.monotonic() < until, rows_with(hosts, (LEAKED,))
        time.sleep(1)
    found = in_server(hosts, (LEAKED,))
    assert any("/base/" in path for path in found), found
    assert any("/pg_wal/" in path for path in found), found


def test_what_was_written_in_clear_is_found_after_its_row_is_gone_too(hosts: Hosts) -> None:
    """The positive control of what Prefect does not do: rows that went, long values, statements in the server's log."""
    cluster = hosts.cluster
    scratch = cluster.database()
    try:
        cluster.execute("CREATE TABLE note (id int, short text, long text)", scratch)
        keep_readable(cluster, scratch)
        for number, one in enumerate((FREED, LEFT)):
            values = f"({number}, '{one}', repeat('of {one} ', 1000))"
            cluster.execute(f"INSERT INTO note VALUES {values}", scratch)  # noqa: S608
        cluster.execute("DELETE FROM note WHERE id = 0", scratch)
        with suppress(psycopg.errors.UndefinedTable):
            cluster.execute(f"SELECT '{LOGGED}' FROM nowhere", scratch)  # noqa: S608
        planted = (FREED, LEFT, LOGGED)
        assert rows_with(hosts, planted, (scratch,)) == {f"{scratch}:public.note": {LEFT}}
        found = in_server(hosts, planted)
        tables = {path: hit for path, hit in found.items() if "/base/" in path}
        assert len([path for path, hit in tables.items() if hit == {FREED, LEFT}]) == 2, "of short values and of long"
        assert {word for path, hit in found.items() if "/pg_wal/" in path for word in hit} == {FREED, LEFT}
        assert found[str(cluster.log)] == {LOGGED}
    finally:
        cluster.drop(scratch)
