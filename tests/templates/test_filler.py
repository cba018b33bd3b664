"""The filler: what happens to a form that never ends, eats memory or crashes, and to everybody else meanwhile."""

from __future__ import annotations

import json
import os
import socket
import stat
import struct
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from templates import wire
from templates.errors import FormCode, FormError
from templates.fill import fill
from templates.press import Press

Build = Callable[..., bytes]
FOR_EVER = (
    "{% for a in range(999) %}{% for b in range(999) %}{% for c in range(999) %}{% for d in range(999) %}"
    "{% endfor %}{% endfor %}{% endfor %}{% endfor %}"
)
EVER_LONGER = "{% set ns = namespace(x='xxxxxxxx') %}{% for a in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}"


@pytest.fixture
def filling(run_dir: Path, filler: Any) -> Press:
    return Press(run_dir)


def test_the_daemon_gives_the_same_bytes_as_filling_at_home(filling: Press, form: bytes, data: dict[str, Any]) -> None:
    at_home = fill(form, data)
    assert [filling.fill(form, data) for _ in range(3)] == [at_home] * 3  # cold, then warm
    assert filling.health().fallbacks == 0


def test_only_its_owner_may_speak_to_it(filler: Any) -> None:
    assert stat.S_IMODE(filler.socket.stat().st_mode) == 0o600


def test_a_form_that_never_ends_is_ended_and_others_are_served_meanwhile(
    filling: Press, form_of: Build, form: bytes, data: dict[str, Any]
) -> None:
    with ThreadPoolExecutor(1) as aside:
        endless = aside.submit(filling.fill, form_of(FOR_EVER), {})
        served = [filling.fill(form, data) for _ in range(3)]
        with pytest.raises(FormError) as told:
            endless.result(20)
    assert told.value.code is FormCode.FILL_TIMEOUT
    assert served == [fill(form, data)] * 3


def test_a_form_that_wants_all_memory_is_refused(filling: Press, form_of: Build) -> None:
    with pytest.raises(FormError) as told:
        filling.fill(form_of(EVER_LONGER), {})
    assert told.value.code is FormCode.FILL_MEMORY


def test_a_mistake_comes_back_with_its_place(filling: Press, form_of: Build) -> None:
    with pytest.raises(FormError) as told:
        filling.fill(form_of("a", "{{ client.nmae }}"), {"client": {"name": "x"}})
    assert told.value.place is not None
    assert told.value.place.paragraph == 2
    assert "client.name" in told.value.remedy


def test_a_client_that_says_nothing_or_nonsense_does_no_harm(
    filling: Press, filler: Any, form: bytes, data: dict[str, Any]
) -> None:
    silent = socket.socket(socket.AF_UNIX)
    silent.connect(str(filler.socket))
    for nonsense in (
        b"",
        b"\xff" * 12,
        struct.pack(">I", 4) + b"[1]\n",
        wire.packed({"op": "fill"}),
        b"GET / HTTP/1.1\r\n",
    ):
        with socket.socket(socket.AF_UNIX) as odd:
            odd.connect(str(filler.socket))
            odd.sendall(nonsense)
    assert filling.fill(form, data) == fill(form, data)
    silent.close()


def test_the_parent_never_holds_a_value(filling: Press, filler: Any, form: bytes, data: dict[str, Any]) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may read another process's memory")
    canary = "Quetzal-Canary-Nymeria"
    data["client"]["name"] = canary
    for _ in range(5):
        assert filling.fill(form, data)
    assert canary.encode() not in memory_of(filler.pid)
    assert b"Disclosure statement" in memory_of(filler.pid)  # the form it does hold: the look was a real one


def memory_of(pid: int) -> bytes:
    """All that a process holds in memory."""
    held = bytearray()
    with Path(f"/proc/{pid}/mem").open("rb") as memory:
        for line in Path(f"/proc/{pid}/maps").read_text(encoding="ascii").splitlines():
            where, rights, *_ = line.split()
            if rights.startswith("rw"):
                start, end = (int(edge, 16) for edge in where.split("-"))
                memory.seek(start)
                held += memory.read(end - start)
    return bytes(held)


def test_many_at_once_are_all_served_and_the_memory_stays_flat(
    filling: Press, filler: Any, form: bytes, data: dict[str, Any]
) -> None:
    expected = filling.fill(form, data)
    before = filler.memory()
    with ThreadPoolExecutor(8) as threads:
        assert all(one == expected for one in threads.map(lambda _: filling.fill(form, data), range(40)))
    assert filler.memory() - before < 4 << 20


def test_forms_beyond_those_kept_warm_are_let_go(filling: Press, filler: Any, form_of: Build) -> None:
    from templates.filler import WARM_FORMS

    for number in range(WARM_FORMS + 3):
        assert filling.fill(form_of(f"{number} {{{{ x }}}}"), {"x": "y"})
    assert filler.health()["warm"] == WARM_FORMS


def test_a_dead_socket_is_replaced_and_a_living_one_is_not(
    tmp_path: Path, daemon_of: Callable[..., Any], form: bytes, data: dict[str, Any]
) -> None:
    import signal

    first = daemon_of("filler", tmp_path)
    second = daemon_of("filler", tmp_path)
    assert second.stop() != 0 or second.process.returncode != 0
    first.stop(signal.SIGKILL)
    assert first.socket.exists()
    third = daemon_of("filler", tmp_path)
    assert Press(tmp_path).fill(form, data) == fill(form, data)
    assert third.stop() == 0
    assert not third.socket.exists()


def test_it_ends_with_its_parent(tmp_path: Path, until: Callable[..., None]) -> None:
    import subprocess
    import sys

    starter = (
        "import subprocess, sys, time;"
        f"p = subprocess.Popen([sys.executable, '-m', 'templates.filler', '--socket', {str(tmp_path / 'f.sock')!r},"
        " '--with-parent']); print(p.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", starter], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2], text=True
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    until((tmp_path / "f.sock").exists)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    until(lambda: not alive(pid))


def alive(pid: int) -> bool:
    """Is the process there, and not merely waiting to be buried?"""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_without_a_daemon_a_limited_process_fills_the_one_form(
    form: bytes, form_of: Build, data: dict[str, Any]
) -> None:
    alone = Press(None)
    assert alone.fill(form, data) == fill(form, data)
    assert alone.health().fallbacks == 1


@pytest.mark.real
def test_without_a_daemon_the_limits_are_the_same(form_of: Build) -> None:
    with pytest.raises(FormError) as told:
        Press(None).fill(form_of(EVER_LONGER), {})
    assert told.value.code is FormCode.FILL_MEMORY
    started = time.monotonic()
    with pytest.raises(FormError) as told:
        Press(None).fill(form_of(FOR_EVER), {})
    assert told.value.code is FormCode.FILL_TIMEOUT
    assert time.monotonic() - started < 20


def test_data_that_are_no_fields_are_refused(filler: Any, form: bytes) -> None:
    for odd in (b"[1, 2]", b"{", b"null", b"[" * 100_000):
        with socket.socket(socket.AF_UNIX) as asking:
            asking.connect(str(filler.socket))
            stream = wire.SocketStream(asking, 10)
            wire.send(stream, {"op": "fill", "locale": "en"}, (form, odd))
            error = wire.receive(stream).head["error"]
            assert isinstance(error, dict)
            assert error["code"] == FormCode.FIELD_NOT_PLAIN
    assert json.dumps(error)
