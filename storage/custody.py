"""Where the master key is kept: in a file of its own, or in AWS KMS's keeping.

Danger: a change of the master key that a crash cuts in two leaves half of the keys under one and half under the other;
a process that still has the old one in memory would wrap a new epoch under a key that is about to be destroyed.
Invariant: the key directory itself says where the key is (which of two files lies there), never a setting alone; a
successor gets a name of its own in three stages, each a rename; whoever wraps reads first which key is in force.

    master.key | master.awskms     in force
    next.key   | next.awskms       made, its recovery shares not confirmed yet: may be thrown away
    coming.key | coming.awskms     confirmed: wraps whatever is wrapped from now on, and takes the master's place
    former.key | former.awskms     wraps nothing any more, and is being overwritten

A `.key` file holds the 32 bytes themselves. An `.awskms` file holds them wrapped by a KMS key: useless without KMS's
consent, which is asked once a process. The 32 bytes are this site's own in both cases, so recovery shares bring them
back without file, without KMS and without AWS; and whoever holds enough shares needs none of these either.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from storage.errors import KeyPlaceError, MasterKeyExists, UnsafePlace, WrongMasterKey
from storage.kms import AwsKms, Wrapped
from storage.master import MasterKey, wrapped_by
from storage.places import fsync_directory, overwrite_and_remove, private_directory, publish, read_secret

_FORMAT = 1
_AWSKMS = "awskms:"
_LOOKS = 3


class Keeper(StrEnum):
    """Who keeps the master key."""

    FILE = "file"
    AWSKMS = "awskms"


@dataclass(frozen=True, slots=True)
class KeyPlace:
    """Where a master key is, or is to be, kept."""

    keeper: Keeper
    kms_key: str = ""
    """Id, ARN or alias of the KMS key; empty for a file."""

    @classmethod
    def parse(cls, told: str) -> KeyPlace:
        """`file` or `awskms:<key id, ARN or alias>`. Raises KeyPlaceError."""
        if told in ("", Keeper.FILE.value):
            return cls(Keeper.FILE)
        if told.startswith(_AWSKMS) and told.removeprefix(_AWSKMS).strip():
            return cls(Keeper.AWSKMS, told.removeprefix(_AWSKMS).strip())
        raise KeyPlaceError(
            "CONFIDE_KEK names no place for a master key that is known.",
            "Set it to file, or to awskms: and a key's ARN.",
        )

    def __str__(self) -> str:
        return self.keeper.value if self.keeper is Keeper.FILE else f"{_AWSKMS}{self.kms_key}"


IN_A_FILE = KeyPlace(Keeper.FILE)


class Stage(StrEnum):
    """How far a master key is on its way; the value is its file's name."""

    MASTER = "master"
    NEXT = "next"
    COMING = "coming"
    FORMER = "former"
    """Wraps nothing any more, and is being overwritten."""


