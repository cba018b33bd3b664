"""The organization's keys on a token, in a key service or in a file: the same signatures, and none taken on trust."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from botocore.stub import Stubber
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import load_der_x509_certificate

from signing import appearance, chain, seal
from signing.authority import Authority
from signing.errors import KeyUnavailable, SigningCode, SigningError
from signing.keys import LocalKey, SigningKey, require_genuine
from signing.kms import KmsKey
from signing.timestamp import EmbeddedStamper
from signing.token import TokenKey, TokenPlace
from signing.verify import Clock, verify
from tests.signing.conftest import ORGANIZATION, sign_client, sign_witness
from tests.signing.places import (  # noqa: F401 - fixtures
    KINDS,
    PASSPHRASE,
    PIN,
    SOFTHSM,
    aws_here,
    in_kms,
    on_token,
    opened,
    pkcs12,
    token_directory,
)
from tests.signing.test_decades import SIGNERS, YEAR, on

Judge = Callable[[bytes, Sequence[bytes]], dict[str, str]]


def moment() -> datetime:
    return datetime.now(UTC)


def whole_chain(prepared: bytes, authority: Authority, key: SigningKey) -> bytes:
    """Certified and sealed with the organization's own key; client and witness with keys of the act."""
    stamper = EmbeddedStamper(authority)
    pdf = chain.certify(prepared, authority, stamper, now=moment(), key=key).pdf
    pdf = sign_witness(sign_client(pdf, authority, stamper), authority, stamper)
    look = appearance.seal(ORGANIZATION, moment())
    sealed = seal.seal(pdf, authority, stamper, appearance=look, now=moment(), key=key)
    assert sealed.level is seal.SealLevel.SEALED
    return sealed.pdf


@pytest.mark.parametrize("what", KINDS)
def test_a_statement_sealed_with_keys_that_live_elsewhere_is_proven_today_and_in_nineteen_years(
    what: str, prepared_pdf: bytes, judge: Judge, request: pytest.FixtureRequest
) -> None:
    ca = opened(what, f"ca-{what.split()[1]}", request)
    authority = Authority.create(ORGANIZATION, now=moment(), ca_key=ca)
    assert authority.to_parts().root_key == b"", "a key that lives elsewhere is not kept here as well"
    again = Authority.from_parts(authority.to_parts(), ca_key=ca)
    key = opened(what, f"seal-{what.split()[1]}", request)
    sealed = whole_chain(prepared_pdf, again, key)
    told = verify(sealed, roots=[authority.root_der])
    assert told.accepted, told
    assert told.clock is Clock.OWN
    with on(19 * YEAR):
        assert set(judge(sealed, [authority.root_der]).values()) == {"OK"}


def test_an_rsa_key_of_the_organization_leaves_nothing_for_the_clients_signature_to_change(
    prepared_pdf: bytes, authority: Authority
) -> None:
    """Bug: a P-256 signature writes PDF version and extension into the catalog, where an RSA one before it had not."""
    key = LocalKey.load_pkcs12(pkcs12("rsa"), PASSPHRASE)
    assert verify(whole_chain(prepared_pdf, authority, key), roots=[authority.root_der]).accepted


@pytest.mark.parametrize("what", ["token p256", "kms rsa"])
def test_a_key_that_lives_elsewhere_crosses_into_a_signing_process(what: str, request: pytest.FixtureRequest) -> None:
    key = opened(what, f"crossing-{what.split()[1]}", request)
    authority = Authority.create(ORGANIZATION, now=moment(), ca_key=key)
    other: Authority = pickle.loads(pickle.dumps(authority))  # noqa: S301 - our own bytes
    act = other.issue("Rosa", role="client", act_id="ACT-1", now=moment())
    assert authority.issued(act.certificate_der)
    assert PIN not in repr(key)


