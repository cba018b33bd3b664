"""What must not stay as it is: leases of the dead, half-done destructions, bytes nobody points at, and what a person
is told.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from flows import disposal
from flows.found import Found, Kind
from flows.safekeeping import level
from flows.site import Site
from flows.staging import clear
from register import audit, leases, objects, packets, statements
from register import disposal as runs
from register.audit_facts import AuditVerdict
from rules.disposal import RunState
from rules.vocabulary import PacketState
from storage.destruction import EntryKind
from storage.errors import KeyNotFound
from storage.standby import Standbys

if TYPE_CHECKING:
    from signing.keys import SigningKey

ORPHAN_AFTER = timedelta(hours=1)
"""Longer than any step holds bytes it has not published yet."""
EXECUTED_WITHIN = timedelta(hours=12)
"""The largest run takes minutes; who is at it still is left alone."""
WARN_BEFORE = timedelta(days=60)
RENEW_BEFORE = timedelta(days=400)
"""Before records renew their archival stamps, a year ahead."""


def give_back_leases(site: Site, moment: datetime, dry: bool) -> Iterator[Found]:
    """Work whose worker died."""
    for queue in (packets.ISSUING, statements.SEALING):
        for subject in leases.expired(queue, now=moment) if dry else leases.release_expired(queue, now=moment):
            yield Found(kind=Kind.LEASE_RETURNED, subject=str(subject))


def resume_destructions(site: Site, moment: datetime, dry: bool) -> Iterator[Found]:
    """Destructions that a crash cut off: begun is decided, so they are finished."""
    if dry:
        for entry in site.vault.log.unfinished():
            for item in entry.items:
                yield Found(kind=Kind.DESTRUCTION_RESUMED, subject=item.object_id)
        return
    for gone in site.vault.resume():
        yield Found(kind=Kind.DESTRUCTION_RESUMED, subject=gone.item.object_id)
    for object_id in disposal.resume_unfinished(site):
        yield Found(kind=Kind.DESTRUCTION_RESUMED, subject=object_id)


def clear_orphans(site: Site, moment: datetime, dry: bool) -> Iterator[Found]:
    """Bytes that were staged and never published, or published and replaced."""
    for orphan in objects.orphans(older_than=moment - ORPHAN_AFTER):
        if not dry:
            try:
                clear(site, orphan.object_id, orphan.area)
            except KeyNotFound:
                # named in the register, but the crash came before anything was written
                objects.retire(orphan.object_id, now=moment)
        yield Found(kind=Kind.ORPHAN_CLEARED, subject=orphan.object_id)


def level_standby(site: Site, moment: datetime, dry: bool) -> Iterator[Found]:
    """The standby brought level, so that nothing destroyed today could come back from it."""
    standby = site.configuration.standby
    if standby is not None:
        if dry:
            Standbys(site.configuration.keys).present()  # raises where one is not there
        else:
            level(site, standby)
        yield Found(kind=Kind.LEVELED, subject="standby")


def tell_stuck(site: Site, moment: datetime, dry: bool) -> Iterator[Found]:
    """Packets and seals that failed for good, and disposal runs that were left in the middle."""
    for packet in packets.listing(state=PacketState.FAILED):
        yield Found(kind=Kind.STUCK, subject=str(packet.packet_id), detail=f"{packet.failed_step}:{packet.failed_code}")
    for row in statements.sealing_stuck():
        yield Found(
            kind=Kind.STUCK,
            subject=str(row.statement_id),
            detail=f"{row.sealing_failed_step}:{row.sealing_failed_code}",
        )
    for run in runs.listing(RunState.EXECUTING):
        # what only waits until the store's lock ends is told from that day on
        waits = run.unsettled - (run.locked if run.stays_until and run.stays_until > moment else 0)
        if waits and run.begun_at is not None and run.begun_at <= moment - EXECUTED_WITHIN:
            yield Found(kind=Kind.RUN_UNFINISHED, subject=str(run.run_id), detail=str(waits))


def renew_authority(site: Site, moment: datetime, dry: bool) -> Iterator[Found]:
    """Time-stamp and OCSP certificates made anew before archival stamps are, which must outlast the old ones."""
    authority = site.authority
    ends = min(authority.stamper_certificate.not_valid_after, authority.responder_certificate.not_valid_after)
    if ends > moment + RENEW_BEFORE:
        return
    if authority.root.not_valid_after <= ends:
        # new ones would end with the root too: a person prolongs that, because verifiers elsewhere must be given it
        yield Found(kind=Kind.CERTIFICATE_ENDS, subject="root", detail=ends.date().isoformat())
        return
    if not dry:
        site.renew_authority()
    yield Found(kind=Kind.RENEWED, subject="time-stamp authority", detail=ends.date().isoformat())


def tell_certificates(site: Site, moment: datetime, dry: bool) -> Iterator[Found]:
    """Certificates of the organization's own authority, and keys on tokens or in services, that end soon."""
    authority = site.authority
    for name, certificate in (
        ("root", authority.root),
        ("time-stamp authority", authority.stamper_certificate),
        ("OCSP responder", authority.responder_certificate),
    ):
        ends = certificate.not_valid_after
        if ends <= moment + WARN_BEFORE:
            yield Found(kind=Kind.CERTIFICATE_ENDS, subject=name, detail=ends.date().isoformat())
    for name, key in (("seal key", site.seal_key), ("key of the certificate authority", authority.ca_key)):
        end = ends_of(key)
        if end is not None and end <= moment + WARN_BEFORE:
            yield Found(kind=Kind.KEY_ENDS, subject=name, detail=end.date().isoformat())


def ends_of(key: SigningKey | None) -> datetime | None:
    """When a key on a token or in a service stops by itself. A key in a file does not: its certificates are made anew.

    Raises `SigningError` when it cannot be asked.
    """
    from signing.keys import Ending

    return key.ends() if isinstance(key, Ending) else None


def prove_audit(site: Site, moment: datetime, dry: bool) -> Iterator[Found]:
    """The audit log's chain, checked whole, and its head written where the register's owner cannot change it."""
    verdict = audit_verdict(site)
    if not verdict.intact:
        yield Found(kind=Kind.AUDIT_BROKEN, subject=str(verdict.first_broken), detail=verdict.reason)
    elif not dry and (head := audit.head()) is not None:
        site.vault.log.anchor(head.hash, at=moment)
        yield Found(kind=Kind.ANCHORED, subject=str(head.seq))


def audit_verdict(site: Site) -> AuditVerdict:
    """Whether the audit log is whole and still holds every head that was anchored in the store's log."""
    anchors = {entry.value for entry in site.vault.log.entries() if entry.kind is EntryKind.ANCHOR}
    return audit.check(anchors=anchors)
