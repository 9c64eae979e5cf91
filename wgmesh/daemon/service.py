"""One daemon from its start to its end: wire the adapters to the inbox, run the loop, and close what was opened."""

from collections.abc import Callable

import anyio

from wgmesh.adapters.control.server import serve_control
from wgmesh.adapters.echo import Echoes
from wgmesh.adapters.exchange import Exchange
from wgmesh.adapters.gossip import Gossip
from wgmesh.adapters.hosts_file import HostsFile
from wgmesh.adapters.inbox import Inbox
from wgmesh.adapters.lan.layer import Lan
from wgmesh.adapters.netlink.links import Links
from wgmesh.adapters.netlink.watch import Watch
from wgmesh.adapters.relay import Relay
from wgmesh.adapters.stun.tunnel_port import TunnelPort
from wgmesh.adapters.wireguard import WireGuard, open_wireguard
from wgmesh.daemon.dht_walks import DhtWalks
from wgmesh.daemon.freezer import Freezer
from wgmesh.daemon.home import Home
from wgmesh.daemon.lookups import Lookups
from wgmesh.daemon.loop import Loop
from wgmesh.daemon.names import Names
from wgmesh.daemon.operator import Operator
from wgmesh.daemon.registry_visits import RegistryVisits
from wgmesh.daemon.relay_tunnel import open_relay_tunnel
from wgmesh.daemon.sources import watch_networks, watch_process, watch_signals
from wgmesh.daemon.starting import exchange_port, first_inputs
from wgmesh.daemon.tunnel import Tunnel
from wgmesh.daemon.uplinks import Uplinks
from wgmesh.domain.inputs import Echoed, Input
from wgmesh.domain.visiting import Visited
from wgmesh.settings import Settings


async def serve(settings: Settings, home: Home) -> None:
    """Run the node of this home until it is told to end, or leaves."""
    links = Links()
    watch = Watch()
    wireguard = open_wireguard(settings.wireguard, settings.interface, home.keyring, links, home.clock.awake)
    try:
        await _run(settings, home, links, watch, wireguard)
    finally:
        watch.close()
        links.close()


async def _run(settings: Settings, home: Home, links: Links, watch: Watch, wireguard: WireGuard) -> None:
    wireguard.claim()
    inbox: Inbox[Input] = Inbox()
    tunnel = Tunnel(wireguard, open_relay_tunnel(wireguard.backend, settings.interface, home, links))
    freezer = Freezer(home.free_ballast, home.renew_ballast)
    names = Names(HostsFile(settings.interface))
    lan = _open_lan(settings, home, inbox)
    gossip = _open_gossip(settings, home, inbox)
    echoes = Echoes(settings.interface, lambda address: inbox.put(Echoed(address)))
    retention = home.retention(settings.keep, settings.log_cap_bytes)

    def checkpoint() -> None:
        home.checkpoint()
        for wish in retention.look(home.node.mesh, home.clock.now()[0]):
            inbox.put(wish)

    port = exchange_port(home)
    exchange = Exchange(port, inbox.put_datagram, _rejecting(home))
    walks = _open_dht(settings, home, inbox, port)
    visits = _open_registry(settings, home, inbox)
    tunnel_port = TunnelPort(inbox.put_datagram) if settings.wireguard != "none" else None
    relay = Relay(settings.interface, inbox.put, home.clock.awake) if gossip is not None else None
    uplinks = Uplinks(lan, gossip, exchange, echoes, walks, tunnel_port, visits, relay)
    loop = Loop(home.node, inbox, home.clock, tunnel, uplinks, freezer, names, checkpoint)
    operator = Operator(tunnel, freezer, inbox.put, home.node.rejected)
    servers = settings.stun_servers if tunnel_port is not None and settings.stun else ()
    lookups = Lookups(settings.peers, settings.endpoints, servers, inbox.put)

    def networked(change: Input) -> None:
        inbox.put(change)
        lookups.changed()

    first = await first_inputs(settings, home, links, wireguard, tunnel, port)
    if not settings.hosts:
        await names.clear()  # what an earlier run with --hosts left
    async with anyio.create_task_group() as tasks:
        if lan is not None:
            tasks.start_soon(lan.run)
        if gossip is not None:
            tasks.start_soon(gossip.run)
            tasks.start_soon(echoes.run)
        if relay is not None:
            tasks.start_soon(relay.run)
        if tunnel_port is not None:
            tasks.start_soon(tunnel_port.run)
        if walks is not None:
            tasks.start_soon(walks.run)
        if visits is not None:
            tasks.start_soon(visits.run)
        tasks.start_soon(watch_signals, inbox.put)
        tasks.start_soon(exchange.run)
        tasks.start_soon(lookups.run)
        tasks.start_soon(watch_networks, watch, links, settings.lan_interfaces, settings.interface, networked)
        tasks.start_soon(watch_process, tunnel, inbox.put)
        tasks.start_soon(serve_control, home.directory, operator.answer)
        await loop.run(first)
        tasks.cancel_scope.cancel()


def _open_lan(settings: Settings, home: Home, inbox: Inbox[Input]) -> Lan | None:
    if not settings.lan:
        return None

    return Lan(home.keyring.keys.multicast_group, inbox.put_datagram, _rejecting(home), home.clock.awake)


def _open_gossip(settings: Settings, home: Home, inbox: Inbox[Input]) -> Gossip | None:
    if not settings.gossip or settings.wireguard == "none":
        return None
    return Gossip(settings.interface, home.keyring.keys.gossip_port, inbox.put_datagram)


def _open_dht(settings: Settings, home: Home, inbox: Inbox[Input], exchange_port: int) -> DhtWalks | None:
    """Beside the exchange's port (protocol, section 2)."""
    if not settings.dht:
        return None
    port, reject = exchange_port + 1, _rejecting(home)
    return DhtWalks(home.directory, port, settings.dht_bootstrap, inbox.put, reject, home.clock.awake)


def _open_registry(settings: Settings, home: Home, inbox: Inbox[Input]) -> RegistryVisits | None:
    if not settings.registry:
        return None
    node, title = home.node, home.keyring.keys.rendezvous_title

    def deliver(visited: Visited, host: str) -> None:
        inbox.put(node.consulted(visited, host, home.clock.awake()))

    return RegistryVisits(settings, title, node.notes.opened, deliver)


def _rejecting(home: Home) -> Callable[[str, str], None]:
    """What a layer drops before the node sees it is counted by the node: reason, and address of the source."""
    return lambda reason, source: home.node.reject(reason, source, home.clock.awake())