def test_an_authority_whose_key_lives_elsewhere_says_so_when_no_setting_names_it(
    aws_here: None,  # noqa: F811
) -> None:
    authority = Authority.create(ORGANIZATION, now=moment(), ca_key=KmsKey(in_kms("p256")))
    with pytest.raises(SigningError) as refused:
        Authority.from_parts(authority.to_parts())
    assert refused.value.code is SigningCode.KEY_NOT_FOUND
    assert "CONFIDE_CA_KEY" in refused.value.remedy


def test_another_key_than_the_roots_issues_nothing(aws_here: None) -> None:  # noqa: F811
    authority = Authority.create(ORGANIZATION, now=moment(), ca_key=KmsKey(in_kms("p256")))
    for kind in ("p256", "rsa"):
        stranger = Authority.from_parts(authority.to_parts(), ca_key=KmsKey(in_kms(kind)))
        with pytest.raises(SigningError) as refused:
            stranger.issue("Rosa", role="client", act_id="ACT-1", now=moment())
        assert refused.value.code is SigningCode.KEY_UNTRUE


class Lying:
    """A device that signs with another key than it shows."""

    remote = True

    def __init__(self) -> None:
        self._shown, self._used = LocalKey.generate(), LocalKey.generate()
        self.public_key_der = self._shown.public_key_der
        self.signature_size = self._shown.signature_size

    def sign(self, data: bytes, digest: str) -> bytes:
        return self._used.sign(data, digest)


def test_a_device_that_signs_with_another_key_seals_nothing(prepared_pdf: bytes, authority: Authority) -> None:
    with pytest.raises(SigningError) as refused:
        chain.certify(prepared_pdf, authority, EmbeddedStamper(authority), now=moment(), key=Lying())
    assert refused.value.code is SigningCode.KEY_UNTRUE


@pytest.mark.real
def test_the_root_prolonged_verifies_what_was_sealed_before_and_the_old_one_what_is_sealed_after(
    prepared_pdf: bytes, judge: Judge
) -> None:
    with on(timedelta(0)):
        old = Authority.create(ORGANIZATION, now=moment())
        before = whole_chain(prepared_pdf, old, LocalKey.generate())
        begun = chain.certify(prepared_pdf, old, EmbeddedStamper(old), now=moment()).pdf
    with on(timedelta(days=3)):
        new = old.prolonged(now=moment())
        assert new.root_der != old.root_der
        # a statement that was begun under the old root is signed and sealed under the new one
        stamper = EmbeddedStamper(new)
        signed = sign_witness(sign_client(begun, new, stamper), new, stamper)
        after = seal.seal(signed, new, stamper, appearance=None, now=moment()).pdf
        for pdf, roots in (
            (before, [new.root_der]),
            (after, [old.root_der]),
            (before, [old.root_der, new.root_der]),
            (after, [new.root_der, old.root_der]),
        ):
            told = verify(pdf, roots=roots)
            assert told.accepted, told
            assert told.clock is Clock.OWN, "the same organization's clock, whichever of its roots is trusted"
    with on(18 * YEAR):
        again = new.prolonged(now=moment())
        longer = seal.renew(before, again, EmbeddedStamper(again), now=moment())
    assert load_der_x509_certificate(again.root_der).not_valid_after_utc > moment() + 47 * YEAR
    with on(37 * YEAR):  # the old root, and the time-stamp authority under it, ended long ago
        judged = judge(longer, [again.root_der])
        assert {judged[field] for field in SIGNERS} == {"OK"}
        for roots in ([again.root_der], [old.root_der, again.root_der]):
            told = verify(longer, roots=roots)
            assert told.accepted, told


@pytest.mark.parametrize("kind", ["rsa", "p256"])
def test_a_pkcs12_file_opens_with_its_passphrase_only(kind: str) -> None:
    data = pkcs12(kind)
    key = LocalKey.load_pkcs12(data, PASSPHRASE)
    require_genuine(key.public_key_der, b"x", key.sign(b"x", "sha256"), "sha256")
    for wrong in (b"another", None):
        with pytest.raises(SigningError):
            LocalKey.load_pkcs12(data, wrong)


