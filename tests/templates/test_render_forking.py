"""A server that forks: whoever asks gets an answer, whatever becomes of the child."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from templates import wire
from templates.errors import FormCode, FormError
from templates.press import Press

SERVER = """
import os, sys, time
from pathlib import Path
from templates import wire
from templates.errors import FormCode, FormError
from templates.forking import ForkServer, Stop

def work(stream):
    told = wire.receive(stream).head["op"]
    if told == "sleep": time.sleep(60)
    if told == "crash": os.abort()
    if told == "raise": raise ValueError("Dana Reyes")
    if told == "half": stream.send_all(b"\\0\\0\\0\\7{"); os._exit(9)
    wire.answer(stream, {"ok": True, "op": told}, (b"x" * 3_000_000,))

def epitaph(status, late):
    return FormError(FormCode.RENDER_TIMEOUT if late else FormCode.RENDER_FAILED, "It died.", "Try again.")

deaths = []
def after(pid, well):
    deaths.append(well)
    if deaths[-3:] == [False] * 3: raise Stop

ForkServer(path=Path(sys.argv[1]), work=work, epitaph=epitaph, children=2, seconds=1.0, after=after).serve()
"""


@pytest.fixture
def served(tmp_path: Path, until: Callable[..., None]) -> Iterator[tuple[Path, subprocess.Popen[bytes]]]:
    path = tmp_path / "x.sock"
    root = Path(__file__).parents[2]
    server = subprocess.Popen([sys.executable, "-c", SERVER, str(path)], cwd=root, stderr=subprocess.PIPE)
    until(path.exists)
    yield path, server
    server.kill()
    server.communicate()


def ask(path: Path, told: str) -> wire.Message:
    with socket.socket(socket.AF_UNIX) as asking:
        asking.connect(str(path))
        stream = wire.SocketStream(asking, 10)
        wire.send(stream, {"op": told})
        return wire.receive(stream)


def failed(message: wire.Message) -> FormCode:
    error = message.head["error"]
    assert isinstance(error, dict)
    return FormError.from_message(error).code


def test_a_large_answer_arrives_whole(served: tuple[Path, subprocess.Popen[bytes]]) -> None:
    assert ask(served[0], "well").blobs == (b"x" * 3_000_000,)


def test_a_child_that_sleeps_is_killed_and_its_client_told(served: tuple[Path, subprocess.Popen[bytes]]) -> None:
    started = time.monotonic()
    assert failed(ask(served[0], "sleep")) is FormCode.RENDER_TIMEOUT
    assert time.monotonic() - started < 5


def test_a_child_that_crashes_or_raises_is_answered_for_and_tells_no_value(
    served: tuple[Path, subprocess.Popen[bytes]],
) -> None:
    path, server = served
    assert failed(ask(path, "crash")) is FormCode.RENDER_FAILED
    assert failed(ask(path, "raise")) is FormCode.RENDER_FAILED
    assert ask(path, "well").head["ok"]
    server.terminate()
    _, said = server.communicate(timeout=10)
    assert b"Dana" not in said


def test_half_an_answer_is_an_error_and_no_wait(served: tuple[Path, subprocess.Popen[bytes]]) -> None:
    with pytest.raises(wire.WireError):
        ask(served[0], "half")


def test_three_deaths_in_a_row_can_end_the_server(
    served: tuple[Path, subprocess.Popen[bytes]],
) -> None:
    path, server = served
    for _ in range(3):
        ask(path, "raise")
    assert server.wait(10) == 0
    assert not path.exists()


def test_children_end_with_the_server(served: tuple[Path, subprocess.Popen[bytes]], until: Callable[..., None]) -> None:
    path, server = served
    with socket.socket(socket.AF_UNIX) as asking:
        asking.connect(str(path))
        wire.send(wire.SocketStream(asking, 5), {"op": "sleep"})
        listed = Path(f"/proc/{server.pid}/task/{server.pid}/children")
        until(lambda: len(listed.read_text(encoding="ascii").split()) == 2)
        at_work, waiting = (int(pid) for pid in listed.read_text(encoding="ascii").split())
        os.kill(server.pid, signal.SIGKILL)
        server.wait()
        for child in (at_work, waiting):
            told = Path(f"/proc/{child}/stat")
            until(lambda told=told: not told.exists() or "Z" in told.read_text()[:60])


def test_a_socket_may_lie_deep_in_the_directories(tmp_path: Path, daemon_of: Callable[..., Any]) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    daemon_of("filler", deep)
    assert Press(deep).health().filler


def test_a_message_that_says_it_is_endless_is_not_waited_for() -> None:
    for told in (b"\xff\xff\xff\xff", b"\x00\x00\x00\x14" + b'{"blobs": [99999999999]}', b"\x00\x00\x00\x02[]"):
        with pytest.raises(wire.WireError):
            wire.unpacked(told)


def test_what_is_packed_is_unpacked() -> None:
    message = wire.unpacked(wire.packed({"op": "fill", "locale": "ñ"}, (b"", b"\x00\xff")))
    assert dict(message.head) == {"op": "fill", "locale": "ñ"}
    assert message.blobs == (b"", b"\x00\xff")
