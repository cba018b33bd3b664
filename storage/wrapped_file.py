"""A small secret in a file, wrapped by the master key; changed or wrapped anew, it is never lost on the way.

Danger: a crash between the old file and the new leaves neither, or leaves the old one readable on the disk.
Invariant: the new content lies complete under `<name>.next` before the old is overwritten where it lies; whichever of
the two opens is the one that is read; any of these steps may be repeated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from storage.errors import UnsafePlace, WrongMasterKey
from storage.master import KeyWrapper
from storage.places import fsync_directory, locked_directory, overwrite_and_remove, publish, read_secret


@dataclass(frozen=True, slots=True, kw_only=True)
class WrappedFile:
    """One such file. `context` holds opaque words only and is part of the wrapping."""

    path: Path
    context: Mapping[str, str]
    magic: bytes = b""
    """What the file begins with, in clear."""

    @property
    def next(self) -> Path:
        """Where the new content lies until it takes its place."""
        return self.path.with_suffix(".next")

    def exists(self) -> bool:
        return self.path.exists() or self.next.exists()

    def read(self, wrapper: KeyWrapper) -> bytes:
        """The secret. Raises FileNotFoundError, UnsafePlace, or WrongMasterKey when another key wrapped it."""
        refusal: UnsafePlace | WrongMasterKey | None = None
        for path in (self.path, self.next, self.path):  # again: it may have been put in place between the two looks
            try:
                return self._open(path, wrapper)
            except FileNotFoundError:
                continue
            except (UnsafePlace, WrongMasterKey) as refused:
                refusal = refusal or refused
        raise refusal or FileNotFoundError(self.path)

    def create(self, secret: bytes, wrapper: KeyWrapper) -> None:
        """Write it for the first time, under the lock a change of the master key takes. Raises FileExistsError."""
        with locked_directory(self.path.parent, shared=True):
            publish(self.path, self.magic + wrapper.wrap(secret, self.context))

    def change(self, secret: bytes, wrapper: KeyWrapper) -> None:
        """Put another secret in its place and overwrite the old. Raises WrongMasterKey, FileNotFoundError."""
        with locked_directory(self.path.parent):
            self.read(wrapper)  # what does not open with this key is not this key's to replace
            self._settle(wrapper)
            overwrite_and_remove(self.next)
            publish(self.next, self.magic + wrapper.wrap(secret, self.context))
            self._put_in_place()

    def rewrap(self, old: KeyWrapper, new: KeyWrapper) -> None:
        """The same secret under another key; nothing when it is so already. The caller holds the directory's lock."""
        self._settle(old)
        if not self._opens(self.next, new):
            if self._opens(self.path, new):
                overwrite_and_remove(self.next)
                return
            wrapped = self.magic + new.wrap(self._open(self.path, old), self.context)
            overwrite_and_remove(self.next)
            publish(self.next, wrapped)
        self._put_in_place()

    def _settle(self, wrapper: KeyWrapper) -> None:
        """Finish a change that was cut off after the old content was overwritten."""
        if not self._opens(self.path, wrapper) and self._opens(self.next, wrapper):
            self._put_in_place()

    def _put_in_place(self) -> None:
        overwrite_and_remove(self.path)
        self.next.rename(self.path)
        fsync_directory(self.path.parent)

    def _opens(self, path: Path, wrapper: KeyWrapper) -> bool:
        try:
            self._open(path, wrapper)
        except (FileNotFoundError, UnsafePlace, WrongMasterKey):
            return False
        return True

    def _open(self, path: Path, wrapper: KeyWrapper) -> bytes:
        content = read_secret(path)
        if not content.startswith(self.magic):
            raise UnsafePlace(f"{path} does not hold a wrapped key.", "Bring the file back from the standby copy.")
        return wrapper.unwrap(content[len(self.magic) :], self.context)