def test_a_key_on_a_token_that_has_no_end_date_has_none(token_directory: Path) -> None:  # noqa: F811
    """Bug: SoftHSM2 answers with an empty date, and the whole check of certificates failed."""
    assert TokenKey(on_token(token_directory, "p256", "endless"), PIN).ends() is None


def test_a_wrong_pin_is_tried_once_a_process_and_told_without_itself(token_directory: Path) -> None:  # noqa: F811
    key = TokenKey(TokenPlace(module=SOFTHSM, token="guarded", object="seal"), "9999")
    for _ in range(5):  # SoftHSM would not lock, a card would
        with pytest.raises(SigningError) as refused:
            key.sign(b"x", "sha256")
        assert refused.value.code is SigningCode.KEY_REFUSED
        assert "9999" not in str(refused.value)


@pytest.mark.parametrize(
    "place",
    [
        TokenPlace(module=SOFTHSM, token="nobody's", object="seal"),
        TokenPlace(module=SOFTHSM, token="org", object="no such key"),
    ],
)
def test_a_token_or_key_that_is_not_there_is_told_apart_from_one_that_does_not_answer(
    place: TokenPlace,
    token_directory: Path,  # noqa: F811
) -> None:
    with pytest.raises(SigningError) as refused:
        TokenKey(place, PIN).sign(b"x", "sha256")
    assert refused.value.code is SigningCode.KEY_NOT_FOUND
    with pytest.raises(KeyUnavailable):
        TokenKey(TokenPlace(module=Path("/nonexistent.so"), token="org", object="seal"), PIN).sign(b"x", "sha256")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("DisabledException", SigningCode.KEY_DISABLED),
        ("KMSInvalidStateException", SigningCode.KEY_PENDING_DELETION),
        ("NotFoundException", SigningCode.KEY_NOT_FOUND),
        ("AccessDeniedException", SigningCode.KEY_REFUSED),
        ("ThrottlingException", SigningCode.KEY_UNAVAILABLE),
        ("KeyUnavailableException", SigningCode.KEY_UNAVAILABLE),
        ("KMSInternalException", SigningCode.KEY_UNAVAILABLE),
    ],
)
def test_every_state_of_a_signing_key_in_kms_is_told_apart_and_without_the_services_own_words(
    answer: str, code: SigningCode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    key = KmsKey("arn:aws:kms:us-east-1:111122223333:key/1234")
    public = LocalKey(ec.generate_private_key(ec.SECP256R1())).public_key_der
    shown = {"PublicKey": public, "KeyUsage": "SIGN_VERIFY", "KeySpec": "ECC_NIST_P256"}
    with Stubber(key._client) as stub:
        stub.add_response("get_public_key", shown)
        stub.add_client_error("sign", answer, "User: arn:aws:iam::111122223333:user/Jane.Doe may not")
        with pytest.raises(SigningError) as refused:
            key.sign(b"x", "sha256")
    assert refused.value.code is code
    assert "Jane" not in str(refused.value)
    again: SigningError = pickle.loads(pickle.dumps(refused.value))  # noqa: S301 - our own bytes
    assert (again.code, again.sentence, again.remedy) == (code, refused.value.sentence, refused.value.remedy)


def test_a_kms_key_made_for_something_else_is_refused(aws_here: None) -> None:  # noqa: F811
    import boto3

    kms = boto3.client("kms", region_name="us-east-1")
    other = kms.create_key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["Arn"]
    with pytest.raises(SigningError) as refused:
        _ = KmsKey(other).public_key_der
    assert refused.value.code is SigningCode.KEY_UNFIT


def test_the_end_of_a_kms_key_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    key, end = KmsKey("arn:aws:kms:us-east-1:111122223333:key/1234"), datetime(2031, 5, 1, tzinfo=UTC)
    with Stubber(key._client) as stub:
        for told in ({"ValidTo": end}, {"DeletionDate": end}, {}):
            stub.add_response("describe_key", {"KeyMetadata": {"KeyId": "1234", **told}})
        assert [key.ends() for _ in range(3)] == [end, end, None]
