"""`leave` where no daemon runs: the log, the peers and the machine all know."""

from collections.abc import Sequence
from pathlib import Path

import anyio

from wgmesh.adapters.exchange import Exchange
from wgmesh.adapters.gossip import Gossip
from wgmesh.adapters.hosts_file import HostsFile
from wgmesh.adapters.lan.layer import Lan
from wgmesh.daemon.home import Home
from wgmesh.daemon.names import Names
from wgmesh.daemon.once import opened, tunnel_of
from wgmesh.daemon.tunnel import Tunnel
from wgmesh.daemon.uplinks import Uplinks
from wgmesh.domain.inputs import Leave
from wgmesh.domain.settings import NodeSettings
from wgmesh.node import Outgoing


def leave_once(state_dir: Path, interface: str) -> None:
    """Take the node of this state directory out of its mesh. WgmeshError if it never joined one, or a daemon runs."""
    with opened(state_dir, interface) as home, tunnel_of(home, interface) as tunnel:
        anyio.run(_leave, home, tunnel)


async def _leave(home: Home, tunnel: Tunnel) -> None:
    turn = home.node.turn([Leave()], *home.clock.now())
    settings = home.node.mesh.settings
    assert settings is not None  # a node that is opened has started once
    _say(home, settings, turn.outgoing)
    await tunnel.remove()
    await Names(HostsFile(settings.interface)).clear()


def _say(home: Home, settings: NodeSettings, outgoing: Sequence[Outgoing]) -> None:
    """Through each layer that works now, with sockets to speak with; nobody listens to them."""
    keys, awake, interfaces = home.keyring.keys, home.clock.awake, home.node.mesh.interfaces
    lan = Lan(keys.multicast_group, _ignore, _ignore, awake) if settings.lan else None
    gossip = Gossip(settings.interface, keys.gossip_port, _ignore) if settings.gossip else None
    exchange = Exchange(home.node.mesh.exchange_port, _ignore, _ignore)
    uplinks = Uplinks(lan, gossip, exchange)
    uplinks.follow(interfaces, 0, awake())
    uplinks.send(outgoing)
    uplinks.follow((), 0, awake())
    exchange.close()
    if gossip is not None:
        gossip.close()


def _ignore(*_: object) -> None:
    """What arrives while we leave."""
