import base64
import hashlib
import hmac
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.vectors import load
from wgmesh.domain.identity import Identity, is_acceptable, sign_twin, verify, wireguard_key

NODE = Identity.from_seed(bytes(range(32)))
SEEDS = st.binary(min_size=32, max_size=32)

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
SIGN = 2**255

# All eight points of low order on the curve, by y; RFC 8032 writes them under one or both signs of x.
LOW_ORDER = [
    0,
    1,
    P - 1,
    0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
    0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7,
]


@pytest.mark.parametrize("vector", load("identity")["identities"])
def test_one_seed_makes_the_keys_of_the_vectors(vector: Any) -> None:
    node = Identity.from_seed(bytes.fromhex(vector["seed"]))
    assert node.key.hex() == vector["identity_key"]
    assert node.private_key == base64.b64decode(vector["wg_private_key"])
    assert node.public_key == base64.b64decode(vector["wg_public_key"])


@given(SEEDS)
def test_the_wireguard_key_that_all_compute_is_the_one_of_the_private_key(seed: bytes) -> None:
    node = Identity.from_seed(seed)
    assert X25519PrivateKey.from_private_bytes(node.private_key).public_key().public_bytes_raw() == node.public_key
    assert wireguard_key(node.key) == node.public_key
    assert is_acceptable(node.key)


def test_a_seed_has_32_bytes() -> None:
    for wrong in (b"", bytes(31), bytes(33)):
        with pytest.raises(AssertionError):
            Identity.from_seed(wrong)


def test_no_text_form_of_an_identity_shows_a_secret() -> None:
    texts = [repr(NODE), str(NODE), f"{NODE}", repr(NODE.__rich_repr__())]
    assert all(NODE.key.hex() in text for text in texts)
    for secret in (bytes(range(32)), NODE.private_key):
        forms = (secret.hex(), repr(secret)[2:-1], base64.b64encode(secret).decode())
        assert not [text for text in texts for form in forms if form in text]


def test_only_the_signed_message_verifies_and_only_under_its_signer() -> None:
    signature = NODE.sign(b"message")
    assert verify(NODE.key, signature, b"message")
    assert not verify(NODE.key, signature, b"massage")
    assert not verify(Identity.from_seed(bytes(32)).key, signature, b"message")


@pytest.mark.parametrize("size", [0, 1, 63, 65])
def test_a_signature_of_another_size_does_not_verify(size: int) -> None:
    assert not verify(NODE.key, (NODE.sign(b"message") + b"x")[:size], b"message")


def test_every_bit_of_a_signature_counts() -> None:
    signature = NODE.sign(b"message")
    flips = [
        bytes(b ^ (1 << bit if at == i else 0) for i, b in enumerate(signature)) for at in range(64) for bit in (0, 7)
    ]
    assert not [flip for flip in flips if verify(NODE.key, flip, b"message")]


def test_nobody_else_can_make_another_valid_signature_from_one() -> None:
    signature = NODE.sign(b"message")
    scalar = int.from_bytes(signature[32:], "little") + ORDER
    assert not verify(NODE.key, signature[:32] + scalar.to_bytes(32, "little"), b"message")


def test_the_constant_signature_under_the_neutral_element_is_refused() -> None:
    neutral = (1).to_bytes(32, "little")
    constant = neutral + bytes(32)
    for message in (b"", b"anything", b"wgmesh-record-v2"):
        Ed25519PublicKey.from_public_bytes(neutral).verify(constant, message)  # which is why it must be refused
        assert not verify(neutral, constant, message)


@pytest.mark.parametrize("sign", [0, SIGN])
@pytest.mark.parametrize("y", LOW_ORDER)
def test_identities_of_low_order_are_refused(y: int, sign: int) -> None:
    assert not is_acceptable((y | sign).to_bytes(32, "little"))


@pytest.mark.parametrize("y", [y for y in LOW_ORDER if y != 1])  # 1 has no image
def test_what_is_refused_as_low_order_is_a_key_that_all_exchanges_end_at_zero_with(y: int) -> None:
    image = X25519PublicKey.from_public_bytes(wireguard_key(y.to_bytes(32, "little")))
    with pytest.raises(ValueError, match="shared key"):
        X25519PrivateKey.from_private_bytes(NODE.private_key).exchange(image)


@pytest.mark.parametrize("sign", [0, SIGN])
@pytest.mark.parametrize("y", range(P, SIGN))
def test_second_names_of_one_point_are_refused(y: int, sign: int) -> None:
    assert not is_acceptable((y | sign).to_bytes(32, "little"))


def test_the_neighbours_of_what_is_refused_are_accepted() -> None:
    assert all(is_acceptable(y.to_bytes(32, "little")) for y in (2, 3, P - 2, P - 3, 2 | SIGN))


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_an_identity_of_another_size_is_refused(size: int) -> None:
    assert not is_acceptable((NODE.key * 2)[:size])
    assert not verify((NODE.key * 2)[:size], NODE.sign(b"message"), b"message")


def test_an_identity_and_its_sign_twin_have_one_wireguard_key() -> None:
    twin = sign_twin(NODE.key)
    assert sign_twin(twin) == NODE.key != twin
    assert wireguard_key(twin) == NODE.public_key
    assert not verify(twin, NODE.sign(b"message"), b"message")


@given(st.integers(0, 2**32 - 1))
def test_the_lots_key_is_hkdf_of_the_seed_for_each_boot(boot: int) -> None:
    info = b"wgmesh-lots-v1" + boot.to_bytes(4, "big")
    extracted = hmac.digest(bytes(32), bytes(range(32)), hashlib.sha256)
    assert NODE.lots_key(boot) == hmac.digest(extracted, info + b"\x01", hashlib.sha256)
