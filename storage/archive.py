"""An encrypted archive that opens without Confide: a tar under AES-256, as `openssl enc` reads it.

Danger: what leaves this house in one piece is everything; an archive that opens for anybody, or for nobody on the day
it is needed, or whose bytes were exchanged on the way. Invariants: the key is 256 random bits made for this archive and
never lies beside it; the format is two public ones on top of another (POSIX tar in OpenSSL's, AES-256-CBC, PBKDF2 with
HMAC-SHA256), read by programs that every Debian has; the archive is written whole under another name, read back and
compared with what went in, and only then gets its name.

The cipher proves no origin by itself: the SHA-256 of the archive is written down beside the *key*, and is compared
before it is opened; within lies the SHA-256 of every file.

    openssl enc -d -aes-256-cbc -pbkdf2 -iter 600000 -md sha256 -pass file:key.txt -in records.tar.enc | tar -x
"""

from __future__ import annotations

import hashlib
import io
import os
import secrets
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, cast

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.padding import PKCS7

from storage.errors import ArchiveRefused
from storage.places import fsync_directory

ITERATIONS = 600_000
SUMS = "SHA256SUMS"
_MAGIC = b"Salted__"
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Archived:
    """A finished archive."""

    path: Path
    files: int
    """Files in it, the list of their digests not counted."""
    bytes: int
    """Bytes of those files."""
    sha256: str
    """Lowercase hex, of the archive as it lies there."""


def new_key() -> bytes:
    """32 random bytes, for one archive."""
    return secrets.token_bytes(32)


def passphrase(key: bytes) -> str:
    """The key as the line of a key file, which `openssl -pass file:` reads."""
    return key.hex()


class Archive:
    """An archive being written; see `writing`."""

    def __init__(self, sink: _Encrypting, made_at: datetime) -> None:
        self._tar = tarfile.open(fileobj=cast("IO[bytes]", sink), mode="w|", format=tarfile.PAX_FORMAT)  # noqa: SIM115
        self._sink, self._time = sink, int(made_at.timestamp())
        self._sums: list[str] = []
        self._names: set[str] = set()
        self.bytes = 0

    @property
    def files(self) -> int:
        return len(self._sums)

    @property
    def sums(self) -> str:
        """The lines `sha256sum -c` reads."""
        return "".join(self._sums)

    @property
    def sha256(self) -> str:
        """Lowercase hex, of the archive itself as far as it is written."""
        return self._sink.sha256

    def add(self, name: str, content: bytes) -> None:
        """Put a file into it. Raises ArchiveRefused for a name that is there already."""
        if name in self._names:
            raise ArchiveRefused("The same name would stand in the archive twice.", "Report this.")
        self._names.add(name)
        self._sums.append(f"{hashlib.sha256(content).hexdigest()}  {name}\n")
        self.bytes += len(content)
        self._put(name, content)

    def close(self) -> None:
        self._put(SUMS, self.sums.encode())
        self._tar.close()

    def abandon(self) -> None:
        """Let go of what was begun: a tar that is not closed would still be written when it is collected."""
        cast("Any", self._tar.fileobj).closed = True

    def _put(self, name: str, content: bytes) -> None:
        member = tarfile.TarInfo(name)
        member.size, member.mtime, member.mode = len(content), self._time, 0o600
        self._tar.addfile(member, io.BytesIO(content))


@contextmanager
def writing(path: Path, key: bytes, *, made_at: datetime | None = None) -> Iterator[Archive]:
    """Write an archive at `path`, which must be free; it is there only when all went well and it reads back whole.

    Raises ArchiveRefused where something lies there, or what was read back is not what went in.
    """
    if path.exists():
        raise ArchiveRefused(f"{path} is there already.", "Give a new folder.")
    staged = path.with_name(f".{path.name}.part")
    staged.unlink(missing_ok=True)  # of a run that was cut off
    descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            sink = _Encrypting(file, key)
            archive = Archive(sink, made_at or datetime.now(UTC))
            try:
                yield archive
                archive.close()
                sink.close()
            except BaseException:
                archive.abandon()
                raise
            file.flush()
            os.fsync(file.fileno())
        if _read_back(staged, key) != (archive.sha256, archive.sums):
            raise ArchiveRefused("The archive does not read back as it was written.", "Look at the disk; run it again.")
        staged.rename(path)
        fsync_directory(path.parent)
    finally:
        staged.unlink(missing_ok=True)


