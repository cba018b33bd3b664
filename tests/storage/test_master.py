"""The master key: in one guarded file, and nowhere else."""

from __future__ import annotations

import os
import pickle
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.errors import MasterKeyExists, StorageError, UnsafePlace, WrongMasterKey
from storage.master import MasterKey, wrapped_by

SECRET = bytes(range(32))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "master.key"


def test_the_key_file_is_for_its_owner_alone(path: Path) -> None:
    old = os.umask(0)
    try:
        made = MasterKey.create(path)
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o400
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [p.name for p in path.parent.iterdir()] == ["master.key"]
    assert MasterKey.load(path) == made


def test_a_key_file_is_never_overwritten(path: Path) -> None:
    made = MasterKey.create(path)
    with pytest.raises(MasterKeyExists):
        MasterKey.create(path)
    assert MasterKey.load(path) == made


@pytest.mark.parametrize("mode", [0o600, 0o440, 0o404, 0o644])
def test_a_key_file_with_another_mode_is_refused(path: Path, mode: int) -> None:
    MasterKey.create(path)
    path.chmod(mode)
    with pytest.raises(UnsafePlace, match="chmod 400"):
        MasterKey.load(path)


def test_a_key_directory_others_may_enter_is_refused(path: Path) -> None:
    MasterKey.create(path)
    path.parent.chmod(0o750)
    with pytest.raises(UnsafePlace, match="chmod 700"):
        MasterKey.load(path)


def test_a_link_to_a_key_file_is_refused(path: Path) -> None:
    MasterKey.create(path)
    path.rename(path.with_name("elsewhere"))
    path.symlink_to(path.with_name("elsewhere"))
    with pytest.raises(UnsafePlace):
        MasterKey.load(path)


@pytest.mark.parametrize("place", [0, 25, -1])
def test_a_damaged_key_file_is_refused(path: Path, place: int) -> None:
    MasterKey.create(path)
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.chmod(0o600)
    path.write_bytes(content)
    path.chmod(0o400)
    with pytest.raises(UnsafePlace):
        MasterKey.load(path)


def test_the_key_shows_nothing_of_itself() -> None:
    key = MasterKey(SECRET)
    for shown in (repr(key), str(key), f"{key}", key.key_id):
        assert SECRET.hex()[:8] not in shown
        assert repr(SECRET)[2:10] not in shown
    with pytest.raises(TypeError):
        pickle.dumps(key)


def test_the_wrapping_key_never_changes() -> None:
    """A changed derivation would lock every installation out of its own keys."""
    assert MasterKey(SECRET).key_id == "98186ead683eca16"
    wrapped = bytes.fromhex(WRAPPED_BY_SECRET)
    assert wrapped_by(wrapped) == MasterKey(SECRET).key_id
    assert MasterKey(SECRET).unwrap(wrapped, {"epoch": "1"}) == b"data key"


WRAPPED_BY_SECRET = "0198186ead683eca16bf1c9bb80ceb8f75698b10346df7da789fbdae840242b063a4977b90aa3bd90126cd673d"


@settings(deadline=None)
@given(st.binary(max_size=64), st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3))
def test_what_is_wrapped_unwraps_in_its_context_only(secret: bytes, context: dict[str, str]) -> None:
    key = MasterKey(SECRET)
    wrapped = key.wrap(secret, context)
    assert key.unwrap(wrapped, context) == secret
    with pytest.raises(WrongMasterKey):
        key.unwrap(wrapped, {**context, "more": "x"})
    with pytest.raises(WrongMasterKey):
        MasterKey(bytes(32)).unwrap(wrapped, context)


def test_any_changed_byte_of_a_wrapped_key_is_refused() -> None:
    key = MasterKey(SECRET)
    wrapped = key.wrap(b"data key", {"epoch": "1"})
    for place in range(len(wrapped)):
        changed = bytearray(wrapped)
        changed[place] ^= 1
        with pytest.raises(WrongMasterKey):
            key.unwrap(bytes(changed), {"epoch": "1"})
        with pytest.raises(WrongMasterKey):
            key.unwrap(wrapped[:place], {"epoch": "1"})


def test_every_refusal_has_a_code_a_sentence_and_a_remedy_and_crosses_processes(path: Path) -> None:
    with pytest.raises(StorageError) as caught:
        MasterKey.create(path), MasterKey.create(path)
    error = caught.value
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes of a line above
    assert str(error) == str(again) == f"{error.sentence} {error.remedy}"
    assert (type(again), again.code) == (type(error), error.code)
