"""A verb where no daemon runs: the same node for one step, under the same lock, so that log and machine know."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio

from wgmesh.adapters import state_files
from wgmesh.adapters.netlink.links import Links
from wgmesh.adapters.wireguard import open_wireguard
from wgmesh.daemon.home import LOG_NAME, Home
from wgmesh.daemon.relay_tunnel import open_relay_tunnel
from wgmesh.daemon.tunnel import Tunnel
from wgmesh.domain.errors import WgmeshError
from wgmesh.domain.inputs import Ban, Unban
from wgmesh.settings import Settings


@contextmanager
def opened(state_dir: Path, interface: str) -> Iterator[Home]:
    """The node of this state directory; WgmeshError if it never joined a mesh, or a daemon runs."""
    known = state_files.read_generations(state_dir) if (state_dir / LOG_NAME).exists() else ()
    if not known:
        raise WgmeshError(f"{state_dir} is in no mesh: join one with `wgmesh join`")
    home = Home.open(_settings(state_dir, interface, known[-1].uri))
    try:
        if home.node.mesh.settings is None:
            raise WgmeshError(f"{state_dir} never ran: start it with `wgmesh join`")
        yield home
    finally:
        home.close()


@contextmanager
def tunnel_of(home: Home, interface: str) -> Iterator[Tunnel]:
    """Its device, which may not be there; WgmeshError if that is somebody else's."""
    assert home.node.mesh.settings is not None
    links, backend = Links(), home.node.mesh.settings.wireguard
    wireguard = open_wireguard(backend, interface, home.keyring, links, home.clock.awake)
    try:
        wireguard.claim()
        yield Tunnel(wireguard, open_relay_tunnel(backend, interface, home, links))
    finally:
        links.close()


def keep_out_once(state_dir: Path, interface: str, wish: Ban | Unban) -> None:
    """Ban a key or let it back in: recorded, and the tunnel of an interface that is up is cut or made at once."""
    with opened(state_dir, interface) as home, tunnel_of(home, interface) as tunnel:
        home.node.turn([wish], *home.clock.now())
        anyio.run(_bring_up_to_date, home, tunnel)


async def _bring_up_to_date(home: Home, tunnel: Tunnel) -> None:
    """Where there is no interface, none is made: that is a start's business."""
    seen = [await tunnel.look()]
    if tunnel.sample and tunnel.sample.device:
        awake = home.clock.awake()
        seen += await tunnel.reconcile(home.node.mesh, awake, home.node.desired(awake))
    home.node.turn(seen, *home.clock.now())


def _settings(state_dir: Path, interface: str, uri: str) -> Settings:
    """What Home needs; all else is in the log."""
    return Settings(uri, interface, str(state_dir), 0, "", "auto", True, (), "text", "info", True)
