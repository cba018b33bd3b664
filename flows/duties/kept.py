"""What is owed to records: a time stamp when one was missing, a lock that reaches far enough, and being read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from flows.found import Found, Kind
from flows.sealing import lock_until
from flows.site import Site
from flows.staging import written
from register import agency, holds, records
from register.facts import Record
from register.vocabulary import ObjectArea
from rules.vocabulary import Proof
from signing import seal
from signing.errors import SigningCode, SigningError, StampUnavailable
from storage.errors import NotFound, StorageError, StoreDenied, StoreUnavailable
from storage.protocol import Area, VersionStat
from storage.survey import Listing

RENEW_BEFORE = timedelta(days=365)
EXTEND_BELOW = timedelta(days=335)
"""A lock that reaches less far than this is brought to a year again: once a month for each record."""
LATELY = timedelta(days=7)
"""How long after it was kept a record's lock is looked for; later `reconcile` and `prove` find it missing."""

_NOTED_EVERY = 50
"""Records read between two writes of how far fixity has come."""


def upgrade(site: Site, moment: datetime, dry: bool) -> Iterator[Found]:
    """Records sealed while the time-stamp authority was silent get their archival stamp."""
    for record in records.each(proof=Proof.SEALED_WITHOUT_TIME):
        if dry:
            yield Found(kind=Kind.UPGRADED, subject=str(record.record_id))
            continue
        try:
            pdf = seal.upgrade(_bytes(site, record), site.authority, site.stamper, now=moment).pdf
        except StampUnavailable as silent:
            yield Found(kind=Kind.WITHOUT_TIME, subject=str(record.record_id), detail=str(silent.code))
            continue
        except SigningError as refused:
            if refused.code is not SigningCode.WINDOW_CLOSED:
                raise
            yield Found(kind=Kind.WINDOW_CLOSED, subject=str(record.record_id))
            continue
        _append(site, record, pdf, moment)
        yield Found(kind=Kind.UPGRADED, subject=str(record.record_id))


def extend_locks(site: Site, moment: datetime, dry: bool) -> Iterator[Found]:
    """Locks reach a year ahead, or to the record's date where that is sooner, and are extended as events move the date.

    A record whose date has passed gets no longer lock unless it is held. One whose sealer died before it was locked is
    locked here. Told by their number alone: a lock that grows past a record's date tells that it is held.
    """
    today, count, failed = agency.today(moment), 0, 0
    for found in records.lockable(below=moment + EXTEND_BELOW, kept_since=moment - LATELY):
        record, until = found.record, found.record.retain_until
        due_on = None if found.held else found.due_on
        wanted = lock_until(moment, due_on)
        # a lock that reaches far enough is let be, but that it was ever set is looked at
        further = (due_on is None or due_on > today) and (until is None or until < min(wanted, moment + EXTEND_BELOW))
        if not further and (until is None or until <= moment or _locked(site, record)):
            continue
        if not dry:
            later = wanted if further or until is None else until
            try:
                site.vault.store.protect(Area.RECORDS, record.object_id, retain_until=later)
            except (StoreUnavailable, StoreDenied):
                raise
            except StorageError:
                failed += 1  # lost bytes, or a lock this store does not take: the others get theirs
                continue
            records.extend(record.record_id, retain_until=later, now=moment)
        count += 1
    if count:
        yield Found(kind=Kind.EXTENDED, subject="records", detail=str(count))
    if failed:
        yield Found(kind=Kind.LOCK_SHORTER, subject="records", detail=str(failed))


