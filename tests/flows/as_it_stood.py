"""A site as it stood at a moment, brought back as often as a test wants it: its files, and its databases on a server.

For tests that kill a process again and again, each time from the same beginning.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.cluster import ON_POSTGRESQL, shared_cluster
from tests.flows.disposing import Records

if TYPE_CHECKING:
    from tests.register.conftest import World


class AsItStood:
    """What the site of `records` holds now. Close it before, and whenever it is brought back."""

    def __init__(self, world: World) -> None:
        self._home = world.settings.home.parent
        self._files = self._home.with_name("before")
        shutil.copytree(self._home, self._files)
        urls = (world.settings.database_url, world.settings.keyring_url) if ON_POSTGRESQL else ()
        names = [urlsplit(url).path.strip("/") for url in urls]
        self._databases = {name: shared_cluster().database(like=name) for name in names}

    def bring_back(self) -> None:
        """The site is as it stood: whatever came since is gone."""
        shutil.rmtree(self._home)
        shutil.copytree(self._files, self._home)
        for name, kept in self._databases.items():
            shared_cluster().drop(name)
            shared_cluster().execute(f"CREATE DATABASE {name} TEMPLATE {kept}")

    def remove(self) -> None:
        """Nothing is to be brought back any more."""
        if self._databases:
            shared_cluster().drop(*self._databases.values())


def reopened(records: Records) -> Records:
    """The same site as another process opens it."""
    from register import boot
    from storage import embedded

    records.world.vault = records.site.vault = embedded.open_vault(boot.places(records.world.settings))
    return records


def closed(records: Records) -> None:
    """Nothing of this process has the site open."""
    from django.db import connection

    connection.close()
    records.world.vault.keyring.close()
