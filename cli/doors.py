"""Opening the site for a verb: ready, initialized, and only as much of it as the verb needs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from flows.site import Site


def opened() -> Site:
    """The initialized site that the environment names. Raises `RegisterError` before `confide init`."""
    from flows.site import open_site
    from register import boot

    # who sits at a terminal can be asked for the PIN of a token; a worker reads it from a file or refuses
    site = open_site(ask=_asked_for if sys.stdin.isatty() else None)
    boot.require_migrated()
    return site


def _asked_for(what: str) -> str:
    from cli import ask

    return ask.prompt(what, hidden=True)


def statement_id(given: str) -> UUID:
    """A statement by its id, or by the short id that is printed on the paper. Raises `RegisterError` for neither.

    The site must be open.
    """
    from register import statements

    try:
        return UUID(given)
    except ValueError:
        return statements.by_ref(given).statement_id
