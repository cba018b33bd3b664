"""A whole site whose store is a bucket on a real S3 server: the main job, upkeep, doctor, coming back from a loss."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.running import FOUNDING, PASSWORD, RunningSite, running_site

sys.path.insert(0, str(Path(__file__).parent.parent / "storage"))

from s3_servers import new_bucket

from storage.address import S3Address
from storage.protocol import Area
from storage.s3 import S3Store

pytestmark = pytest.mark.real


ALL_EVERY_NIGHT = {"CONFIDE_FIXITY_DAYS": "1"}


def settings(address: S3Address) -> dict[str, str]:
    """The same address as a site is told it."""
    return {
        "CONFIDE_STORE": address.url,
        "CONFIDE_S3_ENDPOINT": str(address.endpoint),
        "CONFIDE_S3_REGION": str(address.region),
        "CONFIDE_S3_KMS_KEY": str(address.kms_key),
        "CONFIDE_S3_CA_BUNDLE": str(address.ca_bundle),
    }


@pytest.fixture(scope="module")
def address(by_https: S3Address) -> S3Address:
    return new_bucket(by_https)


@pytest.fixture(scope="module")
def site(address: S3Address, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    """One packet of two statements, signed and sealed; the processes run."""
    with running_site(tmp_path_factory.mktemp("s3") / "site", **settings(address), **ALL_EVERY_NIGHT) as made:
        made.founded().serve()
        housing = made.organization("Bucket Street Housing Office", "housing")
        client = made.client("Ottilie Versand", "1988-08-08")
        packet = made.confide("packet", "open", told={"client": client, "statements": [made.statement(housing)]})
        made.sign_all(packet)
        made.until(packet["packet_id"], "active")
        yield made


def test_sealed_records_lie_locked_on_the_server_and_nothing_beside(site: RunningSite, address: S3Address) -> None:
    store = S3Store(address)
    records = list(store.list(Area.RECORDS))
    assert len(records) == 2
    for key in records:
        (version,) = store.stat(Area.RECORDS, key)
        assert version.retain_until is not None
        assert version.retain_until > datetime.now(UTC) + timedelta(days=365)
        assert b"Versand" not in store.get(Area.RECORDS, key)
    assert list(store.list(Area.WORKING)) == [], "working bytes went when they were sealed"
    assert not (site.home / "records").exists()


def test_the_client_gets_a_copy_and_it_verifies(site: RunningSite, tmp_path: Path) -> None:
    (packet,) = site.confide("packet", "list", as_admin=False)
    rows = site.confide("packet", "show", packet["packet_id"], as_admin=False)["statements"]
    copies = [site.confide("copy", row["statement_id"], "--to", str(tmp_path))["path"] for row in rows]
    verdicts = site.confide("verify", *copies, as_admin=False)
    assert [verdict["accepted"] for verdict in verdicts] == [True, True]


def test_upkeep_reads_every_record_and_finds_nothing_for_a_person(site: RunningSite) -> None:
    ran = site.run("upkeep", "--json")
    assert ran.returncode == 0, ran.stdout
    assert ran.stdout.count('"proved"') == 2


def test_doctor_tries_the_server_and_has_nothing_against_it(site: RunningSite) -> None:
    lines = site.confide("doctor", as_admin=False, code=None)
    store = {line["sentence"]: line["level"] for line in lines if line["what"] == "store"}
    tried = [level for sentence, level in store.items() if "lock of five seconds" in sentence]
    assert tried == ["ok"]
    wrong = [sentence for sentence, level in store.items() if level == "problem"]
    assert all("presumptive breach" in sentence for sentence in wrong), wrong


def test_a_bucket_without_object_lock_is_refused_before_anybody_writes_down_a_share(
    by_https: S3Address, tmp_path: Path
) -> None:
    with running_site(tmp_path / "site", **settings(new_bucket(by_https, lock=False))) as site:
        site.password_file.write_text(PASSWORD + "\n")
        shares = tmp_path / "shares"
        options = ("--password-file", str(site.password_file), "--shares-to", str(shares))
        told = site.confide("init", *options, told=FOUNDING, as_admin=False, code=3)
        assert told["error"]["code"] == "store_unfit"
        assert "keeps no versions" in told["error"]["sentence"]
        assert told["error"]["remedy"]
        assert not shares.exists()


@pytest.fixture(scope="module")
def saved(site: RunningSite, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("saved")
    told = site.confide("backup", str(place / "backup"), "--standby", str(place / "standby"))
    assert told["objects"] == 2
    return place


@pytest.mark.parametrize("lost", ["machine", "bucket", "server"])
def test_whatever_is_lost_every_record_opens_again(
    site: RunningSite, address: S3Address, by_https: S3Address, saved: Path, tmp_path: Path, lost: str
) -> None:
    where = {"machine": settings(address), "bucket": settings(new_bucket(by_https)), "server": {}}[lost]
    with running_site(tmp_path / "elsewhere", **where, **ALL_EVERY_NIGHT) as other:
        shares = [f"--share={share}" for share in sorted((site.root / "shares").iterdir())[:2]]
        told = other.confide(
            "restore", str(saved / "backup"), "--standby", str(saved / "standby"), *shares, as_admin=False
        )
        assert (told["objects"], told["opened"], told["unreadable"]) == (2, 2, [])
        upkeep = other.run("upkeep", "--json")
        assert upkeep.returncode == 0, upkeep.stdout
        assert upkeep.stdout.count('"proved"') == 2
        if lost == "machine":
            assert [len(S3Store(address).stat(Area.RECORDS, key)) for key in S3Store(address).list(Area.RECORDS)] == [
                1,
                1,
            ]


def test_a_bucket_of_another_vault_is_not_restored_into(
    site: RunningSite, by_https: S3Address, saved: Path, tmp_path: Path
) -> None:
    theirs = new_bucket(by_https)
    with running_site(tmp_path / "other", **settings(theirs)) as other:
        other.founded()
    with running_site(tmp_path / "elsewhere", **settings(theirs)) as elsewhere:
        shares = [f"--share={share}" for share in sorted((site.root / "shares").iterdir())[:2]]
        told = elsewhere.confide(
            "restore", str(saved / "backup"), "--standby", str(saved / "standby"), *shares, as_admin=False, code=3
        )
        assert "belongs to another vault" in told["error"]["sentence"]
