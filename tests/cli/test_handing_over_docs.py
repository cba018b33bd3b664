"""The commands of docs/closure.md, and of the transfer in docs/disposal.md, run with the answers that stand there."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from cli.failure import Explained, exit_code_of
from cli.main import confide
from rules.disposal import Outcome
from tests.cli.conftest import Terminal
from tests.flows.disposing import records as disposing
from tests.flows.transferring import Transferring
from tests.register.conftest import PASSWORD
from tests.running import PROJECT

KEYS = "/media/other/keys"


def blocks(page: str, language: str) -> list[str]:
    """What stands between fences of one kind."""
    inside = (part.partition("\n") for part in page.split("\n```")[1::2])
    return [body for head, _, body in inside if head == language]


def commands(page: str) -> list[list[str]]:
    lines = [line for block in blocks(page, "") for line in block.replace("\\\n", " ").splitlines()]
    return [shlex.split(line)[1:] for line in lines if line.startswith("confide ")]


def said(words: list[str], known: dict[str, str], *, code: int = 0) -> Any:
    """Run a command of a page; what `known` holds stands for words of it, and one disk of the test for two."""
    given = [known.get(word, word) for word in words]
    ran = CliRunner().invoke(confide, [*given, *(["--same-disk"] if "--keys-to" in given else []), "--json"])
    if isinstance(ran.exception, Explained):
        assert exit_code_of(ran.exception) == code, (given, ran.exception)
        return ran.exception
    assert ran.exit_code == code, (given, ran.output, ran.exception)
    return json.loads(ran.stdout)


@pytest.fixture
def room(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> Path:
    from flows import authority

    world = terminal.world
    master = world.vault.keyring.epochs._wrapper.master  # type: ignore[attr-defined]
    authority.create(world.settings, master, organization="Harbor Reentry Services", now=world.now)
    monkeypatch.chdir(terminal.room)
    Path("password").write_text(PASSWORD + "\n")
    return terminal.room


def test_the_command_of_the_closure_page_works_with_its_answers(terminal: Terminal, room: Path) -> None:
    page = (PROJECT / "docs" / "closure.md").read_text(encoding="utf-8")
    terminal.world.record()
    (answers,) = (yaml.safe_load(block) for block in blocks(page, "yaml"))
    answers["custodian"] = str(terminal.world.ids.housing)
    Path("closure.yaml").write_text(yaml.safe_dump(answers))
    (export,) = commands(page)
    done = said(export, {KEYS: str(room / "other" / "keys")})
    assert (done["records"], done["sheets"]) == (1, 3)
    assert sorted(path.name for path in Path("archive").iterdir()) == ["LABEL.txt", "README.txt", "records.tar.enc"]
    assert not [path for path in Path("archive").iterdir() if "key" in path.name]


def test_the_commands_of_a_transfer_work_with_their_answers(terminal: Terminal, room: Path) -> None:
    from register import disposal

    page = (PROJECT / "docs" / "disposal.md").read_text(encoding="utf-8")
    records = disposing(terminal.world)
    house = Transferring(records, room)
    run = house.approved(records.kept(2))
    handing, receipt = (yaml.safe_load(block) for block in blocks(page, "yaml"))
    Path("transfer.yaml").write_text(yaml.safe_dump(handing))
    known = {"RUN": run.ref, "archive": "first/archive", KEYS: "first/keys"}
    transfer, confirm, execute = commands(page)
    done = said(transfer, known)
    assert (done["transfer"]["records"], done["kept_back"]) == (2, 0)
    assert said(transfer, known)["transfer"] == done["transfer"], "again it tells the same"
    assert said(execute, known, code=11)["reasons"] == {"not_received": 2}
    archive, opened = house.answers()
    wrong = receipt | {"received_on": terminal.world.today}
    Path("receipt.yaml").write_text(yaml.safe_dump(wrong))
    refused = said(confirm, known, code=8)
    assert refused.sentence.startswith("sha256: ")
    assert "sha256sum records.tar.enc" in refused.remedy
    Path("receipt.yaml").write_text(yaml.safe_dump(wrong | {"sha256": archive, "opened_sha256": opened}))
    assert said(confirm, known)["received_on"] == terminal.world.today.isoformat()
    assert said(execute, known)["outcomes"] == {"transferred": 2}
    assert disposal.show(run.run_id).outcomes == {Outcome.TRANSFERRED: 2}