def prove(site: Site, moment: datetime, dry: bool) -> Iterator[Found]:
    """Fixity: tonight's share of the records is read, decrypted and compared, so that each is once in
    `CONFIDE_FIXITY_DAYS`; a stamp that runs out within a year is renewed.

    What was read is written down every so many records: cut off, the next night goes on there.
    """
    sound: list[UUID] = []
    unsound: list[UUID] = []
    strange = 0

    def noted() -> None:
        if not dry:
            records.looked_at(sound, unsound, now=moment)
        sound.clear()
        unsound.clear()

    listed = isinstance(site.vault.store, Listing)  # of the others `reconcile` sees every hold, every night
    for record in records.to_prove(moment=moment, cycle=timedelta(days=site.configuration.fixity_days)):
        pdf, wrong = compared(site, record)
        (unsound if wrong else sound).append(record.record_id)
        yield wrong or Found(kind=Kind.PROVED, subject=str(record.record_id))
        if wrong is None:
            # on S3 a listing tells neither locks nor holds: each record's are asked about when its turn comes
            versions = site.vault.store.stat(Area.RECORDS, record.object_id)
            if not _reaches(record, versions, moment):
                yield Found(kind=Kind.LOCK_SHORTER, subject=str(record.record_id))
            if listed and any(version.held for version in versions) and not holds.on(record.record_id):
                strange += 1
        if pdf is not None and record.proof is not Proof.NONE:  # a manifest is no PDF
            ends = seal.deadlines(pdf).archive_ends
            if ends is not None and ends <= moment + RENEW_BEFORE:
                yield _renewed(site, record, pdf, moment, dry)
        if len(sound) + len(unsound) >= _NOTED_EVERY:
            noted()
    noted()
    if strange:
        yield Found(kind=Kind.HOLD_STRANGE, subject="records", detail=str(strange))


def compared(site: Site, record: Record) -> tuple[bytes | None, Found | None]:
    """The bytes of a record that is whole, or what is wrong with it and since when it was not seen whole.

    Raises StoreUnavailable, StoreDenied: nothing was read, so nothing is said of any record.
    """
    subject, last = str(record.record_id), f"whole on {record.proved_at.date().isoformat()}"
    try:
        pdf = _bytes(site, record)
    except NotFound:
        return None, Found(kind=Kind.LOST, subject=subject, detail=last)
    except (StoreUnavailable, StoreDenied):
        raise
    except StorageError as damaged:
        return None, Found(kind=Kind.DAMAGED, subject=subject, detail=f"{damaged.code}; {last}")
    if hashlib.sha256(pdf).hexdigest() != record.document_sha256:
        return None, Found(kind=Kind.DAMAGED, subject=subject, detail=f"sha256; {last}")
    return pdf, None


def _renewed(site: Site, record: Record, pdf: bytes, moment: datetime, dry: bool) -> Found:
    """A further archival stamp, unless none that lasts longer can be had: then a person must know."""
    subject = str(record.record_id)
    if dry:
        return Found(kind=Kind.RENEWED, subject=subject)
    try:
        longer = seal.renew(pdf, site.authority, site.stamper, now=moment)
    except SigningError as refused:
        return Found(kind=Kind.STAMP_ENDS, subject=subject, detail=str(refused.code))
    _append(site, record, longer, moment)
    return Found(kind=Kind.RENEWED, subject=subject)


def _reaches(record: Record, versions: tuple[VersionStat, ...], moment: datetime) -> bool:
    """Whether the store locks every version for as long as the register says."""
    wanted = record.retain_until
    return (
        wanted is None
        or wanted <= moment
        or all(each.retain_until is not None and each.retain_until >= wanted for each in versions)
    )


def _locked(site: Site, record: Record) -> bool:
    """Whether every version there is has a lock; whether it reaches far enough is for `reconcile` to tell."""
    versions = site.vault.store.stat(Area.RECORDS, record.object_id)
    return all(version.retain_until is not None for version in versions)


def _bytes(site: Site, record: Record) -> bytes:
    return site.vault.get(record.object_id, Area.RECORDS, version_id=record.version_id)


def _append(site: Site, record: Record, pdf: bytes, moment: datetime) -> None:
    """A longer proof is a further version of the same object: same key, same lock, destroyed together with it.

    A record that is past its day and still here (retained, or its run not yet made) has no lock left to give.
    """
    ahead = record.retain_until is not None and record.retain_until > moment
    document = written(
        site,
        record.object_id,
        pdf,
        area=ObjectArea.RECORDS,
        pages=record.pages,
        retain_until=record.retain_until if ahead else None,
    )
    records.upgrade(record.record_id, document=document, proof=Proof.SEALED, now=moment)
