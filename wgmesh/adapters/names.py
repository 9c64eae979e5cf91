"""Names of hosts to addresses, by the machine's own resolver, in a thread: it may take many seconds to say no."""

import socket
from functools import partial

from anyio import to_thread

from wgmesh.domain.values import Endpoint


async def resolve(host: str, port: int) -> tuple[Endpoint, ...]:
    """The UDP addresses of a host, each once and in the resolver's order; OSError with its word if it has none."""
    look_up = partial(socket.getaddrinfo, host, port, type=socket.SOCK_DGRAM)
    # abandoned on cancellation: a resolver that hangs must not keep the daemon from ending
    found = await to_thread.run_sync(look_up, abandon_on_cancel=True)
    addresses = [Endpoint(str(address[0]).partition("%")[0], port) for *_, address in found]
    return tuple(dict.fromkeys(addresses))
