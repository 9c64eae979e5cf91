from msgspec.structs import replace

from tests.cast import BOB, NARROW, Member
from wgmesh.domain.peer import OBSERVED_CAP, Claim, Peer, discover, update
from wgmesh.domain.peer_record import ClaimedEndpoint
from wgmesh.domain.values import Endpoint, Ground, Incarnation

FIRST, LATER, LAST = Ground(5, 1_000, 10), Ground(6, 2_000, 20), Ground(7, 3_000, 30)
ELSEWHERE = Endpoint("10.0.0.9", 7)
STATED = (
    "identity",
    "public_key",
    "incarnation",
    "hostname",
    "nonce",
    "ipv4",
    "ipv6",
    "listen_port",
    "counter",
    "signed",
)


def bob() -> Peer:
    return discover(BOB.discovered(), "lan", FIRST)


def test_a_discovered_peer_is_what_its_record_says_of_it() -> None:
    event = BOB.discovered()
    assert {field: getattr(bob(), field) for field in STATED} == {field: getattr(event, field) for field in STATED}
    assert bob().layers == ("lan",)
    assert bob().discovered == bob().updated == bob().addressed == FIRST
    assert bob().heard_at == FIRST.at
    assert (bob().state, bob().present) == ("connecting", True)


def test_only_wireguard_sockets_are_claims_on_wireguard() -> None:
    exchange = ClaimedEndpoint("lan", "exchange", ELSEWHERE)
    said = BOB.record(endpoints=(exchange, *BOB.record().endpoints))
    peer = discover(BOB.discovered(said), "lan", FIRST)
    assert peer.endpoints == said.endpoints
    assert peer.claims == (Claim(BOB.wireguard, "lan", "record", FIRST),)


def test_an_update_keeps_what_we_saw_ourselves() -> None:
    seen = bob().observe("lan", BOB.wireguard, FIRST).connect(BOB.wireguard, FIRST)
    said = BOB.record(change=3, hostname="robert")
    after = update(seen, BOB.updated(said, counter=(1, 4)), "lan", LATER)
    assert after.hostname == "robert"
    assert after.incarnation == Incarnation(1, 3)
    assert after.counter == Incarnation(1, 4)
    assert (after.observed, after.proven, after.proved, after.connected) == (
        seen.observed,
        BOB.wireguard,
        FIRST,
        FIRST,
    )
    assert (after.discovered, after.updated, after.heard_at) == (FIRST, LATER, LATER.at)


def test_a_claim_made_before_keeps_its_date_and_a_new_one_gets_its_own() -> None:
    both = (ClaimedEndpoint("static", "wg", ELSEWHERE), *BOB.record().endpoints)
    after = update(bob(), BOB.updated(BOB.record(change=3, endpoints=both)), "lan", LATER)
    assert after.claims == (Claim(ELSEWHERE, "static", "record", LATER), Claim(BOB.wireguard, "lan", "record", FIRST))


def test_a_claim_that_is_not_repeated_is_gone() -> None:
    assert update(bob(), BOB.updated(BOB.record(change=3, endpoints=())), "lan", LATER).claims == ()


def test_an_address_keeps_its_date_until_it_changes() -> None:
    same = update(bob(), BOB.updated(BOB.record(change=3)), "lan", LATER)
    moved = update(same, BOB.updated(BOB.record(change=4, nonce=1)), "lan", LAST)
    assert (same.addressed, moved.addressed) == (FIRST, LAST)


def test_each_layer_that_brought_news_is_named_once() -> None:
    again = update(bob(), BOB.updated(BOB.record(change=3)), "lan", LATER)
    assert again.layers == ("lan",)
    assert update(again, BOB.updated(BOB.record(change=4)), "gossip", LAST).layers == ("lan", "gossip")


def test_the_newest_observation_comes_first_and_an_old_one_is_dated_anew() -> None:
    peer = (
        bob().observe("lan", BOB.wireguard, FIRST).observe("lan", ELSEWHERE, LATER).observe("lan", BOB.wireguard, LAST)
    )
    assert peer.observed == (Claim(BOB.wireguard, "lan", "lan", LAST), Claim(ELSEWHERE, "lan", "lan", LATER))


def test_a_member_that_answers_from_ever_new_addresses_fills_no_memory() -> None:
    peer = bob()
    for port in range(100):
        peer = peer.observe("lan", Endpoint("10.0.0.9", port), FIRST)
    assert [claim.endpoint.port for claim in peer.observed] == list(range(99, 99 - OBSERVED_CAP, -1))


def test_a_peer_is_called_by_the_strongest_thing_known_of_it() -> None:
    connected = bob().connect(BOB.wireguard, LATER)
    silent = connected.disconnect(LAST)
    assert (connected.state, connected.proven, connected.proved) == ("connected", BOB.wireguard, LATER)
    assert (silent.state, silent.connected, silent.disconnected) == ("silent", None, LAST)
    assert (silent.connect(ELSEWHERE, LAST).state, silent.connect(ELSEWHERE, LAST).disconnected) == ("connected", None)
    assert replace(connected, expired=LAST).state == "expired"
    assert replace(connected, expired=LATER, left=LAST).state == "left"


def test_who_left_or_expired_is_in_store_only() -> None:
    assert bob().connect(BOB.wireguard, LATER).disconnect(LAST).present
    assert not replace(bob(), left=LAST).present
    assert not replace(bob(), expired=LAST).present


def test_a_peer_of_a_narrow_mesh_has_an_address_of_it() -> None:
    narrow = Member("bob", BOB.identity, BOB.ip, NARROW)
    assert discover(narrow.discovered(), "lan", FIRST).ipv4.startswith("10.9.0.")
