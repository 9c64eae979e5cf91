"""Other keys, in the same order, and related as they were."""

from hypothesis import given
from hypothesis import strategies as st

from wgmesh.domain.identity import Identity, sign_twin, wireguard_key
from wgmesh.redaction.keys import pseudonyms

nodes = st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=8, unique=True).map(
    lambda seeds: [Identity.from_seed(seed) for seed in seeds]
)


@given(st.binary(min_size=32, max_size=32), nodes)
def test_keys_are_ordered_as_before_and_follow_from_identities_as_before(secret: bytes, who: list[Identity]) -> None:
    shown = pseudonyms(secret, (node.key for node in who), (node.public_key for node in who))
    in_order = sorted(node.public_key for node in who)
    assert sorted(shown[key] for key in in_order) == [shown[key] for key in in_order]
    assert [wireguard_key(shown[node.key]) for node in who] == [shown[node.public_key] for node in who]
    assert not [key for key in shown if key in shown.values()]


@given(st.binary(min_size=32, max_size=32), nodes)
def test_sign_twins_stay_twins_and_the_lower_stays_the_lower(secret: bytes, who: list[Identity]) -> None:
    shown = pseudonyms(secret, (key for node in who for key in (node.key, sign_twin(node.key))), ())
    for node in who:
        one, other = shown[node.key], shown[sign_twin(node.key)]
        assert other == sign_twin(one)
        assert (one < other) == (node.key < sign_twin(node.key))


def test_what_names_nobody_is_no_key_and_what_is_no_identity_has_a_pseudonym_all_the_same() -> None:
    odd = bytes([1]) + bytes(31)
    shown = pseudonyms(bytes(32), (bytes(32), odd), (bytes(32),))
    assert list(shown) == [odd]
    assert shown[odd] != odd
