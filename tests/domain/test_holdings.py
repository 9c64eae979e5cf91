from hypothesis import given
from hypothesis import strategies as st

from tests import playbook
from tests.cast import ALICE, BOB, CAROL, DAVE
from wgmesh.domain.gossip_messages import BUCKET_COUNT, PAIR_BYTES, SHARE_BYTES, bucket_of
from wgmesh.domain.holdings import differing, group, holdings, lacking, split, sums, wanted
from wgmesh.domain.mesh import fingerprint

MESH = playbook.given(*ALICE.joined()).given(BOB.discovered(), CAROL.discovered()).mesh
HELD = st.dictionaries(st.binary(min_size=32, max_size=32), st.integers(0, 2**64 - 1), max_size=30)


def test_we_hold_the_records_of_others_and_our_own() -> None:
    shares = {who.key: fingerprint(who.signed(who.record())) for who in (BOB, CAROL)}
    assert holdings(MESH, 7) == shares | {ALICE.key: 7}


@given(HELD)
def test_the_sums_of_all_groups_come_to_the_sum_of_all_records(held: dict[bytes, int]) -> None:
    packed = sums(held)
    assert len(packed) == BUCKET_COUNT * SHARE_BYTES
    total = sum(int.from_bytes(each) for each in split(packed, SHARE_BYTES))
    assert total % 2**64 == sum(held.values()) % 2**64


@given(HELD, st.integers(0, 2**64 - 1))
def test_one_record_more_shows_in_its_group_alone(held: dict[bytes, int], share: int) -> None:
    more = held | {BOB.key: share}
    assert differing(sums(more), sums(held)) == ([bucket_of(BOB.key)] if share else [])
    assert differing(sums(held), sums(held)) == []


def pairs(held: dict[bytes, int]) -> list[bytes]:
    return [pair for number in range(BUCKET_COUNT) for pair in group(held, number)]


# Some of ten nodes, each in one of three versions of its record.
VERSIONS = st.dictionaries(st.integers(0, 9), st.integers(1, 3)).map(
    lambda versions: {bytes([25 * n]) * 32: 10 * n + version for n, version in versions.items()}
)


@given(VERSIONS, VERSIONS)
def test_after_what_both_lack_went_both_ways_both_hold_the_same_identities(
    ours: dict[bytes, int], theirs: dict[bytes, int]
) -> None:
    everything = bytes(range(BUCKET_COUNT))
    gets = {share: identity for identity, share in theirs.items()}
    got = {gets[share]: share for share in wanted(ours, pairs(theirs))}
    gave = {identity: ours[identity] for identity in lacking(ours, everything, pairs(theirs))}
    assert {**ours, **got}.keys() == {**theirs, **gave}.keys()
    assert all(theirs.get(identity) != share for identity, share in gave.items())


def test_only_groups_that_were_named_are_lacking() -> None:
    held = {BOB.key: 1, CAROL.key: 2, DAVE.key: 3}
    number = bytes([bucket_of(BOB.key)])
    assert lacking(held, number, []) == (BOB.key,)
    assert lacking(held, number, group(held, number[0])) == ()
    assert lacking(held, b"", []) == ()


def test_a_pair_is_sixteen_bytes() -> None:
    (pair,) = group({BOB.key: 1}, bucket_of(BOB.key))
    assert pair == BOB.key[:8] + (1).to_bytes(8)
    assert split(pair + pair, PAIR_BYTES) == [pair, pair]
