"""A change of the master key: everything it wraps is wrapped anew, and no record and no row is touched.

Danger: a machine that stops between two files leaves keys under two masters, of which one is about to be destroyed.
Invariant, in this order, each step durable before the next and safe to repeat:

1. `prepare`: the successor is made, beside the master (`next`);
2. its recovery shares are written out and confirmed by people; `confirm` (`coming`). Before this nothing was changed,
   and after this `finish` needs nobody;
3. `finish`, under the locks that every wrapping takes: each wrapped file anew, every one opened once with the
   successor, the old master overwritten (`former`), the successor renamed to its place.

Anybody who reads meanwhile finds each file under one of two keys that are both there (`KeptMaster`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from storage.custody import Custody, KeyPlace, Stage
from storage.epochs import EpochKeys
from storage.errors import RotationNotConfirmed, WrongMasterKey
from storage.master import MasterKey
from storage.places import locked_directory
from storage.wrapped_file import WrappedFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotated:
    """What a change of the master key came to."""

    key_id: str
    """The public name of the master key in force."""
    place: str
    """Where it is kept."""
    rewrapped: int
    """Keys that are wrapped by it now."""


def prepare(custody: Custody, place: KeyPlace) -> MasterKey:
    """The successor: the one an interrupted change left, where it is kept as wished, else a new one."""
    if custody.has(Stage.COMING):
        return custody.load(Stage.COMING)
    if custody.has(Stage.NEXT):
        if custody.place(Stage.NEXT).keeper is place.keeper:
            return custody.load(Stage.NEXT)
        custody.destroy(Stage.NEXT)
    return custody.create(place, Stage.NEXT)


def confirm(custody: Custody) -> None:
    """Say that the successor's recovery shares are in people's hands."""
    custody.move(Stage.NEXT, Stage.COMING)


def finish(
    custody: Custody,
    epochs: EpochKeys,
    files: Sequence[WrappedFile] = (),
    *,
    progress: Callable[[int], None] | None = None,
) -> Rotated:
    """Carry a confirmed change through, or on. Raises RotationNotConfirmed, WrongMasterKey, KeyServiceError."""
    if not custody.has(Stage.COMING):
        raise RotationNotConfirmed
    everything = [epochs.directory, *(file.path.parent for file in files)]
    with _locked(custody, everything):
        successor = custody.load(Stage.COMING)
        old = custody.load(Stage.MASTER) if custody.has(Stage.MASTER) else successor
        return _carried_through(custody, _wrapped(epochs, files), old, successor, progress)


def recover(
    custody: Custody, master: MasterKey, place: KeyPlace, epochs: EpochKeys, files: Sequence[WrappedFile] = ()
) -> Rotated:
    """Keep a master key that came back from its recovery shares, in place of a file or KMS key that is lost.

    Raises WrongMasterKey unless it opens everything that a master key wraps here; then nothing was changed.
    """
    wrapped = _wrapped(epochs, files)
    for file in wrapped:
        file.read(master)
    if not wrapped:
        raise WrongMasterKey
    custody.destroy(Stage.NEXT)
    custody.keep(master, place, Stage.NEXT)
    custody.destroy(Stage.COMING)
    confirm(custody)
    with _locked(custody, [file.path.parent for file in wrapped]):
        return _carried_through(custody, wrapped, master, master, None)


@contextmanager
def _locked(custody: Custody, directories: Sequence[Path]) -> Iterator[None]:
    with ExitStack() as locks:
        for directory in sorted({custody.directory, *(each for each in directories if each.exists())}):
            locks.enter_context(locked_directory(directory))
        yield


def _wrapped(epochs: EpochKeys, files: Sequence[WrappedFile]) -> tuple[WrappedFile, ...]:
    return (*(epochs.file(number) for number in epochs.numbers()), *(file for file in files if file.exists()))


def _carried_through(
    custody: Custody,
    wrapped: Sequence[WrappedFile],
    old: MasterKey,
    successor: MasterKey,
    progress: Callable[[int], None] | None,
) -> Rotated:
    for count, file in enumerate(wrapped, start=1):
        file.rewrap(old, successor)
        if progress is not None:
            progress(count)
    for file in wrapped:  # the old key is destroyed only after every file was seen to open without it
        file.read(successor)
    custody.destroy(Stage.FORMER)
    custody.move(Stage.MASTER, Stage.FORMER)  # a name of its own: half overwritten, nobody takes it for a key
    custody.destroy(Stage.FORMER)
    custody.move(Stage.COMING, Stage.MASTER)
    return Rotated(key_id=successor.key_id, place=str(custody.place()), rewrapped=len(wrapped))
