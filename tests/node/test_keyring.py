from tests.cast import ALICE, BOB, SECRET
from wgmesh.domain.device import FOREIGN_KEY
from wgmesh.domain.keys import derive, parameters
from wgmesh.domain.parameters import fingerprint
from wgmesh.domain.secret import mint
from wgmesh.node import Keyring

SEED = bytes(range(32))
KEYRING = Keyring.of(SEED, SECRET)


def test_a_seed_and_a_secret_make_all_that_a_node_needs() -> None:
    assert KEYRING.keys == derive(SECRET)
    assert KEYRING.parameters == parameters(SECRET)
    assert KEYRING.fingerprint == fingerprint(parameters(SECRET))
    assert KEYRING.generation == 1
    assert Keyring.of(SEED, SECRET).identity.key == KEYRING.identity.key


def test_who_one_is_does_not_depend_on_the_secret() -> None:
    other = Keyring.of(SEED, mint(bytes(32)), generation=2)
    assert other.identity.key == KEYRING.identity.key
    assert other.private_key() == KEYRING.private_key()
    assert other.keys != KEYRING.keys
    assert other.generation == 2


def test_keys_are_named_by_generation_in_both_directions() -> None:
    assert KEYRING.private_generation(KEYRING.private_key()) == 1
    assert KEYRING.psk_generation(KEYRING.psk(1)) == 1


def test_a_key_that_is_not_ours_is_foreign() -> None:
    assert KEYRING.private_generation(BOB.identity.private_key) == FOREIGN_KEY
    assert KEYRING.private_generation(b"") == FOREIGN_KEY
    assert KEYRING.psk_generation(Keyring.of(SEED, mint(bytes(32))).psk(1)) == FOREIGN_KEY
    assert KEYRING.psk_generation(bytes(32)) == FOREIGN_KEY


def test_nothing_of_it_is_shown_by_accident() -> None:
    shown = f"{KEYRING!r} {KEYRING.identity!r} {KEYRING.keys!r} {ALICE!r}"
    for secret in (KEYRING.private_key(), KEYRING.psk(1), KEYRING.keys.envelope_key, SECRET.payload.encode()):
        assert secret.hex() not in shown
        assert repr(secret)[2:-1] not in shown
