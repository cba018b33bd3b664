"""A proxy between Confide and its store that can be away, refuse, drag, or cut what passes through it in the middle."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from enum import StrEnum
from urllib.parse import urlsplit

_CHUNK = 65_536
_LARGE = 8_192
"""Bytes from which a piece of a body is worth cutting: heads of requests and answers are smaller."""


class Manner(StrEnum):
    """What it does to what passes."""

    HONEST = "honest"
    ERROR = "error"
    """Every request is answered 500 Internal Error."""
    BUSY = "busy"
    """Every request is answered 503 Slow Down."""
    SLOW = "slow"
    """Everything passes, a second late and at 50 KB a second."""
    CUTS_REQUESTS = "cuts_requests"
    """The connection ends in the middle of what is put."""
    CUTS_ANSWERS = "cuts_answers"
    """The connection ends in the middle of the answer: what was asked may well have been done."""
    AWAY = "away"
    """Connections end at once."""


_REFUSALS = {
    Manner.ERROR: ("500 Internal Server Error", "InternalError"),
    Manner.BUSY: ("503 Slow Down", "SlowDown"),
}


class Meddler:
    """Listens on a loopback port for its whole life and passes on to `upstream` (http://host:port)."""

    def __init__(self, upstream: str) -> None:
        parts = urlsplit(upstream)
        self._upstream = (str(parts.hostname), int(parts.port or 80))
        self.manner = Manner.HONEST
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.meddled = 0
        """How many times it did something other than pass on."""
        threading.Thread(target=self._accept, name="meddler", daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                try:
                    server = socket.create_connection(self._upstream, timeout=120)
                except OSError:
                    client.close()
                    continue
                ends = (client, server)
                for work in (self._pass_requests, self._pass_answers):
                    threading.Thread(target=self._until_closed, args=(work, *ends), daemon=True).start()

    def _until_closed(self, work: object, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            assert callable(work)
            work(client, server)
        for end in (client, server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _pass_requests(self, client: socket.socket, server: socket.socket) -> None:
        while piece := client.recv(_CHUNK):
            manner = self.manner
            if manner is Manner.AWAY:
                self.meddled += 1
                return
            if manner in _REFUSALS:
                self.meddled += 1
                client.sendall(_refusal(*_REFUSALS[manner]))
                return
            if manner is Manner.CUTS_REQUESTS and len(piece) >= _LARGE:
                self.meddled += 1
                server.sendall(piece[: len(piece) // 2])
                return
            self._dawdle(manner, piece)
            server.sendall(piece)

    def _pass_answers(self, client: socket.socket, server: socket.socket) -> None:
        while piece := server.recv(_CHUNK):
            manner = self.manner
            if manner is Manner.CUTS_ANSWERS:
                self.meddled += 1
                client.sendall(piece[: len(piece) // 2])
                return
            self._dawdle(manner, piece)
            client.sendall(piece)

    def _dawdle(self, manner: Manner, piece: bytes) -> None:
        if manner is Manner.SLOW:
            self.meddled += 1
            time.sleep(1 + len(piece) / 50_000)


def _refusal(status: str, code: str) -> bytes:
    body = f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>Not now.</Message></Error>'.encode()
    lines = (f"HTTP/1.1 {status}", "Content-Type: application/xml", f"Content-Length: {len(body)}", "Connection: close")
    return "\r\n".join((*lines, "", "")).encode() + body
