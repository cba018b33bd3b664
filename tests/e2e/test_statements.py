"""Every form that discloses, the whole way at the terminal: asked for, printed, signed, sealed, verified."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from cli.exit_code import ExitCode
from templates.catalog import catalog
from tests.running import RunningSite

pytestmark = pytest.mark.e2e


def wishes(site: RunningSite) -> list[dict[str, Any]]:
    """One statement on every form, each to an organization that its family may go to; every second one in Spanish."""
    health = site.organization("Fern Hollow Family Health Center", "treatment")
    plan = site.organization("Fern Valley Health Plan", "payer")
    defense = site.organization("Fern County Tenant Defense Project", "defender")
    school = site.organization("Fern Valley School of Social Work", "school")
    parole = site.organization("Fern County Office of Community Supervision", "parole")
    day = site.statement(health)["expires"]
    mandate = {
        "kind": "parole_condition",
        "body": "Fern County Board of Release",
        "reference": "24-B-0099",
        "ordered_on": "2026-10-15",
        "final_disposition_expected": day,
        "this_program": True,
    }
    own = {
        "disclosure": (health, {"purposes": ["service_coordination"], "exchange": True}),
        "disclosure-supervision": (
            parole,
            {"purposes": ["supervision"], "mandate": mandate, "revocable_from": {"date": day}},
        ),
        "disclosure-care": (health, {"purposes": ["treatment", "payment"], "expires": {}}),
        "disclosure-payer": (plan, {"categories": ["billing"], "purposes": ["payment"]}),
        "disclosure-proceeding": (
            defense,
            {
                "purposes": ["legal_proceeding"],
                "purpose_text": "The hearing on my lease, Fern City Court, number CV-2026-0042",
                "single_use": True,
            },
        ),
        "disclosure-consultation": (school, {"purposes": ["teaching"]}),
        "disclosure-protected": (health, {"categories": ["hiv_information"], "purposes": ["referral"]}),
        "disclosure-separate-notes": (health, {"categories": ["counseling_notes"], "purposes": ["referral"]}),
        "disclosure-transfer": (health, {"categories": ["service_plan"], "purposes": ["records_transfer"]}),
    }
    assert set(own) == {form.id for form in catalog() if form.family.discloses}
    return [
        {**site.statement(organization), "form": form, "language": "es" if number % 2 else "en", **more}
        for number, (form, (organization, more)) in enumerate(own.items())
    ]


def test_every_statement_goes_the_whole_way(site: RunningSite, tmp_path: Path) -> None:
    picture = tmp_path / "logo.png"
    Image.new("RGB", (300, 100), (31, 78, 107)).save(picture)
    assert site.confide("agency", "logo", str(picture))["logo"]
    wanted = wishes(site)
    client = site.client("Ulla Fernwood", "1984-04-04")
    packet = site.confide("packet", "open", told={"client": client, "statements": wanted})
    told = site.confide("sign", packet["statements"][-1]["ref"], "--role", "representative", "--typed",
                        "--identified", "photo_id", "--read-on-paper", code=ExitCode.CONFLICT)  # fmt: skip
    assert "Nobody signs" in told["error"]["sentence"]
    site.sign_all(packet)
    sealed = site.until(packet["packet_id"], "active")["statements"]
    assert {row["proof"] for row in sealed} == {"sealed"}
    assert {row["form_id"] for row in sealed} >= {one["form"] for one in wanted}
    once = []
    for row in sealed:
        path = site.confide("copy", row["statement_id"], "--to", str(tmp_path / "copies"))["path"]
        (verdict,) = site.confide("verify", path, as_admin=False)
        assert verdict["accepted"], row["form_id"]
        assert "300   100" in _told("pdfimages", "-list", path), row["form_id"]
        words = " ".join(_told("pdftotext", path, "-").split())
        assert row["ref"] in words
        if "This statement is for one time only" in words or "Esta declaración sirve una sola vez" in words:
            once.append(row["form_id"])
    # the one was asked for one time, the other is so by its form
    assert sorted(once) == ["disclosure-proceeding", "disclosure-transfer"]


def test_a_minor_and_a_parent_both_sign_and_nothing_is_in_force_before_both_did(
    site: RunningSite, tmp_path: Path
) -> None:
    clinic = site.organization("Fern Hollow Youth Clinic", "treatment")
    client = site.client("Nia Fernwood", f"{time.gmtime().tm_year - 16}-01-01")
    wish = site.statement(clinic, purposes=["service_coordination"], minor_basis="parent_must_join")
    refused = site.confide("packet", "open", told={"client": client, "statements": [wish]}, code=ExitCode.REFUSED)
    assert "42 CFR 2.14(c)" in json.dumps(refused)
    seen = {"paper": "birth_record", "issued_by": "Fern City", "reference": "2010-417", "seen_on": "2026-01-05"}
    wish |= {"capacity": "parent", "representative_name": "Ida Fernwood", "authority": seen}
    packet = site.confide("packet", "open", told={"client": client, "statements": [wish]})
    (row,) = [one for one in packet["statements"] if one["family"] == "specific"]
    both = site.run("statement", "show", row["ref"]).stdout
    assert "Waits for: client, representative, witness." in both

    agrees = ("--identified", "photo_id", "--read-on-paper", "--typed")
    site.confide("sign", row["ref"], "--role", "representative", *agrees, code=ExitCode.CONFLICT)
    for role in ("client", "representative"):
        site.confide("sign", row["ref"], "--role", role, *agrees)
    site.confide("sign", row["ref"], "--role", "witness", "--typed")
    for other in packet["statements"]:
        if other is not row:
            site.sign_all({"statements": [other]})
    site.until(packet["packet_id"], "active")

    path = site.confide("copy", row["ref"], "--to", str(tmp_path), "--to-representative")["path"]
    (verdict,) = site.confide("verify", path, as_admin=False)
    assert verdict["accepted"]
    told = [(one["role"], one["signer_name"]) for one in verdict["signatures"]][1:3]
    assert told == [("client", "Nia Fernwood"), ("representative", "Ida Fernwood")]
    words = " ".join(_told("pdftotext", path, "-").split())
    assert "Nia Fernwood and Ida Fernwood (Parent of the client; birth record: Fern City, 2010-417) both sign" in words


def _told(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
