"""What the operator asks of a node, as far as decisions depend on it; recorded, so it holds no secret."""

from msgspec import Struct

# In `accept_routes`: every prefix that a peer announces.
ALL_ROUTES = "all"


def relay_interface(interface: str) -> str:
    """The name of the second interface, which carries relayed tunnels: `wgmesh0r`; Linux takes 15 characters."""
    name = f"{interface[:14]}r"
    return name if name != interface else f"{interface[:14]}q"


class NodeSettings(Struct, frozen=True):
    """The options of `wgmesh join` that policies read. `wireguard` is kernel, userspace or none, as chosen.

    `advertise_routes` are canonical prefixes; `accept_routes` too, or ALL_ROUTES alone. `hosts`: names of peers are
    written to the system's hosts file. `peers`: places that are contacted, as the operator wrote them; so are those of
    `dht_bootstrap`, where a walk through the DHT begins, and `stun_servers`, which tell us our own address. `relay`:
    this node passes ciphertext on for others.
    `registry`: looked into at `registry_url`, in the repository `registry_repo`; `registry_writes`: there is a token.
    """

    interface: str
    hostname: str
    wireguard: str
    lan: bool
    lan_interfaces: tuple[str, ...]
    advertise_routes: tuple[str, ...] = ()
    accept_routes: tuple[str, ...] = ()
    hosts: bool = False
    gossip: bool = True
    peers: tuple[str, ...] = ()
    dht: bool = False
    dht_bootstrap: tuple[str, ...] = ()
    relay: bool = False
    stun: bool = False
    stun_servers: tuple[str, ...] = ()
    registry: bool = False
    registry_url: str = ""
    registry_repo: str = ""
    registry_writes: bool = False
