"""An envelope opens with its key for its purpose, byte for byte, or not at all."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from storage import envelope
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


def test_a_ciphertext_made_to_open_under_two_keys_opens_under_one() -> None:
    """AES-GCM alone would give two documents from these bytes ("invisible salamander"); the commitment refuses one."""
    salt, context = bytes(32), b"context"
    (key, commitment), (other_key, _) = envelope._derive(KEY, salt), envelope._derive(OTHER, salt)
    header = b"CFEV\x01" + salt + commitment
    ciphertext = _for_two_keys(key, other_key, header + context)
    for gcm_key in (key, other_key):
        assert len(AESGCM(gcm_key).decrypt(bytes(12), ciphertext, header + context)) == 16
    assert len(unseal(KEY, header + ciphertext, context)) == 16
    with pytest.raises(Tampered):
        unseal(OTHER, header + ciphertext, context)


def _for_two_keys(key: bytes, other: bytes, associated: bytes) -> bytes:
    """One block and its tag that AES-GCM accepts under both keys: GHASH is linear, so the block is solved for."""
    rest, powers = 0, 0
    for each in (key, other):
        ecb = Cipher(algorithms.AES(each), modes.ECB()).encryptor()  # noqa: S305 - the block cipher within GCM
        h = int.from_bytes(ecb.update(bytes(16)), "big")
        mask = int.from_bytes(ecb.update(bytes(15) + b"\x01"), "big")
        rest ^= mask ^ _ghash(h, associated, bytes(16))
        powers ^= _times(h, h)
    block = _times(rest, _inverse(powers)).to_bytes(16, "big")
    ecb = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305
    h = int.from_bytes(ecb.update(bytes(16)), "big")
    tag = int.from_bytes(ecb.update(bytes(15) + b"\x01"), "big") ^ _ghash(h, associated, block)
    return block + tag.to_bytes(16, "big")


def _ghash(h: int, associated: bytes, ciphertext: bytes) -> int:
    padded = associated + bytes(-len(associated) % 16) + ciphertext
    padded += (len(associated) * 8).to_bytes(8, "big") + (len(ciphertext) * 8).to_bytes(8, "big")
    total = 0
    for start in range(0, len(padded), 16):
        total = _times(total ^ int.from_bytes(padded[start : start + 16], "big"), h)
    return total


def _times(one: int, other: int) -> int:
    """Product in the field of GHASH (NIST SP 800-38D, 6.3)."""
    product = 0
    for bit in range(127, -1, -1):
        if other >> bit & 1:
            product ^= one
        one = one >> 1 ^ (0xE1 << 120 if one & 1 else 0)
    return product


def _inverse(number: int) -> int:
    result, power = 1 << 127, number
    for _ in range(127):
        power = _times(power, power)
        result = _times(result, power)
    return result


def test_the_same_bytes_never_look_the_same_twice() -> None:
    assert len({seal(KEY, b"same", b"context") for _ in range(50)}) == 50


@unhurried
@given(st.lists(st.text(max_size=8), max_size=4), st.lists(st.text(max_size=8), max_size=4))
def test_two_purposes_never_read_the_same(one: list[str], other: list[str]) -> None:
    assert (context_of(*one) == context_of(*other)) == (one == other)
