"""Epoch keys: the middle layer that makes erasure reach old backups.

Every data key in the keyring is wrapped by the key of an epoch (a month). A backup holds the keyring but never an
epoch key. When what still lives has been re-wrapped under a newer epoch and the old epoch's file is destroyed, every
keyring copied before that day is unreadable for good, master key or not. That day is the second date of a certificate
of destruction.

Danger: a second copy of an epoch file makes that promise false; the loss of the only one loses all records.
Invariant: an epoch key exists in one file, `epoch-000001.key`, wrapped by the master key, and in at most one standby
copy that is brought up to date by overwriting in place (`mirror`). A file is destroyed by overwriting it where it lies.
"""

from __future__ import annotations

import re
import secrets
from pathlib import Path

from storage.errors import EpochGone
from storage.master import KeyWrapper
from storage.places import locked_directory, overwrite_and_remove, private_directory, publish, read_secret
from storage.wrapped_file import WrappedFile

_MAGIC = b"CONFIDE EPOCH KEY 1\n"
_NAME = re.compile(r"epoch-([0-9]{6,})\.(key|next)\Z")


class EpochKeys:
    """The epoch files of one keys directory. Numbers only grow; which one is current is the keyring's to say."""

    def __init__(self, directory: Path, wrapper: KeyWrapper) -> None:
        self._directory = private_directory(directory)
        self._wrapper = wrapper

    @property
    def directory(self) -> Path:
        return self._directory

    def numbers(self) -> tuple[int, ...]:
        """Every epoch that has a file, ascending."""
        matches = (_NAME.match(entry.name) for entry in self._directory.iterdir())
        return tuple(sorted({int(match[1]) for match in matches if match}))

    def create(self, number: int) -> bytes:
        """Make the key of a new epoch, durable before this returns. Raises FileExistsError; never replaces."""
        key = secrets.token_bytes(32)
        self.file(number).create(key, self._wrapper)
        return key

    def load(self, number: int) -> bytes:
        """The key of an epoch. Raises EpochGone when it has no file, WrongMasterKey when the master is another's."""
        try:
            return self.file(number).read(self._wrapper)
        except FileNotFoundError:
            raise EpochGone from None

    def destroy(self, number: int) -> None:
        """Overwrite and remove the key of an epoch; absent is done already. Nothing wrapped by it opens again."""
        overwrite_and_remove(self.file(number).path)
        overwrite_and_remove(self.file(number).next)

    def destroy_in(self, standby: Path, number: int) -> None:
        """The same in a standby copy. Raises UnsafePlace."""
        if standby.exists():
            EpochKeys(standby, self._wrapper).destroy(number)

    def rotate(self, to: KeyWrapper) -> None:
        """Wrap every epoch key anew under another master key. Touches no record; resumes after a crash."""
        for number in self.numbers():
            self.file(number).rewrap(self._wrapper, to)
        self._wrapper = to

    def file(self, number: int) -> WrappedFile:
        """Where the key of an epoch lies."""
        path = self._directory / f"epoch-{number:06d}.key"
        return WrappedFile(path=path, context=_context(number), magic=_MAGIC)

    def mirror(self, standby: Path) -> tuple[int, ...]:
        """Bring a standby directory on another medium to exactly these epochs; returns the epochs destroyed there.

        The standby is what a lost machine is restored from. Until it was mirrored, an epoch destroyed here lives on
        there.
        """
        private_directory(standby)
        with locked_directory(self._directory, shared=True):  # an epoch that ends meanwhile would live on there
            return self._mirrored(EpochKeys(standby, self._wrapper))

    def _mirrored(self, there: EpochKeys) -> tuple[int, ...]:
        here = self.numbers()
        gone = tuple(number for number in there.numbers() if number not in here)
        for number in gone:
            there.destroy(number)
        for number in here:
            content = self._content(number)
            if content is None:
                raise EpochGone
            if number in there.numbers() and there._content(number) == content:
                continue
            there.destroy(number)
            publish(there.file(number).path, content)
        return gone

    def _content(self, number: int) -> bytes | None:
        """The bytes of the file as they lie there; of one whose change was cut off, the half that is whole."""
        for path in (self.file(number).path, self.file(number).next):
            if path.exists() and (content := read_secret(path)).startswith(_MAGIC):
                return content
        return None


def _context(number: int) -> dict[str, str]:
    return {"epoch": str(number)}
