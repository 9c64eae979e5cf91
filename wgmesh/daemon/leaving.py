"""`leave` where no daemon runs: the same node for one step, so that the log, the peers and the machine all know."""

from pathlib import Path

import anyio

from wgmesh.adapters import state_files
from wgmesh.adapters.lan.layer import Lan
from wgmesh.adapters.netlink.links import Links
from wgmesh.adapters.wireguard import open_wireguard
from wgmesh.daemon.home import LOG_NAME, Home
from wgmesh.daemon.tunnel import Tunnel
from wgmesh.daemon.uplinks import Uplinks
from wgmesh.domain.errors import WgmeshError
from wgmesh.domain.inputs import Leave
from wgmesh.settings import Settings


def leave_once(state_dir: Path, interface: str) -> None:
    """Take the node of this state directory out of its mesh. WgmeshError if it never joined one, or a daemon runs."""
    known = state_files.read_generations(state_dir) if (state_dir / LOG_NAME).exists() else ()
    if not known:
        raise WgmeshError(f"{state_dir} is in no mesh: there is nothing to leave")
    home = Home.open(_settings(state_dir, interface, known[-1].uri))
    try:
        anyio.run(_leave, home, interface)
    finally:
        home.close()


def _settings(state_dir: Path, interface: str, uri: str) -> Settings:
    """What Home needs; all else is in the log."""
    return Settings(uri, interface, str(state_dir), 0, "", "auto", True, (), "text", "info", True)


async def _leave(home: Home, interface: str) -> None:
    mesh = home.node.mesh
    if mesh.settings is None:
        raise WgmeshError(f"{home.directory} never ran: there is nothing to leave")
    links = Links()
    wireguard = open_wireguard(mesh.settings.wireguard, interface, home.keyring, links, home.clock.awake)
    try:
        wireguard.claim()
        await _say_goodbye(home)
        await Tunnel(wireguard).remove()
    finally:
        links.close()


async def _say_goodbye(home: Home) -> None:
    turn = home.node.turn([Leave()], *home.clock.now())
    settings = home.node.mesh.settings
    if settings is not None and settings.lan:
        uplinks = Uplinks(_sockets(home))
        uplinks.follow(home.node.mesh.interfaces, home.clock.awake())
        uplinks.send(turn.outgoing)
        uplinks.follow((), home.clock.awake())


def _sockets(home: Home) -> Lan:
    """Sockets to speak with; nobody listens to them."""
    return Lan(home.keyring.keys.multicast_group, lambda _: None, lambda *_: None, home.clock.awake)
