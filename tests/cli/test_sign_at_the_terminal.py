"""What whoever conducts a ceremony is told and shown before anybody signs."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cli.exit_code import ExitCode
from rules.vocabulary import ReadOn, SignerRole
from storage.protocol import Area

if TYPE_CHECKING:
    from register.facts import FormChoice, Statement
    from tests.cli.conftest import Terminal

CLIENT = ("--role", "client", "--typed", "--identified", "photo_id")
WARNED = "has not acknowledged the current privacy policies"


@pytest.fixture
def acknowledgment(terminal: Terminal) -> FormChoice:
    """The form of acknowledgment in force."""
    from flows.forms import form_choice
    from templates.catalog import catalog

    return form_choice(catalog().get("privacy-acknowledgment"))


def sitting(terminal: Terminal, acknowledgment: FormChoice) -> tuple[Statement, Statement]:
    """An acknowledgment and a disclosure that lie before the client."""
    from register import packets, statements

    world = terminal.world
    packet = world.open(world.request(acknowledgment=acknowledgment))
    assert packets.claim_next("worker", lease_seconds=60, now=world.now) is not None
    for one in packet.statements:
        statements.present(one.statement_id, holder="worker", document=world.document(), now=world.now)
    packets.issued(packet.packet_id, "worker", stage_ms={}, now=world.now)
    first, second = (statements.show(one.statement_id) for one in packet.statements)
    return first, second


def test_a_statement_whose_sitting_left_the_acknowledgment_unsigned_is_warned_about_before_it_is_signed(
    terminal: Terminal, acknowledgment: FormChoice
) -> None:
    from register import statements

    first, disclosure = sitting(terminal, acknowledgment)
    # nobody is at a terminal to say that it was read: the verb goes no further
    asked = ("sign", str(disclosure.statement_id), *CLIENT)
    told = terminal.run(*asked, by="intake", code=ExitCode.INPUT)
    assert WARNED in told
    assert "V20 · advisory, paragraph 2" in told
    statements.decline(first.statement_id, by=terminal.world.intake, now=terminal.world.now)
    assert WARNED in terminal.run(*asked, by="intake", code=ExitCode.INPUT), "declined is not acknowledged"
    assert WARNED not in terminal.run(
        "sign", str(disclosure.statement_id), "--role", "witness", by="witness", code=ExitCode.USAGE
    )


def test_who_signed_the_acknowledgment_is_not_warned_about_sealed_or_not(
    terminal: Terminal, acknowledgment: FormChoice
) -> None:
    first, disclosure = sitting(terminal, acknowledgment)
    told = terminal.run("sign", str(first.statement_id), *CLIENT, by="intake", code=ExitCode.INPUT)
    assert WARNED not in told, "the acknowledgment itself shares nothing"
    terminal.world.signed(first, SignerRole.CLIENT)
    asked = ("sign", str(disclosure.statement_id), *CLIENT)
    assert WARNED not in terminal.run(*asked, by="intake", code=ExitCode.INPUT)


def test_an_acknowledgment_of_policies_that_were_changed_since_is_warned_about(
    terminal: Terminal, acknowledgment: FormChoice
) -> None:
    older = replace(acknowledgment, form_version="2001.01")
    first, _ = sitting(terminal, older)
    terminal.world.signed(first, SignerRole.CLIENT)
    later = terminal.world.presented()
    told = terminal.run("sign", str(later.statement_id), *CLIENT, by="intake", code=ExitCode.INPUT)
    assert WARNED in told


def test_the_warning_stops_nothing_and_stands_in_the_answer(
    terminal: Terminal, acknowledgment: FormChoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows import ceremony
    from flows.site import Site

    _, disclosure = sitting(terminal, acknowledgment)

    def sign(_site: Any, shown: Any, **_how: Any) -> Statement:
        return terminal.world.signed(shown.statement, SignerRole.CLIENT)

    monkeypatch.setattr(ceremony, "sign", sign)
    monkeypatch.setattr(Site, "authority", None)
    said = terminal.run("sign", str(disclosure.statement_id), *CLIENT, "--read-on-paper", "--json", by="intake", code=0)
    told = json.loads(said[said.index("{") :])
    assert told["signed"] == ["client"]
    assert [(one["code"], one["severity"]) for one in told["warnings"]] == [("V20", "warn")]


# --- the document in a file ------------------------------------------------------------------------------------------


def shown(terminal: Terminal, path: Path) -> tuple[str, Statement]:
    """What the verb says before it stops, for nobody is there to say that the paper was read."""
    row = terminal.world.presented()
    said = terminal.run("sign", str(row.statement_id), *CLIENT, "--show", str(path), by="intake", code=ExitCode.INPUT)
    return said, row


def seen(row: Statement) -> list[dict[str, Any]]:
    """The lines of the log that say this statement was looked at."""
    from register import models

    lines = models.AuditEntry.objects.filter(verb="draft_seen", object_id=str(row.statement_id))
    return [line.details for line in lines]


def test_the_document_is_shown_in_a_private_file_and_that_is_written_down(terminal: Terminal) -> None:
    path = terminal.room / "read.pdf"
    said, row = shown(terminal, path)
    assert f"The document is at {path}" in said
    pdf = terminal.world.vault.get(row.working_object_id or "", Area.WORKING, version_id=row.working_version_id)
    assert path.read_bytes() == pdf
    assert path.stat().st_mode & 0o777 == 0o600
    assert seen(row) == [{"shown": row.document_sha256, "in": "file"}]
    shown(terminal, path)
    assert path.stat().st_mode & 0o777 == 0o600, "a private file of ones own may be used again"


def test_the_document_is_never_shown_among_the_data_or_the_keys(
    terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = terminal.world.settings
    link = terminal.room / "link"
    link.symlink_to(settings.home)
    for place in (settings.home, settings.keys, settings.records_path, link):
        _, row = shown(terminal, place / "read.pdf")
        assert "among the encrypted data" in capsys.readouterr().err
        assert not (place / "read.pdf").exists()
        assert seen(row) == []


def test_a_file_that_others_can_read_or_that_is_elsewhere_is_not_written_over(
    terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    open_to_all, elsewhere, link = (terminal.room / name for name in ("open.pdf", "elsewhere.pdf", "link.pdf"))
    open_to_all.write_bytes(b"theirs")
    open_to_all.chmod(0o644)
    elsewhere.write_bytes(b"theirs")
    elsewhere.chmod(0o600)
    link.symlink_to(elsewhere)
    for path in (open_to_all, link):
        _, row = shown(terminal, path)
        assert "is there already" in capsys.readouterr().err
        assert path.read_bytes() == b"theirs"
        assert seen(row) == []
    shown(terminal, terminal.room / "nowhere" / "read.pdf")
    assert "There is no folder" in capsys.readouterr().err


def test_a_document_is_shown_first_and_signed_afterwards_by_who_read_it(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows import ceremony
    from flows.site import Site

    taken = []

    def sign(_site: Any, shown: Any, **how: Any) -> Statement:
        taken.append(how["circumstances"])
        return terminal.world.signed(shown.statement, SignerRole.CLIENT, read_on=how["circumstances"].read_on)

    monkeypatch.setattr(ceremony, "sign", sign)
    monkeypatch.setattr(Site, "authority", None)
    row = terminal.world.presented()
    path = terminal.room / "read.pdf"
    asked = ("sign", str(row.statement_id), "--role", "client")
    told = json.loads(terminal.run(*asked, "--show", str(path), "--json", by="intake").split("\n", 1)[1])
    assert told["sha256"] == row.document_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert taken == []
    terminal.run("sign", str(row.statement_id), *CLIENT, "--read-and-agreed", by="intake")
    assert [one.read_on for one in taken] == [ReadOn.FILE]


def test_nobody_has_read_a_file_that_the_same_call_writes_nor_both_file_and_paper(terminal: Terminal) -> None:
    row = terminal.world.presented()
    asked = ("sign", str(row.statement_id), *CLIENT)
    path = terminal.room / "read.pdf"
    terminal.run(*asked, "--read-and-agreed", "--show", str(path), by="intake", code=ExitCode.USAGE)
    assert not path.exists()
    terminal.run(*asked, "--read-and-agreed", "--read-on-paper", by="intake", code=ExitCode.USAGE)
