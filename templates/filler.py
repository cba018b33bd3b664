"""The filler: a daemon that fills Word forms, each in a child of its own that is limited and can be killed.

``python -m templates.filler --socket PATH [--with-parent] [--children N]``; ``--once`` fills one form from standard
input to standard output, for a press that finds no daemon.

Danger: a form is a program written by somebody else; it may never end, and it may ask for all memory. Invariants: a
form is first opened, compiled and filled in a child with limits on memory, CPU and time; only a form that came through
there, or ships with the program, is opened in the parent too, so that later children find it ready (copy on write).
The parent never sees a value: a child hands it the bytes of the *form*, and the data stays in the child.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import json
import os
import signal
import socket
import sys
import time
from collections import OrderedDict
from pathlib import Path

from templates import limits, process, wire
from templates.catalog import catalog
from templates.errors import FormCode, FormError
from templates.fill import OpenForm, open_form
from templates.forking import ForkServer
from templates.pictures import code
from templates.warmup import warmup_document

WARM_FORMS = 12
"""Forms kept open in the parent (about 3 MB each)."""
WARM_ROUNDS = 8
"""Fillings after which Python runs its own code at full speed."""
WARM_SECONDS = 1.0
"""A form that takes longer than this to open is never opened in the parent."""
_MAX_FORM_ON_CHANNEL = 160 << 10
"""Bytes of a form that a child hands to the parent in one datagram; larger ones are simply not kept warm."""


class Filler:
    """The warm parent's state and the child's work."""

    def __init__(self) -> None:
        self._warm: OrderedDict[str, OpenForm] = OrderedDict()
        self._told, self._tell = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for end in (self._told, self._tell):
            end.setblocking(False)
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * _MAX_FORM_ON_CHANNEL)

    @property
    def channel(self) -> int:
        """The descriptor that is readable when a child has a form to be kept warm."""
        return self._told.fileno()

    def warm(self) -> None:
        """Open the form that a child found good (in the parent)."""
        try:
            docx = self._told.recv(_MAX_FORM_ON_CHANNEL)
            self._keep(docx)
        except (BlockingIOError, FormError):  # nothing there, or nothing that opens: the next child opens it itself
            return

    def warm_up(self) -> None:
        """Go the whole way a few times, then open the forms that ship with the program, before a person waits."""
        for _ in range(WARM_ROUNDS):
            open_form(warmup_document()).fill({})
            code("WARM-UP")
        try:
            for form in catalog():
                for language in form.languages:
                    self._keep(form.docx(language))
        except FormError:  # whoever uses the catalog is told; forms handed over are filled all the same
            return

    def _keep(self, docx: bytes) -> None:
        digest = hashlib.sha256(docx).hexdigest()
        if digest in self._warm:
            self._warm.move_to_end(digest)
            return
        self._warm[digest] = open_form(docx)
        while len(self._warm) > WARM_FORMS:
            self._warm.popitem(last=False)
            gc.collect()  # the parts of a form point at each other

    def work(self, stream: wire.Stream) -> None:
        """One request (in the child): fill, answer."""
        process.limit(memory=limits.FILL_MEMORY, cpu_seconds=limits.FILL_CPU_SECONDS, file_size=0)
        message = wire.receive(stream)
        if message.head.get("op") == "health":
            wire.answer(stream, {"ok": True, "pid": os.getppid(), "warm": len(self._warm)})
            return
        try:
            docx, values = message.blobs
            filled = self._filled(docx, values, str(message.head.get("locale", "en")))
        except FormError as error:
            wire.answer(stream, {"ok": False, "error": error.as_message()})
        except MemoryError:
            del message
            wire.answer(stream, {"ok": False, "error": limits.too_much_memory().as_message()})
        else:
            wire.answer(stream, {"ok": True}, (filled,))

    def _filled(self, docx: bytes, values: bytes, locale: str) -> bytes:
        form = self._warm.get(hashlib.sha256(docx).hexdigest())
        known = form is not None
        started = time.process_time()
        if form is None:
            form = open_form(docx)
        opened = time.process_time() - started
        filled = form.fill(_read_data(values), locale=locale)
        if not known and opened < WARM_SECONDS and len(docx) <= _MAX_FORM_ON_CHANNEL:
            try:
                self._tell.send(docx)
            except OSError:  # the channel is full: another child will tell
                return filled
        return filled


def _read_data(values: bytes) -> dict[str, object]:
    try:
        data = json.loads(values)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise FormError(
            FormCode.FIELD_NOT_PLAIN,
            "The data are not a dictionary of fields in JSON.",
            "Hand over the fields by name.",
        )
    return data


def _once() -> int:
    Filler().work(wire.PipeStream(sys.stdin.buffer, sys.stdout.buffer))
    return 0


def _serve(path: Path, children: int) -> None:
    filler = Filler()
    filler.warm_up()
    ForkServer(
        path=path,
        work=filler.work,
        epitaph=limits.fill_ended,
        children=children,
        seconds=limits.FILL_WALL_SECONDS,
        extra={filler.channel: filler.warm},
    ).serve()


def main(arguments: list[str] | None = None) -> int:
    """The command line. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="templates.filler", description="Fill Word forms.")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--socket", type=Path, help="Unix socket to serve")
    which.add_argument("--once", action="store_true", help="one form, standard input to standard output")
    parser.add_argument("--children", type=int, default=max(2, os.cpu_count() or 2), help="forms filled at once")
    parser.add_argument("--with-parent", action="store_true", help="end when the process that started this one ends")
    given = parser.parse_args(arguments)
    parent = os.getppid()
    process.leave_the_network()
    process.seclude()
    if given.once:
        return _once()
    if given.with_parent:
        process.die_with(parent, by=signal.SIGTERM)
    try:
        _serve(given.socket, given.children)
    except OSError as refused:  # the socket is served already, or cannot be made
        parser.exit(1, f"filler: {refused}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
