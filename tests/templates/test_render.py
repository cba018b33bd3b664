"""The renderer: the same bytes whoever makes them, nothing left behind, nobody kept waiting."""

from __future__ import annotations

import datetime as dt
import os
import signal
import socket
import stat
import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from templates import soffice
from templates.errors import FormCode, FormError
from templates.fill import fill
from templates.forking import Stop
from templates.press import Press
from templates.renderer import DEATHS_BEFORE_LOOKING, Renderer
from templates.scratch import _in_memory, scratch, sweep
from templates.text import extract

TOLD = {"title": "Disclosure statement", "language": "en", "prepared_on": dt.date(2026, 11, 22)}


@pytest.fixture(scope="session")
def filled(form: bytes) -> bytes:
    from tests.templates.conftest import sample_data

    return fill(form, sample_data())


def room_of(daemon: Any) -> Path:
    """The daemon's directory in memory."""
    return Path(daemon.health()["room"])


def test_two_processes_of_two_kinds_make_the_same_bytes(press: Press, filled: bytes) -> None:
    once = press.render(filled, **TOLD)
    assert press.render(filled, **TOLD) == once
    assert Press(None).render(filled, **TOLD) == once  # a LibreOffice of its own
    assert press.render(filled, **{**TOLD, "prepared_on": dt.date(2026, 11, 23)}) != once


@pytest.mark.real
def test_another_renderer_makes_the_same_bytes(
    press: Press, filled: bytes, tmp_path: Path, daemon_of: Callable[..., Any]
) -> None:
    daemon_of("renderer", tmp_path)
    assert Press(tmp_path).render(filled, **TOLD) == press.render(filled, **TOLD)


def test_what_was_filled_in_is_in_the_pdf_letter_for_letter(press: Press, filled: bytes) -> None:
    text = extract(press.render(filled, **TOLD))
    assert len(text.pages) == 3
    assert "I, Dana Reyes-O'Neil, born April 3, 1988, allow Harbor & Light <Reentry> to tell:" in text.pages[0]
    assert all("Statement K7QF-2M9D-XR4T" in page for page in text.pages)


def test_only_its_owner_may_speak_to_it_or_look_into_its_directory(renderer: Any) -> None:
    assert stat.S_IMODE(renderer.socket.stat().st_mode) == 0o600
    room = room_of(renderer)
    assert stat.S_IMODE(room.stat().st_mode) == stat.S_IMODE(room.parent.stat().st_mode) == 0o700
    assert _in_memory(room)


def test_filler_and_renderer_have_no_network(filler: Any, renderer: Any) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root is always allowed to leave the network")
    ours = Path("/proc/self/ns/net").readlink()
    assert ours not in {Path(f"/proc/{one.pid}/ns/net").readlink() for one in (filler, renderer)}


def test_nothing_of_a_document_stays_in_its_directory(press: Press, renderer: Any, filled: bytes) -> None:
    press.render(filled, **TOLD)
    assert not list(room_of(renderer).glob("desk-*"))
    for left in room_of(renderer).rglob("*"):
        assert not left.is_file() or b"Dana Reyes" not in left.read_bytes()


@pytest.mark.parametrize("content", [b"", b"Dear client", b"PK\x03\x04 not really"])
def test_what_is_no_word_file_is_refused_by_daemon_and_fallback(press: Press, content: bytes) -> None:
    for one in (press, Press(None)):
        with pytest.raises(FormError) as told:
            one.render(content, **TOLD)
        assert told.value.code is FormCode.NOT_A_WORD_FILE


def test_a_child_that_is_killed_costs_its_own_document_only(
    press: Press, renderer: Any, filled: bytes, until: Callable[..., None]
) -> None:
    killed: list[int] = []
    until(lambda: not renderer.at_work())

    def assassin() -> None:
        while not killed:
            for pid in renderer.at_work():
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)

    killer = threading.Thread(target=assassin)
    killer.start()
    made = press.render(filled, **TOLD)
    killer.join()
    assert press.health().fallbacks == 1  # a LibreOffice of its own made it
    assert press.render(filled, **TOLD) == made
    assert press.health().fallbacks == 1
    assert not list(room_of(renderer).glob("desk-*"))


def test_the_child_that_waits_may_be_killed_unasked_and_no_document_is_the_worse_for_it(
    press: Press, renderer: Any, filled: bytes, until: Callable[..., None]
) -> None:
    until(lambda: len(renderer.children()) == 1)
    (waiting,) = renderer.children()
    os.kill(waiting, signal.SIGKILL)
    until(lambda: psutil.Process(waiting).status() == psutil.STATUS_ZOMBIE)
    assert press.render(filled, **TOLD)
    assert press.health().fallbacks == 0
    until(lambda: len(renderer.children()) == 1)
    assert renderer.children() != [waiting]


