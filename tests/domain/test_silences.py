from tests.cast import ALICE, BOB, CAROL
from tests.told import ground, mesh_of
from wgmesh.domain.events import DaemonMissed, DaemonReturned, HelloUnanswered
from wgmesh.domain.facts import Unanswered
from wgmesh.domain.messages import NOBODY
from wgmesh.domain.silences import UNANSWERED_CAP, answered, is_same, note
from wgmesh.domain.values import Endpoint

HEARD = HelloUnanswered(BOB.key, "bob", "lan", BOB.lan)
NAMED = HelloUnanswered(NOBODY, "", "peer", CAROL.exchange)


def test_what_is_newest_of_a_node_or_address_is_kept() -> None:
    again = HelloUnanswered(BOB.key, "bob", "lan", Endpoint(BOB.ip, 7))
    mesh = mesh_of(HEARD, NAMED, again)
    assert mesh.unanswered == (
        Unanswered(NOBODY, "", "peer", CAROL.exchange, ground(6)),
        Unanswered(BOB.key, "bob", "lan", Endpoint(BOB.ip, 7), ground(7)),
    )


def test_a_neighbour_is_known_by_its_key_and_all_else_by_its_address() -> None:
    heard, named = mesh_of(HEARD, NAMED).unanswered
    assert is_same(heard, HelloUnanswered(BOB.key, "", "lan", CAROL.lan))
    assert not is_same(heard, HelloUnanswered(CAROL.key, "", "lan", BOB.lan))
    assert is_same(named, HelloUnanswered(NOBODY, "", "dht", CAROL.exchange))
    assert not is_same(named, HelloUnanswered(NOBODY, "", "peer", BOB.exchange))
    assert not is_same(named, HelloUnanswered(NOBODY, "", "lan", CAROL.exchange))
    assert not is_same(heard, HelloUnanswered(BOB.key, "", "peer", BOB.lan))


def test_who_has_the_secret_and_names_ever_new_addresses_fills_no_memory() -> None:
    known: tuple[Unanswered, ...] = ()
    for number in range(3 * UNANSWERED_CAP):
        known = note(known, HelloUnanswered(NOBODY, "", "dht", Endpoint("192.0.2.1", number)), ground(number))
    assert [each.address.port for each in known] == list(range(2 * UNANSWERED_CAP, 3 * UNANSWERED_CAP))


def test_who_answers_is_no_longer_among_them() -> None:
    known = mesh_of(HEARD, NAMED).unanswered
    assert answered(known, BOB.key) == known[1:]
    assert answered(known, ALICE.key, CAROL.wireguard) == known[:1]
    assert answered(known, ALICE.key) == known
    met = mesh_of(HEARD, NAMED, BOB.discovered(), CAROL.discovered())
    assert met.unanswered == known[1:]
    assert mesh_of(HEARD, NAMED, BOB.discovered(), CAROL.discovered(), CAROL.observed()).unanswered == ()


def test_a_daemon_is_missed_until_it_returns() -> None:
    events = (BOB.discovered(), CAROL.discovered(), DaemonMissed(BOB.key, 10_000), DaemonMissed(CAROL.key, 10_000))
    assert mesh_of(*events).missed == {BOB.key: ground(7), CAROL.key: ground(8)}
    assert mesh_of(*events, DaemonReturned(BOB.key)).missed == {CAROL.key: ground(8)}
