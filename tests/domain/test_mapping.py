"""Where the Internet sees us, and through what kind of NAT: whose word is believed."""

import pytest

from tests.cast import ALICE, BOB, CAROL, DAVE
from tests.playbook import given
from wgmesh.domain.draft import Draft, State
from wgmesh.domain.events import NatDetected
from wgmesh.domain.facts import Nat, NatKind
from wgmesh.domain.inputs import Networked
from wgmesh.domain.mapping import Source, conclude, disbelief, is_confirmed, judged
from wgmesh.domain.session import EPOCH_CAP, Session
from wgmesh.domain.values import Endpoint, Ground, Moment

SERVER, OTHER, THIRD = (Endpoint(f"8.8.4.{number}", 3478) for number in (1, 2, 3))
PRIVATE_SERVER = Endpoint("10.9.9.9", 3478)
HERE, THERE, BESIDE = (Endpoint("9.9.9.9", port) for port in (1, 2, 3))
ELSEWHERE = Endpoint("9.9.9.8", 1)
OWN = ALICE.wireguard
MESH = given(*ALICE.joined()).when(Networked((ALICE.interface,))).mesh


def held(kind: NatKind, endpoint: Endpoint = HERE) -> Nat:
    return Nat(kind, endpoint, Ground(1, 1, 1))


@pytest.mark.parametrize(
    ("ip", "why"),
    [
        ("127.0.0.1", "loopback"),
        ("224.0.0.1", "multicast"),
        ("255.255.255.255", "reserved"),
        ("0.0.0.0", "unspecified"),
        ("169.254.1.1", "link-local"),
        ("192.168.7.7", "not of the Internet"),
        ("100.64.0.1", "not of the Internet"),
        ("2001:db8::1", "of another family"),
        (ALICE.ipv4, "within the mesh"),
    ],
)
def test_row_50_an_address_that_no_server_on_the_internet_can_see_is_not_believed(ip: str, why: str) -> None:
    assert disbelief(MESH, SERVER, Endpoint(ip, 40000)) == why


def test_port_0_is_not_believed() -> None:
    assert disbelief(MESH, SERVER, Endpoint("9.9.9.9", 0)) == "port 0"


def test_a_server_in_a_private_network_sees_private_addresses() -> None:
    assert disbelief(MESH, SERVER, HERE) == ""
    assert disbelief(MESH, PRIVATE_SERVER, Endpoint("10.9.1.1", 40000)) == ""


@pytest.mark.parametrize(
    ("words", "known", "found"),
    [
        ({}, None, None),
        # one alone fills a gap, and no more
        ({SERVER: HERE}, None, ("unknown", HERE)),
        ({SERVER: OWN}, None, ("none", OWN)),
        ({SERVER: THERE}, held("unknown"), ("unknown", THERE)),
        ({SERVER: THERE}, held("easy"), None),
        ({SERVER: THERE}, held("hard"), None),
        # two who agree are believed
        ({SERVER: HERE, OTHER: HERE}, held("hard"), ("easy", HERE)),
        ({SERVER: THERE, OTHER: THERE}, held("easy"), ("easy", THERE)),
        ({SERVER: OWN, OTHER: OWN}, None, ("none", OWN)),
        ({BOB.key: HERE, SERVER: HERE}, None, ("easy", HERE)),
        # another port for each is a hard NAT
        ({SERVER: HERE, OTHER: THERE}, None, ("hard", HERE)),
        ({SERVER: HERE, OTHER: THERE, THIRD: BESIDE}, held("easy"), ("hard", HERE)),
        # row 50: one of three lies
        ({SERVER: ELSEWHERE, OTHER: HERE, THIRD: HERE}, None, ("easy", HERE)),
        ({SERVER: HERE, OTHER: ELSEWHERE, THIRD: HERE}, held("easy"), ("easy", HERE)),
        # row 50: one of two lies, nobody knows which
        ({SERVER: ELSEWHERE, OTHER: HERE}, None, ("unknown", ELSEWHERE)),
        ({SERVER: ELSEWHERE, OTHER: HERE}, held("easy"), None),
    ],
)
def test_nobody_is_believed_alone(
    words: dict[Source, Endpoint], known: Nat | None, found: tuple[NatKind, Endpoint] | None
) -> None:
    assert judged(MESH, words, known) == found


def test_a_machine_with_our_port_that_is_not_us_is_behind_a_nat() -> None:
    elsewhere = Endpoint("9.9.9.9", ALICE.wireguard.port)
    own_address = Endpoint(ALICE.ip, 7)
    for endpoint in (elsewhere, own_address):
        assert judged(MESH, {SERVER: endpoint, OTHER: endpoint}, None) == ("easy", endpoint)


def test_all_members_of_a_mesh_are_no_servers() -> None:
    """Sources of both kinds are told apart by what they are."""
    words: dict[Source, Endpoint] = {BOB.key: HERE, CAROL.key: THERE, DAVE.key: THERE}
    assert judged(MESH, words, None) == ("easy", THERE)


def draft(members: dict[bytes, Endpoint], servers: dict[Endpoint, Endpoint], refusals: int = 0) -> Draft:
    return Draft(State(MESH, Session(sighted=members, mapped=servers, refusals=refusals)), Moment(0, 0), "stun")


def concluded(draft: Draft) -> list[NatDetected]:
    before = len(draft.records)
    draft.take(conclude(draft))
    return [record.event for record in draft.records[before:] if isinstance(record.event, NatDetected)]


def test_what_is_concluded_is_recorded_once_with_those_who_said_it() -> None:
    words = draft({BOB.key: HERE}, {SERVER: HERE, OTHER: THERE})
    assert concluded(words) == [NatDetected("easy", HERE, (BOB.key,), (SERVER,))]
    assert concluded(words) == []
    assert concluded(draft({}, {})) == []


def test_of_a_hard_nat_another_port_is_no_news_and_another_address_is() -> None:
    words = draft({}, {SERVER: HERE, OTHER: THERE})
    assert concluded(words) == [NatDetected("hard", HERE, (), (SERVER,))]
    words.remember(mapped={SERVER: BESIDE, OTHER: THERE})
    assert concluded(words) == []
    moved = {SERVER: ELSEWHERE, OTHER: Endpoint(ELSEWHERE.ip, 2)}
    words.remember(mapped=moved)
    assert concluded(words) == [NatDetected("hard", ELSEWHERE, (), (SERVER,))]
    assert words.records[-1].because == (words.records[-2].sequence,)


def test_two_members_are_heard_alone_and_each_family_by_itself() -> None:
    six = Endpoint("2001:db8:9::9", 1)
    words = draft({BOB.key: HERE, CAROL.key: HERE, DAVE.key: six}, dict.fromkeys((SERVER, OTHER, THIRD), THERE))
    assert concluded(words) == [
        NatDetected("easy", HERE, (BOB.key, CAROL.key), ()),
        NatDetected("unknown", six, (DAVE.key,), ()),
    ]
    assert (is_confirmed(words, "IPv4"), is_confirmed(words, "IPv6")) == (True, False)
    assert not is_confirmed(draft({BOB.key: HERE, CAROL.key: THERE}, {}), "IPv4")


def test_no_more_is_recorded_than_an_epoch_allows() -> None:
    assert concluded(draft({}, {SERVER: HERE}, refusals=EPOCH_CAP)) == []
