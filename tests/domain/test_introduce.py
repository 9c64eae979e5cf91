from tests.cast import BOB, NARROW, Member
from wgmesh.domain.introduce import discover, update
from wgmesh.domain.peer import Claim, Peer
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


def test_a_peer_of_a_narrow_mesh_has_an_address_of_it() -> None:
    narrow = Member("bob", BOB.identity, BOB.ip, NARROW)
    assert discover(narrow.discovered(), "lan", FIRST).ipv4.startswith("10.9.0.")
