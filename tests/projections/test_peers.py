"""The list of peers says what the log knows, and what WireGuard says just now where a daemon runs."""

import msgspec
from msgspec.structs import replace

from tests.stories import BETA, BETA_AT, GAMMA, MESH, NOON, SETTINGS, STORY, ipv4, ipv6, mesh_of, updated
from wgmesh.domain import events as e
from wgmesh.domain.device import Device
from wgmesh.domain.values import Incarnation
from wgmesh.projections.peers import Live, LiveTraffic, peers, show
from wgmesh.projections.wording import key

AT = NOON + 3_800_000
BETA_NOW = LiveTraffic(BETA.public_key, True, 5_000, 900, 8192, 3_000_000, "198.51.100.7:40000")
LIVE = Live(Device(up=True), (BETA_NOW,))

PEER_KEYS = [
    "name", "public_key", "identity", "mesh_ipv4", "mesh_ipv6", "state", "path", "endpoint", "endpoints", "routes",
    "sources", "first_seen", "last_handshake", "rx_bytes", "tx_bytes", "refused_routes",
]  # fmt: skip


def test_the_keys_are_those_that_scripts_rely_on() -> None:
    shown = msgspec.json.decode(msgspec.json.encode(peers(MESH, AT)))
    assert [key for key in shown if key != "sampled_at"] == ["schema_version", "at", "peers"]
    assert list(shown["peers"][0]) == PEER_KEYS
    assert list(shown["peers"][0]["endpoints"][0]) == ["endpoint", "kind", "source", "since"]


def test_without_a_daemon_the_log_speaks() -> None:
    shown = peers(MESH, AT, sampled_at=NOON + 3_600_000)
    assert (shown.at, shown.sampled_at) == (AT, NOON + 3_600_000)
    beta, gamma = shown.peers
    assert (beta.name, beta.state, beta.path, beta.endpoint) == ("beta", "connected", "direct", str(BETA_AT))
    assert (beta.public_key, beta.identity) == (key(BETA.public_key), key(BETA.key))
    assert (beta.mesh_ipv4, beta.mesh_ipv6) == (ipv4(BETA), ipv6(BETA))
    assert (beta.first_seen, beta.last_handshake) == (NOON + 4_118, NOON + 3_600_000 - 12_000)
    assert (beta.rx_bytes, beta.tx_bytes, beta.sources) == (4096, 2_000_000, ("lan",))
    assert (gamma.state, gamma.path) == ("silent", None)


def test_a_claim_is_shown_with_who_made_it_and_when() -> None:
    beta, _ = peers(MESH, AT).peers
    assert [(each.endpoint, each.kind, each.source, each.since) for each in beta.endpoints] == [
        (str(BETA_AT), "lan", "lan", NOON + 4_120)
    ]


def test_what_wireguard_says_now_is_newer_than_the_log() -> None:
    shown = peers(MESH, AT, LIVE, sampled_at=NOON)
    beta, gamma = shown.peers
    assert shown.sampled_at == AT
    assert (beta.endpoint, beta.last_handshake) == ("198.51.100.7:40000", AT - 5_000)
    assert (beta.rx_bytes, beta.tx_bytes) == (8192, 3_000_000)
    assert (gamma.rx_bytes, gamma.last_handshake) == (148, NOON + 3_600_000 - 200_000)


def test_a_session_that_is_older_than_the_daemon_has_the_age_that_the_log_gives_it() -> None:
    quiet = msgspec.structs.replace(BETA_NOW, handshake_age=None, endpoint=None)
    beta, _ = peers(MESH, AT, Live(Device(), (quiet,))).peers
    assert (beta.endpoint, beta.last_handshake) == (str(BETA_AT), NOON + 3_600_000 - 12_000)


def test_what_went_through_a_relay_counts_as_well_and_its_handshake_is_that_of_the_way_in_use() -> None:
    through = replace(BETA_NOW, handshake_age=700, rx_bytes=100, tx_bytes=200)
    relayed = mesh_of(e.PeerRelayed(BETA.key, GAMMA.key, 61_000), told=STORY)
    beta, _ = peers(relayed, AT, replace(LIVE, relayed=(through,))).peers
    assert (beta.path, beta.last_handshake) == ("relayed", AT - 700)
    assert (beta.rx_bytes, beta.tx_bytes) == (8292, 3_000_200)
    direct, _ = peers(MESH, AT, replace(LIVE, relayed=(through,))).peers
    assert (direct.path, direct.last_handshake) == ("direct", AT - 5_000)


def test_a_peer_that_was_never_reached_has_no_endpoint_and_no_handshake() -> None:
    mesh = mesh_of(told=STORY[:7])
    (beta,) = peers(mesh, AT).peers
    assert (beta.state, beta.endpoint, beta.last_handshake) == ("connecting", None, None)


def test_who_left_or_was_forgotten_is_in_no_list_but_can_be_asked_for() -> None:
    mesh = mesh_of(e.PeerLeft(BETA.key, Incarnation(1, 2), b"bye"), e.PeerExpired(GAMMA.key, 1), told=STORY)
    assert peers(mesh, AT).peers == ()
    assert show(mesh, mesh.peers[BETA.key], AT).state == "left"
    assert show(mesh, mesh.peers[GAMMA.key], AT).state == "silent"


def test_a_peer_without_an_ipv4_address_has_none() -> None:
    peer = msgspec.structs.replace(MESH.peers[BETA.key], ipv4="")
    assert show(MESH, peer, AT).mesh_ipv4 is None


def test_who_is_banned_is_shown_as_that_and_nothing_else() -> None:
    shown = peers(mesh_of(e.PeerBanned(BETA.public_key), told=STORY), AT)
    assert [(peer.name, peer.state, peer.path) for peer in shown.peers] == [
        ("beta", "banned", None),
        ("gamma", "silent", None),
    ]


def test_routes_are_shown_with_the_reason_of_those_that_are_not_used() -> None:
    settings = replace(SETTINGS, accept_routes=("192.168.50.0/24", "10.0.0.0/8"))
    news = replace(updated(BETA, "beta", BETA_AT.ip), routes=("192.168.50.0/24", "172.16.0.0/12", "10.71.0.0/16"))
    mesh = mesh_of(e.SettingsChanged(settings), news, told=STORY)
    beta, gamma = peers(mesh, AT).peers
    assert beta == show(mesh, mesh.peers[BETA.key], AT)
    assert beta.routes == news.routes
    assert [(each.route, each.reason) for each in beta.refused_routes] == [
        ("172.16.0.0/12", "not accepted here: join with --accept-routes"),
        ("10.71.0.0/16", "within the mesh's own range or around it"),
    ]
    assert gamma.refused_routes == ()
