"""Time stamps: ours are right, and whoever lies, stalls or is absent is found out."""

from __future__ import annotations

import asyncio
import hashlib
import pickle
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from asn1crypto import tsp

from signing import chain, seal
from signing.authority import Authority
from signing.errors import SigningCode, SigningError, StampUnavailable
from signing.timestamp import LARGEST_REPLY, EmbeddedStamper, HttpStamper, Stamper

DIGEST = hashlib.sha256(b"a statement").digest()
Answer = Callable[[tsp.TimeStampReq], bytes]


def stamp(stamper: Stamper) -> tsp.TSTInfo:
    token = asyncio.run(stamper.async_timestamp(DIGEST, "sha256"))
    return token["content"]["encap_content_info"]["content"].parsed


def refusal(stamper: Stamper) -> StampUnavailable:
    with pytest.raises(StampUnavailable) as refused:
        stamp(stamper)
    return refused.value


@contextmanager
def served(answer: Answer, content_type: str = "application/timestamp-reply", status: int = 200) -> Iterator[str]:
    """A time-stamp authority on loopback that answers with `answer`; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = tsp.TimeStampReq.load(self.rfile.read(int(self.headers["Content-Length"])))
            body = answer(request)
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            try:
                self.wfile.write(body)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def honest(authority: Authority, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Answer:
    stamper = EmbeddedStamper(authority, clock)
    return lambda request: asyncio.run(stamper.async_request_tsa_response(request)).dump()


def test_the_embedded_authority_stamps_what_it_is_asked_to_within_a_second(stamper: EmbeddedStamper) -> None:
    info = stamp(stamper)
    assert info["message_imprint"]["hashed_message"].native == DIGEST
    assert abs(info["gen_time"].native - datetime.now(UTC)) < timedelta(seconds=2)
    assert info["accuracy"]["seconds"].native == 1
    assert stamp(stamper)["serial_number"].native != info["serial_number"].native


def test_the_embedded_authority_survives_a_pickle_and_many_threads(stamper: EmbeddedStamper) -> None:
    other = pickle.loads(pickle.dumps(stamper))  # noqa: S301  # our own bytes
    serials: set[int] = set()

    def work() -> None:
        serials.update(stamp(other)["serial_number"].native for _ in range(5))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(serials) == 30


def test_a_stamp_from_elsewhere_is_taken_when_its_root_is_known(authority: Authority) -> None:
    with served(honest(authority)) as url:
        assert stamp(HttpStamper(url, roots=[authority.root_der]))["message_imprint"]["hashed_message"].native == DIGEST
        assert stamp(HttpStamper(url))["version"].native == "v1"


def test_a_stamp_from_elsewhere_is_refused_when_its_root_is_another(authority: Authority) -> None:
    stranger = Authority.create("Somebody Else", now=datetime.now(UTC))
    with served(honest(stranger)) as url:
        refused = refusal(HttpStamper(url, roots=[authority.root_der]))
    assert refused.code is SigningCode.STAMP_REJECTED


def other_imprint(authority: Authority) -> Answer:
    def answer(request: tsp.TimeStampReq) -> bytes:
        request["message_imprint"]["hashed_message"] = bytes(32)
        return honest(authority)(request)

    return answer


def other_nonce(authority: Authority) -> Answer:
    def answer(request: tsp.TimeStampReq) -> bytes:
        request["nonce"] = 4711
        return honest(authority)(request)

    return answer


def no_nonce(authority: Authority) -> Answer:
    def answer(request: tsp.TimeStampReq) -> bytes:
        bare = {name: request[name] for name in ("version", "message_imprint", "cert_req")}
        return honest(authority)(tsp.TimeStampReq(bare))

    return answer


def refusing(_: Authority) -> Answer:
    """RFC 3161 §2.4.2: a rejection has no token (asn1crypto cannot write that, so it is put together here)."""
    status = tsp.PKIStatusInfo({"status": "rejection", "fail_info": {"bad_request"}}).dump()
    return lambda request: b"\x30" + bytes([len(status)]) + status


def flipped(position: int) -> Callable[[Authority], Answer]:
    """One bit of an honest answer turned, so many bytes from its end."""

    def lie(authority: Authority) -> Answer:
        def answer(request: tsp.TimeStampReq) -> bytes:
            body = bytearray(honest(authority)(request))
            body[-position] ^= 1
            return bytes(body)

        return answer

    return lie


def slow_clock(authority: Authority) -> Answer:
    return honest(authority, lambda: datetime.now(UTC) - timedelta(hours=2))


def fast_clock(authority: Authority) -> Answer:
    return honest(authority, lambda: datetime.now(UTC) + timedelta(days=30))


def expired(_: Authority) -> Answer:
    return honest(Authority.create("Old", now=datetime.now(UTC) - timedelta(days=365 * 21)))


def no_timestamper(authority: Authority) -> Answer:
    """A certificate of ours that is not made for time stamps."""
    parts = authority.to_parts()
    wrong = type(parts)(
        root_key=parts.root_key,
        root_certificate=parts.root_certificate,
        stamper_key=parts.responder_key,
        stamper_certificate=parts.responder_certificate,
        responder_key=parts.responder_key,
        responder_certificate=parts.responder_certificate,
    )
    return honest(Authority(wrong))


def stolen_certificate(authority: Authority) -> Answer:
    """The right certificate, another key."""
    parts, other = authority.to_parts(), Authority.create("Thief", now=datetime.now(UTC)).to_parts()
    wrong = type(parts)(
        root_key=parts.root_key,
        root_certificate=parts.root_certificate,
        stamper_key=other.stamper_key,
        stamper_certificate=parts.stamper_certificate,
        responder_key=parts.responder_key,
        responder_certificate=parts.responder_certificate,
    )
    return honest(Authority(wrong))


@pytest.mark.parametrize(
    "lie",
    [
        other_imprint,
        other_nonce,
        no_nonce,
        refusing,
        flipped(1),
        flipped(40),
        slow_clock,
        fast_clock,
        expired,
        no_timestamper,
        stolen_certificate,
        lambda _: lambda request: b"",
        lambda _: lambda request: b"<html>busy</html>",
        lambda _: lambda request: bytes(LARGEST_REPLY + 1),
    ],
    ids=[
        "another imprint", "another nonce", "no nonce", "refused", "a bit of the signature", "a bit further up",
        "a slow clock", "a fast clock", "an expired certificate", "a certificate for something else", "another key",
        "nothing", "a web page", "far too much",
    ],
)  # fmt: skip
def test_a_lying_authority_is_found_out(lie: Callable[[Authority], Answer], authority: Authority) -> None:
    with served(lie(authority)) as url:
        refused = refusal(HttpStamper(url))
    assert refused.code is SigningCode.STAMP_REJECTED
    assert str(refused) == f"{refused.sentence} {refused.remedy}"


@pytest.mark.parametrize(("content_type", "status"), [("text/html", 200), ("application/timestamp-reply", 503)])
def test_an_answer_of_the_wrong_kind_is_refused(content_type: str, status: int, authority: Authority) -> None:
    with served(honest(authority), content_type, status) as url:
        assert refusal(HttpStamper(url)).code is SigningCode.STAMP_REJECTED


def test_a_slow_authority_is_given_up_in_time(authority: Authority) -> None:
    def dawdle(request: tsp.TimeStampReq) -> bytes:
        time.sleep(0.6)
        return b""

    with served(dawdle) as url:
        began = time.monotonic()
        assert refusal(HttpStamper(url, timeout=0.2)).code is SigningCode.STAMP_UNAVAILABLE
        assert time.monotonic() - began < 0.5


def test_an_absent_authority_is_said_to_be_absent() -> None:
    refused = refusal(HttpStamper("http://127.0.0.1:9/", timeout=2))
    assert refused.code is SigningCode.STAMP_UNAVAILABLE
    assert "127.0.0.1" not in str(refused)


def test_without_its_authority_a_signature_is_made_and_says_that_it_is_not_stamped(
    certified_pdf: bytes, authority: Authority
) -> None:
    absent = HttpStamper("http://127.0.0.1:9/", timeout=2)
    moment = datetime.now(UTC)
    signed = chain.sign(
        certified_pdf, authority, absent, role="client", signer_name="A", act_id="1", appearance=None, reason="r",
        now=moment,
    )  # fmt: skip
    assert not signed.stamped
    witnessed = chain.sign(
        signed.pdf, authority, absent, role="witness", signer_name="B", act_id="2", appearance=None, reason="r",
        now=moment,
    )  # fmt: skip
    sealed = seal.seal(witnessed.pdf, authority, absent, appearance=None, now=moment)
    assert sealed.level is seal.SealLevel.SEALED_WITHOUT_TIME
    assert sealed.archive_field == ""
    with pytest.raises(StampUnavailable):
        seal.upgrade(sealed.pdf, authority, absent, now=moment)
    with served(honest(authority)) as url:
        upgraded = seal.upgrade(sealed.pdf, authority, HttpStamper(url), now=moment)
    assert upgraded.level is seal.SealLevel.SEALED
    assert upgraded.archive_field == "archive_ts_1"
    with pytest.raises(SigningError) as refused:
        seal.upgrade(upgraded.pdf, authority, absent, now=moment)
    assert refused.value.code is SigningCode.NOTHING_TO_ARCHIVE


def test_a_seal_whose_archival_stamp_alone_fails_is_sealed_without_time(
    witnessed_pdf: bytes, authority: Authority
) -> None:
    class OnceOnly(EmbeddedStamper):
        used = 0

        async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
            self.used += 1
            if self.used > 1:
                raise OSError
            return await super().async_request_tsa_response(req)

    sealed = seal.seal(witnessed_pdf, authority, OnceOnly(authority), appearance=None, now=datetime.now(UTC))
    assert sealed.level is seal.SealLevel.SEALED_WITHOUT_TIME
    upgraded = seal.upgrade(sealed.pdf, authority, EmbeddedStamper(authority), now=datetime.now(UTC))
    assert upgraded.level is seal.SealLevel.SEALED
