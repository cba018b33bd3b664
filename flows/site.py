"""One site, opened: its settings, vault, certificate authority, time stamps and press, each made when first asked
for.

Every job and every door works on a :class:`Site`; nothing reaches for a global. Opening one costs nothing until a
part is used, so that a verb pays only for what it needs.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from register import boot
from register.configuration import Configuration
from register.configuration import configuration as settings

if TYPE_CHECKING:
    from signing.authority import Authority
    from signing.timestamp import Stamper
    from storage.vault import Vault
    from templates.catalog import Catalog
    from templates.press import Press


class Site:
    """The parts of one site. Not for sharing between processes; threads may share it."""

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration

    @cached_property
    def vault(self) -> Vault:
        return boot.open_vault()

    @cached_property
    def authority(self) -> Authority:
        """The organization's own root and what it issues.

        Raises :class:`flows.authority.AuthorityMissing` before `confide init`.
        """
        from flows.authority import load

        return load(self.configuration)

    @cached_property
    def stamper(self) -> Stamper:
        from flows.authority import stamper

        return stamper(self.configuration, self.authority)

    def renew_authority(self) -> None:
        """New time-stamp and OCSP certificates under the same root, used from here on."""
        from flows.authority import renew

        renewed = renew(self.configuration, self.authority, now=now())
        self.__dict__.pop("stamper", None)
        self.__dict__["authority"] = renewed

    @property
    def catalog(self) -> Catalog:
        """The forms in force and their versions; one that is published is seen at the next asking."""
        from register import forms
        from templates.catalog import site_catalog

        return site_catalog(self.configuration.home / "forms", known=forms.published)

    @cached_property
    def press(self) -> Press:
        from templates.press import Press

        return Press(self.configuration.run)


def open_site() -> Site:
    """The site that the environment names, with Django ready."""
    boot.ready()
    return Site(settings())


def now() -> datetime:
    """This moment in UTC: the one place where jobs and doors read the clock."""
    return datetime.now(UTC)
