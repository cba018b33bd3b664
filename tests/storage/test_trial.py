"""A server that says yes to everything is found out before a record is given to it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from s3_servers import FAKE, moto_bucket, new_bucket

from storage import opening, s3_requests, trial
from storage.address import S3Address
from storage.embedded import Places, create_master, open_vault
from storage.errors import DigestRefused, StoreDenied, StoreUnavailable, StoreUnfit
from storage.findings import Check, Level
from storage.protocol import Area
from storage.s3 import S3Store


@pytest.fixture(scope="module")
def on_moto() -> Iterator[S3Address]:
    with pytest.MonkeyPatch.context() as patch, moto_bucket(patch) as address:
        patch.setattr(trial, "_LOCK_SECONDS", 3)  # nothing is far away here
        yield address


@contextmanager
def answering(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[tuple[S3Address, list[str]]]:
    """A server of the test's own; the requests it got."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def handle_one_request(self) -> None:
            self.raw_requestline = self.rfile.readline(65537)
            if not self.raw_requestline or not self.parse_request():
                self.close_connection = True
                return
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            asked.append(f"{self.command} {self.path}")
            answer(self)
            self.wfile.flush()

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield S3Address(bucket="agency", endpoint=f"http://127.0.0.1:{server.server_port}"), asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def status(number: int, code: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(request: BaseHTTPRequestHandler) -> None:
        body = f"<Error><Code>{code}</Code><Message>Jane Doe, born 1990</Message></Error>".encode()
        request.send_response(number)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return answer


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in FAKE.items():
        monkeypatch.setenv(name, value)


def test_what_moto_only_pretends_is_found_and_moto_is_not_trusted(on_moto: S3Address) -> None:
    with pytest.raises(StoreUnfit) as refused:
        trial.require(S3Store(replace(on_moto, kms_key="alias-less-key")))
    told = str(refused.value)
    assert "a running lock can be shortened" in told
    assert "takes bytes with a wrong checksum" in told
    assert "a key that does not exist" in told
    assert list(S3Store(on_moto).list(Area.RECORDS)) == [], "the probes are gone"
    assert list(S3Store(on_moto).list(Area.WORKING)) == []


def test_a_bucket_that_keeps_no_versions_is_refused(on_moto: S3Address) -> None:
    (found,) = trial.versions(S3Store(new_bucket(on_moto, lock=False)))
    assert (found.check, found.level) == (Check.VERSIONS, Level.PROBLEM)
    assert "keeps no versions" in found.sentence
    with pytest.raises(StoreUnfit, match="keeps no versions"):
        S3Store(new_bucket(on_moto, lock=False)).put(Area.WORKING, "a" * 32, b"draft")


def test_a_default_retention_would_lock_working_bytes_and_is_refused(on_moto: S3Address) -> None:
    store = S3Store(new_bucket(on_moto))
    store.requests.ask(
        "put_object_lock_configuration",
        ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}},
        },
    )
    (found,) = trial.versions(store)
    assert found.level is Level.PROBLEM
    assert "default retention" in found.sentence


@pytest.mark.parametrize(
    ("rule", "harmful"),
    [
        ({"Filter": {"Prefix": ""}, "Expiration": {"Days": 30}}, True),
        ({"Filter": {"Prefix": "site/records/"}, "NoncurrentVersionExpiration": {"NoncurrentDays": 1}}, True),
        ({"Filter": {}, "Transitions": [{"Days": 1, "StorageClass": "DEEP_ARCHIVE"}]}, True),
        ({"Filter": {"Prefix": "elsewhere/"}, "Expiration": {"Days": 30}}, False),
        ({"Filter": {}, "Expiration": {"ExpiredObjectDeleteMarker": True}}, False),
        ({"Filter": {}, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}}, False),
        ({"Filter": {"Prefix": ""}, "Expiration": {"Days": 30}, "Status": "Disabled"}, False),
    ],
)
def test_a_rule_that_would_delete_what_is_kept_is_a_problem(
    on_moto: S3Address, rule: dict[str, object], harmful: bool
) -> None:
    store = S3Store(new_bucket(on_moto))
    store.requests.ask(
        "put_bucket_lifecycle_configuration",
        LifecycleConfiguration={"Rules": [{"ID": "rule", "Status": "Enabled", **rule}]},
    )
    (found,) = trial.lifecycle(store)
    assert found.level is (Level.PROBLEM if harmful else Level.OK)


