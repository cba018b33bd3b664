"""Requests to a server that misbehaves on the wire, where neither moto nor Ceph can be made to."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from botocore.utils import parse_timestamp
from s3_servers import FAKE

from storage import s3_requests
from storage.address import S3Address
from storage.errors import StorageError, StoreUnavailable
from storage.protocol import Area
from storage.s3 import S3Store
from storage.s3_answers import Silence

PATIENCE_SECONDS = 20.0


class Cutting:
    """A server that answers every request with the same bytes, whether it read the body or not, and hangs up."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self.heads: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                with client:
                    self.heads.append(client.recv(65536))
                    client.sendall(self._answer)
                    client.shutdown(socket.SHUT_WR)
                    while client.recv(65536):
                        pass


@pytest.fixture
def cutting(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[bytes], tuple[S3Store, Cutting]]]:
    for name, value in FAKE.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(s3_requests, "TRIES", 1)
    made: list[Cutting] = []

    def store(answer: bytes) -> tuple[S3Store, Cutting]:
        made.append(Cutting(answer))
        return S3Store(S3Address(bucket="confide-records", endpoint=made[-1].url, region="us-east-1")), made[-1]

    yield store
    for one in made:
        one.close()


@pytest.mark.parametrize(
    "answer",
    [b"HTTP/1.1 100", b"HTTP/1.1 100 CONTINUE\r\n", b"HTTP/1.1 200 OK\r\nETag", b""],
    ids=["continue, in its first line", "continue, before its end", "success, in a header", "nothing"],
)
def test_a_put_whose_answer_is_cut_off_anywhere_ends(
    cutting: Callable[[bytes], tuple[S3Store, Cutting]], answer: bytes
) -> None:
    """botocore read an ended stream for ever where "100 Continue" was cut: a packet was being issued for minutes."""
    store, server = cutting(answer)
    failures: list[StorageError] = []

    def put() -> None:
        try:
            store.put(Area.WORKING, "ab" * 32, bytes(100_000))
        except StorageError as failure:
            failures.append(failure)

    thread = threading.Thread(target=put, daemon=True)
    thread.start()
    thread.join(PATIENCE_SECONDS)
    assert not thread.is_alive()
    assert isinstance(failures[0], StoreUnavailable), failures
    assert b"100-continue" not in server.heads[0].lower()


@pytest.mark.parametrize(
    "told",
    [
        "2026-11-26T22:38:13.123Z",
        "2026-11-26T22:38:13Z",
        "2026-11-26T22:38:13+00:00",
        "Thu, 26 Nov 2026 22:38:13 GMT",
        "20261126T223813Z",
        1795732693,
        "1795732693",
    ],
)
def test_a_time_is_read_as_boto3_reads_it_in_whatever_form_it_is_told(told: str | int) -> None:
    assert s3_requests.moment(told) == parse_timestamp(told)
    assert s3_requests.moment(told).tzinfo is not None


def test_a_time_without_a_zone_is_utc() -> None:
    assert s3_requests.moment("2026-11-26T22:38:13") == datetime(2026, 11, 26, 22, 38, 13, tzinfo=UTC)


@pytest.mark.parametrize("answer", [b"HTTP/1.1 200 OK\r\nETag: x\r\n\r\n", b"HTTP/1.1 200 OK\r\nETag"])
def test_bug_an_answer_that_was_cut_off_before_its_body_told_that_nothing_locks_a_record(
    cutting: Callable[[bytes], tuple[S3Store, Cutting]], answer: bytes
) -> None:
    store, server = cutting(answer)
    told = Silence(of_locks=True, of_holds=True)
    with pytest.raises(StoreUnavailable):
        store._guards(Area.RECORDS, store.name(Area.RECORDS, "ab" * 32), "v1", told)
    assert b"?retention" in server.heads[-1], "a head without its end is no silence"
