"""Where the master key is kept: in a file, or under a KMS key, and in both cases this site's own 32 bytes."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ConnectTimeoutError, NoCredentialsError
from botocore.stub import ANY, Stubber
from moto import mock_aws

from storage import recovery
from storage.custody import IN_A_FILE, Custody, KeptMaster, KeyPlace, Stage
from storage.embedded import Places, create_master, open_vault
from storage.epochs import EpochKeys
from storage.errors import (
    KeyPlaceError,
    KeyServiceError,
    KeyServiceUnavailable,
    MasterKeyExists,
    StorageCode,
    UnsafePlace,
    WrongMasterKey,
)
from storage.kms import AwsKms
from storage.master import MasterKey
from storage.protocol import Area


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An AWS of the test's own, in this process."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        yield


@pytest.fixture
def kms_place(aws: None) -> KeyPlace:
    arn = boto3.client("kms").create_key()["KeyMetadata"]["Arn"]
    return KeyPlace.parse(f"awskms:{arn}")


@pytest.fixture
def custody(tmp_path: Path) -> Custody:
    return Custody(tmp_path / "keys")


def test_a_master_key_in_kms_is_opened_again_and_its_file_holds_nothing_of_it(
    custody: Custody, kms_place: KeyPlace
) -> None:
    made = custody.create(kms_place)
    assert Custody(custody.directory).load() == made
    assert custody.key_id() == made.key_id
    (file,) = custody.directory.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o400
    for shape in (made.reveal(), made.reveal().hex().encode()):
        assert shape not in file.read_bytes()


def test_kms_sees_a_random_id_and_nothing_else_as_context(custody: Custody, kms_place: KeyPlace) -> None:
    import json

    custody.create(kms_place)
    context = json.loads((custody.directory / "master.awskms").read_bytes())["context"]
    assert list(context) == ["confide"]
    assert len(bytes.fromhex(context["confide"])) == 16


def test_a_wrapped_master_key_does_not_open_with_another_context_or_changed_bytes(
    custody: Custody, kms_place: KeyPlace
) -> None:
    import base64
    import json

    custody.create(kms_place)
    path = custody.directory / "master.awskms"
    genuine = json.loads(path.read_bytes())
    blob = bytearray(base64.b64decode(genuine["wrapped"]))
    blob[-1] ^= 1
    for changed in ({"context": {"confide": "0" * 32}}, {"wrapped": base64.b64encode(blob).decode()}):
        path.chmod(0o600)
        path.write_text(json.dumps({**genuine, **changed}))
        path.chmod(0o400)
        with pytest.raises(WrongMasterKey):
            custody.load()


def test_a_vault_whose_master_key_is_in_kms_keeps_and_gives(places: Places, kms_place: KeyPlace) -> None:
    create_master(places, kms_place)
    assert not places.master.exists()
    opened = open_vault(places)
    stored = opened.put("a" * 32, b"signed", area=Area.RECORDS)
    opened.keyring.close()
    again = open_vault(places)
    assert again.get("a" * 32, Area.RECORDS, sha256=stored.sha256) == b"signed"
    again.keyring.close()


def test_recovery_shares_bring_the_master_key_back_without_kms(custody: Custody, kms_place: KeyPlace) -> None:
    made = custody.create(kms_place)
    sheets = recovery.split(made, needed=2, shares=3)

    def no_kms(key: str) -> AwsKms:
        raise AssertionError(f"asked {key}")

    elsewhere = Custody(custody.directory.parent / "elsewhere", service=no_kms)
    elsewhere.keep(recovery.combine(sheets[1:]), IN_A_FILE)
    assert elsewhere.load() == made


def test_an_alias_that_points_elsewhere_later_changes_nothing(custody: Custody, aws: None) -> None:
    kms = boto3.client("kms")
    first, second = (kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(2))
    kms.create_alias(AliasName="alias/confide", TargetKeyId=first)
    made = custody.create(KeyPlace.parse("awskms:alias/confide"))
    kms.update_alias(AliasName="alias/confide", TargetKeyId=second)
    assert custody.load() == made
    assert custody.place().kms_key.endswith(first)


def test_a_master_key_is_never_made_over_another(custody: Custody, kms_place: KeyPlace) -> None:
    made = custody.create(IN_A_FILE)
    for place in (IN_A_FILE, kms_place):
        with pytest.raises(MasterKeyExists):
            custody.create(place)
    assert custody.load() == made


def test_two_master_keys_of_one_stage_are_refused(custody: Custody, kms_place: KeyPlace) -> None:
    custody.create(IN_A_FILE)
    Custody(custody.directory.parent / "other").create(kms_place)
    (custody.directory.parent / "other" / "master.awskms").rename(custody.directory / "master.awskms")
    with pytest.raises(UnsafePlace):
        custody.load()


@pytest.mark.parametrize("told", ["awskms:", "awskms: ", "vault:x", "files", "FILE"])
def test_a_place_that_is_none_is_refused(told: str) -> None:
    with pytest.raises(KeyPlaceError):
        KeyPlace.parse(told)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("DisabledException", StorageCode.KEY_DISABLED),
        ("KMSInvalidStateException", StorageCode.KEY_PENDING_DELETION),
        ("AccessDeniedException", StorageCode.KEY_SERVICE_REFUSED),
        ("NotFoundException", StorageCode.KEY_UNKNOWN),
        ("InvalidKeyUsageException", StorageCode.KEY_SERVICE_REFUSED),
        ("IncorrectKeyException", StorageCode.WRONG_MASTER_KEY),
        ("InvalidCiphertextException", StorageCode.WRONG_MASTER_KEY),
        ("KeyUnavailableException", StorageCode.KEY_SERVICE_UNAVAILABLE),
        ("KMSInternalException", StorageCode.KEY_SERVICE_UNAVAILABLE),
        ("ThrottlingException", StorageCode.KEY_SERVICE_UNAVAILABLE),
    ],
)
def test_every_state_of_a_kms_key_is_told_apart_and_without_the_services_own_words(
    answer: str, code: StorageCode, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By botocore's Stubber: moto serves disabled and dying keys all the same."""
    service = AwsKms("arn:aws:kms:eu-central-1:111122223333:key/1234")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    assert service._client.meta.region_name == "eu-central-1"
    with Stubber(service._client) as stub:
        for verb in ("decrypt", "encrypt", "generate_data_key"):
            stub.add_client_error(
                verb, answer, "User: arn:aws:iam::111122223333:user/Jane.Doe is not authorized", expected_params=None
            )
        for call in (
            lambda: service.unwrap(b"x", {"confide": "1"}),
            lambda: service.wrap(b"x" * 32, {"confide": "1"}),
            lambda: service.generate({"confide": "1"}),
        ):
            with pytest.raises((KeyServiceError, WrongMasterKey)) as refused:
                call()
            assert refused.value.code is code
            assert refused.value.remedy
            assert "Jane" not in str(refused.value)
            assert refused.value.__cause__ is None
        stub.assert_no_pending_responses()


