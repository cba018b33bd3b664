"""Papers that share nothing, the whole way at the terminal: opened, read, signed, sealed, and what they bring about."""

from __future__ import annotations

import re
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from rules.notices import redisclosure_notice
from tests.running import INK, RunningSite

pytestmark = pytest.mark.e2e


def text_of(pdf: str | Path) -> str:
    raw = subprocess.run(["pdftotext", "-layout", str(pdf), "-"], capture_output=True, text=True, check=True).stdout
    return " ".join(raw.split())


def signed(site: RunningSite, row: dict[str, Any], tmp_path: Path) -> None:
    """Client and witness; of the agreement on screens, the client first reads its code in the document itself."""
    options = ["--identified", "photo_id", "--read-on-paper", "--ink", str(INK / "client.png")]
    if row["form_id"] == "electronic-records":
        shown = tmp_path / "shown.pdf"
        asked = ("sign", row["statement_id"], "--role", "client")
        site.confide(*asked, "--show", str(shown))
        options[2] = "--read-and-agreed"
        site.confide(*asked, *options, "--access-code", "none", code=4)
        (code,) = re.findall(r": (\d{4})\b", text_of(shown))
        options += ["--access-code", code]
    site.confide("sign", row["statement_id"], "--role", "client", *options)
    site.confide("sign", row["statement_id"], "--role", "witness", "--ink", str(INK / "witness.png"))


def test_every_paper_goes_the_whole_way_and_a_revocation_ends_one_statement(site: RunningSite, tmp_path: Path) -> None:
    today = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 86400))
    housing = site.organization("Willow County Housing Authority", "housing")
    client = site.client("Edda Fullway", "1985-08-08")
    wanted = [
        site.statement(housing),
        {"form": "group-agreement", "group": {"kind": "family", "keeps_private": True}},
        {"form": "electronic-records", "language": "es"},
        {"form": "privacy-notice"},
    ]
    refused = site.confide("packet", "open", told={"client": client, "statements": wanted}, code=4)
    assert {finding["code"] for finding in refused["error"]["findings"]} == {"V04"}
    contact = {"phone": "(585) 555-0177", "email": "privacy@lanternhill.example", "effective_on": today}
    site.confide("agency", "notice", told=contact)
    # in effect from tomorrow: until then it is not given
    site.confide("packet", "open", told={"client": client, "statements": wanted}, code=4)
    contact["effective_on"] = agency_day()
    site.confide("agency", "notice", told=contact)
    packet = site.confide("packet", "open", told={"client": client, "statements": wanted})
    for row in packet["statements"]:
        signed(site, row, tmp_path)
    sealed = site.until(packet["packet_id"], "active")["statements"]
    assert {row["proof"] for row in sealed} == {"sealed"}
    disclosure = next(row for row in sealed if row["form_id"] == "disclosure")

    page = site.confide("notice", disclosure["ref"], "--to", str(tmp_path / "notices"))
    printed = text_of(page["path"])
    raw = subprocess.run(["pdftotext", page["path"], "-"], capture_output=True, text=True, check=True).stdout
    assert " ".join(redisclosure_notice(1).text.split()) in " ".join(raw.split())
    assert "Willow County Housing Authority" in printed
    assert disclosure["ref"] in printed
    assert "Fullway" not in printed
    assert "Fullway" not in page["path"]

    sharing = {
        "categories": ["housing"],
        "purpose": "housing_placement",
        "method": "paper",
        "received_by": "Hana Placement",
        "description": "the housing plan, two pages",
        "items": 2,
    }
    shared = site.confide("disclose", disclosure["ref"], "--to", str(tmp_path / "shared"), told=sharing)
    assert [Path(path).name for path in shared["papers"]] == [
        f"accompanying-notice-{disclosure['ref']}.pdf",
        f"disclosure-{disclosure['ref']}.pdf",
    ]
    assert "42 CFR part 2" in text_of(shared["papers"][0])
    assert "Fullway" not in text_of(shared["papers"][0])
    site.confide("disclose", disclosure["ref"], told={**sharing, "categories": ["diagnosis"]}, code=4)

    wish = {"form": "revocation", "about": disclosure["ref"]}
    again = site.confide("packet", "open", told={"client": client, "statements": [wish]})
    (writing,) = again["statements"]
    signed(site, writing, tmp_path)
    ended = site.confide("packet", "show", packet["packet_id"], as_admin=False)["statements"]
    assert {row["form_id"]: row["state"] for row in ended} == {
        "privacy-acknowledgment": "active",
        "disclosure": "revoked",
        "group-agreement": "active",
        "electronic-records": "active",
        "privacy-notice": "active",
    }
    site.until(again["packet_id"], "active")
    site.confide("notice", disclosure["ref"], "--to", str(tmp_path / "notices"), code=4)
    site.confide("disclose", disclosure["ref"], told=sharing, code=4)
    (line,) = site.confide("client", "disclosures", client)
    assert (line["received_by"], line["statement_ref"]) == ("Hana Placement", disclosure["ref"]), "what was relied on"
    copies = [
        site.confide("copy", row["statement_id"], "--to", str(tmp_path / "copies"))["path"]
        for row in (*sealed, writing)
    ]
    verdicts = site.confide("verify", *copies, as_admin=False)
    assert [verdict["accepted"] for verdict in verdicts] == [True] * 6


def agency_day() -> str:
    """The agency's day."""
    import datetime as dt
    from zoneinfo import ZoneInfo

    return dt.datetime.now(ZoneInfo("America/New_York")).date().isoformat()
