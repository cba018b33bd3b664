"""Setting a site up: nothing stands before the shares are confirmed, and an interrupted set-up loses no key."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster import databases
from tests.running import PROJECT

FOUNDING = """
import json, sys
from dataclasses import replace
from pathlib import Path
from flows import establishment
from flows.establishment import Founding, shares_as_files
from register import boot
from register.configuration import configuration
from register.errors import RegisterError
from register.vocabulary import StaffRole
from rules.vocabulary import ProgramClass
from storage import recovery
from storage.errors import StorageError

settings, root = configuration(), Path(sys.argv[1])
founding = Founding(
    legal_name="Lantern Hill", unit="", address=(), phone="", revocation_desk="the desk", time_zone="America/New_York",
    classes=frozenset({ProgramClass.PART2_PROGRAM}), training=True, administrator="admin",
    administrator_name="Ines Quill", administrator_roles=frozenset({StaffRole.ADMINISTRATOR, StaffRole.INTAKE}),
)
password = "a long enough sentence"

def establish(confirm):
    return establishment.establish(
        settings, founding, password=password, master=establishment.master_key(settings), confirm_shares=confirm
    )

def interrupted(master):
    raise KeyboardInterrupt

def another_keys_shares(master):
    from storage.master import MasterKey
    stranger = MasterKey.create(root / "stranger.key")
    recovery.confirm(master, recovery.split(stranger, needed=2, shares=3)[:2])

told = {}
try:
    attended = replace(founding, revocation_desk="attn Maria Lopez, 9 Lantern Hill")
    master = establishment.master_key(settings)
    establishment.establish(settings, attended, password=password, master=master, confirm_shares=interrupted)
except RegisterError as refused:
    told["person_at_the_desk"] = [str(refused.code), boot.migrated()]
try:
    establish(interrupted)
except KeyboardInterrupt:
    told["after_interruption"] = establishment.established(settings)
    told["database"] = boot.migrated()
first = (settings.keys / "master.key").read_bytes()
try:
    establish(another_keys_shares)
except StorageError as refused:
    told["wrong_shares"] = str(refused.code)
    told["after_wrong_shares"] = establishment.established(settings)
establish(shares_as_files(root / "shares", needed=2, shares=3))
told["established"] = establishment.established(settings)
told["same_key"] = (settings.keys / "master.key").read_bytes() == first
words = establishment.shares_in(sorted((root / "shares").iterdir()))
told["recovered"] = all(
    recovery.combine([words[a], words[b]]).wrap is not None
    and recovery.confirm(establishment.master_key(settings), [words[a], words[b]]) is None
    for a, b in ((0, 1), (1, 2), (2, 0))
)
try:
    establish(shares_as_files(root / "again", needed=2, shares=3))
except Exception as refused:
    told["again"] = str(getattr(refused, "code", refused))
    told["shares_again"] = (root / "again").exists()
told["modes"] = sorted({oct(path.stat().st_mode & 0o777) for path in settings.keys.rglob("*") if path.is_file()})
told["share_modes"] = sorted({oct(path.stat().st_mode & 0o777) for path in (root / "shares").iterdir()})
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """A set-up with everything going wrong once, in a process of its own."""
    import json

    root = tmp_path_factory.mktemp("established")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("CONFIDE_", "PREFECT_"))}
    environment = clean | {"CONFIDE_HOME": str(root / "var"), "CONFIDE_KEYS": str(root / "keys")} | databases()
    ran = subprocess.run(
        [sys.executable, "-c", FOUNDING, str(root)], cwd=PROJECT, env=environment, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    answer: dict[str, object] = json.loads(ran.stdout)
    return answer


def test_a_person_at_the_desk_is_refused_before_anybody_writes_down_a_share(told: dict[str, object]) -> None:
    assert told["person_at_the_desk"] == ["names_a_person", False]


def test_nothing_stands_before_the_shares_are_confirmed(told: dict[str, object]) -> None:
    assert told["after_interruption"] is False
    assert told["database"] is False


def test_shares_of_another_key_are_refused(told: dict[str, object]) -> None:
    assert told["wrong_shares"]
    assert told["after_wrong_shares"] is False


def test_an_interrupted_set_up_goes_on_with_the_same_master_key(told: dict[str, object]) -> None:
    assert told["established"] is True
    assert told["same_key"] is True


def test_any_two_of_the_three_sheets_give_the_key_again(told: dict[str, object]) -> None:
    assert told["recovered"] is True


def test_a_site_is_set_up_once(told: dict[str, object]) -> None:
    assert told["again"] == "already_established"
    assert told["shares_again"] is False


def test_keys_and_sheets_are_for_their_owner_only(told: dict[str, object]) -> None:
    assert set(map(str, told["modes"])) <= {"0o400", "0o600"}  # type: ignore[call-overload]
    assert told["share_modes"] == ["0o600"]


def test_shares_are_not_written_over_others(tmp_path: Path) -> None:
    from flows.establishment import write_shares
    from register.errors import RegisterError
    from storage.master import MasterKey

    (tmp_path / "sheets").mkdir()
    (tmp_path / "sheets" / "share-1-of-3.txt").write_text("somebody else's")
    with pytest.raises(RegisterError):
        write_shares(MasterKey.create(tmp_path / "key"), tmp_path / "sheets", needed=2, shares=3)
    assert (tmp_path / "sheets" / "share-1-of-3.txt").read_text() == "somebody else's"
