"""Many keys of a bucket looked at and destroyed at once: many of them a request, each key's fate its own.

Danger: one request that removes many keys and says of one, inside an answer of status 200, that it did not; a
listing that ends in the middle of a key. Invariant: as `S3Store.destroy`, for every key: nothing of it is removed while
a lock or hold is on any version, uploads are aborted, versions go before markers, and the key is listed again and must
be empty before it is told as destroyed.

Locks are asked for version by version, two requests each, and are not asked for again where nothing hangs on it: of a
key with one version the server removes that one or refuses it, and says which.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

from storage.errors import Locked, NotFound, StillPresent, StorageError
from storage.protocol import Area, Destroyed, checked_key, refused
from storage.s3_requests import PAGE, Listed, at_once, each, refusal

if TYPE_CHECKING:
    from storage.s3 import S3Store

_ATTEMPTS_TO_EMPTY = 3
_WORTH_A_PAGE = 20
"""So many keys of ours on a page of a thousand take as long as asking for each of them."""
_TOGETHER = 25
"""Versions of one request: servers remove those of a request one after the other, and several requests together."""
_Found = tuple[Sequence[Listed], Sequence[str]]


def listed_each(store: S3Store, area: Area, keys: Sequence[str]) -> dict[str, _Found | StorageError]:
    """As `S3Store.listed`, by key: page by page where they stand close together, else several at a time.

    Pages begin where a prefix begins and go on where the server says. A marker of our own would be quicker, and a
    server that mistakes it for a key it gave, as moto does, passes one over: that key would be told as empty.
    """
    told: dict[str, _Found | StorageError] = {}
    by_name = {store.name(area, key): key for key in keys}
    for prefix, names in _neighbours(sorted(by_name), len(store.under(area))):
        found = _by_pages(store, prefix, names)
        told |= {by_name[name]: one for name, one in found.items()}
        if len(found) < len(names):
            break  # too far apart: the rest is asked for one by one
    left = [name for name, key in by_name.items() if key not in told]
    return told | {by_name[name]: one for name, one in each(left, store.listed).items()}


def _neighbours(names: Sequence[str], under: int) -> Iterator[tuple[str, Sequence[str]]]:
    """Groups of these names, in order, by as long a prefix as leaves enough in a group to be worth a page."""
    longest = max(len(name) for name in names) if names else 0
    for digits in range(under, longest):
        groups = {prefix: list(those) for prefix, those in groupby(names, key=lambda name: name[: digits + 1])}
        if len(names) < _WORTH_A_PAGE * len(groups):
            break
    if len(names) >= _WORTH_A_PAGE:
        yield from ((prefix, list(those)) for prefix, those in groupby(names, key=lambda name: name[:digits]))


def _by_pages(store: S3Store, prefix: str, names: Sequence[str]) -> dict[str, _Found | StorageError]:
    """What the pages under a prefix tell of these names, as long as each tells of enough of them."""
    versions, markers = defaultdict[str, list[Listed]](list), defaultdict[str, list[str]](list)
    whole: list[str] = []
    try:
        for number, page in enumerate(store.requests.pages("list_object_versions", size=PAGE, Prefix=prefix), start=1):
            lines, hiding = page.get("Versions", ()), page.get("DeleteMarkers", ())
            for line in lines:
                versions[line["Key"]].append(Listed.of(line))
            for line in hiding:
                markers[line["Key"]].append(str(line["VersionId"]))
            last = max((str(line["Key"]) for line in (*lines, *hiding)), default="")
            # of the last the next page may tell more
            whole = [name for name in names if name < last or not page.get("IsTruncated")]
            if len(whole) == len(names) or len(whole) < number * _WORTH_A_PAGE:
                break
    except StorageError as refused_whole:
        return dict.fromkeys(names, refused_whole)
    return {name: (versions[name][::-1], markers[name]) for name in whole}


def destroy_each(
    store: S3Store, area: Area, keys: Sequence[str], *, bypass_lock: bool, now: datetime
) -> dict[str, Destroyed | StorageError]:
    """Empty these keys, looking at each before and after."""
    told: dict[str, Destroyed | StorageError] = {}
    removed = defaultdict[str, list[str]](list)
    left, present = list(dict.fromkeys(map(checked_key, keys))), dict[str, int]()
    for attempt in range(_ATTEMPTS_TO_EMPTY):
        _abort_uploads(store, area, left)
        listing = listed_each(store, area, left)
        if area is Area.RECORDS and not attempt:
            several = [key for key, found in listing.items() if isinstance(found, tuple) and len(found[0]) > 1]
            told.update(refused(store.stat_each(area, several), bypass_lock=bypass_lock, now=now))
        present, versions, markers = {}, list[tuple[str, str]](), list[tuple[str, str]]()
        for key, found in listing.items():
            if key in told:
                continue
            if isinstance(found, StorageError):
                told[key] = found
            elif not any(found):
                told[key] = Destroyed(area=area, key=key, version_ids=tuple(removed[key]))
            else:
                present[key] = len(found[0]) + len(found[1])
                versions += [(key, version.version_id) for version in found[0]]
                markers += [(key, marker) for marker in found[1]]
        failures = _remove(store, area, versions, bypass_lock)
        markers = [one for one in markers if one[0] not in failures]
        told.update(_explained(store, area, failures | _remove(store, area, markers, bypass_lock), bypass_lock, now))
        for key, version_id in versions:
            removed[key].append(version_id)
        left = [key for key in present if key not in told]
        if not left:
            break
    told.update({key: StillPresent(present[key]) for key in left})
    return told


def _explained(
    store: S3Store, area: Area, failures: Mapping[str, StorageError], bypass_lock: bool, now: datetime
) -> Mapping[str, StorageError]:
    """What the server refused to remove, with the lock or hold it refused it for where there is one.

    Of who may end locks only one that ends for nobody: what else was refused, the role may not.
    """
    if area is not Area.RECORDS or not failures:
        return failures
    found = store.stat_each(area, [*failures])
    protected = {key: told for key, told in found.items() if not isinstance(told, StorageError)}
    compliance = each([*failures], store.refuse_compliance) if bypass_lock else {}
    locked = {key: told for key, told in compliance.items() if isinstance(told, Locked)}
    return {**failures, **locked, **refused(protected, bypass_lock=bypass_lock, now=now)}


def _abort_uploads(store: S3Store, area: Area, keys: Sequence[str]) -> None:
    """One listing for all: what was begun and never completed is rare."""
    under = store.under(area)
    wanted = {under + key for key in keys}
    for page in store.requests.pages("list_multipart_uploads", size=PAGE, Prefix=under):
        for upload in page.get("Uploads", ()):
            if upload["Key"] in wanted:
                store.requests.ask("abort_multipart_upload", Key=upload["Key"], UploadId=upload["UploadId"])


def _remove(store: S3Store, area: Area, what: Sequence[tuple[str, str]], bypass_lock: bool) -> dict[str, StorageError]:
    """Remove these versions or markers; what the server refused, by key. Whether it is gone the next look decides."""
    some = [what[start : start + _TOGETHER] for start in range(0, len(what), _TOGETHER)]
    failures: dict[str, StorageError] = {}
    for failed in at_once(some, lambda part: _remove_some(store, area, part, bypass_lock)):
        failures |= failed
    return failures


def _remove_some(
    store: S3Store, area: Area, what: Sequence[tuple[str, str]], bypass_lock: bool
) -> dict[str, StorageError]:
    bypass: dict[str, Any] = {"BypassGovernanceRetention": True} if bypass_lock else {}
    under = store.under(area)
    named = [{"Key": under + key, "VersionId": version_id} for key, version_id in what]
    try:
        answer = store.requests.ask("delete_objects", Delete={"Objects": named, "Quiet": True}, **bypass)
    except StorageError as whole:
        return {key: whole for key, _ in what}
    errors = answer.get("Errors", ())  # of an answer with status 200 all the same
    refusals = {str(error.get("Key", "")): refusal("delete_objects", str(error.get("Code", ""))) for error in errors}
    # what is not found somebody else removed
    return {name.removeprefix(under): why for name, why in refusals.items() if not isinstance(why, NotFound)}
