"""The object stores with records of 100 KB, one thread: the directory, every put synced; S3 against plain boto3.

Danger: a comparison in which one side waited for the other's turn of the disk, or opened its connections anew.
Invariant: both sides are measured in one run, op by op in turn and in changing order, on the same server, each with one
client whose connection stays open; the figure is the share of plain boto3's speed at the medians. Plain boto3 sends the
bytes and believes the status; ours sends digests too and compares what the server says it received.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from bench.figures import Bound, Figure, median, spread
from bench.server import new_bucket, s3_server
from bench.site import TrainingSite
from storage.directory import DirectoryStore
from storage.protocol import Area
from storage.s3 import S3Store

RECORD_BYTES = 100_000
A_ROUND = 40
"""Puts, and gets, of each side in one round."""


def measure(site: TrainingSite, rounds: int) -> Iterator[Figure]:
    """The figures of the directory store; those of S3 where its test server is installed."""
    yield from _directory(site, rounds)
    with s3_server(site) as ceph:
        for tls in (True, False) if ceph is not None else ():
            yield from _compared("https" if tls else "http", *new_bucket(ceph, tls=tls), rounds)


def _directory(site: TrainingSite, rounds: int) -> Iterator[Figure]:
    store = DirectoryStore(site.folder / "bench-store")
    puts, gets, data = list[float](), list[float](), os.urandom(RECORD_BYTES)
    for number in range((rounds + 1) * A_ROUND):
        key = uuid.uuid4().hex
        put, get = _took(store.put, Area.RECORDS, key, data), _took(store.get, Area.RECORDS, key)
        if number >= A_ROUND:
            puts.append(put)
            gets.append(get)
    synced = f"file and directory synced ({site.file_system})"
    yield _rate("put of 100 KB, directory store", puts, 300.0, synced)
    yield _rate("get of 100 KB, directory store", gets, 2000.0, "checked against its SHA-256")


def _rate(name: str, took: list[float], target: float, notes: str) -> Figure:
    notes = f"{spread(took, 'ms')}; {notes}"
    return Figure(name=name, value=1000 / median(took), unit="/s", target=target, bound=Bound.AT_LEAST, notes=notes)


def _compared(scheme: str, plain: Any, ours: S3Store, rounds: int) -> Iterator[Figure]:
    bucket, data = ours.address.bucket, os.urandom(RECORD_BYTES)

    def theirs_put(key: str) -> object:
        return plain.put_object(Bucket=bucket, Key=f"plain/{key}", Body=data)

    def theirs_get(key: str) -> object:
        return plain.get_object(Bucket=bucket, Key=f"plain/{key}")["Body"].read()

    sides: dict[str, tuple[Callable[[str], object], Callable[[str], object]]] = {
        "plain": (theirs_put, theirs_get),
        "ours": (lambda key: ours.put(Area.RECORDS, key, data), lambda key: ours.get(Area.RECORDS, key)),
    }
    took: dict[str, tuple[list[float], list[float]]] = {side: ([], []) for side in sides}
    for number in range((rounds + 1) * A_ROUND):
        key = uuid.uuid4().hex
        for verb in (0, 1):
            for side in sorted(sides, reverse=bool(number % 2)):
                ms = _took(sides[side][verb], key)
                if number >= A_ROUND:
                    took[side][verb].append(ms)
    for verb, name in enumerate(("put", "get")):
        mine, other = took["ours"][verb], took["plain"][verb]
        yield Figure(
            name=f"{name} of 100 KB on Ceph by {scheme}, of plain boto3's speed",
            value=100 * median(other) / median(mine),
            unit="%",
            target=90.0,
            bound=Bound.AT_LEAST,
            notes=f"ours {spread(mine, 'ms')}, median {median(mine):.1f}; plain {spread(other, 'ms')}, "
            f"median {median(other):.1f}; one thread, in turn",
        )


def _took(work: Callable[..., object], *given: object) -> float:
    began = time.perf_counter()
    work(*given)
    return (time.perf_counter() - began) * 1000
