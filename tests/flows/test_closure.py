"""A program ends: its records open on a machine that never saw Confide, and only with a key that lay elsewhere."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest
from shamir_mnemonic import combine_mnemonics
from shamir_mnemonic.utils import MnemonicError

from flows.closure import ARCHIVE, Closing, Exported, export
from flows.reader_notes import commands
from register.errors import RegisterError, RegisterErrorCode
from register.facts import Person
from rules.retention.words import EventKind
from rules.vocabulary import DisclosureBasis
from storage.errors import StorageError
from tests.flows.conftest import Setting
from tests.flows.test_duties import damage
from tests.register.conftest import CANARY_NAME

AUTHORITY = "8 NYCRR 29.2(a)(3)"
UNTIL = dt.date(2033, 6, 30)


def closing(setting: Setting, **changes: object) -> Closing:
    told: dict[str, object] = {
        "custodian": setting.world.ids.housing,
        "responsible": "Custodia Keeper",
        "program": "Return Services",
        "authority": AUTHORITY,
        "until": UNTIL,
        "successors": ("Ada", "Ben", "Cleo"),
        "needed": 2,
    }
    return Closing(**{**told, **changes})  # type: ignore[arg-type]


def exported(setting: Setting, folder: Path, *, by: Person | None = None, **changes: object) -> Exported:
    first, second = by or setting.world.officer, setting.world.counsel
    return export(
        setting.site, folder / "archive", folder / "keys", closing(setting, **changes), by=first, second=second
    )


def opened(folder: Path, tmp_path: Path) -> Path:
    """On a clean machine: the files in one folder, the documented commands, public programs only."""
    clean = tmp_path / "clean"
    clean.mkdir()
    for path in (folder / "archive" / ARCHIVE, folder / "keys" / "key.txt", folder / "keys" / f"{ARCHIVE}.sha256"):
        shutil.copy(path, clean)
    for command in commands(ARCHIVE):
        subprocess.run(["bash", "-o", "pipefail", "-ec", command], cwd=clean, env={"PATH": "/usr/bin:/bin"}, check=True)
    return clean / "opened"


def test_the_archive_opens_elsewhere_with_every_record_and_its_label(setting: Setting, tmp_path: Path) -> None:
    from register import ledger, statements

    kept = [setting.kept(), setting.kept()]
    setting.presented()
    done = exported(setting, tmp_path)
    assert (done.records, done.left_out, done.sheets) == (2, 0, 3)
    found = opened(tmp_path, tmp_path)
    label = f"Records of Return Services required to be maintained under {AUTHORITY} until a date not later than "
    for record in kept:
        ref = statements.show(record.statement_id).ref
        assert hashlib.sha256((found / "records" / f"{ref}.pdf").read_bytes()).hexdigest() == record.document_sha256
        assert (found / "records" / f"{ref}.label.txt").read_text() == label + "June 30, 2033\n"
        head, line = csv.reader((found / "records" / f"{ref}.csv").read_text().splitlines())
        told = dict(zip(head, line, strict=True))
        assert (told["client"], told["to_be_destroyed_by"]) == (CANARY_NAME, UNTIL.isoformat())
        assert told["sha256"] == record.document_sha256
    assert (found / "organization-root.der").read_bytes() == setting.site.authority.root_der
    assert "Records of Return Services" in (found / "README.txt").read_text()
    rows = ledger.of_client(setting.world.ids.client)
    assert [row.basis for row in rows] == [DisclosureBasis.CLOSURE] * 2, "written into the ledger, each"
    outside = (tmp_path / "archive" / "README.txt").read_text()
    assert all(command in outside for command in commands(ARCHIVE)), "the commands that were just run"
    assert (tmp_path / "archive" / "LABEL.txt").read_text() == label + "June 30, 2033\n"


def test_nobody_is_named_outside_of_the_encryption_and_the_key_lies_apart(setting: Setting, tmp_path: Path) -> None:
    setting.kept()
    done = exported(setting, tmp_path)
    key = done.keys.read_text().strip()
    for path in (tmp_path / "archive").iterdir():
        content = path.read_bytes()
        assert CANARY_NAME.encode() not in content
        assert key.encode() not in content
        assert bytes.fromhex(key) not in content
        assert path.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in (tmp_path / "archive").iterdir()) == ["LABEL.txt", "README.txt", ARCHIVE]
    told = f"{done.archive.sha256}  {ARCHIVE}\n"
    assert (tmp_path / "keys" / f"{ARCHIVE}.sha256").read_text() == told


def test_enough_sheets_of_named_successors_give_the_key_again_and_fewer_do_not(
    setting: Setting, tmp_path: Path
) -> None:
    setting.kept()
    done = exported(setting, tmp_path)
    sheets = [(tmp_path / "keys" / f"sheet-{n}-of-3.txt").read_text() for n in (1, 2, 3)]
    assert [sheet.split(":")[0] for sheet in sheets] == ["For Ada", "For Ben", "For Cleo"]
    words = [sheet.strip().splitlines()[-1] for sheet in sheets]
    for pair in ((0, 1), (1, 2), (2, 0)):
        assert combine_mnemonics([words[number] for number in pair]).hex() == done.keys.read_text().strip()
    with pytest.raises(MnemonicError):
        combine_mnemonics([words[0]])


def test_the_records_own_rule_and_date_stand_on_its_label(setting: Setting, tmp_path: Path) -> None:
    from register import due, standing, statements

    record = setting.kept()
    setting.world.adopted()
    standing.revoke(setting.site.vault, record.statement_id, by=setting.world.intake, now=setting.now)
    setting.world.happened(EventKind.LAST_SERVICE, setting.world.today)
    decision = due.answer(record.record_id, setting.world.today).decision
    assert decision.due_on is not None
    exported(setting, tmp_path, authority="", until=None)
    ref = statements.show(record.statement_id).ref
    told = (opened(tmp_path, tmp_path) / "records" / f"{ref}.label.txt").read_text()
    assert f"{decision.due_on:%B} {decision.due_on.day}, {decision.due_on.year}" in told
    assert decision.winning[0].citation in told
    again = due.answer(record.record_id, setting.world.today).decision
    assert again.due_on == decision.due_on, "custody of the whole keeps nothing here longer"


def test_a_record_that_no_law_keeps_stops_the_export_before_anything_is_written(
    setting: Setting, tmp_path: Path
) -> None:
    from register import ledger

    setting.kept()
    with pytest.raises(RegisterError) as refused:
        exported(setting, tmp_path, authority="", until=None)
    assert refused.value.code is RegisterErrorCode.REFUSED
    assert refused.value.findings
    assert not (tmp_path / "archive").exists()
    assert not (tmp_path / "keys").exists()
    assert ledger.of_client(setting.world.ids.client) == ()


def test_a_record_that_is_not_whole_stops_it_and_leaves_no_archive_and_no_key(setting: Setting, tmp_path: Path) -> None:
    setting.kept()
    damage(setting, setting.kept())
    with pytest.raises(StorageError):
        exported(setting, tmp_path)
    assert list((tmp_path / "archive").iterdir()) == []
    assert list((tmp_path / "keys").iterdir()) == []


def test_one_successor_alone_or_none_to_spare_is_refused(setting: Setting, tmp_path: Path) -> None:
    setting.kept()
    for names, needed in ((("Ada",), 1), (("Ada", "Ben"), 1), (("Ada", "Ben"), 3)):
        with pytest.raises(RegisterError) as refused:
            exported(setting, tmp_path, successors=names, needed=needed)
        assert refused.value.code is RegisterErrorCode.CONFIGURATION
    assert not (tmp_path / "archive").exists()


def test_one_person_alone_takes_nothing_out(setting: Setting, tmp_path: Path) -> None:
    setting.kept()
    officer, admin = setting.world.officer, setting.world.administrator
    for first, second, code in (
        (officer, officer, RegisterErrorCode.SAME_PERSON),
        (setting.world.intake, admin, RegisterErrorCode.NOT_ALLOWED),
        (admin, setting.world.counsel, RegisterErrorCode.NOT_ALLOWED),
        (officer, setting.world.witness, RegisterErrorCode.NOT_ALLOWED),
    ):
        with pytest.raises(RegisterError) as refused:
            export(setting.site, tmp_path / "archive", tmp_path / "keys", closing(setting), by=first, second=second)
        assert refused.value.code is code
    assert not (tmp_path / "archive").exists()