def finished(path: Path, archive: Archive) -> Archived:
    """What came of it."""
    return Archived(path=path, files=archive.files, bytes=archive.bytes, sha256=archive.sha256)


def _read_back(path: Path, key: bytes) -> tuple[str, str]:
    """As `_sums_of`, from the medium and not from memory; empty where it is no archive any more."""
    with path.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    try:
        return _sums_of(path, key)
    except (tarfile.TarError, ValueError):  # a cipher that ends in the middle of a block, padding that is none
        return "", ""


def _sums_of(path: Path, key: bytes) -> tuple[str, str]:
    """An archive's own digest, and the digests of what is really in it, which must be those of its own list.

    The first finds every change, also where a tar or a padding has room for one; the second says that it opens.
    """
    lines, told = [], ""
    with path.open("rb") as file:
        source = _Decrypting(file, key)
        with tarfile.open(fileobj=cast("IO[bytes]", source), mode="r|") as tar:
            for member in tar:
                content = tar.extractfile(member)
                if content is None:
                    continue
                if member.name == SUMS:
                    told = content.read().decode()
                else:
                    digest = hashlib.file_digest(cast("io.BufferedReader", content), "sha256").hexdigest()
                    lines.append(f"{digest}  {member.name}\n")
        while source.read(_CHUNK):
            pass  # a tar ends before its cipher does, and openssl refuses what does not end well
    found = "".join(lines)
    return source.sha256, found if found == told else ""


class _Encrypting:
    """A sink that a tar is written into."""

    def __init__(self, file: IO[bytes], key: bytes) -> None:
        salt = secrets.token_bytes(8)
        self._file, self._digest, self._padder = file, hashlib.sha256(), PKCS7(128).padder()
        self._cipher: CipherContext = _cipher(key, salt).encryptor()
        self._keep(_MAGIC + salt)

    @property
    def sha256(self) -> str:
        """Lowercase hex, of all that was written."""
        return self._digest.hexdigest()

    def write(self, data: bytes) -> int:
        self._keep(self._cipher.update(self._padder.update(data)))
        return len(data)

    def close(self) -> None:
        self._keep(self._cipher.update(self._padder.finalize()) + self._cipher.finalize())

    def _keep(self, data: bytes) -> None:
        self._file.write(data)
        self._digest.update(data)


class _Decrypting:
    """A source that a tar is read from."""

    def __init__(self, file: IO[bytes], key: bytes) -> None:
        head = file.read(len(_MAGIC) + 8)
        if not head.startswith(_MAGIC):
            raise ValueError
        self._file, self._digest = file, hashlib.sha256(head)
        self._cipher: CipherContext = _cipher(key, head[len(_MAGIC) :]).decryptor()
        self._unpadder, self._left, self._over = PKCS7(128).unpadder(), b"", False

    @property
    def sha256(self) -> str:
        """Lowercase hex, of all that was read of the archive."""
        return self._digest.hexdigest()

    def read(self, size: int) -> bytes:
        while len(self._left) < size and not self._over:
            data = self._file.read(_CHUNK)
            self._digest.update(data)
            if data:
                self._left += self._unpadder.update(self._cipher.update(data))
            else:
                self._left += self._unpadder.update(self._cipher.finalize()) + self._unpadder.finalize()
                self._over = True
        answer, self._left = self._left[:size], self._left[size:]
        return answer


def _cipher(key: bytes, salt: bytes) -> Cipher[modes.CBC]:
    derived = PBKDF2HMAC(SHA256(), 48, salt, ITERATIONS).derive(passphrase(key).encode())
    return Cipher(algorithms.AES256(derived[:32]), modes.CBC(derived[32:]))
