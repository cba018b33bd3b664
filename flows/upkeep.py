"""Upkeep: what time does to statements and records, done every night, and everything that must be looked at, told.

Danger: a proof that runs out unseen, bytes that rot unread, a signature whose thirty days pass. Invariant: every duty
is idempotent and stands alone, so that one that fails stops no other; what upkeep may mend it mends, what a person
must decide it reports, and a dry run only reports.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from prefect import flow

from flows import django_ready  # isort: skip  # noqa: F401
from flows import erasure
from flows.duties import kept, passing, reconciling, retaining, statement_life
from flows.found import Found, Kind
from flows.site import Site, now, open_site
from templates import process

if TYPE_CHECKING:
    from storage.inventory import Inventory

DUTIES: tuple[tuple[str, Callable[[Site, datetime, bool], Iterator[Found]]], ...] = (
    ("leases", passing.give_back_leases),
    ("destructions", passing.resume_destructions),
    ("expiry", statement_life.expire),
    ("over", statement_life.void_over),
    ("never-signed", statement_life.void_never_signed),
    ("part-signed", statement_life.stamp_part_signed),
    ("authority", passing.renew_authority),
    ("without-time", kept.upgrade),
    ("holds", retaining.tell_store),
    ("days", retaining.compute_days),
    ("declined", retaining.clear_declined),
    ("locks", kept.extend_locks),
    ("fixity", kept.prove),
    ("reconcile", reconciling.reconcile),
    ("epochs", erasure.turn),
    ("orphans", passing.clear_orphans),
    ("stuck", passing.tell_stuck),
    ("certificates", passing.tell_certificates),
    ("reviews", retaining.tell_reviews),
    ("audit", passing.prove_audit),
    ("standby", passing.level_standby),
)
"""In the order they run: what frees and finishes comes before what proves."""


@flow(name="upkeep", persist_result=False, log_prints=False)
def upkeep() -> None:
    """The night's work, recorded in Prefect as done; its report is in the register's audit log and `confide doctor`."""
    process.seclude()
    tend(open_site(), dry=False)


def tend(
    site: Site,
    *,
    dry: bool,
    at: datetime | None = None,
    inventory: Inventory | None = None,
    progress: Callable[[int, str], None] = lambda count, duty: None,
) -> tuple[Found, ...]:
    """Do every duty, or with `dry` only say what each would do; returns everything found, in order.

    With an `inventory` the store's side of the reconciliation is read from it. `progress` is told how much was found so
    far and which duty is at work.
    """
    moment = at or now()
    found: list[Found] = []
    for name, duty in DUTIES:
        progress(len(found), name)
        try:
            told = duty(site, moment, dry)
            if name == "reconcile" and inventory is not None:
                told = reconciling.with_inventory(site, inventory)
            for each in told:
                found.append(each)
                progress(len(found), name)
        except Exception as failure:  # noqa: BLE001 - the next duty must run; this one is reported
            # by its code alone: a message may quote a client
            code = str(getattr(failure, "code", "") or type(failure).__name__)
            found.append(Found(kind=Kind.DUTY_FAILED, subject=name, detail=code))
    return tuple(found)