def test_kms_is_asked_for_the_very_key_that_wrapped(custody: Custody, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    arn = "arn:aws:kms:us-east-1:111122223333:key/1234"
    service = AwsKms(arn)
    with Stubber(service._client) as stub:
        asked = {"KeyId": arn, "CiphertextBlob": b"wrapped", "EncryptionContext": {"confide": ANY}}
        stub.add_response("decrypt", {"Plaintext": bytes(32), "KeyId": arn}, asked)
        assert service.unwrap(b"wrapped", {"confide": "ab"}) == bytes(32)


@pytest.mark.parametrize("failure", [NoCredentialsError(), ConnectTimeoutError(endpoint_url="https://kms")])
def test_a_kms_that_cannot_be_reached_is_no_lost_key(failure: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    service = AwsKms("arn:aws:kms:us-east-1:111122223333:key/1234")

    def silent(**_: object) -> object:
        raise failure

    monkeypatch.setattr(service._client, "decrypt", silent)
    with pytest.raises(KeyServiceUnavailable) as refused:
        service.unwrap(b"x", {})
    assert type(failure).__name__ in refused.value.sentence


def test_a_long_lived_process_asks_kms_once(tmp_path: Path, kms_place: KeyPlace) -> None:
    asked: list[str] = []

    class Counted(AwsKms):
        def unwrap(self, ciphertext: bytes, context: object) -> bytes:
            asked.append(self.key)
            return super().unwrap(ciphertext, context)  # type: ignore[arg-type]

    custody = Custody(tmp_path / "keys", service=Counted)
    custody.create(kms_place)
    epochs = EpochKeys(tmp_path / "keys" / "epochs", KeptMaster(custody))
    keys = [epochs.create(number) for number in range(1, 6)]
    assert [epochs.load(number) for number in range(1, 6)] == keys
    assert len(asked) == 1


def test_a_key_that_is_not_confirmed_wraps_nothing(custody: Custody) -> None:
    made = custody.create(IN_A_FILE)
    custody.create(IN_A_FILE, Stage.NEXT)
    kept = KeptMaster(custody)
    assert kept.key_id == made.key_id
    stranger = MasterKey(bytes(32)).wrap(b"x", {})
    with pytest.raises(WrongMasterKey):
        kept.unwrap(stranger, {})
    with pytest.raises(WrongMasterKey):
        kept.unwrap(custody.load(Stage.NEXT).wrap(b"x", {}), {})
