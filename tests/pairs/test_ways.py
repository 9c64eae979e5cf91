"""By which ways alpha could speak to beta, as each of the two logs has it."""

from typing import Any

import pytest
from msgspec.structs import replace

from tests.pair_stories import ALPHA_AT, DEAF, of_beta
from tests.stories import ALPHA, BETA, BETA_AT, ETH0, GAMMA, SETTINGS, discovered, joined, records, started
from wgmesh.domain import events as e
from wgmesh.domain.draft import NEVER
from wgmesh.domain.records import Record
from wgmesh.domain.values import Endpoint, Interface
from wgmesh.pairs.side import side_of
from wgmesh.pairs.verdict import Direction, direction
from wgmesh.pairs.ways import ways

LOST = "nothing of that arrived: a firewall, a router or a switch between the two?"
HEARS = of_beta((4.112, "lan", e.LayerResumed("lan")), (4.113, "exchange", e.LayerResumed("exchange")))
FAR = Interface("eth0", 2, 1500, ("10.8.1.1/24", "fe80::5/64"))
AT_BETA = f"{BETA_AT.ip}:52000"
LAN, NAMED, KNOWN, DHT = range(4)


def of_alpha(*events: tuple[str, e.Event], interface: Interface = ETH0, **settings: Any) -> tuple[Record, ...]:
    """Alpha's log: its beginning, that its exchange works, and what follows."""
    begun: tuple[tuple[str, e.Event], ...] = (
        ("start", joined()),
        ("start", started()),
        ("start", e.SettingsChanged(replace(SETTINGS, **settings))),
        ("network", e.InterfacesChanged((interface,), (), ())),
        ("exchange", e.LayerResumed("exchange")),
    )
    told = (*begun, *events)
    return records(*((place / 1000, cause, event) for place, (cause, event) in enumerate(told)))


def judged(speaker: tuple[Record, ...], listener: tuple[Record, ...] = HEARS) -> Direction:
    return direction(side_of(speaker), side_of(listener), -120_000)


def closed(log: tuple[Record, ...], way: int, listener: tuple[Record, ...] = HEARS) -> str:
    return ways(side_of(log), side_of(listener))[way].closed


def test_two_that_share_no_lan_cannot_hear_each_other_on_it() -> None:
    up = ("lan", e.LayerResumed("lan"))
    assert closed(of_alpha(up), LAN) == ""
    assert closed(of_alpha(up, interface=FAR), LAN) == "the two share no LAN"
    bare = Interface("eth0", 2, 1500, ("fe80::5/64",))
    assert closed(of_alpha(up, interface=bare), LAN) == "", "addresses of a link alone tell nothing"
    moved = of_alpha(up, ("network", e.InterfacesChanged((FAR,), (), ())))
    assert closed(moved, LAN) == "", "it was there once"


def test_who_was_heard_on_the_lan_and_asked_is_told_with_its_address() -> None:
    asked = e.HelloUnanswered(BETA.key, "beta", "lan", Endpoint(BETA_AT.ip, 40000))
    found = judged(of_alpha(("lan", e.LayerResumed("lan")), ("lan", asked)))
    assert (found.kind, found.why) == (
        "never heard",
        f"it announced itself on the LAN, heard beta there and asked it at 192.168.1.17:40000; {LOST}",
    )


@pytest.mark.parametrize(
    ("place", "leads"),
    [
        (AT_BETA, True),
        ("192.168.1.17:52001", False),
        ("192.168.1.18:52000", False),
        ("[fe80::17]:52000", True),
        ("beta.example.org:52000", True),
        ("beta.example.org", True),
    ],
)
def test_an_address_that_the_operator_named_is_the_others_or_not(place: str, leads: bool) -> None:
    found = judged(of_alpha(lan=False, peers=(place,)))
    if leads:
        assert (found.kind, found.why) == ("never heard", f"it said Hello to {place}, as --peer has it; {LOST}")
    else:
        assert found.kind == "never sent"
        assert "none of its --peer leads to beta" in found.why


