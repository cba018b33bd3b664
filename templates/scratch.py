"""A private directory in memory for what LibreOffice must have as files.

Danger: a filled statement in /tmp survives a crash, a backup takes it along, and deleting a file from a disk does not
delete it. Invariants: files lie on a tmpfs only, in a directory of this user alone (0700), with no name in their names;
the directory goes when the process leaves it, and what a killed process left is swept by the next one that starts.

A living directory is one whose lock is held: the lock is on the directory itself, so it ends with the last process that
has it open, whatever killed it, and no process number can be mistaken for another's.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from templates.errors import FormCode, FormError


@dataclass(frozen=True, slots=True)
class Scratch:
    """A private directory, in memory, as long as the ``with`` block lasts."""

    path: Path
    """The directory (0700)."""
    lock: int
    """Descriptor that keeps the directory alive; hand it to child processes that work in it."""


@contextmanager
def scratch(purpose: str, *, roots: tuple[Path, ...] | None = None) -> Iterator[Scratch]:
    """A fresh private directory on a tmpfs, swept clean on every way out.

    ``purpose`` is a word for the directory's name. Raises FormError ``scratch_missing`` when there is no tmpfs.
    """
    home = _home(roots)
    sweep(home)
    with _holding(home):
        path = home / f"{purpose}-{secrets.token_hex(8)}"
        path.mkdir(mode=0o700)
        lock = _locked(path, wait=False)
    if lock is None:
        raise _missing()
    try:
        yield Scratch(path, lock)
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(lock)


def sweep(home: Path | None = None) -> int:
    """Remove what dead processes left. Returns how many directories."""
    home = home or _home(None)
    swept = 0
    with _holding(home):
        for left in home.iterdir():
            if left.is_symlink() or not left.is_dir():
                left.unlink(missing_ok=True)
                continue
            lock = _locked(left, wait=False)
            if lock is None:
                continue
            shutil.rmtree(left, ignore_errors=True)
            os.close(lock)
            swept += 1
    return swept


def _home(roots: tuple[Path, ...] | None) -> Path:
    """The directory of this user under the first tmpfs there is."""
    for root in roots if roots is not None else _candidates():
        if not _in_memory(root) or not os.access(root, os.W_OK | os.X_OK):
            continue
        home = root / f"confide-{os.getuid()}"
        home.mkdir(mode=0o700, exist_ok=True)
        about = home.lstat()
        if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.getuid() or about.st_mode & 0o077:
            raise FormError(
                FormCode.SCRATCH_MISSING,
                f"{home} is not a private directory of this user.",
                "Remove it, and look who made it.",
            )
        return home
    raise _missing()


def _candidates() -> tuple[Path, ...]:
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    shared = Path("/dev/shm")  # noqa: S108 - a private directory is made inside, and checked to be ours
    return (shared, *((Path(runtime),) if runtime else ()))


def _in_memory(root: Path) -> bool:
    """Is ``root`` on a tmpfs? (The kernel's own table, longest mount point first.)"""
    try:
        real = root.resolve(strict=True)
    except OSError:
        return False
    mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    best, kind = "", ""
    for line in mounts:
        _, point, filesystem, *_ = line.split(" ")
        point = point.replace("\\040", " ")
        if real.is_relative_to(point) and len(point) >= len(best):
            best, kind = point, filesystem
    return kind in {"tmpfs", "ramfs"}


@contextmanager
def _holding(home: Path) -> Iterator[None]:
    """Between making a directory and locking it no sweep may see it."""
    lock = _locked(home, wait=True)
    try:
        yield
    finally:
        if lock is not None:
            os.close(lock)


def _locked(path: Path, *, wait: bool) -> int | None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _missing() -> FormError:
    return FormError(
        FormCode.SCRATCH_MISSING,
        "There is no directory in memory (tmpfs) to work in.",
        "Mount a tmpfs at /dev/shm, or set XDG_RUNTIME_DIR to a directory on one.",
    )
