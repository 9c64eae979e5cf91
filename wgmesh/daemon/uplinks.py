"""The discovery layers' sockets: they follow the machine's interfaces, carry what is sent, and tell how they are.

A layer that cannot work is an input like any other; the rest of the mesh does not wait for it. What does not work on
one interface while another serves is a warning, said once.
"""

import logging
from collections.abc import Iterable

from wgmesh.adapters.echo import Echoes
from wgmesh.adapters.exchange import Exchange
from wgmesh.adapters.gossip import Gossip
from wgmesh.adapters.lan.layer import Lan, Trouble
from wgmesh.adapters.nudge import nudge
from wgmesh.adapters.relay import Relay
from wgmesh.adapters.stun.tunnel_port import TunnelPort
from wgmesh.daemon.dht_walks import DhtWalks
from wgmesh.daemon.registry_visits import RegistryVisits
from wgmesh.domain.inputs import Input, Resumed, Suspended
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.values import SECOND, Endpoint, Interface
from wgmesh.domain.visiting import Errand
from wgmesh.node import Outgoing, Packet, Walk

NO_INTERFACE = "no network interface is up: plug one in, or name it with --lan-interface"
# A port that was taken, or descriptors that had run out, may be free again.
RETRY_PAUSE = 10 * SECOND

TIMES_TO_WARN = 2

log = logging.getLogger("wgmesh")


