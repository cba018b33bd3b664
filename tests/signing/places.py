"""The organization's keys where they may live: a PKCS#12 file, a SoftHSM2 token, AWS KMS as moto plays it."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates

from signing.keys import LocalKey, SigningKey
from signing.kms import KmsKey
from signing.token import TokenKey, TokenPlace

PIN, PASSPHRASE = "4321", b"a passphrase of the test's"
SOFTHSM = Path("/usr/lib/softhsm/libsofthsm2.so")
KINDS = (
    "p12 rsa",
    "token p256",
    "kms rsa",
    *(pytest.param(what, marks=pytest.mark.real) for what in ("p12 p256", "token rsa", "kms p256")),
)


def made(kind: str) -> ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048) if kind == "rsa" else ec.generate_private_key(ec.SECP256R1())


def pkcs12(kind: str) -> bytes:
    return serialize_key_and_certificates(b"seal", made(kind), None, None, BestAvailableEncryption(PASSPHRASE))


@functools.cache
def softhsm() -> Path:
    """The folder of this process's tokens `org` and `guarded`, with their `softhsm2.conf`.

    One for the whole process and to its end: the library reads the environment once, and tests of two modules that
    each made a folder of their own found the keys of one in the other's.
    """
    if shutil.which("softhsm2-util") is None or not SOFTHSM.exists():
        message = "SoftHSM2 is not installed: apt-get install softhsm2"
        pytest.fail(message) if os.environ.get("CONFIDE_CI") == "1" else pytest.skip(message)
    directory = Path(tempfile.mkdtemp(prefix="confide-softhsm-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    (directory / "tokens").mkdir()
    configuration = directory / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {directory}/tokens\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(configuration)
    for label in ("org", "guarded"):
        softhsm_util("--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", "8765")
    return directory


def on_token(directory: Path, kind: str, label: str) -> TokenPlace:
    """A new key imported onto the token under a label."""
    pem = directory / f"{label}.pem"
    pem.write_bytes(made(kind).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    identifier = label.encode().hex()
    softhsm_util("--import", str(pem), "--token", "org", "--label", label, "--id", identifier, "--pin", PIN)
    pem.unlink()
    return TokenPlace(module=SOFTHSM, token="org", object=label)


def softhsm_util(*arguments: str) -> None:
    subprocess.run(["softhsm2-util", *arguments], check=True, capture_output=True)


def in_kms(kind: str) -> str:
    """ARN of a new asymmetric key."""
    import boto3

    spec = "RSA_2048" if kind == "rsa" else "ECC_NIST_P256"
    told = boto3.client("kms", region_name="us-east-1").create_key(KeySpec=spec, KeyUsage="SIGN_VERIFY")
    return str(told["KeyMetadata"]["Arn"])


@pytest.fixture(scope="session")
def token_directory() -> Path:
    return softhsm()


@pytest.fixture(scope="session")
def aws_here() -> Iterator[None]:
    """An AWS of the tests' own, in this process."""
    from moto import mock_aws

    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        with mock_aws():
            yield


def opened(what: str, label: str, request: pytest.FixtureRequest) -> SigningKey:
    """A key of one of `KINDS`, made anew."""
    place, kind = what.split()
    if place == "p12":
        return LocalKey.load_pkcs12(pkcs12(kind), PASSPHRASE)
    if place == "token":
        return TokenKey(on_token(request.getfixturevalue("token_directory"), kind, label), PIN)
    request.getfixturevalue("aws_here")
    return KmsKey(in_kms(kind))
