"""An archive that opens on a clean machine: by openssl, tar and sha256sum, and by nothing of ours."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from storage.archive import ITERATIONS, finished, new_key, passphrase, writing
from storage.errors import ArchiveRefused

OPEN = (
    f"openssl enc -d -aes-256-cbc -pbkdf2 -iter {ITERATIONS} -md sha256 -pass file:key.txt -in records.tar.enc"
    " | tar -x -C opened && cd opened && sha256sum --quiet -c SHA256SUMS"
)


def opened(folder: Path, key: bytes) -> subprocess.CompletedProcess[str]:
    """The documented command, in a shell that fails when any part does, with nothing of ours on its path."""
    (folder / "key.txt").write_text(passphrase(key) + "\n")
    (folder / "opened").mkdir(exist_ok=True)
    return subprocess.run(
        ["bash", "-o", "pipefail", "-ec", OPEN],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_opens_with_public_tools_and_holds_what_went_in(tmp_path: Path) -> None:
    key, path = new_key(), tmp_path / "records.tar.enc"
    contents = {"README.txt": b"how to read this", "records/one.pdf": os.urandom(3_000_001), "empty": b""}
    with writing(path, key) as archive:
        for name, content in contents.items():
            archive.add(name, content)
    done = finished(path, archive)
    assert (done.files, done.bytes) == (3, sum(map(len, contents.values())))
    ran = opened(tmp_path, key)
    assert ran.returncode == 0, ran.stderr
    assert {name: (tmp_path / "opened" / name).read_bytes() for name in contents} == contents
    told = subprocess.run(["sha256sum", path], capture_output=True, text=True, check=True).stdout.split()[0]
    assert told == done.sha256
    assert path.stat().st_mode & 0o777 == 0o600


def test_another_key_or_a_changed_byte_opens_nothing_whole(tmp_path: Path) -> None:
    key, path = new_key(), tmp_path / "records.tar.enc"
    with writing(path, key) as archive:
        archive.add("records/one.pdf", os.urandom(100_000))
    assert opened(tmp_path, new_key()).returncode != 0
    raw = bytearray(path.read_bytes())
    raw[50_000] ^= 1
    path.write_bytes(raw)
    assert opened(tmp_path, key).returncode != 0


def test_nothing_of_what_is_in_it_can_be_read_without_the_key(tmp_path: Path) -> None:
    with writing(tmp_path / "a", new_key()) as archive:
        archive.add("records/Quetzalcanario.pdf", b"Quetzalcanario" * 100)
    assert b"Quetzal" not in (tmp_path / "a").read_bytes()


def test_an_archive_that_was_cut_off_is_not_there_and_the_same_place_can_be_used_again(tmp_path: Path) -> None:
    path = tmp_path / "records.tar.enc"
    with pytest.raises(RuntimeError):
        _cut_off(path)
    assert list(tmp_path.iterdir()) == []
    with writing(path, new_key()) as archive:
        archive.add("one", b"1")
    with pytest.raises(ArchiveRefused), writing(path, new_key()):
        pass
    assert path.exists()


@pytest.mark.parametrize(("where", "bits"), [(0, 1), (60, 1), (5_000, 1), (-1, 1), (-17, 0x11), (-500, 1)])
def test_bug_what_does_not_read_back_was_told_as_a_fault_of_ours_and_not_of_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: int, bits: int
) -> None:
    """At its beginning, in the head of its tar, in a file, and at its end; so that its padding is another that holds
    (by chance one change in 256 to the last block was that, and went unnoticed); and in what a tar ends with.
    """
    path, fsync = tmp_path / "records.tar.enc", os.fsync

    def rots(descriptor: int) -> None:
        fsync(descriptor)
        (staged,) = tmp_path.iterdir()
        raw = bytearray(staged.read_bytes())
        raw[where] ^= bits
        staged.write_bytes(raw)

    monkeypatch.setattr(os, "fsync", rots)
    with pytest.raises(ArchiveRefused, match="read back"), writing(path, new_key()) as archive:
        archive.add("one", os.urandom(20_000))
    assert list(tmp_path.iterdir()) == []


def test_a_name_stands_in_it_once(tmp_path: Path) -> None:
    with writing(tmp_path / "a", new_key()) as archive:
        archive.add("one", b"1")
        with pytest.raises(ArchiveRefused):
            archive.add("one", b"2")
    assert finished(tmp_path / "a", archive).files == 1


def _cut_off(path: Path) -> None:
    with writing(path, new_key()) as archive:
        archive.add("one", b"1")
        raise RuntimeError
