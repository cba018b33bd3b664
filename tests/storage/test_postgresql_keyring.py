"""The keyring on a server: what PostgreSQL keeps of a destroyed key, and what happens when it does not answer."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import suppress

import psycopg
import pytest
from vault_setting import HandClock

from storage import postgresql_keyring
from storage.embedded import Places
from storage.epochs import EpochKeys
from storage.errors import KeyringBusy, KeyringUnreachable, UnsafePlace
from storage.keyring_facts import KeyScope
from storage.master import MasterKey
from storage.postgresql_keyring import PostgresqlKeyring
from tests.cluster import Cluster, on_postgresql_only, shared_cluster

pytestmark = on_postgresql_only


@pytest.fixture
def keyring(places: Places, master: MasterKey, clock: HandClock) -> Iterator[PostgresqlKeyring]:
    opened = PostgresqlKeyring(places.keyring_url or "", EpochKeys(places.epochs, master), clock=clock)
    yield opened
    opened.close()


def wrapped(keyring: PostgresqlKeyring) -> dict[str, bytes]:
    return dict(keyring.connection().execute("SELECT object_id, wrapped FROM data_key").fetchall())


def test_a_key_at_any_place_of_its_page_is_gone_from_the_table_once_destroyed(
    keyring: PostgresqlKeyring, places: Places
) -> None:
    """Measured: after a plain VACUUM the last row of a full page stayed readable. A page is filled to half for that."""
    ids = [uuid.UUID(int=n).hex for n in range(90)]
    for one in ids:
        keyring.create(one, KeyScope.RECORDS)
    secret = wrapped(keyring)
    for one in ids[20:75]:
        keyring.destroy(one)
        assert secret[one] not in shared_cluster().files_of(places.keyring_url or "")
    keyring.rewrap()
    again = wrapped(keyring)
    keyring.destroy(*ids[:10])
    left = shared_cluster().files_of(places.keyring_url or "")
    assert [one for one in ids[:20] if secret[one] in left] == []
    assert [one for one in ids[:10] if again[one] in left] == []
    assert all(again[one] in left for one in ids[10:20])


def test_what_the_write_ahead_log_keeps_is_said_and_not_hidden(keyring: PostgresqlKeyring) -> None:
    one = uuid.uuid4().hex
    keyring.create(one, KeyScope.RECORDS)
    secret = wrapped(keyring)[one]
    keyring.destroy(one)
    shared_cluster().execute("CHECKPOINT")
    log = b"".join(path.read_bytes() for path in (shared_cluster().data / "pg_wal").glob("0*"))
    assert secret in log, "else the sentence would be wrong, and the promise could be stronger"
    assert "write-ahead log" in keyring.erasure


def test_while_somebody_reads_an_older_state_a_destruction_says_that_bytes_remain(
    keyring: PostgresqlKeyring, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql_keyring, "_BUSY_SECONDS", 0.2)
    one = uuid.uuid4().hex
    keyring.create(one, KeyScope.RECORDS)
    secret = wrapped(keyring)[one]
    with psycopg.connect(places.keyring_url or "") as reader:
        reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        assert reader.execute("SELECT count(*) FROM data_key").fetchone() == (1,)
        with pytest.raises(KeyringBusy):
            keyring.destroy(one)
        assert keyring.is_destroyed(one)
        assert secret in shared_cluster().files_of(places.keyring_url or "")
    keyring.destroy(one)
    assert secret not in shared_cluster().files_of(places.keyring_url or "")


def test_a_keyring_of_a_later_version_is_refused(keyring: PostgresqlKeyring, places: Places) -> None:
    keyring.connection().execute("INSERT INTO layout VALUES(2)")
    with pytest.raises(UnsafePlace, match="later version"):
        PostgresqlKeyring(places.keyring_url or "", keyring.epochs)


def test_hosts_that_start_together_lay_the_tables_once(places: Places, master: MasterKey) -> None:
    children = []
    for _ in range(4):
        child = os.fork()
        if child == 0:
            code = 1
            with suppress(BaseException):
                PostgresqlKeyring(places.keyring_url or "", EpochKeys(places.epochs, master))
                code = 0
            os._exit(code)
        children.append(child)
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * 4


def test_a_server_that_is_gone_is_told_without_its_address_and_found_again_when_it_is_back(
    master: MasterKey, places: Places
) -> None:
    cluster = Cluster().start()
    try:
        url = cluster.url(cluster.database())
        keyring = PostgresqlKeyring(url, EpochKeys(places.epochs, master))
        one = uuid.uuid4().hex
        made = keyring.create(one, KeyScope.RECORDS)
        cluster.stop()
        for _ in range(2):
            with pytest.raises(KeyringUnreachable) as refused:
                keyring.get(one)
            assert refused.value.__cause__ is None
            assert str(cluster.root) not in str(refused.value)
        cluster.start()
        assert keyring.get(one) == made
        keyring.close()
    finally:
        cluster.remove()
