"""The press: fields in, a finished PDF out, whatever is running.

``fill`` asks the filler daemon and ``render`` the renderer daemon, over private sockets; where one does not answer, a
limited process for the one form, or a LibreOffice for the one document, does the same work slower. The bytes that come
out are the same either way. Danger: waiting for ever on a daemon that hangs. Invariant: every call has an end: an
answer, or a FormError that tells which step failed.

A press holds no connection and no state but its counts; any number of threads may use one at once.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from templates import limits, plain, wire
from templates.errors import FormCode, FormError

FILLER_SOCKET = "filler.sock"
RENDERER_SOCKET = "renderer.sock"
QUEUE_SECONDS = 60.0
"""Longest wait for a turn at a busy daemon, on top of the daemon's own deadline."""
HEALTH_SECONDS = 3.0
ALONE_SECONDS = 30.0
"""Longest a process for one form may take: it starts a Python first, on a busy machine for seconds."""
_PROJECT = Path(__file__).resolve().parent.parent
_RENDER_ELSEWHERE = frozenset({FormCode.RENDER_TIMEOUT, FormCode.RENDER_FAILED, FormCode.DAEMON_UNREACHABLE})
"""What a LibreOffice of its own may do better: one that crashed or hung did so for reasons of its own, perhaps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What answers."""

    filler: bool
    """Does the filler daemon answer?"""
    renderer: bool
    """Does the renderer daemon answer?"""
    fallbacks: int
    """Documents this press made without a daemon."""

    @property
    def well(self) -> bool:
        """Do both answer?"""
        return self.filler and self.renderer


class Press:
    """Fill, render and finish forms.

    ``run_dir`` holds the daemons' sockets (``filler.sock``, ``renderer.sock``); None works without daemons.
    """

    def __init__(self, run_dir: Path | None) -> None:
        self._run_dir = run_dir
        self._counting = threading.Lock()
        self._fallbacks = 0

    def __enter__(self) -> Press:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Nothing is held open; here so that a press can be used in a ``with`` block."""

    def fill(self, docx: bytes, data: Mapping[str, object], *, locale: str = "en") -> bytes:
        """The form ``docx`` filled with ``data`` (about 10 ms), as the bytes of a Word file.

        ``locale`` is the language of the document. Raises FormError with the place and the remedy.
        """
        values = json.dumps(plain.plain(data), ensure_ascii=False).encode("utf-8")
        head = {"op": "fill", "locale": locale}
        try:
            return self._asked(FILLER_SOCKET, head, (docx, values), limits.FILL_WALL_SECONDS)
        except FormError as error:
            if error.code is not FormCode.DAEMON_UNREACHABLE:
                raise
        self._count_fallback()
        return _filled_alone(head, docx, values)

    def render(
        self,
        docx: bytes,
        *,
        title: str,
        language: str,
        prepared_on: dt.date,
        values: Mapping[str, object] | None = None,
    ) -> bytes:
        """The Word file ``docx`` as a finished PDF/A-2b and PDF/UA-1 (about 100 ms).

        ``title``, ``language`` and ``prepared_on`` are its metadata; they and ``docx`` alone decide every byte.
        ``values``, with which it was filled, are for the error where a letter of theirs cannot be printed.
        Raises FormError.
        """
        from templates.finish import finish

        pdf = self.converted(docx)
        return finish(pdf, title=title, language=language, prepared_on=prepared_on, values=values)

    def converted(self, docx: bytes) -> bytes:
        """The Word file ``docx`` as LibreOffice's own PDF, not yet finished. Raises FormError."""
        try:
            return self._asked(RENDERER_SOCKET, {"op": "render"}, (docx,), limits.RENDER_WALL_SECONDS)
        except FormError as error:
            if error.code not in _RENDER_ELSEWHERE:
                raise
        from templates import soffice

        self._count_fallback()
        return soffice.render(docx)

    def health(self) -> Health:
        """Which daemons answer (within 3 seconds each)."""
        return Health(
            filler=self._answers(FILLER_SOCKET), renderer=self._answers(RENDERER_SOCKET), fallbacks=self._fallbacks
        )

    def _answers(self, name: str) -> bool:
        try:
            return bool(self._exchange(name, {"op": "health"}, (), HEALTH_SECONDS).head.get("ok"))
        except (wire.WireError, OSError):
            return False

    def _asked(self, name: str, head: Mapping[str, object], blobs: tuple[bytes, ...], seconds: float) -> bytes:
        try:
            answer = self._exchange(name, head, blobs, seconds + QUEUE_SECONDS)
        except (wire.WireError, OSError) as gone:
            raise _unreachable() from gone
        return _what_was_made(answer)

    def _exchange(
        self, name: str, head: Mapping[str, object], blobs: tuple[bytes, ...], seconds: float
    ) -> wire.Message:
        if self._run_dir is None:
            raise wire.WireError("this press works without daemons")
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(seconds)
            with wire.reachable(self._run_dir / name) as address:
                connection.connect(address)
            stream = wire.SocketStream(connection, seconds)
            wire.send(stream, head, blobs)
            return wire.receive(stream)

    def _count_fallback(self) -> None:
        with self._counting:
            self._fallbacks += 1


def _unreachable() -> FormError:
    return FormError(
        FormCode.DAEMON_UNREACHABLE,
        "The filler or renderer does not answer.",
        "Start it with “confide serve”.",
    )


def _what_was_made(answer: wire.Message) -> bytes:
    error = answer.head.get("error")
    if isinstance(error, Mapping):
        try:
            told = FormError.from_message(error)
        except (KeyError, ValueError):
            raise _unreachable() from None
        raise told
    if not answer.head.get("ok") or len(answer.blobs) != 1:
        raise _unreachable()
    return answer.blobs[0]


def _filled_alone(head: Mapping[str, object], docx: bytes, values: bytes) -> bytes:
    """Fill one form in a limited process of its own (half a second: it starts a Python)."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, (str(_PROJECT), os.environ.get("PYTHONPATH")))),
    }
    with subprocess.Popen(
        [sys.executable, "-m", "templates.filler", "--once"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    ) as alone:
        try:
            told, _ = alone.communicate(wire.packed(head, (docx, values)), timeout=ALONE_SECONDS)
        except subprocess.TimeoutExpired:
            alone.kill()
            raise limits.fill_ended(0, late=True) from None
        finally:
            alone.kill()
    if alone.returncode != 0:
        raise limits.fill_ended(-alone.returncode if alone.returncode < 0 else alone.returncode << 8, late=False)
    try:
        return _what_was_made(wire.unpacked(told))
    except wire.WireError:
        raise limits.fill_ended(1 << 8, late=False) from None
