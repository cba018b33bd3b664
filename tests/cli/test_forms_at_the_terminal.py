"""What an author and a second person are told of a form at the terminal, and what they are told was not looked at."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path
from typing import Any

import docx
import pytest

from templates.form import FORMS
from templates.lint import apart
from tests.cli.conftest import Terminal
from tests.flows.test_forms import VERSION, edition, proposed

LIFTING = ("needs_counsel: true", "needs_counsel: false")


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the check may take is tried elsewhere; here it may take longer on a machine with much to do."""
    monkeypatch.setattr(apart, "WALL_SECONDS", 600.0)
    monkeypatch.setattr(apart, "CPU_SECONDS", 120)


@pytest.fixture
def one_sentence(tmp_path: Path) -> Path:
    document = docx.Document()
    document.add_paragraph("I let you share what you know about me.")
    stream = io.BytesIO()
    document.save(stream)
    path = tmp_path / "mine.docx"
    path.write_bytes(stream.getvalue())
    return path


def propose(terminal: Terminal, *changed: tuple[str, str]) -> None:
    from flows.site import Site

    proposed(Site(terminal.world.settings), terminal.world, edition(*changed))


def test_bug_a_second_person_was_shown_no_changed_line_of_a_manifest(terminal: Terminal) -> None:
    propose(terminal, LIFTING, ("en: Disclosure Statement", "en: Statement of Disclosure"))
    said = terminal.run("forms", "review", "disclosure", VERSION)
    assert "0 changed lines in en, 0 changed lines in es, 6 in form.yaml" in said
    assert "-needs_counsel: True" in said
    assert "+needs_counsel: False" in said
    assert "Not reviewed by counsel: en, es." in said
    told = terminal.told("forms", "review", "disclosure", VERSION)
    assert "+title, en: Statement of Disclosure" in told["manifest"]
    assert told["not_reviewed_by_counsel"] == ["en", "es"]


def test_bug_what_nobody_approved_was_listed_as_approved(terminal: Terminal) -> None:
    propose(terminal, LIFTING)
    rows = {row["state"]: row for row in terminal.told("forms", "list", "--all") if row["id"] == "disclosure"}
    for state in ("in force", "proposed"):
        assert rows[state]["not_reviewed_by_counsel"] == ["en", "es"]
        assert rows[state]["approved_by_counsel"] == []
    own = edition(LIFTING, ("family: specific", "family: group_agreement"), form_id="house-rules")
    from flows.site import Site

    proposed(Site(terminal.world.settings), terminal.world, own)
    said = terminal.run("forms", "list", "--all")
    (line,) = (line for line in said.splitlines() if line.startswith("house-rules"))
    assert "not yet: es, not asked for: en" in line
    assert "approved" not in said.replace("Approved", "")


def check(terminal: Terminal, path: Path, *options: str, code: int = 0) -> Any:
    return json.loads(terminal.run("forms", "check", str(path), *options, "--json", code=code))


def test_bug_one_sentence_was_called_a_form_with_nothing_to_put_right(terminal: Terminal, one_sentence: Path) -> None:
    said = terminal.run("forms", "check", str(one_sentence))
    assert "Nothing to put right." not in said
    assert "Not looked at: the clauses" in said
    assert "--family" in said
    told = check(terminal, one_sentence)
    assert [sorted(one) for one in told["not_looked_at"]] == [["how", "what"]] * 2
    told = check(terminal, one_sentence, "--family", "specific", code=11)
    assert {one["check"] for one in told["remarks"]} >= {"clause_missing", "signature_place"}
    assert ["undeclared" in one["what"] for one in told["not_looked_at"]] == [False, True]


def test_a_word_file_is_held_against_the_manifest_beside_it(terminal: Terminal, tmp_path: Path) -> None:
    folder = tmp_path / "disclosure"
    shutil.copytree(FORMS / "disclosure", folder)
    told = check(terminal, folder / "es.docx")
    assert (told["form"], told["family"], told["not_looked_at"]) == ("disclosure", "specific", [])
    assert "Nothing to put right." in terminal.run("forms", "check", str(folder / "es.docx"))
    manifest = folder / "form.yaml"
    asked = "  - {name: client.shoe, type: text, required: false, purpose: nothing}\n"
    manifest.write_text(manifest.read_text().replace("fields:\n", f"fields:\n{asked}"))
    told = check(terminal, folder / "en.docx", code=11)
    assert {one["check"] for one in told["remarks"]} == {"unused_field"}
    (unseen,) = told["not_looked_at"]
    assert "put right" in unseen["how"].lower()
