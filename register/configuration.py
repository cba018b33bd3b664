"""Where this site keeps its things and whom it calls: read once from the environment, then trusted.

Danger: keys that lie inside the data directory are copied with it, and then nothing is encrypted for whoever holds
the copy. Invariant: the key directory is never the data directory, nor under it, nor above it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from register.errors import RegisterError, RegisterErrorCode


def _absolute(path: Path) -> Path:
    return path.expanduser().absolute()


def _beside_home(name: str) -> Callable[[dict[str, Any]], Path]:
    return lambda settled: settled["home"].parent / name


def _under_home(name: str) -> Callable[[dict[str, Any]], Path]:
    return lambda settled: settled["home"] / name


AbsolutePath = Annotated[Path, AfterValidator(_absolute)]


class Configuration(BaseSettings):
    """The settings of one site, from `CONFIDE_*` in the environment; every path is absolute."""

    model_config = SettingsConfigDict(env_prefix="CONFIDE_", frozen=True, extra="ignore", validate_default=True)

    home: AbsolutePath = Path("var")
    """The data directory, mode 0700."""
    keys: AbsolutePath = Field(default_factory=_beside_home("keys"))
    """The key directory, beside `home` unless told; never inside it."""
    run: AbsolutePath = Field(default_factory=_under_home("run"))
    """Sockets and locks of this machine."""
    out: AbsolutePath = Path("out")
    """Where a person's own copies are written."""
    store: str = Field(default_factory=lambda settled: (settled["home"] / "records").as_uri())
    """Address of the store; in this version always `home`/records."""
    database_url: str = Field(default_factory=lambda settled: f"sqlite:///{settled['home'] / 'register.db'}")
    """Address of the register's database: sqlite:/// and an absolute path."""
    tsa_url: str | None = None
    """An RFC 3161 time-stamp authority; the embedded one when unset."""

    @model_validator(mode="after")
    def _refuse_what_is_unsafe(self) -> Self:
        self._refuse_keys_among_data()
        self._refuse_foreign_schemes()
        return self

    def _refuse_keys_among_data(self) -> None:
        keys, home = self.keys.resolve(), self.home.resolve()
        if keys == home or home in keys.parents or keys in home.parents:
            raise RegisterError(
                RegisterErrorCode.CONFIGURATION,
                "The key directory and the data directory may not contain one another.",
                "Set CONFIDE_KEYS to a directory beside CONFIDE_HOME.",
            )

    def _refuse_foreign_schemes(self) -> None:
        if urlsplit(self.database_url).scheme != "sqlite":
            raise RegisterError(
                RegisterErrorCode.CONFIGURATION,
                "This version keeps its register in SQLite only.",
                "Leave CONFIDE_DATABASE_URL unset, or give sqlite:///absolute/path.",
            )
        if self.store != self.records_path.as_uri():
            raise RegisterError(
                RegisterErrorCode.CONFIGURATION,
                "This version keeps its records under the data directory only.",
                "Leave CONFIDE_STORE unset.",
            )

    @property
    def database_path(self) -> Path:
        """The register's database file."""
        return Path(self.database_url.removeprefix("sqlite:///"))

    @property
    def records_path(self) -> Path:
        """The root of the directory store."""
        return self.home / "records"

    @property
    def keyring_path(self) -> Path:
        """The keyring's database: a file of its own, with its own short backup window."""
        return self.home / "keyring.db"

    @property
    def master_key_path(self) -> Path:
        """The key file that wraps the keyring's keys."""
        return self.keys / "master.key"

    @property
    def authority_path(self) -> Path:
        """The directory of the organization's own certificate authority."""
        return self.keys / "authority"


@lru_cache(maxsize=1)
def configuration() -> Configuration:
    """The site's settings, read once a process.

    Raises:
        RegisterError: CONFIGURATION, when keys and data would lie inside one another or a scheme is not served.
    """
    return Configuration()
