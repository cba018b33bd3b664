"""A whole packet kept on a real S3 server, by the desk's role under the template's policy; its administrator looks.

Who runs the server, or steals its disk, sees opaque keys, sizes, dates and sealed bytes, and learns of nobody.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.privacy.detectors import in_files, traces
from tests.real.aws_roles import Guarded, guarded_bucket
from tests.real.ceph import RECORDS_KEY, Ceph
from tests.running import RunningSite, running_site

pytestmark = pytest.mark.e2e

NAME, PURPOSE = f"Quetza{secrets.token_hex(5)}", f"Zanzi{secrets.token_hex(5)}"
AGENCY = ("Lantern Hill", "Return Services", "Mill Lane", "Ines Quill")
BIRTH = ("1987-03-14", "03/14/1987", "March 14, 1987", "19870314")
WORDS = (NAME, PURPOSE, *AGENCY, *BIRTH)
KEY = re.compile(r"(working|records|log)/[0-9a-f]{32}([0-9a-f]{32})?\Z")
SECONDS = 300.0


@dataclass
class Kept:
    """A site that lived, and the bucket it keeps its objects in."""

    site: RunningSite
    at: Guarded
    signed: dict[str, Any]
    """The packet whose statements were signed and sealed."""

    def versions(self) -> list[dict[str, Any]]:
        """Every version there is, as the bucket's owner is told."""
        pages = self.at.owner.get_paginator("list_object_versions").paginate(Bucket=self.at.bucket)
        return [version for page in pages for version in page.get("Versions", ())]


@pytest.fixture(scope="module")
def kept(ceph: Ceph, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    at = guarded_bucket(ceph)
    desk = at.users["Desk"]
    settings = {
        "CONFIDE_STORE": f"s3://{at.bucket}",
        "CONFIDE_S3_ENDPOINT": ceph.https,
        "CONFIDE_S3_REGION": "us-east-1",
        "CONFIDE_S3_KMS_KEY": RECORDS_KEY,
        "CONFIDE_S3_CA_BUNDLE": str(ceph.authority),
        "AWS_ACCESS_KEY_ID": desk.access_key,
        "AWS_SECRET_ACCESS_KEY": desk.secret_key,
    }
    with running_site(tmp_path_factory.mktemp("traceless-s3") / "site", **settings) as site:
        site.founded().serve()
        signed = lived(site)
        site.stop()
        yield Kept(site, at, signed)


def lived(site: RunningSite) -> dict[str, Any]:
    """One packet to its end; another left where it is; a night's upkeep."""
    housing = site.organization("Mill Lane Homes", "housing")
    client = site.client(f"Zuleika {NAME}", "1987-03-14")
    purpose = f"so that the kitchen in {PURPOSE} street can be rented"
    asked = {"client": client, "statements": [site.statement(housing, purpose_text=purpose)]}
    signed: dict[str, Any] = site.confide("packet", "open", told=asked)
    site.until(signed["packet_id"], "presented", SECONDS)
    site.sign_all(signed)
    signed = site.until(signed["packet_id"], "active", SECONDS)
    again = site.confide("packet", "open", "--again", told=asked)
    site.until(again["packet_id"], "presented", SECONDS)
    upkeep = str(site.confide("upkeep", as_admin=False, code=None))
    assert "duty_failed" not in upkeep, upkeep
    assert "unknown_bytes" not in upkeep, upkeep
    return signed


def test_what_happened_is_what_was_to_happen(kept: Kept) -> None:
    """Else finding nothing would mean nothing: records under lock, working bytes, and the log, all in the bucket."""
    areas = {version["Key"].partition("/")[0] for version in kept.versions()}
    assert areas == {"working", "records", "log"}
    records = [one for one in kept.versions() if one["Key"].startswith("records/")]
    assert len(records) == len(kept.signed["statements"])
    for record in records:
        which = {"Bucket": kept.at.bucket, "Key": record["Key"], "VersionId": record["VersionId"]}
        assert kept.at.clients["Desk"].get_object_retention(**which)["Retention"]["Mode"] == "GOVERNANCE"
    assert not list((kept.site.home / "records").rglob("*.0*")), "nothing lies on the site's own disk"


def test_keys_metadata_and_tags_tell_nothing(kept: Kept) -> None:
    for version in kept.versions():
        assert KEY.match(version["Key"]), version["Key"]
        which = {"Bucket": kept.at.bucket, "Key": version["Key"], "VersionId": version["VersionId"]}
        told = kept.at.clients["Desk"].head_object(**which)
        assert set(told["Metadata"]) <= {"sha256"}, "of the sealed bytes"
        assert told["ContentType"] == "binary/octet-stream"
        assert kept.at.clients["Desk"].get_object_tagging(**which)["TagSet"] == []
        assert (
            traces(repr({**told, "ResponseMetadata": told["ResponseMetadata"]["HTTPHeaders"]}).encode(), WORDS) == set()
        )


def test_bytes_that_were_sealed_before_they_left_tell_nothing_to_who_may_read_them(kept: Kept) -> None:
    for version in kept.versions():
        told = kept.at.clients["Reader"].get_object(
            Bucket=kept.at.bucket, Key=version["Key"], VersionId=version["VersionId"]
        )
        data = told["Body"].read()
        assert b"%PDF" not in data
        assert traces(data, WORDS) == set()


def test_the_server_s_disk_index_and_logs_tell_nothing(kept: Kept) -> None:
    found = {name: hit for name, data in kept.at.ceph.on_disk(kept.at.bucket).items() if (hit := traces(data, WORDS))}
    assert found == {}
    assert in_files([kept.at.ceph.folder / "log"], WORDS) == {}


def test_a_store_that_did_leak_would_be_found_in_key_metadata_tag_and_bytes(ceph: Ceph) -> None:
    """The positive control: the same server, the same detectors, an object as one would put it without thinking."""
    owner, bucket = ceph.client("s3", ceph.user("owner")), f"b{secrets.token_hex(16)}"
    owner.create_bucket(Bucket=bucket)
    for where in ("Key", "Metadata", "Tagging", "Body"):
        put: dict[str, Any] = {"Bucket": bucket, "Key": where, "Body": b"x"}
        leaks = {
            "Key": {"Key": f"consents/{NAME}.pdf"},
            "Metadata": {"Metadata": {"client": NAME}},
            "Tagging": {"Tagging": f"client={NAME}"},
            "Body": {"Body": NAME.encode()},
        }
        owner.put_object(**put | leaks[where])
    found = [name for name, data in ceph.on_disk(bucket).items() if traces(data, {NAME})]
    assert {word for word in ("Metadata", "Tagging", "Body") for name in found if name.endswith(word)} == {
        "Metadata",
        "Tagging",
        "Body",
    }
    assert any(NAME in name for name in found)
    assert "index" in found


def test_the_site_s_own_files_hold_no_credentials_of_the_store(kept: Kept) -> None:
    secret = kept.at.users["Desk"].secret_key
    places: list[Path] = [kept.site.home, kept.site.keys, kept.site.root / "serve.log"]
    assert in_files(places, (secret,)) == {}
