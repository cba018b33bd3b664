"""The store on S3: one bucket with versioning and Object Lock, whose server keeps the locks itself.

Danger: a delete that only hides (a marker), a name that is merely the beginning of another, a refusal inside an answer
of status 200, an answer that believes what was sent instead of what came: each calls something kept or gone that is
not. Invariant: every key is compared whole; versions are listed, never the current view; what destroys looks again and
requires nothing left, unfinished uploads included; a put counts when the server's own digest of the bytes it received
is ours; a lock counts when it was read back.

    <prefix>working/<key>    never locked: a bucket with a default retention is refused when first opened
    <prefix>records/<key>    locked until the date the caller gives (GOVERNANCE, or COMPLIANCE where the address says
                             so, a year ahead at most), legal hold
    <prefix>log/<key>        only ever put and read; the bucket's policy denies the rest

A delete marker (somebody's simple delete, a lifecycle rule) hides nothing here: `get`, `stat` and `list` look under it.
Single PutObject only: the parts of a multipart upload carry no checksum of the whole and are locked by some servers
only at the end. Beside each version lies the SHA-256 of its (sealed) bytes, and nothing else that could tell of it.
"""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

from storage.address import S3Address
from storage.errors import (
    BadKey,
    Damaged,
    DigestRefused,
    Held,
    Locked,
    LockRefused,
    LogIsAppendOnly,
    NotFound,
    StillPresent,
    StorageError,
    StoreDenied,
    StoreUnavailable,
    StoreUnfit,
)
from storage.protocol import PROBE, Area, Destroyed, LockMode, Protection, Version, VersionStat, checked_key
from storage.s3_answers import (
    SHA256,
    Guards,
    Silence,
    digest_is_ours,
    is_whole,
    mode_of,
    not_kept,
    require_kept,
    sha256_told,
    word_of,
)
from storage.s3_many import destroy_each, listed_each
from storage.s3_requests import PAGE, Listed, Requests, each, refusal, translated
from storage.survey import Seen

LARGEST = 5 * 10**9
"""Bytes of the largest single PutObject."""
LONGEST_COMPLIANCE = timedelta(days=400)
"""A year, rounded up to the end of a month: what the house gives a lock. Nobody could take back a longer one."""
_ATTEMPTS_TO_EMPTY = 3
_READS = 3
_NEVER_LOCKED = frozenset({"NoSuchObjectLockConfiguration", "ObjectLockConfigurationNotFoundError", "InvalidRequest"})


