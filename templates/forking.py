"""A server that forks one child for every request and never does any of the work itself.

The one design of both daemons (``templates.filler``, ``templates.renderer``): a warm parent with one thread keeps what
is dear to make; a child copies it for nothing, reads the request itself, answers, and is gone with everything it saw.
One child waits already forked for the next request, because a fork of LibreOffice takes as long as some forms.

Danger: a child that hangs, crashes or eats the memory takes the service with it, or leaves its client waiting.
Invariants: the parent never reads a request (no personal data in it, nothing to block on); a child lives no longer
than its deadline; whoever asked gets an answer, from the parent when the child cannot give it.
"""

from __future__ import annotations

import gc
import os
import selectors
import signal
import socket
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from templates import process, wire
from templates.errors import FormError

BACKLOG = 64
POLL_SECONDS = 0.5
"""Longest time between two looks at deadlines and at the parent."""

_STOPPING = (signal.SIGTERM, signal.SIGINT)

Work = Callable[[wire.Stream], None]
"""The child's whole life: read one message, answer it. Whatever it raises ends the child with status 1."""


class Stop(Exception):
    """SIGTERM or SIGINT: end the server in order."""


@dataclass(slots=True)
class _Child:
    pid: int
    connection: socket.socket
    deadline: float
    pidfd: int
    killed: bool = False


@dataclass(slots=True)
class _Spare:
    """A child that waits for a connection to be handed to it."""

    pid: int
    hand: socket.socket
    pidfd: int


