"""The commands in docs/cli.md are run as they stand, in order, on a site of their own."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.exit_code import ExitCode
from tests.running import FOUNDING, INK, PASSWORD, PROJECT, RunningSite, running_site

pytestmark = pytest.mark.e2e
PAGE = (PROJECT / "docs" / "cli.md").read_text(encoding="utf-8")


def commands() -> Iterator[list[str]]:
    for block in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ confide "):
                yield shlex.split(line)[2:]


def test_the_page_lists_the_exit_codes_there_are() -> None:
    told = {int(number): name for number, name in re.findall(r"^\| (\d+) \| ([A-Z_]+) \|", PAGE, re.MULTILINE)}
    assert told == {code.value: code.name for code in ExitCode}


def test_the_commands_of_the_page_work_as_they_stand(tmp_path: Path) -> None:
    with running_site(tmp_path / "site") as site:
        prepare(site)
        known: dict[str, str] = {}
        for words in commands():
            if words == ["serve"]:
                site.serve(own_tables=True)
                continue
            given = [known.get(word, word) for word in words]
            if given[:2] == ["packet", "open"]:
                write(site.root / "packet.yaml", packet(known))
            ran = site.run(*(word.replace("copies/COPY", known.get("COPY", "")) for word in given), "--json")
            assert ran.returncode == 0 or (given[0] == "doctor" and ran.returncode == 11), (
                given,
                ran.stdout,
                ran.stderr,
            )
            learn(site, known, given, ran.stdout)


def prepare(site: RunningSite) -> None:
    """The files that the page's commands read, in the folder they are run in."""
    (site.root / "password").write_text(PASSWORD + "\n")
    write(site.root / "founding.yaml", FOUNDING)
    write(site.root / "organization.yaml", {"legal_name": "Page Street Housing Office", "kind": "housing"})
    (site.root / "registry.csv").write_text(
        "legal_name,unit,kind,address\nSmith County Probation,,probation,1 Main Street; Smithville\n"
    )
    write(
        site.root / "sharing.yaml",
        {
            "categories": ["income"],
            "purpose": "housing_placement",
            "method": "paper",
            "received_by": "Hana Placement",
            "description": "the income statement of October, one page",
        },
    )
    write(
        site.root / "emergency.yaml",
        {
            "ground": "consent_unobtainable",
            "to_medical_personnel": True,
            "happened_at": "2026-01-05 08:30",
            "received_by": "Meda Kelso, paramedic",
            "affiliation": "Page County Ambulance",
            "nature": "did not wake",
            "description": "which medicines",
            "method": "spoken",
        },
    )
    write(site.root / "reason.yaml", {"reason": "a letter in the client's hand, received today"})
    write(site.root / "client.yaml", {"legal_name": "Paige Turner-Doe", "birth_date": "1990-01-02"})
    shutil.copy(INK / "client.png", site.root / "drawing.png")
    site.cwd = site.root


def packet(known: dict[str, str]) -> dict[str, Any]:
    wish = {
        "organization": known["organization_id"],
        "categories": ["housing", "income"],
        "purposes": ["housing_placement"],
        "expires": {"event": "the day I move into my own home"},
    }
    return {"client": known["client_id"], "language": "en", "statements": [wish]}


def learn(site: RunningSite, known: dict[str, str], given: list[str], answer: str) -> None:
    """Take the ids that later commands need from what a command answered."""
    told = yaml.safe_load(answer) if answer.strip() else None
    if given[:2] == ["org", "add"]:
        known["organization_id"] = told["organization_id"]
    if given[:2] == ["client", "add"]:
        known["client_id"] = known["CLIENT"] = told["client_id"]
    if given[:2] == ["packet", "open"]:
        known["PACKET"], known["STATEMENT"] = told["packet_id"], told["statements"][-1]["statement_id"]
        site.sign_all({"statements": told["statements"][:-1]})
    if given[:3] == ["sign", known.get("STATEMENT"), "--role"] and given[3] == "witness":
        site.until(known["PACKET"], "active")
    if given[0] == "copy":
        known["COPY"] = told["path"]


def write(path: Path, told: object) -> None:
    path.write_text(yaml.safe_dump(told, allow_unicode=True), encoding="utf-8")
