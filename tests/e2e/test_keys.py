"""Keys in AWS KMS (moto's server) and on a token, changed under a running site; docs/keys.md as it stands."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.running import FOUNDING, PASSWORD, PROJECT, RunningSite, running_site
from tests.signing.places import PIN, SOFTHSM, on_token, softhsm

pytestmark = pytest.mark.e2e
PAGE = (PROJECT / "docs" / "keys.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    """Master key and root's key in KMS, seal key on a token; serving."""
    root = tmp_path_factory.mktemp("keys")
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    reach = {"AWS_ENDPOINT_URL_KMS": f"http://{host}:{port}", "AWS_DEFAULT_REGION": "us-east-1"}
    reach |= {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    kms = boto3.client("kms", region_name="us-east-1", endpoint_url=reach["AWS_ENDPOINT_URL_KMS"],
                       aws_access_key_id="testing", aws_secret_access_key="testing")  # fmt: skip
    master = kms.create_key()["KeyMetadata"]["Arn"]
    authority = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    try:
        tokens = softhsm()
        on_token(tokens, "rsa", "seal")
        pin = root / "pin"
        root.chmod(0o700)
        pin.write_text(PIN + "\n")
        pin.chmod(0o400)
        seal = f"pkcs11:token=org;object=seal?module-path={SOFTHSM}&pin-source={pin}"
        settings = reach | {
            "SOFTHSM2_CONF": str(tokens / "softhsm2.conf"),
            "CONFIDE_KEK": f"awskms:{master}",
            "CONFIDE_CA_KEY": f"awskms:{authority}",
            "CONFIDE_SEAL_KEY": seal,
        }
        with running_site(root / "site", **settings) as running:
            yield running.founded().serve(wait_for=("filler", "renderer", "worker"))
    finally:
        server.stop()


def sealed_packet(site: RunningSite, who: str) -> list[str]:
    """One packet from the click to the seal; the files of its statements."""
    organization = site.organization(f"{who} Street Housing Office", "housing")
    wish = {"client": site.client(f"{who} Turner-Doe", "1990-01-02"), "language": "en"}
    opened = site.confide("packet", "open", told=wish | {"statements": [site.statement(organization)]})
    packet = site.until(opened["packet_id"], "presented", 120)
    site.sign_all(packet)
    site.until(opened["packet_id"], "active", 120)
    return [
        site.confide("copy", row["statement_id"], "--to", str(site.root / "copies"))["path"]
        for row in packet["statements"]
    ]


def test_the_keys_may_be_changed_under_a_running_site_and_everything_sealed_before_and_after_verifies(
    site: RunningSite,
) -> None:
    assert {line["level"] for line in site.confide("keys", "check", as_admin=False)} == {"ok"}
    kept = {line["name"]: line["keeper"] for line in site.confide("keys", "list", as_admin=False)}
    assert (kept["master key"], kept["root"], kept["seal key"]) == ("awskms", "awskms", "pkcs11")
    files = sealed_packet(site, "Before")

    site.env["CONFIDE_KEK"] = "file"
    done = site.confide("keys", "rotate", "--shares-to", str(site.root / "new-shares"))
    assert done["place"] == "file"
    assert (site.keys / "master.key").exists()
    assert not (site.keys / "master.awskms").exists()
    site.confide("keys", "renew", "--root")
    files += sealed_packet(site, "After")  # the worker was not started again
    told = site.confide("verify", *files, as_admin=False)
    assert len(files) >= 4
    assert {each["outcome"] for each in told} == {"accepted"}

    (site.keys / "master.key").unlink()
    site.confide("keys", "check", as_admin=False, code=11)
    share = ["--share", str(site.root / "new-shares" / "share-1-of-3.txt")]
    old = ["--share", str(site.root / "shares" / "share-1-of-3.txt")]
    site.confide("keys", "recover", *old, "--share", str(site.root / "shares" / "share-2-of-3.txt"),
                 as_admin=False, code=12)  # fmt: skip
    site.confide("keys", "recover", *share, "--share", str(site.root / "new-shares" / "share-3-of-3.txt"),
                 as_admin=False)  # fmt: skip
    assert {line["level"] for line in site.confide("keys", "check", as_admin=False)} == {"ok"}


def test_only_an_administrator_changes_keys_and_nothing_is_changed_otherwise(site: RunningSite) -> None:
    before = site.confide("keys", "list", as_admin=False)
    clerk = site.root / "clerk"
    clerk.write_text("another long enough sentence\n")
    site.confide("staff", "add", "clerk", "--role", "intake", "--new-password-file", str(clerk),
                 told={"display_name": "Cleo Marsh"})  # fmt: skip
    as_clerk = ("--as", "clerk", "--password-file", str(clerk))
    for verb in (("rotate", "--shares-to", str(site.root / "never")), ("renew",)):
        site.confide("keys", *verb, *as_clerk, as_admin=False, code=7)
    assert site.confide("keys", "list", as_admin=False) == before
    assert not (site.root / "never").exists()


def test_the_commands_of_the_page_work_as_they_stand(tmp_path: Path) -> None:
    with running_site(tmp_path / "site") as site:
        site.password_file.write_text(PASSWORD + "\n")
        site.cwd = site.root
        ran = 0
        for block in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL):
            for line in block.splitlines():
                if not line.startswith("$ confide "):
                    continue
                words = shlex.split(line)[2:]
                told = FOUNDING if words[0] == "init" else None
                if told is not None:
                    import yaml

                    (site.root / "founding.yaml").write_text(yaml.safe_dump(told))
                done = site.run(*words)
                assert done.returncode == 0, (words, done.stdout, done.stderr)
                ran += 1
        assert ran >= 5
        assert os.listdir(site.keys)  # noqa: PTH208 - only whether there is anything