def test_after_three_deaths_the_renderer_looks_whether_it_is_well_and_goes_on(
    press: Press, renderer: Any, filled: bytes, until: Callable[..., None]
) -> None:
    for _ in range(3):
        with socket.socket(socket.AF_UNIX) as silent:
            until(lambda: not renderer.at_work())
            silent.connect(str(renderer.socket))
            until(lambda: bool(renderer.at_work()))
            os.kill(renderer.at_work()[0], signal.SIGKILL)
            silent.recv(1)
    assert press.render(filled, **TOLD)
    assert press.health().fallbacks == 0


def test_a_renderer_that_cannot_make_its_own_page_gives_up() -> None:
    class Broken:
        def to_pdf(self, source: Path, target: Path, *, leave_open: bool = False) -> None:
            raise FormError(FormCode.RENDER_FAILED, "It is broken.", "Start it anew.")

    with scratch("test") as room:
        broken = Renderer(Broken(), room)  # type: ignore[arg-type]
        for number in range(DEATHS_BEFORE_LOOKING - 1):
            broken.after(number, False)
        with pytest.raises(Stop):
            broken.after(99, False)
        assert broken.unhealthy


def test_several_threads_get_their_own_documents(press: Press, form: bytes, data: dict[str, Any]) -> None:
    def one(number: int) -> bool:
        name = f"Client Number {number}"
        docx = press.fill(form, {**data, "client": {"name": name, "birth_date": "x"}})
        text = " ".join(extract(press.render(docx, **TOLD)).pages)
        return name in text and text.count("Client Number") == text.count(name)

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(one, range(8)))


def test_memory_stays_flat(press: Press, renderer: Any, filled: bytes) -> None:
    press.render(filled, **TOLD)
    before = renderer.memory()
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda _: press.converted(filled), range(12)))
    assert renderer.memory() - before < 4 << 20


def test_a_killed_renderer_leaves_nothing_that_the_next_start_does_not_sweep(
    tmp_path: Path, daemon_of: Callable[..., Any], filled: bytes, until: Callable[..., None]
) -> None:
    first = daemon_of("renderer", tmp_path)
    room = room_of(first)
    (room / "left.txt").write_text("Dana Reyes-O'Neil")
    first.stop(signal.SIGKILL)
    assert room.exists()

    def swept() -> bool:  # its children hold the directory for the moment they need to die
        with scratch("test"):
            return not room.exists()

    until(swept)
    press = Press(tmp_path)
    assert not press.health().renderer
    assert press.render(filled, **TOLD).startswith(b"%PDF-")  # without it, from a LibreOffice of its own
    assert press.health().fallbacks == 1


@pytest.mark.real
def test_a_renderer_that_is_told_to_stop_leaves_nothing(tmp_path: Path, daemon_of: Callable[..., Any]) -> None:
    daemon = daemon_of("renderer", tmp_path)
    room = room_of(daemon)
    assert daemon.stop() == 0
    assert not room.exists()
    assert not daemon.socket.exists()


def test_a_directory_in_use_is_never_swept_and_a_left_one_is(monkeypatch: pytest.MonkeyPatch) -> None:
    with scratch("test") as mine:
        (mine.path / "x").write_text("x")
        sweep()
        assert (mine.path / "x").exists()
        left = mine.path.parent / "soffice-left"
        left.mkdir(mode=0o700)
        assert sweep() >= 1
        assert not left.exists()
    assert not mine.path.exists()


def test_without_a_directory_in_memory_nothing_is_written(tmp_path: Path) -> None:
    on_disk = next(place for place in (tmp_path, Path.home(), Path("/var")) if not _in_memory(place))
    with pytest.raises(FormError) as told, scratch("test", roots=(on_disk,)):
        raise AssertionError("personal data would have been written to a disk")
    assert told.value.code is FormCode.SCRATCH_MISSING


def test_a_directory_that_others_may_read_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("templates.scratch._in_memory", lambda root: True)
    (tmp_path / f"confide-{os.getuid()}").mkdir(mode=0o755)
    (tmp_path / f"confide-{os.getuid()}").chmod(0o755)
    with pytest.raises(FormError) as told, scratch("test", roots=(tmp_path,)):
        raise AssertionError("others could have read it")
    assert told.value.code is FormCode.SCRATCH_MISSING


def test_the_fallback_is_ended_at_its_deadline_with_all_it_started(
    filled: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[subprocess.Popen[bytes]] = []

    class Watched(subprocess.Popen[bytes]):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            started.append(self)

    monkeypatch.setattr(soffice.subprocess, "Popen", Watched)
    with pytest.raises(FormError) as told:
        soffice.render(filled, seconds=0.3)
    assert told.value.code is FormCode.RENDER_TIMEOUT
    (office,) = started
    with pytest.raises(ProcessLookupError):
        os.killpg(office.pid, 0)


def test_without_libreoffice_the_person_is_told_what_to_install(
    filled: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CONFIDE_OFFICE", str(tmp_path))
    with pytest.raises(FormError) as told:
        Press(None).render(filled, **TOLD)
    assert told.value.code is FormCode.OFFICE_MISSING
    assert "libreoffice-writer-nogui" in told.value.remedy
