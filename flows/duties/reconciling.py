"""Register against store: what is lost, nobody's, not gone, not what was kept, locked or held other than the register
says.

Danger: a look that holds both sides in memory, or asks a server for each of a million versions, is one nobody runs; one
that calls a record lost because it came in meanwhile is one nobody believes. Invariant: two streams in the same order
are held against each other, whatever their length; what differs is asked of register and store once more, and told only
when it differs still. Nothing is changed here. Which records a hold stands on is counsel's to know: the night tells
their number (`compared`), `differences` names them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from flows.found import Found, Kind
from flows.site import Site, now
from register import objects
from register.facts import Accounted
from register.vocabulary import ObjectArea, ObjectState
from storage.envelope import OVERHEAD
from storage.protocol import Area, Store
from storage.survey import Seen, seen, surveyed

if TYPE_CHECKING:
    from storage.inventory import Inventory

OF_HOLDS = (Kind.HOLD_ABSENT, Kind.HOLD_STRANGE)
Survey = Iterator[tuple[str, tuple[Seen, ...]]]


def reconcile(site: Site, moment: datetime, dry: bool) -> Iterator[Found]:
    """The records' area as the store lists it now."""
    return compared(site.vault.store, surveyed(site.vault.store, Area.RECORDS))


def with_inventory(site: Site, inventory: Inventory) -> Iterator[Found]:
    """The same by an inventory that the server wrote: for buckets too large to be asked version by version.

    Raises InventoryRefused.
    """
    return compared(site.vault.store, survey_of(site, inventory))


def survey_of(site: Site, inventory: Inventory) -> Survey:
    """The records' area as an inventory tells it. Raises InventoryRefused."""
    address = site.configuration.s3
    inventory.require_of(address)
    prefix = address.prefix if address is not None else ""
    return inventory.survey(Area.RECORDS, prefix=prefix, scratch=site.configuration.home)


def compared(store: Store, survey: Survey) -> Iterator[Found]:
    """What differs, for everybody's eyes: of holds the number of records alone."""
    counts = dict.fromkeys(OF_HOLDS, 0)
    for found in differences(store, survey):
        if found.kind in counts:
            counts[found.kind] += 1
        else:
            yield found
    for kind, count in counts.items():
        if count:
            yield Found(kind=kind, subject="records", detail=str(count))


def differences(store: Store, survey: Survey) -> Iterator[Found]:
    """What differs between the register and a survey of the records' area, and does so still when asked again.

    A server lists no holds: of what is held here it is asked version by version, of the rest when a record is read.
    """
    for key, row, versions in _side_by_side(objects.accounted(ObjectArea.RECORDS), survey):
        untold = row is not None and row.held and any(version.lock is None for version in versions)
        if untold or any(_differences(key, row, versions)):
            again = next(objects.accounted(ObjectArea.RECORDS, only=key), None)
            there = tuple(map(seen, store.stat(Area.RECORDS, key)))
            yield from _differences(key, again, there)


def _side_by_side(
    rows: Iterator[Accounted], survey: Survey
) -> Iterator[tuple[str, Accounted | None, tuple[Seen, ...]]]:
    row, there = next(rows, None), next(survey, None)
    while row is not None or there is not None:
        if there is None or (row is not None and row.object_id < there[0]):
            assert row is not None  # noqa: S101 - for the type checker: one of the two is there
            yield row.object_id, row, ()
            row = next(rows, None)
        elif row is None or there[0] < row.object_id:
            yield there[0], None, there[1]
            there = next(survey, None)
        else:
            yield there[0], row, there[1]
            row, there = next(rows, None), next(survey, None)


def _differences(key: str, row: Accounted | None, versions: tuple[Seen, ...]) -> Iterator[Found]:
    if row is None:
        if versions:
            yield Found(kind=Kind.UNKNOWN_BYTES, subject=key)
    elif row.state is ObjectState.GONE:
        if versions and not row.locked:
            yield Found(kind=Kind.NOT_GONE, subject=key)
    elif row.record_id is not None:
        subject = str(row.record_id)
        if not versions:
            yield Found(kind=Kind.LOST, subject=subject)
            return
        if wrong := _not_what_was_kept(row, versions):
            yield Found(kind=Kind.DAMAGED, subject=subject, detail=wrong)
        yield from _locks(subject, row, versions)
        yield from _holds(subject, row, versions)


def _not_what_was_kept(row: Accounted, versions: tuple[Seen, ...]) -> str:
    named = [version for version in versions if version.version_id == row.version_id]
    if not named:
        return "version"
    if named[0].sha256 is not None and named[0].sha256 != row.sealed_sha256:
        return "sha256"
    return "" if named[0].size == row.size + OVERHEAD else "size"


def _locks(subject: str, row: Accounted, versions: tuple[Seen, ...]) -> Iterator[Found]:
    told = [version.lock.retain_until for version in versions if version.lock is not None]
    if row.retain_until is None or not told:
        return
    # a version that came after the record's day has no lock, and needs none
    if row.retain_until > now() and any(until is None or until < row.retain_until for until in told):
        yield Found(kind=Kind.LOCK_SHORTER, subject=subject)
    if any(until is not None and until > row.retain_until for until in told):
        yield Found(kind=Kind.LOCK_LONGER, subject=subject)


def _holds(subject: str, row: Accounted, versions: tuple[Seen, ...]) -> Iterator[Found]:
    told = [version.lock.held for version in versions if version.lock is not None]
    if row.held and not all(told):
        yield Found(kind=Kind.HOLD_ABSENT, subject=subject)
    if not row.held and any(told):
        yield Found(kind=Kind.HOLD_STRANGE, subject=subject)
