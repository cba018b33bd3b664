"""Honest erasure: what a disposal leaves is searched for, on the disk and in a complete backup from before it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from register.errors import RegisterError, RegisterErrorCode
from rules.retention.words import EventKind
from storage.errors import KeyDestroyed
from storage.protocol import Area
from tests.cluster import on_postgresql_only, on_sqlite_only
from tests.flows import disposing as disposing_of
from tests.flows.disposing import Records
from tests.flows.disposing import records as disposing
from tests.register.conftest import _built, _light_passwords, world  # noqa: F401 - fixtures are found by name

if TYPE_CHECKING:
    from tests.register.conftest import World


SIX_YEARS_OF_LEDGER = """\
  HOUSE-LEDGER:
    series: disclosure ledger
    selector: {classes: [disclosure_ledger]}
    keep: [{event: disclosed, period: P6Y}]
    authority: 45 CFR 164.528(a)(1)
    version: "1"
    jurisdiction: house
    effective_from: 2000-01-01
"""


@pytest.fixture
def records(world: World) -> Records:  # noqa: F811 - the fixture
    return disposing(world)


def everything_under(*places: Path) -> bytes:
    files = (path for place in places for path in sorted(place.rglob("*")) if path.is_file())
    return b"".join(path.read_bytes() for path in files)


def wrapped_keys(records: Records, *ids: str) -> list[bytes]:
    db = records.world.vault.keyring._db()
    marks = ",".join("?" * len(ids))
    rows = db.execute(f"SELECT wrapped FROM data_key WHERE object_id IN ({marks})", ids).fetchall()  # noqa: S608
    return [bytes(row[0]) for row in rows]


@on_sqlite_only
def test_no_byte_of_what_was_destroyed_is_left_in_database_write_ahead_log_store_or_var(records: Records) -> None:
    from register import models

    (record,) = records.kept(1)
    world, vault = records.world, records.site.vault  # noqa: F811
    client = models.Client.objects.get(pk=world.ids.client)
    statement = models.Statement.objects.get(pk=record.statement_id)
    tokens = [bytes(token) for token in client.name_tokens.values_list("token", flat=True)]
    sealed = vault.store.get(Area.RECORDS, record.object_id)
    traces = {
        "sealed bytes": [sealed[-64:]],
        "wrapped keys": wrapped_keys(records, record.object_id, statement.id.hex, client.id.hex),
        "draft": [bytes(statement.sealed_draft)[-64:]],
        "identity": [bytes(client.sealed_identity)[-64:]],
        "search": [bytes(client.birth_token), *tokens],
    }
    assert all(traces.values())
    assert len(traces["wrapped keys"]) == 3
    before = everything_under(world.home, world.keys)
    assert all(trace in before for many in traces.values() for trace in many)
    run = records.executed(records.approved())
    assert run.clients_erased == 1
    left = everything_under(world.home, world.keys)
    found = {name for name, many in traces.items() for trace in many if trace in left}
    assert found == set()
    for word in (*world.NAME.split(), world.PURPOSE):
        assert word.encode() not in left


@on_postgresql_only
def test_no_byte_that_tells_of_an_erased_client_without_a_key_is_left_in_the_tables_of_postgresql(
    records: Records,
) -> None:
    from register import models

    records.kept(1)
    client = models.Client.objects.get(pk=records.world.ids.client)
    tokens = [bytes(token) for token in client.name_tokens.values_list("token", flat=True)]
    traces = [bytes(client.birth_token), *tokens]
    assert all(trace in in_tables() for trace in traces)
    assert records.executed(records.approved()).clients_erased == 1
    left = in_tables()
    assert [trace for trace in traces if trace in left] == []


def in_tables() -> bytes:
    """Every page of the tables of clients and of their names' tokens, as they lie on the disk."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("CHECKPOINT")
        cursor.execute("SHOW data_directory")
        folder = Path(cursor.fetchone()[0])
        found = b""
        for table in ("register_client", "register_nametoken"):
            cursor.execute("SELECT pg_relation_filepath(%s)", [table])
            found += (folder / cursor.fetchone()[0]).read_bytes()
    return found


@pytest.mark.parametrize(("years", "erased"), [(2, 0), (7, 1)])
def test_an_emergency_keeps_its_client_while_it_must_be_accounted_for_and_is_destroyed_with_them(
    world: World,  # noqa: F811 - the fixture
    monkeypatch: pytest.MonkeyPatch,
    years: int,
    erased: int,
) -> None:
    from register import emergencies, models
    from tests.register.test_emergencies import CALL, TOLD

    ledger_apart = disposing_of.ONE_YEAR.replace(", disclosure_ledger", "") + SIX_YEARS_OF_LEDGER
    monkeypatch.setattr(disposing_of, "ONE_YEAR", ledger_apart)
    records = disposing(world)
    records.kept(1)
    then = dt.datetime.now(dt.UTC) - dt.timedelta(days=365 * years + 5)
    row = emergencies.write_down(world.vault, world.ids.client, TOLD, CALL, happened_at=then, by=world.intake, now=then)
    assert records.executed(records.approved()).clients_erased == erased
    (told,) = emergencies.of_client(world.vault, world.ids.client, by=world.counsel, now=then)
    assert (told.emergency is None, told.line.words_destroyed, told.line.organization == "") == (bool(erased),) * 3
    assert told.line.disclosure == row, "that, when and on what basis it went stays"
    kept = models.Disclosure.objects.get(pk=row.disclosure_id)
    assert (kept.sealed_emergency is None) is bool(erased)