def test_behind_a_nat_it_is_where_others_see_it_or_where_its_operator_says() -> None:
    seen = e.EndpointReflected(GAMMA.key, Endpoint("203.0.113.9", 7000))
    said = e.EndpointsDeclared((Endpoint("203.0.113.8", 21820),))
    beta = of_beta((5, "exchange", e.LayerResumed("exchange")), (6, "exchange", seen), (7, "network", said))
    for place, reason in (("203.0.113.9:7000", ""), ("203.0.113.8:52000", ""), ("203.0.113.8:7000", "none")):
        assert closed(of_alpha(peers=(place,)), NAMED, beta)[:4] == reason


def test_an_exchange_that_never_came_up_says_nothing_and_hears_nothing() -> None:
    off = tuple(record for record in of_alpha(lan=False, peers=(AT_BETA,)) if record.sequence < 5)
    assert closed(off, NAMED) == "layer exchange never came up"
    taken = records((1, "exchange", e.LayerSuspended("exchange", "port taken")), after=4)
    assert closed((*off, *taken), NAMED) == "layer exchange cannot work: port taken"
    assert judged(of_alpha(lan=False, peers=(AT_BETA,)), DEAF).why == (
        f"it said Hello to {AT_BETA}, as --peer has it, where beta did not listen (layer exchange never came up)"
    )


def test_who_was_introduced_by_others_was_tried_where_its_record_says() -> None:
    told = ("gossip", replace(discovered(BETA, "beta", BETA_AT.ip), counter=NEVER))
    found = judged(of_alpha(told, lan=False))
    assert (found.kind, found.why) == (
        "never heard",
        f"it knew beta by gossip, tried WireGuard at {BETA_AT} and said Hello; {LOST}",
    )
    assert closed(of_alpha(told, ("operator/ban", e.PeerBanned(BETA.public_key))), KNOWN) == "it bans beta"
    nowhere = ("gossip", discovered(BETA, "beta", "127.0.0.1"))
    assert closed(of_alpha(nowhere), KNOWN) == "it knows no address of beta that can be used"
    assert closed(of_alpha(), KNOWN) == "nobody told it of beta"


def test_a_record_that_others_passed_on_is_not_a_word_of_its_owner() -> None:
    passed = replace(discovered(ALPHA, "alpha", ALPHA_AT.ip), counter=NEVER)
    beta = (*HEARS, *records((130, "gossip", passed), after=len(HEARS)))
    found = judged(of_alpha(("lan", e.LayerResumed("lan"))), beta)
    assert found.kind == "never heard"
    assert found.why.startswith("beta knows it by gossip alone; it announced itself on the LAN")
    silent = judged(of_alpha(lan=False), beta)
    assert silent.kind == "never sent"
    for word in (e.PeerEndpointObserved(ALPHA.key, "exchange", ALPHA_AT), e.PeerConnected(ALPHA.key, ALPHA_AT)):
        assert judged(of_alpha(), (*beta, *records((131, "x", word), after=len(beta)))).kind == "heard"


def test_who_looks_in_the_dht_asks_whom_it_finds_there() -> None:
    looks = of_alpha(("dht", e.LayerResumed("dht")), lan=False, dht=True)
    assert judged(looks).why == (
        "it asked in the DHT who is in the mesh, where beta did not listen (it runs with --no-dht)"
    )
    assert closed(of_alpha(dht=True), DHT) == "layer dht never came up"
    both = (
        *HEARS[:2],
        *records((123, "start", e.SettingsChanged(replace(SETTINGS, hostname="beta", dht=True))), after=2),
        *records((124, "exchange", e.LayerResumed("exchange")), (124, "dht", e.LayerResumed("dht")), after=3),
    )
    assert judged(looks, both).why == f"it asked in the DHT who is in the mesh; {LOST}"


def test_a_layer_that_worked_once_was_open_though_it_is_not_now() -> None:
    log = of_alpha(("lan", e.LayerResumed("lan")), ("lan", e.LayerSuspended("lan", "no interface")))
    assert closed(log, LAN) == ""