class S3Store:
    """A `Store` in a bucket. Cheap to open: nothing is asked of the server before the first verb."""

    def __init__(self, address: S3Address, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.address = address
        self.requests = Requests(address)
        self._clock = clock

    def __repr__(self) -> str:
        return f"S3Store({self.address.url!r})"

    @property
    def effective_protection(self) -> Protection:
        early = (
            "a lock ends early only for a role that may bypass it"
            if self.address.lock is LockMode.GOVERNANCE
            else "a lock ends early for nobody: what a court orders destroyed loses its key, and its ciphertext stays "
            "until the lock's day"
        )
        return Protection(
            mode=self.address.lock,
            enforced_by="server",
            sentence=f"Locks and holds are kept by the server; {early}, and a hold only by a role that may lift it.",
        )

    def put(self, area: Area, key: str, data: bytes, *, retain_until: datetime | None = None) -> Version:
        lock = {} if retain_until is None else self._lock(area, retain_until)
        name, sha256, md5 = self.name(area, key), hashlib.sha256(data), hashlib.md5(data, usedforsecurity=False)
        if len(data) > LARGEST:
            raise StoreUnfit("More than 5 GB cannot be put in one piece.", "Nothing Confide makes is so large.")
        answer = self.requests.ask(
            "put_object",
            Key=name,
            Body=data,
            ContentMD5=base64.b64encode(md5.digest()).decode(),
            ChecksumSHA256=base64.b64encode(sha256.digest()).decode(),
            Metadata={SHA256: sha256.hexdigest()},
            **self.encryption(),
            **lock,
        )
        version_id = self._version_id_in(answer)
        if not digest_is_ours(answer, sha256.digest(), md5.hexdigest()) and self._read(name, version_id) != data:
            raise DigestRefused("put_object, read back")  # the answer did not tell what arrived
        if retain_until is not None:
            seen = self._guards(area, name, version_id, Silence())
            require_kept([seen], lock["ObjectLockRetainUntilDate"], None)
            if seen.mode is not self.address.lock:
                raise not_kept()
        return Version(version_id=version_id, size=len(data), sha256=sha256.hexdigest())

    def get(self, area: Area, key: str, version_id: str | None = None) -> bytes:
        name = self.name(area, key)
        if version_id is not None:
            return self._read(name, version_id)
        try:
            return self._read(name, None)
        except NotFound:
            versions, _ = self.listed(name)
            if not versions:
                raise
            return self._read(name, versions[-1].version_id)  # a delete marker lies on it, and hides nothing

    def stat(self, area: Area, key: str) -> tuple[VersionStat, ...]:
        return tuple(self._stats(area, key, self.listed(self.name(area, key))[0], Silence()))

    def protect(
        self, area: Area, key: str, *, retain_until: datetime | None = None, hold: bool | None = None
    ) -> tuple[VersionStat, ...]:
        name = self.name(area, key)
        if area is not Area.RECORDS:
            raise _only_records_are_locked()
        lock = None if retain_until is None else self._lock(area, retain_until)
        until = None if lock is None else lock["ObjectLockRetainUntilDate"]
        before = self.stat(area, key)
        if not before:
            raise NotFound
        if until is not None and any(found.retain_until is not None and found.retain_until > until for found in before):
            raise LockRefused("A lock is never shortened.", "Give a later time, or leave the lock as it is.")
        for found in before:
            version: dict[str, Any] = {"Key": name, "VersionId": found.version_id}
            if hold is not None and hold is not found.held:
                self.requests.ask("put_object_legal_hold", LegalHold={"Status": "ON" if hold else "OFF"}, **version)
            if until is not None and found.retain_until != until:
                # a lock keeps its mode: no server takes a softer one, Ceph no harder one without a right to end locks
                retention = {"Mode": word_of(found.mode or self.address.lock), "RetainUntilDate": until}
                self.requests.ask("put_object_retention", Retention=retention, **version)
        after = self.stat(area, key)
        # what somebody else put meanwhile is not spoken of
        known = {found.version_id for found in before}
        seen = [Guards(v.retain_until, v.mode, v.held, v.sha256) for v in after if v.version_id in known]
        require_kept(seen, until, hold)
        return after

    def destroy(self, area: Area, key: str, *, bypass_lock: bool = False) -> Destroyed:
        name = self.name(area, key)
        if area is Area.LOG:
            raise LogIsAppendOnly
        if area is Area.RECORDS:
            self._refuse_protected(area, key, bypass_lock)
        removed: list[str] = []
        for _ in range(_ATTEMPTS_TO_EMPTY):
            # uploads first: one that is completed later would add a version
            uploads = self._abort_uploads(name)
            versions, markers = self.listed(name)
            if not (uploads or versions or markers):
                return Destroyed(area=area, key=key, version_ids=tuple(removed))
            removed += self._remove(area, key, [version.version_id for version in versions], bypass_lock)
            self._remove(area, key, markers, bypass_lock)
        raise StillPresent(uploads + len(versions) + len(markers))

    def stat_each(self, area: Area, keys: Sequence[str]) -> Mapping[str, tuple[VersionStat, ...] | StorageError]:
        listed, silence = listed_each(self, area, keys), Silence()

        def told(key: str) -> tuple[VersionStat, ...]:
            found = listed[key]
            if isinstance(found, StorageError):
                raise found
            return tuple(self._stats(area, key, found[0], silence))

        return each(keys, told)

    def destroy_each(
        self, area: Area, keys: Sequence[str], *, bypass_lock: bool = False
    ) -> Mapping[str, Destroyed | StorageError]:
        if area is Area.LOG:
            raise LogIsAppendOnly
        return destroy_each(self, area, keys, bypass_lock=bypass_lock, now=self._clock())

    def list(self, area: Area) -> Iterator[str]:
        under, last = self.under(area), ""
        for page in self.requests.pages("list_object_versions", size=PAGE, Prefix=under):
            for version in page.get("Versions", ()):
                key = str(version["Key"]).removeprefix(under)
                # the versions of a key stand one after the other, on the next page too; an earlier trial left a probe
                if key not in (last, PROBE) and _is_key(key):
                    yield key
                last = key

    def survey(self, area: Area) -> Iterator[tuple[str, tuple[Seen, ...]]]:
        """Every key, ascending, with its versions, oldest first: by listing alone, which tells no locks."""
        under = self.under(area)
        listed = (
            version
            for page in self.requests.pages("list_object_versions", size=PAGE, Prefix=under)
            for version in page.get("Versions", ())
        )
        for name, versions in groupby(listed, key=lambda version: str(version["Key"])):
            key = name.removeprefix(under)
            if key != PROBE and _is_key(key):
                told = [Seen(version_id=v["VersionId"], size=int(v["Size"]), sha256=None, lock=None) for v in versions]
                yield key, tuple(reversed(told))

    def name(self, area: Area, key: str) -> str:
        """The name of an object in the bucket. Raises BadKey."""
        return self.under(area) + checked_key(key)

    def under(self, area: Area) -> str:
        """What the names of an area begin with."""
        return f"{self.address.prefix}{area}/"

    def _lock(self, area: Area, retain_until: datetime) -> dict[str, Any]:
        if area is Area.WORKING:
            raise _only_records_are_locked()
        if retain_until.tzinfo is None:
            raise LockRefused("A lock needs a time with a time zone.", "Give the time in UTC.")
        if retain_until <= self._clock():
            raise LockRefused("A lock must end in the future.", "Leave the lock out, or give a later time.")
        until = datetime.fromtimestamp(math.ceil(retain_until.timestamp()), UTC)
        if self.address.lock is LockMode.COMPLIANCE and until > self._clock() + LONGEST_COMPLIANCE:
            raise LockRefused(
                "A COMPLIANCE lock reaches a year and a month ahead at most.", "Lengthen it as time passes."
            )
        return {"ObjectLockMode": word_of(self.address.lock), "ObjectLockRetainUntilDate": until}

    def encryption(self) -> dict[str, Any]:
        """What every put tells the server about its own encryption; policies look at the request, not at the bucket."""
        if self.address.kms_key is None:
            return {}
        return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": self.address.kms_key}

    def _version_id_in(self, answer: Mapping[str, Any]) -> str:
        version_id = answer.get("VersionId")
        if not version_id and not is_whole(answer):
            raise StoreUnavailable("put_object: its answer was cut off")
        if not version_id or version_id == "null":
            raise StoreUnfit(
                "The bucket keeps no versions: a second put would overwrite the first.",
                "Make a bucket with Object Lock on, which keeps versions; never switch them off.",
            )
        if self.address.kms_key is not None and answer.get("ServerSideEncryption") != "aws:kms":
            raise StoreUnfit(
                "The store was told to encrypt with a key of its key service and does not say that it did.",
                "Use a server that has SSE-KMS, or leave CONFIDE_S3_KMS_KEY unset.",
            )
        return str(version_id)

    def _read(self, name: str, version_id: str | None) -> bytes:
        if version_id == "":
            raise NotFound
        which: dict[str, Any] = {} if version_id is None else {"VersionId": version_id}
        for attempt in range(_READS):
            try:
                with translated("get_object"):
                    answer = self.requests.ask("get_object", Key=name, **which)
                    if "ContentLength" not in answer:  # cut off before it: the end of the connection ends no body
                        raise StoreUnavailable("get_object: its answer was cut off")
                    data: bytes = answer["Body"].read()
                break
            except StoreUnavailable:
                # boto3 tries requests again, never a body that was cut short
                if attempt == _READS - 1:
                    raise
        told = sha256_told(answer)
        if told is not None and hashlib.sha256(data).hexdigest() != told:
            raise Damaged
        return data

    def _stats(self, area: Area, key: str, versions: Sequence[Listed], silence: Silence) -> Iterator[VersionStat]:
        name = self.name(area, key)
        for listed in versions:
            try:
                guards = self._guards(area, name, listed.version_id, silence)
            except NotFound:
                continue  # destroyed since it was listed
            yield VersionStat(
                version_id=listed.version_id,
                size=listed.size,
                sha256=guards.sha256,
                stored_at=listed.stored_at,
                retain_until=guards.until,
                mode=guards.mode,
                held=guards.held,
            )

    def _guards(self, area: Area, name: str, version_id: str, silence: Silence) -> Guards:
        """What the server enforces for one version. Raises NotFound."""
        which: dict[str, Any] = {"Key": name, "VersionId": version_id}
        try:
            found = self.requests.ask("head_object", **which)
        except StoreDenied:
            # a role that may not read is told of locks and holds all the same; the digest beside the bytes it is not
            if area is not Area.RECORDS:
                raise
            found = {}
        if not is_whole(found):
            silence = Silence()
        until, hold = found.get("ObjectLockRetainUntilDate"), found.get("ObjectLockLegalHoldStatus")
        mode = found.get("ObjectLockMode")
        if area is Area.RECORDS:
            # a role that may not read locks is not told of them: silence is asked about, and refusal is an error
            if until is None and not silence.of_locks:
                told = self._by_name("get_object_retention", "Retention", which)
                until, mode = told.get("RetainUntilDate"), told.get("Mode")
                silence.of_locks = True
            if hold is None and not silence.of_holds:
                hold = self._by_name("get_object_legal_hold", "LegalHold", which).get("Status")
                silence.of_holds = True
        return Guards(
            until=None if until is None else until.astimezone(UTC),
            mode=None if until is None else mode_of(mode),
            held=hold == "ON",
            sha256=sha256_told(found),
        )

    def _by_name(self, operation: str, what: str, which: Mapping[str, Any]) -> Mapping[str, Any]:
        """A version's lock or hold, asked for by name; nothing where it never had one."""
        answer = self.requests.ask_unless(_NEVER_LOCKED, operation, **which)
        told: Mapping[str, Any] = answer.get(what, {})
        if answer and not told and not is_whole(answer):  # cut off before its body
            raise StoreUnavailable(f"{operation}: no answer")
        return told

    def listed(self, name: str) -> tuple[Sequence[Listed], Sequence[str]]:
        """Every version of exactly this name, oldest first, and the ids of its delete markers."""
        versions: list[Listed] = []
        markers: list[str] = []
        for page in self.requests.pages("list_object_versions", size=PAGE, Prefix=name):
            found, hiding = page.get("Versions", ()), page.get("DeleteMarkers", ())
            versions += [
                Listed.of(each)
                for each in found
                if each["Key"] == name  # Prefix is not equality
            ]
            markers += [str(each["VersionId"]) for each in hiding if each["Key"] == name]
            if any(each["Key"] > name for each in (*found, *hiding)):
                break
        return versions[::-1], markers

    def _abort_uploads(self, name: str) -> int:
        """Abort what was begun and never completed under this name; how many there were."""
        count = 0
        for page in self.requests.pages("list_multipart_uploads", size=PAGE, Prefix=name):
            for upload in page.get("Uploads", ()):
                if upload["Key"] == name:
                    self.requests.ask("abort_multipart_upload", Key=name, UploadId=upload["UploadId"])
                    count += 1
        return count

    def _refuse_protected(self, area: Area, key: str, bypass_lock: bool) -> None:
        found, now = self.stat(area, key), self._clock()
        if any(version.held for version in found):
            raise Held
        if not bypass_lock and any(v.retain_until is not None and v.retain_until > now for v in found):
            raise Locked

    def refuse_compliance(self, key: str) -> None:
        """Raises Locked where a version of a record has a lock that ends for nobody before its time."""
        for found in self.stat(Area.RECORDS, key):
            if found.mode is LockMode.COMPLIANCE and found.retain_until and found.retain_until > self._clock():
                raise Locked

    def _remove(self, area: Area, key: str, ids: Sequence[str], bypass_lock: bool) -> Sequence[str]:
        """Remove these versions or markers; what the server refuses is looked at again, to say why."""
        name = self.name(area, key)
        bypass: dict[str, Any] = {"BypassGovernanceRetention": True} if bypass_lock else {}
        removed: list[str] = []
        for start in range(0, len(ids), PAGE):
            batch = ids[start : start + PAGE]
            named = [{"Key": name, "VersionId": version_id} for version_id in batch]
            answer = self.requests.ask("delete_objects", Delete={"Objects": named, "Quiet": False}, **bypass)
            refused = set[str]()
            for error in answer.get("Errors", ()):  # of an answer with status 200 all the same
                failure = refusal("delete_objects", str(error.get("Code", "")))
                refused.add(str(error.get("VersionId", "")))
                if isinstance(failure, NotFound):
                    continue  # somebody else removed it; the look that follows decides
                if area is Area.RECORDS:
                    self._refuse_protected(area, key, bypass_lock)
                    self.refuse_compliance(key)
                raise failure
            removed += [version_id for version_id in batch if version_id not in refused]
        return removed


def _only_records_are_locked() -> LockRefused:
    return LockRefused(
        "Only records are locked or held; working bytes go when they are sealed, log entries stay.",
        "Put what must be kept into the records area.",
    )


def _is_key(name: str) -> bool:
    try:
        checked_key(name)
    except BadKey:
        return False
    return True
