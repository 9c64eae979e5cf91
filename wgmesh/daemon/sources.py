"""The small tasks that turn what happens on the machine into inputs: networks, the WireGuard process, signals."""

import signal
import socket
from collections.abc import Callable, Sequence

import anyio
from anyio import to_thread

from wgmesh.adapters.netlink.links import Links
from wgmesh.adapters.netlink.watch import Watch
from wgmesh.daemon.tunnel import Tunnel
from wgmesh.domain.inputs import Due, Input, Stop

Put = Callable[[Input], None]

# Changes come in bursts: an interface, its addresses, its routes. One look after the burst sees them all.
SETTLING_SECONDS = 0.1


async def watch_networks(watch: Watch, links: Links, named: Sequence[str], own: str, put: Put) -> None:
    """Whenever something about the machine's links changed: tell the node its interfaces, or look at our own."""
    while True:
        await anyio.wait_readable(watch)
        await anyio.sleep(SETTLING_SECONDS)
        changed, ours = watch.drain(), _index_of(own)
        if changed is None or any(index != ours for index in changed):
            put(await to_thread.run_sync(links.surroundings, named))
        if changed is None or ours in changed:
            put(Due("sample"))


def _index_of(interface: str) -> int:
    try:
        return socket.if_nametoindex(interface)
    except OSError:  # it does not exist at the moment
        return 0


async def watch_process(tunnel: Tunnel, put: Put) -> None:
    """Look at the device at once when the process that carries it dies."""
    while True:
        await tunnel.died()
        put(Due("sample"))
        await tunnel.touched()


async def watch_signals(put: Put) -> None:
    """SIGTERM and SIGINT end the daemon in good order; tunnels stay."""
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for number in signals:
            put(Stop(number.name))
