"""Where a site keeps its things is settled once, and never unsafely."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from register.configuration import read
from register.errors import RegisterError, RegisterErrorCode
from storage.protocol import LockMode


def test_keys_lie_beside_the_data_unless_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    site = read({"CONFIDE_TSA_URL": "", "HOME": "/elsewhere"})

    assert site.home == tmp_path / "var"
    assert site.keys == tmp_path / "keys"
    assert site.run == tmp_path / "var" / "run"
    assert site.database_path == tmp_path / "var" / "register.db"
    assert site.out == tmp_path / "out"
    assert site.tsa_url is None


def test_the_environment_names_the_places(tmp_path: Path) -> None:
    told = {"CONFIDE_HOME": f"{tmp_path}/data", "CONFIDE_DATABASE_URL": f"sqlite:///{tmp_path}/elsewhere.db"}
    site = read(told)

    assert site.keys == tmp_path / "keys"
    assert site.records_path == tmp_path / "data" / "records"
    assert site.database_path == tmp_path / "elsewhere.db"


@pytest.mark.parametrize(("home", "keys"), [("var", "var/keys"), ("var", "var"), ("keys/var", "keys"), ("var", "link")])
def test_keys_among_the_data_are_refused(tmp_path: Path, home: str, keys: str) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "var")
    with pytest.raises(RegisterError) as refused:
        read({"CONFIDE_HOME": f"{tmp_path}/{home}", "CONFIDE_KEYS": f"{tmp_path}/{keys}"})

    assert refused.value.code is RegisterErrorCode.CONFIGURATION


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://db/confide"),
        ("DATABASE_URL", "sqlite:///relative.db"),
        ("STORE", "s3://Not_A_Bucket"),
        ("STORE", "s3://bucket/a prefix"),
        ("STORE", "https://bucket.example.org"),
        ("KEYRING_URL", "keyring.db"),
        ("PREFECT_DATABASE_URL", "sqlite:////elsewhere.db"),
    ],
)
def test_what_this_version_does_not_serve_is_refused(name: str, value: str) -> None:
    with pytest.raises(RegisterError) as refused:
        read({f"CONFIDE_{name}": value})

    assert refused.value.code is RegisterErrorCode.CONFIGURATION


def test_settings_are_not_changed_after_they_were_read() -> None:
    with pytest.raises(FrozenInstanceError):
        read({}).tsa_url = "http://elsewhere"  # type: ignore[misc]


def test_reading_the_settings_and_the_words_loads_no_framework() -> None:
    program = (
        "import sys, register.configuration, register.facts, register.boot\n"
        "register.configuration.configuration()\n"
        "assert not {'django', 'pydantic', 'cryptography'} & set(sys.modules), sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_bucket_is_named_with_what_it_takes_to_reach_it(tmp_path: Path) -> None:
    bundle = tmp_path / "roots.pem"
    bundle.write_text("")
    site = read(
        {
            "CONFIDE_STORE": "s3://agency-records/confide",
            "CONFIDE_S3_ENDPOINT": "https://s3.example.org:9000",
            "CONFIDE_S3_REGION": "eu-central-1",
            "CONFIDE_S3_KMS_KEY": "alias/records",
            "CONFIDE_S3_CA_BUNDLE": str(bundle),
        }
    )

    assert site.s3 is not None
    assert (site.s3.bucket, site.s3.prefix, site.s3.url) == (
        "agency-records",
        "confide/",
        "s3://agency-records/confide",
    )
    assert (site.s3.endpoint, site.s3.region) == ("https://s3.example.org:9000", "eu-central-1")
    assert (site.s3.kms_key, site.s3.ca_bundle) == ("alias/records", bundle)
    assert read({}).s3 is None


def test_compliance_locks_are_chosen_only_in_words_that_say_what_follows() -> None:
    bucket = {"CONFIDE_STORE": "s3://agency-records"}
    with pytest.raises(RegisterError) as refused:
        read({**bucket, "CONFIDE_S3_LOCK": "compliance"})
    assert "the ciphertext stays" in refused.value.sentence
    assert refused.value.remedy.endswith("CONFIDE_S3_LOCK=compliance-ciphertext-stays")

    chosen = read({**bucket, "CONFIDE_S3_LOCK": "compliance-ciphertext-stays"}).s3
    unsaid, said = (read({**bucket, "CONFIDE_S3_LOCK": value}).s3 for value in ("", "governance"))
    assert chosen is not None
    assert (chosen.lock, unsaid) == (LockMode.COMPLIANCE, said)
    assert unsaid is not None
    assert unsaid.lock is LockMode.GOVERNANCE


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("S3_LOCK", "legal"),
        ("S3_ENDPOINT", "s3.example.org"),
        ("S3_ENDPOINT", "https://key:secret@s3.example.org"),
        ("S3_CA_BUNDLE", "/no/such/file"),
    ],
)
def test_what_makes_no_sense_beside_a_bucket_is_refused(name: str, value: str) -> None:
    with pytest.raises(RegisterError) as refused:
        read({"CONFIDE_STORE": "s3://agency-records", f"CONFIDE_{name}": value})

    assert refused.value.code is RegisterErrorCode.CONFIGURATION
    assert name in refused.value.remedy or "AWS_ACCESS_KEY_ID" in refused.value.remedy
    assert "secret" not in str(refused.value)