def test_bug_who_spoke_of_an_erased_client_was_told_of_keys_and_not_of_the_client(records: Records) -> None:
    from register import clients, events

    records.kept(1)
    world = records.world  # noqa: F811
    records.executed(records.approved())
    for speak in (
        lambda: world.happened(EventKind.CASE_REOPENED, world.today),
        lambda: clients.identity(world.vault, world.ids.client, by=world.officer, now=world.now),
        lambda: clients.rename(
            world.vault, world.ids.client, legal_name="Another Name", by=world.intake, now=world.now
        ),
    ):
        with pytest.raises(RegisterError) as refused:
            speak()
        assert refused.value.code is RegisterErrorCode.UNKNOWN_ID
        assert "was destroyed" in refused.value.sentence
    assert {each.kind for each in events.of_client(world.ids.client)} == {EventKind.LAST_SERVICE}


@pytest.mark.real
def test_a_complete_backup_from_before_and_the_master_key_open_until_the_epoch_ended_and_never_after(
    records: Records, tmp_path: Path
) -> None:
    from flows import safekeeping
    from flows.certificate import certificate
    from register.vocabulary import CertificateStage
    from storage.backup import listed_objects, read_object
    from storage.embedded import Places, open_keyring
    from storage.envelope import unseal
    from storage.epochs import EpochKeys
    from storage.errors import EpochGone
    from storage.vault import _object_context
    from templates.text import extract

    (record,) = records.kept(1)
    world, site = records.world, records.site  # noqa: F811
    before = tmp_path / "before"
    safekeeping.backup(site, before, standby=None, by=world.administrator)
    run = records.executed(records.approved())
    first, pdf = certificate(site, run.run_id, by=world.officer)
    assert first.stage is CertificateStage.KEYS_DESTROYED
    assert "pending" in "\n".join(extract(pdf).pages)

    def by_the_backup() -> bytes:
        """Everything `confide backup` wrote, the epoch keys as they are now, and the master key."""
        home = tmp_path / "thief"
        home.mkdir(mode=0o700, exist_ok=True)
        (home / "keyring.db").write_bytes((before / "keyring.db").read_bytes())
        (home / "keyring.db").chmod(0o600)
        places = Places(home=home, keys=world.keys)
        keyring = open_keyring(places, EpochKeys(places.epochs, places.custody.load()))
        try:
            key = keyring.get(record.object_id)
        finally:
            keyring.close()
        (item,) = (each for each in listed_objects(before) if each.key == record.object_id)
        sealed = read_object(before, item)
        assert sealed is not None
        return unseal(key.secret, sealed, _object_context(record.object_id, Area.RECORDS))

    import hashlib

    assert hashlib.sha256(by_the_backup()).hexdigest() == record.document_sha256, "as the certificate says"
    with pytest.raises(KeyDestroyed):
        site.vault.get(record.object_id, Area.RECORDS)
    moved = site.vault.keyring.move_on(anew=True)
    site.vault.keyring.end_epochs([n for n in site.vault.keyring.epochs.numbers() if n < moved.epoch])
    with pytest.raises(EpochGone):
        by_the_backup()
    second, final = certificate(site, run.run_id, by=world.officer)
    assert second.stage is CertificateStage.EFFECTIVE
    assert second.effective_on is not None
    assert second.record_id != first.record_id
    text = "\n".join(extract(final).pages)
    assert "pending" not in text
    assert f"{second.effective_on:%B} {second.effective_on.day}, {second.effective_on.year}" in text
    assert certificate(site, run.run_id, by=world.officer)[1] == final
    assert isinstance(second.effective_on, dt.date)


@on_sqlite_only
def test_a_restore_of_an_older_backup_brings_nothing_back_that_a_run_destroyed(
    records: Records, tmp_path: Path
) -> None:
    from flows import safekeeping
    from storage.embedded import Places, open_vault
    from storage.restore import restore

    gone, kept = records.kept(2)
    world, site = records.world, records.site  # noqa: F811
    before = tmp_path / "before"
    safekeeping.backup(site, before, standby=None, by=world.administrator)
    run = records.proposed()
    records.answered(run, [gone.record_id])
    from flows.site import now
    from register import disposal

    for person in (world.counsel, records.board):
        run = disposal.approve(run.run_id, shown_sha256=disposal.show(run.run_id).shown_sha256, by=person, now=now())
    records.executed(run)
    places = Places(home=tmp_path / "elsewhere", keys=world.keys)
    master = places.custody.load()
    restored = restore(before, places, log=site.vault.log, master=master, now=now())
    assert restored.left_out == 1
    vault = open_vault(places, master)
    with pytest.raises(KeyDestroyed):
        vault.get(gone.object_id, Area.RECORDS)
    assert vault.get(kept.object_id, Area.RECORDS, version_id=kept.version_id)
    vault.keyring.close()
