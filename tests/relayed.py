"""Alice and Bob do not reach each other; Carol and Dave reach both, and are willing to relay."""

from msgspec.structs import replace

from tests.cast import ALICE, BOB, CAROL, DAVE, ERIN, Member
from tests.playbook import Playbook, given
from wgmesh.domain.device import Device, DevicePeer, DeviceSample, Traffic
from wgmesh.domain.effects import SendGossip
from wgmesh.domain.events import LayerResumed, PeerConnected, PeerRelayed, RelayPortChosen, SettingsChanged
from wgmesh.domain.gossip_messages import GossipMessage
from wgmesh.domain.inputs import Sampled, Whispered
from wgmesh.domain.peer_record import RELAY
from wgmesh.domain.relays import rank
from wgmesh.domain.values import Endpoint

PORT, GATE = 23456, 61234
WILLING = (CAROL, DAVE, ERIN)


def known(who: Member, willing: bool = True) -> Playbook:
    """Nobody knows anything but that this member exists; for its record alone."""
    return given(*ALICE.joined()).given(who.discovered(who.record(capabilities=RELAY if willing else 0)))


def alice(*relays: Member, others: tuple[Member, ...] = (BOB,)) -> Playbook:
    """Alice knows Bob, whom she never reached, and is connected with these relays."""
    story = given(*ALICE.joined(), RelayPortChosen(PORT), LayerResumed("gossip"))
    story = story.given(*(who.discovered() for who in others))
    story = story.given(*(who.discovered(who.record(capabilities=RELAY)) for who in relays))
    return story.given(*(PeerConnected(who.key, who.wireguard) for who in relays))


def relay(relays: tuple[Member, ...] = (CAROL, DAVE), willing: bool = True) -> Playbook:
    """Alice is connected with these, and relays for them where she is willing."""
    story = alice(*relays, others=())
    return story.given(SettingsChanged(replace(ALICE.settings, relay=willing)))


def best_first(story: Playbook, *relays: Member) -> list[Member]:
    """In the order in which they are asked for Bob."""
    return sorted(relays, key=lambda who: rank(story.mesh, BOB.key, who.key), reverse=True)


def says(who: Member, message: GossipMessage) -> Whispered:
    """A member says this inside its tunnel."""
    return Whispered(who.key, message, 0)


def said(story: Playbook) -> list[tuple[bytes, GossipMessage]]:
    """What the last step had said to whom about relays."""
    spoken = (each for each in story.effects if isinstance(each, SendGossip))
    return [(each.to, each.message) for each in spoken if type(each.message).__name__.startswith("Relay")]


def sampled(
    via: Member | None,
    *,
    rx_bytes: int = 500,
    tx_bytes: int = 500,
    received_age: int | None = 0,
    port: int = GATE,
    direct: Traffic | None = None,
    who: Member = BOB,
) -> Sampled:
    """WireGuard was looked at: on the second interface the peer's packets come through this relay (None: from nowhere).

    `direct`: what the first interface says of it.
    """
    peers = (*((DevicePeer(who.public_key),) if direct else ()),)
    first = DeviceSample(Device(peers=peers), (direct,) if direct else ())
    endpoint = Endpoint(via.ipv6, port) if via else None
    traffic = Traffic(who.public_key, received_age is not None, received_age, received_age, rx_bytes, tx_bytes)
    second = DeviceSample(Device(peers=(DevicePeer(who.public_key, endpoint=endpoint),)), (traffic,))
    return Sampled(first, second)


def relayed(story: Playbook, through: Member, at: str = "15 s") -> Playbook:
    """Bob is reached through this relay."""
    return story.given(PeerRelayed(BOB.key, through.key, GATE), at=at, cause="wireguard")
