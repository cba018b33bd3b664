"""The main job, as intake staff do it at the terminal, with every process real."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from templates.form import FORMS
from tests.running import RunningSite

pytestmark = pytest.mark.e2e

EDITION = "2099.01"
"""A version later than any that ships."""


def test_three_organizations_get_three_statements_that_name_no_other(site: RunningSite, tmp_path: Path) -> None:
    names = {
        "parole": "Hollow County Parole Office",
        "probation": "Hollow County Office of Probation",
        "housing": "Hollow County Housing Authority",
    }
    ids = {kind: site.organization(name, kind) for kind, name in names.items()}
    client = site.client("Amara Lindqvist", "1991-02-03")
    told = {
        "client": client,
        "language": "en",
        "statements": [
            site.statement(ids["parole"], purposes=["supervision"], categories=["attendance"]),
            site.statement(ids["probation"], purposes=["supervision"], categories=["attendance"]),
            site.statement(ids["housing"], language="es"),
        ],
    }
    packet = site.confide("packet", "open", told=told)
    assert packet["state"] == "issued"
    assert [row["form_id"] for row in packet["statements"]] == ["privacy-acknowledgment", *["disclosure"] * 3]

    again = site.confide("packet", "open", told=told)
    assert again["packet_id"] == packet["packet_id"], "asking twice for the same is asking once"

    site.sign_all(packet)
    sealed = site.until(packet["packet_id"], "active")
    assert {row["proof"] for row in sealed["statements"]} == {"sealed"}

    copies = [
        Path(site.confide("copy", row["statement_id"], "--to", str(tmp_path / "copies"))["path"])
        for row in sealed["statements"]
    ]
    verdicts = site.confide("verify", *map(str, copies), as_admin=False)
    assert [verdict["accepted"] for verdict in verdicts] == [True] * 4
    for row, copy in zip(sealed["statements"], copies, strict=True):
        text = subprocess.run(["pdftotext", "-layout", copy, "-"], capture_output=True, text=True, check=True).stdout
        squeezed = " ".join(text.split())
        mine = [name for kind, name in names.items() if ids[kind] == row["organization_id"]]
        assert [name for name in names.values() if name in squeezed] == mine
        assert copy.stat().st_mode & 0o777 == 0o600
        assert "Lindqvist" not in copy.name
    log = (site.home / "log" / "worker.log").read_text()
    assert "not found in task worker registry" not in log, "the worker does not hear the bell"


def test_what_the_rules_refuse_is_told_at_once_and_nothing_is_opened(site: RunningSite) -> None:
    housing = site.organization("Refusal Street Housing Office", "housing")
    client = site.client("Bela Refused", "1980-01-01")
    before = site.confide("packet", "list", as_admin=False)
    wish = site.statement(housing, purposes=[], categories=[], expires={"date": "2001-01-01"})
    told = site.confide("packet", "open", told={"client": client, "statements": [wish]}, code=4)
    codes = {finding["code"] for finding in told["error"]["findings"]}
    assert {"V04", "V12"} <= codes
    assert all(finding["authority"] for finding in told["error"]["findings"])
    assert site.confide("packet", "list", as_admin=False) == before


def test_a_statement_for_a_retired_organization_names_its_successor(site: RunningSite) -> None:
    old = site.organization("Old Mill Services", "family_services")
    new = site.organization("New Mill Services", "family_services")
    site.confide("org", "retire", old, "--successor", new)
    client = site.client("Cato Successor", "1975-05-05")
    told = site.confide("packet", "open", told={"client": client, "statements": [site.statement(old)]}, code=4)
    assert any("New Mill Services" in finding["sentence"] for finding in told["error"]["findings"])


def test_the_witness_signs_after_the_client_and_nobody_signs_twice(site: RunningSite) -> None:
    housing = site.organization("Order of Signing Housing", "housing")
    client = site.client("Dora Order", "1990-09-09")
    packet = site.confide("packet", "open", told={"client": client, "statements": [site.statement(housing)]})
    row = packet["statements"][-1]["statement_id"]
    site.confide("sign", row, "--role", "witness", "--typed", code=8)
    site.confide("sign", row, "--role", "client", "--identified", "photo_id", "--read-on-paper", "--mark")
    site.confide("sign", row, "--role", "client", "--identified", "photo_id", "--read-on-paper", "--mark", code=8)
    site.confide("sign", row, "--role", "witness", "--typed")
    site.until(packet["packet_id"], "active") if len(packet["statements"]) == 1 else None


def test_a_wrong_password_opens_nothing_and_a_missing_role_is_told(site: RunningSite, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("not the password\n")
    ran = site.run("staff", "list", "--as", "admin", "--password-file", str(wrong), "--json")
    assert ran.returncode == 6
    first = tmp_path / "first"
    first.write_text("another long enough sentence\n")
    site.confide(
        "staff",
        "add",
        "reader",
        "--role",
        "counsel",
        "--new-password-file",
        str(first),
        told={"display_name": "Vera Sol"},
    )
    ran = site.run("backup", str(tmp_path / "backup"), "--as", "reader", "--password-file", str(first), "--json")
    assert ran.returncode == 7


def test_a_form_is_published_by_a_second_person_and_the_next_packet_is_made_on_it(
    site: RunningSite, tmp_path: Path
) -> None:
    edition = tmp_path / "disclosure"
    shutil.copytree(FORMS / "disclosure", edition)
    manifest = yaml.safe_load((edition / "form.yaml").read_text())
    (edition / "form.yaml").write_text(yaml.safe_dump(manifest | {"version": EDITION}, allow_unicode=True))
    site.confide("forms", "propose", str(edition))
    alone = site.confide("forms", "publish", "disclosure", EDITION, "--yes", code=None)
    assert alone["error"]["code"] == "same_person"
    second = tmp_path / "second"
    second.write_text("a third long enough sentence\n")
    account = ("staff", "add", "second", "--role", "counsel", "--new-password-file", str(second))
    site.confide(*account, told={"display_name": "Nora Second"})
    signed_in = ("--as", "second", "--password-file", str(second))
    ran = site.run("forms", "publish", "disclosure", EDITION, "--yes", *signed_in, "--json")
    assert ran.returncode == 0, ran.stdout + ran.stderr

    housing = site.organization("New Edition Housing", "housing")
    client = site.client("Edda Edition", "1982-02-02")
    packet = site.confide("packet", "open", told={"client": client, "statements": [site.statement(housing)]})
    site.until(packet["packet_id"], "presented")
    assert [row["form_version"] for row in packet["statements"] if row["form_id"] == "disclosure"] == [EDITION]


def test_a_backup_restores_elsewhere_and_every_record_opens(site: RunningSite, tmp_path: Path) -> None:
    from tests.running import running_site

    site.confide("backup", str(tmp_path / "backup"), "--standby", str(tmp_path / "standby"))
    with running_site(tmp_path / "elsewhere") as other:
        shares = sorted((site.root / "shares").iterdir())[:2]
        share_options = [option for share in shares for option in ("--share", str(share))]
        told = other.confide(
            "restore",
            str(tmp_path / "backup"),
            "--standby",
            str(tmp_path / "standby"),
            *share_options,
            as_admin=False,
        )
        assert told["objects"] == told["opened"] > 0
        assert not told["damaged"]
        assert not told["unreadable"]
        other.password_file.write_text(site.password_file.read_text())
        assert (other.home / "forms" / "disclosure" / EDITION / "form.yaml").exists()
        packets = other.confide("packet", "list", as_admin=False)
        assert packets == site.confide("packet", "list", as_admin=False)
        upkeep = other.run("upkeep", "--json")
        assert upkeep.returncode == 0, upkeep.stdout


def test_restore_refuses_without_the_destruction_log(site: RunningSite, tmp_path: Path) -> None:
    from tests.running import running_site

    site.confide("backup", str(tmp_path / "backup"), "--standby", str(tmp_path / "standby"))
    shutil.rmtree(tmp_path / "standby" / "log")
    with running_site(tmp_path / "elsewhere") as other:
        share_options = [
            option for share in sorted((site.root / "shares").iterdir())[:2] for option in ("--share", str(share))
        ]
        other.confide(
            "restore",
            str(tmp_path / "backup"),
            "--standby",
            str(tmp_path / "standby"),
            *share_options,
            as_admin=False,
            code=3,
        )
        assert not other.home.exists() or not any(other.home.iterdir())