class Custody:
    """The master key of one key directory."""

    def __init__(self, directory: Path, *, service: Callable[[str], AwsKms] = AwsKms) -> None:
        self._directory = directory
        self._service = service

    @property
    def directory(self) -> Path:
        return self._directory

    def exists(self) -> bool:
        """Whether there is a master key in force."""
        return self._in_force() is not None

    def has(self, stage: Stage) -> bool:
        return self._path(stage) is not None

    def place(self, stage: Stage | None = None) -> KeyPlace:
        """Where the key (in force, or of a stage) is kept. Raises FileNotFoundError when there is none."""
        path = self._needed(stage)
        if path.suffix == ".key":
            return IN_A_FILE
        return KeyPlace(Keeper.AWSKMS, _Sheet.read(path).wrapped.key_arn)

    def create(self, place: KeyPlace, stage: Stage = Stage.MASTER) -> MasterKey:
        """Make a new master key and keep it there. Raises MasterKeyExists, KeyServiceError, UnsafePlace."""
        if place.keeper is Keeper.FILE:
            return self.keep(MasterKey.generate(), place, stage)
        context = _new_context()
        secret, wrapped = self._service(place.kms_key).generate(context)
        return self._write(MasterKey(secret), wrapped, context, stage)

    def keep(self, master: MasterKey, place: KeyPlace, stage: Stage = Stage.MASTER) -> MasterKey:
        """Keep a given master key there, as after combining recovery shares. Raises as `create`."""
        if self.has(stage):
            raise MasterKeyExists
        if place.keeper is Keeper.FILE:
            return master.save(self._directory / f"{stage}.key")
        context = _new_context()
        wrapped = self._service(place.kms_key).wrap(master.reveal(), context)
        return self._write(master, wrapped, context, stage)

    def key_id(self, stage: Stage | None = None) -> str:
        """The public name of the key in force, or of a stage, without asking KMS. Raises FileNotFoundError."""
        path = self._needed(stage)
        return MasterKey.load(path).key_id if path.suffix == ".key" else _Sheet.read(path).key_id

    def load(self, stage: Stage | None = None) -> MasterKey:
        """The key in force, or of a stage. Raises FileNotFoundError, UnsafePlace, KeyServiceError, WrongMasterKey."""
        path = self._needed(stage)
        if path.suffix == ".key":
            return MasterKey.load(path)
        sheet = _Sheet.read(path)
        master = MasterKey(self._service(sheet.wrapped.key_arn).unwrap(sheet.wrapped.ciphertext, sheet.context))
        if master.key_id != sheet.key_id:
            raise WrongMasterKey
        return master

    def move(self, stage: Stage, to: Stage) -> None:
        """Give a key its next stage; done already is done. Nothing may lie there."""
        path = self._path(stage)
        if path is None:
            return
        if self.has(to):
            raise MasterKeyExists
        path.rename(path.with_stem(to.value))
        fsync_directory(self._directory)

    def destroy(self, stage: Stage) -> None:
        """Overwrite and remove what keeps the key of a stage; absent is done already."""
        path = self._path(stage)
        if path is not None:
            overwrite_and_remove(path)

    def _write(self, master: MasterKey, wrapped: Wrapped, context: Mapping[str, str], stage: Stage) -> MasterKey:
        if self.has(stage):
            raise MasterKeyExists
        private_directory(self._directory)
        sheet = _Sheet(key_id=master.key_id, wrapped=wrapped, context=context)
        publish(self._directory / f"{stage}.awskms", sheet.to_bytes())
        return master

    def _in_force(self) -> Path | None:
        return self._path(Stage.COMING) or self._path(Stage.MASTER)

    def _needed(self, stage: Stage | None) -> Path:
        path = self._in_force() if stage is None else self._path(stage)
        if path is None:
            raise FileNotFoundError(self._directory / f"{stage or Stage.MASTER}.key")
        return path

    def _path(self, stage: Stage) -> Path | None:
        found = [
            path for path in (self._directory / f"{stage}.key", self._directory / f"{stage}.awskms") if path.exists()
        ]
        if len(found) > 1:
            raise UnsafePlace(
                f"{self._directory} holds two master keys of one stage ({stage}).",
                "Find out which one opens the epoch keys, and move the other away.",
            )
        return found[0] if found else None


class KeptMaster:
    """The master key in force, followed through a change of it. A `KeyWrapper` for long-lived processes.

    What is wrapped names the key that wrapped it, so a key is opened only when it is needed and asked for once.
    """

    def __init__(self, custody: Custody) -> None:
        self._custody = custody
        self._known: dict[str, MasterKey] = {}

    @property
    def key_id(self) -> str:
        return self._custody.key_id()

    @property
    def master(self) -> MasterKey:
        """The key in force now."""
        return self._known.get(self.key_id) or self._opened(None)

    def wrap(self, secret: bytes, context: Mapping[str, str]) -> bytes:
        return self.master.wrap(secret, context)

    def unwrap(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        wanted = wrapped_by(wrapped)
        known = self._known.get(wanted)
        for _ in range(_LOOKS):
            if known is not None:
                return known.unwrap(wrapped, context)
            try:
                known = self._found(wanted)
            except FileNotFoundError:
                continue  # it took its next stage while we looked
        raise WrongMasterKey

    def _found(self, key_id: str) -> MasterKey | None:
        for stage in (Stage.COMING, Stage.MASTER):
            if self._custody.has(stage) and self._custody.key_id(stage) == key_id:
                return self._opened(stage)
        return None

    def _opened(self, stage: Stage | None) -> MasterKey:
        master = self._custody.load(stage)
        self._known[master.key_id] = master
        return master


@dataclass(frozen=True, slots=True)
class _Sheet:
    """What an `.awskms` file says."""

    key_id: str
    wrapped: Wrapped
    context: Mapping[str, str]

    def to_bytes(self) -> bytes:
        told = {
            "format": _FORMAT,
            "key_id": self.key_id,
            "kms_key": self.wrapped.key_arn,
            "context": dict(self.context),
            "wrapped": base64.b64encode(self.wrapped.ciphertext).decode(),
        }
        return json.dumps(told, indent=1).encode() + b"\n"

    @classmethod
    def read(cls, path: Path) -> _Sheet:
        content = read_secret(path)
        try:
            told = json.loads(content)
            if told["format"] != _FORMAT:
                raise ValueError("another format")
            return cls(told["key_id"], Wrapped(base64.b64decode(told["wrapped"]), told["kms_key"]), told["context"])
        except (ValueError, KeyError, TypeError):
            raise UnsafePlace(
                f"{path} is not a wrapped master key.", "Bring the file back, or combine the recovery shares."
            ) from None


def _new_context() -> dict[str, str]:
    """One random id: CloudTrail writes the context down in clear, so nothing else belongs into it."""
    return {"confide": uuid.uuid4().hex}
