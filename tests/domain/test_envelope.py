import hashlib
import random
from collections import Counter
from itertools import product
from operator import mul
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.vectors import load
from wgmesh.domain.envelope import SIZES, Layer, capacity, open_datagram, seal, xaes_open, xaes_seal

KEY = bytes(range(32))
NONCE = bytes(range(24))
RING = ((1, KEY),)
LAYERS: list[Layer] = ["lan", "exchange", "registry", "gossip"]
OVERHEAD = 24 + 16 + 2
EVERY_SIZE: list[tuple[Layer, int]] = [(layer, size) for layer in LAYERS for size in SIZES[layer]]


@pytest.mark.parametrize("vector", load("xaes_256_gcm")["vectors"])
def test_xaes_gives_the_published_ciphertexts(vector: dict[str, str]) -> None:
    key, nonce, plain, aad, sealed = (
        bytes.fromhex(vector[name]) for name in ("key", "nonce", "plaintext", "aad", "ciphertext")
    )
    assert xaes_seal(key, nonce, plain, aad) == sealed
    assert xaes_open(key, nonce, sealed, aad) == plain


def test_xaes_gives_the_published_digest_of_ten_thousand_ciphertexts() -> None:
    published = load("xaes_256_gcm")["accumulated"]
    stream, position = hashlib.shake_128().digest(4_000_000), 0

    def take(size: int) -> bytes:
        nonlocal position
        position += size
        return stream[position - size : position]

    accumulated = hashlib.shake_128()
    for _ in range(published["iterations"]):
        key, nonce = take(32), take(24)
        plain, aad = take(take(1)[0]), take(take(1)[0])
        sealed = xaes_seal(key, nonce, plain, aad)
        assert xaes_open(key, nonce, sealed, aad) == plain
        accumulated.update(sealed)
    assert accumulated.hexdigest(32) == published["digest"]


@given(st.sampled_from(LAYERS), st.binary(max_size=1078), st.binary(min_size=24, max_size=24))
def test_a_datagram_opens_with_what_was_sealed(layer: Layer, payload: bytes, nonce: bytes) -> None:
    datagram = seal(KEY, layer, payload, nonce)
    assert open_datagram(RING, layer, datagram) == (1, payload)
    assert len(datagram) in SIZES[layer]
    assert datagram.startswith(nonce)


def test_a_datagram_is_the_smallest_that_holds_its_payload() -> None:
    for layer, size in EVERY_SIZE:
        fits = size - OVERHEAD
        assert len(seal(KEY, layer, bytes(fits), NONCE)) == size
        if fits < capacity(layer):
            assert len(seal(KEY, layer, bytes(fits + 1), NONCE)) > size


def test_a_datagram_can_be_asked_to_be_longer() -> None:
    for layer, size in EVERY_SIZE:
        datagram = seal(KEY, layer, b"hello", NONCE, at_least=size)
        assert len(datagram) == size
        assert open_datagram(RING, layer, datagram) == (1, b"hello")


@pytest.mark.parametrize("layer", LAYERS)
def test_what_fits_no_datagram_is_not_sealed(layer: Layer) -> None:
    with pytest.raises(AssertionError):
        seal(KEY, layer, bytes(capacity(layer) + 1), NONCE)
    with pytest.raises(AssertionError):
        seal(KEY, layer, b"hello", NONCE, at_least=1201)
    with pytest.raises(AssertionError):
        seal(KEY, layer, b"hello", NONCE[:-1])


def _asked(_: int) -> tuple[int, bytes]:
    raise AssertionError("a key was asked for")


@pytest.mark.parametrize("layer", LAYERS)
def test_a_datagram_of_another_size_is_dropped_before_any_key_is_touched(layer: Layer) -> None:
    wrong = [size for size in (*range(1300), 65507) if size not in SIZES[layer]]
    assert [size for size in wrong if open_datagram(map(_asked, [1]), layer, bytes(size))] == []
    with pytest.raises(AssertionError, match="a key was asked for"):
        open_datagram(map(_asked, [1]), layer, bytes(SIZES[layer][0]))


@pytest.mark.parametrize(("layer", "size"), EVERY_SIZE)
def test_a_datagram_with_any_bit_flipped_is_dropped(layer: Layer, size: int) -> None:
    datagram = seal(KEY, layer, b"payload" * 4, NONCE, at_least=size)
    whole = int.from_bytes(datagram, "big")
    flips = ((whole ^ 1 << bit).to_bytes(size, "big") for bit in range(8 * size))
    assert sum(open_datagram(RING, layer, flip) is not None for flip in flips) == 0