class Uplinks:
    """The layers' sockets; None for a layer that the operator turned off."""

    def __init__(
        self,
        lan: Lan | None,
        gossip: Gossip | None = None,
        exchange: Exchange | None = None,
        echoes: Echoes | None = None,
        walks: DhtWalks | None = None,
        port: TunnelPort | None = None,
        visits: RegistryVisits | None = None,
        relay: Relay | None = None,
    ) -> None:
        self._lan = lan
        self._relay = relay
        self._gossip = gossip
        self._echoes = echoes
        self._gossip_reason = ""
        self._gossip_since = 0
        self._exchange = exchange
        self._walks = walks
        self._visits = visits
        self._port = port
        self._port_tried_at = 0
        self._exchange_tried_at: int | None = None
        self._exchange_trouble = ""
        self._followed: tuple[Interface, ...] | None = None
        self._followed_at = 0
        self._unserved: tuple[Trouble, ...] = ()
        self._unspoken: dict[Trouble, int] = {}

    def follow(self, interfaces: tuple[Interface, ...], listen_port: int, awake: int) -> list[Input]:
        """Serve these interfaces and WireGuard's port, and try again what failed; how the layers are, if that is new.

        `listen_port` 0: it is not known yet.
        """
        if self._walks is not None:
            self._walks.follow(interfaces)
        lan, tunnel = self._follow_lan(interfaces, awake), self._follow_tunnel(awake)
        return [*lan, *tunnel, *self._open_exchange(awake), *self._follow_port(listen_port, awake)]

    def _follow_port(self, listen_port: int, awake: int) -> list[Input]:
        port = self._port
        if port is None or not listen_port or (port.serving and not port.trouble):
            return []
        if port.trouble and awake - self._port_tried_at < RETRY_PAUSE:
            return []
        was_serving, known = port.serving, port.trouble
        self._port_tried_at = awake
        port.follow(listen_port)
        if not port.serving:
            return [Suspended("port", port.trouble)]
        if port.trouble not in ("", known):
            log.warning("one family less on WireGuard's port: %s", port.trouble)
        return [] if was_serving else [Resumed("port")]

    def _open_exchange(self, awake: int) -> list[Input]:
        tried, trouble = self._exchange_tried_at, self._exchange_trouble
        if self._exchange is None or (tried is not None and (not trouble or awake - tried < RETRY_PAUSE)):
            return []
        self._exchange_tried_at, self._exchange_trouble = awake, self._exchange.open()
        if not self._exchange.serving:
            return [Suspended("exchange", self._exchange_trouble)]
        if self._exchange_trouble not in ("", trouble):
            log.warning("one family less on the exchange: %s", self._exchange_trouble)
        return [Resumed("exchange")]

    def _follow_lan(self, interfaces: tuple[Interface, ...], awake: int) -> list[Input]:
        retries = self._unserved and awake - self._followed_at >= RETRY_PAUSE
        if self._lan is None or (interfaces == self._followed and not retries):
            return []
        self._followed, self._followed_at = interfaces, awake
        troubles = self._lan.follow(interfaces)
        _warn(trouble for trouble in troubles if trouble not in self._unserved)
        self._unserved = troubles
        if self._lan.serving():
            return [Resumed("lan")]
        reasons = "; ".join(f"{trouble.interface} {trouble.reason}" for trouble in troubles)
        return [Suspended("lan", reasons or NO_INTERFACE)]

    def _follow_tunnel(self, awake: int) -> list[Input]:
        """Be on the mesh's interface; before there is one, there is nothing to tell."""
        if self._gossip is None or (self._gossip_reason and awake - self._gossip_since < RETRY_PAUSE):
            return []
        was_serving, known = self._gossip.serving, self._gossip_reason
        self._gossip_reason, self._gossip_since = self._gossip.follow() or "", awake
        if self._gossip_reason:
            return [Suspended("gossip", self._gossip_reason)]
        return [Resumed("gossip")] if self._gossip.serving and (known or not was_serving) else []

    def send(self, outgoing: Iterable[Outgoing]) -> None:
        """Hand each datagram to its layer. What does not leave is said again by the protocol's own timers."""
        for datagram in outgoing:
            if datagram.address is None:
                self._announce(datagram.data)
            elif reason := self._send(datagram, datagram.address):
                log.debug("%s: nothing can be sent to %s: %s", datagram.layer, datagram.address, reason)

    def _send(self, datagram: Outgoing, address: Endpoint) -> str | None:
        if datagram.layer == "gossip":
            return self._gossip.send(address, datagram.fallback, datagram.data) if self._gossip else None
        if datagram.layer == "exchange":
            return self._exchange.send(address, datagram.data) if self._exchange else None
        return self._lan.send(datagram.interface, address, datagram.data) if self._lan else None

    def walk(self, walks: Iterable[Walk]) -> None:
        """Through the DHT, where the layer is on."""
        if self._walks is not None:
            self._walks.walk(walks)

    def send_packets(self, packets: Iterable[Packet]) -> None:
        """From WireGuard's own port, as far as it can be spoken from; what does not leave is asked again by timers."""
        for packet in packets:
            if self._port is not None and (reason := self._port.send(packet.address, packet.data)):
                log.debug("port: nothing can be sent to %s: %s", packet.address, reason)

    def visit(self, errands: Iterable[Errand]) -> None:
        """The registry, where the layer is on."""
        if self._visits is not None:
            self._visits.set_out(errands)

    def relay(self, mesh: Mesh) -> None:
        """Pass on between the pairs that this node relays for."""
        if self._relay is not None:
            self._relay.follow(mesh.relaying, lambda identity: mesh.peers[identity].ipv6)

    def nudge(self, addresses: Iterable[str]) -> None:
        """Send something through the tunnel to each of these mesh addresses; it is sent again where it matters."""
        for address in addresses:
            if reason := nudge(address):
                log.debug("nothing can be sent to %s: %s", address, reason)

    def ask(self, addresses: Iterable[str]) -> None:
        """Ask the machines at these mesh addresses for a sign; where no echo can be asked for, bytes will tell."""
        for address in addresses:
            if self._echoes is None or self._echoes.ask(address) is not None:
                self.nudge((address,))

    def _announce(self, data: bytes) -> None:
        """Warn of what fails for the second time running: an interface that just came up has no multicast route yet."""
        if self._lan is None:
            return
        self._unspoken = {trouble: self._unspoken.get(trouble, 0) + 1 for trouble in self._lan.announce(data)}
        _warn(trouble for trouble, times in self._unspoken.items() if times == TIMES_TO_WARN)


def _warn(troubles: Iterable[Trouble]) -> None:
    for trouble in troubles:
        log.warning("%s %s", trouble.interface, trouble.reason)
