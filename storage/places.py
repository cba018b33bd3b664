"""Private places on a disk: directories only their owner enters, files that appear whole or not at all.

Danger: a key in a directory others can read, a file swapped for a symlink, or half a file after a power cut.
Invariant: directories 0700, secret files 0400, owned by us, never reached through a symlink at the last step; a
published file was fsync'd before it got its name, and its directory after.
"""

# Descriptors, links and syncs are spoken of here in the words of the system calls, not of pathlib.
# ruff: noqa: PTH101, PTH102, PTH105, PTH108

from __future__ import annotations

import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from storage.errors import UnsafePlace

PRIVATE_DIRECTORY = 0o700
SECRET_FILE = 0o400
BEGUN = "restored.json"
"""In the home of a site whose bytes are back, and whose register was not told yet what happened since (`restore`)."""


def fsync_directory(path: Path | str) -> None:
    """Make the names in a directory durable."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def private_directory(path: Path) -> Path:
    """The directory, made 0700 when absent (parents too). Raises UnsafePlace for a symlink, other owner or open
    mode.
    """
    path = path.absolute()
    missing = [p for p in (path, *path.parents) if not p.exists() and not p.is_symlink()]
    for place in reversed(missing):
        try:
            os.mkdir(place, PRIVATE_DIRECTORY)
        except FileExistsError:
            continue
        fsync_directory(place.parent)
    check_directory(path)
    return path


def check_directory(path: Path) -> None:
    """Raises UnsafePlace unless it is a real directory of ours that nobody else may enter."""
    found = os.lstat(path)
    if not stat.S_ISDIR(found.st_mode):
        raise UnsafePlace(f"{path} is not a directory of its own.", "Replace the link or file by a real directory.")
    if found.st_uid != os.geteuid():
        raise UnsafePlace(f"{path} belongs to another user.", "Run as the user who owns it, or give it back.")
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise UnsafePlace(f"Others may enter {path}.", f"Run: chmod 700 {path}")


def read_secret(path: Path) -> bytes:
    """Bytes of a 0400 file of ours in a private directory; raises UnsafePlace, or FileNotFoundError when absent."""
    check_directory(path.parent)
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError as problem:
        raise UnsafePlace(
            f"{path} cannot be opened as a file of its own.", "Put the file itself there, not a link."
        ) from problem
    try:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            raise UnsafePlace(f"{path} is not a plain file.", "Put the key file itself there.")
        if found.st_uid != os.geteuid():
            raise UnsafePlace(f"{path} belongs to another user.", "Run as the user who owns it, or give it back.")
        if stat.S_IMODE(found.st_mode) != SECRET_FILE:
            raise UnsafePlace(f"{path} does not have mode 0400.", f"Run: chmod 400 {path}")
        return read_all(fd)
    finally:
        os.close(fd)


def publish(path: Path, data: bytes, *, mode: int = SECRET_FILE) -> None:
    """Write a new file durably: it appears whole, or not at all. Raises FileExistsError; never replaces."""
    with _staged(path.parent, data, mode) as staged:
        os.link(staged, path)
    fsync_directory(path.parent)


def replace(path: Path, data: bytes, *, mode: int = SECRET_FILE) -> None:
    """Put new content in place of the old, durably: a reader sees the one or the other."""
    with _staged(path.parent, data, mode) as staged:
        os.replace(staged, path)
    fsync_directory(path.parent)


def overwrite_and_remove(path: Path) -> None:
    """Overwrite a small file where it lies (noise, then zeros, both synced) and remove it; absent is done already.

    What a copy-on-write file system or the wear levelling of an SSD keeps of the old blocks is out of reach.
    """
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            raise UnsafePlace(f"{path} is not a plain file.", "Find out what was put in its place.")
        os.chmod(path, 0o600)
        fd = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        size = os.fstat(fd).st_size
        for filling in (secrets.token_bytes(size), bytes(size)):
            os.lseek(fd, 0, os.SEEK_SET)
            write_all(fd, filling)
            os.fsync(fd)
    finally:
        os.close(fd)
    os.unlink(path)
    fsync_directory(path.parent)


@contextmanager
def locked_directory(path: Path | str, *, shared: bool = False) -> Iterator[int]:
    """Advisory lock on a directory between threads and processes; yields its descriptor, ready for fsync."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield fd
    finally:
        os.close(fd)


def write_all(fd: int, data: bytes) -> None:
    """Write every byte; `os.write` alone may stop early on a full disk or a signal."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def read_all(fd: int) -> bytes:
    """Every byte from the present position of a file to its end."""
    size = os.fstat(fd).st_size - os.lseek(fd, 0, os.SEEK_CUR)
    data = os.read(fd, size) if size > 0 else b""
    if len(data) == size:
        return data
    parts = [data]
    while part := os.read(fd, 1 << 20):
        parts.append(part)
    return b"".join(parts)


@contextmanager
def _staged(directory: Path, data: bytes, mode: int) -> Iterator[Path]:
    staged = directory / f".{secrets.token_hex(8)}.new"
    fd = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    try:
        try:
            write_all(fd, data)
            os.fsync(fd)
        finally:
            os.close(fd)
        yield staged
    finally:
        staged.unlink(missing_ok=True)
