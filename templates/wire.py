"""Messages between the press and its two daemons: a head in JSON, then byte strings, each with its length before it.

Danger: a peer that sends half a message, or says it will send four gigabytes. Invariants: nothing is read past the
sizes below; everything received is bytes or JSON (no pickles: reading a message never runs anything); a peer that is
gone or silent is an error, not a wait.
"""

from __future__ import annotations

import io
import json
import os
import socket
import struct
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

MAX_HEAD = 64 << 10
"""Bytes of a message's head."""
MAX_BLOB = 256 << 20
"""Bytes of one byte string."""
MAX_BLOBS = 4
REQUEST_SECONDS = 10.0
"""Time for a request to arrive once it is its turn."""
ANSWER_SECONDS = 10.0
"""Time for whoever asked to take the answer."""
_MAX_ADDRESS = 107
_LENGTH = struct.Struct(">I")


class WireError(Exception):
    """The peer went away, fell silent, or does not speak this language."""


class Stream(Protocol):
    """A two-way stream of bytes."""

    def send_all(self, data: bytes) -> None:
        """Send everything. Raises WireError."""

    def within(self, seconds: float) -> None:
        """Set the deadline of what follows."""

    def receive(self, count: int) -> bytes:
        """Exactly ``count`` bytes. Raises WireError."""


@dataclass(frozen=True, slots=True)
class Message:
    """What goes over the wire."""

    head: Mapping[str, object]
    blobs: tuple[bytes, ...] = ()


class SocketStream:
    """A connected socket with one deadline for all that is read and written."""

    def __init__(self, connection: socket.socket, seconds: float) -> None:
        self._socket = connection
        self.within(seconds)

    def within(self, seconds: float) -> None:
        self._deadline = time.monotonic() + seconds

    def _time_left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise WireError("no answer in time")
        return left

    def send_all(self, data: bytes) -> None:
        try:
            self._socket.settimeout(self._time_left())
            self._socket.sendall(data)
        except OSError as gone:
            raise WireError("the peer went away") from gone

    def receive(self, count: int) -> bytes:
        data = bytearray(count)
        view = memoryview(data)
        done = 0
        try:
            while done < count:
                self._socket.settimeout(self._time_left())
                got = self._socket.recv_into(view[done:])
                if not got:
                    raise WireError("the peer went away")
                done += got
        except OSError as gone:
            raise WireError("the peer went away or is silent") from gone
        return bytes(data)


class PipeStream:
    """Standard input and output of a process that serves one message (the parent keeps the time)."""

    def __init__(self, reader: BinaryIO, writer: BinaryIO) -> None:
        self._reader, self._writer = reader, writer

    def send_all(self, data: bytes) -> None:
        self._writer.write(data)
        self._writer.flush()

    def within(self, seconds: float) -> None:
        return None

    def receive(self, count: int) -> bytes:
        data = self._reader.read(count)
        if len(data) != count:
            raise WireError("the peer went away")
        return data


@contextmanager
def reachable(path: Path) -> Iterator[str]:
    """A name by which the kernel takes the socket ``path``: the names of sockets may have 107 bytes only."""
    if len(os.fsencode(path)) <= _MAX_ADDRESS:
        yield str(path)
        return
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)


def packed(head: Mapping[str, object], blobs: Sequence[bytes] = ()) -> bytes:
    """A message as bytes."""
    told = json.dumps({**head, "blobs": [len(blob) for blob in blobs]}, ensure_ascii=True).encode("ascii")
    return b"".join((_LENGTH.pack(len(told)), told, *blobs))


def unpacked(data: bytes) -> Message:
    """The message that ``packed`` made. Raises WireError."""
    return receive(PipeStream(io.BytesIO(data), io.BytesIO()))


def send(stream: Stream, head: Mapping[str, object], blobs: Sequence[bytes] = ()) -> None:
    """Send one message. Raises WireError."""
    stream.send_all(packed(head, blobs))


def answer(stream: Stream, head: Mapping[str, object], blobs: Sequence[bytes] = ()) -> None:
    """Send the answer to a message, with time of its own: the work lay in between. Raises WireError."""
    stream.within(ANSWER_SECONDS)
    send(stream, head, blobs)


def receive(stream: Stream) -> Message:
    """Receive one message. Raises WireError."""
    (length,) = _LENGTH.unpack(stream.receive(_LENGTH.size))
    if length > MAX_HEAD:
        raise WireError("the head of the message is too long")
    try:
        head = json.loads(stream.receive(length))
    except (ValueError, RecursionError) as broken:
        raise WireError("the head of the message is not JSON") from broken
    sizes = head.pop("blobs", None) if isinstance(head, dict) else None
    if not isinstance(sizes, list) or len(sizes) > MAX_BLOBS:
        raise WireError("the head of the message is not one of ours")
    if not all(isinstance(size, int) and 0 <= size <= MAX_BLOB for size in sizes):
        raise WireError("the message is too long")
    return Message(head, tuple(stream.receive(size) for size in sizes))
