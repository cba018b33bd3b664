"""An envelope opens with its key for its purpose, byte for byte, or not at all."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.envelope import OVERHEAD, context_of, seal, unseal
from storage.errors import Tampered

KEY = bytes(range(32))
OTHER = bytes(range(1, 33))
SEALED = seal(KEY, b"a disclosure statement", b"context")

keys = st.binary(min_size=32, max_size=32)
unhurried = settings(deadline=None)  # a busy machine is no fault of the envelope


@unhurried
@given(keys, st.binary(max_size=2000), st.binary(max_size=60))
def test_what_is_sealed_opens_again(key: bytes, plaintext: bytes, context: bytes) -> None:
    sealed = seal(key, plaintext, context)
    assert unseal(key, sealed, context) == plaintext
    assert len(sealed) == len(plaintext) + OVERHEAD == len(plaintext) + 85


@pytest.mark.parametrize("bit", range(8))
def test_any_flipped_bit_is_refused(bit: int) -> None:
    for place in range(len(SEALED)):
        changed = bytearray(SEALED)
        changed[place] ^= 1 << bit
        with pytest.raises(Tampered):
            unseal(KEY, bytes(changed), b"context")


def test_any_shortening_is_refused() -> None:
    for length in range(len(SEALED)):
        with pytest.raises(Tampered):
            unseal(KEY, SEALED[:length], b"context")


@unhurried
@given(st.binary(min_size=1, max_size=40), st.integers(0, len(SEALED)))
def test_any_added_byte_is_refused(more: bytes, place: int) -> None:
    with pytest.raises(Tampered):
        unseal(KEY, SEALED[:place] + more + SEALED[place:], b"context")


@unhurried
@given(st.binary(max_size=300))
def test_noise_is_refused(noise: bytes) -> None:
    with pytest.raises(Tampered):
        unseal(KEY, noise, b"context")


@unhurried
@given(keys, st.binary(max_size=40))
def test_another_key_or_another_purpose_is_refused(key: bytes, context: bytes) -> None:
    if key != KEY:
        with pytest.raises(Tampered):
            unseal(key, SEALED, b"context")
    if context != b"context":
        with pytest.raises(Tampered):
            unseal(KEY, SEALED, context)


def test_an_envelope_commits_to_its_key() -> None:
    """The commitment of another key in the header does not make that key open it."""
    other = seal(OTHER, b"a disclosure statement", b"context")
    for part in (slice(5, 37), slice(37, 69), slice(5, 69)):
        mixed = bytearray(SEALED)
        mixed[part] = other[part]
        for key in (KEY, OTHER):
            with pytest.raises(Tampered):
                unseal(key, bytes(mixed), b"context")


def test_the_same_bytes_never_look_the_same_twice() -> None:
    assert len({seal(KEY, b"same", b"context") for _ in range(50)}) == 50


@unhurried
@given(st.lists(st.text(max_size=8), max_size=4), st.lists(st.text(max_size=8), max_size=4))
def test_two_purposes_never_read_the_same(one: list[str], other: list[str]) -> None:
    assert (context_of(*one) == context_of(*other)) == (one == other)


def test_sealing_a_record_costs_less_than_a_third_of_a_millisecond() -> None:
    record = bytes(100_000)
    best = min(_seconds(record) for _ in range(5))
    assert best < 0.3e-3, f"{best * 1e3:.2f} ms"


def _seconds(record: bytes) -> float:
    start = time.process_time()
    for _ in range(20):
        seal(KEY, record, b"context")
    return (time.process_time() - start) / 20