@pytest.mark.parametrize(("layer", "size"), EVERY_SIZE)
def test_a_datagram_cut_or_longer_by_a_byte_is_dropped(layer: Layer, size: int) -> None:
    datagram = seal(KEY, layer, b"payload" * 4, NONCE, at_least=size)
    assert [cut for cut in range(size) if open_datagram(RING, layer, datagram[:cut])] == []
    assert [cut for cut in range(1, size) if open_datagram(RING, layer, datagram[cut:])] == []
    assert [byte for byte in range(256) if open_datagram(RING, layer, datagram + bytes([byte]))] == []
    assert [byte for byte in range(256) if open_datagram(RING, layer, bytes([byte]) + datagram)] == []


@pytest.mark.parametrize(("sealed_for", "arrived_on"), list(product(LAYERS, LAYERS)))
def test_a_datagram_opens_on_its_own_layer_alone(sealed_for: Layer, arrived_on: Layer) -> None:
    datagram = seal(KEY, sealed_for, b"hello", NONCE, at_least=512)  # a size that all layers have
    assert (open_datagram(RING, arrived_on, datagram) is not None) == (sealed_for == arrived_on)


def test_another_secret_opens_nothing() -> None:
    assert open_datagram(((1, bytes(32)),), "lan", seal(KEY, "lan", b"hello", NONCE)) is None
    assert open_datagram((), "lan", seal(KEY, "lan", b"hello", NONCE)) is None


def test_generations_are_tried_in_the_order_given() -> None:
    keys = [bytes([generation]) * 32 for generation in range(4)]
    ring = [(generation, keys[generation]) for generation in (3, 2, 1)]
    for generation in (3, 2, 1):
        asked = iter(ring)
        datagram = seal(keys[generation], "exchange", b"hello", NONCE)
        assert open_datagram(asked, "exchange", datagram) == (generation, b"hello")
        assert list(asked) == ring[4 - generation :]
    assert open_datagram(ring, "exchange", seal(keys[0], "exchange", b"hello", NONCE)) is None


def _sealed(plain: bytes) -> bytes:
    return NONCE + xaes_seal(KEY, NONCE, plain, b"wgmesh/2/lan")


@pytest.mark.parametrize("place", [7, 8, 100, 215])
def test_padding_that_is_not_zeros_is_dropped(place: int) -> None:
    plain = bytearray(b"\0\5hello".ljust(256 - 40, b"\0"))
    assert open_datagram(RING, "lan", _sealed(bytes(plain))) == (1, b"hello")
    plain[place] = 1
    assert open_datagram(RING, "lan", _sealed(bytes(plain))) is None


def test_a_length_beyond_the_datagram_is_dropped() -> None:
    room = 256 - OVERHEAD
    for length, opens in ((0, True), (room, True), (room + 1, False), (65535, False)):
        opened = open_datagram(RING, "lan", _sealed(length.to_bytes(2, "big") + bytes(room)))
        assert opened == ((1, bytes(length)) if opens else None)


@given(st.sampled_from(EVERY_SIZE), st.data())
def test_arbitrary_bytes_are_dropped(shape: tuple[Layer, int], data: st.DataObject) -> None:
    layer, size = shape
    assert open_datagram(RING, layer, data.draw(st.binary(min_size=size, max_size=size))) is None


# Chi-square over the 256 values of a byte has mean 255 and deviation 22.6; a fair byte is above this once in 10^8.
UNFAIR = 406


def _unfairness(column: bytes) -> float:
    counts = Counter(column).values()  # of (count - expected)² / expected, summed up, the squares multiplied out
    squares: int = sum(map(mul, counts, counts))
    return squares * 256 / len(column) - len(column)


@pytest.mark.parametrize("vector", load("wire")["datagrams"], ids=lambda vector: vector["name"])
def test_ten_thousand_datagrams_of_one_message_have_no_byte_that_is_not_fair(vector: Any) -> None:
    layer, payload, size = vector["layer"], bytes.fromhex(vector["payload"]), len(vector["datagram"]) // 2
    nonces = random.Random(size)
    image = b"".join(seal(KEY, layer, payload, nonces.randbytes(24), size) for _ in range(10_000))
    assert len(image) == 10_000 * size
    unfairness = [_unfairness(image[place::size]) for place in range(size)]
    assert max(unfairness) < UNFAIR
    # The sum over all bytes is far narrower than each, and shows what is a little unfair everywhere.
    assert abs(sum(unfairness) - 255 * size) < 5 * (510 * size) ** 0.5


def test_a_byte_that_is_constant_or_has_a_constant_bit_is_unfair() -> None:
    fair = random.Random(1).randbytes(10_000)
    assert _unfairness(fair) < UNFAIR
    assert _unfairness(bytes(10_000)) > UNFAIR
    assert _unfairness(bytes(byte & 0x7F for byte in fair)) > UNFAIR
