"""Where a site keeps its things is settled once, and never unsafely."""

from __future__ import annotations

from pathlib import Path

import pytest

from register.configuration import Configuration
from register.errors import RegisterError, RegisterErrorCode


@pytest.fixture(autouse=True)
def _nothing_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("HOME", "KEYS", "RUN", "OUT", "STORE", "DATABASE_URL", "TSA_URL"):
        monkeypatch.delenv(f"CONFIDE_{name}", raising=False)
    monkeypatch.chdir(tmp_path)


def test_keys_lie_beside_the_data_unless_told(tmp_path: Path) -> None:
    site = Configuration()

    assert site.home == tmp_path / "var"
    assert site.keys == tmp_path / "keys"
    assert site.run == tmp_path / "var" / "run"
    assert site.database_path == tmp_path / "var" / "register.db"
    assert site.out == tmp_path / "out"


def test_the_environment_names_the_places(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CONFIDE_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("CONFIDE_DATABASE_URL", f"sqlite:///{tmp_path}/elsewhere.db")
    site = Configuration()

    assert site.keys == tmp_path / "keys"
    assert site.records_path == tmp_path / "data" / "records"
    assert site.database_path == tmp_path / "elsewhere.db"


@pytest.mark.parametrize(("home", "keys"), [("var", "var/keys"), ("var", "var"), ("keys/var", "keys"), ("var", "link")])
def test_keys_among_the_data_are_refused(tmp_path: Path, home: str, keys: str) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "var")
    with pytest.raises(RegisterError) as refused:
        Configuration(home=tmp_path / home, keys=tmp_path / keys)

    assert refused.value.code is RegisterErrorCode.CONFIGURATION


@pytest.mark.parametrize(
    "told", [{"database_url": "postgresql://db/confide"}, {"store": "s3://bucket"}, {"store": "file:///elsewhere"}]
)
def test_what_this_version_does_not_serve_is_refused(told: dict[str, str]) -> None:
    with pytest.raises(RegisterError) as refused:
        Configuration(**told)  # type: ignore[arg-type]

    assert refused.value.code is RegisterErrorCode.CONFIGURATION


def test_settings_are_not_changed_after_they_were_read() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Configuration().tsa_url = "http://elsewhere"
