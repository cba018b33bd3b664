"""What a process of this room does to itself before it touches a person's data: limits, no core dump, not outliving.

Danger: a core file of a filling process is a client's statement on disk, one of a worker the organization's keys; a
child that outlives its daemon holds one in memory for ever. Invariant: every process that sees personal data or keys
calls ``seclude`` first.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
from pathlib import Path

from templates import logs

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_STATM = Path("/proc/self/statm")
_libc = ctypes.CDLL(None, use_errno=True)


def seclude() -> None:
    """No core file, no personal words in a log, and no other process of this user may read this one's memory."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    os.umask(0o077)
    logs.keep_nothing_personal()


def die_with(parent: int, *, by: signal.Signals = signal.SIGKILL) -> None:
    """Have the kernel send ``by`` when the parent dies; exit at once if it already has.

    Linux takes the *thread* that started this process for the parent: start daemons from a thread that stays.
    """
    _libc.prctl(_PR_SET_PDEATHSIG, int(by), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)


def leave_the_network() -> bool:
    """Go where there is no network: nothing that a document holds can be fetched or sent. Sockets in files still work.

    Needs root or user namespaces, and one thread; call it before ``seclude`` and ``die_with``, which it would undo.
    Returns False where the kernel does not allow it.
    """
    user, group = os.getuid(), os.getgid()
    if _libc.unshare(_CLONE_NEWNET) == 0:
        return True
    if _libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) != 0:
        return False
    try:
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1", encoding="ascii")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="ascii")
    except OSError:  # without its number the process cannot know its own directory: better to end than to run so
        raise SystemExit(1) from None
    return True


def limit(*, memory: int | None = None, cpu_seconds: int | None = None, file_size: int | None = None) -> None:
    """Limit this process: ``memory`` bytes of address space *more* than it has now, seconds of CPU, bytes of a file."""
    if memory is not None:
        used = int(_STATM.read_bytes().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + memory, used + memory))
    if cpu_seconds is not None:
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    if file_size is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))
