"""The renderer: one warm LibreOffice that forks a child for every document.

``python -m templates.renderer --socket PATH [--with-parent] [--children N]``

LibreOffice takes seconds to start and a fifth of a second to work. Here it starts once, on one thread
(``SAL_LOK_OPTIONS=unipoll``), warms up on a little document inside its own poll callback, and from there on only
forks: a child has all of it in memory at once, turns one document into a PDF, and is gone.

Danger: a document that hangs or crashes LibreOffice; a document left behind on a disk; an empty file that becomes an
empty PDF. Invariants: a child lives no longer than its deadline, and whoever waits for it is told; the parent never
reads a document; files lie in a private directory in memory that is gone on every way out; what comes in is checked to
be a Word file and what goes out to be a PDF. After several children in a row that died the renderer asks itself for
the warm-up document, and ends (status 75) when it cannot make it: its supervisor starts it anew, the press works on
without it.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from templates import limits, process, wire
from templates.errors import FormCode, FormError
from templates.forking import ForkServer, Stop
from templates.lok import Kit
from templates.package import check_word_file
from templates.scratch import Scratch, scratch
from templates.warmup import warmup_document

DEATHS_BEFORE_LOOKING = 3
WARM_ROUNDS = 2
EXIT_UNHEALTHY = 75
_ALLOCATORS = (
    "/usr/lib/x86_64-linux-gnu/libtcmalloc_minimal.so.4",
    "/usr/lib/aarch64-linux-gnu/libtcmalloc_minimal.so.4",
)
_PROJECT = str(Path(__file__).resolve().parent.parent)
_ROOM = "CONFIDE_RENDERER_ROOM"
_DESK = "desk-"
SOURCE_NAME = "document.docx"
TARGET_NAME = "document.pdf"


class Renderer:
    """The warm parent's state and the child's work."""

    def __init__(self, kit: Kit, room: Scratch) -> None:
        self._kit = kit
        self._room = room
        self._deaths = 0
        self.unhealthy = False

    def warm(self) -> None:
        """Load everything that LibreOffice loads lazily. Raises FormError when it does not work at all."""
        for _ in range(WARM_ROUNDS):
            self._rendered(warmup_document())

    def work(self, stream: wire.Stream) -> None:
        """One request (in the child): render, answer."""
        process.limit(memory=limits.RENDER_MEMORY, cpu_seconds=limits.RENDER_CPU_SECONDS, file_size=limits.MAX_PDF)
        message = wire.receive(stream)
        if message.head.get("op") == "health":
            wire.answer(stream, {"ok": True, "pid": os.getppid(), "room": str(self._room.path)})
            return
        try:
            (docx,) = message.blobs
            check_word_file(docx)
            pdf = self._rendered(docx, leave_open=True)
        except FormError as error:
            wire.answer(stream, {"ok": False, "error": error.as_message()})
        else:
            wire.answer(stream, {"ok": True}, (pdf,))

    def after(self, pid: int, well: bool) -> None:
        """Clear a dead child's desk; after several deaths in a row see whether the renderer itself is still well."""
        shutil.rmtree(self._room.path / f"{_DESK}{pid}", ignore_errors=True)
        self._deaths = 0 if well else self._deaths + 1
        if self._deaths >= DEATHS_BEFORE_LOOKING:
            self._deaths = 0
            if not self._makes_the_warmup():
                self.unhealthy = True
                raise Stop

    def _rendered(self, docx: bytes, *, leave_open: bool = False) -> bytes:
        # one name for every document: LibreOffice can print it into the page
        with self._desk() as desk:
            source, target = desk / SOURCE_NAME, desk / TARGET_NAME
            source.write_bytes(docx)
            self._kit.to_pdf(source, target, leave_open=leave_open)
            return read_pdf(target)

    @contextmanager
    def _desk(self) -> Iterator[Path]:
        """A directory for one document, named after the process that works on it."""
        desk = self._room.path / f"{_DESK}{os.getpid()}"
        desk.mkdir(mode=0o700)
        try:
            yield desk
        finally:
            shutil.rmtree(desk, ignore_errors=True)

    def _makes_the_warmup(self) -> bool:
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                signal.alarm(10)
                process.limit(cpu_seconds=10)
                self._rendered(warmup_document())
                status = 0
            finally:
                os._exit(status)
        return os.waitpid(pid, 0)[1] == 0


