"""`leave` where no daemon runs: the log, the peers and the machine all know."""

from pathlib import Path

import anyio

from wgmesh.adapters.hosts_file import HostsFile
from wgmesh.adapters.lan.layer import Lan
from wgmesh.daemon.home import Home
from wgmesh.daemon.names import Names
from wgmesh.daemon.once import opened, tunnel_of
from wgmesh.daemon.tunnel import Tunnel
from wgmesh.daemon.uplinks import Uplinks
from wgmesh.domain.inputs import Leave


def leave_once(state_dir: Path, interface: str) -> None:
    """Take the node of this state directory out of its mesh. WgmeshError if it never joined one, or a daemon runs."""
    with opened(state_dir, interface) as home, tunnel_of(home, interface) as tunnel:
        anyio.run(_leave, home, tunnel)


async def _leave(home: Home, tunnel: Tunnel) -> None:
    turn = home.node.turn([Leave()], *home.clock.now())
    settings = home.node.mesh.settings
    if settings is not None and settings.lan:
        uplinks = Uplinks(_sockets(home))
        uplinks.follow(home.node.mesh.interfaces, 0, home.clock.awake())
        uplinks.send(turn.outgoing)
        uplinks.follow((), 0, home.clock.awake())
    await tunnel.remove()
    if settings is not None:
        await Names(HostsFile(settings.interface)).clear()


def _sockets(home: Home) -> Lan:
    """Sockets to speak with; nobody listens to them."""
    return Lan(home.keyring.keys.multicast_group, lambda _: None, lambda *_: None, home.clock.awake)