@dataclass(slots=True, kw_only=True)
class ForkServer:
    """Serve one Unix socket until told to stop."""

    path: Path
    work: Work
    epitaph: Callable[[int, bool], FormError]
    """What to tell the client of a child that died: (wait status, was it killed for its deadline)."""
    children: int
    """Children at once; more requests wait in the backlog."""
    seconds: float
    """Wall time of one child."""
    after: Callable[[int, bool], None] | None = None
    """Called in the parent after each child: its number, and did it end well? (May raise Stop.)"""
    while_idle: Callable[[], None] | None = None
    """Called in the parent at every turn, at the latest after POLL_SECONDS. (May raise Stop.)"""
    extra: dict[int, Callable[[], None]] = field(default_factory=dict)
    """File descriptors to watch beside the socket, and what to call when one is readable. What is called changes the
    parent: children forked later have it."""
    _living: dict[int, _Child] = field(default_factory=dict)
    _spare: _Spare | None = None

    def serve(self) -> None:
        """Listen at ``path`` (mode 0600) until SIGTERM or SIGINT. Raises OSError when the socket cannot be made."""
        listener = listen(self.path)
        self._install_signals()
        # what is warm now stays for good: keep the collector from touching (and so copying) it in every child
        gc.collect()
        gc.freeze()
        try:
            self._loop(listener)
        except Stop:
            pass
        finally:
            self.after = None  # those killed now say nothing about the server
            self._dismiss_spare()
            for child in list(self._living.values()):
                self._kill(child)
                self._bury(child)
            listener.close()
            self.path.unlink(missing_ok=True)

    def _install_signals(self) -> None:
        def stop(number: int, frame: object) -> None:
            raise Stop

        for number in _STOPPING:
            signal.signal(number, stop)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)

    def _loop(self, listener: socket.socket) -> None:
        with selectors.DefaultSelector() as watch:
            for descriptor, call in self.extra.items():
                watch.register(descriptor, selectors.EVENT_READ, call)
            accepting = False
            self._fork_spare(listener)
            while True:
                if accepting != (len(self._living) < self.children):
                    accepting = not accepting
                    if accepting:
                        watch.register(listener, selectors.EVENT_READ, None)
                    else:
                        watch.unregister(listener)
                for key, _ in watch.select(self._patience()):
                    if key.fileobj is listener:
                        child = self._accept(listener)
                        if child is not None:
                            watch.register(child.pidfd, selectors.EVENT_READ, child)
                    elif isinstance(key.data, _Child):
                        watch.unregister(key.data.pidfd)
                        self._bury(key.data)
                    else:
                        key.data()
                        self._dismiss_spare()
                        self._fork_spare(listener)
                self._kill_late()
                if self.while_idle is not None:
                    self.while_idle()

    def _patience(self) -> float:
        nearest = min((child.deadline for child in self._living.values()), default=time.monotonic() + POLL_SECONDS)
        return max(0.0, min(POLL_SECONDS, nearest - time.monotonic()))

    def _accept(self, listener: socket.socket) -> _Child | None:
        try:
            connection, _ = listener.accept()
        except OSError:  # the client went away before it was its turn
            return None
        given = self._hand_over(connection) or (self._fork_spare(listener) and self._hand_over(connection))
        if not given:  # no memory or no process left: this client is refused, the next may be served
            connection.close()
            return None
        child = _Child(given.pid, connection, time.monotonic() + self.seconds, given.pidfd)
        self._living[child.pid] = child
        self._fork_spare(listener)
        return child

    def _hand_over(self, connection: socket.socket) -> _Spare | None:
        """Give the waiting child its client; None when there is none, or it died unasked."""
        spare = self._spare
        if spare is None:
            return None
        try:
            socket.send_fds(spare.hand, [b"\0"], [connection.fileno()])
        except OSError:
            self._dismiss_spare()
            return None
        spare.hand.close()
        self._spare = None
        return spare

    def _fork_spare(self, listener: socket.socket) -> bool:
        """Fork the child that waits for the next client. One that cannot be made now is tried again for that client."""
        try:
            ours, theirs = socket.socketpair()
        except OSError:
            return False
        parent = os.getpid()
        # told to stop between fork and the next line, a child would do the parent's clearing up
        signal.pthread_sigmask(signal.SIG_BLOCK, _STOPPING)
        try:
            pid = os.fork()
            if pid == 0:
                ours.close()
                self._be_child(listener, theirs, parent)
            self._spare = _Spare(pid, ours, os.pidfd_open(pid))
        except OSError:
            ours.close()
        finally:
            theirs.close()
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPPING)
        return self._spare is not None

    def _dismiss_spare(self) -> None:
        spare, self._spare = self._spare, None
        if spare is not None:
            os.kill(spare.pid, signal.SIGKILL)
            os.waitpid(spare.pid, 0)
            spare.hand.close()
            os.close(spare.pidfd)

    def _be_child(self, listener: socket.socket, hand: socket.socket, parent: int) -> None:
        status = 1
        try:
            gc.disable()
            for number in _STOPPING:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPPING)
            process.die_with(parent)
            process.seclude()
            listener.close()
            for other in self._living.values():
                other.connection.close()
            (handed,) = socket.recv_fds(hand, 1, 1)[1]
            connection = socket.socket(fileno=handed)
            connection.setblocking(True)
            self.work(wire.SocketStream(connection, min(wire.REQUEST_SECONDS, self.seconds)))
            status = 0
        finally:
            os._exit(status)  # never back into the parent's code, whatever happened

    def _kill_late(self) -> None:
        now = time.monotonic()
        for child in self._living.values():
            if now > child.deadline and not child.killed:
                self._kill(child)

    def _kill(self, child: _Child) -> None:
        child.killed = True
        os.kill(child.pid, signal.SIGKILL)

    def _bury(self, child: _Child) -> None:
        _, status = os.waitpid(child.pid, 0)
        self._living.pop(child.pid, None)
        if status != 0:
            self._answer_for_the_dead(child, self.epitaph(status, child.killed))
        child.connection.close()
        os.close(child.pidfd)
        if self.after is not None:
            self.after(child.pid, status == 0)

    def _answer_for_the_dead(self, child: _Child, error: FormError) -> None:
        # small enough for the socket's buffer; a client that is gone, or was half answered, gets nothing more
        child.connection.setblocking(False)
        try:
            child.connection.send(wire.packed({"ok": False, "error": error.as_message()}))
        except OSError:
            return


def listen(path: Path) -> socket.socket:
    """A listening Unix socket at ``path``, mode 0600; a dead one there is replaced, a living one is an OSError."""
    if path.exists() or path.is_symlink():
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise FileExistsError(f"{path.name} is there and is no socket")
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                with wire.reachable(path) as address:
                    probe.connect(address)
            except OSError:
                path.unlink(missing_ok=True)
            else:
                raise FileExistsError(f"{path.name} is served by another process")
    listener = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)
    try:
        with wire.reachable(path) as address:
            listener.bind(address)
    finally:
        os.umask(before)
    listener.listen(BACKLOG)
    listener.setblocking(False)
    return listener
