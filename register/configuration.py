"""Where this site keeps its things and whom it calls: read once from the environment, then trusted.

Danger: keys that lie inside the data directory are copied with it, and then nothing is encrypted for whoever holds
the copy. Invariant: the key directory is never the data directory, nor under it, nor above it.

Standard library only, and on purpose: every verb of the terminal door reads this, and a settings library took four
tenths of a second to import.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from register.errors import RegisterError, RegisterErrorCode
from storage.address import SCHEME, S3Address, parse
from storage.errors import StoreUnfit

_PREFIX = "CONFIDE_"
_SQLITE = "sqlite:///"
_POSTGRESQL = ("postgresql://", "postgres://")


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """The settings of one site; every path is absolute. Made by `read`."""

    home: Path
    """The data directory, mode 0700."""
    keys: Path
    """The key directory, beside `home` unless told; never inside it."""
    run: Path
    """Sockets and locks of this machine."""
    out: Path
    """Where a person's own copies are written."""
    store: str
    """Address of the store: a directory, `home`/records unless told, or s3://bucket/prefix."""
    database_url: str
    """Address of the register's database: sqlite:/// and an absolute path, or postgresql://."""
    keyring_url: str
    """Address of the keyring's database, which is never the register's: as `database_url`."""
    prefect_database_url: str | None
    """Address of a database for Prefect's server, postgresql://; SQLite under `home` when None."""
    prefect_address: str | None
    """https://name:port under which several hosts reach Prefect's server; loopback of this host alone when None."""
    prefect_certificate: Path | None
    """Certificate of that name, PEM, with the chain to the root that the hosts trust."""
    prefect_certificate_key: Path | None
    """Its private key, PEM, open to its owner alone."""
    tsa_url: str | None
    """An RFC 3161 time-stamp authority; the embedded one when None."""
    tsa_roots: tuple[Path, ...]
    """Root certificates of that authority, PEM or DER: whose stamps are believed."""
    kek: str
    """Where a master key is to be kept: `file`, or `awskms:` and a KMS key. Init, rotate and recover heed it."""
    seal_key: str
    """Where the organization's seal key is: file:, pkcs11: or awskms:. Empty: a key of its own for every seal."""
    ca_key: str
    """Where the key of the certificate authority is, in the same words. Empty: among the keys here."""
    standby: Path | None
    """A folder on another disk for what a backup must not hold: wrapped epoch keys, authority, destruction log."""
    backup_days: int = 14
    """How many days an epoch outlives its month: so long the backups made under it can be restored, and read."""
    fixity_days: int = 30
    """Within so many days every record is read and compared once."""
    s3: S3Address | None = None
    disposer_profile: str = ""
    """Profile of the role that destroys records, where the store is a bucket that has one (docs/aws.md)."""
    break_glass_profile: str = ""
    """Profile of the role that ends locks."""
    """The bucket that `store` names, and how its server is reached; None while records lie under `home`."""

    @property
    def on_postgresql(self) -> bool:
        """Whether the register lies on a PostgreSQL server."""
        return self.database_url.startswith(_POSTGRESQL)

    @property
    def keyring_on_postgresql(self) -> bool:
        """Whether the keyring lies on a PostgreSQL server."""
        return self.keyring_url.startswith(_POSTGRESQL)

    @property
    def database_path(self) -> Path:
        """The register's database file; asked only where it is one."""
        return Path(self.database_url.removeprefix(_SQLITE))

    @property
    def records_path(self) -> Path:
        """The root of the directory store; unused while `s3` is told."""
        return self.home / "records" if self.s3 else Path(unquote(urlsplit(self.store).path))

    @property
    def forms_path(self) -> Path:
        """Where the forms lie that this site published itself; without any, only those that ship are there."""
        return self.home / "forms"

    @property
    def keyring_path(self) -> Path:
        """The keyring's database file, with its own short backup window; asked only where it is one."""
        return Path(self.keyring_url.removeprefix(_SQLITE))

    @property
    def authority_path(self) -> Path:
        """The directory of the organization's own certificate authority."""
        return self.keys / "authority"


def jurisdiction(environment: Mapping[str, str]) -> str:
    """Whose law holds here, `CONFIDE_JURISDICTION`, such as us/ny.

    Raises:
        RegisterError: CONFIGURATION for one that there is no table for.
    """
    from rules.jurisdictions import DEFAULT, known

    told = environment.get("CONFIDE_JURISDICTION") or DEFAULT
    if told not in known():
        raise RegisterError(
            RegisterErrorCode.CONFIGURATION,
            "CONFIDE_JURISDICTION names no jurisdiction there is a table for.",
            f"Use one of: {', '.join(known())}; a new one is a folder in rules/data/jurisdictions.",
        )
    return told


