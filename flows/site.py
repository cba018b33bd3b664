"""One site, opened: its settings, vault, certificate authority, time stamps and press, each made when first asked
for.

Every job and every door works on a :class:`Site`; nothing reaches for a global. Opening one costs nothing until a
part is used, so that a verb pays only for what it needs.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from register import boot
from register.configuration import Configuration
from register.configuration import configuration as settings

if TYPE_CHECKING:
    from flows.signing_keys import Ask
    from signing.authority import Authority
    from signing.keys import SigningKey
    from signing.timestamp import Stamper
    from storage.protocol import Store
    from storage.vault import Vault
    from templates.catalog import Catalog
    from templates.press import Press


class Site:
    """The parts of one site. Not for sharing between processes; threads may share it."""

    def __init__(self, configuration: Configuration, *, ask: Ask | None = None) -> None:
        self.configuration = configuration
        self.ask = ask
        self._signing = threading.Lock()
        self._authority: Authority | None = None
        self._stamper: Stamper | None = None
        self._read_at: object = None

    @cached_property
    def vault(self) -> Vault:
        return boot.open_vault()

    def destroyer(self, *, break_glass: bool = False) -> Store:
        """The store as the role opens it that may destroy records, or end locks; this site's own where none is told.

        Raises `StorageError`.
        """
        profile = self.configuration.break_glass_profile if break_glass else self.configuration.disposer_profile
        if self.configuration.s3 is None or not profile:
            return self.vault.store
        from storage.opening import open_store

        return open_store(self.configuration.records_path, replace(self.configuration.s3, profile=profile))

    @property
    def authority(self) -> Authority:
        """The organization's own root and what it issues; read again when somebody renewed it.

        Raises :class:`flows.authority.AuthorityMissing` before `confide init`, and as `flows.authority.load`.
        """
        from flows.authority import load, stamp

        with self._signing:
            found = stamp(self.configuration)
            if self._authority is None or found != self._read_at:
                self._authority, self._stamper = load(self.configuration, self.ask), None
                self._read_at = found
            return self._authority

    @authority.setter
    def authority(self, given: Authority) -> None:
        from flows.authority import stamp

        with self._signing:
            self._authority, self._stamper, self._read_at = given, None, stamp(self.configuration)

    @property
    def stamper(self) -> Stamper:
        """Where signatures get their time; of the authority in force."""
        from flows.authority import stamper

        authority = self.authority
        if self._stamper is None:
            self._stamper = stamper(self.configuration, authority)
        return self._stamper

    @stamper.setter
    def stamper(self, given: Stamper) -> None:
        self._stamper = given

    @cached_property
    def seal_key(self) -> SigningKey | None:
        """The organization's own key for certification and seal; None where every act gets one.

        Raises `KeySettingError` or `SigningError`.
        """
        from flows.signing_keys import Setting, signing_key

        return signing_key(Setting.SEAL, self.configuration.seal_key, self.ask)

    def renew_authority(self, *, root: bool = False) -> None:
        """New time-stamp and OCSP certificates, used from here on; with `root`, under a root that ends later."""
        from flows.authority import renew

        self.authority = renew(self.configuration, self.authority, now=now(), root=root)

    @property
    def catalog(self) -> Catalog:
        """The forms in force and their versions; one that is published is seen at the next asking."""
        from register import forms
        from templates.catalog import site_catalog

        return site_catalog(self.configuration.forms_path, known=forms.published)

    @cached_property
    def press(self) -> Press:
        from templates.press import Press

        return Press(self.configuration.run)


def open_site(ask: Ask | None = None) -> Site:
    """The site that the environment names, with Django ready. `ask`: how a person is asked for a PIN, where one is."""
    boot.ready()
    return Site(settings(), ask=ask)


def now() -> datetime:
    """This moment in UTC: the one place where jobs and doors read the clock."""
    return datetime.now(UTC)
