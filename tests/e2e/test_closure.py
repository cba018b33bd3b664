"""A program ends, at the terminal: the archive opens with public programs, by the commands of its own README."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.running import PASSWORD, RunningSite

pytestmark = pytest.mark.e2e


def answers(site: RunningSite, custodian: str) -> Path:
    path = site.root / "closure.yaml"
    told = {
        "custodian": custodian,
        "responsible": "Custodia Keeper",
        "authority": "8 NYCRR 29.2(a)(3)",
        "until": "2033-06-30",
        "successors": ["Ada Lee", "Ben Roe"],
        "needed": 2,
    }
    path.write_text(yaml.safe_dump(told))
    return path


def test_the_records_of_a_program_that_ends_open_on_a_clean_machine(site: RunningSite, tmp_path: Path) -> None:
    housing = site.organization("Quay Street Housing Office", "housing")
    custodian = site.organization("Keepers of Old Records", "housing")
    client = site.client("Closa Quetzalcanario", "1988-02-03")
    wish = {"client": client, "language": "en", "statements": [site.statement(housing)]}
    opened = site.confide("packet", "open", told=wish)
    site.sign_all(site.until(opened["packet_id"], "presented", 120))
    site.until(opened["packet_id"], "active", 120)
    (tmp_path / "second").write_text(PASSWORD + "\n")
    password = str(tmp_path / "second")
    known = {"display_name": "Carla Counsel"}
    site.confide("staff", "add", "closing-counsel", "--role", "counsel", "--new-password-file", password, told=known)
    told = ("--from", str(answers(site, custodian)), "--second", "closing-counsel")
    told += ("--second-password-file", str(tmp_path / "second"))
    archive, keys = str(tmp_path / "archive"), str(tmp_path / "keys")

    beside = site.confide("closure", "export", archive, "--keys-to", archive + "/keys", *told, code=3)
    assert "may not lie in the folder" in beside["error"]["sentence"]
    one_disk = site.confide("closure", "export", archive, "--keys-to", keys, *told, code=3)
    assert "one disk" in one_disk["error"]["sentence"]
    assert not Path(archive).exists()
    done = site.confide("closure", "export", archive, "--keys-to", keys, "--same-disk", *told)
    assert done["records"] >= 1

    clean = tmp_path / "clean"
    shutil.copytree(archive, clean)
    for path in Path(keys).iterdir():
        if path.name != "README.txt":
            shutil.copy(path, clean)
    readme = (clean / "README.txt").read_text()
    lines = re.findall(r"^    (\S.*)$", readme, re.MULTILINE)
    assert len(lines) == 4
    for line in lines:
        subprocess.run(["bash", "-o", "pipefail", "-ec", line], cwd=clean, env={"PATH": "/usr/bin:/bin"}, check=True)
    assert len(list((clean / "opened" / "records").glob("*.pdf"))) == done["records"]
    refused = site.confide("closure", "export", archive, "--keys-to", keys, "--same-disk", *told, code=3)
    assert "not empty" in refused["error"]["sentence"]