def read_pdf(path: Path) -> bytes:
    """The PDF that LibreOffice wrote. Raises FormError ``render_failed`` when there is none."""
    try:
        pdf = path.read_bytes()
    except OSError:
        pdf = b""
    if not pdf.startswith(b"%PDF-") or b"%%EOF" not in pdf[-1024:]:
        raise FormError(
            FormCode.RENDER_FAILED,
            "LibreOffice wrote no PDF.",
            "Try again; if it happens again, open the document in Word and save it anew.",
        )
    return pdf


def office_environment(room: Path) -> dict[str, str]:
    """The environment LibreOffice runs in: everything it writes lies in ``room``, and the language of the machine, its
    time zone and our own settings are not in it."""
    kept = {name: os.environ[name] for name in ("PATH", "CONFIDE_OFFICE") if name in os.environ}
    return {
        **kept,
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "HOME": str(room),
        "TMPDIR": str(room),
        "XDG_RUNTIME_DIR": str(room),
        "SAL_USE_VCLPLUGIN": "svp",
        "SAL_DISABLE_OPENCL": "1",
    }


def _serve(path: Path, children: int, room: Scratch) -> int:
    kit = Kit(room.path / "profile")
    renderer = Renderer(kit, room)
    outcome: list[int] = []

    def inside() -> None:
        try:
            renderer.warm()
            _give_back_what_is_free()
            ForkServer(
                path=path,
                work=renderer.work,
                epitaph=limits.render_ended,
                children=children,
                seconds=limits.RENDER_WALL_SECONDS,
                after=renderer.after,
            ).serve()
            outcome.append(EXIT_UNHEALTHY if renderer.unhealthy else 0)
        except (FormError, OSError) as refused:
            sys.stderr.write(f"renderer: {refused}\n")
        finally:
            _leave(room, outcome[0] if outcome else 1)

    kit.run(inside)
    return 1


def _give_back_what_is_free() -> None:
    """Hand the memory that LibreOffice needed once, on its way up, back to the system: more than half of all it holds.

    A child that needs it again gets empty pages, which costs less than copies of what nobody reads.
    """
    allocator = ctypes.CDLL(None)
    if hasattr(allocator, "MallocExtension_ReleaseFreeMemory"):  # tcmalloc's, where it is installed
        allocator.MallocExtension_ReleaseFreeMemory()
    else:
        allocator.malloc_trim(0)


def _leave(room: Scratch, status: int) -> None:
    """End at once: LibreOffice's own way down takes a second and may hang."""
    shutil.rmtree(room.path, ignore_errors=True)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _with_environment(room: Scratch) -> None:
    """Start this program anew in ``room``, with all that LibreOffice must find from its first instruction on.

    The room stays locked on the way: its descriptor is handed on.
    """
    allocator = next((one for one in _ALLOCATORS if Path(one).exists()), None)
    environment = {
        **office_environment(room.path),
        "PYTHONPATH": os.pathsep.join(filter(None, (_PROJECT, os.environ.get("PYTHONPATH")))),
        "SAL_LOK_OPTIONS": "unipoll",
        _ROOM: f"{room.lock}:{room.path}",
        **({"LD_PRELOAD": allocator} if allocator else {}),
    }
    os.set_inheritable(room.lock, True)
    command = [sys.executable, "-m", "templates.renderer", *sys.argv[1:]]
    os.execve(sys.executable, command, environment)  # noqa: S606 - this very program


def _room_handed_on() -> Scratch | None:
    handed = os.environ.pop(_ROOM, None)
    if handed is None:
        return None
    lock, _, path = handed.partition(":")
    os.set_inheritable(int(lock), False)
    return Scratch(Path(path), int(lock))


def main() -> int:
    """The command line. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="templates.renderer", description="Turn Word documents into PDFs.")
    parser.add_argument("--socket", type=Path, required=True, help="Unix socket to serve")
    parser.add_argument("--children", type=int, default=max(1, os.cpu_count() or 2), help="documents rendered at once")
    parser.add_argument("--with-parent", action="store_true", help="end when the process that started this one ends")
    given = parser.parse_args()
    parent = os.getppid()
    room = _room_handed_on()
    if room is None:
        process.leave_the_network()
    process.seclude()
    if given.with_parent:
        process.die_with(parent, by=signal.SIGTERM)
    try:
        if room is not None:
            return _serve(given.socket.absolute(), given.children, room)
        with scratch("renderer") as fresh:
            _with_environment(fresh)
    except FormError as refused:  # no LibreOffice, or no memory to put files in
        if room is not None:
            shutil.rmtree(room.path, ignore_errors=True)
        parser.exit(1, f"renderer: {refused}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
