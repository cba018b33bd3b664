"""Opening the site for a verb: ready, initialized, and only as much of it as the verb needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flows.site import Site


def opened() -> Site:
    """The initialized site that the environment names. Raises `RegisterError` before `confide init`."""
    from flows.site import open_site
    from register import boot

    site = open_site()
    boot.require_migrated()
    return site
