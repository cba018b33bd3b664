"""Many keys of a bucket destroyed at once: a thousand versions a request, each key's fate its own.

Danger: one request that removes of a thousand keys and says of one, inside an answer of status 200, that it did not.
Invariant: as `S3Store.destroy`, for every key: locks and holds are read before anything of it is removed, uploads are
aborted, versions go before markers, and the key is listed again and must be empty before it is told as destroyed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from storage.errors import NotFound, StillPresent, StorageError
from storage.protocol import Area, Destroyed, refused
from storage.s3_requests import PAGE, each, refusal

if TYPE_CHECKING:
    from storage.s3 import S3Store

_ATTEMPTS_TO_EMPTY = 3


def destroy_each(
    store: S3Store, area: Area, keys: Sequence[str], *, bypass_lock: bool, now: datetime
) -> dict[str, Destroyed | StorageError]:
    """Empty these keys, looking at each before and after."""
    names = {store.name(area, key): key for key in keys}
    told: dict[str, Destroyed | StorageError] = {}
    if area is Area.RECORDS:
        told.update(refused(store.stat_each(area, keys), bypass_lock=bypass_lock, now=now))
    removed = defaultdict[str, list[str]](list)
    left = [name for name, key in names.items() if key not in told]
    present: dict[str, int] = {}
    for _ in range(_ATTEMPTS_TO_EMPTY):
        _abort_uploads(store, area, left)
        present = {}
        versions, markers = list[tuple[str, str]](), list[tuple[str, str]]()
        for name, listed in each(left, store.listed).items():
            if isinstance(listed, StorageError):
                told[names[name]] = listed
                continue
            present[name] = len(listed[0]) + len(listed[1])
            versions += [(name, version.version_id) for version in listed[0]]
            markers += [(name, marker) for marker in listed[1]]
        for name in (name for name, count in present.items() if not count):
            told[names[name]] = Destroyed(area=area, key=names[name], version_ids=tuple(removed[name]))
        for some in (versions, markers):
            failures = _remove(store, some, bypass_lock)
            told.update({names[name]: failure for name, failure in failures.items()})
        for name, version_id in versions:
            removed[name].append(version_id)
        left = [name for name in left if names[name] not in told]
        if not left:
            break
    told.update({names[name]: StillPresent(present[name]) for name in left})
    return told


def _abort_uploads(store: S3Store, area: Area, names: Sequence[str]) -> None:
    """One listing for all: what was begun and never completed is rare."""
    wanted = set(names)
    under = store.under(area)
    for page in store.requests.pages("list_multipart_uploads", size=PAGE, Prefix=under):
        for upload in page.get("Uploads", ()):
            if upload["Key"] in wanted:
                store.requests.ask("abort_multipart_upload", Key=upload["Key"], UploadId=upload["UploadId"])


def _remove(store: S3Store, what: Sequence[tuple[str, str]], bypass_lock: bool) -> dict[str, StorageError]:
    """Remove these versions or markers; what the server refused, by name. Whether it is gone the next look decides."""
    bypass: dict[str, Any] = {"BypassGovernanceRetention": True} if bypass_lock else {}
    failures: dict[str, StorageError] = {}
    for start in range(0, len(what), PAGE):
        named = [{"Key": name, "VersionId": version_id} for name, version_id in what[start : start + PAGE]]
        try:
            answer = store.requests.ask("delete_objects", Delete={"Objects": named, "Quiet": True}, **bypass)
        except StorageError as whole:
            failures.update({one["Key"]: whole for one in named})
            continue
        for error in answer.get("Errors", ()):  # of an answer with status 200 all the same
            failure = refusal("delete_objects", str(error.get("Code", "")))
            if not isinstance(failure, NotFound):  # somebody else removed it
                failures[str(error.get("Key", ""))] = failure
    return failures
