"""The standbys of a site: which folders on other disks hold its epoch keys, and whether they are there now.

Danger: a stick that is not plugged in, whose empty mount point is brought level in its stead; the epoch key on the
stick outlives its end, and the second date of every certificate is untrue. Invariant: a standby carries an id of its
own that is remembered beside the keys; a folder without it is not that standby. An epoch ends in every standby that is
known, or not at all; one that is lost for good is forgotten by a person, who answers for its destruction.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from pathlib import Path

from storage.errors import StandbyAbsent, UnsafePlace
from storage.places import locked_directory, private_directory, publish, replace

_LIST = "standbys.json"
_ID = "standby.id"


class Standbys:
    """The list in one keys directory."""

    def __init__(self, keys: Path) -> None:
        self._keys = keys

    def known(self) -> Mapping[Path, str]:
        """Every standby by its path, with its id."""
        try:
            told: dict[str, str] = json.loads((self._keys / _LIST).read_bytes())
        except FileNotFoundError:
            return {}
        except ValueError:
            raise UnsafePlace(
                f"{self._keys / _LIST} cannot be read.", "Put it right: a folder and its id for every standby."
            ) from None
        return {Path(path): each for path, each in told.items()}

    def take(self, path: Path) -> None:
        """Know this folder as a standby from now on, or find it to be the one that is known.

        Raises StandbyAbsent where another one, or none, lies in its place; UnsafePlace.
        """
        path = path.absolute()
        known = self.known().get(path)
        if known is not None:
            if self._id_at(path) != known:
                raise StandbyAbsent(path)
            return
        private_directory(path)
        found = self._id_at(path)
        if found is None:
            publish(path / _ID, secrets.token_hex(16).encode())
            found = self._id_at(path)
        self._write({**self._told(), str(path): str(found)})

    def present(self) -> tuple[Path, ...]:
        """Every known standby, all of which are there. Raises StandbyAbsent of the first that is not."""
        for path, each in self.known().items():
            if self._id_at(path) != each:
                raise StandbyAbsent(path)
        return tuple(self.known())

    def forget(self, path: Path) -> bool:
        """Strike a standby that is destroyed off the list; False when it was not on it."""
        told = self._told()
        found = told.pop(str(path.absolute()), None)
        if found is not None:
            self._write(told)
        return found is not None

    def _told(self) -> dict[str, str]:
        return {str(path): each for path, each in self.known().items()}

    def _write(self, told: Mapping[str, str]) -> None:
        with locked_directory(self._keys):
            replace(self._keys / _LIST, json.dumps(told, indent=1).encode())

    def _id_at(self, path: Path) -> str | None:
        try:
            return (path / _ID).read_text(encoding="ascii")
        except (FileNotFoundError, NotADirectoryError):
            return None