def read(environment: Mapping[str, str]) -> Configuration:
    """The settings that `CONFIDE_*` in an environment make; what is not set, or empty, has its default.

    Raises:
        RegisterError: CONFIGURATION, when keys and data would lie inside one another or a scheme is not served.
    """
    told = {name.removeprefix(_PREFIX): value for name, value in environment.items() if name.startswith(_PREFIX)}

    def path(name: str, default: Path) -> Path:
        return Path(told.get(name) or default).expanduser().absolute()

    home = path("HOME", Path("var"))
    settled = Configuration(
        home=home,
        keys=path("KEYS", home.parent / "keys"),
        run=path("RUN", home / "run"),
        out=path("OUT", Path("out")),
        store=told.get("STORE") or (home / "records").as_uri(),
        database_url=told.get("DATABASE_URL") or environment.get("DATABASE_URL") or f"{_SQLITE}{home / 'register.db'}",
        keyring_url=told.get("KEYRING_URL") or f"{_SQLITE}{home / 'keyring.db'}",
        prefect_database_url=told.get("PREFECT_DATABASE_URL") or None,
        prefect_address=told.get("PREFECT_ADDRESS") or None,
        prefect_certificate=path("PREFECT_CERTIFICATE", home) if told.get("PREFECT_CERTIFICATE") else None,
        prefect_certificate_key=path("PREFECT_CERTIFICATE_KEY", home) if told.get("PREFECT_CERTIFICATE_KEY") else None,
        tsa_url=told.get("TSA_URL") or None,
        tsa_roots=tuple(Path(each).absolute() for each in told.get("TSA_ROOTS", "").split(os.pathsep) if each),
        kek=told.get("KEK") or "file",
        seal_key=told.get("SEAL_KEY", ""),
        ca_key=told.get("CA_KEY", ""),
        standby=path("STANDBY", home) if told.get("STANDBY") else None,
        backup_days=_days(told, "BACKUP_DAYS", 14, least=1, most=90),
        fixity_days=_days(told, "FIXITY_DAYS", 30, least=1, most=300),
        s3=_bucket(told),
        disposer_profile=told.get("S3_DISPOSER_PROFILE", ""),
        break_glass_profile=told.get("S3_BREAK_GLASS_PROFILE", ""),
    )
    _refuse_keys_among_data(settled)
    _refuse_what_is_not_served(settled)
    return settled


@lru_cache(maxsize=1)
def configuration() -> Configuration:
    """This process's settings, read once.

    Raises:
        RegisterError: CONFIGURATION, as `read`.
    """
    return read(os.environ)


def _days(told: Mapping[str, str], name: str, default: int, *, least: int, most: int) -> int:
    given = told.get(name) or str(default)
    if not (given.isascii() and given.isdecimal() and least <= int(given) <= most):
        raise RegisterError(
            RegisterErrorCode.CONFIGURATION,
            f"{_PREFIX}{name} is not a number of days.",
            f"Give a whole number from {least} to {most}, or leave it unset for {default}.",
        )
    return int(given)


def _bucket(told: Mapping[str, str]) -> S3Address | None:
    if not told.get("STORE", "").startswith(f"{SCHEME}://"):
        return None
    bundle = told.get("S3_CA_BUNDLE")
    try:
        return parse(
            told["STORE"],
            endpoint=told.get("S3_ENDPOINT") or None,
            region=told.get("S3_REGION") or None,
            kms_key=told.get("S3_KMS_KEY") or None,
            ca_bundle=Path(bundle).expanduser().absolute() if bundle else None,
            lock=told.get("S3_LOCK") or None,
        )
    except StoreUnfit as wrong:
        raise RegisterError(RegisterErrorCode.CONFIGURATION, wrong.sentence, wrong.remedy) from None


def _refuse_keys_among_data(settled: Configuration) -> None:
    keys = settled.keys.resolve()
    for place, name in ((settled.home, "CONFIDE_HOME"), (settled.records_path, "CONFIDE_STORE")):
        data = place.resolve()
        if keys == data or data in keys.parents or keys in data.parents:
            raise RegisterError(
                RegisterErrorCode.CONFIGURATION,
                "The key directory and the data directory may not contain one another.",
                f"Set CONFIDE_KEYS to a directory beside {name}.",
            )


def _refuse_what_is_not_served(settled: Configuration) -> None:
    for url, name in ((settled.database_url, "DATABASE_URL"), (settled.keyring_url, "KEYRING_URL")):
        if not url.startswith((_SQLITE + "/", *_POSTGRESQL)):
            raise RegisterError(
                RegisterErrorCode.CONFIGURATION,
                f"CONFIDE_{name} is neither SQLite nor PostgreSQL.",
                "Leave it unset, or give sqlite:/// and an absolute path, or postgresql://user@host/database.",
            )
    if settled.database_url == settled.keyring_url:
        raise RegisterError(
            RegisterErrorCode.CONFIGURATION,
            "Register and keyring may not share a database: who copies the one must not have the other.",
            "Give CONFIDE_KEYRING_URL a database, and a role, of its own.",
        )
    if settled.prefect_database_url and not settled.prefect_database_url.startswith(_POSTGRESQL):
        raise RegisterError(
            RegisterErrorCode.CONFIGURATION,
            "CONFIDE_PREFECT_DATABASE_URL is not an address of PostgreSQL.",
            "Leave it unset for SQLite, or give postgresql://user@host/database.",
        )
    _refuse_prefect_in_clear(settled)
    if settled.s3 is None and not settled.store.startswith("file:///"):
        raise RegisterError(
            RegisterErrorCode.CONFIGURATION,
            "Records are kept in a directory, or in a bucket of an S3 server.",
            "Leave CONFIDE_STORE unset, or give file:/// and an absolute path, s3://bucket or s3://bucket/prefix.",
        )


def _refuse_prefect_in_clear(settled: Configuration) -> None:
    if settled.prefect_address is None:
        return
    told = urlsplit(settled.prefect_address)
    files = (settled.prefect_certificate, settled.prefect_certificate_key)
    if told.scheme != "https" or not told.hostname or not all(file is not None and file.is_file() for file in files):
        raise RegisterError(
            RegisterErrorCode.CONFIGURATION,
            "Prefect's server is reached from other hosts by https only: who reads its auth string can run code here.",
            "Set CONFIDE_PREFECT_ADDRESS to https://name:port, and CONFIDE_PREFECT_CERTIFICATE and "
            "CONFIDE_PREFECT_CERTIFICATE_KEY to PEM files for that name.",
        )
