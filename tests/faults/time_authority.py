"""A time-stamp authority of the tests' own, over HTTP, that can also be away or lie (RFC 3161 §3.4)."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from asn1crypto import tsp

from signing.authority import Authority
from signing.timestamp import EmbeddedStamper


class Manner(StrEnum):
    """How it answers."""

    HONEST = "honest"
    YESTERDAY = "yesterday"
    """A token that is right in everything but the time."""
    REPLAYS = "replays"
    """The first token it ever gave, whatever it is asked."""
    NOT_ITS_OWN = "not_its_own"
    """A token whose signature does not fit."""


class TimeAuthority:
    """Listens on one loopback port for its whole life; `away` closes it, `back` opens it again."""

    def __init__(self) -> None:
        self.authority = Authority.create("Meridian Time Office", now=datetime.now(UTC))
        self.manner = Manner.HONEST
        self.asked = 0
        self.after = 0.0
        self._first: bytes = b""
        self._server: ThreadingHTTPServer | None = None
        self._port = 0
        self.back()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/"

    @property
    def root(self) -> bytes:
        return self.authority.root_der

    def back(self, manner: Manner = Manner.HONEST, *, after: float = 0.0) -> None:
        """Answer in this manner, each time so many seconds after it was asked."""
        self.manner, self.after = manner, after
        if self._server is None:
            self._server = ThreadingHTTPServer(("127.0.0.1", self._port), _handler(self))
            self._port = self._server.server_address[1]
            threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def away(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def token(self, body: bytes) -> bytes:
        """The answer to a DER request, in the manner of the moment."""
        self.asked += 1
        if self.manner is Manner.REPLAYS and self._first:
            return self._first
        request = tsp.TimeStampReq.load(body)
        back = timedelta(days=1 if self.manner is Manner.YESTERDAY else 0)
        stamper = EmbeddedStamper(self.authority, clock=lambda: datetime.now(UTC) - back)
        answer: bytes = asyncio.run(stamper.async_request_tsa_response(request)).dump()
        if self.manner is Manner.NOT_ITS_OWN:
            answer = answer[:-4] + bytes(byte ^ 0x55 for byte in answer[-4:])
        self._first = self._first or answer
        return answer


def _handler(authority: TimeAuthority) -> type[BaseHTTPRequestHandler]:
    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            answer = authority.token(self.rfile.read(int(self.headers["Content-Length"])))
            time.sleep(authority.after)
            with suppress(ConnectionError):  # who asked has left meanwhile
                self._answer(answer)

        def _answer(self, answer: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing: the test's output is its own."""

    return Answers