def test_http_is_for_this_machine_alone(on_moto: S3Address, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "_server_time", lambda store: datetime.now(UTC))
    for endpoint, level in (
        ("http://s3.example.org", Level.PROBLEM),
        ("http://127.0.0.1:9000", Level.NOTE),
        ("https://s3.example.org", Level.OK),
        (None, Level.OK),
    ):
        (found,) = trial.way(S3Store(replace(on_moto, endpoint=endpoint)))
        assert found.level is level


def test_a_bucket_that_is_not_there_is_one_finding(on_moto: S3Address) -> None:
    (found,) = trial.tried(S3Store(replace(on_moto, bucket="mistyped-bucket")))
    assert found.level is Level.PROBLEM
    assert "does not exist" in found.sentence


def test_a_site_with_keys_does_not_take_an_empty_bucket_for_its_own(on_moto: S3Address, places: Places) -> None:
    create_master(places)
    open_vault(places).put("a" * 32, b"record", area=Area.RECORDS)
    with pytest.raises(StoreUnfit, match="another place"):
        open_vault(replace(places, s3=new_bucket(on_moto)))


def test_a_new_site_does_not_take_a_server_that_fails_its_trial(on_moto: S3Address, places: Places) -> None:
    create_master(places)
    with pytest.raises(StoreUnfit, match="not trusted with records"):
        open_vault(replace(places, s3=on_moto))
    assert list(S3Store(on_moto).list(Area.LOG)) == [], "no log was begun there"


def test_a_store_that_was_taken_is_opened_again_without_a_trial(
    on_moto: S3Address, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_master(places)
    with monkeypatch.context() as passing:
        passing.setattr(trial, "require", lambda store: ())
        open_vault(replace(places, s3=new_bucket(on_moto)))
        site = replace(places, s3=new_bucket(on_moto))
        open_vault(site).put("b" * 32, b"record", area=Area.RECORDS)
    assert open_vault(site).get("b" * 32, Area.RECORDS) == b"record"


@pytest.mark.usefixtures("credentials")
def test_a_server_that_knows_no_versions_says_so() -> None:
    with answering(status(501, "NotImplemented")) as (address, _):
        (found,) = trial.tried(S3Store(address))
    assert found.level is Level.PROBLEM
    assert "does not know list_object_versions" in found.sentence


@pytest.mark.usefixtures("credentials")
def test_a_server_in_trouble_is_asked_a_few_times_and_no_word_of_its_answer_is_repeated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(s3_requests, "TRIES", 2)
    with answering(status(503, "SlowDown")) as (address, asked), pytest.raises(StoreUnavailable) as refused:
        S3Store(address).put(Area.WORKING, "a" * 32, b"draft")
    assert len(asked) == 2
    assert "SlowDown" in str(refused.value)
    assert "Jane" not in str(refused.value)
    assert refused.value.__cause__ is None


@pytest.mark.usefixtures("credentials")
def test_a_code_that_is_no_code_is_not_repeated() -> None:
    with answering(status(403, "Jane Doe 1990-01-01")) as (address, _), pytest.raises(StoreDenied) as refused:
        S3Store(address).stat(Area.WORKING, "a" * 32)
    assert "Jane" not in str(refused.value)


@pytest.mark.usefixtures("credentials")
def test_bytes_cut_short_on_their_way_are_asked_for_again_and_never_taken() -> None:
    def cut(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "1000")
        request.end_headers()
        request.wfile.write(b"only this")
        request.close_connection = True

    with answering(cut) as (address, asked), pytest.raises(StoreUnavailable):
        S3Store(address).get(Area.RECORDS, "a" * 32)
    assert len(asked) == 3


@pytest.mark.usefixtures("credentials")
def test_a_put_is_not_done_because_the_answer_is_200() -> None:
    """Without a version id, or with another digest than ours, nothing was kept."""

    def careless(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("x-amz-version-id", "one")
        request.send_header("ETag", '"00000000000000000000000000000000"')
        request.send_header("Content-Length", "0")
        request.end_headers()

    with answering(careless) as (address, asked), pytest.raises(DigestRefused):
        S3Store(address).put(Area.WORKING, "a" * 32, b"draft")
    assert [each.partition(" ")[0] for each in asked] == ["PUT", "GET"], "it was read back, and was another"


def test_a_directory_needs_no_trial(places: Places) -> None:
    create_master(places)
    vault = open_vault(places)
    assert opening.before_its_first_log(vault.store, vault.keyring) is None
