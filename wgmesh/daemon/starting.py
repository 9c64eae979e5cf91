"""The first inputs of a run: what the log did not survive, who we are and on which port, our networks, our device."""

import os
from hashlib import sha256

from anyio import to_thread
from msgspec.structs import replace

from wgmesh import __version__
from wgmesh.adapters.netlink.links import Links
from wgmesh.adapters.ports import WIREGUARD_PORTS, free_port, port_is_free
from wgmesh.adapters.wireguard import WireGuard
from wgmesh.daemon.early_answers import early_answers
from wgmesh.daemon.home import Home
from wgmesh.daemon.tunnel import Tunnel
from wgmesh.domain.device import DeviceSample
from wgmesh.domain.errors import WgmeshError
from wgmesh.domain.inputs import Input, Recovered, Start
from wgmesh.domain.keys import FIRST_GOSSIP_PORT, GOSSIP_PORTS
from wgmesh.domain.settings import NodeSettings
from wgmesh.settings import Settings

LIFE_BYTES = 8
# Where a free one is looked for: all that any mesh derives.
EXCHANGE_PORTS = range(FIRST_GOSSIP_PORT, FIRST_GOSSIP_PORT + 2 * GOSSIP_PORTS)


async def first_inputs(
    settings: Settings, home: Home, links: Links, wireguard: WireGuard, tunnel: Tunnel, exchange_port: int
) -> list[Input]:
    """What the node decides first. WgmeshError when the operator's port is taken."""
    looked = await tunnel.look()
    port = _listen_port(settings, home, tunnel)
    lost = home.recovered
    inputs: list[Input] = [Recovered(lost.file, lost.first_bad, lost.resumes_at)] if lost else []
    networked = await to_thread.run_sync(links.surroundings, settings.lan_interfaces)
    start = _start(settings, home, wireguard.backend, port, exchange_port)
    if tunnel.relay is not None:
        start = replace(start, relay_port=_relay_port(home, tunnel.relay.sample, port))
    places = settings.stun_servers if settings.stun and settings.wireguard != "none" else ()
    early = await early_answers(places, port, home.keyring.parameters, networked)
    return [*inputs, start, networked, *early, looked]


def exchange_port(home: Home) -> int:
    """The port that every member derives; where another program has it, the next free one, which the record names."""
    return free_port(home.keyring.keys.gossip_port, EXCHANGE_PORTS)


def _start(settings: Settings, home: Home, backend: str, port: int, exchange_port: int) -> Start:
    ring = home.keyring
    return Start(
        identity=ring.identity.key,
        public_key=ring.identity.public_key,
        parameters=ring.parameters,
        boot=home.next_boot(),
        life=os.urandom(LIFE_BYTES),
        program=__version__,
        generation=ring.generation,
        listen_port=port,
        exchange_port=exchange_port,
        settings=NodeSettings(
            interface=settings.interface,
            hostname=settings.hostname,
            wireguard=backend,
            lan=settings.lan,
            lan_interfaces=settings.lan_interfaces,
            advertise_routes=settings.advertise_routes,
            accept_routes=settings.accept_routes,
            hosts=settings.hosts,
            gossip=settings.gossip,
            peers=settings.peers,
            dht=settings.dht,
            relay=settings.relay and backend != "none" and settings.gossip,
            dht_bootstrap=settings.dht_bootstrap if settings.dht else (),
            stun=settings.stun and settings.wireguard != "none",
            stun_servers=settings.stun_servers if settings.stun else (),
            registry=settings.registry,
            registry_url=settings.registry_url if settings.registry else "",
            registry_repo=settings.registry_repo if settings.registry else "",
            registry_writes=settings.registry and bool(settings.registry_token),
        ),
    )


def _listen_port(settings: Settings, home: Home, tunnel: Tunnel) -> int:
    """The operator's port, else the one we always had, else one from our key: two nodes behind one NAT differ."""
    held = tunnel.sample.device.listen_port if tunnel.sample and tunnel.sample.device else 0
    if settings.listen_port:
        if settings.listen_port != held and not port_is_free(settings.listen_port):
            raise WgmeshError(
                f"UDP port {settings.listen_port} is in use: choose another --listen-port, or leave it to wgmesh"
            )
        return settings.listen_port
    preferred = home.node.mesh.listen_port or _own_port(home.keyring.identity.public_key)
    return preferred if held == preferred else free_port(preferred)


def _relay_port(home: Home, found: DeviceSample | None, listen_port: int) -> int:
    """Of the second interface: the one that it has, else the one that it always had, else one from our key."""
    if found and found.device and found.device.listen_port:
        return found.device.listen_port
    preferred = home.node.mesh.relay_port or _own_port(home.keyring.identity.public_key + b"relay")
    return free_port(preferred if preferred != listen_port else WIREGUARD_PORTS[0])


def _own_port(public_key: bytes) -> int:
    number = int.from_bytes(sha256(public_key).digest()[:8])
    return WIREGUARD_PORTS[number % len(WIREGUARD_PORTS)]
